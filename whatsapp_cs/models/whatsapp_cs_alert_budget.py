from odoo import fields, models


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
