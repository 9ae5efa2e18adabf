import logging
import traceback
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_datetime

from ..tools import message_payload
from ..tools.bot_engine import PERSON

_logger = logging.getLogger(__name__)

CAP_PERIOD = timedelta(hours=24)  # within which automatic messages are counted (AR6)


class Rest(NamedTuple):
    """Automation keeps quiet: until when (UTC; None: until somebody switches it on), and why."""

    until: datetime | None
    reason: str
    text: str


class WhatsappCsConversation(models.Model):
    """What answers a customer without a person, and how it holds itself back (AR6).

    Who asks is answered by the bot that is in progress, or else by the first automatic reply that fits. What is decided
    there is carried out here.
    """

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Tags", readonly=True)
    automation_rest_reason = fields.Selection(
        [
            ("human", "An agent has answered"),
            ("handed_over", "A person was asked for"),
            ("switch", "Somebody has switched it off"),
        ],
        readonly=True,
    )
    automation_rest_until = fields.Datetime(readonly=True, help="Empty with a reason: until somebody switches it on.")
    automation_rest_text = fields.Char("Automation", compute="_compute_automation_rest_text")

    @api.depends("automation_rest_reason", "automation_rest_until")
    @api.depends_context("lang", "tz")
    def _compute_automation_rest_text(self):
        for conversation in self:
            rest = conversation._get_automation_rest()
            conversation.automation_rest_text = rest.text if rest else False

    # === REST === #

    def _get_automation_rest(self, date=None):
        """Return the ``Rest`` of this conversation at ``date`` (now), None when automation may answer."""
        self.ensure_one()
        reason, until = self.automation_rest_reason, self.automation_rest_until
        if not reason or (until and until <= (date or fields.Datetime.now())):
            return None
        label = dict(self._fields["automation_rest_reason"]._description_selection(self.env))[reason]
        if not until:
            return Rest(None, reason, self.env._("Automation rests: %s.", label[0].lower() + label[1:]))
        text = self.env._(
            "Automation rests until %(time)s: %(reason)s.",
            time=format_datetime(self.env, until, dt_format="short"),
            reason=label[0].lower() + label[1:],
        )
        return Rest(until, reason, text)

    def _rest_automation(self, reason, date=None):
        """Keep automation quiet from ``date`` (now) on, for the channel's hours; a switch stays off."""
        for conversation in self.filtered(lambda conversation: conversation.automation_rest_reason != "switch"):
            until = (date or fields.Datetime.now()) + timedelta(hours=conversation.channel_id.automation_rest_hours)
            conversation.write({"automation_rest_reason": reason, "automation_rest_until": until})

    def _note_answer(self, date):
        """A person has answered, here or on the phone: automation steps back."""
        result = super()._note_answer(date)
        self._rest_automation("human", date)
        return result

    def action_rest_automation(self):
        """Switch automation off for this conversation, until somebody switches it on again."""
        self._switch_automation({"automation_rest_reason": "switch", "automation_rest_until": False})

    def action_wake_automation(self):
        """Let automation answer in this conversation again, whatever it rested for."""
        self._switch_automation({"automation_rest_reason": False, "automation_rest_until": False})

    def _switch_automation(self, values):
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation - agents change it by these methods only, the right was checked above
            conversation.sudo().write(values)
            conversation.sudo()._broadcast()

    # === INBOUND === #

    def _run_automation(self, messages):
        """Answer what customers have just written, without a person; return the conversations that need none now.

        A failure stays with its conversation: nothing of it remains but a note for the administrator, and the customer
        waits for a person.

        :param messages: the new messages of these conversations, in order
        """
        handled = self.browse()
        for conversation, answer in self._plan_automation(messages):
            try:
                with self.env["whatsapp.cs.event"]._all_or_nothing():
                    if answer(conversation):
                        handled |= conversation
                    self.env.flush_all()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise  # the inbox tries all of it again
            except Exception as error:
                conversation._note_automation_failure(error)
        return handled

    def _plan_automation(self, messages):
        """Return ``[(conversation, what to do)]`` for those that automation answers; reads only.

        What is to be done is a function of the conversation that tells whether no person is needed now.
        """
        now = fields.Datetime.now()
        by_conversation = messages.grouped("conversation_id")
        reachable = self.filtered(
            lambda c: c in by_conversation and c.is_window_open
        )  # else the webhook came days late
        awake = [c for c in reachable if not c._get_automation_rest(now)]
        asked = [c for c in awake if any(map(is_person_asked, by_conversation[c]))]
        others = self.browse([c.id for c in awake if c not in asked])
        plan = [(conversation, type(self)._on_person_asked) for conversation in asked]
        selections = self.env["whatsapp.cs.auto.reply"]._select_all(
            [(conversation, by_conversation[conversation]) for conversation in others], now
        )
        return plan + [(conversation, selection.carry_out) for conversation, selection in selections if selection.acts]

    def _on_person_asked(self):
        """The customer has pressed *talk to a person*."""
        self._note_automation("person_asked")
        return self._need_person("person_asked")

    def _need_person(self, reason):
        """Let a person go on, and automation keep quiet; return that nobody else has to take care of it.

        :param reason: as for ``_hand_over``
        """
        self.ensure_one()
        self._hand_over(reason)
        self._rest_automation("handed_over")
        return True

    def _note_automation_failure(self, error, **values):
        """Keep for the administrator that automation failed here, without the text of the error: it may be private."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("Automation failed in WhatsApp conversation %s: %s\n%s", self.id, type(error).__name__, frames)
        self._note_automation("action", outcome="failed", error=type(error).__name__, **values)
        self.env["whatsapp.cs.alert"]._check_soon()

    # === ANSWERING === #

    def _answer_automatically(
        self,
        kind,
        text,
        *,
        rule=None,
        bot_step=None,
        follow_up=None,
        message_type="text",
        content=None,
        files=None,
        counts=True,
        **values,
    ):
        """Send a message that no person wrote, within the bounds of AR6; return it, or no record when it is one too many.

        From the second one on it carries *talk to a person*.

        :param kind: of the fact that is kept (see ``whatsapp.cs.automation.event``)
        :param text: in WhatsApp's marks, its variables filled in
        :param rule: the ``whatsapp.cs.auto.reply`` that answers
        :param content: for other types than text, the object that the API has under the type's name
        :param files: attachments that follow the text (``ir.attachment``)
        :param counts: the customer has not chosen it by pressing or answering something
        :param values: further values of the fact
        """
        self.ensure_one()
        count = self._count_automatic()
        if counts and count >= self.channel_id.automation_cap:
            return self.env["whatsapp.cs.message"]
        if counts and count:
            message_type, content = self._add_person_button(text, message_type, content)
        message = self._post_automatic(text, message_type, content)
        if files:
            self._post_files_automatically(files)
        links = {"rule_id": rule, "bot_step_id": bot_step, "follow_up_id": follow_up}
        values |= {name: record.id for name, record in links.items() if record}
        self._note_automation(kind, outcome="sent", message_id=message.id, counts=counts, **values)
        return message

    def _count_automatic(self, date=None):
        """Return how many automatic messages the contact got, within 24 hours, that count."""
        since = (date or fields.Datetime.now()) - CAP_PERIOD
        return self.env["whatsapp.cs.automation.event"].search_count(
            [("contact_id", "=", self.contact_id.id), ("date", ">", since), ("counts", "=", True)]
        )

    def _add_person_button(self, text, message_type="text", content=None):
        """Return ``(type, content)`` of the message with *talk to a person* among its choices."""
        channel = self.channel_id.with_context(lang=self._get_customer_lang())
        label = channel.person_label[: message_payload.BUTTON_LIMIT]
        opener = channel.env._("Choose")
        return message_payload.add_choice(text, message_type, content, PERSON, label, opener)

    def _post_files_automatically(self, files):
        """Send files after a text, as copies: those of a rule are sent to many."""
        thread = self.discuss_channel_id.with_user(api.SUPERUSER_ID)
        copies = self.env["ir.attachment"]
        for attachment in files:
            copies |= attachment.copy({"res_model": thread._name, "res_id": thread.id})
        mail_message = thread.message_post(
            author_id=self.company_id.partner_id.id,
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=copies.ids,
        )
        self.env["whatsapp.cs.message"]._queue_files(self, mail_message, "", user_id=False)

    def _note_automation(self, kind, **values):
        """Write down a fact of automation; return it."""
        self.ensure_one()
        # sudo: whatsapp.cs.automation.event - facts are written by what happens, never by people
        return (
            self.env["whatsapp.cs.automation.event"]
            .sudo()
            .create(
                {
                    "kind": kind,
                    "contact_id": self.contact_id.id,
                    "conversation_id": self.id,
                    "channel_id": self.channel_id.id,
                    "company_id": self.company_id.id,
                    **values,
                }
            )
        )

    def _settle(self):
        """Nobody has to do anything until the customer writes again: an automatic answer was enough.

        Return whether that is so: who waited for a person before still does.
        """
        self.ensure_one()
        if self.state not in ("new", "waiting", "resolved"):
            return False
        if self.state != "waiting":
            self._update_state("waiting", user_id=False, resolved_date=False)
        self.unanswered_date = False
        return True


def is_person_asked(message):
    """Tell whether the customer has pressed *talk to a person* with this message."""
    return isinstance(message.content, dict) and message.content.get("id") == PERSON
