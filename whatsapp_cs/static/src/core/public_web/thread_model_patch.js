import { fields } from "@mail/core/common/record";
import { Thread } from "@mail/core/common/thread_model";

import { patch } from "@web/core/utils/patch";

patch(Thread.prototype, {
    setup() {
        super.setup(...arguments);
        this.appAsWhatsappCs = fields.One("DiscussApp", {
            compute() {
                return this.channel_type === "whatsapp_cs" ? this.store.discuss : null;
            },
        });
    },
    get isInWhatsappCsQueue() {
        return (
            this.channel_type === "whatsapp_cs" &&
            this.whatsapp_cs_state === "queued" &&
            (!this.whatsapp_cs_is_sensitive || this.store.has_whatsapp_cs_editor) &&
            (!this.whatsapp_cs_team ||
                this.store.whatsapp_cs_team_ids.includes(this.whatsapp_cs_team.id)) &&
            Boolean(this.store.discuss?.whatsappCsQueueCategory)
        );
    },
    _computeDiscussAppCategory() {
        if (this.channel_type !== "whatsapp_cs") {
            return super._computeDiscussAppCategory();
        }
        return this.isInWhatsappCsQueue
            ? this.store.discuss.whatsappCsQueueCategory
            : this.appAsWhatsappCs?.whatsappCsCategory;
    },
    _computeDisplayInSidebar() {
        return this.isInWhatsappCsQueue || super._computeDisplayInSidebar();
    },
    get inChathubOnNewMessage() {
        return (
            super.inChathubOnNewMessage &&
            (this.channel_type !== "whatsapp_cs" || Boolean(this.self_member_id))
        );
    },
    get notifyWhenOutOfFocus() {
        if (this.channel_type === "whatsapp_cs") {
            return Boolean(this.self_member_id) || this.eq(this.store.discuss?.thread);
        }
        return super.notifyWhenOutOfFocus;
    },
    setAsDiscussThread() {
        super.setAsDiscussThread(...arguments);
        if (this.store.env.services.ui.isSmall && this.channel_type === "whatsapp_cs") {
            this.store.discuss.activeTab = "whatsapp_cs";
        }
    },
});
