from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestWaiting(WhatsappCsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Class = cls.env["whatsapp.cs.waiting.class"]
        cls.price = cls.env.ref("whatsapp_cs.waiting_class_price")
        cls.delivery = cls.env.ref("whatsapp_cs.waiting_class_logistics")
        cls.important = cls.env.ref("whatsapp_cs.waiting_class_important")

    def wait(self, minutes, wa_id="15550100001"):
        """Let this customer have waited for so long; return the alerts after the next minute's look."""
        conversation = self.get_conversation(wa_id)
        since = fields.Datetime.now() - timedelta(minutes=minutes, seconds=1)
        conversation.write({"unanswered_date": since, "waiting_judged_date": False})
        conversation.message_ids.filtered(lambda message: message.date >= since - timedelta(minutes=1)).date = since
        return self.look(conversation)

    def look(self, conversation):
        self.run_cron("waiting")
        return self.env["whatsapp.cs.waiting.alert"].search([("conversation_id", "=", conversation.id)])

    def test_each_class_has_its_own_limit(self):
        for wamid, wa_id, text, waiting_class, limit in (
            ("wamid.A1", "15550100001", "I was OVERCHARGED by you", self.price, 8),
            ("wamid.B1", "919800020001", "यह बहुत महंगा है", self.price, 8),
            ("wamid.C1", "201000000001", "هذا غالي جدًا", self.price, 8),
            ("wamid.D1", "32470123456", "Where is my parcel?", self.delivery, 12),
        ):
            with self.subTest(text=text):
                self.receive(self.text_body(text, wamid, wa_id=wa_id))
                self.assertFalse(self.wait(limit - 1, wa_id))
                alert = self.wait(limit, wa_id)
                self.assertEqual(alert.class_id, waiting_class)
                self.assertTrue(alert.reason)

    def test_an_important_customer_waits_five_minutes(self):
        self.receive(self.text_body("Hello"))
        self.assertFalse(self.wait(60))
        self.get_conversation().lead_id.priority = "2"
        self.assertFalse(self.wait(4))
        self.assertEqual(self.wait(5).class_id, self.important)

    def test_a_tag_of_the_partner_makes_one_important(self):
        tag = self.env["res.partner.category"].create({"name": "VIP"})
        self.important.category_ids = tag
        self.receive(self.text_body("Hello"))
        self.get_conversation().partner_id.category_id = tag
        self.assertIn("VIP", self.wait(5).reason)

    def test_each_is_told_once_for_each_time_they_wait(self):
        self.receive(self.text_body("refund please"))
        conversation = self.get_conversation()
        self.assertEqual(len(self.wait(9)), 1)
        self.receive(self.text_body("REFUND!", "wamid.A2"))
        self.assertEqual(len(self.look(conversation)), 1)
        self.answer("At once")
        self.assertEqual(len(self.look(conversation)), 1)
        self.receive(self.text_body("Where is the refund?", "wamid.A3"))
        self.assertEqual(len(self.wait(10)), 2)

    def test_a_word_that_comes_later_counts_from_the_first_unanswered_message(self):
        self.receive(self.text_body("Hello"))
        self.assertFalse(self.wait(9))
        self.receive(self.text_body("I want a refund", "wamid.A2"))
        self.assertEqual(self.look(self.get_conversation()).class_id, self.price)

    def test_who_was_answered_resolved_or_put_aside_is_not_told(self):
        self.receive(self.text_body("refund please"))
        conversation = self.get_conversation()
        conversation.with_user(self.agent).action_take()
        conversation.with_user(self.agent)._snooze(fields.Datetime.now() + timedelta(hours=1))
        self.assertFalse(self.wait(30))
        self.assertEqual(conversation.state, "snoozed")

    def get_told(self, minutes=9):
        sent = []
        self.patch(
            self.registry["res.users"], "_bus_send", lambda user, _kind, message: sent.append((user.id, message))
        )
        alert = self.wait(minutes)
        texts = [(user_id, message.get("message", "")) for user_id, message in sent]
        return alert.told_ids, [user_id for user_id, text in texts if f"has waited for {minutes} minutes" in text]

    def test_the_agent_who_has_it_is_told(self):
        self.receive(self.text_body("refund please"))
        self.get_conversation().with_user(self.agent).action_take()
        told, messages = self.get_told()
        self.assertEqual(told, self.agent)
        self.assertEqual(messages, self.agent.ids)

    def test_the_editors_are_told_of_a_case_that_nobody_has(self):
        self.receive(self.text_body("refund please"))
        told, messages = self.get_told()
        self.assertIn(self.editor, told)
        self.assertNotIn(self.agent, told)
        self.assertCountEqual(messages, told.ids)

    def test_others_are_told_by_activity_and_e_mail_as_the_class_says(self):
        self.analyst.email = "nadia@example.com"
        self.price.write({"user_ids": self.analyst.ids, "creates_activity": True, "sends_email": True})
        self.receive(self.text_body("refund please, my card is 4111"))
        told, _messages = self.get_told()
        self.assertEqual(told, self.analyst)
        activity = self.get_conversation().partner_id.activity_ids
        self.assertEqual(activity.user_id, self.analyst)
        mail = self.env["mail.mail"].search([("email_to", "ilike", "nadia@example.com")])
        self.assertEqual(len(mail), 1)
        self.assertNotIn("4111", f"{mail.subject}{mail.body_html}{activity.summary}")

    def test_bands(self):
        self.receive(self.text_body("Hello"))
        conversation = self.get_conversation()
        for minutes, band in ((1, "short"), (6, "long"), (16, "too_long")):
            conversation.unanswered_date = fields.Datetime.now() - timedelta(minutes=minutes)
            self.assertEqual(conversation.waiting_band, band)
            found = conversation.search([("waiting_band", "=", band)])
            self.assertEqual((found & conversation).id, conversation.id)
            self.assertNotIn(
                conversation,
                conversation.search([("waiting_band", "not in", [band]), ("unanswered_date", "!=", False)]),
            )
        self.answer()
        self.assertFalse(conversation.waiting_band)

    def test_many_are_judged_with_the_same_queries_as_one(self):
        def count():
            conversations = self.env["whatsapp.cs.conversation"].search([("unanswered_date", "!=", False)])
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.Class._judge_all(conversations)
            return self.cr.sql_log_count - before

        self.receive(self.text_body("Hello"))
        one = count()
        for number in range(5):
            self.receive(self.text_body("Hi", f"wamid.M{number}", wa_id=f"3247012340{number}"))
        self.assertEqual(count(), one)
