import { fields, getKwArgs, models } from "@web/../tests/web_test_helpers";

/** Answers the desk as the server does, for conversations that a test creates; each stands for a thread. */
export class WhatsappCsConversation extends models.Model {
    _name = "whatsapp.cs.conversation";

    name = fields.Char();
    thread_id = fields.Integer();
    state = fields.Char();
    user_id = fields.Many2one({ relation: "res.users" });
    unanswered_date = fields.Datetime();
    last_message_date = fields.Datetime();
    text = fields.Char();

    _views = { search: `<search><field name="name"/><filter name="named" string="Named A" domain="[('name', '=', 'Ann')]"/></search>` };

    get _tabs() {
        return {
            mine: ["Mine", [["user_id", "=", this.env.uid], ["state", "in", ["assigned", "waiting"]]]],
            queue: ["Queue", [["state", "=", "queued"]]],
            resolved: ["Resolved", [["state", "=", "resolved"]]],
        };
    }

    _counts() {
        return Object.entries(this._tabs).map(([id, [name, domain]]) => {
            const waiting = this.search_read(domain).filter((row) => row.unanswered_date);
            return {
                count: this.search_count(domain),
                id,
                is_by_waiting: id !== "resolved",
                is_counted: id !== "resolved",
                name,
                since: waiting.map((row) => row.unanswered_date).sort()[0] ?? false,
                unanswered: waiting.length,
                unread: 0,
            };
        });
    }

    _row(id) {
        const [values] = this.read([id]);
        return {
            ...values,
            channel: "Shop",
            contact_id: id,
            partner_id: false,
            priority: 0,
            tags: [],
            team: false,
            preview: { is_out: false, text: values.text || "Hello", type: "text" },
            unanswered: values.unanswered_date ? 1 : 0,
            unread: 0,
            user: values.user_id ? { id: values.user_id[0], name: values.user_id[1] } : false,
            window_end_date: false,
        };
    }

    _find(tab, domain = []) {
        const ids = this.search([...this._tabs[tab][1], ...domain]);
        return ids.map((id) => this._row(id)).sort((a, b) => (a.unanswered_date > b.unanswered_date ? 1 : -1));
    }

    get_desk() {
        return { shows_channel: false, tabs: this._counts() };
    }

    get_desk_page() {
        const { domain, tab } = getKwArgs(arguments, "tab", "domain", "after");
        return { after: false, rows: this._find(tab, domain) };
    }

    get_desk_changes() {
        const { domain, ids, tab } = getKwArgs(arguments, "tab", "ids", "domain");
        return { rows: this._find(tab, domain).filter(({ id }) => ids.includes(id)), tabs: this._counts() };
    }

    get_desk_data([id]) {
        const row = this._row(id);
        return {
            cards: {
                contact: { consent: "unknown", consent_text: "Unknown", name: row.name, phone: "+1 555 0100" },
                notes: [],
                past: { conversations: [], count: 0 },
            },
            row,
        };
    }
}
