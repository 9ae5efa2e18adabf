from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestConversation(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()

    def as_user(self, user):
        return self.conversation.with_user(user)

    def write_again(self, wamid="wamid.A2", text="Still there?"):
        self.receive(self.text_body(text, wamid))

    # === STATES === #

    def test_every_state_is_entered_from_the_table_only(self):
        states = list(dict(self.conversation._fields["state"].selection))
        for source in states:
            for target in self.conversation._STATE_SOURCES:
                allowed = source in self.conversation._STATE_SOURCES[target]
                with self.subTest(source=source, target=target), self.cr.savepoint():
                    self.cr.execute(
                        "UPDATE whatsapp_cs_conversation SET state = %s WHERE id = %s", (source, self.conversation.id)
                    )
                    self.conversation.invalidate_recordset()
                    if allowed:
                        self.conversation._update_state(target)
                        self.assertEqual(self.conversation.state, target)
                    else:
                        with self.assertRaisesRegex(UserError, "can't become"):
                            self.conversation._update_state(target)

    def test_a_first_message_waits_in_the_queue(self):
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("queued", self.env["res.users"]))
        self.assertTrue(self.conversation.unanswered_date)

    def test_answering_takes_the_conversation_and_waits_for_the_customer(self):
        self.answer()
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("waiting", self.agent))
        self.assertTrue(self.conversation.first_response_date)
        self.assertFalse(self.conversation.unanswered_date)

    def test_the_customers_reply_goes_back_to_the_agent(self):
        self.answer()
        self.write_again()
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))
        self.assertTrue(self.conversation.unanswered_date)
        self.assertEqual((self.conversation.inbound_count, self.conversation.outbound_count), (2, 1))

    def test_the_waiting_time_counts_from_the_first_unanswered_message(self):
        first = self.conversation.unanswered_date
        self.write_again()
        self.assertEqual(self.conversation.unanswered_date, first)

    def test_an_agent_takes_gives_back_and_resolves(self):
        self.as_user(self.agent).action_take()
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))
        self.as_user(self.agent).action_release()
        self.assertEqual((self.conversation.state, self.conversation.user_id.id), ("queued", False))
        self.as_user(self.agent).action_take()
        self.as_user(self.agent).action_resolve()
        self.assertEqual(self.conversation.state, "resolved")
        self.assertTrue(self.conversation.resolved_date)

    def test_what_one_agent_has_another_can_neither_see_nor_take(self):
        self.as_user(self.agent).action_take()
        for action in ("action_take", "action_release", "action_resolve"):
            with self.assertRaisesRegex(UserError, "Arun is answering"):
                getattr(self.as_user(self.agent_2), action)()
        self.assertFalse(
            self.env["whatsapp.cs.conversation"].with_user(self.agent_2).search([("id", "=", self.conversation.id)])
        )

    def test_an_editor_takes_over(self):
        self.as_user(self.agent).action_take()
        self.as_user(self.editor).action_take()
        self.assertEqual(self.conversation.user_id, self.editor)
        self.assertEqual(self.conversation.discuss_channel_id.channel_partner_ids, self.editor.partner_id)

    def test_nobody_else_changes_a_conversation(self):
        for user in (self.analyst, self.employee):
            for action in ("action_take", "action_release", "action_resolve"):
                with self.subTest(user=user.login, action=action), self.assertRaises(AccessError):
                    getattr(self.as_user(user), action)()
        with self.assertRaises(AccessError):
            self.as_user(self.agent).write({"user_id": self.agent.id})
        with self.assertRaises(AccessError):
            self.as_user(self.editor).unlink()

    # === REOPENING === #

    def resolve(self, hours_ago):
        self.as_user(self.agent).action_take()
        self.as_user(self.agent).action_resolve()
        self.conversation.resolved_date = fields.Datetime.now() - timedelta(hours=hours_ago)

    def test_a_message_soon_after_resolving_reopens_for_the_same_agent(self):
        self.resolve(hours_ago=23)
        self.write_again()
        self.assertEqual(self.get_conversation(), self.conversation)
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))

    def test_a_message_long_after_resolving_begins_a_new_conversation_on_the_same_thread(self):
        self.resolve(hours_ago=25)
        self.write_again()
        new = self.get_conversation()
        self.assertNotEqual(new, self.conversation)
        self.assertEqual((new.state, self.conversation.state), ("queued", "resolved"))
        self.assertEqual(new.discuss_channel_id, self.conversation.discuss_channel_id)
        self.assertEqual(len(new.discuss_channel_id.message_ids), 2)

    def test_an_older_case_can_not_be_taken_up_beside_a_newer_one(self):
        self.resolve(hours_ago=30)
        self.write_again()
        self.get_conversation().with_user(self.agent).action_take()
        self.get_conversation().with_user(self.agent).action_resolve()
        for action in ("action_take", "action_release"):
            with self.assertRaisesRegex(UserError, "A newer conversation"):
                getattr(self.as_user(self.agent), action)()
        self.write_again("wamid.A3", "Once more")
        self.assertIn("Once more", self.get_texts(self.conversation.discuss_channel_id)[-1])

    def test_the_time_to_reopen_is_the_channels(self):
        self.channel.reopen_hours = 0
        self.resolve(hours_ago=1)
        self.write_again()
        self.assertNotEqual(self.get_conversation(), self.conversation)

    def test_a_conversation_of_an_agent_who_left_reopens_in_the_queue(self):
        self.resolve(hours_ago=1)
        self.agent.active = False
        self.write_again()
        self.assertEqual((self.conversation.state, self.conversation.user_id.id), ("queued", False))
        self.assertFalse(self.conversation.resolved_date)

    def test_an_answer_after_resolving_takes_it_up_again(self):
        self.resolve(hours_ago=1)
        self.answer("One more thing")
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("waiting", self.agent))

    # === LEADS === #

    def test_a_new_person_gets_one_lead_with_the_source_whatsapp(self):
        lead = self.conversation.lead_id
        self.assertEqual((lead.partner_id, lead.source_id.name), (self.conversation.partner_id, "WhatsApp"))
        self.write_again()
        self.resolve(hours_ago=30)
        self.write_again("wamid.A3")
        self.assertEqual(self.get_conversation().lead_id, lead)
        self.assertEqual(self.env["crm.lead"].search_count([("partner_id", "=", lead.partner_id.id)]), 1)

    def test_a_known_customer_gets_no_lead_and_an_open_one_is_linked(self):
        partner = self.env["res.partner"].create({"name": "Known", "phone": "+32470123456"})
        self.receive(self.text_body(wamid="wamid.B1", wa_id="32470123456"))
        self.assertFalse(self.get_conversation("32470123456").lead_id)
        lead = self.env["crm.lead"].create({"name": "Old", "partner_id": partner.id})
        self.receive(self.text_body(wamid="wamid.B2", wa_id="32470123456"))
        self.assertEqual(self.get_conversation("32470123456").lead_id, lead)

    def test_a_channel_that_opens_no_leads_opens_none(self):
        self.channel.opens_lead = False
        self.receive(self.text_body(wamid="wamid.B1", wa_id="32470123456"))
        self.assertFalse(self.get_conversation("32470123456").lead_id)

    def test_the_leads_team_is_the_channels(self):
        team = self.env["crm.team"].create({"name": "Chat"})
        self.channel.crm_team_id = team
        self.receive(self.text_body(wamid="wamid.B1", wa_id="32470123456"))
        self.assertEqual(self.get_conversation("32470123456").lead_id.team_id, team)

    def test_smart_buttons_lead_from_partner_and_lead_to_the_conversation(self):
        for record in (self.conversation.partner_id, self.conversation.lead_id):
            record = record.with_user(self.editor)
            self.assertEqual(record.whatsapp_cs_conversation_count, 1)
            action = record.action_view_whatsapp_cs_conversations()
            found = self.env[action["res_model"]].with_user(self.editor).search(action["domain"])
            self.assertEqual(found, self.conversation)

    # === FIGURES === #

    def test_the_analyst_reads_figures_and_no_conversation(self):
        self.answer()
        report = (
            self.env["whatsapp.cs.conversation.report"]
            .with_user(self.analyst)
            .search([("channel_id", "=", self.channel.id)])
        )
        self.assertEqual((report.inbound_count, report.outbound_count, report.user_id), (1, 1, self.agent))
        self.assertGreaterEqual(report.first_response_minutes, 0)
        with self.assertRaises(AccessError):
            self.as_user(self.analyst).read(["state"])
