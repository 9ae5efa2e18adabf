from odoo import api, fields, models

from .whatsapp_cs_conversation import GROUP_AGENT


class WhatsappCsReplyUse(models.Model):
    """A canned reply that was sent, or a macro that was run: who, when, for whom. No text."""

    _name = "whatsapp.cs.reply.use"
    _description = "WhatsApp Use of Replies and Macros"
    _order = "id desc"
    _rec_name = "date"
    _log_access = False

    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    kind = fields.Selection([("reply", "Canned Reply"), ("macro", "Macro")], required=True, readonly=True)
    canned_response_id = fields.Many2one(
        "mail.canned.response", "Canned Reply", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    macro_id = fields.Many2one("whatsapp.cs.macro", readonly=True, index="btree_not_null", ondelete="cascade")
    user_id = fields.Many2one("res.users", "Agent", readonly=True, ondelete="set null")
    conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", readonly=True, index="btree_not_null", ondelete="cascade", groups=GROUP_AGENT
    )
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", readonly=True, ondelete="set null")
    company_id = fields.Many2one("res.company", readonly=True, index=True, ondelete="cascade")
    before = fields.Json(readonly=True, groups="base.group_system", help="How the conversation was before a macro.")
    after = fields.Json(readonly=True, groups="base.group_system", help="How it was after it.")
    undone_date = fields.Datetime("Undone On", readonly=True)

    @api.model
    def _note(self, conversation, *, responses=None, macro=None, before=None, after=None):
        """Count replies (``mail.canned.response``), or a macro, that the current user has just used in a conversation."""
        values = {
            "user_id": self.env.uid,
            "conversation_id": conversation.id,
            "channel_id": conversation.channel_id.id,
            "company_id": conversation.company_id.id,
        }
        kinds = [{"kind": "reply", "canned_response_id": response.id} for response in responses or ()]
        if macro:
            kinds.append({"kind": "macro", "macro_id": macro.id, "before": before, "after": after})
        # sudo: whatsapp.cs.reply.use - everybody's uses are counted; nobody writes them by hand
        return self.sudo().create([values | kind for kind in kinds])
