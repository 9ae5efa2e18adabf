import { ComposerAction, registerComposerAction } from "@mail/core/common/composer_actions";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** What WhatsApp messages can't carry yet. */
const HIDDEN_ACTIONS = ["upload-files", "voice-start", "voice-stop", "voice-recording", "add-gif", "add-poll"];

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
