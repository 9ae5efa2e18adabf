from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestTransfer(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()
        self.conversation.with_user(self.agent).action_take()
        self.agent_2.email = "bela@example.com"

    def transfer(self, user, to, reason="Speaks Spanish"):
        """Fill in the dialog as ``user`` and press *Transfer*."""
        action = self.conversation.with_user(user).action_transfer()
        wizard = Form(self.env[action["res_model"]].with_user(user).with_context(**action["context"]))
        wizard.user_id = to
        wizard.reason = reason
        wizard.save().action_transfer()

    def test_the_colleague_has_it_is_told_and_the_history_says_why(self):
        self.agent_2.notification_type = "inbox"
        self.transfer(self.agent, self.agent_2)
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent_2))
        self.assertEqual(self.get_thread().channel_partner_ids, self.agent_2.partner_id)
        notice = self.get_thread().message_ids[0]
        self.assertIn("Arun handed the conversation to Bela: Speaks Spanish", str(notice.body))
        self.assertIn(self.agent_2.partner_id, notice.notification_ids.res_partner_id)
        first, second = self.conversation.stint_ids.sorted("id")
        self.assertEqual((first.user_id, first.ended), (self.agent, "transferred"))
        self.assertEqual(
            (second.user_id, second.began, second.by_user_id, second.reason),
            (self.agent_2, "transferred", self.agent, "Speaks Spanish"),
        )
        self.assertFalse(self.send())
        with self.assertRaises(AccessError):
            self.answer(user=self.agent)
        self.answer("Hola", user=self.agent_2)

    def test_the_reservation_goes_along(self):
        self.transfer(self.agent, self.agent_2)
        self.assertFalse(self.conversation.lock_user_id)

    def test_an_editor_hands_on_what_others_have_and_an_agent_does_not(self):
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.conversation.with_user(self.agent_2)._transfer(self.agent_2, reason="Mine")
        self.transfer(self.editor, self.agent_2)
        self.assertEqual(self.conversation.user_id, self.agent_2)

    def test_who_can_not_answer_gets_nothing(self):
        company = self.env["res.company"].create({"name": "Other"})
        other = new_test_user(
            self.env,
            "wa_other",
            "whatsapp_cs.whatsapp_cs_group_agent",
            name="Olga",
            company_id=company.id,
            company_ids=company.ids,
        )
        for user, text in (
            (self.analyst, "does not answer customers"),
            (other, "does not work for"),
            (self.agent, "has this conversation already"),
        ):
            with self.subTest(user=user.login), self.assertRaisesRegex(UserError, text):
                self.conversation.with_user(self.agent)._transfer(user, reason="Reason")
        self.assertEqual(self.conversation.user_id, self.agent)

    def test_a_reason_is_needed(self):
        with self.assertRaisesRegex(UserError, "Say in a few words"):
            self.conversation.with_user(self.agent)._transfer(self.agent_2, reason="  ")

    def test_what_is_done_is_not_handed_on(self):
        self.conversation.with_user(self.agent).action_resolve()
        with self.assertRaisesRegex(UserError, "Reopen it first"):
            self.conversation.with_user(self.agent).action_transfer()

    def test_the_dialog_warns_of_somebody_who_is_not_there(self):
        wizard = Form(
            self.env["whatsapp.cs.transfer"]
            .with_user(self.agent)
            .with_context(default_conversation_ids=self.conversation.ids)
        )
        self.assertFalse(wizard.warning)
        wizard.user_id = self.agent_2
        self.assertIn("Bela is not available", wizard.warning)

    def test_a_team_has_it_in_its_queue_and_the_history_says_so(self):
        team = self.env["whatsapp.cs.team"].create({"name": "Repairs", "method": "manual"})
        self.env["whatsapp.cs.team.member"].create({"team_id": team.id, "user_id": self.agent_2.id})
        for values in ({}, {"user": self.agent_2, "team": team}):
            with self.assertRaisesRegex(UserError, "Choose an agent or a team"):
                self.conversation.with_user(self.agent)._transfer(reason="Broken", **values)
        self.conversation.with_user(self.agent)._transfer(team=team, reason="Broken")
        self.assertEqual((self.conversation.state, self.conversation.team_id), ("queued", team))
        self.assertEqual(
            self.conversation.stint_ids.sorted("id").mapped(
                lambda s: (s.user_id.name or s.team_id.name, s.began, s.ended)
            ),
            [("Arun", "taken", "transferred"), ("Repairs", "transferred", False)],
        )
        self.assertIn("Arun handed the conversation to Repairs: Broken", self.get_texts(self.get_thread())[-1])
        with self.assertRaisesRegex(UserError, "queue of Repairs already"):
            self.conversation.with_user(self.editor)._transfer(team=team, reason="Again")
        self.conversation.with_user(self.agent_2).action_take()
        self.assertEqual(self.conversation.stint_ids.sorted("id")[1].ended, "given")
