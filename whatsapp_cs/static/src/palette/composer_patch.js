import { Composer } from "@mail/core/common/composer";
import { RichMessageDialog } from "@whatsapp_cs/core/common/rich_message/rich_message_dialog";
import { MacroDialog } from "@whatsapp_cs/palette/macro_dialog";

import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { markEventHandled } from "@web/core/utils/misc";
import { patch } from "@web/core/utils/patch";

patch(Composer.prototype, {
    setup() {
        super.setup(...arguments);
        this.whatsappCsDialog = useService("dialog");
    },
    get navigableListProps() {
        const props = super.navigableListProps;
        if (!this.isWhatsappCs || !this.hasSuggestions) {
            return props;
        }
        const { type, suggestions } = this.suggestion.state.items;
        if (type === "mail.canned.response") {
            // The :: of Discuss, too, fills in what is known of the customer.
            return {
                ...props,
                onSelect: (ev, { cannedResponse }) => {
                    markEventHandled(ev, "composer.selectSuggestion");
                    this.whatsappCsInsertReply(cannedResponse.id);
                },
            };
        }
        if (type !== "whatsapp_cs.palette") {
            return props;
        }
        return {
            ...props,
            optionTemplate: "whatsapp_cs.PaletteOption",
            onSelect: (ev, option) => this.whatsappCsSelect(ev, option),
            options: suggestions.map((item) => ({
                item,
                label: item.name,
                title: item.text,
                classList: "o-mail-Composer-suggestion",
            })),
        };
    },
    whatsappCsSelect(ev, option) {
        if (option.item.kind === "command") {
            this.suggestion.insert(option);
        } else if (option.item.kind === "reply") {
            this.whatsappCsInsertReply(option.item.id);
        } else {
            this.whatsappCsRemoveSearch();
            this.whatsappCsDialog.add(MacroDialog, { macro: option.item, thread: this.thread });
        }
        markEventHandled(ev, "composer.selectSuggestion");
    },
    /** Takes what was typed to search out of the text; returns where it stood. */
    whatsappCsRemoveSearch() {
        const { composer } = this.props;
        const { position } = this.suggestion.search;
        const text = composer.composerText;
        composer.composerText = text.substring(0, position) + text.substring(composer.selection.end);
        this.suggestion.clearSearch();
        return position;
    },
    async whatsappCsInsertReply(replyId) {
        const { composer } = this.props;
        const position = this.whatsappCsRemoveSearch();
        const reply = await this.env.services.orm.call(
            "discuss.channel",
            "whatsapp_cs_render_reply",
            [[this.thread.id], replyId]
        );
        if (reply.buttons.length && !this.isWhatsappCsNote) {
            this.whatsappCsDialog.add(RichMessageDialog, {
                composer,
                kind: "buttons",
                title: _t("Buttons"),
                values: { body: reply.text, buttons: reply.buttons, canned_response_id: replyId },
            });
            return;
        }
        this.store.insert(reply.store_data);
        for (const id of reply.attachment_ids) {
            composer.attachments.add({ id });
        }
        composer.cannedResponses.add({ id: replyId });
        composer.insertText(reply.text, position);
        composer.autofocus++;
    },
});
