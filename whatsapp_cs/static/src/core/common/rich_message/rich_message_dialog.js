import { Component, useState } from "@odoo/owl";

import { MessageCard } from "@whatsapp_cs/core/common/message_card/message_card";

import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { RPCError } from "@web/core/network/rpc";
import { useAutofocus, useService } from "@web/core/utils/hooks";

/** Meta's limits in characters; the server checks them again (tools/message_payload.py). */
const LIMITS = {
    body: 1024,
    listBody: 4096,
    header: 60,
    footer: 60,
    button: 20,
    rowTitle: 24,
    rowDescription: 72,
    sectionTitle: 24,
};
const MAX_BUTTONS = 3;
const MAX_ROWS = 10;

/** Enters a message with more than text, with counters and a preview of what the customer sees. */
export class RichMessageDialog extends Component {
    static template = "whatsapp_cs.RichMessageDialog";
    static components = { Dialog, MessageCard, MultiRecordSelector };
    static props = ["close", "composer", "kind", "title", "values?"];

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.limits = LIMITS;
        useAutofocus({ refName: "first" });
        this.state = useState({
            isSending: false,
            error: "",
            // What was typed already becomes the text above the choices.
            body: this.hasBody ? this.props.composer.composerText : "",
            header: "",
            footer: "",
            buttons: ["", ""],
            opener: _t("Choose"),
            sections: [{ title: "", rows: [{ title: "", description: "" }] }],
            label: "",
            url: "https://",
            latitude: "",
            longitude: "",
            name: "",
            address: "",
            partner_ids: [],
            products: "",
            flow: "",
            ...this.props.values,
        });
    }

    get thread() {
        return this.props.composer.targetThread;
    }

    get hasBody() {
        return !["location", "contacts"].includes(this.props.kind);
    }

    get hasHeader() {
        return ["buttons", "list", "link", "products", "flow"].includes(this.props.kind);
    }

    get bodyLimit() {
        return this.props.kind === "list" ? LIMITS.listBody : LIMITS.body;
    }

    get rowCount() {
        return this.state.sections.reduce((count, section) => count + section.rows.length, 0);
    }

    get canAddRow() {
        return this.rowCount < MAX_ROWS;
    }

    get canAddButton() {
        return this.state.buttons.length < MAX_BUTTONS;
    }

    /** JavaScript counts in UTF-16 units, which is how WhatsApp may count an emoji. */
    counter(text, limit) {
        return `${(text ?? "").length} / ${limit}`;
    }

    isTooLong(text, limit) {
        return (text ?? "").length > limit;
    }

    get values() {
        return {
            ...this.state,
            products: this.state.products.split(/[\s,;]+/).filter(Boolean),
        };
    }

    /** The card the chat will show. */
    get previewMessage() {
        const { state } = this;
        const cards = {
            buttons: { kind: "buttons", buttons: state.buttons.filter((title) => title.trim()) },
            list: {
                kind: "buttons",
                opener: state.opener || "…",
                sections: state.sections.map((section) => ({
                    ...section,
                    rows: section.rows.filter((row) => row.title),
                })),
            },
            link: { kind: "buttons", link: state.label || "…", url: state.url },
            location_request: { kind: "buttons", type: "location_request_message" },
            location: {
                kind: "location",
                name: state.name,
                address: state.address,
                latitude: state.latitude,
                longitude: state.longitude,
                url: "#",
            },
            products: { kind: "buttons", buttons: this.values.products },
            flow: { kind: "buttons", link: state.label || "…" },
        };
        const card = cards[this.props.kind];
        return card && { id: 0, whatsapp_cs_card: { ...card, footer: state.footer } };
    }

    addRow(section) {
        section.rows.push({ title: "", description: "" });
    }

    removeRow(section, index) {
        section.rows.splice(index, 1);
        if (!section.rows.length && this.state.sections.length > 1) {
            this.state.sections.splice(this.state.sections.indexOf(section), 1);
        }
    }

    addSection() {
        this.state.sections.push({ title: "", rows: [{ title: "", description: "" }] });
    }

    useOwnPlace() {
        navigator.geolocation?.getCurrentPosition(
            ({ coords }) => {
                this.state.latitude = coords.latitude.toFixed(6);
                this.state.longitude = coords.longitude.toFixed(6);
            },
            () => (this.state.error = _t("The browser does not tell where you are. Enter the place by hand."))
        );
    }

    async send() {
        this.state.isSending = true;
        this.state.error = "";
        try {
            await this.orm.silent.call("discuss.channel", "whatsapp_cs_send_rich", [
                [this.thread.id],
                this.props.kind,
                this.values,
            ]);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error;
            }
            this.state.error = error.data?.message || error.message;
            return;
        } finally {
            this.state.isSending = false;
        }
        if (this.hasBody) {
            this.props.composer.clear();
        }
        this.props.close();
    }
}
