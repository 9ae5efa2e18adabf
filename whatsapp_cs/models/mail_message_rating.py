from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.mail.tools.discuss import Store

from .whatsapp_cs_conversation import GROUP_AGENT


class MailMessage(models.Model):
    """Agents say which automatic answers did not fit."""

    _inherit = "mail.message"  # pylint: disable=consider-merging-classes-inherited

    def _whatsapp_cs_get_store_fields(self):
        def is_automatic(message):
            return message.model == "discuss.channel" and message.message_type == "auto_comment"

        def get_rating(message):
            answer = message._whatsapp_cs_get_answer()
            return ("wrong" if answer.is_wrong else "given") if answer else False

        store_fields = super()._whatsapp_cs_get_store_fields()
        return [*store_fields, Store.Attr("whatsapp_cs_answer", get_rating, predicate=is_automatic)]

    def whatsapp_cs_rate_answer(self, is_wrong):
        """Note that an automatic answer was wrong, or take that back; everybody who looks at the chat sees it."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group(GROUP_AGENT):
            raise AccessError(self.env._("Only WhatsApp agents can do this."))
        # sudo: whatsapp.cs.automation.event - who may read the message may rate it; only this fact is written
        answer_sudo = self._whatsapp_cs_get_answer()
        if not answer_sudo:
            raise UserError(self.env._("This is no automatic answer: there is nothing to rate."))
        if answer_sudo.is_wrong != bool(is_wrong):
            answer_sudo.is_wrong = bool(is_wrong)
            if is_wrong:
                conversation_sudo = answer_sudo.conversation_id
                conversation_sudo._note_automation(
                    "rated_wrong", message_id=answer_sudo.message_id.id, rule_id=answer_sudo.rule_id.id
                )
            self.sudo()._whatsapp_cs_broadcast_state()

    def _whatsapp_cs_get_answer(self):
        """Return the fact of the automatic answer that this message shows, in superuser mode."""
        facts_sudo = self.sudo().whatsapp_cs_message_ids.automation_event_ids
        return facts_sudo.filtered("is_answer")[:1]
