import { Component, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

/**
 * The cards beside the chat. An addon adds one with
 * `registry.category("whatsapp_cs.desk_cards").add(name, { component, icon, title }, { sequence })` and sends its data
 * from `_get_desk_cards` under the same name. The component gets the props `data`, `row`, `thread`, `reload` and
 * `openConversation`.
 */
export const deskCards = registry.category("whatsapp_cs.desk_cards");

const FOLDED = "whatsapp_cs.desk.folded_cards";

export class DeskPanel extends Component {
    static template = "whatsapp_cs.DeskPanel";
    static props = {
        cards: Object,
        onClose: Function,
        openConversation: Function,
        reload: Function,
        row: Object,
        showsClose: Boolean,
        thread: Object,
    };

    setup() {
        const folded = JSON.parse(browser.localStorage.getItem(FOLDED) || "[]");
        this.state = useState({ folded: new Set(folded) });
    }

    get cards() {
        return deskCards
            .getEntries()
            .filter(([name]) => name in this.props.cards)
            .map(([name, card]) => ({ ...card, name, isFolded: this.state.folded.has(name) }));
    }

    getProps({ name }) {
        const { cards, openConversation, reload, row, thread } = this.props;
        return { data: cards[name], openConversation, reload, row, thread };
    }

    toggle(name) {
        if (!this.state.folded.delete(name)) {
            this.state.folded.add(name);
        }
        browser.localStorage.setItem(FOLDED, JSON.stringify([...this.state.folded]));
    }
}
