import { Composer } from "@mail/core/common/composer_model";
import { convertBrToLineBreak } from "@mail/utils/common/format";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

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
    /** Begins a note in the team's form, with what is to be filled in next selected. */
    whatsappCsInsertSkeleton() {
        const time = DateTime.now().toLocaleString(DateTime.TIME_SIMPLE);
        const kind = _t("kind of problem").toString();
        const before = this.composerText && !this.composerText.endsWith("\n") ? "\n" : "";
        const position = this.composerText.length + before.length + `${time} | `.length;
        this.composerText += `${before}${time} | ${kind} | ${_t("progress")}`;
        Object.assign(this.selection, { start: position, end: position + kind.length, direction: "none" });
        this.forceCursorMove = true;
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
