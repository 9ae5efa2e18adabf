import { Component } from "@odoo/owl";

import { PhoneReply } from "@whatsapp_cs/automation/phone_reply";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What a message would get: the reply as the phone shows it, and what each rule says. */
export class TryResultField extends Component {
    static template = "whatsapp_cs.TryResultField";
    static components = { PhoneReply };
    static props = { ...standardFieldProps };

    get result() {
        return this.props.record.data[this.props.name] || undefined;
    }
}

registry.category("fields").add("whatsapp_cs_try_result", {
    component: TryResultField,
    displayName: _t("WhatsApp trial of automatic replies"),
    supportedTypes: ["json"],
});
