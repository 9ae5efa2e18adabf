import { Message } from "@mail/core/common/message_model";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const DELIVERY = {
    queued: { icon: "fa fa-clock-o", label: _t("Waiting to be sent") },
    sending: { icon: "fa fa-clock-o", label: _t("Being sent") },
    sent: { icon: "fa fa-check", label: _t("Sent") },
    delivered: { icon: "fa fa-check", label: _t("Delivered"), isDouble: true },
    read: { icon: "fa fa-check", label: _t("Read"), isDouble: true },
    unknown: { icon: "fa fa-question-circle", label: _t("Not known whether it was sent") },
    failed: { icon: "fa fa-exclamation-circle", label: _t("Not sent") },
};

/** Meta's error for free text more than 24 hours after the customer's last message */
const OUTSIDE_WINDOW = "131047";

/** Cards that say more than the text, and follow it. */
const BELOW = ["buttons", "template"];

patch(Message.prototype, {
    setup() {
        super.setup(...arguments);
        /** @type {"received"|keyof typeof DELIVERY|false|undefined} */
        this.whatsapp_cs_state = undefined;
        /** @type {string|false|undefined} */
        this.whatsapp_cs_error = undefined;
        /** @type {object|false|undefined} what is drawn beside the text, see `_get_card` on the server */
        this.whatsapp_cs_card = undefined;
        /** @type {string|false|undefined} */
        this.whatsapp_cs_error_code = undefined;
        this.isWhatsappCsRetrying = false;
    },
    /** Buttons stand below the text, as on the phone. */
    get isWhatsappCsCardBelow() {
        return this.isInWhatsappCs && BELOW.includes(this.whatsapp_cs_card?.kind);
    },
    /** The text is only a short form of the card. */
    get whatsappCsCardReplacesText() {
        const card = this.isInWhatsappCs && this.whatsapp_cs_card;
        return Boolean(
            card?.kind &&
                !BELOW.includes(card.kind) &&
                !(card.kind === "media" && (card.caption || !card.state || card.state === "done"))
        );
    },
    get isInWhatsappCs() {
        return this.thread?.channel_type === "whatsapp_cs";
    },
    /** A note a person wrote; the notices of the system keep their own look. */
    get isWhatsappCsNote() {
        return Boolean(
            this.isInWhatsappCs &&
                this.isNote &&
                !this.is_transient &&
                this.message_type !== "notification" &&
                !this.isEmpty
        );
    },
    /** How far an outgoing message is: icon and label; undefined for all others. */
    get whatsappCsDelivery() {
        return this.isInWhatsappCs ? DELIVERY[this.whatsapp_cs_state] : undefined;
    },
    get whatsappCsNeedsRetry() {
        return this.isInWhatsappCs && ["failed", "unknown"].includes(this.whatsapp_cs_state);
    },
    /** It came after the window had closed: until the customer writes, the same again would fail again. */
    get whatsappCsNeedsTemplate() {
        return (
            this.whatsappCsNeedsRetry &&
            this.whatsapp_cs_error_code === OUTSIDE_WINDOW &&
            !this.whatsappCsHasNewerOfCustomer
        );
    },
    get whatsappCsHasNewerOfCustomer() {
        return this.thread.messages.some(
            (message) => message.id > this.id && message.whatsapp_cs_state === "received"
        );
    },
    async whatsappCsRetry() {
        if (this.isWhatsappCsRetrying) {
            return;
        }
        this.isWhatsappCsRetrying = true;
        try {
            this.store.insert(
                await this.store.env.services.orm.call("mail.message", "whatsapp_cs_retry", [
                    [this.id],
                ])
            );
        } finally {
            this.isWhatsappCsRetrying = false;
        }
    },
    /** WhatsApp can't take back or change what a person has on the phone. */
    get editable() {
        return super.editable && (!this.isInWhatsappCs || this.isNote);
    },
    /** A reaction reaches the customer, so it takes what an answer takes. */
    canAddReaction() {
        return (
            super.canAddReaction(...arguments) &&
            (!this.isInWhatsappCs || this.isNote || !this.thread.whatsappCsClosedReason)
        );
    },
    canReplyTo(thread) {
        const reason = thread?.whatsappCsClosedReason;
        return super.canReplyTo(...arguments) && (!reason || (this.isNote && reason !== "role"));
    },
});
