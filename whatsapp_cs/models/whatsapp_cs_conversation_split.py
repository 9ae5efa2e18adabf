from odoo import models
from odoo.exceptions import UserError

from .whatsapp_cs_conversation import HandChange


class WhatsappCsConversation(models.Model):
    """One case that is two: from a message on it is another matter, and a case of its own."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _split(self, mail_message):
        """Let what was said from ``mail_message`` on be a new case, which is returned; what was before is resolved.

        The new one stays with the agent who has it.
        """
        self.ensure_one()
        self._lock()
        self._check_may_change()
        # sudo: whatsapp.cs.* - the rights were checked; cases and messages are written by nobody else
        conversation = self.sudo()
        messages = conversation.message_ids.filtered("mail_message_id").sorted("id")
        moved = messages.filtered(lambda message: message.mail_message_id.id >= mail_message.id)
        conversation._check_can_split(messages, moved)
        return conversation._split_off(moved).with_env(self.env)

    def _check_can_split(self, messages, moved):
        if self.state == "spam":
            raise UserError(self.env._("This conversation is spam. Unblock the sender first."))
        self._check_is_newest()
        if not moved:
            raise UserError(self.env._("No message follows here in this conversation. Choose an earlier one."))
        if moved == messages:
            raise UserError(
                self.env._("The conversation begins here: there is nothing before to be split off. Choose a later one.")
            )

    def _split_off(self, moved):
        state, agent, resolved_date = self.state, self._get_agent(), self.resolved_date
        unanswered_date = self.unanswered_date and max(self.unanswered_date, moved[0].date)
        waits = bool(unanswered_date) and moved.filtered(lambda message: message.direction == "in")
        if state != "resolved":
            self._close("split")
        new = self.create(
            {
                "contact_id": self.contact_id.id,
                "lead_id": self.lead_id.id,
                "unanswered_date": unanswered_date if waits else False,
                **self._prepare_counts(moved),
            }
        )
        moved.conversation_id = new
        self.write(self._prepare_counts(self.message_ids))
        new._show_in_thread()
        if state == "resolved":
            new._update_state(
                "resolved", change=HandChange(ended="split"), user_id=self.user_id.id, resolved_date=resolved_date
            )
        elif agent:
            new._set_assigned(agent)
            if not new.unanswered_date:
                new._set_waiting()
        else:
            new._set_queued()
        new._post_notice(
            self.env._(
                "%(by)s split the conversation: a new one begins with the message of %(date)s.",
                by=self.env.user.name,
                date=moved[0].date,
            )
        )
        return new

    def _prepare_counts(self, messages):
        answers = messages.filtered(lambda message: message.direction == "out")
        dates = messages.mapped("date")
        return {
            "inbound_count": len(messages - answers),
            "outbound_count": len(answers),
            "first_message_date": min(dates),
            "last_message_date": max(dates),
            "first_response_date": min(answers.filtered("user_id").mapped("date"), default=False),
        }
