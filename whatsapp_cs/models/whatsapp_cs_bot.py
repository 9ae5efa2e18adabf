from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import bot_graph
from ..tools.bot_engine import select_text

_STEP = (
    "active", "sequence", "name", "kind", "text", "next_id", "format", "min_value", "max_value", "date_range", "is_optional",
    "retry_count", "refusal", "variable", "target_model", "target_field", "value", "tag_ids", "product_limit", "action_id", "team_id", "skill_id", "ending",
    "choice_ids.sequence", "choice_ids.title", "choice_ids.description", "choice_ids.value", "choice_ids.next_id",
    "branch_ids.sequence", "branch_ids.next_id", "branch_ids.display_name",
)  # fmt: skip
_PRODUCT = ("sequence", "name", "price", "text", "url", "code", "condition_ids.display_name")
_SETTINGS = (
    "offers_person", "visit_limit", "opener", "restart_words", "reminder_minutes", "reminder_text", "timeout_hours",
    "timeout_action",
)  # fmt: skip
# What a definition is made of
_DEFINED_BY = (*_SETTINGS, *(f"step_ids.{name}" for name in _STEP), *(f"product_ids.{name}" for name in _PRODUCT))


class WhatsappCsBot(models.Model):
    """A guided talk, as its author edits it (AR9). Customers get what was published last: ``whatsapp.cs.bot.version``."""

    _name = "whatsapp.cs.bot"
    _description = "WhatsApp Bot"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, help="For you; customers don't see it.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    step_ids = fields.One2many("whatsapp.cs.bot.step", "bot_id", "Steps", copy=True)
    product_ids = fields.One2many("whatsapp.cs.bot.product", "bot_id", "Products", copy=True)
    version_ids = fields.One2many("whatsapp.cs.bot.version", "bot_id", "Versions")
    version_id = fields.Many2one(
        "whatsapp.cs.bot.version", "Published Version", readonly=True, copy=False, ondelete="set null"
    )
    state = fields.Selection(
        [("draft", "Never Published"), ("changed", "Changed Since"), ("published", "Published")],
        compute="_compute_state",
    )
    offers_person = fields.Boolean(
        "Offer a Person",
        default=True,
        help="Adds “Talk to a person” to every question that has room for it. Who writes it is understood in any case.",
    )
    visit_limit = fields.Integer(
        "Loop Limit", default=3, required=True, help="Who comes to the same step more often is handed over to a person."
    )
    opener = fields.Char(
        "Button of Lists",
        translate=True,
        help="Opens a list, at most 20 characters; empty: “Choose”, in their language.",
    )
    restart_words = fields.Char(
        translate=True, help="More words that begin anew, separated by commas. “restart” and the like always do."
    )
    reminder_minutes = fields.Integer(
        "Remind After (Minutes)", default=60, help="Of a customer's silence: the question is asked once more. 0: never."
    )
    reminder_text = fields.Char(
        translate=True, help="Stands above the question that is asked again; empty: “Are you still there?” …"
    )
    timeout_hours = fields.Integer(
        "Give Up After (Hours)", default=12, required=True, help="Of a customer's silence. The bot ends."
    )
    timeout_action = fields.Selection(
        [("resolve", "Resolve the conversation"), ("hand_over", "Hand over to a person")],
        "When It Gives Up",
        default="resolve",
        required=True,
    )
    map = fields.Json(compute="_compute_map")
    problems = fields.Text("To Be Mended", compute="_compute_map")
    run_count = fields.Integer("Runs", compute="_compute_counts")
    answer_count = fields.Integer("Answers", compute="_compute_counts")
    version_count = fields.Integer(compute="_compute_counts")

    _visit_limit_bounds = models.Constraint(
        "CHECK(visit_limit BETWEEN 1 AND 20)", "A customer may come to the same step 1 to 20 times."
    )
    _deadline_bounds = models.Constraint(
        "CHECK(reminder_minutes BETWEEN 0 AND 1380 AND timeout_hours BETWEEN 1 AND 720)",
        "Remind within 1,380 minutes (the window closes after 24 hours); give up after 1 to 720 hours.",
    )

    @api.depends("version_id.definition", *_DEFINED_BY)
    def _compute_state(self):
        for bot in self:
            version = bot.version_id
            if not version:
                bot.state = "draft"
            else:
                bot.state = "published" if bot._get_definition() == version.definition else "changed"

    @api.depends(*_DEFINED_BY)
    def _compute_map(self):
        for bot in self:
            definition = bot._get_definition()
            problems = bot.step_ids._get_problems(definition)
            bot.map = bot._get_map(definition, {step_key for step_key, _text in problems})
            bot.problems = "\n".join(text for _key, text in problems) or False

    def _compute_counts(self):
        def count(model):
            return dict(self.env[model]._read_group([("bot_id", "in", self.ids)], ["bot_id"], ["__count"]))

        runs, answers, versions = map(
            count, ("whatsapp.cs.bot.run", "whatsapp.cs.bot.answer", "whatsapp.cs.bot.version")
        )
        for bot in self:
            bot.run_count, bot.answer_count = runs.get(bot, 0), answers.get(bot, 0)
            bot.version_count = versions.get(bot, 0)

    def copy(self, default=None):
        """Let the copy's steps lead to each other, and not back into the bot they were copied from."""
        copies = super().copy(default)
        for bot, copied in zip(self, copies, strict=True):
            copied._relink(bot)
        return copies

    def copy_data(self, default=None):
        return [
            {**values, "name": self.env._("%s (copy)", bot.name)}
            for bot, values in zip(self, super().copy_data(default), strict=True)
        ]

    def _relink(self, original):
        steps = dict(zip(original.step_ids, self.step_ids, strict=True))
        choices = dict(zip(original.step_ids.choice_ids, self.step_ids.choice_ids, strict=True))
        for record in (*self.step_ids, *self.step_ids.choice_ids, *self.step_ids.branch_ids):
            if record.next_id:
                record.next_id = steps[record.next_id]
        for condition in (*self.step_ids.branch_ids.condition_ids, *self.product_ids.condition_ids):
            condition.choice_ids = condition.choice_ids.mapped(choices.get)
            condition.step_id = steps.get(condition.step_id)

    # === BUTTONS === #

    def action_publish(self):
        """Let customers who start from now on get the bot as it is; refused with everything that is wrong with it."""
        for bot in self:
            bot.check_access("write")
            definition = bot._get_definition()
            problems = bot.step_ids._get_problems(definition)
            if problems:
                lines = "\n".join(f"• {text}" for _key, text in problems)
                raise UserError(
                    self.env._("“%(bot)s” can't be published yet:\n%(problems)s", bot=bot.name, problems=lines)
                )
            bot.step_ids._check_writable()
            bot.version_id = bot._create_version(definition)

    def _create_version(self, definition):
        # sudo: whatsapp.cs.bot.version - nobody may write one by hand; who may write the bot may publish it
        return (
            self.env["whatsapp.cs.bot.version"]
            .sudo()
            .create(
                {
                    "bot_id": self.id,
                    "number": max(self.version_ids.mapped("number"), default=0) + 1,
                    "definition": definition,
                }
            )
            .with_env(self.env)
        )

    def action_withdraw(self):
        """Let nobody start it any more; who is in it comes to its end."""
        self.check_access("write")
        self.version_id = False

    def action_run_through(self):
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "whatsapp_cs.bot_run_through",
            "name": self.env._("Run Through: %s", self.name),
            "target": "new",
            "context": {"dialog_size": "extra-large"},
            "params": {"bot_id": self.id},
        }

    def action_view_runs(self):
        return self._get_list_action("whatsapp_cs_bot_run_action")

    def action_view_answers(self):
        return self._get_list_action("whatsapp_cs_bot_answer_action")

    def action_view_versions(self):
        return self._get_list_action("whatsapp_cs_bot_version_action")

    def _get_list_action(self, name):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"whatsapp_cs.{name}")
        return {**action, "domain": [("bot_id", "=", self.id)], "context": {}}

    # === DEFINITION === #

    def _get_definition(self):
        """Return the bot as plain data (``tools/bot_engine.py``): what a version keeps, and what a run goes by."""
        self.ensure_one()
        steps = self.step_ids.sorted(lambda step: (step.sequence, step._origin.id or 0))
        following = dict(pairwise(steps))
        keys = {step: step._get_key() for step in steps}
        get_texts = self.env["whatsapp.cs.bot.step"]._get_texts
        return {
            "start": keys[steps[0]] if steps else None,
            "limit": self.visit_limit,
            "offers_person": self.offers_person,
            "opener": get_texts(self, "opener"),
            "restart_words": get_texts(self, "restart_words"),
            "reminder": get_texts(self, "reminder_text"),
            "reminder_minutes": self.reminder_minutes,
            "timeout_hours": self.timeout_hours,
            "timeout_action": self.timeout_action,
            "variables": {step.variable: keys[step] for step in steps if step.variable},
            "products": [product._prepare_definition() for product in self.product_ids.sorted("sequence")],
            "steps": {keys[step]: step._prepare_definition(following.get(step)) for step in steps},
        }

    @api.model
    def _get_map(self, definition, problem_keys=()):
        """Return what the client draws: the steps with their places, and the ways between them."""
        steps = definition["steps"]

        def get_text(texts):
            return select_text(texts, self.env.lang)

        edges = [edge for edge in bot_graph.get_edges(definition, get_text) if edge.target in steps]
        findings = bot_graph.get_findings(definition, edges)
        places, back = bot_graph.get_layout(list(steps), edges, definition["start"])
        kinds = dict(self.env["whatsapp.cs.bot.step"]._fields["kind"]._description_selection(self.env))
        return {
            "nodes": [
                {
                    "key": key,
                    "name": step["name"],
                    "kind": step["kind"],
                    "kind_label": kinds[step["kind"]],
                    "column": places[key][0],
                    "layer": places[key][1],
                    "is_start": key == definition["start"],
                    "finding": findings.get(key) or ("problem" if key in problem_keys else ""),
                }
                for key, step in steps.items()
            ],
            "edges": [
                {**edge._asdict(), "is_back": (edge.source, edge.target) in back or edge.source == edge.target}
                for edge in edges
            ],
        }

    # === STARTING === #

    def _start(self, conversation, reason):
        """Begin the bot with a customer; return the run. Nothing happens when a bot is already in it, or none is published.

        :param reason: why, in words, for the list of runs
        """
        self.ensure_one()
        active = self.env["whatsapp.cs.bot.run"]._find_active(conversation)
        may_start = conversation.state == "bot" or conversation.state in conversation._STATE_SOURCES["bot"]
        if active or not self.version_id or not may_start:
            return active
        if conversation._count_automatic() >= conversation.channel_id.automation_cap:
            conversation._need_person("cap")
            return active
        return self.env["whatsapp.cs.bot.run"]._begin(self.version_id, conversation, reason)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        used = self.filtered("run_count")
        if used:
            raise UserError(
                self.env._("Customers have talked with “%s”: archive it, so that their answers stay.", used[0].name)
            )
