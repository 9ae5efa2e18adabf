import { Composer } from "@mail/core/common/composer_model";
import { convertBrToLineBreak } from "@mail/utils/common/format";

import { patch } from "@web/core/utils/patch";

patch(Composer.prototype, {
    setup() {
        super.setup(...arguments);
        /** Stays on after a note was posted: a note sent by mistake does harm, the reverse does not. */
        this.isWhatsappCsNoteMode = false;
    },
    get isWhatsappCs() {
        return !this.message && this.targetThread?.channel_type === "whatsapp_cs";
    },
    /** What is typed stays inside the company. */
    get isWhatsappCsNote() {
        return Boolean(
            this.isWhatsappCs && (this.isWhatsappCsNoteMode || this.replyToMessage?.isNote)
        );
    },
    whatsappCsToggleNote() {
        const isNote = !this.isWhatsappCsNote;
        if (!isNote && this.replyToMessage?.isNote) {
            this.replyToMessage = undefined;
        }
        this.isWhatsappCsNoteMode = isNote;
        this.autofocus++;
    },
    /** Puts what the server refused back, before anything typed meanwhile. */
    whatsappCsTakeBack(message, { isNote }) {
        const text = convertBrToLineBreak(message.body);
        this.composerText = [text, this.composerText].filter(Boolean).join("\n");
        this.isWhatsappCsNoteMode = this.isWhatsappCsNoteMode || isNote;
        this.replyToMessage ??= message.parent_id;
        this.autofocus++;
    },
});
