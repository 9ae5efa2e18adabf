import { Component, useState } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/core/utils/numbers";

const MEDIA = {
    image: { icon: "fa-image", label: _t("Photo") },
    video: { icon: "fa-film", label: _t("Video") },
    audio: { icon: "fa-music", label: _t("Audio file") },
    voice: { icon: "fa-microphone", label: _t("Voice message") },
    document: { icon: "fa-file-o", label: _t("Document") },
    sticker: { icon: "fa-smile-o", label: _t("Sticker") },
};
const UNSUPPORTED = {
    poll: _t("a poll"),
    edit: _t("a change of an earlier message"),
    button: _t("a button of another business"),
    view_once: _t("a photo or video that can be seen once"),
    event: _t("an event"),
};

/** What a WhatsApp message holds beside text, or in place of it. Everything in `card` was typed by somebody. */
export class MessageCard extends Component {
    static template = "whatsapp_cs.MessageCard";
    static props = ["message"];

    setup() {
        this.store = useService("mail.store");
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ isSaving: false });
    }

    get card() {
        return this.props.message.whatsapp_cs_card;
    }

    get context() {
        return this.card.context ?? {};
    }

    get media() {
        return MEDIA[this.card.media] ?? MEDIA.document;
    }

    get adTitle() {
        const { headline, body, source_id } = this.context.ad;
        return headline || body || source_id || _t("Ad");
    }

    get unsupportedText() {
        const what = UNSUPPORTED[this.card.type];
        return what
            ? _t("The customer sent %(what)s. WhatsApp does not pass that on to businesses: ask for it as text or picture.", { what })
            : _t("The customer sent something that WhatsApp does not pass on to businesses. Ask for it as text or picture.");
    }

    get unknownText() {
        return _t("A message of a kind this version does not know (%(type)s). It is kept as it came.", {
            type: this.card.type || "?",
        });
    }

    get systemText() {
        const type = this.card.type || "";
        if (type.endsWith("changed_number")) {
            return _t("The customer's number has changed.");
        }
        if (type.endsWith("changed_user_id")) {
            return _t("The customer's WhatsApp user id has changed.");
        }
        if (type.endsWith("identity_changed")) {
            return _t("New phone or newly installed WhatsApp: make sure who it is before you talk about private matters.");
        }
        return "";
    }

    formatAmount(value, currency) {
        return `${formatFloat(value, { digits: [0, 2] })} ${currency ?? ""}`.trim();
    }

    get canSave() {
        return this.store.has_whatsapp_cs_agent;
    }

    /** Opens the partner of a contact card; the server finds it, or prepares a new one. */
    async onClickSave(index) {
        this.state.isSaving = true;
        try {
            this.action.doAction(
                await this.orm.call("mail.message", "whatsapp_cs_save_contact", [[this.props.message.id], index])
            );
        } finally {
            this.state.isSaving = false;
        }
    }

    async onClickLoadAgain() {
        this.state.isSaving = true;
        try {
            this.store.insert(
                await this.orm.call("mail.message", "whatsapp_cs_load_media", [[this.props.message.id]])
            );
        } finally {
            this.state.isSaving = false;
        }
    }
}
