import { registerMessageAction } from "@mail/core/common/message_actions";

import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";

registerMessageAction("whatsapp-cs-split", {
    condition: ({ message, store, thread }) =>
        message.isInWhatsappCs &&
        Boolean(message.whatsapp_cs_state) &&
        store.has_whatsapp_cs_agent &&
        thread?.whatsappCsClosedReason !== "other" &&
        !["locked", "spam"].includes(thread?.whatsappCsClosedReason),
    icon: "fa fa-scissors",
    name: _t("Begin a new conversation here"),
    onSelected: ({ message, store, thread }) =>
        store.env.services.dialog.add(ConfirmationDialog, {
            title: _t("Split the conversation"),
            body: _t(
                "What was said before is resolved; a new conversation begins with this message and stays with you."
            ),
            confirmLabel: _t("Split"),
            confirm: () =>
                store.env.services.orm.call("discuss.channel", "whatsapp_cs_split", [
                    [thread.id],
                    message.id,
                ]),
            cancel: () => {},
        }),
    sequence: 85,
});
