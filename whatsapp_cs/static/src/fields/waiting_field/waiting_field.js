import { Component, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { DeskWaiting } from "@whatsapp_cs/desk/desk_waiting";

const TICK = 30000;

/** Since when a customer waits, as the desk shows it. */
export class WaitingField extends Component {
    static template = "whatsapp_cs.WaitingField";
    static components = { DeskWaiting };
    static props = standardFieldProps;

    setup() {
        this.state = useState({ now: Date.now() });
        const timer = browser.setInterval(() => (this.state.now = Date.now()), TICK);
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get date() {
        const value = this.props.record.data[this.props.name];
        return value ? serializeDateTime(value) : undefined;
    }
}

registry.category("fields").add("whatsapp_cs_waiting", {
    component: WaitingField,
    displayName: _t("WhatsApp waiting time"),
    supportedTypes: ["datetime"],
});
