from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import keyword_index
from ..tools.message_payload import BUTTON_LIMIT
from ..tools.text_format import get_length

REPLY_LIMIT = 256  # characters of an automatic reply (AR3)
VARIANTS_LIMIT = 5  # wordings of one reply, the first one included (AR2)


class WhatsappCsAutoReply(models.Model):
    """A rule: when this happens, answer that (AR1–AR5). Rules are asked in their order, the first that fits answers.

    When it fires is decided in ``whatsapp_cs_auto_reply_select.py``, what it does is in ``whatsapp_cs_auto_reply_run.py``.
    """

    _name = "whatsapp.cs.auto.reply"
    _inherit = ["whatsapp.cs.cached"]
    _description = "WhatsApp Automatic Reply"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer("Priority", default=10, index=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)

    # When
    trigger = fields.Selection(
        [
            ("greeting", "First contact"),
            ("keyword", "Words in the message"),
            ("off_hours", "Outside office hours"),
            ("segment", "Time of the day"),
            ("no_match", "Nothing else fits"),
            ("event", "Something has happened"),
        ],
        "When",
        default="keyword",
        required=True,
    )
    event = fields.Selection(
        lambda self: self.env["whatsapp.cs.customer.event"]._get_names(),
        "What Has Happened",
        help="It is answered as long as the 24-hour window is open.",
    )
    keywords = fields.Text(
        "Words",
        help="One word or phrase a line, in any language. Case, accents and punctuation don't matter. With patterns: one "
        "regular expression a line.",
    )
    keyword_summary = fields.Char(compute="_compute_keyword_summary")
    match = fields.Selection(
        [("any", "One of them"), ("all", "All of them"), ("pattern", "A pattern (regular expression)")],
        "The Message Has",
        default="any",
        required=True,
    )
    inside_words = fields.Boolean(
        "Also Within Longer Words", help="“ship” is found in “shipping”, too. Thai, Chinese and Japanese always are."
    )
    allows_typos = fields.Boolean(
        "Also Mistyped", help="One wrong letter in words of five letters and more, two from eight letters on."
    )
    hour_from = fields.Float("From", help="Hours of the day in the number's time zone.")
    hour_to = fields.Float("To")

    # For whom
    channel_ids = fields.Many2many("whatsapp.cs.channel", string="Numbers", check_company=True, help="Empty: all.")
    team_ids = fields.Many2many(
        "whatsapp.cs.team",
        string="Teams",
        check_company=True,
        help="Conversations of these teams; before they have one, those of numbers whose default team it is. Empty: all.",
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(), "Language", help="Of the customer. Empty: all languages."
    )
    date_from = fields.Date("Active From")
    date_to = fields.Date("Active Until", help="This day included.")

    # What
    text = fields.Text(translate=True, help="At most 256 characters; 256 is a lot on a phone.")
    variant_ids = fields.One2many("whatsapp.cs.auto.reply.variant", "rule_id", "Other Wordings", copy=True)
    second_condition = fields.Selection(
        "_get_second_conditions", "Second Text When", help="The second text is sent while this is so."
    )
    second_text = fields.Text(translate=True)
    has_second_conditions = fields.Boolean(compute="_compute_has_second_conditions")
    button_1 = fields.Char("Button", translate=True)
    button_2 = fields.Char("Second Button", translate=True)
    button_3 = fields.Char("Third Button", translate=True)
    has_person_button = fields.Boolean(
        "Offer a Person",
        help="Adds the button “talk to a person”. From the second automatic message on it is always there.",
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Files", help="Sent after the text.")
    settles = fields.Boolean(
        "The Reply Settles It",
        compute="_compute_settles",
        store=True,
        readonly=False,
        help="Nobody has to look at the conversation until the customer writes again. Else it waits for an agent.",
    )

    # What else
    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Set Tags")
    team_id = fields.Many2one(
        "whatsapp.cs.team", "Give to Team", check_company=True, ondelete="restrict", help="Into the queue of this team."
    )
    opens_lead = fields.Boolean("Open a Lead", help="Unless the conversation has one.")
    hands_over = fields.Boolean("Hand Over to a Person")
    server_action_id = fields.Many2one(
        "ir.actions.server",
        domain="[('model_id.model', 'in', ('whatsapp.cs.conversation', 'res.partner', 'crm.lead')), ('usage', '=', 'ir_actions_server')]",
        groups="base.group_system",
        ondelete="restrict",
        help="Runs on the conversation, its partner or its lead. When it fails, the reply is sent all the same.",
    )

    variables_help = fields.Html(compute="_compute_variables_help", sanitize=False)
    sent_count = fields.Integer("Sent", compute="_compute_counts")
    sent_date = fields.Datetime("Last Sent", compute="_compute_counts")

    _hours_bounds = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours of the day are between 00:00 and 24:00.",
    )
    _dates_in_order = models.Constraint("CHECK(date_to >= date_from)", "The rule ends before it begins.")

    @api.depends("trigger", "keywords")
    def _compute_keyword_summary(self):
        """Show the words in one line of a list."""
        for rule in self:
            rule.keyword_summary = rule.trigger == "keyword" and ", ".join((rule.keywords or "").split("\n"))

    @api.depends("trigger", "hands_over", "team_id")
    def _compute_settles(self):
        for rule in self:
            rule.settles = rule.trigger == "keyword" and not rule.hands_over and not rule.team_id

    @api.depends("name")
    def _compute_has_second_conditions(self):
        self.has_second_conditions = bool(self._get_second_conditions())

    @api.depends("name")
    @api.depends_context("lang")
    def _compute_variables_help(self):
        """List what a text may say of the customer, with examples."""
        variables = self.env["whatsapp.cs.conversation"]._get_auto_reply_variables()
        values = {"variables": [(f"{{{{{name}}}}}", v.label, v.example) for name, v in variables.items()]}
        self.variables_help = self.env["ir.qweb"]._render("whatsapp_cs.automation_variables", values)

    def _compute_counts(self):
        # sudo: whatsapp.cs.automation.event - figures of a rule that the user may read
        rows = (
            self.env["whatsapp.cs.automation.event"]
            .sudo()
            ._read_group([("rule_id", "in", self.ids), ("outcome", "=", "sent")], ["rule_id"], ["__count", "date:max"])
        )
        found = {rule.id: (count, date) for rule, count, date in rows}
        for rule in self:
            rule.sent_count, rule.sent_date = found.get(rule.id, (0, False))

    @api.model
    def _get_second_conditions(self):
        """Return what may switch a rule to its second text, as for a Selection; addons that know such a thing extend it.

        Whether it is so is told by ``_holds_condition``.
        """
        return []

    # === CHECKS === #

    @api.constrains("text", "second_text", "button_1", "button_2", "button_3")
    def _check_texts(self):
        for rule in self:
            for text in (rule.text, rule.second_text):
                rule._check_text(text)
            titles = rule._get_button_titles()
            for title in titles:
                if get_length(title) > BUTTON_LIMIT:
                    raise ValidationError(
                        self.env._(
                            "The button “%(title)s” has %(length)s characters; WhatsApp takes at most %(limit)s.",
                            title=title,
                            length=get_length(title),
                            limit=BUTTON_LIMIT,
                        )
                    )
            if len(set(titles)) < len(titles):
                raise ValidationError(
                    self.env._("Two buttons have the same title: the customer could not tell them apart.")
                )

    def _check_text(self, text):
        length = get_length(text or "")
        if length > REPLY_LIMIT:
            raise ValidationError(
                self.env._(
                    "“%(name)s”: the text has %(length)s characters, a reply at most %(limit)s. Shorten it, or let a bot "
                    "tell it in steps.",
                    name=self.name,
                    length=length,
                    limit=REPLY_LIMIT,
                )
            )
        if unknown := self.env["whatsapp.cs.conversation"]._find_unknown_variables(text):
            known = self.env["whatsapp.cs.conversation"]._get_auto_reply_variables()
            raise ValidationError(
                self.env._(
                    "There is no variable {{%(name)s}}. Use one of these: %(known)s.",
                    name=unknown[0],
                    known=", ".join(f"{{{{{name}}}}}" for name in known),
                )
            )

    @api.constrains("trigger", "keywords", "match")
    def _check_keywords(self):
        for rule in self.filtered(lambda rule: rule.trigger == "keyword"):
            if rule.match != "pattern":
                if not keyword_index.parse(rule.keywords):
                    raise ValidationError(self.env._("“%s” needs at least one word to look for.", rule.name))
                continue
            try:
                patterns = keyword_index.parse_patterns(rule.keywords)
            except keyword_index.InvalidPattern as error:
                raise ValidationError(
                    self.env._("A pattern can't be read: %s. Correct it, or use words.", error)
                    if str(error)
                    else self.env._("A pattern takes too long on some texts. Write it without repeated repetitions.")
                ) from error
            if not patterns:
                raise ValidationError(self.env._("“%s” needs at least one pattern.", rule.name))

    @api.constrains("trigger", "hour_from", "hour_to")
    def _check_hours(self):
        for rule in self:
            if rule.trigger == "segment" and rule.hour_from == rule.hour_to:
                raise ValidationError(
                    self.env._("“%s” needs the hours of the day between which it answers.", rule.name)
                )

    @api.constrains("trigger", "event")
    def _check_event(self):
        for rule in self:
            if rule.trigger == "event" and not rule.event:
                raise ValidationError(self.env._("Choose for “%s” what has to happen.", rule.name))

    @api.constrains("variant_ids", "text")
    def _check_variants(self):
        for rule in self:
            if len(rule.variant_ids) >= VARIANTS_LIMIT:
                raise ValidationError(
                    self.env._("A reply has at most %(limit)s wordings, the first one included.", limit=VARIANTS_LIMIT)
                )
            if rule.variant_ids and not rule.text:
                raise ValidationError(self.env._("“%s” has other wordings, but no text.", rule.name))

    # === IMPORT === #

    @api.model
    def load(self, fields, data):
        """Cut imported texts that are too long, and say so (AR3)."""
        columns = [index for index, name in enumerate(fields) if name in ("text", "second_text", "variant_ids/text")]
        messages = []
        for number, row in enumerate(data):
            for index in columns:
                if get_length(row[index] or "") > REPLY_LIMIT:
                    row[index] = cut(row[index])
                    text = self.env._("The text was cut to %(limit)s characters.", limit=REPLY_LIMIT)
                    place = {"record": number, "rows": {"from": number, "to": number}, "field": fields[index]}
                    messages.append({"type": "warning", "message": text, **place})
        result = super().load(fields, data)
        result["messages"] = [*messages, *result["messages"]]
        return result

    # === BUTTONS === #

    def action_try(self):
        """Open *Try It*, from a rule or from the list."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try It"),
            "res_model": "whatsapp.cs.auto.reply.try",
            "views": [(self.env.ref("whatsapp_cs.whatsapp_cs_auto_reply_try_view_form").id, "form")],
            "target": "new",
            "context": {"default_rule_id": self.id if len(self) == 1 else False, "dialog_size": "extra-large"},
        }

    def action_view_events(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_automation_event_action")
        action["domain"] = [("rule_id", "=", self.id)]
        action["context"] = {}
        return action

    def _get_button_titles(self):
        titles = (self[name] for name in ("button_1", "button_2", "button_3"))
        return [title.strip() for title in titles if title and title.strip()]


def cut(text):
    """Return ``text`` cut to what a reply may hold, at the end of a word where there is one."""
    while get_length(text) > REPLY_LIMIT - 1:
        text = text[:-1]
    head, blank, _rest = text.rpartition(" ")
    return f"{head if blank and len(head) > REPLY_LIMIT // 2 else text}…"


class WhatsappCsAutoReplyVariant(models.Model):
    """Another wording of an automatic reply, so that nobody gets the same sentence twice in a row (AR2)."""

    _name = "whatsapp.cs.auto.reply.variant"
    _description = "WhatsApp Wording of an Automatic Reply"
    _order = "sequence, id"

    rule_id = fields.Many2one("whatsapp.cs.auto.reply", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    text = fields.Text(required=True, translate=True)

    @api.constrains("text")
    def _check_text(self):
        for variant in self:
            variant.rule_id._check_text(variant.text)
            variant.rule_id._check_variants()
