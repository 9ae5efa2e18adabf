from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime

DEADLINE = timedelta(hours=48)  # after going live, until which greeting and off-hours reply are to be switched on (CH4)
NEEDED = ("greeting", "off_hours")


class WhatsappCsChannel(models.Model):
    """A number in production needs a greeting and an off-hours reply: administrators are told until it has them (CH4)."""

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    missing_replies = fields.Char(
        compute="_compute_missing_replies", groups="whatsapp_cs.whatsapp_cs_group_administrator"
    )
    is_reply_noted = fields.Boolean(readonly=True, copy=False)

    @api.depends("production_date", "active", "is_test")
    @api.depends_context("lang")
    def _compute_missing_replies(self):
        for channel in self:
            channel.missing_replies = channel._get_missing_words()

    def _get_missing_words(self):
        """Return what is missing and until when it should be there; False when nothing is."""
        self.ensure_one()
        missing = self._get_missing_replies()
        if not missing:
            return False
        labels = {"greeting": self.env._("the greeting"), "off_hours": self.env._("the off-hours reply")}
        deadline = format_datetime(self.env, self.production_date + DEADLINE, dt_format="short")
        return self.env._(
            "Switch on %(replies)s until %(date)s: customers of “%(channel)s” should be greeted, and know when somebody is there.",
            replies=self.env._(" and ").join(labels[name] for name in missing),
            date=deadline,
            channel=self.name,
        )

    def _get_missing_replies(self):
        """Return the triggers for which no rule answers on this number, when it is in production."""
        self.ensure_one()
        if not self.production_date or self.is_test or not self.active:
            return []
        # sudo: whatsapp.cs.auto.reply - only whether there are some
        rules = (
            self.env["whatsapp.cs.auto.reply"]
            .sudo()
            .search([("trigger", "in", NEEDED), ("company_id", "=", self.company_id.id)])
        )
        own = rules.filtered(lambda rule: not rule.channel_ids or self in rule.channel_ids)
        return [trigger for trigger in NEEDED if trigger not in own.mapped("trigger")]

    def action_view_needed_replies(self):
        """Show greetings and off-hours replies, also those that are switched off."""
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_auto_reply_action")
        action["domain"] = [("trigger", "in", NEEDED)]
        action["context"] = {"active_test": False}
        return action

    def _remind_of_replies(self):
        """Give the administrators an activity while something is missing, and take it back when nothing is."""
        for channel in self:
            is_missing = bool(channel._get_missing_replies())
            if is_missing == channel.is_reply_noted:
                continue
            channel.is_reply_noted = is_missing
            if is_missing:
                deadline = (channel.production_date + DEADLINE).date()
                channel._remind(lambda record: record._get_reply_words(), deadline)
            else:
                channel._take_reminders_back()

    def _get_reply_words(self):
        return self.env._("Greeting and off-hours reply of %s", self.name), self._get_missing_words()

    def write(self, vals):
        result = super().write(vals)
        if {"production_date", "is_test", "active"} & set(vals):
            self._remind_of_replies()
        return result


class WhatsappCsAutoReply(models.Model):
    """Rules that are switched on or off change what a number is short of."""

    _inherit = "whatsapp.cs.auto.reply"  # pylint: disable=consider-merging-classes-inherited

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._note_needed_replies()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if {"active", "trigger", "channel_ids", "company_id"} & set(vals):
            self._note_needed_replies()
        return result

    def unlink(self):
        companies = self.company_id
        result = super().unlink()
        self._remind_companies(companies)
        return result

    def _note_needed_replies(self):
        if any(rule.trigger in NEEDED for rule in self):
            self._remind_companies(self.company_id)

    @api.model
    def _remind_companies(self, companies):
        # sudo: whatsapp.cs.channel - who changes rules need not be allowed to change numbers
        channels = self.env["whatsapp.cs.channel"].sudo()
        channels.search([("company_id", "in", companies.ids), ("production_date", "!=", False)])._remind_of_replies()
