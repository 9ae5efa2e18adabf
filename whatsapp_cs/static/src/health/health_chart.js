import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";

import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { localization } from "@web/core/l10n/localization";

const { DateTime } = luxon;
const scheme = cookie.get("color_scheme");
const GRID_COLOR = getCustomColor(scheme, "#d8dadd", "#3C3E4B");
const LABEL_COLOR = getCustomColor(scheme, "#111827", "#E4E4E4");
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]]; // lines differ by more than their colour

/** A few lines over the same stretch of time. A gap means that nothing was measured. */
export class HealthChart extends Component {
    static template = "whatsapp_cs.HealthChart";
    static props = { chart: Object, starts: Array, span: String };

    setup() {
        this.canvasRef = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                const chart = new window.Chart(this.canvasRef.el, this.config);
                return () => chart.destroy();
            },
            () => [this.props.chart, this.props.starts]
        );
    }

    get labels() {
        const format =
            this.props.span === "day"
                ? DateTime.TIME_SIMPLE
                : { weekday: "short", hour: "numeric", minute: "2-digit" };
        return this.props.starts.map((start) => DateTime.fromSeconds(start).toLocaleString(format));
    }

    get datasets() {
        return this.props.chart.lines.map(({ label, values }, index) => {
            const color = getColor(index, scheme, "sm");
            return {
                label,
                data: values.map((value) => value ?? null),
                borderColor: color,
                backgroundColor: color,
                borderDash: DASHES[index % DASHES.length],
                borderWidth: 2,
                pointRadius: 1.5,
                pointHitRadius: 8,
            };
        });
    }

    get config() {
        const rtl = localization.direction === "rtl";
        const axis = { grid: { color: GRID_COLOR }, ticks: { color: LABEL_COLOR, maxRotation: 0, autoSkipPadding: 16 } };
        return {
            type: "line",
            data: { labels: this.labels, datasets: this.datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { rtl, position: "bottom", labels: { color: LABEL_COLOR, usePointStyle: true, pointStyle: "line" } },
                    tooltip: { rtl },
                },
                scales: {
                    x: { ...axis, reverse: rtl },
                    y: { ...axis, beginAtZero: true, suggestedMax: 5, position: rtl ? "right" : "left" },
                },
            },
        };
    }
}
