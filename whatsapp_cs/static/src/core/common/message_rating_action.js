import { registerMessageAction } from "@mail/core/common/message_actions";

import { _t } from "@web/core/l10n/translation";

// Automatic answers that did not fit: the figures of automation count them (AR11).
registerMessageAction("whatsapp-cs-rate-answer", {
    condition: ({ message, store }) => store.has_whatsapp_cs_agent && Boolean(message.whatsapp_cs_answer),
    icon: ({ message }) => (message.whatsapp_cs_answer === "wrong" ? "fa fa-thumbs-down" : "fa fa-thumbs-o-down"),
    name: ({ message }) =>
        message.whatsapp_cs_answer === "wrong" ? _t("The Answer Was Right After All") : _t("Wrong Answer"),
    onSelected: ({ message }) => message.whatsappCsRateAnswer(),
    sequence: 15,
});
