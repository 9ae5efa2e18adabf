from odoo import api, fields, models


class WhatsappCsWebhookRefusal(models.Model):
    """A webhook call that was refused and changed nothing; kept without its body, to see attacks and mistakes."""

    _name = "whatsapp.cs.webhook.refusal"
    _description = "Refused WhatsApp Webhook Call"
    _order = "id desc"
    _rec_name = "reason"

    account_id = fields.Many2one("whatsapp.cs.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id")
    reason = fields.Selection(
        [
            ("unsigned", "No Signature"),
            ("wrong_signature", "Wrong Signature"),
            ("too_large", "Too Large"),
            ("malformed", "Not a JSON Object"),
            ("verify_token", "Wrong Verify Token"),
        ],
        required=True,
        readonly=True,
    )
    body_size = fields.Integer("Size (Bytes)", readonly=True)
    address = fields.Char("From Address", readonly=True)

    _create_date_idx = models.Index("(create_date)")

    @api.model
    def _note(self, account, reason, body_size, address):
        """Write down a refused call."""
        self.create({"account_id": account.id, "reason": reason, "body_size": body_size, "address": address})

    @api.autovacuum
    def _gc_refusals(self):
        """Forget refusals after 30 days."""
        self.search([("create_date", "<", "now -30d")], limit=10000).unlink()
