import { Component, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;
const MINUTE = 60 * 1000;
const SOON = 2 * 60 * MINUTE;

/** How long free text may still be sent; counts down by itself. */
export class WindowChip extends Component {
    static template = "whatsapp_cs.WindowChip";
    static props = { end: { optional: true } };

    setup() {
        this.state = useState({ now: DateTime.now().toMillis() });
        const timer = browser.setInterval(
            () => (this.state.now = DateTime.now().toMillis()),
            MINUTE / 2
        );
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get left() {
        return this.props.end ? this.props.end.toMillis() - this.state.now : 0;
    }

    get isOpen() {
        return this.left > 0;
    }

    get isSoon() {
        return this.isOpen && this.left < SOON;
    }

    get text() {
        if (!this.isOpen) {
            return _t("Window closed");
        }
        const minutes = Math.max(1, Math.floor(this.left / MINUTE));
        const hours = Math.floor(minutes / 60);
        return hours
            ? _t("%(hours)s h %(minutes)s min", { hours, minutes: minutes % 60 })
            : _t("%(minutes)s min", { minutes });
    }

    get title() {
        return this.isOpen
            ? _t("WhatsApp allows free text until %(time)s.", {
                  time: this.props.end.toLocaleString(DateTime.DATETIME_MED),
              })
            : _t("WhatsApp allows templates only, until the customer writes again.");
    }
}
