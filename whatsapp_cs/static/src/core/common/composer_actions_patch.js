import { ComposerAction, registerComposerAction } from "@mail/core/common/composer_actions";
import { RichMessageDialog } from "@whatsapp_cs/core/common/rich_message/rich_message_dialog";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** What WhatsApp messages can't carry. */
const HIDDEN_ACTIONS = ["add-gif", "add-poll"];

patch(ComposerAction.prototype, {
    _condition({ action, composer }) {
        if (composer.isWhatsappCs && HIDDEN_ACTIONS.includes(action.id)) {
            return false;
        }
        return super._condition(...arguments);
    },
});

registerComposerAction("whatsapp-cs-note", {
    btnClass: "o-whatsapp_cs-noteToggle",
    condition: ({ composer }) => composer.isWhatsappCs,
    icon: ({ composer }) => (composer.isWhatsappCsNote ? "fa fa-lock" : "fa fa-sticky-note-o"),
    inlineName: _t("Note"),
    isActive: ({ composer }) => composer.isWhatsappCsNote,
    name: ({ composer }) =>
        composer.isWhatsappCsNote ? _t("Write to the customer") : _t("Write an internal note"),
    onSelected: ({ composer }) => composer.whatsappCsToggleNote(),
    sequenceQuick: 5,
});

registerComposerAction("whatsapp-cs-skeleton", {
    condition: ({ composer }) => composer.isWhatsappCsNote,
    icon: "fa fa-align-left",
    name: _t("Insert “time | kind of problem | progress”"),
    onSelected: ({ composer }) => composer.whatsappCsInsertSkeleton(),
    sequenceQuick: 6,
});

/** Messages with more than text; the dialog of each shows the limits and what the customer will see. */
const RICH_MESSAGES = [
    ["buttons", _t("Buttons"), "fa fa-hand-pointer-o"],
    ["list", _t("List to choose from"), "fa fa-list-ul"],
    ["link", _t("Link button"), "fa fa-external-link"],
    ["location", _t("Location"), "fa fa-map-marker"],
    ["location_request", _t("Ask for the location"), "fa fa-location-arrow"],
    ["contacts", _t("Contact card"), "fa fa-address-card-o"],
    ["products", _t("Products"), "fa fa-shopping-bag"],
    ["flow", _t("Form (flow)"), "fa fa-list-alt"],
];
for (const [index, [kind, name, icon]] of RICH_MESSAGES.entries()) {
    registerComposerAction(`whatsapp-cs-${kind.replace("_", "-")}`, {
        condition: ({ composer }) => composer.isWhatsappCs && !composer.isWhatsappCsNote,
        icon,
        name,
        onSelected: ({ composer, owner }) =>
            owner.env.services.dialog.add(RichMessageDialog, { composer, kind, title: name }),
        sequence: 40 + index,
    });
}

registerComposerAction("whatsapp-cs-template", {
    condition: ({ composer }) => composer.isWhatsappCs && !composer.isWhatsappCsNote,
    icon: "fa fa-file-text-o",
    name: _t("Send a template"),
    onSelected: ({ composer }) => composer.targetThread.whatsappCsOpenTemplatePicker(),
    sequence: 30,
});
