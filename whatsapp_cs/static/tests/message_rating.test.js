import { click, contains, openDiscuss, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, test } from "@odoo/hoot";
import { hover } from "@odoo/hoot-dom";
import {
    createMessage,
    createThread,
    defineWhatsappCsModels,
    setGroups,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const ACTION = "[name='whatsapp-cs-rate-answer']";
const MARK = ".o-whatsapp_cs-MessageRating";

test("an agent rates an automatic answer as wrong, and takes it back", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "sent", whatsapp_cs_answer: "given" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await contains(MARK, { count: 0 });
    await hover(".o-mail-Message");
    await click(`.o-mail-Message ${ACTION}[title='Wrong Answer']`);
    await contains(MARK, { text: "Rated as a wrong answer" });
    await hover(".o-mail-Message");
    await click(`.o-mail-Message ${ACTION}[title='The Answer Was Right After All']`);
    await contains(MARK, { count: 0 });
});

test("what a person wrote is not rated", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "sent", whatsapp_cs_answer: false });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await contains(".o-mail-Message [title='Expand']");
    await contains(ACTION, { count: 0 });
});

test("who is no agent rates nothing", async () => {
    setGroups({ agent: false });
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, { whatsapp_cs_state: "sent", whatsapp_cs_answer: "given" });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Message");
    await hover(".o-mail-Message");
    await contains(ACTION, { count: 0 });
});
