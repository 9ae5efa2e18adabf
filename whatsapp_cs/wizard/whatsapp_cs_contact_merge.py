from odoo import api, fields, models


class WhatsappCsContactMerge(models.TransientModel):
    """Make one contact of two that are one person."""

    _name = "whatsapp.cs.contact.merge"
    _description = "Merge WhatsApp Contacts"

    contact_ids = fields.Many2many("whatsapp.cs.contact", required=True)
    target_id = fields.Many2one(
        "whatsapp.cs.contact",
        "Remains",
        compute="_compute_target_id",
        store=True,
        readonly=False,
        required=True,
        domain="[('id', 'in', contact_ids)]",
        ondelete="cascade",
        help="The person is written to at this one's number from now on.",
    )

    @api.depends("contact_ids")
    def _compute_target_id(self):
        """Suggest the one who wrote last: that number is in use."""
        for wizard in self:
            contacts = wizard.contact_ids.sorted(lambda c: (c.last_message_date or c.create_date, c._origin.id))
            wizard.target_id = contacts[-1:]

    def action_merge(self):
        """Merge, and show the contact that remains."""
        self.ensure_one()
        self.contact_ids._check_can_merge()
        self.target_id._merge(self.contact_ids - self.target_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.contact",
            "res_id": self.target_id.id,
            "views": [(False, "form")],
        }
