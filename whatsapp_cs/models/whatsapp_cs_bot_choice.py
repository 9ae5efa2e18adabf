from odoo import fields, models


class WhatsappCsBotChoice(models.Model):
    """An answer that a bot's question offers: a button, or a row of a list."""

    _name = "whatsapp.cs.bot.choice"
    _description = "WhatsApp Bot Answer Offered"
    _order = "sequence, id"
    _rec_name = "title"

    step_id = fields.Many2one("whatsapp.cs.bot.step", required=True, index=True, ondelete="cascade")
    bot_id = fields.Many2one(related="step_id.bot_id")
    sequence = fields.Integer(default=10)
    title = fields.Char(required=True, translate=True, help="At most 20 characters on a button, 24 in a list.")
    description = fields.Char(translate=True, help="In lists only: below the title, at most 72 characters.")
    value = fields.Char(help="What is written to the field; empty: the title as the customer reads it.")
    next_id = fields.Many2one(
        "whatsapp.cs.bot.step",
        "Goes On With",
        domain="[('bot_id', '=', bot_id)]",
        index="btree_not_null",
        ondelete="set null",
        help="Empty: as the step does.",
    )

    def _prepare_definition(self):
        self.ensure_one()
        get_texts = self.env["whatsapp.cs.bot.step"]._get_texts
        return {
            "key": str(self._origin.id or self.id.ref or self.id),
            "title": get_texts(self, "title"),
            "description": get_texts(self, "description"),
            "value": self.value or "",
            "next": self.next_id._get_key() if self.next_id else None,
        }
