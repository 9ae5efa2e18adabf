import { click, contains, insertText, openDiscuss, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, press, test } from "@odoo/hoot";
import { onRpc } from "@web/../tests/web_test_helpers";
import { createThread, defineWhatsappCsModels } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

test("what a message will cost is shown while it is written", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    onRpc("discuss.channel", "whatsapp_cs_get_price", () => {
        expect.step("price");
        return { price: 0.008, text: "0.0080 USD", category: "Service", reason: "Price card, Belgium." };
    });
    await start();
    await openDiscuss(threadId);
    await contains(".o-mail-Composer-input");
    await contains(".o-whatsapp_cs-SendPrice", { count: 0 });
    await insertText(".o-mail-Composer-input", "Good morning");
    await contains(".o-whatsapp_cs-SendPrice[title='Price card, Belgium.']", {
        text: "0.0080 USD · Service",
    });
    await press("Enter");
    await contains(".o-whatsapp_cs-SendPrice", { count: 0 });
    await expect.waitForSteps(["price"]);
});

test("a note has no price, and a price that can't be told holds up nobody", async () => {
    const pyEnv = await startServer();
    const threadId = createThread(pyEnv, "Ann");
    onRpc("discuss.channel", "whatsapp_cs_get_price", () => {
        throw new Error("no price");
    });
    await start();
    await openDiscuss(threadId);
    await click(".o-whatsapp_cs-noteToggle");
    await insertText(".o-mail-Composer-input", "Ask the warehouse");
    await contains(".o-whatsapp_cs-noteLabel");
    await click(".o-whatsapp_cs-noteToggle");
    await contains(".o-whatsapp_cs-SendPrice", { count: 0 });
    await press("Enter");
    await contains(".o-mail-Message", { text: "Ask the warehouse" });
});
