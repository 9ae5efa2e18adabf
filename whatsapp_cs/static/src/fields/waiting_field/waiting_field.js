import { Component } from "@odoo/owl";

import { WaitingChip } from "@whatsapp_cs/core/common/waiting_chip/waiting_chip";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The date since which a customer waits, as the time that has passed. */
export class WaitingField extends Component {
    static template = "whatsapp_cs.WaitingField";
    static components = { WaitingChip };
    static props = { ...standardFieldProps };

    get since() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("whatsapp_cs_waiting", {
    component: WaitingField,
    displayName: _t("WhatsApp waiting time"),
    supportedTypes: ["datetime"],
});
