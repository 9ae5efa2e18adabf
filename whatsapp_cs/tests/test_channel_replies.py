from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestChannelReplies(WhatsappCsCommon):
    """Within 48 hours after going live a number needs a greeting and an off-hours reply (CH4)."""

    def go_live(self):
        self.channel.action_use_as_test()
        self.channel.write({"name_status": "APPROVED", "check_state": "good"})
        self.channel.with_user(self.administrator).action_go_to_production()

    def get_activities(self):
        return self.channel.activity_ids.filtered(lambda activity: activity.user_id == self.administrator)

    def get_banner(self):
        self.env.invalidate_all()
        return self.channel.with_user(self.administrator).missing_replies

    def add(self, trigger, **values):
        return self.env["whatsapp.cs.auto.reply"].create(
            {"name": trigger, "trigger": trigger, "text": "Welcome, and thank you for your message!", **values}
        )

    def test_a_test_number_needs_none(self):
        self.channel.action_use_as_test()
        self.assertFalse(self.get_banner() or self.get_activities())

    def test_the_administrator_is_told_until_both_are_there(self):
        self.go_live()
        self.assertIn("the greeting and the off-hours reply", self.get_banner())
        activity = self.get_activities()
        self.assertEqual((activity.date_deadline - self.channel.production_date.date()).days, 2)
        greeting = self.add("greeting")
        self.assertIn("Switch on the off-hours reply until", self.get_banner())
        self.assertEqual(self.get_activities(), activity)
        self.add("off_hours")
        self.assertFalse(self.get_banner() or self.get_activities())
        greeting.active = False
        self.assertIn("the greeting", self.get_banner())
        self.assertEqual(len(self.get_activities()), 1)

    def test_replies_of_other_numbers_do_not_count(self):
        other = self._create_channel(self.account, "2002", "+1 555 0101")
        self.go_live()
        self.add("greeting", channel_ids=other.ids)
        self.add("off_hours", channel_ids=self.channel.ids)
        self.assertIn("Switch on the greeting until", self.get_banner())

    def test_the_banner_leads_to_the_replies_that_are_switched_off(self):
        action = self.channel.with_user(self.administrator).action_view_needed_replies()
        self.assertEqual(action["res_model"], "whatsapp.cs.auto.reply")
        self.assertFalse(action["context"]["active_test"])
