from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import WhatsappCsCommon

OTHER = "32470123456"


@tagged("post_install", "-at_install")
class TestMerge(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("My order is late"))
        self.first = self.get_conversation()

    def resolve(self, conversation, hours_ago=30):
        conversation.with_user(self.agent).action_take()
        conversation.with_user(self.agent).action_resolve()
        conversation.resolved_date = fields.Datetime.now() - timedelta(hours=hours_ago)

    def receive_second(self):
        """Return an open case of the same person, after the first was resolved."""
        self.resolve(self.first)
        self.receive(self.text_body("Still late", "wamid.A2"))
        return self.get_conversation()

    def receive_other_number(self):
        """Return a case of another number of the same partner."""
        self.receive(self.text_body("It is me, from my other phone", "wamid.B1", wa_id=OTHER))
        other = self.get_conversation(OTHER)
        other.contact_id.partner_id = self.first.partner_id
        return other

    # === MERGE === #

    def test_two_cases_of_one_person_become_one(self):
        second = self.receive_second()
        lead = self.first.lead_id
        second.with_user(self.editor)._merge(self.first)
        self.assertEqual(second.message_ids.sorted("id").mapped("body"), ["My order is late", "Still late"])
        self.assertEqual((second.inbound_count, second.lead_id), (2, lead))
        self.assertEqual(second.first_message_date, self.first.first_message_date)
        self.assertEqual(second.stint_ids.user_id, self.agent)
        self.assertEqual((self.first.active, self.first.merged_into_id), (False, second))
        self.assertEqual(self.get_contact().conversation_ids, second)
        texts = self.get_texts(self.get_thread())
        self.assertIn("My order is late", texts[0])
        self.assertIn("Erin merged the conversation", texts[-1])
        self.assertFalse(self.env["whatsapp.cs.rating"].search([("conversation_id", "=", second.id)]))
        report = self.env["whatsapp.cs.conversation.report"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual(report.mapped("inbound_count"), [2])

    def test_two_numbers_of_one_partner_and_both_chats_stay_readable(self):
        other = self.receive_other_number()
        self.first.with_user(self.agent).action_take()
        other.with_user(self.agent).action_take()
        wizard = Form(
            self.env["whatsapp.cs.merge"].with_user(self.agent).with_context(default_conversation_ids=self.first.ids)
        )
        self.assertEqual(wizard.target_id, self.first)
        wizard.other_ids.add(other)
        wizard.save().action_merge()
        self.assertEqual(self.first.inbound_count, 2)
        self.assertEqual((other.state, other.merged_into_id), ("resolved", self.first))
        self.assertIn("go on there", self.get_texts(self.get_thread(OTHER))[-1])
        thread = self.get_thread(OTHER).with_user(self.agent)
        self.assertIn("from my other phone", " ".join(map(str, thread.message_ids.mapped("body"))))
        with self.assertRaisesRegex(UserError, "part of the one with"):
            self.answer(wa_id=OTHER)
        self.assertFalse(self.send())
        # who writes there again is heard
        self.receive(self.text_body("Hello?", "wamid.B2", wa_id=OTHER))
        newest = self.env["whatsapp.cs.conversation"].search([("contact_id.wa_id", "=", OTHER)])
        self.assertEqual((newest.state, newest.lead_id), ("queued", self.first.lead_id))

    def test_what_can_not_be_one_stays_two(self):
        self.receive(self.text_body("Hi", "wamid.C1", wa_id="919800020001"))
        stranger = self.get_conversation("919800020001")
        merge = self.first.with_user(self.editor)._merge
        for others, text in (
            (stranger, "are two people"),
            (self.first.browse(), "Choose the conversations"),
            (self.first, "Choose the conversations"),
        ):
            with self.assertRaisesRegex(UserError, text):
                merge(others)
        second = self.receive_second()
        with self.assertRaisesRegex(UserError, "A newer conversation"):
            merge(second)
        second.with_user(self.agent).action_spam()
        with self.assertRaisesRegex(UserError, "is spam"):
            second.with_user(self.editor)._merge(self.first)
        other = self.receive_other_number()
        self.resolve(other)
        self.first.with_user(self.editor)
        with self.assertRaisesRegex(UserError, "is spam|open conversation remain"):
            other.with_user(self.editor)._merge(second)

    def test_an_agent_merges_the_own_ones_only(self):
        other = self.receive_other_number()
        other.with_user(self.agent_2).action_take()
        self.first.with_user(self.agent).action_take()
        with self.assertRaisesRegex(UserError, "Bela is answering"):
            self.first.with_user(self.agent)._merge(other)
        self.first.with_user(self.editor)._merge(other)
        self.assertEqual(
            other.browse(self.first.id).stint_ids.sorted("id").mapped(lambda s: (s.user_id.name, s.ended)),
            [("Bela", "merged"), ("Arun", False)],
        )

    # === SPLIT === #

    def split(self, text, user=None):
        message = self.env["mail.message"].search([("body", "ilike", text), ("model", "=", "discuss.channel")])
        self.get_thread().with_user(user or self.agent).whatsapp_cs_split(message.id)
        return self.get_conversation()

    def test_from_a_message_on_it_is_a_case_of_its_own(self):
        self.answer("It comes tomorrow")
        self.receive(self.text_body("Thanks. Do you sell lamps?", "wamid.A2"))
        new = self.split("Do you sell lamps")
        self.assertNotEqual(new, self.first)
        self.assertEqual((self.first.state, new.state, new.user_id), ("resolved", "assigned", self.agent))
        self.assertEqual((self.first.inbound_count, self.first.outbound_count), (1, 1))
        self.assertEqual((new.inbound_count, new.outbound_count), (1, 0))
        self.assertTrue(new.unanswered_date)
        self.assertEqual(new.lead_id, self.first.lead_id)
        self.assertEqual(self.get_thread().whatsapp_cs_conversation_id, new)
        self.assertIn("Arun split the conversation", self.get_texts(self.get_thread())[-1])
        self.answer("Yes")
        self.assertEqual((new.state, new.outbound_count), ("waiting", 1))

    def test_a_resolved_case_can_be_split_and_stays_resolved(self):
        self.answer("It comes tomorrow")
        self.receive(self.text_body("And lamps?", "wamid.A2"))
        self.conversation = self.first
        self.first.with_user(self.agent).action_resolve()
        new = self.split("And lamps")
        self.assertEqual((self.first.state, new.state), ("resolved", "resolved"))
        self.receive(self.text_body("Hello?", "wamid.A3"))
        self.assertEqual(self.get_conversation(), new)

    def test_where_nothing_is_to_be_split_it_says_so(self):
        self.answer("Yes")
        with self.assertRaisesRegex(UserError, "The conversation begins here"):
            self.split("My order is late")
        self.answer("A note", subtype_xmlid="mail.mt_note")
        with self.assertRaisesRegex(UserError, "No message follows"):
            self.split("A note")
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.split("Yes", user=self.agent_2)
