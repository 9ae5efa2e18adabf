import { Component, useState } from "@odoo/owl";

import { Dropdown } from "@web/core/dropdown/dropdown";
import { useDropdownState } from "@web/core/dropdown/dropdown_hooks";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** The agent's own status: what it is, since when, and the switch. */
export class AgentStatusMenu extends Component {
    static template = "whatsapp_cs.AgentStatusMenu";
    static components = { Dropdown, DropdownItem };
    static props = {};

    setup() {
        this.service = useService("whatsapp_cs.agent_status");
        this.status = useState(this.service.status);
        this.dropdown = useDropdownState();
        this.state = useState({ reason: "" });
    }

    get choices() {
        return [
            { state: "available", label: _t("Available"), help: _t("Conversations come to you") },
            { state: "busy", label: _t("Busy"), help: _t("At work, but nothing new comes to you") },
            { state: "offline", label: _t("Offline"), help: _t("Your working time ends") },
        ];
    }

    get reasons() {
        return [_t("Short break"), _t("Lunch"), _t("Meeting"), _t("Training")];
    }

    get label() {
        if (this.status.state === "break") {
            return this.status.reason;
        }
        return this.choices.find(({ state }) => state === this.status.state).label;
    }

    get since() {
        return (
            this.status.since &&
            deserializeDateTime(this.status.since).toLocaleString(luxon.DateTime.TIME_SIMPLE)
        );
    }

    get title() {
        return this.since
            ? _t("WhatsApp: %(status)s since %(time)s", { status: this.label, time: this.since })
            : _t("WhatsApp: %s", this.label);
    }

    set(state, reason) {
        this.state.reason = "";
        this.dropdown.close();
        return this.service.set(state, reason);
    }

    onReasonKeydown(ev) {
        ev.stopPropagation(); // the menu would take letters for its own shortcuts
        if (ev.key === "Enter" && this.state.reason.trim()) {
            this.set("break", this.state.reason);
        }
    }
}

registry
    .category("systray")
    .add("whatsapp_cs.agent_status", { Component: AgentStatusMenu }, { sequence: 30 });
