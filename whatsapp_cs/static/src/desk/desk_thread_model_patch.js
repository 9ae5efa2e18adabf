import { fields } from "@mail/core/common/record";
import { Thread } from "@mail/core/common/thread_model";

import { patch } from "@web/core/utils/patch";

/** A chat that is open on the desk is live, displayed and read, and needs no window of its own. */
patch(Thread.prototype, {
    setup() {
        super.setup(...arguments);
        this.isOnWhatsappCsDesk = fields.Attr(false);
    },
    get shouldSubscribeToBusChannel() {
        return (
            super.shouldSubscribeToBusChannel ||
            Boolean(this.isOnWhatsappCsDesk && !this.isTransient && !this.self_member_id)
        );
    },
    computeIsDisplayed() {
        return this.isOnWhatsappCsDesk || super.computeIsDisplayed();
    },
    get inChathubOnNewMessage() {
        return (
            super.inChathubOnNewMessage &&
            !(this.channel_type === "whatsapp_cs" && this.store.isWhatsappCsDeskActive)
        );
    },
    get notifyWhenOutOfFocus() {
        return this.isOnWhatsappCsDesk || super.notifyWhenOutOfFocus;
    },
});
