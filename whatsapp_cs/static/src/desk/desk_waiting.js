import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";

import { formatFull, formatWaiting, getMinutesSince, getWaitingLevel } from "./desk_time";

/** How long a customer has been waiting; the colour says whether that is too long. */
export class DeskWaiting extends Component {
    static template = "whatsapp_cs.DeskWaiting";
    static props = { date: String, now: Number };

    get minutes() {
        return getMinutesSince(this.props.date, this.props.now);
    }

    get level() {
        return getWaitingLevel(this.minutes);
    }

    get text() {
        return formatWaiting(this.minutes);
    }

    get title() {
        return _t("Waiting for an answer since %s", formatFull(this.props.date));
    }
}
