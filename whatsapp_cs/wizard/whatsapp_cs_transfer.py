from odoo import api, fields, models


class WhatsappCsTransfer(models.TransientModel):
    """Hand conversations to a colleague, or to a team."""

    _name = "whatsapp.cs.transfer"
    _description = "Transfer WhatsApp Conversations"

    conversation_ids = fields.Many2many("whatsapp.cs.conversation", required=True)
    company_ids = fields.Many2many("res.company", compute="_compute_company_ids")
    user_id = fields.Many2one(
        "res.users",
        "Agent",
        domain=lambda self: [
            ("share", "=", False),
            ("all_group_ids", "in", self.env.ref("whatsapp_cs.whatsapp_cs_group_agent").ids),
        ],
    )
    team_id = fields.Many2one("whatsapp.cs.team", domain="[('company_id', 'in', company_ids)]")
    reason = fields.Char(help="Your colleague reads it first; it stays in the history.")
    warning = fields.Char(compute="_compute_warning")

    @api.depends("conversation_ids")
    def _compute_company_ids(self):
        for wizard in self:
            wizard.company_ids = wizard.conversation_ids.company_id

    @api.depends("user_id")
    def _compute_warning(self):
        for wizard in self:
            user = wizard.user_id
            wizard.warning = bool(user and user.whatsapp_cs_status != "available") and self.env._(
                "%s is not available at the moment: the customer may wait long.", user.name
            )

    def action_transfer(self):
        self.ensure_one()
        # sudo: whatsapp.cs.transfer - all that it was opened for: what a colleague has got meanwhile is refused, not left out
        conversations = self.sudo().conversation_ids.sudo(False)
        conversations._transfer(self.user_id, self.team_id, self.reason)
        return {"type": "ir.actions.act_window_close"}
