import re

from odoo import SUPERUSER_ID, api, fields, models

from ..tools import message_payload
from .whatsapp_cs_conversation import GROUP_EDITOR
from .whatsapp_cs_rating import CHOICE_PREFIX, SATISFIED

_CHOICE = re.compile(rf"{re.escape(CHOICE_PREFIX)}(\d{{1,9}}):(\w+)")
_QUESTION = re.compile(r"[?؟？]")


class WhatsappCsRating(models.Model):
    """What customers answer. A rating reopens nothing and waits for nobody; anything else they write is a message."""

    _inherit = "whatsapp.cs.rating"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _take_answers(self, messages):
        """Take in ratings and comments among customers' new messages; return those that need nobody any more.

        A comment that asks something is kept as a comment, too, and stays a message: the customer may want an answer.
        """
        taken = messages.browse()
        commenting = self._find_commenting(messages)
        for message in messages:
            rating, choice = self._find_choice(message)
            if rating:
                rating._show_answer(message)
                rating._on_choice(choice)
                taken |= message
                commenting.pop(message.contact_id, None)
                if rating.state == "commenting":
                    commenting[message.contact_id] = rating
            elif message.contact_id in commenting and self._is_comment(message):
                rating = commenting.pop(message.contact_id)
                if not _QUESTION.search(message.body):
                    rating._show_answer(message)
                    taken |= message
                rating._on_comment(message)
        return taken

    @api.model
    def _find_commenting(self, messages):
        """Return ``{contact: rating}`` of those who have said that they write a comment."""
        if not messages:
            return {}
        found = self.search([("contact_id", "in", messages.contact_id.ids), ("state", "=", "commenting")], order="id")
        return {rating.contact_id: rating for rating in found}

    @api.model
    def _find_choice(self, message):
        """Return the rating that the customer answers by pressing, and the choice; of another message no rating."""
        pressed = message.content.get("id") if isinstance(message.content, dict) else None
        match = _CHOICE.fullmatch(pressed) if isinstance(pressed, str) else None
        if not match:
            return self.browse(), None
        # Of this contact: what comes back is what was sent, unless somebody plays with it.
        return self.search([("id", "=", int(match[1])), ("contact_id", "=", message.contact_id.id)]), match[2]

    @api.model
    def _is_comment(self, message):
        """Tell whether a message of somebody who comments is the comment; “STOP” stays what it is."""
        is_text = message.message_type == "text" and bool((message.body or "").strip())
        return is_text and not self.env["whatsapp.cs.consent.language"]._match(message.body)[0]

    def _show_answer(self, message):
        """Let the chat show the answer, in its case; the window is open again, nobody has to answer."""
        self.ensure_one()
        self.contact_id._on_inbound(message.date)
        message.conversation_id = self.conversation_id
        self.conversation_id.discuss_channel_id._whatsapp_cs_post_received(message)

    # === RATING === #

    def _on_choice(self, choice):
        self.ensure_one()
        env = self._in_customers_language().env
        if choice.isdecimal() and 1 <= int(choice) <= 5:
            is_first = not self.value
            self._rate(int(choice))
            if is_first:
                self._ask_for_comment()
        elif choice == "comment" and self.state in self._STATE_SOURCES["commenting"]:
            self._update_state("commenting")
            self._thank(env._("We are all ears: please write it in one message."))
        elif choice == "done" and self.state in self._STATE_SOURCES["done"]:
            self._update_state("done")

    def _rate(self, value):
        """Take the stars; another choice later on corrects them."""
        satisfied = value >= SATISFIED
        self._update_state(
            "rated",
            value=value,
            satisfaction=100 if satisfied else 0,
            rated_date=self.rated_date or fields.Datetime.now(),
            needs_review=not satisfied and not self.reviewed_by_id,
        )
        if self.rating_id:
            self.rating_id.rating = value
        else:
            self.rating_id = self.env["rating.rating"].create(self._prepare_rating_values())
        if not satisfied:
            self._tell_editors()

    def _prepare_rating_values(self):
        return {
            "res_model_id": self.env["ir.model"]._get_id("whatsapp.cs.conversation"),
            "res_id": self.conversation_id.id,
            "rating": self.value,
            "partner_id": self.partner_id.id,
            "rated_partner_id": self.user_id.partner_id.id,
            "consumed": True,
        }

    def _tell_editors(self):
        """Tell the editors of the company who are at work of a low rating; it waits for them under *To Be Looked At*."""
        editors = self.env.ref(GROUP_EDITOR).all_user_ids.filtered(
            lambda user: user.active and user.id != SUPERUSER_ID and self.company_id in user.company_ids
        )
        for editor in editors:
            env = self.with_context(lang=editor.lang).env
            text = env._(
                "%(customer)s gave %(stars)s of 5 stars. Look at it under WhatsApp > Reporting > Ratings.",
                customer=self.contact_id.name,
                stars=self.value,
            )
            editor._bus_send("simple_notification", {"type": "warning", "message": text})

    # === COMMENT === #

    def _ask_for_comment(self):
        rating = self._in_customers_language()
        text = rating.channel_id.rating_comment_text
        if not text:
            self._update_state("done")
            return
        choices = [
            (self._get_choice_id("comment"), rating.env._("Write a comment")),
            (self._get_choice_id("done"), rating.env._("No, thank you")),
        ]
        self._thank(text, "interactive", message_payload.get_reply_content(text, choices, ""))

    def _on_comment(self, message):
        """Keep what the customer says of us beside the stars."""
        self._update_state("done")
        self.rating_id.feedback = message.body
        if not _QUESTION.search(message.body):
            self._thank(self._in_customers_language().env._("Thank you! Your comment helps us."))

    def _thank(self, text, message_type="text", content=None):
        """Answer a customer who has just pressed or written something."""
        self.conversation_id._answer_automatically(
            "rating", text, message_type=message_type, content=content, counts=False
        )
