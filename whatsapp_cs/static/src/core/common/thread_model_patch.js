import { fields } from "@mail/core/common/record";
import { Thread } from "@mail/core/common/thread_model";
import { TemplatePicker } from "@whatsapp_cs/template/template_picker";

import { browser } from "@web/core/browser/browser";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;
const MAX_TIMEOUT = 2 ** 31 - 1;

patch(Thread.prototype, {
    setup() {
        super.setup(...arguments);
        this.whatsapp_cs_partner_id = fields.One("res.partner");
        /** @type {"new"|"bot"|"queued"|"assigned"|"waiting"|"snoozed"|"resolved"|"spam"|undefined} */
        this.whatsapp_cs_state = undefined;
        /** The customer's first message nobody has answered yet. */
        this.whatsapp_cs_unanswered_date = fields.Datetime();
        this.whatsapp_cs_user_id = fields.One("res.users");
        this.whatsapp_cs_snooze_until = fields.Datetime();
        this.whatsapp_cs_window_end = fields.Datetime({
            onUpdate() {
                this._whatsappCsWatchWindow();
            },
        });
        /** @type {string|undefined} */
        this.whatsapp_cs_channel_name = undefined;
        /** @type {{id: number, name: string}|false|undefined} the team in whose queue it waits, or waited */
        this.whatsapp_cs_team = undefined;
        this.isWhatsappCsWindowOpen = false;
        /** Only editors find it in a queue. */
        this.whatsapp_cs_is_sensitive = false;
        /** What a slash in the composer offers (see `whatsapp_cs_get_palette`). */
        this.whatsappCsPalette = undefined;
    },
    /** Says whether the window is open, and looks again at the moment it closes. */
    _whatsappCsWatchWindow() {
        browser.clearTimeout(this._whatsappCsWindowTimer);
        if (!this.exists()) {
            return;
        }
        const left = this.whatsapp_cs_window_end
            ? this.whatsapp_cs_window_end.toMillis() - DateTime.now().toMillis()
            : 0;
        this.isWhatsappCsWindowOpen = left > 0;
        if (left > 0) {
            this._whatsappCsWindowTimer = browser.setTimeout(
                () => this._whatsappCsWatchWindow(),
                Math.min(left, MAX_TIMEOUT)
            );
        }
    },
    delete() {
        browser.clearTimeout(this._whatsappCsWindowTimer);
        return super.delete(...arguments);
    },
    get isWhatsappCs() {
        return this.channel_type === "whatsapp_cs";
    },
    get isWhatsappCsActive() {
        return (
            this.isWhatsappCs && ["assigned", "waiting", "snoozed"].includes(this.whatsapp_cs_state)
        );
    },
    get isWhatsappCsMine() {
        return (
            this.isWhatsappCsActive &&
            Boolean(this.whatsapp_cs_user_id?.eq(this.store.self.main_user_id))
        );
    },
    /** Nobody has it: whoever answers takes it. */
    get isWhatsappCsFree() {
        return this.isWhatsappCs && !(this.isWhatsappCsActive && this.whatsapp_cs_user_id);
    },
    /**
     * Why the customer can't be answered from here, for display; the server decides.
     *
     * @returns {"role"|"other"|"locked"|"spam"|"window"|undefined}
     */
    get whatsappCsClosedReason() {
        if (!this.isWhatsappCs) {
            return undefined;
        }
        if (!this.store.has_whatsapp_cs_agent) {
            return "role";
        }
        if (!this.isWhatsappCsFree && !this.isWhatsappCsMine) {
            return "other";
        }
        if (this.isWhatsappCsReservedForOther) {
            return "locked";
        }
        if (this.whatsapp_cs_state === "spam") {
            return "spam";
        }
        return this.isWhatsappCsWindowOpen ? undefined : "window";
    },
    /** @param {string} action the part of the method name after `whatsapp_cs_` */
    async whatsappCsCall(action) {
        const { orm, action: actionService } = this.store.env.services;
        const result = await orm.call("discuss.channel", `whatsapp_cs_${action}`, [[this.id]]);
        if (result?.type) {
            actionService.doAction(result);
        }
    },
    whatsappCsOpenTemplatePicker() {
        this.store.env.services.dialog.add(TemplatePicker, { thread: this });
    },
    get avatarUrl() {
        if (this.isWhatsappCs) {
            return this.whatsapp_cs_partner_id?.avatarUrl ?? this.store.DEFAULT_AVATAR;
        }
        return super.avatarUrl;
    },
    get isChatChannel() {
        return this.isWhatsappCs || super.isChatChannel;
    },
    get supportsCustomChannelName() {
        return !this.isWhatsappCs && super.supportsCustomChannelName;
    },
    /** The customer is no member: the only other member would be a colleague. */
    computeCorrespondent() {
        return this.isWhatsappCs ? undefined : super.computeCorrespondent();
    },
});
