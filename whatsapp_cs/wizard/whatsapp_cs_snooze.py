from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models

MORNING = time(9)


class WhatsappCsSnooze(models.TransientModel):
    """Let conversations sleep until a time."""

    _name = "whatsapp.cs.snooze"
    _description = "Snooze WhatsApp Conversations"

    conversation_ids = fields.Many2many("whatsapp.cs.conversation", required=True)
    choice = fields.Selection(
        [
            ("hour", "In 1 hour"),
            ("afternoon", "In 3 hours"),
            ("tomorrow", "Tomorrow, 9:00"),
            ("monday", "Next Monday, 9:00"),
            ("own", "At another time"),
        ],
        default="hour",
        required=True,
    )
    until = fields.Datetime(compute="_compute_until", store=True, readonly=False)

    @api.depends("choice")
    def _compute_until(self):
        now = fields.Datetime.now()
        today = fields.Datetime.context_timestamp(self, now).date()
        for wizard in self:
            if wizard.choice == "hour":
                wizard.until = now + timedelta(hours=1)
            elif wizard.choice == "afternoon":
                wizard.until = now + timedelta(hours=3)
            elif wizard.choice == "tomorrow":
                wizard.until = self._get_morning(today + timedelta(days=1))
            elif wizard.choice == "monday":
                wizard.until = self._get_morning(today + timedelta(days=7 - today.weekday()))
            else:
                wizard.until = wizard.until

    def _get_morning(self, date):
        """Return 9 o'clock of the user's day, in UTC."""
        local = self.env.tz.localize(datetime.combine(date, MORNING))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def action_snooze(self):
        self.ensure_one()
        # sudo: whatsapp.cs.snooze - as in the dialog of transfers: what a colleague has got meanwhile is refused
        self.sudo().conversation_ids.sudo(False)._snooze(self.until)
        return {"type": "ir.actions.act_window_close"}
