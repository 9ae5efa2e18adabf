from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestMessage(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))

    def answer_and_send(self, text="On its way"):
        mail_message = self.answer(text)
        self.send()
        return mail_message.sudo().whatsapp_cs_message_ids

    def report(self, *statuses, **values):
        for status in statuses:
            self.receive(self.status_body(status, **values))

    # === INBOUND === #

    def test_the_same_message_in_two_bodies_is_shown_once(self):
        again = self.text_body("Hello")
        again["entry"][0]["time"] = 12345  # another body, the same message
        self.receive(again)
        self.assertEqual(self.get_texts(self.get_thread()), ["<p>Hello</p>"])
        self.assertEqual(self.get_conversation().inbound_count, 1)

    def test_what_customers_write_is_text_and_never_markup(self):
        self.receive(self.text_body("<script>alert(1)</script> *bold* &amp;", "wamid.A2"))
        self.assertEqual(
            self.get_texts(self.get_thread())[-1], "<p>&lt;script&gt;alert(1)&lt;/script&gt; <b>bold</b> &amp;amp;</p>"
        )

    def test_every_script_arrives_and_is_found(self):
        for number, text in enumerate(("नमस्ते, मेरा पार्सल कहाँ है?", "أين طلبي؟", "在哪里？", "👩‍👩‍👧 ok")):
            self.receive(self.text_body(text, f"wamid.L{number}"))
            self.assertIn(text, self.get_texts(self.get_thread())[-1])
            found = (
                self.env["whatsapp.cs.conversation"]
                .with_user(self.agent)
                .search([("message_ids.body", "ilike", text[:5])])
            )
            self.assertEqual(found, self.get_conversation())

    def test_an_answer_to_our_message_quotes_it(self):
        ours = self.answer_and_send()
        body = self.text_body("That one", "wamid.A2")
        body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"id": ours.wamid}
        self.receive(body)
        self.assertEqual(self.get_thread().message_ids.sorted("id")[-1].parent_id, ours.mail_message_id)

    def test_an_answer_to_a_message_nobody_knows_is_shown_without_quote(self):
        body = self.text_body("That one", "wamid.A2")
        body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"id": "wamid.ELSEWHERE"}
        self.receive(body)
        self.assertIn("That one", self.get_texts(self.get_thread())[-1])

    # === STATUSES === #

    def test_ticks_go_forward_in_order(self):
        message = self.answer_and_send()
        self.assertEqual(message.state, "sending")  # accepted is not sent
        for status in ("sent", "delivered", "read"):
            self.report(status)
            self.assertEqual(message.state, status)
            self.assertTrue(message[f"{status}_date"])

    def test_ticks_never_go_back_whatever_the_order(self):
        for order in (
            ("read", "delivered", "sent"),
            ("delivered", "sent", "read"),
            ("sent", "read", "read", "delivered"),
        ):
            with self.subTest(order=order):
                message = self.answer_and_send()
                for status in order:
                    self.report(status, wamid=message.wamid)
                self.assertEqual(message.state, "read")
                self.assertTrue(message.sent_date and message.read_date)

    def test_a_failure_shows_what_it_means(self):
        message = self.answer_and_send()
        self.report(
            "failed", errors=[{"code": 131047, "title": "Re-engagement", "error_data": {"details": "Too late"}}]
        )
        self.assertEqual((message.state, message.error_code), ("failed", "131047"))
        self.assertIn("More than 24 hours", message.error)
        self.assertIn("Too late", message.error)

    def test_the_meaning_of_a_failure_survives_odd_reports(self):
        for errors in (
            None,
            [],
            ["x"],
            [{"code": None}],
            [{"code": "?", "error_data": "y"}],
            [{"code": {}}],
            [{"code": []}],
        ):
            with self.subTest(errors=errors):
                message = self.answer_and_send()
                self.report("failed", wamid=message.wamid, errors=errors)
                self.assertEqual(message.state, "failed")

    def test_what_was_delivered_did_not_fail(self):
        message = self.answer_and_send()
        self.report("delivered", "failed", wamid=message.wamid)
        self.assertEqual(message.state, "delivered")
        message = self.answer_and_send()
        self.report("failed", "sent", wamid=message.wamid)
        self.assertEqual(message.state, "failed")
        self.report("delivered", wamid=message.wamid)
        self.assertEqual(message.state, "delivered")
        self.assertFalse(message.error)

    def test_a_report_that_overtakes_the_answer_finds_its_message_by_our_key(self):
        message = self.answer("On its way").sudo().whatsapp_cs_message_ids
        self.report("delivered", wamid="wamid.EARLY", key=message.outbox_ids.key)
        self.assertEqual((message.state, message.wamid, message.outbox_ids.state), ("delivered", "wamid.EARLY", "gone"))
        self.assertFalse(self.send(), "it is not sent a second time")

    def test_reports_of_messages_that_others_sent_are_normal(self):
        self.report("delivered", wamid="wamid.FROM_THE_PHONE")
        self.assertEqual(self.env["whatsapp.cs.event"].search([], limit=1).state, "done")

    def test_a_status_nobody_knows_changes_nothing(self):
        message = self.answer_and_send()
        self.report("warning", "deleted", "")
        self.assertEqual(message.state, "sending")

    def test_a_voice_message_that_was_played_has_been_read(self):
        message = self.answer_and_send()
        self.report("delivered", "played")
        self.assertEqual(message.state, "read")

    # === RETRY === #

    def test_a_failed_message_is_sent_again_by_its_agent_once(self):
        message = self.answer_and_send()
        self.report("failed", errors=[{"code": 131026}])
        message.mail_message_id.with_user(self.agent).whatsapp_cs_retry()
        self.assertEqual(message.state, "queued")
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["On its way"])
        self.assertEqual(len(message.outbox_ids), 2)

    def test_a_second_try_is_not_sent_when_the_first_turns_out_to_have_arrived(self):
        message = self.answer_and_send()
        first_key = message.outbox_ids.key
        message.outbox_ids.state = "unknown"
        message.is_unknown = True
        message.mail_message_id.with_user(self.agent).whatsapp_cs_retry()
        self.receive(self.status_body("delivered", wamid="wamid.FIRST", key=first_key))
        self.assertEqual(message.state, "delivered")
        self.assertFalse(self.send())

    def test_a_late_report_of_the_first_try_does_not_fail_the_second(self):
        message = self.answer_and_send()
        first_key = message.outbox_ids.key
        self.report("failed", key=first_key, errors=[{"code": 131026}])
        message.mail_message_id.with_user(self.agent).whatsapp_cs_retry()
        self.receive(self.status_body("failed", key=first_key, errors=[{"code": 131026}], late=True))
        self.assertEqual(message.state, "queued")
