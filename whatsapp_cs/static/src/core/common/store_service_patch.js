import { Store } from "@mail/core/common/store_service";

import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";

patch(Store.prototype, {
    setup() {
        super.setup(...arguments);
        this.has_whatsapp_cs_agent = false;
        this.has_whatsapp_cs_editor = false;
        /** Teams whose queues are the user's. */
        this.whatsapp_cs_team_ids = [];
    },
    /**
     * Core keeps a refused message as a bubble that a reload forgets, and hides the reason. Here the
     * text goes back into the composer and the reason is said.
     */
    async doMessagePost(params, tmpMessage) {
        const thread = tmpMessage?.thread;
        if (thread?.channel_type !== "whatsapp_cs") {
            return super.doMessagePost(...arguments);
        }
        const isNote = params.post_data.subtype_xmlid === "mail.mt_note";
        if (isNote) {
            tmpMessage.subtype_id = this.mt_note;
        }
        try {
            return await super.doMessagePost(params);
        } catch (error) {
            thread.composer.whatsappCsTakeBack(tmpMessage, { isNote });
            tmpMessage.delete();
            const reason =
                error instanceof RPCError
                    ? error.data?.message || error.message
                    : _t(
                          "The connection broke before the answer came. See whether your message is in the conversation before you send it again."
                      );
            this.env.services.notification.add(reason, { title: _t("Not sent"), type: "danger" });
        }
    },
});
