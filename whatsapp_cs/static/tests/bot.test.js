import { click, contains, insertText } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { getService, mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

import { BotMap } from "@whatsapp_cs/bot/bot_map";
import { defineWhatsappCsModels } from "@whatsapp_cs/../tests/whatsapp_cs_test_helpers";

describe.current.tags("desktop");
defineWhatsappCsModels();

const node = (key, name, kind, column, layer, finding = "") => ({
    key, name, kind, column, layer, finding, kind_label: kind, is_start: key === "1",
});
const MAP = {
    nodes: [
        node("1", "Skin", "buttons", 0, 0),
        node("2", "Tips", "products", -0.5, 1),
        node("3", "Doctor", "hand_over", 0.5, 1),
        node("4", "Island", "message", 1, 0, "unreachable"),
    ],
    edges: [
        { source: "1", target: "2", label: "Dry", is_back: false },
        { source: "1", target: "2", label: "Oily", is_back: false },
        { source: "1", target: "3", label: "Sore", is_back: false },
        { source: "2", target: "1", label: "", is_back: true },
    ],
};

test("the map shows steps, ways, and what is wrong", async () => {
    await mountWithCleanup(BotMap, { props: { map: MAP, onNodeClick: ({ key }) => expect.step(key) } });
    await contains(".o-whatsapp_cs-BotMap-node", { count: 4 });
    await contains(".o-whatsapp_cs-BotMap-line", { count: 3 });
    await contains(".o-whatsapp_cs-BotMap-label", { text: "Dry, Oily" });
    await contains("g.o-whatsapp_cs-BotMap-back", { count: 1 });
    await contains(".o-whatsapp_cs-BotMap-unreachable", { text: "No step leads here" });
    await contains(".o-whatsapp_cs-BotMap-legend", { text: "Goes back (loop)" });
    await click(".o-whatsapp_cs-BotMap-node:contains(Doctor)");
    expect.verifySteps(["3"]);
});

test("a run-through goes as on a phone, with the path taken", async () => {
    const question = {
        kind: "say",
        type: "buttons",
        html: "What is your <b>skin</b> like?",
        footer: "",
        buttons: [
            { id: "a", title: "Dry" },
            { id: "b", title: "Oily" },
        ],
    };
    const common = { map: MAP, languages: [["en_US", "English"], ["hi_IN", "Hindi"]], lang: "en_US" };
    onRpc("whatsapp.cs.bot", "run_through", ({ args, kwargs }) => {
        expect.step(`${args[0]} ${kwargs.choice ?? ""} ${kwargs.text ?? ""} ${kwargs.lang ?? ""}`.trim());
        return kwargs.state
            ? {
                  ...common,
                  state: { step: null, path: ["1", "2"] },
                  shown: [{ kind: "note", text: "The bot ends" }],
                  is_over: true,
              }
            : { ...common, state: { step: "1", path: ["1"] }, shown: [question], is_over: false };
    });
    await mountWithCleanup(WebClient);
    getService("action").doAction({
        type: "ir.actions.client",
        tag: "whatsapp_cs.bot_run_through",
        target: "new",
        params: { bot_id: 7 },
    });
    await contains(".o-whatsapp_cs-BotRunThrough-said b", { text: "skin" });
    await contains(".o-whatsapp_cs-BotMap-current", { text: "Skin" });
    await click(".o-whatsapp_cs-BotRunThrough-button:contains(Dry)");
    await contains(".o-whatsapp_cs-BotRunThrough-own", { text: "Dry" });
    await contains(".o-whatsapp_cs-BotRunThrough-note", { text: "The bot ends" });
    await contains(".o-whatsapp_cs-BotRunThrough-path", { text: "Path taken: Skin → Tips" });
    await contains(".o-whatsapp_cs-BotMap-takenLine", { count: 1 });
    await contains("input[placeholder='Message']:disabled");
    await click(".o-whatsapp_cs-BotRunThrough-bar button");
    await contains(".o-whatsapp_cs-BotRunThrough-own", { count: 0 });
    await insertText("input[placeholder='Message']", "oily");
    await click("button[title='Send']");
    await contains(".o-whatsapp_cs-BotRunThrough-own", { text: "oily" });
    expect.verifySteps(["7", "7 a Dry en_US", "7   en_US", "7  oily en_US"]);
});
