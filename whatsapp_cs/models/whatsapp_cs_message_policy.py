import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from .whatsapp_cs_send_policy import Request

CATEGORIES = [
    ("service", "Service"),
    ("utility", "Utility"),
    ("marketing", "Marketing"),
    ("authentication", "Authentication"),
]


class WhatsappCsMessage(models.Model):
    """What the send policy has to know of a message, and what becomes of one that it refuses (MS7)."""

    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    category = fields.Selection(CATEGORIES, readonly=True, help="What WhatsApp counts it as; service is any free text.")
    content_key = fields.Char(readonly=True, help="The same for templates that say the same.")
    event_key = fields.Char(readonly=True, help="The same for notifications of the same event.")

    @api.model
    def _queue_all(self, vals_list, priority="0"):
        for vals in vals_list:
            if vals["message_type"] == "template":
                vals.setdefault("content_key", self._get_content_key(vals["body"]))
            else:
                vals.setdefault("category", "service")
            contact = self.env["whatsapp.cs.contact"].browse(vals["contact_id"])
            vals.update(self._prepare_cost_values(contact, vals["message_type"], vals.get("category")))
        return super()._queue_all(vals_list, priority)

    @api.model
    def _get_content_key(self, text):
        """Return what the send policy knows a template's text by; it keeps no text."""
        return hashlib.sha256((text or "").encode()).hexdigest()[:32]

    def _prepare_policy_request(self):
        self.ensure_one()
        return Request(
            self.contact_id,
            "template" if self.message_type == "template" else "text",
            self.category or None,
            self.content_key or None,
            self.event_key or None,
            self.id,
        )

    def _check_policy(self):
        """Refuse to send it (again) when the send policy does."""
        if verdict := self.env["whatsapp.cs.send.policy"]._check_all([self._prepare_policy_request()])[0]:
            raise UserError(verdict.text)

    def _set_refused(self, verdict):
        """Mark as failed what the send policy did not let go, with its sentence."""
        self.write(
            {
                "state": "failed",
                "failed_date": fields.Datetime.now(),
                "is_unknown": False,
                "error_code": verdict.rule,
                "error": verdict.text,
            }
        )
