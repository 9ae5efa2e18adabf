import { Component } from "@odoo/owl";

import { isMacOS } from "@web/core/browser/feature_detection";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";

/** What the keys do; `alt` works while somebody writes, too. */
export const SHORTCUTS = [
    { id: "next", keys: ["n"], alt: "n", name: _t("Next customer: the longest waiting") },
    { id: "below", keys: ["j"], alt: "arrowdown", name: _t("Conversation below") },
    { id: "above", keys: ["k"], alt: "arrowup", name: _t("Conversation above") },
    { id: "write", keys: ["c"], name: _t("Write to the customer") },
    { id: "note", keys: ["m"], name: _t("Write an internal note") },
    { id: "take", keys: ["t"], name: _t("Take the conversation") },
    { id: "resolve", keys: ["e"], name: _t("Resolve the conversation") },
    { id: "release", keys: ["u"], name: _t("Return the conversation to the queue") },
    { id: "transfer", keys: ["r"], name: _t("Hand the conversation over") },
    { id: "snooze", keys: ["s"], name: _t("Snooze the conversation") },
    { id: "panel", keys: ["i"], name: _t("Show or hide customer and case") },
    { id: "search", keys: ["/"], name: _t("Search") },
    { id: "list", keys: ["l"], name: _t("To the list of conversations") },
    { id: "help", keys: ["?"], name: _t("These shortcuts") },
];

const KEY_NAMES = { arrowdown: "↓", arrowup: "↑" };

export class DeskShortcuts extends Component {
    static template = "whatsapp_cs.DeskShortcuts";
    static components = { Dialog };
    static props = { close: Function, tabs: Array };

    get title() {
        return _t("Keyboard shortcuts");
    }

    get shortcuts() {
        const alt = isMacOS() ? "Ctrl" : "Alt";
        return [
            ...SHORTCUTS.map(({ keys, alt: key, name }) => ({
                keys: [...keys.map((k) => [k.toUpperCase()]), ...(key ? [[alt, KEY_NAMES[key] ?? key.toUpperCase()]] : [])],
                name,
            })),
            ...this.props.tabs.map((tab, index) => ({
                keys: [[String(index + 1)]],
                name: _t("List: %s", tab.name),
            })),
        ];
    }
}
