import { Component, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;
const MINUTE = 60 * 1000;
/** As in whatsapp_cs_waiting_alert.py */
const LONG = 5;
const TOO_LONG = 15;

/** How long a customer has waited for an answer; counts up by itself and changes its colour. */
export class WaitingChip extends Component {
    static template = "whatsapp_cs.WaitingChip";
    static props = { since: true };

    setup() {
        this.state = useState({ now: DateTime.now().toMillis() });
        const timer = browser.setInterval(
            () => (this.state.now = DateTime.now().toMillis()),
            MINUTE / 4
        );
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get minutes() {
        return Math.max(0, (this.state.now - this.props.since.toMillis()) / MINUTE);
    }

    get colour() {
        if (this.minutes < LONG) {
            return "text-bg-success";
        }
        return this.minutes <= TOO_LONG ? "text-bg-warning" : "text-bg-danger";
    }

    get text() {
        const minutes = Math.floor(this.minutes);
        const hours = Math.floor(minutes / 60);
        if (hours >= 24) {
            return _t("%(days)s d %(hours)s h", { days: Math.floor(hours / 24), hours: hours % 24 });
        }
        return hours
            ? _t("%(hours)s h %(minutes)s min", { hours, minutes: minutes % 60 })
            : _t("%(minutes)s min", { minutes });
    }

    get title() {
        return _t("Waiting since %(time)s", {
            time: this.props.since.toLocaleString(DateTime.DATETIME_MED),
        });
    }
}
