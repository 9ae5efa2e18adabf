import { click, contains } from "@mail/../tests/mail_test_helpers";
import { advanceTime, describe, expect, test } from "@odoo/hoot";
import {
    getService,
    makeServerError,
    mockService,
    mountWithCleanup,
    onRpc,
    preloadBundle,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

import { defineWhatsappCsModels } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();
preloadBundle("web.chartjs_lib");

const LINK = { action: "whatsapp_cs.whatsapp_cs_event_action", name: "Waiting", domain: [["state", "=", "new"]], context: {} };
const TILE = { code: "inbox", title: "Webhooks waiting", value: "3", state: "ok", hint: "The oldest for 4 s", lines: [], link: LINK };
const SCREEN = {
    now: "2026-11-24 10:05:12",
    stale: false,
    alerts: [],
    sections: [{ title: "Receiving", tiles: [TILE] }],
};
const HISTORY = {
    starts: [1790000000, 1790000600],
    is_empty: false,
    charts: [
        { code: "traffic", title: "Traffic", lines: [{ label: "Received", values: [1, null] }] },
        { code: "speed", title: "Speed", lines: [{ label: "Lag", values: [20, 30] }] },
    ],
};

async function openHealth(screen = SCREEN, history = HISTORY) {
    const server = { screen, history };
    onRpc("whatsapp.cs.health", "get_screen", () => {
        expect.step("screen");
        if (server.screen instanceof Error) {
            throw server.screen;
        }
        return server.screen;
    });
    onRpc("whatsapp.cs.health", "get_history", ({ args }) => {
        expect.step(`history ${args[0]}`);
        return server.history;
    });
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "whatsapp_cs.health", name: "Technical Health" });
    return server;
}

function getDanger() {
    return { ...TILE, value: "40", state: "danger", hint: "The oldest for 3 min 0 s" };
}

test("a figure has its state in words and an icon, and leads to its records", async () => {
    mockService("action", {
        loadAction: async (xmlid) => ({ xml_id: xmlid, type: "ir.actions.act_window" }),
        doAction(action) {
            if (action.tag) {
                return super.doAction(...arguments);
            }
            expect.step(`${action.xml_id} ${JSON.stringify(action.domain)}`);
        },
    });
    await openHealth();
    await contains("[data-code='inbox'] .o-whatsapp_cs-HealthTile-state", { text: "Good" });
    await contains("[data-code='inbox'] .fa-check-circle");
    await contains("[data-code='inbox']", { text: "The oldest for 4 s" });
    await click("button[aria-label='Webhooks waiting: 3']");
    expect.verifySteps(["screen", "history day", `${LINK.action} [["state","=","new"]]`]);
});

test("figures are renewed every ten seconds, the history every minute", async () => {
    const server = await openHealth();
    await contains(".o-whatsapp_cs-Health-fine:contains(No alert is open.)");
    expect.verifySteps(["screen", "history day"]);
    server.screen = {
        ...SCREEN,
        alerts: [{ id: 1, title: "Webhooks wait too long", since: "for 2 min", detail: "3 min", advice: "Start cron threads.", link: LINK }],
        sections: [{ title: "Receiving", tiles: [getDanger()] }],
    };
    await advanceTime(10000);
    await contains("[data-code='inbox'][data-state='danger'] .o-whatsapp_cs-HealthTile-state", { text: "Act now" });
    await contains(".o-whatsapp_cs-Health-alert:contains(Start cron threads.)");
    await contains(".o-whatsapp_cs-Health-fine", { count: 0 });
    expect.verifySteps(["screen"]);
    for (const steps of [["screen"], ["screen"], ["screen"], ["screen"], ["screen", "history day"]]) {
        await advanceTime(10000);
        await expect.waitForSteps(steps);
    }
});

test("looking at the window again renews the figures at once", async () => {
    await openHealth();
    expect.verifySteps(["screen", "history day"]);
    window.dispatchEvent(new Event("focus"));
    await expect.waitForSteps(["screen"]);
});

test("without an answer the last figures stay, and it is said that they are old", async () => {
    const server = await openHealth();
    server.screen = makeServerError({ errorName: "builtins.Exception" });
    await advanceTime(10000);
    await contains("[role='alert']:contains(Odoo does not answer.)");
    await contains("button[aria-label='Webhooks waiting: 3']");
    await contains(".o_error_dialog", { count: 0 });
    server.screen = SCREEN;
    await advanceTime(10000);
    await contains("[role='alert']", { count: 0 });
    expect.verifySteps(["screen", "history day", "screen", "screen"]);
});

test("who may not see it is told so, once", async () => {
    await openHealth(makeServerError({ errorName: "odoo.exceptions.AccessError" }));
    await contains(".o_view_nocontent", { text: "Technical Health is for WhatsApp administrators" });
    await advanceTime(30000);
    expect.verifySteps(["screen", "history day"]);
});

test("a dead measuring job is said", async () => {
    await openHealth({ ...SCREEN, stale: "Nothing was measured for 4 min." });
    await contains(".o-whatsapp_cs-Health-stale", { text: "Nothing was measured for 4 min." });
    await contains(".o-whatsapp_cs-Health-fine", { count: 0 });
    expect.verifySteps(["screen", "history day"]);
});

test("failed webhooks are replayed from their figure", async () => {
    onRpc("whatsapp.cs.event", "search", ({ args }) => {
        expect.step(`search ${JSON.stringify(args[0])}`);
        return [7, 8];
    });
    onRpc("whatsapp.cs.event", "action_replay", ({ args }) => {
        expect.step(`replay ${args[0]}`);
        return false;
    });
    const line = { label: "Unknown Number", value: "2", hint: "", state: "ok", link: LINK };
    const tile = { ...TILE, code: "failed", value: "2", lines: [line] };
    await openHealth({ ...SCREEN, sections: [{ title: "Receiving", tiles: [tile] }] });
    await click("[data-code='failed'] button", { text: "Replay" });
    await contains(".o_notification", { text: "2 webhooks are processed again." });
    expect.verifySteps(["screen", "history day", 'search [["state","=","failed"]]', "replay 7,8", "screen"]);
});

test("the chart shows another subject and another period", async () => {
    await openHealth();
    await contains(".o-whatsapp_cs-HealthChart canvas[aria-label='Traffic']");
    await click("button[aria-pressed='false']", { text: "Speed" });
    await contains(".o-whatsapp_cs-HealthChart canvas[aria-label='Speed']");
    await click("button[aria-pressed='false']", { text: "7 days" });
    await contains("button[aria-pressed='true']", { text: "7 days" });
    expect.verifySteps(["screen", "history day", "history week"]);
});

test("before the first sample there is no empty chart but a word about it", async () => {
    await openHealth(SCREEN, { ...HISTORY, is_empty: true });
    await contains(".o-whatsapp_cs-Health-history:contains(The first figures come within a minute)");
    await contains("canvas", { count: 0 });
    expect.verifySteps(["screen", "history day"]);
});
