from odoo import api, fields, models
from odoo.exceptions import UserError


class WhatsappCsChannelReplace(models.TransientModel):
    """Another number takes over from a live one, which is archived with all its history (CH3)."""

    _name = "whatsapp.cs.channel.replace"
    _description = "Replace a WhatsApp Number"

    channel_id = fields.Many2one("whatsapp.cs.channel", "Old Number", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id")
    successor_id = fields.Many2one(
        "whatsapp.cs.channel",
        "New Number",
        compute="_compute_successor_id",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('id', '!=', channel_id), ('predecessor_ids', '=', False), "
        "('is_test', '=', False)]",
    )

    @api.depends("channel_id")
    def _compute_successor_id(self):
        """Propose the newest number of the account to which nobody has written yet."""
        for wizard in self:
            others = wizard.channel_id.account_id.channel_ids.sorted("id", reverse=True) - wizard.channel_id
            wizard.successor_id = others.filtered(lambda c: not (c.contact_count or c.predecessor_ids or c.is_test))[:1]

    def action_fetch(self):
        """Fetch the account's numbers from WhatsApp; the account's form shows it live."""
        self.ensure_one()
        account = self.channel_id.account_id
        account.action_connect()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.account",
            "res_id": account.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_replace(self):
        self.ensure_one()
        self.channel_id.check_access("write")
        if not self.successor_id:
            raise UserError(
                self.env._(
                    "Choose the new number. If it is not in the list, add it in Meta's WhatsApp Manager and fetch it."
                )
            )
        if self.successor_id == self.channel_id or self.successor_id.predecessor_ids or self.channel_id.replaced_by_id:
            raise UserError(self.env._("One of the two has been replaced already. Choose another number."))
        if self.successor_id.company_id != self.channel_id.company_id:
            raise UserError(self.env._("Both numbers must belong to the same company. Choose another number."))
        if self.successor_id.is_test:
            raise UserError(self.env._("The new number is a test number. Take it to production first."))
        self.channel_id._replace_by(self.successor_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.channel",
            "res_id": self.successor_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
