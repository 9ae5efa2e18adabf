import {
    click,
    contains,
    insertText,
    openDiscuss,
    openFormView,
    start,
    startServer,
} from "@mail/../tests/mail_test_helpers";
import { describe, test } from "@odoo/hoot";
import { defineModels, fields, models } from "@web/../tests/web_test_helpers";
import {
    createThread,
    defineWhatsappCsModels,
    fromNow,
} from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");

class AutoReply extends models.Model {
    _name = "whatsapp.cs.auto.reply";

    trigger = fields.Char();
    text = fields.Text();
    button_1 = fields.Char();

    _records = [{ id: 1, trigger: "greeting", text: "Hello {{first_name|there}}", button_1: "Yes" }];
}

defineWhatsappCsModels();
defineModels([AutoReply]);

test("a reply is counted and shown as on the phone while it is typed", async () => {
    await startServer();
    await start();
    await openFormView("whatsapp.cs.auto.reply", 1, {
        arch: `<form>
            <field name="trigger" invisible="1"/>
            <field name="button_1" invisible="1"/>
            <field name="text" widget="whatsapp_cs_reply_text" options="{'preview': True}"/>
        </form>`,
    });
    await contains(".o-whatsapp_cs-ReplyText-counter", { text: "26 of 256 characters" });
    await contains("span", { text: "recommended: 80 to 120" });
    await contains(".o-whatsapp_cs-PhoneReply-text", { text: "Hello there" });
    await contains(".o-whatsapp_cs-TemplateBubble-button", { text: "Yes" });
    await insertText("[name='text'] textarea", "x".repeat(257), { replace: true });
    await contains(".o-whatsapp_cs-ReplyText-counter.text-danger", {
        text: "257 of 256 characters",
    });
    await contains(`.o-whatsapp_cs-ReplyText-notice:contains('${"x".repeat(150)}…')`);
});

test("the chat says that automation rests, until when and why", async () => {
    const pyEnv = await startServer();
    const resting = { whatsapp_cs_rest_reason: "human", whatsapp_cs_rest_until: fromNow({ hours: 3 }) };
    const threadId = createThread(pyEnv, "Ann", resting);
    createThread(pyEnv, "Bo", { ...resting, whatsapp_cs_rest_until: fromNow({ hours: -1 }) });
    await start();
    await openDiscuss(threadId);
    await contains(
        ".o-whatsapp_cs-ComposerBar-rest[title='An agent has answered.']:contains('Automation rests until')"
    );
    await click(".o-mail-DiscussSidebarChannel:contains('Bo')");
    await contains(".o-mail-Composer-input[placeholder='Message Bo on WhatsApp…']");
    await contains(".o-whatsapp_cs-ComposerBar-rest", { count: 0 });
});
