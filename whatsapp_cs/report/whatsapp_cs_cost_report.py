from odoo import fields, models
from odoo.tools import SQL


class WhatsappCsCostReport(models.Model):
    """Costs of messages for pivot and graph: when, by which number, for what. No text, no customer (KP7)."""

    _name = "whatsapp.cs.cost.report"
    _description = "WhatsApp Cost Analysis"
    _auto = False
    _order = "date desc"
    _rec_name = "id"
    _depends = {
        "whatsapp.cs.message": [
            "category", "channel_id", "company_id", "contact_id", "cost", "date", "direction", "is_price_reported",
            "price", "pricing_type", "state", "surcharge", "user_id",
        ],
        "whatsapp.cs.contact": ["country_id"],
        "whatsapp.cs.channel": ["account_id"],
    }  # fmt: skip

    date = fields.Datetime(readonly=True)
    account_id = fields.Many2one("whatsapp.cs.account", readonly=True)
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", "Agent", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    category = fields.Selection(
        lambda self: self.env["whatsapp.cs.message"]._fields["category"].selection, readonly=True
    )
    pricing_type = fields.Selection(
        lambda self: self.env["whatsapp.cs.message"]._fields["pricing_type"].selection, "Pricing", readonly=True
    )
    is_price_reported = fields.Boolean("Reported by WhatsApp", readonly=True)
    message_count = fields.Integer("Messages", readonly=True)
    price = fields.Float("WhatsApp's Price", digits=(16, 4), readonly=True)
    surcharge = fields.Float("Own Surcharge", digits=(16, 4), readonly=True)
    cost = fields.Float(digits=(16, 4), readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT message.id, message.date, channel.account_id, message.channel_id, message.company_id, message.user_id,
                   contact.country_id, message.category, message.pricing_type, message.is_price_reported,
                   1 AS message_count, message.price, message.surcharge, message.cost
              FROM whatsapp_cs_message message
              JOIN whatsapp_cs_channel channel ON channel.id = message.channel_id
              JOIN whatsapp_cs_contact contact ON contact.id = message.contact_id
             WHERE message.direction = 'out' AND message.state IN ('sent', 'delivered', 'read')
            """
        )
