import { Component, useState } from "@odoo/owl";

import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { useService } from "@web/core/utils/hooks";

import { deskCards } from "./desk_panel";
import { formatDate, formatFull } from "./desk_time";

const { DateTime } = luxon;

/** What all cards get and can do. */
export class DeskCard extends Component {
    static props = { data: Object, openConversation: Function, reload: Function, row: Object, thread: Object };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.store = useService("mail.store");
        this.thread = useState(this.props.thread);
        this.state = useState({ isBusy: false });
    }

    get data() {
        return this.props.data;
    }

    formatDate(date) {
        return formatDate(date, DateTime.now().toMillis());
    }

    formatFull(date) {
        return formatFull(date);
    }

    openRecord(resModel, resId) {
        this.action.doAction({
            res_id: resId,
            res_model: resModel,
            type: "ir.actions.act_window",
            views: [[false, "form"]],
        });
    }

    /** Call a method of the conversation, once at a time, and show what came of it. */
    async call(method, ...args) {
        await this.run(() => this.orm.call("whatsapp.cs.conversation", method, [[this.props.row.id], ...args]));
    }

    async run(work) {
        if (!this.state.isBusy) {
            this.state.isBusy = true;
            try {
                await work();
                await this.props.reload();
            } finally {
                this.state.isBusy = false;
            }
        }
    }
}

export class DeskContactCard extends DeskCard {
    static template = "whatsapp_cs.DeskContactCard";

    get consentClass() {
        return { in: "text-success", out: "text-danger" }[this.data.consent] ?? "text-muted";
    }

    get hasOpenWindow() {
        return this.thread.isWhatsappCsWindowOpen;
    }
}

export class DeskLeadCard extends DeskCard {
    static template = "whatsapp_cs.DeskLeadCard";

    get stages() {
        const { is_lost, stage_id, stages } = this.data;
        const current = stages.findIndex(({ id }) => id === stage_id);
        return stages.map((stage, index) => ({
            ...stage,
            isCurrent: index === current,
            isDone: !is_lost && index < current,
        }));
    }

    async setStage(stage) {
        if (stage.id !== this.data.stage_id) {
            await this.call("action_set_lead_stage", stage.id);
        }
    }
}

export class DeskTagsCard extends DeskCard {
    static template = "whatsapp_cs.DeskTagsCard";
    static components = { MultiRecordSelector };

    get selectorProps() {
        return {
            placeholder: this.data.ids.length ? "" : _t("Add a tag…"),
            resIds: this.data.ids,
            resModel: "whatsapp.cs.tag",
            update: (ids) => this.call("action_set_tags", ids),
        };
    }
}

export class DeskNotesCard extends DeskCard {
    static template = "whatsapp_cs.DeskNotesCard";
    static props = { ...DeskCard.props, data: Array };

    write() {
        const { composer } = this.thread;
        if (!composer.isWhatsappCsNote) {
            composer.whatsappCsToggleNote();
        }
        composer.autofocus++;
    }

    show(note) {
        this.props.openConversation({ id: this.props.row.id, messageId: note.id });
    }
}

export class DeskPastCard extends DeskCard {
    static template = "whatsapp_cs.DeskPastCard";

    get rest() {
        return this.data.count - this.data.conversations.length;
    }

    show({ id, message_id }) {
        this.props.openConversation({ id, messageId: message_id });
    }

    async showAll() {
        const ids = [this.props.row.contact_id];
        this.action.doAction(await this.orm.call("whatsapp.cs.contact", "action_view_conversations", [ids]));
    }
}

export class DeskActivitiesCard extends DeskCard {
    static template = "whatsapp_cs.DeskActivitiesCard";

    formatDeadline(date) {
        const days = Math.round(deserializeDate(date).diff(DateTime.now().startOf("day"), "days").days);
        if (days === 0) {
            return _t("Today");
        }
        if (days === 1) {
            return _t("Tomorrow");
        }
        return days === -1 ? _t("Yesterday") : deserializeDate(date).toLocaleString({ day: "numeric", month: "short" });
    }

    async schedule() {
        await this.run(() => this.store.scheduleActivity(this.data.res_model, [this.data.res_id]));
    }

    getDoneTitle({ text }) {
        return _t("Mark as done: %s", text);
    }

    async markDone(activity) {
        await this.run(() => this.orm.call("mail.activity", "action_done", [[activity.id]]));
    }
}

deskCards
    .add("contact", { component: DeskContactCard, icon: "fa-user", title: _t("Customer") }, { sequence: 10 })
    .add("lead", { component: DeskLeadCard, icon: "fa-star", title: _t("Lead") }, { sequence: 20 })
    .add("tags", { component: DeskTagsCard, icon: "fa-tags", title: _t("Tags") }, { sequence: 30 })
    .add("notes", { component: DeskNotesCard, icon: "fa-sticky-note-o", title: _t("Notes") }, { sequence: 40 })
    .add("activities", { component: DeskActivitiesCard, icon: "fa-calendar-check-o", title: _t("Activities") }, { sequence: 50 })
    .add("past", { component: DeskPastCard, icon: "fa-history", title: _t("Earlier conversations") }, { sequence: 80 });
