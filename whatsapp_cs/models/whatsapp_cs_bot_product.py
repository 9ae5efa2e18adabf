from odoo import fields, models


class WhatsappCsBotProduct(models.Model):
    """Something that a bot can recommend, and to whom: to those for whom all its conditions hold."""

    _name = "whatsapp.cs.bot.product"
    _description = "WhatsApp Bot Product"
    _order = "sequence, id"

    bot_id = fields.Many2one("whatsapp.cs.bot", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    name = fields.Char("Product", required=True, translate=True)
    price = fields.Char(translate=True, help="As the customer reads it, such as ₹ 499.")
    text = fields.Char("In a Few Words", translate=True)
    url = fields.Char("Link")
    code = fields.Char(
        "Catalogue Code",
        help="The product's content ID in the catalogue at Meta. When all that are recommended have one, and the number has a "
        "catalogue, they are sent as products with pictures.",
    )
    condition_ids = fields.One2many("whatsapp.cs.bot.condition", "product_id", "For Whom", copy=True)

    def _prepare_definition(self):
        self.ensure_one()
        get_texts = self.env["whatsapp.cs.bot.step"]._get_texts
        return {
            "key": str(self._origin.id or self.id.ref or self.id),
            "name": get_texts(self, "name"),
            "price": get_texts(self, "price"),
            "text": get_texts(self, "text"),
            "url": self.url or "",
            "code": self.code or "",
            "conditions": [condition._prepare_definition() for condition in self.condition_ids],
        }
