from odoo import api, fields, models

from ..models.whatsapp_cs_automation_quality import PERIOD_DAYS


class WhatsappCsAutomationFigures(models.TransientModel):
    """The figures of automation at a glance, each beside its goal; every one leads to what it is made of (AR11, AR12)."""

    _name = "whatsapp.cs.automation.figures"
    _description = "WhatsApp Automation at a Glance"

    days = fields.Integer(default=PERIOD_DAYS, required=True)
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number")
    answer_count = fields.Integer("Automatic Answers", compute="_compute_figures")
    accuracy = fields.Float(compute="_compute_figures", digits=(16, 1))
    accuracy_goal = fields.Integer(compute="_compute_goals")
    accuracy_state = fields.Selection(
        [("none", "No answers yet"), ("good", "Goal reached"), ("below", "Below the goal"), ("bad", "Alert")],
        compute="_compute_figures",
    )
    question_count = fields.Integer("Questions", compute="_compute_figures")
    order_count = fields.Integer("Orders", compute="_compute_figures")
    conversion = fields.Float(compute="_compute_figures", digits=(16, 1))
    conversion_goal = fields.Integer(compute="_compute_goals")
    conversion_state = fields.Selection(
        [("none", "No questions yet"), ("good", "Goal reached"), ("below", "Below the goal")],
        compute="_compute_figures",
    )
    followed_count = fields.Integer("Person Asked For", compute="_compute_figures")
    wrong_count = fields.Integer("Rated Wrong", compute="_compute_figures")
    hours_saved = fields.Float(compute="_compute_figures")
    handling_minutes = fields.Integer(compute="_compute_goals")

    @api.depends_context("lang")
    def _compute_display_name(self):
        for figures in self:
            figures.display_name = self.env._("Automation at a Glance")

    @api.depends("days")
    def _compute_goals(self):
        goal = self.env["whatsapp.cs.automation.goal"]
        for figures in self:
            figures.accuracy_goal = goal._get_limit("accuracy_goal")
            figures.conversion_goal = goal._get_limit("conversion_goal")
            figures.handling_minutes = goal._get_limit("handling_minutes")

    @api.depends("days", "channel_id")
    def _compute_figures(self):
        names = ("answer_count", "question_count", "order_count", "followed_count", "wrong_count", "hours_saved")
        for figures in self:
            [row] = self.env["whatsapp.cs.automation.report"]._read_group(
                figures._get_domain(), aggregates=[*(f"{name}:sum" for name in names), "accuracy:avg", "conversion:avg"]
            )
            *counts, accuracy, conversion = (value or 0 for value in row)
            figures.update(dict(zip(names, counts, strict=True)) | {"accuracy": accuracy, "conversion": conversion})
            figures.accuracy_state = figures._get_accuracy_state()
            is_reached = figures.conversion >= figures.conversion_goal
            figures.conversion_state = ("good" if is_reached else "below") if figures.question_count else "none"

    def _get_accuracy_state(self):
        if not self.answer_count:
            return "none"
        if self.accuracy >= self.accuracy_goal:
            return "good"
        return "bad" if self.accuracy < self.env["whatsapp.cs.alert"]._get_limit("accuracy_percent") else "below"

    def _get_domain(self):
        domain = [("date", ">=", fields.Datetime.subtract(fields.Datetime.now(), days=max(1, self.days)))]
        return [*domain, ("channel_id", "=", self.channel_id.id)] if self.channel_id else domain

    def action_view(self):
        """Open the answers behind a figure; the context says which."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_automation_report_action")
        name = self.env.context.get("whatsapp_cs_filter")
        action["domain"] = self._get_domain()
        action["context"] = {f"search_default_{name}": True} if name in ("followed", "wrong", "ordered") else {}
        if name:
            action["views"] = [(False, "list"), (False, "pivot"), (False, "graph")]
        return action
