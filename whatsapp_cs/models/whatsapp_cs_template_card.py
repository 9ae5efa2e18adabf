from odoo import api, fields, models


class WhatsappCsTemplateCard(models.Model):
    """One card of a template's carousel."""

    _name = "whatsapp.cs.template.card"
    _description = "WhatsApp Template Card"
    _order = "sequence, id"

    template_id = fields.Many2one("whatsapp.cs.template", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    header_type = fields.Selection([("image", "Image"), ("video", "Video")], "Header", default="image", required=True)
    media = fields.Binary("File", attachment=True, help="Goes with every message, and to WhatsApp as the sample.")
    media_name = fields.Char("File Name")
    body = fields.Text()
    button_ids = fields.One2many("whatsapp.cs.template.button", "card_id", "Buttons", copy=True)

    @api.depends("sequence", "body")
    def _compute_display_name(self):
        for card in self:
            card.display_name = (card.body or "").split("\n")[0][:60] or self.env._("Card")
