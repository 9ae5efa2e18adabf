import { registerThreadAction } from "@mail/core/common/thread_actions";

import { _t } from "@web/core/l10n/translation";

const canAct = ({ store, thread }) =>
    thread?.channel_type === "whatsapp_cs" && store.has_whatsapp_cs_agent;

registerThreadAction("whatsapp-cs-take", {
    condition: (params) =>
        canAct(params) && ["new", "queued"].includes(params.thread.whatsapp_cs_state),
    icon: "fa fa-fw fa-hand-paper-o",
    inlineName: ({ owner }) => (owner.env.inChatWindow ? undefined : _t("Take")),
    name: _t("Take"),
    open: ({ thread }) => thread.whatsappCsCall("take"),
    sequence: 1,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-resolve", {
    condition: (params) =>
        canAct(params) &&
        (params.thread.isWhatsappCsMine ||
            (params.thread.isWhatsappCsActive && params.store.has_whatsapp_cs_editor)),
    icon: "fa fa-fw fa-check",
    inlineName: ({ owner }) => (owner.env.inChatWindow ? undefined : _t("Resolve")),
    name: _t("Resolve"),
    open: ({ thread }) => thread.whatsappCsCall("resolve"),
    sequence: 2,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-release", {
    condition: (params) => canAct(params) && params.thread.isWhatsappCsMine,
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
