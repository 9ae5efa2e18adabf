from odoo import SUPERUSER_ID, models

ACTIVITY = "mail.mail_activity_data_warning"  # mail's own type: one of ours would keep the addon from being uninstalled
GROUP_ADMINISTRATOR = "whatsapp_cs.whatsapp_cs_group_administrator"


class WhatsappCsReminder(models.AbstractModel):
    """Records about which administrators get activities that go away by themselves."""

    _name = "whatsapp.cs.reminder"
    _description = "WhatsApp Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    def _get_administrators(self):
        """Return the administrators who may see the record's company."""
        # sudo: res.users - who the administrators are is no secret; they are only told
        users = self.env.ref(GROUP_ADMINISTRATOR).sudo().all_user_ids
        return users.filtered(
            lambda user: user.active and user.id != SUPERUSER_ID and self.company_id in user.company_ids
        ).sudo(False)

    def _remind(self, get_words, deadline=None):
        """Give each administrator an activity; ``get_words(record)`` returns summary and note in the record's language."""
        self.ensure_one()
        for user in self._get_administrators():
            # Not by e-mail as well: what is urgent has an alert.
            record = self.with_context(lang=user.lang, mail_activity_quick_update=True)
            summary, note = get_words(record)
            record.activity_schedule(ACTIVITY, deadline, summary, note, user_id=user.id)

    def _take_reminders_back(self):
        """Remove the activities, also those of others: what they were about is done."""
        self.activity_unlink([ACTIVITY])
