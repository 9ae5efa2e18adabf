import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** Queues a template for many customers, some with each request, and shows how far it is. */
export class TemplateProgress extends Component {
    static template = "whatsapp_cs.TemplateProgress";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        const { wizard_id, ...progress } = this.props.action.params;
        this.wizardId = wizard_id;
        this.state = useState({ ...progress, isStopped: false, error: "" });
        onMounted(() => this.run());
        onWillUnmount(() => {
            this.state.isStopped = true;
        });
    }

    get done() {
        return this.state.total - this.state.waiting;
    }

    get percent() {
        return Math.round((100 * this.done) / Math.max(1, this.state.total));
    }

    async run() {
        Object.assign(this.state, { isStopped: false, error: "" });
        try {
            while (this.state.waiting && !this.state.isStopped) {
                Object.assign(
                    this.state,
                    await this.orm.call("whatsapp.cs.template.send", "send_next", [[this.wizardId]])
                );
            }
        } catch (error) {
            // What was queued is queued once, whatever happened to this answer: it can simply go on.
            this.state.error = error.data?.message || _t("The connection broke. You can go on.");
            this.state.isStopped = true;
        }
    }

    stop() {
        this.state.isStopped = true;
    }

    async showLines() {
        this.action.doAction(
            await this.orm.call("whatsapp.cs.template.send", "action_view_lines", [[this.wizardId]])
        );
    }

    close() {
        this.action.doAction({ type: "ir.actions.act_window_close" });
    }
}

registry.category("actions").add("whatsapp_cs.template_progress", TemplateProgress);
