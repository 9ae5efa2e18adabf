from datetime import timedelta

from odoo import api, fields, models

from .whatsapp_cs_automation_quality import PERIOD_DAYS
from .whatsapp_cs_related import get_list_action

GAVE_UP = ("person", "misunderstood")  # what became of a question after which a person had to go on
ENOUGH = 10  # questions asked; fewer say nothing of a step


class WhatsappCsBotStep(models.Model):
    """How often customers come no further than this step (AR11)."""

    _inherit = "whatsapp.cs.bot.step"  # pylint: disable=consider-merging-classes-inherited

    asked_count = fields.Integer("Asked", compute="_compute_quality", help="In the last 30 days.")
    hand_over_rate = fields.Float(
        "Handed Over (%)",
        compute="_compute_quality",
        help="Of the customers who were asked this in the last 30 days: who wanted a person, or was not understood.",
    )
    is_weak = fields.Boolean("Too Often Handed Over", compute="_compute_quality")

    def _compute_quality(self):
        limit = self.env["whatsapp.cs.automation.goal"]._get_limit("step_percent")
        # sudo: whatsapp.cs.bot.answer - only how many there are
        rows = (
            self.env["whatsapp.cs.bot.answer"]
            .sudo()
            ._read_group(
                [
                    ("step_id", "in", self._origin.ids),
                    ("outcome", "not in", ("open", "recommended")),
                    ("date", ">", fields.Datetime.now() - timedelta(days=PERIOD_DAYS)),
                ],
                ["step_id", "outcome"],
                ["__count"],
            )
        )
        asked, handed_over = {}, {}
        for step, outcome, count in rows:
            asked[step.id] = asked.get(step.id, 0) + count
            if outcome in GAVE_UP:
                handed_over[step.id] = handed_over.get(step.id, 0) + count
        for step in self:
            step.asked_count = asked.get(step._origin.id, 0)
            step.hand_over_rate = (
                100 * handed_over.get(step._origin.id, 0) / step.asked_count if step.asked_count else 0
            )
            step.is_weak = bool(limit) and step.asked_count >= ENOUGH and step.hand_over_rate > limit

    def action_view_answers(self):
        """Show what customers said at this step."""
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_bot_answer_action", "step_id")


class WhatsappCsBot(models.Model):
    """Marks of weak steps on the bot and on its map; its end is an event of the customer."""

    _inherit = "whatsapp.cs.bot"  # pylint: disable=consider-merging-classes-inherited

    weak_steps = fields.Char(compute="_compute_weak_steps")

    @api.depends("step_ids")
    def _compute_weak_steps(self):
        for bot in self:
            weak = bot.step_ids.filtered("is_weak")
            bot.weak_steps = ", ".join(f"{step.name} ({step.hand_over_rate:.0f} %)" for step in weak) or False

    def _get_map(self, definition, problem_keys=()):
        """Mark steps at which too many customers are handed over, unless something worse is wrong with them."""
        drawn = super()._get_map(definition, problem_keys)
        keys = [int(node["key"]) for node in drawn["nodes"] if node["key"].isdecimal()]
        weak = {str(step.id): step for step in self.env["whatsapp.cs.bot.step"].browse(keys).exists() if step.is_weak}
        for node in drawn["nodes"]:
            if node["key"] in weak and not node["finding"]:
                node["finding"] = "weak"
        return drawn

    def action_view_funnel(self):
        """Show how many customers come how far."""
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_bot_report_action", "bot_id")


class WhatsappCsBotRun(models.Model):
    _inherit = "whatsapp.cs.bot.run"  # pylint: disable=consider-merging-classes-inherited

    def _on_finish(self, step, ending):
        """Who has gone through a bot may get a follow-up."""
        result = super()._on_finish(step, ending)
        self.contact_id._on_customer_event("bot_finished", record=self, detail=self.bot_id.name)
        return result


class WhatsappCsFollowUp(models.Model):
    _inherit = "whatsapp.cs.follow.up"  # pylint: disable=consider-merging-classes-inherited

    bot_ids = fields.Many2many("whatsapp.cs.bot", string="Bots", help="Empty: all.")

    def _applies_to(self, event):
        if event.name == "bot_finished" and self.bot_ids:
            run = self.env["whatsapp.cs.bot.run"].browse(event.res_id).exists()
            if run.bot_id not in self.bot_ids:
                return False
        return super()._applies_to(event)
