from odoo import fields
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestHandOver(WhatsappCsCommon):
    """From automation to a person (issue 5): the card that the agent finds in the chat."""

    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()

    def get_cards(self):
        return [text for text in self.get_texts(self.get_thread()) if "o-whatsapp_cs-HandOver" in text]

    def test_the_card_says_all_that_automation_knows(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        self.get_contact().partner_id.lang = "hi_IN"
        self.conversation.unanswered_date = fields.Datetime.subtract(fields.Datetime.now(), minutes=4)
        skill = self.env["whatsapp.cs.skill"].create({"name": "Skin care"})
        self.conversation._hand_over("bot", answers=[("Your skin?", "रूखी <b>"), ("نوع البشرة؟", "جافة")], skill=skill)
        [card] = self.get_cards()
        for words in (
            "Handed over to a person",
            "The bot hands over",
            "4 min",
            "Hindi",
            "Your skin?",
            "रूखी &lt;b&gt;",
            "جافة",
        ):
            self.assertIn(words, card)
        self.assertEqual(card.count('dir="auto"'), 4)  # each side of an answer in its own direction
        self.assertFalse(self.send(), "the card is for agents only")

    def test_twice_at_once_is_one_card(self):
        self.conversation._hand_over("person_asked")
        self.conversation._hand_over("cap")
        self.assertEqual(len(self.get_cards()), 1)
        self.assertEqual(self.conversation.hand_over_reason, "person_asked")

    def test_a_case_that_was_answered_meanwhile_is_handed_over_anew(self):
        self.conversation._hand_over("person_asked")
        self.answer("Here I am")
        self.conversation.with_user(self.agent).action_resolve()
        self.receive(self.text_body("One more thing", "wamid.A2"))
        self.conversation._hand_over("cap")
        self.assertEqual(len(self.get_cards()), 2)

    def test_it_waits_in_the_queue_or_stays_with_its_agent(self):
        self.conversation._hand_over("person_asked")
        self.assertEqual(self.conversation.state, "queued")
        self.answer("One moment")
        self.conversation._hand_over("cap")
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))

    def test_who_did_not_go_on_with_a_bot_waits_from_then_on(self):
        self.conversation.unanswered_date = False
        self.conversation._hand_over("timeout")
        self.assertTrue(self.conversation.unanswered_date)

    def test_agents_see_the_card_and_find_the_case(self):
        self.conversation._hand_over("cap")
        found = self.env["whatsapp.cs.conversation"].with_user(self.agent).search([("is_handed_over", "=", True)])
        self.assertEqual(found, self.conversation)
        message = self.get_thread().with_user(self.agent).message_ids[0]
        self.assertEqual((message.subtype_id, message.message_type), (self.env.ref("mail.mt_note"), "auto_comment"))
