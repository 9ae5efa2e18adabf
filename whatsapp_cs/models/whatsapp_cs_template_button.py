from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WhatsappCsTemplateButton(models.Model):
    """A button below a template, or below one of its cards."""

    _name = "whatsapp.cs.template.button"
    _description = "WhatsApp Template Button"
    _order = "sequence, id"
    _rec_name = "text"

    template_id = fields.Many2one("whatsapp.cs.template", index="btree_not_null", ondelete="cascade")
    card_id = fields.Many2one("whatsapp.cs.template.card", index="btree_not_null", ondelete="cascade")
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("quick_reply", "Quick Reply"),
            ("url", "Open a Web Page"),
            ("phone", "Call a Number"),
            ("copy_code", "Copy a Code"),
            ("otp", "Copy the One-Time Code"),
            ("catalog", "Show the Catalog"),
            ("mpm", "Show Some Products"),
            ("flow", "Open a Flow"),
            ("voice_call", "Call on WhatsApp"),
            ("request_contact_info", "Ask for the Number"),
            ("other", "Other"),
        ],
        "Action",
        default="quick_reply",
        required=True,
    )
    text = fields.Char("Label")
    url = fields.Char("Web Address", help="May end with a variable: https://example.com/order/{{1}}")
    phone = fields.Char("Number")
    raw = fields.Json(readonly=True, help="The button as WhatsApp has it.")

    _has_owner = models.Constraint(
        "CHECK((template_id IS NULL) != (card_id IS NULL))", "A button belongs to a template or to one of its cards."
    )

    @api.constrains("kind", "raw")
    def _check_kind(self):
        for button in self:
            if button.kind in ("flow", "other") and not button.raw:
                raise ValidationError(
                    self.env._(
                        "This kind of button is made in WhatsApp Manager: make it there, then fetch the templates."
                    )
                )
