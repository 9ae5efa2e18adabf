from odoo import api, fields, models


class WhatsappCsAlert(models.Model):
    """An account's costs come near its budget (KP7)."""

    _inherit = "whatsapp.cs.alert"

    kind = fields.Selection(selection_add=[("budget", "Costs reach the budget")], ondelete={"budget": "cascade"})

    def _get_words(self):
        if self.kind != "budget":
            return super()._get_words()
        return (
            self.env._(
                "%(subject)s has used %(number)s %% of its budget of the month; the limit is %(limit)s %%.",
                subject=self.subject,
                number=round(self.value),
                limit=round(self.limit_value),
            ),
            self.env._(
                "See the costs by day and category in Reporting > Costs. Pause promotions, or raise the budget in the "
                "account."
            ),
        )

    @api.model
    def _find_problems(self):
        problems = super()._find_problems()
        if values := self._judge_budget():
            problems["budget"] = values
        return problems

    @api.model
    def _judge_budget(self):
        limit, accounts = self._get_limit("budget_percent"), self.env["whatsapp.cs.account"]
        accounts = accounts.search([("monthly_budget", ">", 0)]) if limit else accounts
        used = {account: 100 * account.month_cost / account.monthly_budget for account in accounts}
        if not used:
            return None
        worst = max(used, key=used.get)
        return {"value": used[worst], "limit_value": limit, "subject": worst.name} if used[worst] >= limit else None
