import re

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import bot_graph
from ..tools.bot_engine import PRODUCTS_LIMIT, QUESTIONS
from ..tools.message_payload import (
    BODY_LIMIT,
    BUTTON_LIMIT,
    BUTTONS_LIMIT,
    LIST_BODY_LIMIT,
    ROW_DESCRIPTION_LIMIT,
    ROW_TITLE_LIMIT,
)
from ..tools.text_format import TEXT_LIMIT, get_length

FORMATS = [
    ("text", "Any Text"),
    ("number", "Number"),
    ("date", "Date"),
    ("email", "E-Mail Address"),
    ("phone", "Phone Number"),
    ("yesno", "Yes or No"),
]
TARGETS = [("res.partner", "Contact"), ("crm.lead", "Lead")]
# Kinds of fields that an answer of a format can be written to
WRITABLE_TYPES = {
    "text": ("char", "text", "html", "selection"),
    "number": ("integer", "float", "monetary", "char", "text"),
    "date": ("date", "datetime", "char", "text"),
    "email": ("char", "text"),
    "phone": ("char", "text"),
    "yesno": ("boolean", "char", "text", "selection"),
}
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")


class WhatsappCsBotStep(models.Model):
    """One step of a bot: something said, asked, decided or done."""

    _name = "whatsapp.cs.bot.step"
    _description = "WhatsApp Bot Step"
    _order = "sequence, id"
    _check_company_auto = True

    bot_id = fields.Many2one("whatsapp.cs.bot", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="bot_id.company_id")
    active = fields.Boolean(default=True)  # a step that was once published is put away, so that figures keep its name
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="What it is about, for map, answers and figures; customers don't see it.")
    kind = fields.Selection(
        [
            ("message", "Message"),
            ("buttons", "Ask: Buttons"),
            ("list", "Ask: List"),
            ("text", "Ask: Free Answer"),
            ("branch", "Branch"),
            ("set", "Set Field or Tags"),
            ("products", "Products"),
            ("action", "Server Action"),
            ("hand_over", "Hand Over"),
            ("end", "End"),
        ],
        default="message",
        required=True,
    )
    text = fields.Text(
        translate=True,
        help="What the customer reads. {{first_name}} is the customer's name; {{name}} the answer to the step whose answer "
        "has that name.",
    )
    next_id = fields.Many2one(
        "whatsapp.cs.bot.step", "Goes On With", domain="[('bot_id', '=', bot_id), ('id', '!=', id)]", ondelete="set null",
        index="btree_not_null",
        help="Empty: the next one in the list.",
    )  # fmt: skip
    choice_ids = fields.One2many("whatsapp.cs.bot.choice", "step_id", "Answers", copy=True)
    branch_ids = fields.One2many("whatsapp.cs.bot.branch", "step_id", "Branches", copy=True)
    format = fields.Selection(FORMATS, "Wanted", default="text", required=True)
    min_value = fields.Float("At Least", help="A number, or the characters of a text. Both 0: no limits.")
    max_value = fields.Float("At Most", help="0: no upper limit.")
    date_range = fields.Selection(
        [("any", "Any day"), ("past", "In the past"), ("future", "From today on")],
        "Which Day",
        default="any",
        required=True,
    )
    is_optional = fields.Boolean("Can Be Skipped")
    retry_count = fields.Integer(
        "Tries After a Wrong Answer", default=2, required=True, help="Then a person takes over. 0: at once."
    )
    refusal = fields.Char(
        "Said to Wrong Answers",
        translate=True,
        help="Empty: what is wanted, in the customer's language, with an example.",
    )
    variable = fields.Char(
        "Name of the Answer", help="Such as skin_type: later texts show the answer as {{skin_type}}."
    )
    target_model = fields.Selection(TARGETS, "Write to")
    target_field = fields.Char("Field")
    value = fields.Char(translate=True, help="What is written. {{name}} is the answer that has this name.")
    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Set Tags")
    product_limit = fields.Integer("Products at Most", default=PRODUCTS_LIMIT, required=True)
    action_id = fields.Many2one(
        "ir.actions.server",
        domain=[("model_id.model", "in", ("whatsapp.cs.conversation", "res.partner", "crm.lead"))],
        ondelete="restrict",
        groups="base.group_system",
        help="Runs on the conversation, the contact or the lead, whatever it is made for. If it fails, the bot goes on.",
    )
    team_id = fields.Many2one(
        "whatsapp.cs.team", check_company=True, ondelete="restrict", help="Empty: the team that routing chooses."
    )
    skill_id = fields.Many2one("whatsapp.cs.skill", "Needed Skill", ondelete="restrict")
    ending = fields.Selection(
        [("resolved", "Resolve the conversation"), ("waiting", "Keep it open until the customer writes")],
        "And Then",
        default="resolved",
        required=True,
    )
    finding = fields.Char("Problem", compute="_compute_finding")

    _product_limit_bounds = models.Constraint(
        "CHECK(product_limit BETWEEN 1 AND 3)", "One to three products can be recommended at once."
    )
    _retry_count_bounds = models.Constraint(
        "CHECK(retry_count BETWEEN 0 AND 10)", "A customer can be asked again 0 to 10 times."
    )

    @api.depends("bot_id.map")
    def _compute_finding(self):
        for bot, steps in self.grouped("bot_id").items():
            texts = {}
            for key, text in bot.step_ids._get_problems(bot._get_definition()):
                texts.setdefault(key, text)
            for step in steps:
                step.finding = texts.get(step._get_key(), False)

    @api.onchange("target_model")
    def _onchange_target_model(self):
        if self.target_model and self.target_field not in self.env[self.target_model]._fields:
            self.target_field = False

    def unlink(self):
        """Put steps away that customers have been asked by; delete the others."""
        published = self.bot_id.version_ids._get_step_keys()
        known = self.filtered(lambda step: step._get_key() in published)
        known.active = False
        self.search([("next_id", "in", known.ids)]).next_id = False
        known.choice_ids.search([("next_id", "in", known.ids)]).next_id = False
        known.branch_ids.search([("next_id", "in", known.ids)]).next_id = False
        return super(WhatsappCsBotStep, self - known).unlink()

    # === DEFINITION === #

    def _get_key(self):
        """Return the step's name in definitions, runs and maps."""
        self.ensure_one()
        return str(self._origin.id or self.id.ref or self.id)

    @api.model
    def _get_texts(self, record, name):
        """Return ``{language: text}`` of a translated field, as a definition keeps it."""
        texts = {}
        for code, _language in self.env["res.lang"].get_installed():
            text = record.with_context(lang=code)[name]
            if text and text not in texts.values():
                texts[code] = text
        return texts

    def _prepare_definition(self, following):
        """Return the step as plain data; extend it for kinds of your own.

        :param following: the step that comes next in the list, or None
        """
        self.ensure_one()
        next_step = self.next_id or following
        return {
            "key": self._get_key(),
            "name": self.name or "",
            "kind": self.kind,
            "text": self._get_texts(self, "text"),
            "next": next_step._get_key() if next_step else None,
            "choices": [choice._prepare_definition() for choice in self.choice_ids.sorted("sequence")]
            if self.kind in ("buttons", "list")
            else [],
            "branches": [branch._prepare_definition() for branch in self.branch_ids.sorted("sequence")]
            if self.kind == "branch"
            else [],
            "format": self.format,
            "min": self.min_value if self.min_value or self.max_value else None,
            "max": self.max_value or None,
            "range": self.date_range,
            "is_optional": self.is_optional and self.kind in QUESTIONS,
            "retries": self.retry_count,
            "refusal": self._get_texts(self, "refusal"),
            "target": {"model": self.target_model, "field": self.target_field} if self._writes() else None,
            "value": self._get_texts(self, "value"),
            "tags": self.tag_ids.ids,
            "limit": self.product_limit,
            "action": self.sudo().action_id.id
            or None,  # sudo: ir.actions.server - the system's administrator has chosen it
            "team": self.team_id.id or None,
            "skill": self.skill_id.id or None,
            "ending": self.ending,
        }

    def _writes(self):
        return bool(self.target_model and self.target_field and self.kind in (*QUESTIONS, "set"))

    # === WHAT IS WRONG === #

    def _get_problems(self, definition):
        """Return ``[(key of the step, sentence)]`` of what keeps a bot from being published, in the order of its steps."""
        if not self:
            return [("", self.env._("It has no steps: add what it says and asks."))]
        edges = bot_graph.get_edges(definition, lambda texts: "")
        findings = bot_graph.get_findings(definition, edges)
        sentences = {
            "unreachable": self.env._("no step leads to it: let one go on with it, or delete it."),
            "dead_end": self.env._("nothing follows it: add an End or a hand-over after it."),
            "trapped": self.env._("no way leads from it to an End or a hand-over: customers would go round for ever."),
            "idle_loop": self.env._("it goes round in a loop that asks nothing: let the loop pass a question."),
        }
        problems = []
        for step in self.sorted(lambda step: (step.sequence, step._origin.id or 0)):
            own = step._get_own_problems(definition["steps"][step._get_key()])
            if finding := findings.get(step._get_key()):
                own = [sentences[finding], *own]
            title = step.name or dict(self._fields["kind"]._description_selection(self.env))[step.kind]
            problems += [(step._get_key(), f"{title}: {text}") for text in own]
        return problems + self._get_variable_problems(definition)

    def _get_variable_problems(self, definition):
        names = [step.variable for step in self if step.variable]
        texts = [
            self.env._("Two answers are named “%s”: give each a name of its own.", name)
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
        texts += [
            self.env._("The answer's name “%s” should be one word of small letters, such as skin_type.", name)
            for name in names
            if not _VARIABLE.fullmatch(name)
        ]
        unknown = {
            name: step["key"]
            for step in definition["steps"].values()
            for text in (*step["text"].values(), *step["value"].values())
            for name in self.env["whatsapp.cs.conversation"]._find_unknown_variables(text)
            if name not in definition["variables"]
        }
        return [("", text) for text in texts] + [
            (
                key,
                self.env._("A text has {{%s}}, but no answer has this name, and no fact of the customer either.", name),
            )
            for name, key in unknown.items()
        ]

    def _get_own_problems(self, data):
        """Return sentences of what is wrong with this step, wherever it stands."""
        self.ensure_one()
        checks = {
            "message": self._check_said,
            "buttons": self._check_choices,
            "list": self._check_choices,
            "text": self._check_question,
            "branch": self._check_branches,
            "set": self._check_set,
            "products": self._check_products,
            "action": self._check_action,
            "hand_over": self._check_length,
            "end": self._check_length,
        }
        return [*checks[self.kind](data), *self._check_target(data)]

    def _check_said(self, data):
        if not data["text"]:
            return [self.env._("it says nothing: enter its text.")]
        return self._check_length(data)

    def _check_length(self, data):
        limit = {"list": LIST_BODY_LIMIT, "buttons": BODY_LIMIT, "text": BODY_LIMIT}.get(self.kind, TEXT_LIMIT)
        return [self._get_length_problem(text, limit) for text in data["text"].values() if get_length(text) > limit]

    def _get_length_problem(self, text, limit):
        return self.env._(
            "“%(text)s” has %(length)s characters; WhatsApp takes at most %(limit)s.",
            text=f"{text[:30]}…" if len(text) > 30 else text,
            length=get_length(text),
            limit=limit,
        )

    def _check_question(self, data):
        problems = self._check_said(data)
        if data["max"] is not None and data["max"] < (data["min"] or 0):
            problems.append(self.env._("no answer can be at least the one and at most the other: correct its limits."))
        return problems

    def _check_choices(self, data):
        problems = self._check_said(data)
        choices = data["choices"]
        if not choices:
            problems.append(self.env._("it offers no answers: add some."))
        if self.kind == "buttons" and len(choices) > BUTTONS_LIMIT:
            problems.append(
                self.env._(
                    "it has %(count)s buttons, WhatsApp shows %(limit)s: make it a question with a list.",
                    count=len(choices),
                    limit=BUTTONS_LIMIT,
                )
            )
        limit = BUTTON_LIMIT if self.kind == "buttons" else ROW_TITLE_LIMIT
        titles = [title for choice in choices for title in choice["title"].values()]
        problems += [self._get_length_problem(title, limit) for title in titles if get_length(title) > limit]
        if self.kind == "list":
            texts = [text for choice in choices for text in choice["description"].values()]
            limit = ROW_DESCRIPTION_LIMIT
            problems += [self._get_length_problem(text, limit) for text in texts if get_length(text) > limit]
        own = [choice["title"].get("en_US") or next(iter(choice["title"].values()), "") for choice in choices]
        problems += [
            self.env._("it offers “%s” twice: customers could not tell them apart.", title)
            for title in sorted({title for title in own if own.count(title) > 1})
        ]
        return problems

    def _check_branches(self, data):
        if not self.branch_ids:
            return [self.env._("it has no branches: add when it goes where.")]
        return [
            self.env._("the branch to “%s” has no condition: everybody would take it.", branch.next_id.name or "…")
            for branch in self.branch_ids
            if not branch.condition_ids
        ] + [text for condition in self.branch_ids.condition_ids for text in condition._get_problems(self.bot_id)]

    def _check_set(self, data):
        if not data["target"] and not data["tags"]:
            return [self.env._("it sets nothing: choose a field, or tags.")]
        if data["target"] and not data["value"]:
            return [self.env._("it has nothing to write: enter the value.")]
        return []

    def _check_products(self, data):
        problems = self._check_length(data)
        if not self.bot_id.product_ids:
            problems.append(self.env._("there are no products yet: add them on the bot's page “Products”."))
        for condition in self.bot_id.product_ids.condition_ids:
            problems += condition._get_problems(self.bot_id)
        return problems

    def _check_action(self, data):
        return [] if data["action"] else [self.env._("choose the action that it runs.")]

    def _check_target(self, data):
        if not data["target"]:
            return []
        field = self.env[self.target_model]._fields.get(self.target_field)
        if not field or field.readonly or not field.store:
            return [self.env._("“%s” is no field that can be written: choose another one.", self.target_field)]
        types = WRITABLE_TYPES[self.format if self.kind == "text" else "text"]
        if field.type in (
            types if self.kind != "set" else {kind for kinds in WRITABLE_TYPES.values() for kind in kinds}
        ):
            return []
        return [
            self.env._("its answer can't be written to “%s”: the field holds another kind.", self._get_target_label())
        ]

    def _get_target_label(self):
        """Return the name of the field that is written to, as people read it."""
        field = self.env[self.target_model]._fields.get(self.target_field)
        return field._description_string(self.env) if field else self.target_field

    def _check_writable(self):
        """Refuse to let customers' answers be written where the user who publishes the bot may not write."""
        for step in self.filtered(lambda step: step._writes()):
            Model, name = self.env[step.target_model], step.target_field
            if not Model.has_access("write") or not Model._has_field_access(Model._fields[name], "write"):
                raise UserError(
                    self.env._(
                        "“%(step)s” writes to “%(field)s”, which you may not write yourself. Choose another field, or ask somebody "
                        "who may to publish the bot.",
                        step=step.name,
                        field=step._get_target_label(),
                    )
                )
