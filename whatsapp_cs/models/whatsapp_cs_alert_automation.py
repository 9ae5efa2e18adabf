from datetime import timedelta

from odoo import api, fields, models

PERIOD = timedelta(hours=24)  # within which failures are counted


class WhatsappCsAlert(models.Model):
    """An automatic reply, or one of its actions, did not work (AR4)."""

    _inherit = "whatsapp.cs.alert"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(selection_add=[("automation", "Automation failed")], ondelete={"automation": "cascade"})

    def _get_words(self):
        if self.kind != "automation":
            return super()._get_words()
        return (
            self.env._(
                "Automation failed %(number)s times in 24 hours, last: %(subject)s.",
                number=round(self.value),
                subject=self.subject,
            ),
            self.env._(
                "Customers wait for an agent instead, or got the reply without the action. Open Reporting > Automation "
                "with the filter Failed, and correct the rule or its action; the server's log has the details."
            ),
        )

    @api.model
    def _find_problems(self):
        found = super()._find_problems()
        if values := self._judge_automation():
            found["automation"] = values
        return found

    @api.model
    def _judge_automation(self):
        domain = [("outcome", "=", "failed"), ("date", ">", fields.Datetime.now() - PERIOD)]
        Event = self.env["whatsapp.cs.automation.event"]
        if last := Event.search(domain, limit=1):
            names = filter(None, (last.rule_id.name, last.step, last.error))
            return {"value": Event.search_count(domain), "limit_value": 0, "subject": ": ".join(names)}
