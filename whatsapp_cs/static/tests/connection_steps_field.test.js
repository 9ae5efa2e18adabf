import { contains, openFormView, start, startServer } from "@mail/../tests/mail_test_helpers";
import { advanceTime, describe, expect, test } from "@odoo/hoot";
import {
    defineModels,
    fields,
    MockServer,
    models,
    serverState,
} from "@web/../tests/web_test_helpers";
import { defineWhatsappCsModels } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");

const STEPS = [
    { code: "token", label: "Checking the token", state: "done", detail: "Valid for ever" },
    { code: "webhook", label: "Registering the webhook", state: "running" },
    { code: "number", label: "Reading the numbers", state: "waiting" },
];
const FAILED = [
    STEPS[0],
    { ...STEPS[1], state: "failed", detail: "Meta answered 190", fix: "Make a new token." },
    STEPS[2],
];

class Account extends models.Model {
    _name = "whatsapp.cs.account";

    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["draft", "Draft"],
            ["connecting", "Connecting"],
            ["failed", "Failed"],
        ],
    });
    connection_steps = fields.Json();

    _records = [{ id: 1, name: "Shop", state: "connecting", connection_steps: STEPS }];
}

defineWhatsappCsModels();
defineModels([Account]);

async function mountForm() {
    await startServer();
    await start();
    await openFormView("whatsapp.cs.account", 1, {
        arch: `<form>
            <field name="name"/>
            <field name="connection_steps" widget="whatsapp_cs_connection_steps"/>
        </form>`,
    });
}

function notify(payload) {
    const [partner] = MockServer.env["res.partner"].browse(serverState.partnerId);
    MockServer.env["bus.bus"]._sendone(partner, "whatsapp_cs.account/steps", payload);
}

test("each step has its state, in words too", async () => {
    await mountForm();
    await contains(".o-whatsapp_cs-ConnectionSteps li", { count: 3 });
    await contains("[data-code='token'] [aria-label='Done']");
    await contains("[data-code='token']", { text: "Valid for ever" });
    await contains("[data-code='webhook'][aria-current='step'] .fa-spin[aria-label='Running']");
    await contains("[data-code='number'] [aria-label='Not started']");
});

test("steps arrive live, and the record is read again at the end", async () => {
    await mountForm();
    await contains("[data-code='webhook'][data-state='running']");
    notify({ id: 2, steps: [], state: "connecting" }); // another account
    notify({ id: 1, steps: [STEPS[0], { ...STEPS[1], state: "done" }], state: "connecting" });
    await contains("[data-code='webhook'][data-state='done']");
    MockServer.env["whatsapp.cs.account"].write([1], { state: "failed", connection_steps: FAILED });
    notify({ id: 1, steps: FAILED, state: "failed" });
    await contains("[data-code='webhook'] [role='alert']", { text: "Make a new token." });
    await contains(".o-whatsapp_cs-ConnectionSteps li", { count: 3 });
});

test("a lost notification is made up for by looking again", async () => {
    await mountForm();
    await contains("[data-code='webhook'][data-state='running']");
    MockServer.env["whatsapp.cs.account"].write([1], { state: "failed", connection_steps: FAILED });
    await advanceTime(2100);
    await contains("[data-code='webhook'][data-state='failed']");
    expect(".alert").toHaveText("Make a new token.");
});
