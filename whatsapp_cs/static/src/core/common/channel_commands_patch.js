import { registry } from "@web/core/registry";
import { patch } from "@web/core/utils/patch";

import "@mail/discuss/core/common/channel_commands";

/** An agent leaves by resolving or by returning to the queue. */
patch(registry.category("discuss.channel_commands").get("leave"), {
    condition({ thread }) {
        return thread.channel_type !== "whatsapp_cs" && super.condition(...arguments);
    },
});
