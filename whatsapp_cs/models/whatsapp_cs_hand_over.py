from odoo import api, fields, models

REASONS = [
    ("person_asked", "The customer wants to talk to a person"),
    ("cap", "As many automatic messages as allowed in 24 hours were sent"),
    ("bot", "The bot hands over at this point"),
    ("rule", "A rule hands over"),
    ("failed", "An automatic reply failed"),
    ("timeout", "The customer did not go on with the bot"),
]


class WhatsappCsAutomationEvent(models.Model):
    _inherit = "whatsapp.cs.automation.event"  # pylint: disable=consider-merging-classes-inherited

    hand_over_reason = fields.Selection(REASONS, readonly=True)


class WhatsappCsConversation(models.Model):
    """From automation to a person: the case enters the queue, and a card in the chat tells the agent what was before."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    hand_over_reason = fields.Selection(
        REASONS, "Handed Over Because", readonly=True, help="Why automation gave the case to a person the last time."
    )
    hand_over_date = fields.Datetime("Handed Over On", readonly=True)
    is_handed_over = fields.Boolean(readonly=True, help="By automation, and nobody has answered since.")

    def _hand_over(self, reason, *, answers=None, skill=None):
        """Give the case to a person, with a card that says all that automation knows; twice is once.

        The agent who has the case keeps it, else it enters the queue.

        :param reason: a key of ``REASONS``
        :param answers: ``[(question, answer)]``, what the customer has said already
        :param skill: what the person should know well (a record with a name), or None
        """
        self.ensure_one()
        self._lock()
        if self.is_handed_over:
            return
        self.write({"hand_over_reason": reason, "unanswered_date": self.unanswered_date or fields.Datetime.now()})
        self._rest_automation("handed_over")
        self._note_automation("hand_over", hand_over_reason=reason)
        if answers is None:  # whoever interrupts a bot need not know of it
            answers = self.env["whatsapp.cs.bot.run"]._find_active(self)._get_answer_lines()
        self._post_hand_over_card(answers, skill)
        if self.user_id and self._is_agent_there():
            self._set_assigned(self.user_id)
        elif self.state != "queued":
            self._set_queued()
        self.write({"is_handed_over": True, "hand_over_date": fields.Datetime.now()})

    def _update_state(self, state, **values):
        """Who was answered can be handed over anew."""
        if state not in ("queued", "assigned"):
            values["is_handed_over"] = False
        return super()._update_state(state, **values)

    def _post_hand_over_card(self, answers, skill):
        """Show the card as an internal note, in the language of who reads it: the agent, else the company."""
        lang = self.user_id.lang or self.company_id.partner_id.lang
        card = self.with_context(lang=lang)
        # with_user: as the system, whose posts stay inside, whoever's work led here
        card.discuss_channel_id.with_user(api.SUPERUSER_ID).message_post(
            body=card.env["ir.qweb"]._render(
                "whatsapp_cs.hand_over_card", card._prepare_hand_over_card(answers, skill)
            ),
            message_type="auto_comment",
            subtype_xmlid="mail.mt_note",
        )

    def _prepare_hand_over_card(self, answers, skill):
        """Return the values of the card."""
        seconds = (fields.Datetime.now() - self.unanswered_date).total_seconds()
        return {
            "reason": dict(self._fields["hand_over_reason"]._description_selection(self.env))[self.hand_over_reason],
            "answers": answers,
            "language": self.env["res.lang"]._get_data(code=self.partner_id.lang).name,
            "skill": skill.display_name if skill else False,
            "waited": self.env["whatsapp.cs.health"]._format_seconds(seconds),
        }
