import { Component, markup, onWillStart, useState } from "@odoo/owl";

import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { KeepLast } from "@web/core/utils/concurrency";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const DELAY = 300; // milliseconds after the last key

/** Chooses a message template for a chat, fills it, shows it and sends it. */
export class TemplatePicker extends Component {
    static template = "whatsapp_cs.TemplatePicker";
    static components = { Dialog };
    static props = ["close", "thread"];

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.keepLast = new KeepLast();
        this.state = useState({
            search: "",
            templates: [],
            more: 0,
            isLoaded: false,
            chosen: undefined,
            variables: [],
            preview: "",
            refusal: "",
            notice: "",
            isSending: false,
        });
        useAutofocus({ refName: "search" });
        this.onSearchDebounced = useDebounced(() => this.load(), DELAY);
        this.onValueDebounced = useDebounced(() => this.refresh(), DELAY);
        onWillStart(() => this.load());
    }

    get title() {
        return _t("Send a template to %(customer)s", { customer: this.props.thread.displayName });
    }

    get values() {
        return Object.fromEntries(this.state.variables.map(({ key, value }) => [key, value]));
    }

    get isComplete() {
        return this.state.variables.every(({ value }) => value.trim());
    }

    get canSend() {
        const { chosen, isSending, refusal } = this.state;
        return chosen && !isSending && !refusal && this.isComplete;
    }

    call(method, ...args) {
        return this.orm.call("discuss.channel", `whatsapp_cs_${method}`, [
            [this.props.thread.id],
            ...args,
        ]);
    }

    async load() {
        const { templates, more } = await this.keepLast.add(
            this.call("get_templates", this.state.search)
        );
        Object.assign(this.state, { templates, more, isLoaded: true });
        if (templates.length === 1 && this.state.chosen?.id !== templates[0].id) {
            await this.choose(templates[0]);
        }
    }

    async choose(template) {
        this.state.chosen = template;
        this.show(await this.keepLast.add(this.call("get_template", template.id)));
    }

    async refresh() {
        if (this.state.chosen) {
            const { preview, refusal, notice } = await this.keepLast.add(
                this.call("get_template", this.state.chosen.id, this.values)
            );
            this.show({ preview, refusal, notice });
        }
    }

    show({ preview, ...data }) {
        // made by the server's own template, in which all values are escaped
        Object.assign(this.state, { ...data, preview: markup(preview) });
    }

    async send() {
        this.state.isSending = true;
        try {
            await this.call("send_template", this.state.chosen.id, this.values);
            this.props.close();
        } finally {
            this.state.isSending = false;
        }
    }
}
