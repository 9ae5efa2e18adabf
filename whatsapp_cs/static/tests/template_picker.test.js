import { click, contains, insertText, openDiscuss, start, startServer } from "@mail/../tests/mail_test_helpers";
import { advanceTime, describe, expect, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import {
    createMessage,
    createThread,
    defineWhatsappCsModels,
    fromNow,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const TEMPLATES = [
    { id: 1, name: "greeting", language: "en", category: "Utility", text: "Hello {{1}}!" },
    { id: 2, name: "summer", language: "en", category: "Marketing", text: "Summer is here" },
];

/** Answers as the server does; sent values are a step. */
function mockTemplates() {
    onRpc("discuss.channel", "whatsapp_cs_get_templates", ({ args }) => ({
        templates: TEMPLATES.filter((template) => template.name.includes(args[1])),
        more: 0,
    }));
    onRpc("discuss.channel", "whatsapp_cs_get_template", ({ args }) => {
        const value = args[2] ? args[2]["body.1"] : "Ann";
        return {
            variables: [{ key: "body.1", label: "Text {{1}}", value: "Ann" }],
            preview: `<p class="preview">Hello ${value}</p>`,
            refusal: false,
            notice: "",
        };
    });
    onRpc("discuss.channel", "whatsapp_cs_send_template", ({ args }) => {
        expect.step(JSON.stringify(args.slice(1)));
        return true;
    });
}

test("when the window is closed a template is chosen, filled in, seen and sent", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_window_end: fromNow({ hours: -1 }) });
    mockTemplates();
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-ComposerBar-template");
    await contains(".o-whatsapp_cs-TemplatePicker .list-group-item", { count: 2 });
    await contains(".o-whatsapp_cs-TemplatePicker .btn-primary:disabled");
    await click(".o-whatsapp_cs-TemplatePicker .list-group-item:contains(greeting)");
    await contains(".preview", { text: "Hello Ann" });
    await insertText(".o-whatsapp_cs-TemplatePicker input[id='whatsapp_cs_body.1']", "Bo", {
        replace: true,
    });
    await advanceTime(500);
    await contains(".preview", { text: "Hello Bo" });
    await click(".o-whatsapp_cs-TemplatePicker .btn-primary:enabled");
    await contains(".o-whatsapp_cs-TemplatePicker", { count: 0 });
    await expect.waitForSteps(['[1,{"body.1":"Bo"}]']);
});

test("an empty value can not be sent", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_window_end: fromNow({ hours: -1 }) });
    mockTemplates();
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-ComposerBar-template");
    await click(".o-whatsapp_cs-TemplatePicker .list-group-item:contains(greeting)");
    await insertText(".o-whatsapp_cs-TemplatePicker input[id='whatsapp_cs_body.1']", " ", {
        replace: true,
    });
    await contains(".o-whatsapp_cs-TemplatePicker .btn-primary:disabled");
});

test("a search shows what matches", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann", { whatsapp_cs_window_end: fromNow({ hours: -1 }) });
    mockTemplates();
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-ComposerBar-template");
    await contains(".o-whatsapp_cs-TemplatePicker .list-group-item", { count: 2 });
    await insertText(".o-whatsapp_cs-TemplatePicker input[type='search']", "summer");
    await advanceTime(500);
    await contains(".o-whatsapp_cs-TemplatePicker .list-group-item", { count: 1 });
});

test("a message that came too late is sent as a template", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    createMessage(pyEnv, threadId, {
        whatsapp_cs_state: "failed",
        whatsapp_cs_error: "More than 24 hours have passed.",
        whatsapp_cs_error_code: "131047",
    });
    mockTemplates();
    await start();
    await openDiscuss(threadId);
    await contains(".o-whatsapp_cs-MessageDelivery-template");
    await contains(".o-whatsapp_cs-MessageDelivery-retry", { count: 0 });
    await click(".o-whatsapp_cs-MessageDelivery-template");
    await contains(".o-whatsapp_cs-TemplatePicker");
});
