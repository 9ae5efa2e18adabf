from odoo import api, fields, models
from odoo.exceptions import ValidationError

PREFIX = "whatsapp_cs_alert_"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Each is the limit of the same name of whatsapp.cs.alert.
    whatsapp_cs_alert_inbox_minutes = fields.Integer("Webhook Waits (Minutes)")
    whatsapp_cs_alert_outbox_minutes = fields.Integer("Message Waits (Minutes)")
    whatsapp_cs_alert_failed_webhooks = fields.Integer("Failed Webhooks")
    whatsapp_cs_alert_delivery_percent = fields.Integer("Delivered at Least (%)")
    whatsapp_cs_alert_delivery_messages = fields.Integer("Out of at Least (Messages)")
    whatsapp_cs_alert_api_calls_granted = fields.Integer("API Calls Granted a Day")
    whatsapp_cs_alert_api_calls_percent = fields.Integer("API Calls Used (%)")
    whatsapp_cs_alert_growth_percent = fields.Integer("Storage Grows in a Month (%)")
    whatsapp_cs_alert_job_minutes = fields.Integer("Job Is Overdue (Minutes)")

    @api.model
    def get_values(self):
        alert = self.env["whatsapp.cs.alert"]
        return {
            **super().get_values(),
            **{PREFIX + name: alert._get_limit(name) for name in self._get_whatsapp_cs_limits()},
        }

    def set_values(self):
        result = super().set_values()
        for name in self._get_whatsapp_cs_limits():
            limit = self[PREFIX + name]
            if limit < 0:
                raise ValidationError(
                    self.env._("“%s” can't be below 0; 0 switches the alert off.", self._fields[PREFIX + name].string)
                )
            self.env["whatsapp.cs.alert"]._set_limit(name, limit)
        return result

    @api.model
    def _get_whatsapp_cs_limits(self):
        return [name.removeprefix(PREFIX) for name in self._fields if name.startswith(PREFIX)]
