import {
    click,
    contains,
    insertText,
    openDiscuss,
    start,
    startServer,
} from "@mail/../tests/mail_test_helpers";
import { advanceTime, describe, expect, test } from "@odoo/hoot";
import { onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    createThread,
    createUser,
    defineWhatsappCsModels,
    fromNow,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const BAR = ".o-whatsapp_cs-ComposerBar";

/** The one that is given when the test ends, and the screen with it, is no step. */
function stepSigns(count) {
    let given = 0;
    onRpc("discuss.channel", "whatsapp_cs_watch", ({ args }) => {
        if (given++ < count) {
            expect.step(args[1]);
        }
    });
}

/** What the server sends when a colleague gives a sign. */
function hear(pyEnv, threadId, name, sign) {
    const [partner] = pyEnv["res.partner"].read(serverState.partnerId);
    pyEnv["bus.bus"]._sendone(partner, "whatsapp_cs.watch", {
        thread_id: threadId,
        partner: { id: 1000 + name.length, name },
        sign,
    });
}

test("who opens a chat says so, and who leaves it too", async () => {
    const pyEnv = await startServer();
    const annId = createThread(pyEnv, "Ann", { state: "queued" });
    createThread(pyEnv, "Bob", { state: "queued" });
    stepSigns(5);
    await start();
    await openDiscuss(annId);
    await expect.waitForSteps(["open"]);
    await advanceTime(30 * 1000);
    await expect.waitForSteps(["here"]);
    await insertText(".o-mail-Composer-input", "Hm");
    await expect.waitForSteps(["typing"]);
    await click(".o-mail-DiscussSidebarChannel", { text: "Bob" });
    await contains(".o-mail-Composer-input[placeholder='Message Bob on WhatsApp…']");
    await expect.waitForSteps(["gone", "open"]);
});

test("what a colleague has open can't be answered until the time is over", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", {
        state: "queued",
        whatsapp_cs_lock_end: fromNow({ minutes: 2 }),
        whatsapp_cs_lock_user_id: createUser(pyEnv, "Rosa"),
    });
    await start();
    await openDiscuss(threadId);
    await contains(BAR, { text: "Rosa has opened this conversation." });
    await contains(".o-whatsapp_cs-LockChip:contains('Rosa')");
    await contains(".o-mail-Composer", { count: 0 });
    await contains(`${BAR} button`, { count: 0 });
    await advanceTime(2 * 60 * 1000 + 1000);
    await contains(".o-mail-Composer");
    await contains(".o-whatsapp_cs-LockChip", { count: 0 });
    await contains(`${BAR} button`, { text: "Take" });
});

test("an editor may take over what a colleague has open", async () => {
    setGroups({ editor: true });
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", {
        state: "queued",
        whatsapp_cs_lock_end: fromNow({ minutes: 2 }),
        whatsapp_cs_lock_user_id: createUser(pyEnv, "Rosa"),
    });
    await start();
    await openDiscuss(threadId);
    await click(`${BAR} button`, { text: "Take over" });
    await contains(".o-mail-Composer");
});

test("the own reservation counts down", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", {
        whatsapp_cs_lock_end: fromNow({ minutes: 7 }),
        whatsapp_cs_lock_user_id: serverState.userId,
    });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-LockChip.text-bg-success");
    await advanceTime(61 * 1000);
    await contains(".o-whatsapp_cs-LockChip:contains('5:5')");
});

test("colleagues who look and type are shown, and forgotten when they fall silent", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Composer");
    hear(pyEnv, threadId, "Rosa", "here");
    await contains(`${BAR}-viewers`, { text: "Rosa" });
    hear(pyEnv, threadId, "Rosa", "typing");
    await contains(`${BAR}-viewers`, { text: "Rosa (typing…)" });
    await advanceTime(75 * 1000);
    await contains(`${BAR}-viewers`, { count: 0 });
});

test("a note counts its characters and begins with the team's form", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-noteToggle");
    await contains(".o-mail-Composer-coreHeader", { text: "0 / 300" });
    await click("[name='whatsapp-cs-skeleton']");
    await contains(".o-mail-Composer-input:value(/\\d+:\\d\\d.* \\| kind of problem \\| progress$/)");
    await insertText(".o-mail-Composer-input", "x".repeat(301), { replace: true });
    await contains(".o-mail-Composer-coreHeader .text-danger", { text: "301 / 300" });
    await contains(".o-mail-Composer [name='send-message']:disabled, .o-mail-Composer-send:disabled");
});

test("spam is closed, and can be unblocked", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "spam" });
    onRpc("discuss.channel", "whatsapp_cs_unblock", () => expect.step("unblock"));
    await start();
    await openDiscuss(threadId);
    await contains(BAR, { text: "Spam: the sender is blocked. Unblock them to write to them." });
    await contains("[name='whatsapp-cs-take']", { count: 0 });
    await click("[name='whatsapp-cs-unblock']");
    await expect.waitForSteps(["unblock"]);
});

test("blocking is asked back", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    onRpc("discuss.channel", "whatsapp_cs_spam", () => expect.step("spam"));
    await start();
    await openDiscuss(threadId);
    await click("[name='whatsapp-cs-spam']");
    await contains(".modal:contains('Ann will be blocked')");
    await click(".modal .btn-danger");
    await expect.waitForSteps(["spam"]);
});
