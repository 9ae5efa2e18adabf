import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";

const STATES = {
    ok: { icon: "fa-check-circle text-success", label: _t("Good") },
    warning: { icon: "fa-exclamation-triangle text-warning", label: _t("Have a look") },
    danger: { icon: "fa-times-circle text-danger", label: _t("Act now") },
    none: { icon: "fa-minus-circle text-muted", label: _t("No figure yet") },
};

/** One figure: its value, its state in an icon and words, and the way to what is behind it. */
export class HealthTile extends Component {
    static template = "whatsapp_cs.HealthTile";
    static props = { tile: Object, open: Function, replay: Function };

    get status() {
        return this.getStatus(this.props.tile.state);
    }

    getStatus(state) {
        return STATES[state] ?? STATES.none;
    }

    get canReplay() {
        const { code, lines } = this.props.tile;
        return code === "failed" && lines.length;
    }
}
