import { fields } from "@mail/core/common/record";
import { Thread } from "@mail/core/common/thread_model";

import { browser } from "@web/core/browser/browser";
import { RPCError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

/** Between two signs that the user still looks. */
export const BEAT = 30 * 1000;
/** Who has not been heard of for so long has gone: two signs and a little. */
const FORGET = 70 * 1000;
const TYPING = 60 * 1000;

patch(Thread.prototype, {
    setup() {
        super.setup(...arguments);
        this.whatsapp_cs_lock_user_id = fields.One("res.users");
        this.whatsapp_cs_lock_end = fields.Datetime({
            onUpdate() {
                this._whatsappCsFollowLock();
            },
        });
        /** Somebody has opened the conversation, and it is reserved now. */
        this.isWhatsappCsReserved = false;
        /** Colleagues who look at this chat: `{id, name, until, typingUntil}` each. */
        this.whatsappCsViewers = [];
        /** How many composers of this chat are on the screen. */
        this.whatsappCsWatchers = 0;
    },
    /** Says whether it is reserved, and looks again at the moment that ends. */
    _whatsappCsFollowLock() {
        browser.clearTimeout(this._whatsappCsLockTimer);
        if (!this.exists()) {
            return;
        }
        const left = this.whatsapp_cs_lock_end
            ? this.whatsapp_cs_lock_end.toMillis() - DateTime.now().toMillis()
            : 0;
        this.isWhatsappCsReserved = left > 0;
        if (left > 0) {
            this._whatsappCsLockTimer = browser.setTimeout(
                () => this._whatsappCsFollowLock(),
                left
            );
        }
    },
    get isWhatsappCsReservedForMe() {
        return Boolean(
            this.isWhatsappCsReserved &&
                this.whatsapp_cs_lock_user_id?.eq(this.store.self.main_user_id)
        );
    },
    /** Nobody has taken it, but a colleague has it open. */
    get isWhatsappCsReservedForOther() {
        return Boolean(
            this.isWhatsappCsFree &&
                this.isWhatsappCsReserved &&
                this.whatsapp_cs_lock_user_id &&
                !this.isWhatsappCsReservedForMe
        );
    },
    get shouldSubscribeToBusChannel() {
        return (
            super.shouldSubscribeToBusChannel ||
            Boolean(this.isWhatsappCs && !this.self_member_id && this.whatsappCsWatchers)
        );
    },
    /** Tells colleagues that the user looks, until the function it returns is called. */
    whatsappCsWatch() {
        if (++this.whatsappCsWatchers === 1) {
            this.whatsappCsSign("open");
            this._whatsappCsBeat = browser.setInterval(() => this.whatsappCsSign("here"), BEAT);
        }
        return () => {
            if (--this.whatsappCsWatchers === 0) {
                browser.clearInterval(this._whatsappCsBeat);
                // Who has begun to write keeps the conversation for the rest of the time.
                this.whatsappCsSign(this.composer?.composerText.trim() ? "gone" : "leave");
            }
        };
    },
    /** @param {"open"|"here"|"typing"|"gone"|"leave"} sign */
    async whatsappCsSign(sign) {
        // Who has left and then stops typing must not seem to be back.
        if (!this.store.has_whatsapp_cs_agent || (sign === "here" && !this.whatsappCsWatchers)) {
            return;
        }
        try {
            const { orm } = this.store.env.services;
            const args = [[this.id], sign];
            const data = await orm.silent.call("discuss.channel", "whatsapp_cs_watch", args);
            if (this.exists()) {
                this.store.insert(data);
            }
        } catch (error) {
            // The chat may be a colleague's by now, and a lost sign does no harm: the server decides who answers.
            if (!(error instanceof RPCError || error?.name === "ConnectionLostError")) {
                throw error;
            }
        }
    },
    /** Takes note of a colleague's sign. */
    whatsappCsHear({ partner, sign }) {
        if (partner.id === this.store.self_partner?.id) {
            return;
        }
        const now = DateTime.now().toMillis();
        const others = this.whatsappCsViewers.filter((viewer) => viewer.id !== partner.id);
        if (["gone", "leave"].includes(sign)) {
            this.whatsappCsViewers = others;
            return;
        }
        const viewer = {
            ...partner,
            until: now + FORGET,
            typingUntil: sign === "typing" ? now + TYPING : 0,
        };
        this.whatsappCsViewers = [...others, viewer];
        this._whatsappCsForgetViewers();
        if (sign === "open" && this.whatsappCsWatchers) {
            this.whatsappCsSign("here"); // who comes learns at once who is there
        }
    },
    _whatsappCsForgetViewers() {
        browser.clearTimeout(this._whatsappCsViewersTimer);
        if (!this.exists()) {
            return;
        }
        const now = DateTime.now().toMillis();
        this.whatsappCsViewers = this.whatsappCsViewers
            .filter((viewer) => viewer.until > now)
            .map((viewer) => ({
                ...viewer,
                typingUntil: viewer.typingUntil > now ? viewer.typingUntil : 0,
            }));
        if (this.whatsappCsViewers.length) {
            const ends = this.whatsappCsViewers.flatMap((viewer) =>
                [viewer.until, viewer.typingUntil].filter(Boolean)
            );
            this._whatsappCsViewersTimer = browser.setTimeout(
                () => this._whatsappCsForgetViewers(),
                Math.min(...ends) - now
            );
        }
    },
    delete() {
        browser.clearTimeout(this._whatsappCsLockTimer);
        browser.clearTimeout(this._whatsappCsViewersTimer);
        browser.clearInterval(this._whatsappCsBeat);
        return super.delete(...arguments);
    },
});
