import { mailModels } from "@mail/../tests/mail_test_helpers";
import { mailDataHelpers } from "@mail/../tests/mock_server/mail_mock_server";

import { fields, makeKwArgs } from "@web/../tests/web_test_helpers";
import { patch } from "@web/core/utils/patch";

export class DiscussChannel extends mailModels.DiscussChannel {
    whatsapp_cs_partner_id = fields.Many2one({ relation: "res.partner" });
    whatsapp_cs_rest_reason = fields.Char();
    whatsapp_cs_rest_until = fields.Datetime();
    whatsapp_cs_state = fields.Char();
    whatsapp_cs_unanswered_date = fields.Datetime();
    whatsapp_cs_team = fields.Json();
    whatsapp_cs_user_id = fields.Many2one({ relation: "res.users" });
    whatsapp_cs_window_end = fields.Datetime();
    whatsapp_cs_channel_name = fields.Char();
    whatsapp_cs_lock_end = fields.Datetime();
    whatsapp_cs_snooze_until = fields.Datetime();
    whatsapp_cs_lock_user_id = fields.Many2one({ relation: "res.users" });

    /** @override */
    _to_store(store) {
        const ResPartner = this.env["res.partner"];
        const ResUsers = this.env["res.users"];
        super._to_store(...arguments);
        for (const channel of this) {
            if (channel.channel_type !== "whatsapp_cs") {
                continue;
            }
            const [user] = ResUsers.browse(channel.whatsapp_cs_user_id);
            const [lockUser] = ResUsers.browse(channel.whatsapp_cs_lock_user_id);
            for (const { partner_id } of [user, lockUser].filter(Boolean)) {
                store.add(
                    ResPartner.browse(partner_id),
                    makeKwArgs({ fields: ["avatar_128", "name"] })
                );
            }
            store._add_record_fields(this.browse(channel.id), {
                whatsapp_cs_channel_name: channel.whatsapp_cs_channel_name,
                whatsapp_cs_lock_end: channel.whatsapp_cs_lock_end,
                whatsapp_cs_snooze_until: channel.whatsapp_cs_snooze_until,
                whatsapp_cs_lock_user_id: lockUser
                    ? { id: lockUser.id, partner_id: lockUser.partner_id }
                    : false,
                whatsapp_cs_partner_id: mailDataHelpers.Store.one(
                    ResPartner.browse(channel.whatsapp_cs_partner_id),
                    makeKwArgs({ fields: ["avatar_128", "name"] })
                ),
                whatsapp_cs_rest_reason: channel.whatsapp_cs_rest_reason,
                whatsapp_cs_rest_until: channel.whatsapp_cs_rest_until,
                whatsapp_cs_state: channel.whatsapp_cs_state,
                whatsapp_cs_team: channel.whatsapp_cs_team,
                whatsapp_cs_unanswered_date: channel.whatsapp_cs_unanswered_date,
                whatsapp_cs_user_id: user ? { id: user.id, partner_id: user.partner_id } : false,
                whatsapp_cs_window_end: channel.whatsapp_cs_window_end,
            });
        }
    }

    /** What the server sends when a conversation changes hands. */
    _whatsapp_cs_notify(id) {
        const [partner] = this.env["res.partner"].browse(this.env.user.partner_id);
        this.env["bus.bus"]._sendone(
            partner,
            "mail.record/insert",
            new mailDataHelpers.Store(this.browse(id)).get_result()
        );
    }

    whatsapp_cs_take([id]) {
        this.write([id], { whatsapp_cs_state: "assigned", whatsapp_cs_user_id: this.env.uid });
        this.add_members([id], [this.env.user.partner_id]);
        this._whatsapp_cs_notify(id);
    }

    whatsapp_cs_resolve([id]) {
        this.write([id], { whatsapp_cs_state: "resolved", whatsapp_cs_user_id: false });
        this.action_unfollow([id]);
        this._whatsapp_cs_notify(id);
    }

    whatsapp_cs_release([id]) {
        this.write([id], { whatsapp_cs_state: "queued", whatsapp_cs_user_id: false });
        this.action_unfollow([id]);
        this._whatsapp_cs_notify(id);
    }

    whatsapp_cs_watch() {
        return {};
    }

    whatsapp_cs_spam() {}

    whatsapp_cs_unblock() {}

    whatsapp_cs_get_price() {
        return { price: 0, text: "Free", category: "Service", reason: "" };
    }

    whatsapp_cs_open_conversation([id]) {
        return {
            type: "ir.actions.act_window",
            res_model: "whatsapp.cs.conversation",
            res_id: id,
            views: [[false, "form"]],
        };
    }
}

patch(mailDataHelpers, {
    _process_request_for_internal_user(store, name) {
        super._process_request_for_internal_user(...arguments);
        if (name === "/whatsapp_cs/queue") {
            const DiscussChannel = this.env["discuss.channel"];
            store.add(
                DiscussChannel.browse(DiscussChannel.search([["whatsapp_cs_state", "=", "queued"]]))
            );
        }
    },
});
