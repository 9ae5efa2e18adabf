from odoo import api, fields, models


class WhatsappCsAlert(models.Model):
    """Automation answers badly (AR11)."""

    _inherit = "whatsapp.cs.alert"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(
        selection_add=[("accuracy", "Automatic answers are often wrong")], ondelete={"accuracy": "cascade"}
    )

    @api.model
    def _find_problems(self):
        found = super()._find_problems()
        accuracy = self._judge_accuracy()
        return {**found, "accuracy": accuracy} if accuracy else found

    @api.model
    def _judge_accuracy(self):
        percent, count = self.env["whatsapp.cs.automation.event"]._measure_accuracy()
        limit = self._get_limit("accuracy_percent")
        if limit and count and count >= self._get_limit("accuracy_answers") and percent < limit:
            return {"value": percent, "limit_value": limit}

    def _get_words(self):
        if self.kind != "accuracy":
            return super()._get_words()
        return (
            self.env._(
                "%(number)s %% of the automatic answers of 30 days were right; the limit is %(limit)s %%.",
                number=round(self.value),
                limit=round(self.limit_value),
            ),
            self.env._(
                "See in Reporting > Automation Analysis which rule or bot is wrong most often, and mend its words or its text, or "
                "switch it off."
            ),
        )
