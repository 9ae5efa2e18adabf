from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What the settings are called here, and the model that keeps each under the rest of its name.
LIMITS = {
    "whatsapp_cs_alert_": "whatsapp.cs.alert",
    "whatsapp_cs_audit_": "whatsapp.cs.audit",
    "whatsapp_cs_automation_": "whatsapp.cs.automation.goal",
    "whatsapp_cs_policy_": "whatsapp.cs.send.policy",
    "whatsapp_cs_price_": "whatsapp.cs.price",
}


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    whatsapp_cs_audit_months = fields.Integer("Keep the Audit (Months)")
    whatsapp_cs_price_free_messages = fields.Integer("Free Service Messages a Month and Number")
    whatsapp_cs_price_surcharge_hours = fields.Integer("Surcharge After (Hours)")
    whatsapp_cs_policy_minute_messages = fields.Integer("Messages a Minute to Somebody New")
    whatsapp_cs_policy_template_hours = fields.Integer("One Template Without Opt-In (Hours)")
    whatsapp_cs_policy_promotion_days = fields.Integer("One Promotion (Days)")
    whatsapp_cs_policy_content_messages = fields.Integer("Same Content in 30 Days (Messages)")
    whatsapp_cs_policy_event_hours = fields.Integer("Same Event (Hours Apart)")
    whatsapp_cs_policy_daily_contacts = fields.Integer("People Written to First in 24 Hours")
    whatsapp_cs_alert_inbox_minutes = fields.Integer("Webhook Waits (Minutes)")
    whatsapp_cs_alert_outbox_minutes = fields.Integer("Message Waits (Minutes)")
    whatsapp_cs_alert_failed_webhooks = fields.Integer("Failed Webhooks")
    whatsapp_cs_alert_delivery_percent = fields.Integer("Delivered at Least (%)")
    whatsapp_cs_alert_delivery_messages = fields.Integer("Out of at Least (Messages)")
    whatsapp_cs_alert_api_calls_granted = fields.Integer("API Calls Granted a Day")
    whatsapp_cs_alert_api_calls_percent = fields.Integer("API Calls Used (%)")
    whatsapp_cs_alert_growth_percent = fields.Integer("Storage Grows in a Month (%)")
    whatsapp_cs_alert_budget_percent = fields.Integer("Budget Used (%)")
    whatsapp_cs_alert_accuracy_percent = fields.Integer("Right Automatic Answers at Least (%)")
    whatsapp_cs_alert_accuracy_answers = fields.Integer("Out of at Least (Answers)")
    whatsapp_cs_automation_accuracy_goal = fields.Integer("Goal: Right Automatic Answers (%)")
    whatsapp_cs_automation_conversion_goal = fields.Integer("Goal: Questions That Lead to an Order (%)")
    whatsapp_cs_automation_order_days = fields.Integer("An Order Follows a Question Within (Days)")
    whatsapp_cs_automation_handling_minutes = fields.Integer("A Person Needs for an Answer (Minutes)")
    whatsapp_cs_automation_step_percent = fields.Integer("Mark Bot Steps Handed Over More Often Than (%)")
    whatsapp_cs_alert_job_minutes = fields.Integer("Job Is Overdue (Minutes)")

    @api.model
    def get_values(self):
        limits = {name: model._get_limit(limit) for name, (model, limit) in self._get_whatsapp_cs_limits().items()}
        return {**super().get_values(), **limits}

    def set_values(self):
        result = super().set_values()
        for name, (model, limit) in self._get_whatsapp_cs_limits().items():
            if self[name] < 0:
                raise ValidationError(
                    self.env._("“%s” can't be below 0; 0 switches it off.", self._fields[name].string)
                )
            model._set_limit(limit, self[name])
        return result

    @api.model
    def _get_whatsapp_cs_limits(self):
        """Return ``{field: (model that keeps it, name there)}``."""
        return {
            name: (self.env[model], name.removeprefix(prefix))
            for prefix, model in LIMITS.items()
            for name in self._fields
            if name.startswith(prefix)
        }
