import { useEffect, useRef, useState } from "@odoo/owl";

import { PhoneReply } from "@whatsapp_cs/automation/phone_reply";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { TextField, textField } from "@web/views/fields/text/text_field";

const LIMIT = 256; // characters of a reply, as the server counts them (UTF-16)
const NOTICE = 150; // characters that a phone shows of a new message
const BUTTONS_LIMIT = 3;
/** What is read best on a phone, by the occasion. */
const RECOMMENDED = { greeting: [80, 120], keyword: [150, 200], off_hours: [60, 100] };

/** The text of an automatic reply, with what is left of its 256 characters and how the phone shows it. */
export class ReplyTextField extends TextField {
    static template = "whatsapp_cs.ReplyTextField";
    static components = { ...TextField.components, PhoneReply };
    static props = { ...TextField.props, preview: { type: Boolean, optional: true } };

    setup() {
        super.setup();
        this.rootRef = useRef("root");
        this.live = useState({ text: "" });
        useEffect(
            (text) => {
                this.live.text = text;
            },
            () => [this.props.record.data[this.props.name] || ""]
        );
    }

    onInput(ev) {
        this.live.text = ev.target.value;
    }

    get length() {
        return this.live.text.trim().length;
    }

    get isTooLong() {
        return this.length > LIMIT;
    }

    get counter() {
        return _t("%(length)s of %(limit)s characters", { length: this.length, limit: LIMIT });
    }

    get recommendation() {
        const bounds = RECOMMENDED[this.props.record.data.trigger];
        if (!bounds) {
            return "";
        }
        return _t("recommended: %(from)s to %(to)s", { from: bounds[0], to: bounds[1] });
    }

    get isRecommended() {
        const [from, to] = RECOMMENDED[this.props.record.data.trigger] ?? [0, LIMIT];
        return this.length >= from && this.length <= to;
    }

    /** The text with its variables as words; the server fills in the real ones. */
    get shown() {
        return this.live.text.replace(
            /\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}/g,
            (_all, name, fallback) => (fallback ?? "").trim() || `‹${name}›`
        );
    }

    get notice() {
        return this.shown.length > NOTICE ? `${this.shown.slice(0, NOTICE)}…` : this.shown;
    }

    get choices() {
        const { data } = this.props.record;
        const titles = [data.button_1, data.button_2, data.button_3].filter(Boolean);
        return data.has_person_button ? [...titles, _t("Talk to a person")] : titles;
    }

    get buttons() {
        return this.choices.length > BUTTONS_LIMIT ? [`☰ ${_t("Choose")}`] : this.choices;
    }

    get rows() {
        return this.choices.length > BUTTONS_LIMIT ? this.choices : [];
    }
}

export const replyTextField = {
    ...textField,
    component: ReplyTextField,
    displayName: _t("WhatsApp reply"),
    extractProps: (info) => ({
        ...textField.extractProps(info),
        preview: Boolean(info.options.preview),
    }),
};

registry.category("fields").add("whatsapp_cs_reply_text", replyTextField);
