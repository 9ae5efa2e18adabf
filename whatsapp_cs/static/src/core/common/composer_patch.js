import { Composer } from "@mail/core/common/composer";
import { ComposerBar } from "@whatsapp_cs/core/common/composer_bar";

import { useEffect } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const TEXT_LIMIT = 4096; // Meta
const NOTE_LIMIT = 300; // as in discuss_channel_note.py

patch(Composer, { components: { ...Composer.components, ComposerBar } });

patch(Composer.prototype, {
    setup() {
        super.setup(...arguments);
        useEffect(
            (threadId) => (threadId ? this.thread.whatsappCsWatch() : undefined),
            () => [this.isWhatsappCs && this.thread.id]
        );
    },
    get isWhatsappCs() {
        return this.props.composer.isWhatsappCs;
    },
    get isWhatsappCsNote() {
        return this.props.composer.isWhatsappCsNote;
    },
    /** The bar stands in place of the composer, except for a note. */
    get isWhatsappCsClosed() {
        return Boolean(
            this.isWhatsappCs && this.thread.whatsappCsClosedReason && !this.isWhatsappCsNote
        );
    },
    /**
     * How long the text is: of a note at any time, of a message once it comes near WhatsApp's limit. In UTF-16 units,
     * which is how WhatsApp may count an emoji.
     */
    get whatsappCsCounter() {
        if (!this.isWhatsappCs) {
            return undefined;
        }
        const length = this.props.composer.composerText.length;
        const limit = this.isWhatsappCsNote ? NOTE_LIMIT : TEXT_LIMIT;
        return this.isWhatsappCsNote || length > limit * 0.9
            ? { isTooLong: length > limit, text: `${length} / ${limit}` }
            : undefined;
    },
    get isSendButtonDisabled() {
        return super.isSendButtonDisabled || Boolean(this.whatsappCsCounter?.isTooLong);
    },
    get placeholder() {
        if (!this.isWhatsappCs) {
            return super.placeholder;
        }
        return this.isWhatsappCsNote
            ? _t("Note for your colleagues about %(customer)s…", {
                  customer: this.thread.displayName,
              })
            : _t("Message %(customer)s on WhatsApp…", { customer: this.thread.displayName });
    },
    get postData() {
        const postData = super.postData;
        if (this.isWhatsappCs) {
            postData.isNote = this.isWhatsappCsNote;
        }
        return postData;
    },
    /**
     * The server makes a member of whoever types; who only looks must not become one. The customer is told that
     * somebody types: not while it is a note. Colleagues are told in any case.
     */
    notifyIsTyping(isTyping = true) {
        const isForCustomer = this.thread?.self_member_id && !this.isWhatsappCsNote;
        if (!this.isWhatsappCs || isForCustomer) {
            super.notifyIsTyping(...arguments);
        } else {
            this.thread.whatsappCsSign(isTyping ? "typing" : "here");
        }
    },
});
