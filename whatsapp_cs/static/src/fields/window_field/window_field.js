import { Component } from "@odoo/owl";

import { WindowChip } from "@whatsapp_cs/core/common/window_chip/window_chip";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The end of a 24-hour window as a countdown. */
export class WindowField extends Component {
    static template = "whatsapp_cs.WindowField";
    static components = { WindowChip };
    static props = { ...standardFieldProps };

    get end() {
        return this.props.record.data[this.props.name] || undefined;
    }
}

registry.category("fields").add("whatsapp_cs_window", {
    component: WindowField,
    displayName: _t("WhatsApp window"),
    supportedTypes: ["datetime"],
});
