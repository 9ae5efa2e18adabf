import { Component, markup, onWillStart, useEffect, useRef, useState } from "@odoo/owl";

import { BotMap } from "@whatsapp_cs/bot/bot_map";

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** Talk with a bot as on a phone. The server's engine answers; nothing is sent, nothing is written. */
export class BotRunThrough extends Component {
    static template = "whatsapp_cs.BotRunThrough";
    static components = { BotMap };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.chatRef = useRef("chat");
        this.inputRef = useRef("input");
        this.state = useState({
            chat: [],
            run: null,
            isOver: false,
            isAsking: false,
            map: { nodes: [], edges: [] },
            languages: [],
            lang: "",
            typed: "",
            opened: null,
        });
        onWillStart(() => this.restart());
        useEffect(
            () => {
                this.chatRef.el.scrollTop = this.chatRef.el.scrollHeight;
            },
            () => [this.state.chat.length, this.state.opened]
        );
    }

    get botId() {
        return this.props.action.params.bot_id;
    }

    get path() {
        return this.state.run?.path ?? [];
    }

    get pathNames() {
        const names = Object.fromEntries(this.state.map.nodes.map(({ key, name }) => [key, name]));
        return this.path.map((key) => names[key]);
    }

    async restart() {
        Object.assign(this.state, { chat: [], run: null, isOver: false, opened: null });
        await this.ask({});
    }

    async chooseLanguage(ev) {
        this.state.lang = ev.target.value;
        await this.restart();
    }

    async send() {
        const text = this.state.typed.trim();
        if (text) {
            this.state.typed = "";
            await this.say(text);
        }
    }

    async press({ id, title }) {
        this.state.opened = null;
        await this.say(title, id);
    }

    async say(text, choice = "") {
        if (this.state.isAsking || this.state.isOver) {
            return;
        }
        this.state.chat.push({ kind: "own", text });
        await this.ask({ text, choice });
        this.inputRef.el?.focus();
    }

    async ask(message) {
        this.state.isAsking = true;
        try {
            const answer = await this.orm.call("whatsapp.cs.bot", "run_through", [[this.botId]], {
                ...message,
                state: this.state.run,
                lang: this.state.lang || null,
            });
            for (const shown of answer.shown) {
                this.state.chat.push({ ...shown, html: shown.html && markup(shown.html) });
            }
            Object.assign(this.state, {
                run: answer.state,
                isOver: answer.is_over,
                map: answer.map,
                languages: answer.languages,
                lang: answer.lang,
            });
        } finally {
            this.state.isAsking = false;
        }
    }
}

registry.category("actions").add("whatsapp_cs.bot_run_through", BotRunThrough);
