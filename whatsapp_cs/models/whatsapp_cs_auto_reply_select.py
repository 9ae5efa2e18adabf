from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from odoo import api, models, tools
from odoo.tools import SQL, format_datetime

from ..tools import keyword_index
from .whatsapp_cs_automation import CAP_PERIOD
from .whatsapp_cs_channel_hours import is_between

MEMORY = timedelta(days=7)  # the longest time in which a rule does not answer twice (automation_gap_hours)


class Facts(NamedTuple):
    """What a rule needs to be judged by, without the database: a thousand of them are kept in memory."""

    id: int
    name: str
    trigger: str
    channel_ids: frozenset
    team_ids: frozenset
    lang: str
    date_from: date | None
    date_to: date | None
    hour_from: float
    hour_to: float
    event: str


class Situation(NamedTuple):
    """What a customer has written, or what happened, in which circumstances: all that a rule may look at."""

    channel: models.Model
    team_id: int
    lang: str
    text: str
    date: datetime  # UTC
    is_first: bool  # the contact has never written before
    is_open: object  # function of the channel: is somebody there?
    answered: dict  # rule's id: when it has answered this contact last
    count: int  # automatic messages in 24 hours
    event: str = ""
    earlier: tuple = ()  # what the customer wrote before, the newest first; for rules that ask for it


class Verdict(NamedTuple):
    """What one rule says to a situation. ``reason`` is a code and its values; ``explain`` makes a sentence of them."""

    rule_id: int
    fires: bool
    reason: tuple


class Selection(NamedTuple):
    """The decision: ``outcome`` is ``reply``, ``cap`` (one message too many: a person takes over) or ``none``."""

    rule: models.Model
    outcome: str
    verdicts: list

    @property
    def acts(self):
        return self.outcome != "none"

    def carry_out(self, conversation):
        """Do what was decided; tell whether no person is needed now."""
        return self.rule._answer(conversation) if self.outcome == "reply" else conversation._need_person("cap")


