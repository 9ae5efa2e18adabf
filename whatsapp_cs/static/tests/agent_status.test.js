import { click, contains, insertText, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { press } from "@odoo/hoot-dom";
import { onRpc } from "@web/../tests/web_test_helpers";
import { whatsappCsStatus } from "@whatsapp_cs/../tests/mock_server/mock_models/res_users";
import { defineWhatsappCsModels, setGroups } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const BUTTON = ".o-whatsapp_cs-agentStatus";

function beAgent(values = {}) {
    Object.assign(
        whatsappCsStatus,
        { state: "offline", reason: false, since: false, load: 0, capacity: 3 },
        values
    );
    onRpc("res.users", "whatsapp_cs_set_status", ({ args }) => expect.step(args.join(" ")));
}

test("who is no agent has no status", async () => {
    setGroups({ agent: false });
    await startServer();
    await start();
    await contains(".o_menu_systray");
    await contains(BUTTON, { count: 0 });
});

test("an agent sees the own status and load, and changes it", async () => {
    beAgent({ load: 2 });
    await startServer();
    await start();
    await contains(`${BUTTON}[data-state='offline']`);
    await click(BUTTON);
    await contains(".o-whatsapp_cs-agentStatus-menu", {
        text: "2 of 3 conversations need your answer",
    });
    await click("[data-choice='available']");
    await contains(`${BUTTON}[data-state='available']`);
    expect.verifySteps(["available false"]);
});

test("a break has a reason, a given one or the own words", async () => {
    beAgent({ state: "available" });
    await startServer();
    await start();
    await click(BUTTON);
    await click("[data-choice='break']", { text: "Lunch" });
    await contains(`${BUTTON}[data-state='break']`);
    await click(BUTTON);
    await insertText(".o-whatsapp_cs-agentStatus-menu input", "Dentist");
    await press("Enter");
    await contains(".o-whatsapp_cs-agentStatus-menu", { count: 0 });
    expect.verifySteps(["break Lunch", "break Dentist"]);
});
