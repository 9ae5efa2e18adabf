import { waitForChannels } from "@bus/../tests/bus_test_helpers";
import { click, contains, patchUiSize, SIZES, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { press, queryAllTexts } from "@odoo/hoot-dom";
import { getService, serverState } from "@web/../tests/web_test_helpers";
import { serializeDateTime } from "@web/core/l10n/dates";
import {
    createMessage,
    createThread,
    createUser,
    defineWhatsappCsModels,
    fromNow,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const ROW = ".o-whatsapp_cs-DeskRow";

/** By the clock that the desk reads. */
function minutesAgo(minutes) {
    return serializeDateTime(luxon.DateTime.fromMillis(Date.now() - minutes * 60000 - 5000));
}

/** A customer's chat and its case. */
function createConversation(pyEnv, name, { state = "queued", minutes, userId = false, ...values } = {}) {
    const unanswered = minutes === undefined ? false : minutesAgo(minutes);
    const user = state === "assigned" || state === "waiting" ? userId || serverState.userId : false;
    const threadId = createThread(pyEnv, name, {
        state,
        whatsapp_cs_unanswered_date: unanswered,
        ...(userId ? { whatsapp_cs_user_id: userId } : {}),
    });
    createMessage(pyEnv, threadId, { author_id: false, body: values.text ?? "Hello" });
    return pyEnv["whatsapp.cs.conversation"].create({
        last_message_date: unanswered || fromNow({ minutes: -30 }),
        name,
        state,
        thread_id: threadId,
        unanswered_date: unanswered,
        user_id: user,
        ...values,
    });
}

/** What the server does when a case changes: write it, and tell the desks. */
function change(pyEnv, id, values) {
    pyEnv["whatsapp.cs.conversation"].write([id], values);
    const [{ state, user_id }] = pyEnv["whatsapp.cs.conversation"].read([id]);
    const [partner] = pyEnv["res.partner"].browse(serverState.partnerId);
    pyEnv["bus.bus"]._sendone(partner, "whatsapp_cs.desk/changed", {
        conversations: [[id, user_id ? user_id[0] : false, state]],
    });
}

async function openDesk(context = {}) {
    await getService("action").doAction({ context, tag: "whatsapp_cs.desk", type: "ir.actions.client" });
}

test("the list is sorted by waiting time, and the tabs count", async () => {
    const pyEnv = await startServer();
    await start();
    createConversation(pyEnv, "Fine", { minutes: 2 });
    createConversation(pyEnv, "Late", { minutes: 16 });
    createConversation(pyEnv, "Soon", { minutes: 8 });
    createConversation(pyEnv, "Mine", { state: "waiting" });
    await openDesk();
    await waitForChannels(["whatsapp_cs.desk"]);
    await click("[data-tab='queue']");
    await contains(ROW, { count: 3 });
    expect(queryAllTexts(".o-whatsapp_cs-DeskRow-name")).toEqual(["Late", "Soon", "Fine"]);
    await contains(".o-whatsapp_cs-DeskWaiting", { count: 3 });
    await contains(`${ROW}:contains('Late') [data-level='late']`);
    await contains("[data-tab='queue'] [data-level='late']", { text: "3" });
    await contains("[data-tab='mine'] .badge", { text: "1" });
});

test("a conversation opens with chat, composer and cards, and the address names it", async () => {
    const pyEnv = await startServer();
    const id = createConversation(pyEnv, "Ann", { minutes: 2, text: "Where is my parcel?" });
    await start();
    await openDesk();
    await contains(".o-whatsapp_cs-Desk-empty", { text: "Choose a conversation" });
    await click(ROW, { text: "Ann" });
    await contains(".o-mail-Message", { text: "Where is my parcel?" });
    await contains(".o-whatsapp_cs-ComposerBar", { text: "Answering takes this conversation." });
    await contains("button[name='whatsapp-cs-take']");
    await contains("[data-card='contact']", { text: "+1 555 0100" });
    await contains(".o-mail-Composer-input:focus");
    await contains(`${ROW}[aria-selected='true']`, { text: "Ann" });
    expect(getService("action").currentController.currentState.active_id).toBe(`conversation_${id}`);
});

test("a reload comes back to the conversation; one that may not be seen is said so", async () => {
    const pyEnv = await startServer();
    const id = createConversation(pyEnv, "Ann", { minutes: 2 });
    await start();
    await openDesk({ active_id: `conversation_${id}` });
    await contains(".o-mail-Message", { text: "Hello" });
});

test("conversations come, move and go without a reload", async () => {
    const pyEnv = await startServer();
    createConversation(pyEnv, "Ann", { minutes: 10 });
    const id = createConversation(pyEnv, "Ben", { minutes: 5 });
    await start();
    await openDesk();
    await contains(ROW, { count: 2 });
    const late = createConversation(pyEnv, "Cem", { minutes: 20, text: "Merhaba" });
    change(pyEnv, late, {});
    await contains(ROW, { count: 3 });
    expect(queryAllTexts(".o-whatsapp_cs-DeskRow-name")).toEqual(["Cem", "Ann", "Ben"]);
    change(pyEnv, id, { text: "Hello?" });
    await contains(`${ROW}:contains('Ben') .o-whatsapp_cs-DeskRow-preview`, { text: "Hello?" });
    change(pyEnv, id, { state: "assigned", user_id: createUser(pyEnv, "Rosa") });
    await contains(ROW, { count: 2 });
    await contains("[data-tab='queue'] .badge", { text: "2" });
});

test("one key goes to whoever waits longest, others up and down, and a dialog names them all", async () => {
    const pyEnv = await startServer();
    createConversation(pyEnv, "First", { minutes: 20 });
    createConversation(pyEnv, "Second", { minutes: 10 });
    createConversation(pyEnv, "Third", { minutes: 1 });
    await start();
    await openDesk();
    await contains(ROW, { count: 3 });
    await press("n");
    await contains(`${ROW}.o-selected`, { text: "First" });
    await contains(".o-mail-Composer-input:focus");
    await press(["alt", "n"]);
    await contains(`${ROW}.o-selected`, { text: "Second" });
    await contains(".o-mail-Composer-input:focus");
    await press(["alt", "ArrowDown"]);
    await contains(`${ROW}.o-selected`, { text: "Third" });
    await press(["alt", "ArrowUp"]);
    await contains(`${ROW}.o-selected`, { text: "Second" });
    document.activeElement.blur();
    await press("?");
    await contains(".modal .o-whatsapp_cs-DeskShortcuts", { text: "Next customer: the longest waiting" });
    await press("Escape");
    await contains(".modal", { count: 0 });
    document.activeElement.blur();
    await press("1");
    await contains("[data-tab='mine'].active");
    await contains(".o-whatsapp_cs-Desk-empty", { text: "You have no conversation" });
});

test("the list itself is walked through with the arrow keys", async () => {
    const pyEnv = await startServer();
    createConversation(pyEnv, "First", { minutes: 20 });
    createConversation(pyEnv, "Second", { minutes: 10 });
    await start();
    await openDesk();
    await contains(ROW, { count: 2 });
    await press("l");
    expect(".o-whatsapp_cs-DeskConversations").toBeFocused();
    await press("ArrowDown");
    await contains(`${ROW}.o-selected`, { text: "First" });
    await press("End");
    await contains(`${ROW}.o-selected`, { text: "Second" });
    await contains(".o-whatsapp_cs-DeskConversations:focus");
    await press("Enter");
    await contains(".o-mail-Composer-input:focus");
});

test("take and resolve by key do what the buttons do", async () => {
    const pyEnv = await startServer();
    createConversation(pyEnv, "Ann", { minutes: 10 });
    await start();
    await openDesk();
    await click(ROW, { text: "Ann" });
    await contains("button[name='whatsapp-cs-take']");
    document.activeElement.blur();
    await press("t");
    await contains("button[name='whatsapp-cs-take']", { count: 0 });
    await contains("button[name='whatsapp-cs-release']");
});

test("an editor's search stays with Odoo's filters", async () => {
    setGroups({ agent: true, editor: true });
    const pyEnv = await startServer();
    createConversation(pyEnv, "Ann", { minutes: 10 });
    createConversation(pyEnv, "Ben", { minutes: 5 });
    await start();
    await openDesk();
    await contains(ROW, { count: 2 });
    await click(".o_searchview_dropdown_toggler");
    await click(".o_menu_item", { text: "Named A" });
    await contains(ROW, { count: 1 });
    await contains(ROW, { text: "Ann" });
});

test("of thousands only those in sight are drawn", async () => {
    const pyEnv = await startServer();
    for (let index = 0; index < 200; index++) {
        pyEnv["whatsapp.cs.conversation"].create({ name: `C${index}`, state: "queued", unanswered_date: fromNow({ seconds: index - 500 }) });
    }
    await start();
    await openDesk();
    await contains(`${ROW}[aria-posinset='1']`);
    expect(document.querySelectorAll(ROW).length).toBeLessThan(60);
});

test("a phone shows one pane at a time, with the way back", async () => {
    const pyEnv = await startServer();
    createConversation(pyEnv, "Ann", { minutes: 10 });
    patchUiSize({ size: SIZES.SM });
    await start();
    await openDesk();
    await click(ROW, { text: "Ann" });
    await contains(".o-mail-Message", { text: "Hello" });
    await contains(ROW, { count: 0 });
    await click("button[title='Customer and case']");
    await contains("[data-card='contact']");
    await contains(".o-mail-Message", { count: 0 });
    await click("button[title='Back to the chat']");
    await click("button[title='Back to the list']");
    await contains(ROW, { count: 1 });
});
