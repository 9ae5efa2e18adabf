import { Component, useState } from "@odoo/owl";

import { LockChip } from "@whatsapp_cs/core/common/watch/lock_chip";
import { WindowChip } from "@whatsapp_cs/core/common/window_chip/window_chip";

import { _t } from "@web/core/l10n/translation";
import { formatList } from "@web/core/l10n/utils";
import { useService } from "@web/core/utils/hooks";
import { user } from "@web/core/user";

const { DateTime } = luxon;

/** Says above (or in place of) the composer who may answer the customer, and what to do if nobody can. */
export class ComposerBar extends Component {
    static template = "whatsapp_cs.ComposerBar";
    static components = { LockChip, WindowChip };
    static props = ["composer"];

    setup() {
        this.store = useService("mail.store");
        this.state = useState({ isCalling: false });
    }

    get thread() {
        return this.props.composer.targetThread;
    }

    get text() {
        switch (this.thread.whatsappCsClosedReason) {
            case "role":
                return _t("You can read this conversation; only WhatsApp agents can answer it.");
            case "other":
                return _t("Answered by %(name)s.", { name: this.thread.whatsapp_cs_user_id.name });
            case "locked":
                return _t("%(name)s has opened this conversation.", {
                    name: this.thread.whatsapp_cs_lock_user_id.name,
                });
            case "spam":
                return _t("Spam: the sender is blocked. Unblock them to write to them.");
            case "window":
                return this.windowText;
        }
        if (this.thread.whatsapp_cs_snooze_until) {
            return _t("Snoozed until %(time)s, or until the customer writes.", {
                time: this.thread.whatsapp_cs_snooze_until.toLocaleString(DateTime.DATETIME_MED, {
                    locale: user.lang,
                }),
            });
        }
        if (!this.thread.isWhatsappCsFree) {
            return "";
        }
        return this.thread.whatsapp_cs_state === "resolved"
            ? _t("Answering opens this conversation again.")
            : _t("Answering takes this conversation.");
    }

    get windowText() {
        const end = this.thread.whatsapp_cs_window_end;
        if (!end) {
            return _t("WhatsApp allows free text only after the customer has written.");
        }
        return _t(
            "The 24-hour window closed at %(time)s: WhatsApp allows free text again when the customer writes.",
            { time: end.toLocaleString(DateTime.DATETIME_MED, { locale: user.lang }) }
        );
    }

    /** What was typed while the composer is not shown. */
    get draft() {
        return this.thread.whatsappCsClosedReason ? this.props.composer.composerText : "";
    }

    get canTake() {
        return (
            this.store.has_whatsapp_cs_agent &&
            this.thread.isWhatsappCsFree &&
            this.thread.whatsapp_cs_state !== "spam" &&
            !this.thread.isWhatsappCsReservedForOther
        );
    }

    get canNote() {
        // A colleague's conversation is closed to agents, for notes too.
        return this.thread.whatsappCsClosedReason === "other"
            ? this.store.has_whatsapp_cs_editor
            : this.store.has_whatsapp_cs_agent && this.thread.whatsappCsClosedReason === "window";
    }

    get canTakeOver() {
        return (
            this.store.has_whatsapp_cs_editor &&
            ["other", "locked"].includes(this.thread.whatsappCsClosedReason)
        );
    }

    /** Shown to who has it reserved, and to everybody else; not in a conversation that is done. */
    get hasLock() {
        return this.thread.isWhatsappCsReserved && Boolean(this.thread.whatsapp_cs_lock_user_id);
    }

    get viewersText() {
        const names = this.thread.whatsappCsViewers.map((viewer) =>
            viewer.typingUntil
                ? _t("%(name)s (typing…)", { name: viewer.name })
                : viewer.name
        );
        return formatList(names);
    }

    /** A template is what may be sent while the window is closed. */
    get canSendTemplate() {
        return this.thread.whatsappCsClosedReason === "window";
    }

    async onClickTake() {
        this.state.isCalling = true;
        try {
            await this.thread.whatsappCsCall("take");
        } finally {
            this.state.isCalling = false;
        }
    }
}
