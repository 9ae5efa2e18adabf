import {
    click,
    contains,
    openDiscuss,
    start,
    startServer,
} from "@mail/../tests/mail_test_helpers";
import { mailDataHelpers } from "@mail/../tests/mock_server/mail_mock_server";
import { describe, expect, test } from "@odoo/hoot";
import { hover } from "@odoo/hoot-dom";
import { onRpc } from "@web/../tests/web_test_helpers";
import {
    createMessage,
    createThread,
    defineWhatsappCsModels,
    noteSubtype,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const TICKS = {
    queued: "Waiting to be sent",
    sending: "Being sent",
    sent: "Sent",
    delivered: "Delivered",
    read: "Read",
    unknown: "Not known whether it was sent",
    failed: "Not sent",
};

test("every outgoing message shows how far it is, squashed ones too", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { author_id: false, whatsapp_cs_state: "received" });
    for (const state of Object.keys(TICKS)) {
        createMessage(pyEnv, threadId, { whatsapp_cs_state: state });
    }
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message.o-squashed", { count: 6 });
    await contains(".o-whatsapp_cs-MessageDelivery", { count: 7 });
    for (const [state, label] of Object.entries(TICKS)) {
        await contains(
            `.o-whatsapp_cs-MessageDelivery[data-state='${state}'][aria-label='${label}'][title='${label}']`
        );
    }
    for (const [state, count] of [["sent", 1], ["delivered", 2], ["read", 2]]) {
        await contains(`.o-whatsapp_cs-MessageDelivery[data-state='${state}'] .fa-check`, { count });
    }
});

test("ticks change while somebody looks", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    const messageId = createMessage(pyEnv, threadId, { whatsapp_cs_state: "sent" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-MessageDelivery[data-state='sent']");
    pyEnv["mail.message"].write([messageId], { whatsapp_cs_state: "read" });
    pyEnv["bus.bus"]._sendone(
        pyEnv["discuss.channel"].browse(threadId)[0],
        "mail.record/insert",
        new mailDataHelpers.Store(pyEnv["mail.message"].browse(messageId), [
            "whatsapp_cs_state",
        ]).get_result()
    );
    await contains(".o-whatsapp_cs-MessageDelivery[data-state='read']");
});

test("a failed message says why and is sent again by a click", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    const messageId = createMessage(pyEnv, threadId, {
        whatsapp_cs_error: "The customer has no WhatsApp.",
        whatsapp_cs_state: "failed",
    });
    onRpc("mail.message", "whatsapp_cs_retry", ({ args }) => {
        expect.step(args[0]);
    });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-MessageDelivery-error", {
        text: "The customer has no WhatsApp.",
    });
    await click(".o-whatsapp_cs-MessageDelivery-retry", { text: "Retry" });
    await contains(".o-whatsapp_cs-MessageDelivery[data-state='queued']");
    await contains(".o-whatsapp_cs-MessageDelivery-retry", { count: 0 });
    await expect.waitForSteps([[messageId]]);
});

test("what may have arrived is sent again only knowingly", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "unknown" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-MessageDelivery-error:contains('It may have arrived')");
    await contains(".o-whatsapp_cs-MessageDelivery-retry", { text: "Send again" });
});

test("who is no agent sees the ticks, but can't retry", async () => {
    setGroups({ agent: false });
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "failed" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-MessageDelivery[data-state='failed']");
    await contains(".o-whatsapp_cs-MessageDelivery-retry", { count: 0 });
});

test("a sent message can be quoted, pinned and reacted to, not edited or deleted", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "sent" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await click(".o-mail-Message [title='Expand']");
    await contains("[name='pin']");
    await contains("[name='reply-to']");
    for (const name of ["edit", "delete", "create-or-view-thread"]) {
        await contains(`[name='${name}']`, { count: 0 });
    }
    await contains("[title='Add a Reaction']");
});

test("a note looks like a note and stays editable", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, {
        body: "Ask the warehouse first",
        subtype_id: noteSubtype(pyEnv),
    });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message.o-whatsapp_cs-note", { text: "Ask the warehouse first" });
    await contains(".o-whatsapp_cs-MessageStatus-note", { text: "Internal note" });
    await contains(".o-whatsapp_cs-MessageDelivery", { count: 0 });
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await contains(".o-mail-Message [name='edit']");
});

test("an ordinary channel keeps its actions and shows no ticks", async () => {
    const pyEnv = await startServer();
    const threadId = pyEnv["discuss.channel"].create({ name: "General", channel_type: "channel" });
    createMessage(pyEnv, threadId, {});
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await contains(".o-mail-Message [name='edit']");
    await contains("[title='Add a Reaction']");
    await contains(".o-whatsapp_cs-MessageStatus", { count: 0 });
    await contains(".o-whatsapp_cs-noteToggle", { count: 0 });
});
