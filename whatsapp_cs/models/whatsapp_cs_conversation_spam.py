from odoo import fields, models
from odoo.exceptions import UserError


class WhatsappCsConversation(models.Model):
    """Spam is put aside and its sender blocked, here and at WhatsApp; both can be taken back."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    blocked_date = fields.Datetime(related="contact_id.blocked_date")
    block_state = fields.Selection(related="contact_id.block_state")
    block_error = fields.Char(related="contact_id.block_error")

    def action_spam(self):
        """Put it aside and block who wrote it."""
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation, whatsapp.cs.contact - as in action_take
            conversation_sudo = conversation.sudo()
            conversation_sudo._update_state("spam", unanswered_date=False)
            conversation_sudo.contact_id._block()
            conversation_sudo._post_notice(
                self.env._("%s marked the conversation as spam and blocked the sender.", self.env.user.name)
            )

    def action_unblock(self):
        """Take it back: the person may write again, and the case waits for an agent."""
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation, whatsapp.cs.contact - as in action_take
            conversation_sudo = conversation.sudo()
            if not conversation_sudo.contact_id.blocked_date:
                raise UserError(self.env._("%s is not blocked.", conversation.contact_id.name))
            conversation_sudo.contact_id._unblock()
            if conversation.state == "spam":
                conversation_sudo._set_queued()
            conversation_sudo._post_notice(self.env._("%s unblocked the sender.", self.env.user.name))

    def _run_automation(self, messages):
        return super(
            WhatsappCsConversation, self.filtered(lambda conversation: conversation.state != "spam")
        )._run_automation(messages)

    def _note_customer_messages(self, messages):
        result = super()._note_customer_messages(messages)
        if self.state == "spam":
            self.contact_id._on_blocked_wrote()
        return result
