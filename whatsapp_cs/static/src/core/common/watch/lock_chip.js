import { Component, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;
const SECOND = 1000;

/** Who has a conversation open, and for how long it is reserved; counts down by itself. */
export class LockChip extends Component {
    static template = "whatsapp_cs.LockChip";
    static props = { end: true, isMine: Boolean, name: String };

    setup() {
        this.state = useState({ now: DateTime.now().toMillis() });
        const timer = browser.setInterval(
            () => (this.state.now = DateTime.now().toMillis()),
            SECOND
        );
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get left() {
        const seconds = Math.max(
            0,
            Math.round((this.props.end.toMillis() - this.state.now) / SECOND)
        );
        return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }

    get title() {
        return this.props.isMine
            ? _t("Reserved for you for %(left)s. An answer renews it.", { left: this.left })
            : _t("%(name)s has it open; reserved for %(left)s.", {
                  name: this.props.name,
                  left: this.left,
              });
    }
}
