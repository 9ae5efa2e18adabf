import { registerThreadAction } from "@mail/core/common/thread_actions";
import { MacroDialog } from "@whatsapp_cs/palette/macro_dialog";

import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";

const canAct = ({ store, thread }) =>
    thread?.channel_type === "whatsapp_cs" && store.has_whatsapp_cs_agent;
/** The agent who has it, anybody for one nobody has, and editors. */
const canChange = (params) =>
    canAct(params) &&
    ((params.thread.isWhatsappCsFree && !params.thread.isWhatsappCsReservedForOther) ||
        params.thread.isWhatsappCsMine ||
        params.store.has_whatsapp_cs_editor);

const getTakeName = (thread) =>
    thread.whatsapp_cs_state === "resolved" ? _t("Reopen") : _t("Take");
/** Somebody has to do something about it. */
const canChangeOpen = (params) =>
    canChange(params) && !["resolved", "spam"].includes(params.thread.whatsapp_cs_state);

registerThreadAction("whatsapp-cs-take", {
    condition: (params) =>
        canChange(params) &&
        params.thread.isWhatsappCsFree &&
        params.thread.whatsapp_cs_state !== "spam",
    icon: "fa fa-fw fa-hand-paper-o",
    inlineName: ({ owner, thread }) => (owner.env.inChatWindow ? undefined : getTakeName(thread)),
    name: ({ thread }) => getTakeName(thread),
    nameClass: "ms-1",
    open: ({ thread }) => thread.whatsappCsCall("take"),
    sequence: 1,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-resolve", {
    condition: canChangeOpen,
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
registerThreadAction("whatsapp-cs-transfer", {
    condition: canChangeOpen,
    icon: "fa fa-fw fa-share",
    name: _t("Transfer"),
    open: ({ thread }) => thread.whatsappCsCall("transfer"),
    sequence: 5,
    sequenceGroup: 2,
});
registerThreadAction("whatsapp-cs-snooze", {
    condition: (params) => canChangeOpen(params) && params.thread.whatsapp_cs_state !== "snoozed",
    icon: "fa fa-fw fa-moon-o",
    name: _t("Snooze"),
    open: ({ thread }) => thread.whatsappCsCall("snooze"),
    sequence: 6,
    sequenceGroup: 2,
});
registerThreadAction("whatsapp-cs-wake", {
    condition: (params) => canChange(params) && params.thread.whatsapp_cs_state === "snoozed",
    icon: "fa fa-fw fa-sun-o",
    name: _t("Wake up"),
    open: ({ thread }) => thread.whatsappCsCall("wake"),
    sequence: 6,
    sequenceGroup: 2,
});
registerThreadAction("whatsapp-cs-merge", {
    condition: (params) => canChange(params) && params.thread.whatsapp_cs_state !== "spam",
    icon: "fa fa-fw fa-compress",
    name: _t("Merge with another conversation"),
    open: ({ thread }) => thread.whatsappCsCall("merge"),
    sequence: 7,
    sequenceGroup: 2,
});
registerThreadAction("whatsapp-cs-spam", {
    condition: (params) => canChange(params) && params.thread.whatsapp_cs_state !== "spam",
    icon: "fa fa-fw fa-ban",
    name: _t("Spam: block the sender"),
    open: ({ store, thread }) =>
        store.env.services.dialog.add(ConfirmationDialog, {
            title: _t("Spam"),
            body: _t(
                "%(name)s will be blocked, here and at WhatsApp: nothing they write bothers anybody, and nothing can be sent to them. This can be taken back.",
                { name: thread.displayName }
            ),
            confirmLabel: _t("Block"),
            confirmClass: "btn-danger",
            confirm: () => thread.whatsappCsCall("spam"),
            cancel: () => {},
        }),
    sequence: 8,
    sequenceGroup: 2,
});
registerThreadAction("whatsapp-cs-unblock", {
    condition: (params) => canChange(params) && params.thread.whatsapp_cs_state === "spam",
    icon: "fa fa-fw fa-unlock",
    inlineName: ({ owner }) => (owner.env.inChatWindow ? undefined : _t("Unblock")),
    name: _t("Unblock"),
    nameClass: "ms-1",
    open: ({ thread }) => thread.whatsappCsCall("unblock"),
    sequence: 1,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-macro", {
    condition: canChange,
    icon: "fa fa-fw fa-bolt",
    name: _t("Run a macro"),
    open: ({ owner, thread }) => owner.env.services.dialog.add(MacroDialog, { thread }),
    sequence: 4,
    sequenceGroup: 1,
});
registerThreadAction("whatsapp-cs-open-conversation", {
    condition: canAct,
    icon: "fa fa-fw fa-external-link",
    name: _t("Open conversation record"),
    open: ({ thread }) => thread.whatsappCsCall("open_conversation"),
    sequence: 5,
    sequenceGroup: 1,
});
