import {
    click,
    contains,
    insertText,
    onRpcBefore,
    openDiscuss,
    start,
    startServer,
} from "@mail/../tests/mail_test_helpers";
import { advanceTime, describe, expect, hover, press, test } from "@odoo/hoot";
import { makeServerError } from "@web/../tests/web_test_helpers";
import { Deferred } from "@web/core/utils/concurrency";
import {
    createMessage,
    createThread,
    createUser,
    defineWhatsappCsModels,
    fromNow,
    noteSubtype,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

function stepPosts() {
    onRpcBefore("/mail/message/post", ({ post_data }) => expect.step(post_data.subtype_xmlid));
}

test("a message goes to the customer unless it is a note", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    stepPosts();
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Composer-input[placeholder='Message Ann on WhatsApp…']");
    await insertText(".o-mail-Composer-input", "Good morning");
    await press("Enter");
    await contains(".o-mail-Message", { text: "Good morning" });
    await contains(".o-whatsapp_cs-note", { count: 0 });
    await click(".o-whatsapp_cs-noteToggle");
    await contains(".o-whatsapp_cs-noteLabel", { text: "Internal note, never sent" });
    await insertText(".o-mail-Composer-input", "Ask the warehouse");
    await press("Enter");
    await contains(".o-mail-Message.o-whatsapp_cs-note", { text: "Ask the warehouse" });
    // the next text is a note as well, until the agent says otherwise
    await contains(".o-whatsapp_cs-noteLabel");
    await click(".o-whatsapp_cs-noteToggle");
    await contains(".o-whatsapp_cs-noteLabel", { count: 0 });
    await expect.waitForSteps(["mail.mt_comment", "mail.mt_note"]);
});

test("an answer to a note is a note", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { body: "Careful", subtype_id: noteSubtype(pyEnv) });
    stepPosts();
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await click(".o-mail-Message [title='Expand']");
    await click("[name='reply-to']");
    await contains(".o-whatsapp_cs-noteLabel");
    await insertText(".o-mail-Composer-input", "I know");
    await press("Enter");
    await expect.waitForSteps(["mail.mt_note"]);
});

test("what the server refuses stays in the composer, with the reason", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    onRpcBefore("/mail/message/post", () => {
        throw makeServerError({ message: "Rosa has taken this conversation." });
    });
    await start();
    await openDiscuss(threadId);
    await insertText(".o-mail-Composer-input", "A long & careful answer :)");
    await press("Enter");
    await contains(".o_notification:contains('Rosa has taken this conversation.')");
    expect(".o-mail-Composer-input:not([disabled])").toHaveValue(/^A long & careful answer/);
    await contains(".o-mail-Message", { count: 0 });
});

test("refused text comes back before what was typed meanwhile", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    const answer = new Deferred();
    onRpcBefore("/mail/message/post", () => answer);
    await start();
    await openDiscuss(threadId);
    await insertText(".o-mail-Composer-input", "First");
    await press("Enter");
    await contains(".o-mail-Message", { text: "First" });
    await insertText(".o-mail-Composer-input", "Second");
    answer.reject(makeServerError({ message: "Too late." }));
    await contains(".o_notification:contains('Too late.')");
    expect(".o-mail-Composer-input:not([disabled])").toHaveValue("First\nSecond");
    await contains(".o-mail-Message", { count: 0 });
});

test("a refused note comes back as a note", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    onRpcBefore("/mail/message/post", () => {
        throw makeServerError({ message: "No." });
    });
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-noteToggle");
    await insertText(".o-mail-Composer-input", "Secret");
    await press("Enter");
    await contains(".o_notification:contains('No.')");
    await contains(".o-whatsapp_cs-noteLabel");
    expect(".o-mail-Composer-input:not([disabled])").toHaveValue("Secret");
});

test("a colleague's conversation can be noted, and taken over by an editor", async () => {
    setGroups({ editor: true });
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_user_id: createUser(pyEnv, "Rosa") });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-ComposerBar", { text: "Answered by Rosa." });
    await contains(".o-mail-Composer", { count: 0 });
    await click(".o-whatsapp_cs-ComposerBar button", { text: "Add internal note" });
    await contains(".o-mail-Composer .o-whatsapp_cs-noteLabel");
    await click(".o-whatsapp_cs-noteToggle");
    await contains(".o-mail-Composer", { count: 0 });
    await click(".o-whatsapp_cs-ComposerBar button", { text: "Take over" });
    await contains(".o-mail-Composer");
    await contains(".o-whatsapp_cs-ComposerBar.o-closed, .o-whatsapp_cs-ComposerBar button", { count: 0 });
});

test("an agent can neither take over nor note in a colleague's conversation", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_user_id: createUser(pyEnv, "Rosa") });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-ComposerBar", { text: "Answered by Rosa." });
    await contains(".o-whatsapp_cs-ComposerBar button", { count: 0 });
});

test("who is no agent is told so", async () => {
    setGroups({ agent: false });
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-ComposerBar:contains('only WhatsApp agents can answer it')");
    await contains(".o-whatsapp_cs-ComposerBar button", { count: 0 });
    await contains(".o-mail-Composer", { count: 0 });
});

test("the window closes while the page is open, and the text typed is kept", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_window_end: fromNow({ minutes: 5 }) });
    await start();
    await openDiscuss(threadId);
    await insertText(".o-mail-Composer-input", "Almost done");
    await advanceTime(5 * 60 * 1000 + 1000);
    await contains(".o-whatsapp_cs-ComposerBar:contains('The 24-hour window closed at')");
    await contains(".o-whatsapp_cs-ComposerBar-draft", { text: "Almost done" });
    await contains(".o-mail-Composer", { count: 0 });
    pyEnv["discuss.channel"].write([threadId], { whatsapp_cs_window_end: fromNow({ hours: 24 }) });
    pyEnv["discuss.channel"]._whatsapp_cs_notify(threadId);
    await contains(".o-whatsapp_cs-ComposerBar.o-closed, .o-whatsapp_cs-ComposerBar button", { count: 0 });
    expect(".o-mail-Composer-input:not([disabled])").toHaveValue("Almost done");
});

test("a waiting conversation can be answered right away or taken", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "queued" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-ComposerBar", { text: "Answering takes this conversation." });
    await contains(".o-mail-Composer");
    await click(".o-whatsapp_cs-ComposerBar button", { text: "Take" });
    await contains(".o-whatsapp_cs-ComposerBar button", { count: 0 });
    await contains(".o-whatsapp_cs-WindowChip");
    await contains(".o-whatsapp_cs-queueCount", { count: 0 });
});

test("what WhatsApp can't carry is not offered; who merely looks is not announced as typing", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "queued" });
    onRpcBefore("/discuss/channel/notify_typing", () => expect.step("typing"));
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Composer [name='add-emoji']");
    for (const name of ["add-gif", "add-poll"]) {
        await contains(`.o-mail-Composer [name='${name}']`, { count: 0 });
    }
    await insertText(".o-mail-Composer-input", "Hm");
    await expect.waitForSteps([]);
});
