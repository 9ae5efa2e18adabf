from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..tools import phone

RULES = [
    ("blocked", "Blocked"),
    ("window", "Window Closed"),
    ("opted_out", "Opted Out"),
    ("blacklisted", "Blacklisted"),
    ("not_opted_in", "Not Opted In"),
    ("minute", "Too Many a Minute"),
    ("no_opt_in", "One Template Without Opt-In"),
    ("promotion", "One Promotion a Week"),
    ("content", "Same Content Too Often"),
    ("event", "Same Event Too Soon"),
    ("tier", "Too Many People a Day"),
]
MEMORY = timedelta(days=30)  # the longest time that a rule looks back
MINUTE = timedelta(minutes=1)


class Verdict(NamedTuple):
    """Why a message may not be sent: the rule, a sentence for people, and when it may be (UTC; None: no time does)."""

    rule: str
    text: str
    until: datetime | None


class Request(NamedTuple):
    """One message that somebody wants to send: ``kind`` is ``text`` or ``template``, ``category`` the template's.

    The contact may be an empty record: somebody nobody has written to yet.
    """

    contact: models.Model
    kind: str
    category: str | None = None
    content_key: str | None = None
    event: str | None = None
    message_id: int | None = None  # when it is in the outbox already: it does not count against itself


class Sent(NamedTuple):
    """An earlier message to the same contact."""

    date: datetime
    is_template: bool
    category: str | None
    content_key: str | None
    event: str | None


