import { registerThreadAction } from "@mail/core/common/thread_actions";

import { _t } from "@web/core/l10n/translation";

const canAct = ({ store, thread }) =>
    thread?.channel_type === "whatsapp_cs" && store.has_whatsapp_cs_agent;
/** The agent who has it, anybody for one nobody has, and editors. */
const canChange = (params) =>
    canAct(params) &&
    (params.thread.isWhatsappCsFree ||
        params.thread.isWhatsappCsMine ||
        params.store.has_whatsapp_cs_editor);

registerThreadAction("whatsapp-cs-take", {
    condition: (params) => canAct(params) && params.thread.isWhatsappCsFree,
    icon: "fa fa-fw fa-hand-paper-o",
    inlineName: ({ owner }) => (owner.env.inChatWindow ? undefined : _t("Take")),
    name: _t("Take"),
    nameClass: "ms-1",
    open: ({ thread }) => thread.whatsappCsCall("take"),
    sequence: 1,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-resolve", {
    condition: (params) => canChange(params) && params.thread.whatsapp_cs_state !== "resolved",
    icon: "fa fa-fw fa-check",
    inlineName: ({ owner }) => (owner.env.inChatWindow ? undefined : _t("Resolve")),
    name: _t("Resolve"),
    nameClass: "ms-1",
    open: ({ thread }) => thread.whatsappCsCall("resolve"),
    sequence: 2,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-release", {
    condition: (params) => canChange(params) && params.thread.isWhatsappCsActive,
    icon: "fa fa-fw fa-undo",
    name: _t("Return to queue"),
    open: ({ thread }) => thread.whatsappCsCall("release"),
    sequence: 3,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-open-conversation", {
    condition: canAct,
    icon: "fa fa-fw fa-external-link",
    name: _t("Open conversation record"),
    open: ({ thread }) => thread.whatsappCsCall("open_conversation"),
    sequence: 4,
    sequenceGroup: 1,
});
