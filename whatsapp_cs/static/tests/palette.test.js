import { click, contains, insertText, openDiscuss, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, press, test } from "@odoo/hoot";
import { makeServerError, onRpc } from "@web/../tests/web_test_helpers";
import { createThread, defineWhatsappCsModels } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const ITEMS = [
    { kind: "reply", id: 1, name: "greeting", text: "Hello {{first_name}}", count: 5 },
    { kind: "reply", id: 2, name: "hours", text: "We are here from 9 to 18", count: 2, has_files: true },
    { kind: "macro", id: 3, name: "Thank and resolve", text: "Send a Reply → Resolve", count: 1 },
];
const STEPS = [
    { id: 1, label: "Send a Reply", text: "Thank you, Ann!", refusal: "", undo: false },
    { id: 2, label: "Resolve", text: "", refusal: "", undo: true },
];

function mockPalette({ steps = STEPS, run = () => 7, buttons = [] } = {}) {
    onRpc("discuss.channel", "whatsapp_cs_get_palette", () => ITEMS);
    onRpc("discuss.channel", "whatsapp_cs_render_reply", ({ args }) => ({
        text: args[1] === 1 ? "Hello Ann" : "We are here from 9 to 18",
        buttons,
        attachment_ids: [],
        store_data: {},
    }));
    onRpc("discuss.channel", "whatsapp_cs_preview_macro", () => steps);
    onRpc("discuss.channel", "whatsapp_cs_run_macro", run);
    onRpc("discuss.channel", "whatsapp_cs_undo_macro", ({ args }) => {
        expect.step(`undo ${args[1]}`);
        return ["Send a Reply"];
    });
}

async function openPalette(text = "/") {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await insertText(".o-mail-Composer-input", text);
}

test("a slash offers replies and macros, and Enter inserts what is chosen, filled in", async () => {
    mockPalette();
    await openPalette("/");
    await contains(".o-mail-Composer-suggestion:contains(greeting)");
    await contains(".o-mail-Composer-suggestion:contains(hours) [title='With files']");
    await contains(".o-mail-Composer-suggestion:contains(Thank and resolve):contains(Macro)");
    await insertText(".o-mail-Composer-input", "gre");
    await contains(".o-mail-Composer-suggestion", { count: 1 });
    await press("Enter");
    await contains(".o-mail-Composer-input:value(Hello Ann)");
});

test("what is in the text of a reply is found, too", async () => {
    mockPalette();
    await openPalette("/");
    await contains(".o-mail-Composer-suggestion:contains(hours)");
    await insertText(".o-mail-Composer-input", "from 9");
    await contains(".o-mail-Composer-suggestion", { count: 1 });
    await click(".o-mail-Composer-suggestion:contains(hours)");
    await contains(".o-mail-Composer-input:value(We are here from 9 to 18)");
});

test("a reply with buttons is looked at before it is sent", async () => {
    mockPalette({ buttons: ["Yes", "No"] });
    await openPalette("/");
    await click(".o-mail-Composer-suggestion:contains(greeting)");
    await contains(".modal textarea:value(Hello Ann)");
    await contains(".modal:contains(Yes):contains(No)");
});

test("a macro shows its steps, runs, and can be undone", async () => {
    mockPalette();
    await openPalette("/");
    await click(".o-mail-Composer-suggestion:contains(Thank and resolve)");
    await contains(".o-mail-Composer-input:value()");
    await contains(".o-whatsapp_cs-macroSteps li", { count: 2 });
    await contains(".o-whatsapp_cs-macroSteps li:contains(Thank you, Ann!):contains(not undone)");
    await click(".modal .btn-primary:contains(Run)");
    await contains(".modal", { count: 0 });
    await click(".o_notification:contains(“Thank and resolve” is done.) button:contains(Undo)");
    await expect.waitForSteps(["undo 7"]);
    await contains(".o_notification:contains(except what can't be taken back: Send a Reply)");
});

test("a macro with a step that can't be done is not run, and it is said why", async () => {
    mockPalette({ steps: [{ ...STEPS[0], refusal: "The window is closed." }, STEPS[1]] });
    await openPalette("/");
    await click(".o-mail-Composer-suggestion:contains(Thank and resolve)");
    await contains(".modal [role='alert']:contains(The window is closed.)");
    await contains(".modal .btn-primary:disabled");
});

test("what the server refuses stays in the dialog", async () => {
    mockPalette({
        run: () => {
            throw makeServerError({ message: "Rosa has taken this conversation." });
        },
    });
    await openPalette("/");
    await click(".o-mail-Composer-suggestion:contains(Thank and resolve)");
    await click(".modal .btn-primary:contains(Run)");
    await contains(".modal .alert-danger:contains(Rosa has taken)");
});

test("macros are found in the menu of the chat, also while the window is closed", async () => {
    mockPalette();
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    await start();
    await openDiscuss(threadId);
    await click(".o-mail-DiscussContent-header button[name='whatsapp-cs-macro']");
    await insertText(".modal input[type='search']", "thank");
    await click(".modal .list-group-item:contains(Thank and resolve)");
    await contains(".o-whatsapp_cs-macroSteps li", { count: 2 });
});
