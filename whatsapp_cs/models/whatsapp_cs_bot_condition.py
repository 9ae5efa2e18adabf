from odoo import api, fields, models

from .whatsapp_cs_bot_step import TARGETS

WITHOUT_VALUE = ("set", "not set")
OPERATORS = [
    ("in", "is one of"),
    ("not in", "is none of"),
    ("=", "is"),
    ("!=", "is not"),
    ("contains", "contains"),
    ("not contains", "does not contain"),
    (">", "is more than"),
    (">=", "is at least"),
    ("<", "is less than"),
    ("<=", "is at most"),
    ("set", "is known"),
    ("not set", "is not known"),
]


class WhatsappCsBotCondition(models.Model):
    """A condition on an answer, or on a field of the customer: of a branch, or of a product that is recommended."""

    _name = "whatsapp.cs.bot.condition"
    _description = "WhatsApp Bot Condition"
    _order = "id"

    branch_id = fields.Many2one("whatsapp.cs.bot.branch", index="btree_not_null", ondelete="cascade")
    product_id = fields.Many2one("whatsapp.cs.bot.product", index="btree_not_null", ondelete="cascade")
    bot_id = fields.Many2one("whatsapp.cs.bot", compute="_compute_bot_id")
    source = fields.Selection([("answer", "Answer"), *TARGETS], "Of", default="answer", required=True)
    step_id = fields.Many2one(
        "whatsapp.cs.bot.step",
        "Question",
        domain="[('bot_id', '=', bot_id), ('kind', 'in', ('buttons', 'list', 'text'))]",
        index="btree_not_null",
        ondelete="cascade",
    )
    step_kind = fields.Selection(related="step_id.kind")
    field_name = fields.Char("Field")
    operator = fields.Selection(OPERATORS, default="in", required=True)
    choice_ids = fields.Many2many(
        "whatsapp.cs.bot.choice", "whatsapp_cs_bot_condition_choice_rel", "condition_id", "choice_id",
        "Answers", domain="[('step_id', '=', step_id)]",
    )  # fmt: skip
    value = fields.Char(help="What it is compared with.")

    @api.depends("branch_id.bot_id", "product_id.bot_id")
    def _compute_bot_id(self):
        for condition in self:
            condition.bot_id = condition.branch_id.bot_id or condition.product_id.bot_id

    @api.depends("source", "step_id", "field_name", "operator", "choice_ids", "value")
    def _compute_display_name(self):
        operators = dict(self._fields["operator"]._description_selection(self.env))
        for condition in self:
            subject = condition.step_id.name if condition.source == "answer" else condition._get_field_label()
            if condition.operator in ("in", "not in"):
                value = ", ".join(filter(None, condition.choice_ids.mapped("title")))
            else:
                value = condition.value if condition.operator not in WITHOUT_VALUE else ""
            words = (subject, operators.get(condition.operator), value)
            condition.display_name = " ".join(word for word in words if word)

    def _get_field_label(self):
        """Return the name of the field as people read it, "" when there is none."""
        field = self.source != "answer" and self.env[self.source]._fields.get(self.field_name)
        return field._description_string(self.env) if field else ""

    @api.onchange("source", "step_id")
    def _onchange_subject(self):
        has_choices = self.source == "answer" and self.step_id.kind in ("buttons", "list")
        if has_choices != (self.operator in ("in", "not in")) and self.operator not in WITHOUT_VALUE:
            self.operator = "in" if has_choices else "="

    def _prepare_definition(self):
        self.ensure_one()
        is_answer = self.source == "answer"
        return {
            "step": self.step_id._get_key() if is_answer and self.step_id else None,
            "model": None if is_answer else self.source,
            "field": None if is_answer else self.field_name,
            "operator": self.operator,
            "choices": [choice._prepare_definition()["key"] for choice in self.choice_ids],
            "value": self.value or "",
        }

    def _get_problems(self, bot):
        """Return what keeps the condition from being asked, as sentences."""
        self.ensure_one()
        if not (self.step_id if self.source == "answer" else self._get_field_label()):
            return [self.env._("a condition does not say of what: choose the question, or the field.")]
        if self.source == "answer" and self.step_id not in bot.step_ids:
            return [
                self.env._("a condition asks for “%s”, which is no question of this bot any more.", self.step_id.name)
            ]
        if self.operator in ("in", "not in"):
            has_value = self.source == "answer" and self.choice_ids
        else:
            has_value = self.value or self.operator in WITHOUT_VALUE
        return [] if has_value else [self.env._("the condition “%s” has nothing to compare with.", self.display_name)]
