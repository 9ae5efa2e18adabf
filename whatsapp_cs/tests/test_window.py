from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestWindow(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))

    def close_in(self, **delta):
        self.get_contact().window_end_date = fields.Datetime.now() + timedelta(**delta)

    def get_reminders(self):
        return [text for text in self.get_texts(self.get_thread()) if "waits for an answer" in text]

    def test_the_agent_is_reminded_once_for_each_window(self):
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.close_in(hours=3)
        self.run_cron("window")
        self.assertFalse(self.get_reminders())
        self.close_in(hours=1)
        self.run_cron("window")
        self.run_cron("window")
        self.assertEqual(len(self.get_reminders()), 1)
        self.receive(self.text_body("Hello?", "wamid.A2"))
        self.close_in(minutes=30)
        self.run_cron("window")
        self.assertEqual(len(self.get_reminders()), 2)
        self.assertFalse(self.send())

    def test_who_has_answered_is_not_reminded(self):
        self.answer("Yes")
        self.close_in(hours=1)
        self.run_cron("window")
        self.assertFalse(self.get_reminders())

    def test_zero_hours_mean_never(self):
        self.channel.reminder_hours = 0
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.close_in(hours=1)
        self.run_cron("window")
        self.assertFalse(self.get_reminders())

    def test_a_customer_who_owes_an_answer_is_asked_once_by_choice(self):
        self.answer("Which size?")
        self.send()
        self.close_in(hours=1)
        self.run_cron("window")
        self.assertFalse(self.send())
        self.channel.nudges_customer = True
        self.run_cron("window")
        self.run_cron("window")
        [payload] = self.send()
        self.assertEqual(payload["text"]["body"], self.channel.nudge_text)
        shown = self.get_thread().message_ids[0]
        self.assertEqual((shown.author_id, shown.message_type), (self.company.partner_id, "auto_comment"))
        self.assertEqual(self.get_conversation().state, "waiting")

    def test_the_question_is_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        self.channel.nudges_customer = True
        self.channel.with_context(lang="hi_IN").nudge_text = "क्या आपको अब भी मदद चाहिए?"
        self.get_contact().partner_id.lang = "hi_IN"
        self.answer("Which size?")
        self.send()
        self.close_in(hours=1)
        self.run_cron("window")
        self.assertEqual(self.send()[0]["text"]["body"], "क्या आपको अब भी मदद चाहिए?")