class WhatsappCsAutoReply(models.Model):
    """Which rule answers, and why not the others. Reads only: production, *Try It* and tests ask the same methods."""

    _inherit = "whatsapp.cs.auto.reply"  # pylint: disable=consider-merging-classes-inherited

    # === WHAT IS KNOWN === #

    @api.model
    @tools.ormcache("company_id")
    def _get_index(self, company_id):
        """Return ``(facts of the active rules in order, index of their words)`` of a company; kept until a rule changes."""
        rules = self.sudo().search([("company_id", "=", company_id)])  # sudo: rules answer, whoever's work asks them
        with_words = rules.filtered(lambda rule: rule.trigger == "keyword")
        return (
            {rule.id: rule._get_facts() for rule in rules},
            keyword_index.KeywordIndex({rule.id: rule._get_dictionary() for rule in with_words}),
        )

    def _get_facts(self):
        self.ensure_one()
        return Facts(
            id=self.id,
            name=self.name,
            trigger=self.trigger,
            channel_ids=frozenset(self.channel_ids.ids),
            team_ids=frozenset(self.team_ids.ids),
            lang=self.lang or "",
            date_from=self.date_from or None,
            date_to=self.date_to or None,
            hour_from=self.hour_from,
            hour_to=self.hour_to,
            event=self.event or "",
        )

    def _get_dictionary(self):
        self.ensure_one()
        return keyword_index.prepare(self.keywords, self.match, self.inside_words, self.allows_typos)

    @api.model
    def _get_situations(self, pairs, now):
        """Return the ``Situation`` of each ``(conversation, messages)``; a list costs as many queries as one."""
        contacts = self.env["whatsapp.cs.contact"].browse([conversation.contact_id.id for conversation, _own in pairs])
        answered, counts = self._get_history(contacts, now)
        known = self._get_known(pairs)
        is_open = cache(lambda channel: channel._is_open(now))
        return [
            Situation(
                channel=conversation.channel_id,
                team_id=(conversation.team_id or conversation.channel_id.team_id).id,
                lang=conversation._get_customer_lang(),
                text="\n".join(filter(None, messages.mapped("body"))),
                date=now,
                is_first=conversation.contact_id.id not in known,
                is_open=is_open,
                answered=answered.get(conversation.contact_id.id, {}),
                count=counts.get(conversation.contact_id.id, 0),
            )
            for conversation, messages in pairs
        ]

    @api.model
    def _get_single_situation(self, conversation, date, text="", event=""):
        """Return the ``Situation`` that a message of ``text``, or an event, would bring about; the case may be unsaved."""
        contact = conversation.contact_id._origin
        answered, counts = self._get_history(contact, date)
        domain = [("contact_id", "=", contact.id), ("direction", "=", "in"), ("message_type", "!=", "system")]
        return Situation(
            channel=conversation.channel_id._origin,
            team_id=(conversation.team_id or conversation.channel_id.team_id)._origin.id,
            lang=conversation._get_customer_lang(),
            text=text,
            date=date,
            is_first=not contact or not self.env["whatsapp.cs.message"].search_count(domain, limit=1),
            is_open=lambda channel: channel._is_open(date),
            answered=answered.get(contact.id, {}),
            count=counts.get(contact.id, 0),
            event=event,
        )

    @api.model
    def _get_history(self, contacts, now):
        """Return ``{contact id: {rule id: when it answered last}}`` and ``{contact id: automatic messages in 24 h}``."""
        self.env["whatsapp.cs.automation.event"].flush_model()
        query = SQL(
            """
            SELECT contact_id, rule_id, max(date) FILTER (WHERE kind != 'action'),
                   count(*) FILTER (WHERE counts AND date > %s)
              FROM whatsapp_cs_automation_event
             WHERE contact_id = ANY(%s) AND date > %s AND date <= %s
             GROUP BY contact_id, rule_id
            """,
            now - CAP_PERIOD,
            contacts.ids,
            now - MEMORY,
            now,
        )
        answered, counts = {}, {}
        for contact_id, rule_id, last, count in self.env.execute_query(query):
            if rule_id and last:
                answered.setdefault(contact_id, {})[rule_id] = last
            counts[contact_id] = counts.get(contact_id, 0) + count
        return answered, counts

    @api.model
    def _get_known(self, pairs):
        """Return the ids of the contacts who had written before these messages, as a set."""
        self.env["whatsapp.cs.message"].flush_model(["contact_id", "direction"])
        query = SQL(
            """
            SELECT asked.contact_id FROM unnest(%s, %s) AS asked(contact_id, message_id)
             WHERE EXISTS (SELECT 1 FROM whatsapp_cs_message message
                            WHERE message.contact_id = asked.contact_id AND message.direction = 'in'
                              AND message.message_type != 'system' AND message.id < asked.message_id)
            """,
            [conversation.contact_id.id for conversation, _messages in pairs],
            [min(messages.ids) for _conversation, messages in pairs],
        )
        return {contact_id for (contact_id,) in self.env.execute_query(query)}

    # === DECIDING === #

    @api.model
    def _select_all(self, pairs, now):
        """Return ``[(conversation, Selection)]`` for ``[(conversation, messages)]``, where there are rules at all."""
        # Browsed together, so that they are read together.
        together = self.env["whatsapp.cs.conversation"].browse([conversation.id for conversation, _own in pairs])
        pairs = list(zip(together, (messages for _conversation, messages in pairs), strict=True))
        pairs = [pair for pair in pairs if self._get_index(pair[0].company_id.id)[0]]
        situations = self._get_situations(pairs, now) if pairs else ()
        return [
            (conversation, self._choose(conversation.company_id, situation))
            for (conversation, _messages), situation in zip(pairs, situations, strict=True)
        ]

    @api.model
    def _select(self, conversation, messages, date, explain=False):
        """Return the ``Selection`` for what a customer wrote: the rule that answers, and what each one says.

        :param explain: let every rule say why it does not answer; else only those are asked that might
        """
        [situation] = self._get_situations([(conversation, messages)], date)
        return self._choose(conversation.company_id, situation, explain)

    @api.model
    def _choose(self, company, situation, explain=False):
        """Return the ``Selection`` in a situation."""
        rules, index = self._get_index(company.id)
        found = index.find(situation.text) if situation.text else {}
        asked = [facts for facts in rules.values() if explain or facts.trigger != "keyword" or facts.id in found]
        chosen, understood, verdicts = None, False, []
        # What stands for “nothing else fits” is asked last, wherever it stands in the list.
        for facts in sorted(asked, key=lambda facts: facts.trigger == "no_match"):
            reason = self._judge(facts, situation, found)
            understood = understood or (facts.trigger == "keyword" and reason and reason[0] == "answered")
            if not reason and chosen:
                reason = ("later", chosen.name)
            elif not reason and understood and facts.trigger == "no_match":
                reason = ("understood",)
            chosen = chosen or (None if reason else facts)
            verdicts.append(Verdict(facts.id, not reason, reason or ("fires", found.get(facts.id))))
        if not chosen:
            return Selection(self.browse(), "none", verdicts)
        outcome = "cap" if situation.count >= situation.channel.automation_cap else "reply"
        return Selection(self.browse(chosen.id), outcome, verdicts)

    @api.model
    def _judge(self, rule, situation, found):
        """Return why a rule (its facts) does not answer, as a code and values, None when it does."""
        local = situation.channel._get_local_time(situation.date)
        if rule.channel_ids and situation.channel.id not in rule.channel_ids:
            return ("channel",)
        if rule.team_ids and situation.team_id not in rule.team_ids:
            return ("team",)
        if rule.lang and rule.lang.split("_")[0] != situation.lang.split("_")[0]:
            return ("lang", situation.lang)
        if (rule.date_from and local.date() < rule.date_from) or (rule.date_to and local.date() > rule.date_to):
            return ("period",)
        hour = local.hour + local.minute / 60
        if rule.hour_from != rule.hour_to and not is_between(hour, rule.hour_from, rule.hour_to):
            return ("hours", f"{local:%H:%M}")
        if reason := self._judge_trigger(rule, situation, found):
            return reason
        last = situation.answered.get(rule.id)
        if last and last > situation.date - timedelta(hours=situation.channel.automation_gap_hours):
            return ("answered", last)
        return None

    @api.model
    def _judge_trigger(self, rule, situation, found):
        if rule.trigger == "event" or situation.event:
            fits = rule.trigger == "event" and rule.event == situation.event
            return None if fits else ("event",)
        if rule.trigger == "greeting" and not situation.is_first:
            return ("known",)
        if rule.trigger == "keyword" and rule.id not in found:
            return ("words", rule.id, situation.text)
        if rule.trigger == "off_hours" and situation.is_open(situation.channel):
            return ("open",)
        if rule.trigger == "no_match" and not situation.text:
            return ("no_text",)
        return None

    # === EXPLAINING === #

    def _explain(self, verdict, channel):
        """Return the reason of a verdict in the user's language.

        :param channel: the number whose settings were applied
        """
        code, *values = verdict.reason
        match code:
            case "fires":
                words = values[0]
                return self.env._("The message contains “%s”.", words) if words else self._explain_trigger(channel)
            case "channel":
                return self.env._("It is for other numbers.")
            case "team":
                return self.env._("It is for other teams.")
            case "lang":
                names = dict(self.env["res.lang"].get_installed())
                return self.env._("The customer's language is %s.", names.get(values[0], values[0]))
            case "period":
                return self.env._("This day is outside the time in which it is active.")
            case "hours":
                return self.env._("It is %s there: outside its hours.", values[0])
            case "known":
                return self.env._("The customer has written before.")
            case "words":
                return self._explain_words(*values)
            case "open":
                return self.env._("Somebody is there at this time.")
            case "no_text":
                return self.env._("The message has no words.")
            case "event":
                return self.env._("It waits for something else than a message.")
            case "answered":
                return self.env._(
                    "It has answered this customer already, at %(time)s; again after %(hours)s hours.",
                    time=format_datetime(self.env, values[0], tz=channel.tz, dt_format="short"),
                    hours=channel.automation_gap_hours,
                )
            case "later":
                return self.env._("It would fit, but “%s” comes first.", values[0])
            case "understood":
                return self.env._("The question is known and was answered a short while ago: a person goes on.")
        return code

    def _explain_trigger(self, channel):
        """Return why a rule without words fires."""
        return {
            "greeting": self.env._("The customer writes for the first time."),
            "off_hours": self.env._("Nobody is there at this time."),
            "segment": self.env._("It is the time of the day for it."),
            "no_match": self.env._("No other rule fits."),
            "event": self.env._("It has happened."),
        }.get(self.trigger, "")

    def _explain_words(self, rule_id, text):
        rule = self.browse(rule_id)
        _rules, index = self._get_index(rule.company_id.id)
        if rule.match == "pattern":
            return self.env._("The message does not fit the pattern.")
        if rule.match == "all":
            return self.env._("The message lacks “%s”.", index.get_missing(rule_id, text))
        return self.env._("None of its words is in the message.")
