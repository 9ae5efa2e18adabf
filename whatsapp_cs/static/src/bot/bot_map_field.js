import { Component } from "@odoo/owl";

import { BotMap } from "@whatsapp_cs/bot/bot_map";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The map of a bot beside its steps; pressing a step opens it. */
export class BotMapField extends Component {
    static template = "whatsapp_cs.BotMapField";
    static components = { BotMap };
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get map() {
        return this.props.record.data[this.props.name];
    }

    /** Steps of a published version are past: there is nothing to open. */
    get onNodeClick() {
        return this.props.record.resModel === "whatsapp.cs.bot" ? (node) => this.openStep(node) : undefined;
    }

    async openStep({ index }) {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        // A step that was new has its number only now; the order is the same.
        await this.action.doAction(
            {
                type: "ir.actions.act_window",
                name: _t("Step"),
                res_model: "whatsapp.cs.bot.step",
                res_id: Number(this.map.nodes[index].key),
                views: [[false, "form"]],
                target: "new",
            },
            { onClose: () => record.load() }
        );
    }
}

export const botMapField = {
    component: BotMapField,
    displayName: _t("WhatsApp bot map"),
    supportedTypes: ["json"],
};

registry.category("fields").add("whatsapp_cs_bot_map", botMapField);
