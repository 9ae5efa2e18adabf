from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestSnooze(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()
        self.answer("I ask the warehouse")

    def snooze(self, user=None, choice="hour"):
        action = self.conversation.with_user(user or self.agent).action_snooze()
        wizard = Form(self.env[action["res_model"]].with_user(user or self.agent).with_context(**action["context"]))
        wizard.choice = choice
        wizard.save().action_snooze()

    def reach(self):
        """Let the time come."""
        self.conversation.snooze_until = fields.Datetime.now()

    def test_it_sleeps_until_its_time_and_comes_back_to_its_agent(self):
        self.snooze()
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("snoozed", self.agent))
        self.assertFalse(self.get_thread().channel_member_ids)
        self.run_cron("snooze")
        self.assertEqual(self.conversation.state, "snoozed")
        self.reach()
        self.run_cron("snooze")
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))
        self.assertFalse(self.conversation.snooze_until)
        self.assertEqual(self.get_thread().channel_partner_ids, self.agent.partner_id)
        self.assertEqual(len(self.conversation.stint_ids), 1)

    def test_the_job_is_called_for_the_moment(self):
        self.snooze()
        cron = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_snooze")
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(self.conversation.snooze_until, trigger.mapped("call_at"))

    def test_the_customer_wakes_it(self):
        self.snooze()
        self.receive(self.text_body("Any news?", "wamid.A2"))
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))

    def test_without_an_agent_it_comes_back_to_the_queue(self):
        self.snooze()
        self.agent.active = False
        self.reach()
        self.run_cron("snooze")
        self.assertEqual((self.conversation.state, self.conversation.user_id.id), ("queued", False))
        self.snooze(user=self.agent_2)
        self.receive(self.text_body("Any news?", "wamid.A2"))
        self.assertEqual(self.conversation.state, "queued")

    def test_the_choices_are_in_the_users_own_time(self):
        self.agent.tz = "Asia/Kolkata"
        wizard = Form(
            self.env["whatsapp.cs.snooze"]
            .with_user(self.agent)
            .with_context(default_conversation_ids=self.conversation.ids, tz="Asia/Kolkata")
        )
        thursday = datetime(2026, 11, 26, 20, 0)  # 1:30 on Friday in Kolkata
        with patch.object(fields.Datetime, "now", lambda: thursday):
            wizard.choice = "tomorrow"
            self.assertEqual(wizard.until, datetime(2026, 11, 28, 3, 30))
            wizard.choice = "monday"
            self.assertEqual(wizard.until, datetime(2026, 11, 30, 3, 30))
            wizard.choice = "afternoon"
            self.assertEqual(wizard.until, datetime(2026, 11, 26, 23, 0))

    def test_only_a_time_to_come_can_be_chosen(self):
        now = fields.Datetime.now()
        for until in (False, now - timedelta(minutes=1), now + timedelta(days=400)):
            with self.subTest(until=until), self.assertRaisesRegex(UserError, "a time that is to come"):
                self.conversation.with_user(self.agent)._snooze(until)

    def test_who_has_it_and_editors_may(self):
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.conversation.with_user(self.agent_2).action_snooze()
        self.snooze(user=self.editor)
        self.conversation.with_user(self.editor).action_wake()
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))
        self.conversation.with_user(self.agent).action_resolve()
        with self.assertRaisesRegex(UserError, "Reopen it first"):
            self.conversation.with_user(self.agent).action_snooze()

    def test_an_answer_wakes_it(self):
        self.snooze()
        self.answer("It is there!")
        self.assertEqual((self.conversation.state, self.conversation.snooze_until), ("waiting", False))
