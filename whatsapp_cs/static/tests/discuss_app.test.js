import { waitForChannels } from "@bus/../tests/bus_test_helpers";
import {
    click,
    contains,
    openDiscuss,
    patchUiSize,
    SIZES,
    start,
    startServer,
} from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { mockService } from "@web/../tests/web_test_helpers";
import {
    createMessage,
    createThread,
    createUser,
    defineWhatsappCsModels,
    fromNow,
    giveNoSigns,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const MINE = ".o-whatsapp_cs-category";
const QUEUE = ".o-whatsapp_cs-queue";

test("own conversations and the queue are two categories, the queue oldest first", async () => {
    giveNoSigns();
    const pyEnv = await startServer();
    createThread(pyEnv, "Mine");
    createThread(pyEnv, "Second", { state: "queued", whatsapp_cs_unanswered_date: fromNow({ hours: -1 }) });
    createThread(pyEnv, "First", { state: "queued", whatsapp_cs_unanswered_date: fromNow({ hours: -2 }) });
    createThread(pyEnv, "Colleague's", { whatsapp_cs_user_id: createUser(pyEnv, "Rosa") });
    await start();
    await openDiscuss();
    await waitForChannels(["whatsapp_cs.queue"]);
    await contains(MINE, { text: "WhatsApp" });
    await contains(`${QUEUE} .o-whatsapp_cs-queueCount`, { text: "2" });
    await contains(".o-mail-DiscussSidebarChannel", { count: 3 });
    expect(queryAllTexts(".o-mail-DiscussSidebarChannel-itemName")).toEqual([
        "Mine",
        "First",
        "Second",
    ]);
});

test("the queue holds who waits for the own teams or for nobody in particular", async () => {
    setGroups({ teamIds: [1] });
    const pyEnv = await startServer();
    const queued = (name, team) =>
        createThread(pyEnv, name, { state: "queued", whatsapp_cs_team: team });
    const ann = queued("Ann", { id: 1, name: "Sales" });
    queued("Bob", { id: 2, name: "Service" });
    queued("Cem", false);
    await start();
    await openDiscuss();
    await contains(".o-mail-DiscussSidebarChannel", { count: 2 });
    await contains(".o-mail-DiscussSidebarChannel", { text: "Ann" });
    await contains(".o-mail-DiscussSidebarChannel", { text: "Cem" });
    pyEnv["discuss.channel"].write([ann], { whatsapp_cs_team: { id: 2, name: "Service" } });
    pyEnv["discuss.channel"]._whatsapp_cs_notify(ann);
    await contains(".o-mail-DiscussSidebarChannel", { text: "Ann", count: 0 });
});

test("who is no agent has no queue", async () => {
    setGroups({ agent: false });
    const pyEnv = await startServer();
    createThread(pyEnv, "Waiting", { state: "queued" });
    await start();
    await openDiscuss();
    await contains(".o-mail-DiscussSidebarCategory", { text: "Direct messages" });
    await contains(QUEUE, { count: 0 });
    await contains(".o-mail-DiscussSidebarChannel", { count: 0 });
});

test("a conversation that leaves the queue leaves the sidebar", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "queued" });
    await start();
    await openDiscuss();
    await contains(".o-mail-DiscussSidebarChannel", { text: "Ann" });
    pyEnv["discuss.channel"].write([threadId], {
        whatsapp_cs_state: "assigned",
        whatsapp_cs_user_id: createUser(pyEnv, "Rosa"),
    });
    pyEnv["discuss.channel"]._whatsapp_cs_notify(threadId);
    await contains(".o-mail-DiscussSidebarChannel", { count: 0 });
    await contains(".o-whatsapp_cs-queueCount", { count: 0 });
});

test("a thread read from the queue is live until another one is chosen", async () => {
    giveNoSigns();
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "queued" });
    createThread(pyEnv, "Mine");
    await start();
    await openDiscuss();
    await click(".o-mail-DiscussSidebarChannel", { text: "Ann" });
    await waitForChannels([`discuss.channel_${threadId}`]);
    await click(".o-mail-DiscussSidebarChannel", { text: "Mine" });
    await waitForChannels([`discuss.channel_${threadId}`], { operation: "delete" });
});

test("take, return to queue and resolve from the header", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { state: "queued" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-ComposerBar", { text: "Answering takes this conversation." });
    await click(".o-mail-DiscussContent-header button[name='whatsapp-cs-take']");
    await contains(".o-whatsapp_cs-queueCount", { count: 0 });
    await contains(".o-whatsapp_cs-ComposerBar.o-closed, .o-whatsapp_cs-ComposerBar button", { count: 0 });
    await click(".o-mail-DiscussContent-header button[name='whatsapp-cs-release']");
    await contains(".o-whatsapp_cs-queueCount", { text: "1" });
    await click(".o-mail-DiscussContent-header button[name='whatsapp-cs-take']");
    await click(".o-mail-DiscussContent-header button[name='whatsapp-cs-resolve']");
    await contains(".o-whatsapp_cs-ComposerBar", {
        text: "Answering opens this conversation again.",
    });
    // still there to read, though the agent is no member any more
    await contains(".o-mail-DiscussSidebarChannel.o-active", { text: "Ann" });
});

test("the conversation record opens from the header", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    mockService("action", {
        doAction(action) {
            if (action?.res_model) {
                expect.step([action.res_model, action.res_id]);
                return;
            }
            return super.doAction(...arguments);
        },
    });
    await start();
    await openDiscuss(threadId);
    await click("button[name='whatsapp-cs-open-conversation']");
    await expect.waitForSteps([["whatsapp.cs.conversation", threadId]]);
});

test("a customer is not called, invited or renamed", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-DiscussContent-header button[name='whatsapp-cs-resolve']");
    await contains(".o-mail-DiscussContent-header .o-whatsapp_cs-channelName", { text: "Shop" });
    await contains(".o-mail-DiscussContent-threadAvatar img[data-src*='/web/image/res.partner/']");
    for (const name of ["call", "camera-call", "invite-people", "member-list", "show-threads"]) {
        await contains(`button[name='${name}']`, { count: 0 });
    }
    await contains(".o-discuss-ChannelMemberList", { count: 0 });
});

test("unread messages are counted, and the messaging menu has a WhatsApp filter", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    for (const body of ["Hello?", "Where is my order?"]) {
        createMessage(pyEnv, threadId, { author_id: false, body });
    }
    await start();
    await click(".o_menu_systray i[aria-label='Messages']");
    await click(".o-mail-MessagingMenu-headerFilter", { text: "WhatsApp" });
    await contains(".o-mail-NotificationItem", { text: "Ann" });
    await contains(".o-mail-NotificationItem-counter", { text: "2" });
    await click(".o-mail-NotificationItem", { text: "Ann" });
    await contains(".o-mail-ChatWindow", { text: "Ann" });
});

test("on a phone the WhatsApp tab shows own conversations and the queue", async () => {
    const pyEnv = await startServer();
    createThread(pyEnv, "Ann", { state: "queued" });
    createThread(pyEnv, "Mine");
    patchUiSize({ size: SIZES.SM });
    await start();
    await openDiscuss();
    await click(".o-mail-MessagingMenu-tab", { text: "WhatsApp" });
    await contains(".o-mail-NotificationItem", { count: 2 });
    expect(queryAllTexts(".o-mail-NotificationItem-name")).toEqual(["Mine", "Ann"]);
    await contains(".o-mail-NotificationItem:contains('Ann') .o-whatsapp_cs-waiting");
});
