import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";

import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { normalize } from "@web/core/l10n/utils";

/** Shows what a macro will do in a chat, step by step, and does it when the agent says so. */
export class MacroDialog extends Component {
    static template = "whatsapp_cs.MacroDialog";
    static components = { Dialog };
    static props = { close: Function, macro: { type: Object, optional: true }, thread: Object };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.runButton = useRef("run");
        this.state = useState({
            macro: undefined,
            macros: undefined,
            steps: [],
            search: "",
            error: "",
            isRunning: false,
        });
        useAutofocus({ refName: "search" });
        // Enter runs what is shown.
        useEffect(
            () => this.runButton.el?.focus(),
            () => [this.state.macro]
        );
        onWillStart(() => (this.props.macro ? this.choose(this.props.macro) : this.load()));
    }

    get title() {
        return this.state.macro ? this.state.macro.name : _t("Run a Macro");
    }

    get found() {
        const search = normalize(this.state.search);
        return (this.state.macros ?? []).filter(({ name, text }) =>
            normalize(`${name} ${text}`).includes(search)
        );
    }

    get canRun() {
        return !this.state.isRunning && this.state.steps.every((step) => !step.refusal);
    }

    call(method, ...args) {
        return this.orm.silent.call("discuss.channel", `whatsapp_cs_${method}`, [
            [this.props.thread.id],
            ...args,
        ]);
    }

    async load() {
        const items = await this.call("get_palette");
        this.state.macros = items.filter((item) => item.kind === "macro");
    }

    async choose(macro) {
        this.state.steps = await this.call("preview_macro", macro.id);
        this.state.macro = macro;
    }

    async run() {
        this.state.isRunning = true;
        this.state.error = "";
        let useId;
        try {
            useId = await this.call("run_macro", this.state.macro.id);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error;
            }
            this.state.error = error.data?.message || error.message;
            return;
        } finally {
            this.state.isRunning = false;
        }
        this.notifyDone(this.state.macro, useId);
        this.props.close();
    }

    notifyDone(macro, useId) {
        // Not this.orm: what a closed dialog calls is never done.
        const { notification, orm } = this.env.services;
        const threadId = this.props.thread.id;
        const closeDone = notification.add(_t("“%s” is done.", macro.name), {
            type: "success",
            autocloseDelay: 15000,
            ...(useId && {
                buttons: [
                    {
                        name: _t("Undo"),
                        onClick: async () => {
                            closeDone();
                            const kept = await orm.call("discuss.channel", "whatsapp_cs_undo_macro", [
                                [threadId],
                                useId,
                            ]);
                            notification.add(
                                kept.length
                                    ? _t("Undone, except what can't be taken back: %s", kept.join(", "))
                                    : _t("Undone."),
                                { type: "info" }
                            );
                        },
                    },
                ],
            }),
        });
    }
}
