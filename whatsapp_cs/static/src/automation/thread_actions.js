import { registerThreadAction } from "@mail/core/common/thread_actions";

import { _t } from "@web/core/l10n/translation";

/** The agent who has it, anybody for one nobody has, and editors. */
const canSwitch = ({ store, thread }) =>
    thread?.channel_type === "whatsapp_cs" &&
    store.has_whatsapp_cs_agent &&
    thread.whatsapp_cs_state !== "resolved" &&
    (thread.isWhatsappCsFree || thread.isWhatsappCsMine || store.has_whatsapp_cs_editor);

registerThreadAction("whatsapp-cs-rest-automation", {
    condition: (params) => canSwitch(params) && params.thread.whatsapp_cs_rest_reason !== "switch",
    icon: "fa fa-fw fa-pause-circle-o",
    name: _t("Switch automation off"),
    open: ({ thread }) => thread.whatsappCsCall("rest_automation"),
    sequence: 5,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-wake-automation", {
    condition: (params) => canSwitch(params) && params.thread.isWhatsappCsAutomationResting,
    icon: "fa fa-fw fa-play-circle-o",
    name: _t("Switch automation on"),
    open: ({ thread }) => thread.whatsappCsCall("wake_automation"),
    sequence: 6,
    sequenceGroup: 1,
});
