from odoo import models

from .whatsapp_cs_desk import PREVIEW_LENGTH


class WhatsappCsMessage(models.Model):
    """What the desk's list shows of a message."""

    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    def _prepare_desk_preview(self):
        """Return ``{text, type, is_out}``; without a text the client names the type."""
        self.ensure_one()
        text = " ".join((self.body or "").split())
        return {
            "text": text if len(text) <= PREVIEW_LENGTH else f"{text[:PREVIEW_LENGTH]}…",
            "type": self.message_type,
            "is_out": self.direction == "out",
        }