class WhatsappCsSendPolicy(models.AbstractModel):
    """The one gate for sending: consent, frequency and window (MS7, MS8). It reads only, and says when and why not."""

    _name = "whatsapp.cs.send.policy"
    _inherit = ["whatsapp.cs.limits"]
    _limits = "policy"
    _description = "WhatsApp Send Policy"

    @api.model
    def _check(self, contact, kind, category=None, content_key=None, event=None, date=None):
        """Return the ``Verdict`` of the first rule that refuses a message to ``contact``, or None.

        :param kind: ``text`` (anything free-form) or ``template``
        :param category: the template's: ``marketing``, ``utility`` or ``authentication``
        :param content_key: the same for the same content; without it no rule looks at the content
        :param event: the same for notifications of the same event
        :param date: when it is to be sent; now by default
        """
        return self._check_all([Request(contact, kind, category, content_key, event)], date)[0]

    @api.model
    def _check_all(self, requests, date=None, is_sending=False):
        """Return the verdict, or None, of each request; one query reads what their contacts got lately.

        :param is_sending: count what has left already, and not what still waits
        """
        date = date or fields.Datetime.now()
        counted = [request for request in requests if self._is_counted(request)]
        history = self._get_history(counted, date, is_sending)
        blacklisted = self._get_blacklisted(requests)
        return [self._judge(request, history, blacklisted, date) for request in requests]

    @api.model
    def _judge(self, request, history, blacklisted, date):
        if request.contact.blocked_date:
            text = self.env._("%s is blocked. Unblock them in the conversation first.", request.contact.name)
            return Verdict("blocked", text, None)
        if request.kind != "template":
            if verdict := self._judge_window(request.contact, date):
                return verdict
        elif request.category == "marketing" and (verdict := self._judge_consent(request.contact, blacklisted)):
            return verdict
        if self._is_counted(request):
            return self._judge_frequency(request, history.get((request.contact.id, request.message_id), ()), date)
        return None

    # === RULES === #

    @api.model
    def _judge_window(self, contact, date):
        if not contact.window_end_date or contact.window_end_date <= date:
            text = self.env._(
                "The 24-hour window is closed: WhatsApp allows free text again as soon as the customer writes."
            )
            return Verdict("window", text, None)

    @api.model
    def _judge_consent(self, contact, blacklisted):
        if contact.consent == "out":
            text = self.env._(
                "%s has opted out: no promotion is sent until they opt in again, for instance by START.", contact.name
            )
            return Verdict("opted_out", text, None)
        if contact.id in blacklisted:
            text = self.env._(
                "The number of %s is on the phone blacklist: no promotion is sent as long as it is.", contact.name
            )
            return Verdict("blacklisted", text, None)
        if contact.consent != "in":
            text = self.env._(
                "%s has not opted in: promotions need it. Ask for the consent and note it on the contact.",
                contact.name or self.env._("The customer"),
            )
            return Verdict("not_opted_in", text, None)

    @api.model
    def _judge_frequency(self, request, history, date):
        """Hold against each other what the contact got and what each rule allows: so many within such a time."""
        for rule, applies, count, period, matching in self._get_frequency_rules(request):
            dates = sorted((sent.date for sent in history if applies and matching(sent)), reverse=True)
            if count and period and len(dates) >= count and dates[count - 1] + period > date:
                until = dates[count - 1] + period
                return Verdict(rule, f"{self._get_rule_texts()[rule]} {self._get_until_text(until)}", until)
        return None

    @api.model
    def _get_frequency_rules(self, request):
        """Return ``(rule, whether it applies, count, within this time, what counts)`` of each; 0 switches one off."""
        is_template = request.kind == "template"
        limit = self._get_limit
        return [
            ("minute", not request.contact.last_message_date, limit("minute_messages"), MINUTE, lambda sent: True),
            (
                "no_opt_in",
                is_template and request.contact.consent != "in",
                1,
                timedelta(hours=limit("template_hours")),
                lambda sent: sent.is_template,
            ),
            (
                "promotion",
                is_template and request.category == "marketing",
                1,
                timedelta(days=limit("promotion_days")),
                lambda sent: sent.category == "marketing",
            ),
            (
                "content",
                bool(request.content_key),
                limit("content_messages"),
                MEMORY,
                lambda sent: sent.content_key == request.content_key,
            ),
            (
                "event",
                bool(request.event),
                1,
                timedelta(hours=limit("event_hours")),
                lambda sent: sent.event == request.event,
            ),
        ]

    @api.model
    def _get_rule_texts(self):
        limit = self._get_limit
        return {
            "minute": self.env._(
                "Somebody who has never written to us gets at most %s messages a minute.", limit("minute_messages")
            ),
            "no_opt_in": self.env._(
                "Without an opt-in a customer gets one template in %s hours, and has got one.", limit("template_hours")
            ),
            "promotion": self.env._(
                "A customer gets one promotion in %s days, and has got one.", limit("promotion_days")
            ),
            "content": self.env._(
                "The same content goes to a customer at most %s times in 30 days.", limit("content_messages")
            ),
            "event": self.env._(
                "Two notifications of the same event are at least %s hours apart.", limit("event_hours")
            ),
        }

    @api.model
    def _get_tier_verdict(self, limit, until):
        text = self.env._("This account may write first to %s people in 24 hours, and has: the message waits.", limit)
        return Verdict("tier", f"{text} {self._get_until_text(until)}", until)

    @api.model
    def _get_until_text(self, until):
        """Return from when on it is allowed, in the user's language and time zone."""
        date = format_datetime(self.env, until, tz=self.env.context.get("tz") or False, dt_format="short")
        return self.env._("It may be sent from %s.", date)

    # === FACTS === #

    @api.model
    def _is_counted(self, request):
        """Tell whether a rule of frequency looks at it: answers to somebody who has written before are free."""
        is_free = request.kind != "template" and not request.event and request.contact.last_message_date
        return bool(request.contact) and not is_free

    @api.model
    def _get_history(self, requests, date, is_sending):
        """Return ``{(contact id, message id of the request): [Sent]}`` of what has not failed."""
        if not requests:
            return {}
        rows = self.env.execute_query(self._get_history_query(requests, date, is_sending))
        history = {}
        for request in requests:
            history[request.contact.id, request.message_id] = [
                Sent(*values)
                for contact_id, message_id, *values in rows
                if contact_id == request.contact.id and message_id != request.message_id
            ]
        return history

    @api.model
    def _get_history_query(self, requests, date, is_sending):
        self.env["whatsapp.cs.message"].flush_model()
        self.env["whatsapp.cs.outbox"].flush_model()
        states = ("sending", "gone", "unknown") if is_sending else ("queued", "retry", "sending", "gone", "unknown")
        return SQL(
            """
            SELECT DISTINCT ON (message.id) o.contact_id, message.id, coalesce(o.claim_date, message.date),
                   message.message_type = 'template', message.category, message.content_key, message.event_key
              FROM whatsapp_cs_outbox o JOIN whatsapp_cs_message message ON message.id = o.message_id
             WHERE o.contact_id = ANY(%s) AND o.state = ANY(%s) AND message.state != 'failed'
               AND (o.claim_date > %s OR o.claim_date IS NULL)
             ORDER BY message.id, o.id DESC
            """,
            list({request.contact.id for request in requests}),
            list(states),
            date - MEMORY,
        )

    @api.model
    def _get_blacklisted(self, requests):
        """Return the ids of those contacts a promotion is meant for whose number is on the phone blacklist."""
        contacts = {request.contact for request in requests if request.category == "marketing"}
        numbers = {number: contact.id for contact in contacts for number in self._get_numbers(contact)}
        if not numbers:
            return set()
        # sudo: phone.blacklist - only whether these numbers are on it
        entries = self.env["phone.blacklist"].sudo().search_fetch([("number", "in", list(numbers))], ["number"])
        return {numbers[entry.number] for entry in entries if entry.number in numbers}

    @api.model
    def _get_numbers(self, contact):
        return phone.get_variants(contact.wa_id) if contact.wa_id else []
