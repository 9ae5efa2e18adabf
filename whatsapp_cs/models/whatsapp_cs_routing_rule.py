from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import text_match
from .whatsapp_cs_team_roster import get_language

MESSAGES = 10  # of the customer's last ones that are looked at


class Facts(NamedTuple):
    """What rules look at: the customer's last words, normalized, and what is known of customer and conversation."""

    company_id: int
    channel_id: int
    text: str = ""
    lang: str = ""
    category_ids: frozenset = frozenset()  # the partner's tags
    tag_ids: frozenset = frozenset()  # the conversation's
    value: float = 0
    ad: str | None = None  # headline and id of the ad, normalized; None: not from an ad


class Judgement(NamedTuple):
    """What one rule says about a conversation, and why."""

    rule: models.Model
    fires: bool
    reason: str


class TeamVerdict(NamedTuple):
    """The team (or none: the queue of all), by which rule if any, why, and what each rule said up to that one."""

    team: models.Model
    rule: models.Model
    reason: str
    judgements: list

    def prepare_values(self):
        values = {"team_id": self.team.id, "team_reason": self.reason}
        if self.rule:
            values["skill_ids"] = [fields.Command.link(skill.id) for skill in self.rule.skill_ids]
            values["priority"] = self.rule.priority
        return values


class WhatsappCsRoutingRule(models.Model):
    """Which team gets a conversation that enters the queue. The first rule whose conditions all hold decides (RT1)."""

    _name = "whatsapp.cs.routing.rule"
    _description = "WhatsApp Routing Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    keywords = fields.Text(
        help="Words or phrases, one on a line: one of them has to be in what the customer wrote. Case, accents and "
        "punctuation don't matter."
    )
    lang_id = fields.Many2one("res.lang", "Language", help="The customer's; any country of it.")
    channel_ids = fields.Many2many(
        "whatsapp.cs.channel", "whatsapp_cs_routing_rule_channel_rel", string="Numbers", check_company=True
    )
    category_ids = fields.Many2many(
        "res.partner.category",
        "whatsapp_cs_routing_rule_category_rel",
        string="Contact Tags",
        help="The customer has one of these tags.",
    )
    tag_ids = fields.Many2many(
        "whatsapp.cs.tag",
        "whatsapp_cs_routing_rule_tag_rel",
        string="Conversation Tags",
        help="The conversation has one of these tags: automatic replies and bots set them.",
    )
    min_value = fields.Monetary(
        "Customer Value From", help="Revenue of the customer so far: won opportunities and whatever other apps add."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    ad = fields.Selection([("any", "Any ad"), ("words", "Ads with these words")], "Came From")
    ad_words = fields.Char("Words of the Ad", help="In its headline, or Meta's id of it.")
    team_id = fields.Many2one("whatsapp.cs.team", required=True, check_company=True, index=True, ondelete="cascade")
    skill_ids = fields.Many2many(
        "whatsapp.cs.skill",
        "whatsapp_cs_routing_rule_skill_rel",
        string="Needed Skills",
        help="Agents of the team who have all of them get these conversations, as long as one of them is at work.",
    )
    priority = fields.Selection(
        [("0", "Normal"), ("1", "High"), ("2", "Urgent")],
        default="0",
        required=True,
        help="More important conversations go first in the team's queue.",
    )

    @api.constrains("ad", "ad_words")
    def _check_ad_words(self):
        for rule in self:
            if rule.ad == "words" and not clean(rule.ad_words):
                raise ValidationError(self.env._("Write the words of the ad, or choose “Any ad”."))

    @api.constrains("keywords")
    def _check_keywords(self):
        for rule in self:
            if rule.keywords and not rule._get_keywords():
                raise ValidationError(self.env._("The keywords have no letter or digit: write words, one on a line."))

    def _get_keywords(self):
        """Return ``{normalized: as it was written}``."""
        lines = (line.strip() for line in (self.keywords or "").splitlines())
        return {clean(line): line for line in lines if clean(line)}

    # === CHOOSING A TEAM === #

    @api.model
    def _select_team(self, conversation, messages=None):
        """Return the ``TeamVerdict`` on a conversation; reads only.

        :param messages: the customer's (``whatsapp.cs.message``); None: the last ones that nobody has answered
        """
        [facts] = self._get_facts(conversation, messages).values()
        return self._select(facts)

    @api.model
    def _select_teams(self, conversations):
        """Return ``{conversation: TeamVerdict}``; nothing when there are no teams. A list costs as many queries as one."""
        if not conversations or not self.env["whatsapp.cs.team"].search_count([], limit=1):
            return {}
        verdicts = {}
        for company, own in conversations.grouped("company_id").items():
            choices = self._get_choices(company.id)
            verdicts |= {
                conversation: self._select(facts, choices) for conversation, facts in self._get_facts(own).items()
            }
        return verdicts

    @api.model
    def _select(self, facts, choices=None):
        rules, teams = choices or self._get_choices(facts.company_id)
        judgements = []
        for rule in rules:
            judgements.append(rule._judge(facts))
            if judgements[-1].fires:
                return TeamVerdict(rule.team_id, rule, judgements[-1].reason, judgements)
        team, reason = self._get_fall_back(facts, teams)
        return TeamVerdict(team, self.browse(), reason, judgements)

    @api.model
    def _get_choices(self, company_id):
        """Return a company's rules in their order, and its teams for a language."""
        company = ("company_id", "=", company_id)
        return self.search([company]), self.env["whatsapp.cs.team"].search([company, ("lang", "!=", False)])

    @api.model
    def _get_fall_back(self, facts, teams):
        """Return the team when no rule fires, and why: that of the language, the number's default team, or none."""
        if language := get_language(facts.lang):
            for team in teams:
                if get_language(team.lang) == language and self._serves(team, facts.channel_id):
                    return team, self.env._("The team is for customers who speak this language.")
        team = self.env["whatsapp.cs.channel"].browse(facts.channel_id).team_id
        if team.active:
            return team, self.env._("No rule fits; it is the default team of the number.")
        return self.env["whatsapp.cs.team"], self.env._("No rule fits; it waits in the queue of all.")

    @api.model
    def _serves(self, team, channel_id):
        return not team.channel_ids or channel_id in team.channel_ids.ids

    def _judge(self, facts):
        """Return the ``Judgement``: whether all conditions of the rule hold, or the first that doesn't."""
        self.ensure_one()
        reasons = []
        for condition in (
            self._judge_team,
            self._judge_channel,
            self._judge_keywords,
            self._judge_lang,
            self._judge_category,
            self._judge_tag,
            self._judge_value,
            self._judge_ad,
        ):
            holds, reason = condition(facts)
            if not holds:
                return Judgement(self, False, reason)
            if reason:
                reasons.append(reason)
        return Judgement(self, True, " ".join(reasons) or self.env._("The rule is for everybody."))

    def _judge_team(self, facts):
        if not self.team_id.active:
            return False, self.env._("The team %s is archived.", self.team_id.name)
        if not self._serves(self.team_id, facts.channel_id):
            return False, self.env._("The team %s does not serve this number.", self.team_id.name)
        return True, None

    def _judge_channel(self, facts):
        if not self.channel_ids:
            return True, None
        if facts.channel_id not in self.channel_ids.ids:
            return False, self.env._("The customer wrote to another number.")
        return True, self.env._("The number fits.")

    def _judge_keywords(self, facts):
        keywords = self._get_keywords()
        if not keywords:
            return True, None
        for keyword, written in keywords.items():
            if contains(facts.text, keyword):
                return True, self.env._("The customer wrote “%s”.", written)
        return False, self.env._("The customer wrote none of the keywords.")

    def _judge_lang(self, facts):
        if not self.lang_id:
            return True, None
        if get_language(facts.lang) != get_language(self.lang_id.code):
            return False, self.env._("The customer's language is not %s.", self.lang_id.name)
        return True, self.env._("The customer's language is %s.", self.lang_id.name)

    def _judge_category(self, facts):
        if not self.category_ids:
            return True, None
        common = self.category_ids.filtered(lambda category: category.id in facts.category_ids)
        if not common:
            return False, self.env._("The customer has none of the tags.")
        return True, self.env._("The customer has the tag “%s”.", common[0].name)

    def _judge_tag(self, facts):
        if not self.tag_ids:
            return True, None
        common = self.tag_ids.filtered(lambda tag: tag.id in facts.tag_ids)
        if not common:
            return False, self.env._("The conversation has none of the tags.")
        return True, self.env._("The conversation has the tag “%s”.", common[0].name)

    def _judge_value(self, facts):
        if not self.min_value:
            return True, None
        amount = self.currency_id.format(facts.value)
        if facts.value < self.min_value:
            return False, self.env._("The customer's value is %s only.", amount)
        return True, self.env._("The customer's value is %s.", amount)

    def _judge_ad(self, facts):
        if not self.ad:
            return True, None
        if facts.ad is None:
            return False, self.env._("The customer did not come from an ad.")
        if self.ad == "words" and not contains(facts.ad, clean(self.ad_words)):
            return False, self.env._("The customer came from another ad.")
        return True, self.env._("The customer came from an ad.")

    # === FACTS === #

    @api.model
    def _get_facts(self, conversations, messages=None):
        """Return ``{conversation: Facts}``, with the same few queries for one and for many."""
        if messages is None:
            messages = self._get_unanswered(conversations)
        texts = {}
        for message in messages.sorted("id"):
            texts.setdefault(message.conversation_id, []).append(message.body or "")
        values = self._get_values(conversations)
        return {
            conversation: Facts(
                company_id=conversation.company_id.id,
                channel_id=conversation.channel_id.id,
                text=clean("\n".join(texts.get(conversation, [])[-MESSAGES:])),
                lang=conversation._get_customer_lang(),
                category_ids=frozenset(conversation.partner_id.category_id.ids),
                tag_ids=frozenset(conversation.tag_ids.ids),
                value=values.get(conversation.partner_id, 0),
                ad=self._get_ad(conversation),
            )
            for conversation in conversations
        }

    @api.model
    def _get_unanswered(self, conversations):
        dates = [date for date in conversations.mapped("unanswered_date") if date]
        if not dates:
            return self.env["whatsapp.cs.message"]
        messages = self.env["whatsapp.cs.message"].search(
            [("conversation_id", "in", conversations.ids), ("direction", "=", "in"), ("date", ">=", min(dates))]
        )
        return messages.filtered(
            lambda m: m.conversation_id.unanswered_date and m.date >= m.conversation_id.unanswered_date
        )

    @api.model
    def _get_values(self, conversations):
        if not self.search_count([("min_value", ">", 0), ("company_id", "in", conversations.company_id.ids)], limit=1):
            return {}
        values = {}
        for company, own in conversations.grouped("company_id").items():
            values |= own.partner_id._whatsapp_cs_get_value(company)
        return values

    @api.model
    def _get_ad(self, conversation):
        if not (conversation.ad_source_id or conversation.ad_headline):
            return None
        return clean(f"{conversation.ad_headline or ''} {conversation.ad_source_id or ''}")


def clean(text):
    """Return ``text`` as ``contains`` compares it."""
    return " ".join(text_match.split_words(text))


def contains(text, phrase):
    """Tell whether ``phrase`` is in ``text``, as whole words where words are kept apart; both are cleaned."""
    if text_match.is_unspaced(phrase):
        return phrase.replace(" ", "") in text.replace(" ", "")
    return f" {phrase} " in f" {text} "
