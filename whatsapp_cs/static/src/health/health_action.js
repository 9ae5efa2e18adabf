import { Component, onWillStart, onWillUnmount, useExternalListener, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { HealthChart } from "./health_chart";
import { HealthTile } from "./health_tile";

const REFRESH_DELAY = 10000;
const HISTORY_DELAY = 55000; // a sample comes every minute
const MAX_REPLAYED = 1000;

/** Technical Health: whether messages flow, as it is now and as it was; see `whatsapp.cs.health`. */
export class HealthAction extends Component {
    static template = "whatsapp_cs.HealthAction";
    static components = { HealthChart, HealthTile, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.orm = useService("orm").silent;
        this.spans = { day: _t("24 hours"), week: _t("7 days") };
        this.state = useState({
            screen: null,
            history: null,
            span: "day",
            chart: "traffic",
            isDenied: false,
            isOffline: false,
        });
        onWillStart(() => this.refresh());
        const poll = browser.setInterval(() => this.onPoll(), REFRESH_DELAY);
        onWillUnmount(() => browser.clearInterval(poll));
        useExternalListener(window, "focus", () => this.onPoll());
        useExternalListener(document, "visibilitychange", () => this.onPoll());
    }

    get updated() {
        const { TIME_WITH_SECONDS } = luxon.DateTime;
        return deserializeDateTime(this.state.screen.now).toLocaleString(TIME_WITH_SECONDS);
    }

    get chart() {
        return this.state.history.charts.find(({ code }) => code === this.state.chart);
    }

    onPoll() {
        if (document.visibilityState !== "hidden" && !this.state.isDenied) {
            this.refresh();
        }
    }

    /** Read everything that is not fresh, unless that is going on already. */
    async refresh() {
        if (!this.isLoading) {
            this.isLoading = true;
            await this.attempt(() => Promise.all([this.loadScreen(), this.loadHistory()]));
            this.isLoading = false;
        }
    }

    /** Ask the server; when it does not answer, say so on the screen and not in a dialog every ten seconds. */
    async attempt(ask) {
        try {
            await ask();
            this.state.isOffline = false;
        } catch (error) {
            this.state.isDenied = error.exceptionName === "odoo.exceptions.AccessError";
            this.state.isOffline = !this.state.isDenied;
        }
    }

    async loadScreen() {
        this.state.screen = await this.orm.call("whatsapp.cs.health", "get_screen", []);
    }

    async loadHistory() {
        const { history, span } = this.state;
        if (history?.span === span && Date.now() - history.time < HISTORY_DELAY) {
            return;
        }
        const data = await this.orm.call("whatsapp.cs.health", "get_history", [span]);
        if (span === this.state.span) {
            this.state.history = { ...data, span, time: Date.now() };
        }
    }

    async chooseSpan(span) {
        this.state.span = span;
        await this.attempt(() => this.loadHistory());
    }

    chooseChart(code) {
        this.state.chart = code;
    }

    /** Open the records behind a figure. */
    async open({ action, name, domain = [], context = {} }) {
        const definition = await this.action.loadAction(action);
        this.action.doAction({ ...definition, name, display_name: name, domain, context });
    }

    openHistory() {
        this.action.doAction("whatsapp_cs.whatsapp_cs_health_sample_action");
    }

    openAlerts() {
        this.action.doAction("whatsapp_cs.whatsapp_cs_alert_action");
    }

    async replay() {
        const domain = [["state", "=", "failed"]];
        const ids = await this.orm.search("whatsapp.cs.event", domain, { limit: MAX_REPLAYED, order: "id" });
        await this.orm.call("whatsapp.cs.event", "action_replay", [ids]);
        this.notification.add(_t("%s webhooks are processed again.", ids.length), { type: "success" });
        await this.refresh();
    }
}

registry.category("actions").add("whatsapp_cs.health", HealthAction);
