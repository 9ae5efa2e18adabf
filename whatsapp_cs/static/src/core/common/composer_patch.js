import { Composer } from "@mail/core/common/composer";
import { ComposerBar } from "@whatsapp_cs/core/common/composer_bar";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const TEXT_LIMIT = 4096; // Meta

patch(Composer, { components: { ...Composer.components, ComposerBar } });

patch(Composer.prototype, {
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
    /** How long the text is, once it comes near WhatsApp's limit; in UTF-16 units, which is how it may count an emoji. */
    get whatsappCsCounter() {
        const length = this.props.composer.composerText.length;
        return this.isWhatsappCs && !this.isWhatsappCsNote && length > TEXT_LIMIT * 0.9
            ? { isTooLong: length > TEXT_LIMIT, text: `${length} / ${TEXT_LIMIT}` }
            : undefined;
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
     * somebody types: not while it is a note.
     */
    notifyIsTyping() {
        const isForCustomer = this.thread?.self_member_id && !this.isWhatsappCsNote;
        if (!this.isWhatsappCs || isForCustomer) {
            super.notifyIsTyping(...arguments);
        }
    },
});
