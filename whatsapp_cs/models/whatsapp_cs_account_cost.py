import calendar

from odoo import api, fields, models

from .whatsapp_cs_message_cost import BILLED_STATES


class WhatsappCsAccount(models.Model):
    """What the account's messages cost this month, what the month will probably cost, and its budget (KP7)."""

    _inherit = "whatsapp.cs.account"  # pylint: disable=consider-merging-classes-inherited

    currency_id = fields.Many2one(related="company_id.currency_id")
    monthly_budget = fields.Monetary(help="An alert comes before it is used up; 0: no budget.")
    month_cost = fields.Monetary("Cost This Month", compute="_compute_month_cost")
    forecast_cost = fields.Monetary(
        "Forecast of the Month", compute="_compute_month_cost", help="If the rest of the month is like the days so far."
    )

    def _compute_month_cost(self):
        start, share = self._get_month()
        costs = self._get_costs(start)
        for account in self:
            account.month_cost = costs.get(account, 0)
            account.forecast_cost = account.month_cost / share

    @api.model
    def _get_month(self):
        """Return when the month began (UTC) and how much of it is over; a first day says too little: it counts as a whole."""
        now = fields.Datetime.now()
        start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        days = max(1, (now - start).total_seconds() / 86400)
        return start, days / calendar.monthrange(now.year, now.month)[1]

    def _get_costs(self, start):
        """Return ``{account: cost}`` of what was sent since ``start``."""
        groups = self.env["whatsapp.cs.message"]._read_group(
            [
                ("channel_id.account_id", "in", self.ids),
                ("cost", ">", 0),
                ("date", ">=", start),
                ("state", "in", BILLED_STATES),
            ],
            ["channel_id"],
            ["cost:sum"],
        )
        costs = {}
        for channel, cost in groups:
            costs[channel.account_id] = costs.get(channel.account_id, 0) + cost
        return costs

    def _find_problems(self):
        problems = super()._find_problems()
        limit = self.env["whatsapp.cs.alert"]._get_limit("budget_percent")
        if limit and self.monthly_budget and 100 * self.month_cost >= limit * self.monthly_budget:
            used = 100 * self.month_cost / self.monthly_budget
            problems["budget"] = {"subject": self.name, "value": used, "limit_value": limit}
        return problems

    def action_view_costs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_cost_report_action")
        action["domain"] = [("account_id", "=", self.id)]
        return action
