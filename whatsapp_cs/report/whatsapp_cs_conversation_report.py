from odoo import fields, models
from odoo.tools import SQL


class WhatsappCsConversationReport(models.Model):
    """Figures of conversations for pivot and graph: who, when, how long. No text, no customer."""

    _name = "whatsapp.cs.conversation.report"
    _description = "WhatsApp Conversation Analysis"
    _auto = False
    _order = "date desc"
    _rec_name = "id"
    _depends = {
        "whatsapp.cs.conversation": [
            "active", "channel_id", "company_id", "first_message_date", "first_response_date", "inbound_count",
            "outbound_count", "resolved_date", "state", "user_id",
        ],
    }  # fmt: skip

    channel_id = fields.Many2one("whatsapp.cs.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", "Agent", readonly=True)
    state = fields.Selection(
        lambda self: self.env["whatsapp.cs.conversation"]._fields["state"].selection, readonly=True
    )
    date = fields.Datetime("Started", readonly=True)
    inbound_count = fields.Integer("Received Messages", readonly=True)
    outbound_count = fields.Integer("Sent Messages", readonly=True)
    first_response_minutes = fields.Float("First Response (Minutes)", readonly=True, aggregator="avg")
    resolution_hours = fields.Float("Time to Resolution (Hours)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT id, channel_id, company_id, user_id, state, first_message_date AS date, inbound_count, outbound_count,
                   EXTRACT(epoch FROM first_response_date - first_message_date) / 60 AS first_response_minutes,
                   EXTRACT(epoch FROM resolved_date - first_message_date) / 3600 AS resolution_hours
              FROM whatsapp_cs_conversation
             WHERE active
            """
        )
