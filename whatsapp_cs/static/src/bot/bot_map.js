import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";

const NODE = { width: 172, height: 56 };
const GAP = { x: 36, y: 58 };
const MARGIN = { x: 64, y: 16 };
const LABEL_LENGTH = 24;
const ICONS = {
    message: "fa-comment-o",
    buttons: "fa-hand-pointer-o",
    list: "fa-list-ul",
    text: "fa-pencil",
    branch: "fa-code-fork",
    set: "fa-database",
    products: "fa-shopping-bag",
    action: "fa-cogs",
    hand_over: "fa-user-o",
    end: "fa-flag-checkered",
};
const FINDINGS = {
    unreachable: _t("No step leads here"),
    dead_end: _t("Nothing follows"),
    trapped: _t("Never comes to an end"),
    idle_loop: _t("Goes round without a question"),
    problem: _t("To be mended"),
    weak: _t("Often handed over to a person"),
};

/** A bot's steps and the ways between them, drawn from what the server has laid out (tools/bot_graph.py). */
export class BotMap extends Component {
    static template = "whatsapp_cs.BotMap";
    static props = {
        map: Object,
        path: { type: Array, optional: true },
        current: { type: String, optional: true },
        onNodeClick: { type: Function, optional: true },
    };
    static defaultProps = { path: [] };

    get left() {
        return Math.min(0, ...this.props.map.nodes.map(({ column }) => column));
    }

    get nodes() {
        return this.props.map.nodes.map((node, index) => ({
            ...node,
            index,
            x: MARGIN.x + (node.column - this.left) * (NODE.width + GAP.x),
            y: MARGIN.y + node.layer * (NODE.height + GAP.y),
            icon: ICONS[node.kind] ?? "fa-circle-o",
            findingLabel: FINDINGS[node.finding] ?? "",
            title: [node.name, FINDINGS[node.finding]].filter(Boolean).join(": "),
            isTaken: this.props.path.includes(node.key),
            isCurrent: this.props.current === node.key,
        }));
    }

    get size() {
        const nodes = this.nodes;
        return {
            width: Math.max(0, ...nodes.map(({ x }) => x)) + NODE.width + MARGIN.x,
            height: Math.max(0, ...nodes.map(({ y }) => y)) + NODE.height + MARGIN.y,
        };
    }

    /** Ways between the same two steps are one line with all their labels. */
    get edges() {
        const places = Object.fromEntries(this.nodes.map((node) => [node.key, node]));
        const lines = new Map();
        for (const edge of this.props.map.edges) {
            const key = `${edge.source}>${edge.target}`;
            const line = lines.get(key) ?? { key, labels: [], isBack: edge.is_back, ...edge };
            line.labels.push(edge.label);
            lines.set(key, line);
        }
        return [...lines.values()].map((line) => {
            const label = line.labels.filter(Boolean).join(", ");
            return {
                ...line,
                ...this.getLine(places[line.source], places[line.target], line.isBack),
                title: label,
                label: label.length > LABEL_LENGTH ? `${label.slice(0, LABEL_LENGTH - 1)}…` : label,
                isTaken: this.isTaken(line),
            };
        });
    }

    isTaken({ source, target }) {
        return this.props.path.some((key, index) => key === source && this.props.path[index + 1] === target);
    }

    getLine(from, to, isBack) {
        if (isBack) {
            return this.getLineBack(from, to);
        }
        const [x1, y1] = [from.x + NODE.width / 2, from.y + NODE.height];
        const [x2, y2] = [to.x + NODE.width / 2, to.y - 5];
        if (to.layer - from.layer > 1) {
            return this.getLongLine(x1, y1, x2, y2, this.getLane(from, to));
        }
        const bend = GAP.y / 2;
        return {
            d: `M ${x1} ${y1} C ${x1} ${y1 + bend}, ${x2} ${y2 - bend}, ${x2} ${y2}`,
            labelX: (x1 + x2) / 2,
            labelY: (y1 + y2) / 2 + 4,
        };
    }

    /** A way over several layers runs beside the steps between, on the nearer side. */
    getLane(from, to) {
        const between = this.nodes.filter(({ layer }) => layer > from.layer && layer < to.layer);
        const left = Math.min(...between.map(({ x }) => x)) - GAP.x / 2;
        const right = Math.max(...between.map(({ x }) => x)) + NODE.width + GAP.x / 2;
        const middle = (from.x + to.x + NODE.width) / 2;
        return Math.abs(middle - left) < Math.abs(right - middle) ? left : right;
    }

    getLongLine(x1, y1, x2, y2, lane) {
        const bend = GAP.y;
        return {
            d:
                `M ${x1} ${y1} C ${x1} ${y1 + bend}, ${lane} ${y1}, ${lane} ${y1 + bend} ` +
                `L ${lane} ${y2 - bend} C ${lane} ${y2}, ${x2} ${y2 - bend}, ${x2} ${y2}`,
            labelX: lane,
            labelY: y1 + bend * 1.5,
        };
    }

    /** A way back leaves and arrives at the right, beyond all steps that it passes. */
    getLineBack(from, to) {
        const passed = this.nodes.filter(({ layer }) => layer >= to.layer && layer <= from.layer);
        const lane = Math.max(...passed.map(({ x }) => x)) + NODE.width + GAP.x * 0.8;
        const [x1, x2] = [from.x + NODE.width, to.x + NODE.width + 5];
        const [y1, y2] = [from.y + NODE.height / 2, to.y + NODE.height / 2 - (from === to ? 14 : 0)];
        const bend = Math.min(NODE.height, (y1 - y2) / 2);
        return {
            d:
                `M ${x1} ${y1} C ${lane} ${y1}, ${lane} ${y1}, ${lane} ${y1 - bend} ` +
                `L ${lane} ${y2 + bend} C ${lane} ${y2}, ${lane} ${y2}, ${x2} ${y2}`,
            labelX: lane,
            labelY: (y1 + y2) / 2 + 4,
        };
    }

    /** What the colours that occur mean. */
    get legend() {
        const findings = new Set(this.props.map.nodes.map(({ finding }) => finding).filter(Boolean));
        return [
            ...[...findings].map((finding) => ({ name: finding, label: FINDINGS[finding] })),
            ...(this.props.map.edges.some((edge) => edge.is_back) ? [{ name: "back", label: _t("Goes back (loop)") }] : []),
            ...(this.props.path.length ? [{ name: "taken", label: _t("Path taken") }] : []),
        ];
    }

    nodeClass(node) {
        return [
            node.finding && `o-whatsapp_cs-BotMap-${node.finding}`,
            node.is_start && "o-whatsapp_cs-BotMap-start",
            ["hand_over", "end"].includes(node.kind) && "o-whatsapp_cs-BotMap-end",
            node.isTaken && "o-whatsapp_cs-BotMap-taken",
            node.isCurrent && "o-whatsapp_cs-BotMap-current",
        ]
            .filter(Boolean)
            .join(" ");
    }
}
