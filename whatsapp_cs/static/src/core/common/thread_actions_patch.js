import { ThreadAction } from "@mail/core/common/thread_actions";

import { patch } from "@web/core/utils/patch";

/** What makes no sense with a customer who is not in the channel. */
const HIDDEN_ACTIONS = ["advanced-settings", "invite-people", "leave", "rename-thread"];

patch(ThreadAction.prototype, {
    _condition({ action, thread }) {
        if (thread?.channel_type === "whatsapp_cs" && HIDDEN_ACTIONS.includes(action.id)) {
            return false;
        }
        return super._condition(...arguments);
    },
});
