from odoo import models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext

from ..tools import text_format

NOTE_LIMIT = 300  # characters, as text_format.get_length counts them; shown by composer_patch.js


class DiscussChannel(models.Model):
    """Notes of the team inside a customer's chat: short, and for colleagues only."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def _whatsapp_cs_check_note(self, body, is_html=True):
        text = html2plaintext(body, include_references=False) if is_html else (body or "").strip()
        length = text_format.get_length(text)
        if length > NOTE_LIMIT:
            raise UserError(
                self.env._(
                    "The note has %(length)s characters; notes have at most %(limit)s. Shorten it, or write several.",
                    length=length,
                    limit=NOTE_LIMIT,
                )
            )
        # sudo: whatsapp.cs.conversation - writing a note is activity in the own conversation
        self.sudo().whatsapp_cs_conversation_id._reserve()

    def _whatsapp_cs_check_mentions(self, partner_ids):
        """Refuse to notify anybody but colleagues who may know of this customer."""
        # sudo: res.partner - only whether they are colleagues
        partners_sudo = self.env["res.partner"].sudo().browse(partner_ids or ())
        company = self.sudo().whatsapp_cs_contact_id.company_id
        strangers = partners_sudo.filtered(
            lambda partner: not any(not user.share and company in user.company_ids for user in partner.user_ids)
        )
        if strangers:
            raise UserError(
                self.env._(
                    "%(names)s can't be mentioned here: what is said in a chat is for colleagues of %(company)s only.",
                    names=", ".join(strangers.mapped("name")),
                    company=company.name,
                )
            )

    def _get_allowed_message_partner_ids(self, partner_ids):
        if self.channel_type == "whatsapp_cs":
            return list(partner_ids)  # colleagues who are in no chat may be asked; _whatsapp_cs_check_mentions says who
        return super()._get_allowed_message_partner_ids(partner_ids)

    def _message_update_content(self, message, /, *, body, partner_ids=None, **kwargs):
        if self.channel_type == "whatsapp_cs":
            self._whatsapp_cs_check_mentions(partner_ids)
            if body:
                self._whatsapp_cs_check_note(body)
        return super()._message_update_content(message, body=body, partner_ids=partner_ids, **kwargs)
