import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const POLL_DELAY = 2000;
const STATES = {
    waiting: { icon: "fa-circle-o text-muted", label: _t("Not started") },
    running: { icon: "fa-circle-o-notch fa-spin text-primary", label: _t("Running") },
    done: { icon: "fa-check-circle text-success", label: _t("Done") },
    failed: { icon: "fa-times-circle text-danger", label: _t("Failed") },
};

/** What happens while an account connects, step by step, as it happens. */
export class ConnectionStepsField extends Component {
    static template = "whatsapp_cs.ConnectionStepsField";
    static props = { ...standardFieldProps };

    setup() {
        this.live = useState({ steps: null });
        const busService = useService("bus_service");
        const onSteps = (payload) => this.onSteps(payload);
        busService.subscribe("whatsapp_cs.account/steps", onSteps);
        busService.start();
        onWillUnmount(() => busService.unsubscribe("whatsapp_cs.account/steps", onSteps));
        // The notification may have come before this was mounted, or be lost.
        useEffect(
            (isConnecting) => {
                if (isConnecting) {
                    const poll = browser.setInterval(() => this.reload(), POLL_DELAY);
                    return () => browser.clearInterval(poll);
                }
            },
            () => [this.props.record.data.state === "connecting"]
        );
    }

    get steps() {
        const steps = this.live.steps ?? this.props.record.data[this.props.name];
        return (steps || []).map((step) => ({ ...step, ...this.getState(step) }));
    }

    getState({ state }) {
        const { icon, label } = STATES[state] ?? STATES.waiting;
        return { icon, stateLabel: label };
    }

    onSteps({ id, steps, state }) {
        const { resModel, resId } = this.props.record;
        if (resModel !== "whatsapp.cs.account" || resId !== id) {
            return;
        }
        this.live.steps = steps;
        if (state !== this.props.record.data.state) {
            this.reload();
        }
    }

    async reload() {
        const { record } = this.props;
        // Also asks fields whose text is not taken over yet: what somebody types counts more.
        if (await record.isDirty()) {
            return;
        }
        await record.load();
        this.live.steps = null;
    }
}

export const connectionStepsField = {
    component: ConnectionStepsField,
    displayName: _t("WhatsApp connection steps"),
    fieldDependencies: [{ name: "state", type: "selection" }],
    supportedTypes: ["json"],
};

registry.category("fields").add("whatsapp_cs_connection_steps", connectionStepsField);
