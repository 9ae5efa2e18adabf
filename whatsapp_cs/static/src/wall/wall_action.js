import { Component, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useDraggable } from "@web/core/utils/draggable";
import { useService } from "@web/core/utils/hooks";
import { imageUrl } from "@web/core/utils/urls";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatWaiting, getMinutesSince, getWaitingLevel } from "@whatsapp_cs/desk/desk_time";
import { DeskWaiting } from "@whatsapp_cs/desk/desk_waiting";

const TICK = 15000; // waiting times grow by themselves
const DELAY = 300; // changes that come together are read together

const STATUS = {
    available: _t("Available"),
    break: _t("Break"),
    busy: _t("Busy"),
    offline: _t("Offline"),
};
/** Who can be given something first. */
const STATUS_ORDER = ["available", "busy", "break", "offline"];

/** The supervisor's wall: who waits and who could answer; a conversation is given away by dragging it, or by menu. */
export class WallAction extends Component {
    static template = "whatsapp_cs.WallAction";
    static components = { DeskWaiting, Dropdown, DropdownItem, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.notification = useService("notification");
        this.orm = useService("orm").silent;
        this.root = useRef("root");
        this.state = useState({ data: undefined, isDenied: false, isOffline: false, now: Date.now(), over: undefined });
        onWillStart(() => this.load());
        this.setupLive();
        useDraggable({
            cursor: "grabbing",
            elements: ".o-whatsapp_cs-WallCase",
            ignore: "button",
            ref: this.root,
            onDrag: ({ x, y }) => (this.state.over = this.findAgent(x, y)?.id),
            onDragEnd: () => (this.state.over = undefined),
            onDrop: ({ element, x, y }) => this.drop(Number(element.dataset.id), this.findAgent(x, y)),
        });
    }

    // === DATA ===

    setupLive() {
        const note = () => (this.timer ??= browser.setTimeout(() => this.load(), DELAY));
        const channels = ["whatsapp_cs.wall", "whatsapp_cs.desk"];
        const types = ["whatsapp_cs.wall", "whatsapp_cs.desk/changed"];
        channels.forEach((channel) => this.bus.addChannel(channel));
        types.forEach((type) => this.bus.subscribe(type, note));
        this.bus.addEventListener("BUS:RECONNECT", note);
        const tick = browser.setInterval(() => (this.state.now = Date.now()), TICK);
        onWillUnmount(() => {
            channels.forEach((channel) => this.bus.deleteChannel(channel));
            types.forEach((type) => this.bus.unsubscribe(type, note));
            this.bus.removeEventListener("BUS:RECONNECT", note);
            browser.clearInterval(tick);
            browser.clearTimeout(this.timer);
        });
    }

    async load() {
        try {
            this.state.data = await this.orm.call("whatsapp.cs.conversation", "get_wall", []);
            this.state.isOffline = false;
        } catch (error) {
            this.state.isDenied = error.exceptionName === "odoo.exceptions.AccessError";
            this.state.isOffline = !this.state.isDenied;
        }
        this.state.now = Date.now();
        this.timer = undefined;
    }

    get agents() {
        const rank = ({ status }) => STATUS_ORDER.indexOf(status);
        return [...this.state.data.agents].sort(
            (a, b) => rank(a) - rank(b) || a.load - b.load || a.name.localeCompare(b.name)
        );
    }

    get available() {
        return this.state.data.agents.filter(({ status }) => status === "available").length;
    }

    /** Teams whose queue somebody waits in, or who have members at work; the others say nothing. */
    get teams() {
        return this.state.data.teams.filter(({ online, waiting }) => waiting || online);
    }

    getLevel(since) {
        const minutes = getMinutesSince(since, this.state.now);
        return minutes === undefined ? undefined : getWaitingLevel(minutes);
    }

    formatSince(since) {
        const minutes = getMinutesSince(since, this.state.now);
        return minutes === undefined ? "" : formatWaiting(minutes);
    }

    getStatus(agent) {
        return agent.reason || STATUS[agent.status];
    }

    getLoadTitle({ capacity, load }) {
        return capacity
            ? _t("%(load)s of %(capacity)s conversations", { capacity, load })
            : _t("%s conversations", load);
    }

    /** How full an agent is, in percent. */
    getShare({ capacity, load }) {
        return capacity ? Math.min(100, Math.round((100 * load) / capacity)) : 0;
    }

    getTeamTitle({ free, online }) {
        return _t("%(online)s agents at work, %(free)s with room for more", { free, online });
    }

    getAvatar({ partner_id }) {
        return imageUrl("res.partner", partner_id, "avatar_128");
    }

    // === GIVING AWAY ===

    /** The agent whose card is at a place; by its box, since nothing can be hit while something is dragged. */
    findAgent(x, y) {
        const card = [...this.root.el.querySelectorAll(".o-whatsapp_cs-WallAgent")].find((element) => {
            const { bottom, left, right, top } = element.getBoundingClientRect();
            return x >= left && x <= right && y >= top && y <= bottom;
        });
        return card && this.state.data.agents.find(({ id }) => id === Number(card.dataset.id));
    }

    async drop(id, agent) {
        const row = this.state.data.waiting_rows.find((waiting) => waiting.id === id);
        if (row && agent) {
            await this.assign(row, agent);
        }
    }

    async assign(row, agent) {
        try {
            await this.orm.call("whatsapp.cs.conversation", "action_assign", [[row.id], agent.id]);
            this.notification.add(_t("%(customer)s was given to %(agent)s.", { agent: agent.name, customer: row.name }), {
                type: "success",
            });
        } finally {
            await this.load();
        }
    }

    // === LISTS BEHIND THE NUMBERS ===

    async openList(name, domain) {
        const action = await this.action.loadAction("whatsapp_cs.whatsapp_cs_conversation_action");
        this.action.doAction({ ...action, context: {}, display_name: name, domain, name });
    }

    openTeam({ id, name }) {
        this.openList(name, [
            ["state", "=", "queued"],
            ["team_id", "=", id],
        ]);
    }

    openAgent({ id, name }) {
        this.openList(name, [
            ["user_id", "=", id],
            ["state", "=", "assigned"],
        ]);
    }

    openDesk(row) {
        this.action.doAction("whatsapp_cs.whatsapp_cs_desk_action", {
            additionalContext: { active_id: `conversation_${row.id}` },
        });
    }
}

registry.category("actions").add("whatsapp_cs.wall", WallAction);
