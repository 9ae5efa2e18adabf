from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tools.discuss import Store

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestTeam(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.sales = self.create_team("Sales", self.agent)
        self.service = self.create_team("After-Sales", self.agent_2)
        self.receive(self.text_body("Hello"))
        self.conversation, self.thread = self.get_conversation(), self.get_thread()

    def get_bus(self, channel):
        """Return what was sent to a bus channel, as text."""
        self.env.cr.precommit.run()
        return self.env["bus.bus"].sudo().search([("channel", "ilike", channel)]).mapped("message")

    # === WHO SEES WHAT === #

    def test_agents_see_the_queues_of_their_teams_and_the_queue_of_all(self):
        self.assertEqual(self.see(self.conversation), {self.agent, self.agent_2, self.editor})
        self.conversation._set_team(self.sales, "By hand")
        self.assertEqual(self.see(self.conversation), {self.agent, self.editor})
        with self.assertRaises(AccessError):
            self.conversation.with_user(self.agent_2).action_take()
        self.conversation.with_user(self.agent).action_take()
        self.assertEqual(self.see(self.conversation), {self.agent, self.editor})

    def test_the_own_conversation_stays_visible_whatever_team_it_is_with(self):
        self.conversation.with_user(self.agent_2).action_take()
        self.conversation.team_id = self.sales
        self.assertEqual(self.see(self.conversation), {self.agent_2, self.editor})

    def see(self, conversation):
        """Return who can read conversation, messages, customer and chat; all of it or nothing."""
        readers = set()
        for user in (self.agent, self.agent_2, self.editor, self.analyst):
            env = self.env(user=user)
            found = {
                bool(self.thread.with_user(user).has_access("read")),
                *(
                    bool(env[record._name].has_access("read") and env[record._name].search([("id", "in", record.ids)]))
                    for record in (conversation, conversation.message_ids, conversation.contact_id)
                ),
            }
            self.assertEqual(len(found), 1, f"{user.login} sees a part")
            if found == {True}:
                readers.add(user)
        return readers

    def test_the_sidebar_shows_the_queues_of_the_own_teams(self):
        self.conversation._set_team(self.sales, "By hand")
        queue = self.env["discuss.channel"]._whatsapp_cs_get_queue
        get = lambda user: self.env["discuss.channel"].with_user(user)._whatsapp_cs_get_queue()  # noqa: E731
        self.assertTrue(queue)
        self.assertEqual(get(self.agent), self.thread)
        self.assertFalse(get(self.agent_2))
        self.assertEqual(get(self.editor), self.thread, "editors in no team look after all")
        self.service.member_ids = [(0, 0, {"user_id": self.editor.id})]
        self.assertFalse(get(self.editor), "editors in a team look after that")

    def test_a_conversation_that_changes_the_team_leaves_the_screens_of_the_other(self):
        self.conversation._set_team(self.sales, "By hand")
        self.env.cr.precommit.run()
        left = f'"whatsapp.cs.team",{self.sales.id}'
        before = len(self.get_bus(left))
        self.conversation._set_team(self.service, "Transferred")
        [news] = self.get_bus(left)[before:]
        self.assertIn(f'"id":{self.service.id}', news.replace(" ", ""))
        self.assertNotIn("message_needaction_counter", news, "they get no more than that it left")
        self.assertTrue(self.get_bus(f'"whatsapp.cs.team",{self.service.id}'))

    def test_the_client_knows_the_own_teams(self):
        for user, teams in ((self.agent, self.sales), (self.employee, self.sales.browse())):
            store = Store()
            user.with_user(user)._init_store_data(store)
            self.assertEqual(store.get_result()["Store"]["whatsapp_cs_team_ids"], teams.ids)

    # === MEMBERS === #

    def test_only_agents_of_the_company_can_be_members(self):
        for user in (self.employee, self.analyst):
            with self.assertRaisesRegex(ValidationError, "no WhatsApp agent"):
                self.sales.member_ids = [(0, 0, {"user_id": user.id})]
        company = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(ValidationError, "no access to Other"):
            self.env["whatsapp.cs.team"].create(
                {"name": "Theirs", "company_id": company.id, "member_ids": [(0, 0, {"user_id": self.agent.id})]}
            )

    @mute_logger("odoo.sql_db")
    def test_capacity_is_one_to_ten_and_three_by_default(self):
        member = self.env["whatsapp.cs.team.member"].create({"team_id": self.sales.id, "user_id": self.agent_2.id})
        self.assertEqual(member.capacity, 3)
        for capacity in (0, 11):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                member.capacity = capacity
                self.env.flush_all()

    def test_a_team_passes_on_to_another_one_only(self):
        with self.assertRaisesRegex(ValidationError, "itself"), self.env.cr.savepoint():
            self.sales.write({"overflow_minutes": 5, "overflow_team_id": self.sales.id})
        with self.assertRaisesRegex(ValidationError, "Choose the team"):
            self.sales.overflow_minutes = 5

    def test_the_queue_of_an_archived_team_goes_to_all(self):
        self.conversation._set_team(self.sales, "By hand")
        self.sales.with_user(self.editor).active = False
        self.assertEqual((self.conversation.state, self.conversation.team_id.id), ("queued", False))

    def test_what_comes_back_to_an_archived_team_waits_in_the_queue_of_all(self):
        self.conversation._set_team(self.sales, "By hand")
        self.conversation.with_user(self.agent).action_take()
        self.sales.active = False
        self.conversation.with_user(self.agent).action_release()
        self.assertEqual((self.conversation.state, self.conversation.team_id.id), ("queued", False))

    def test_agents_read_teams_and_change_nothing(self):
        self.assertEqual(self.sales.with_user(self.agent).name, "Sales")
        with self.assertRaises(AccessError):
            self.sales.with_user(self.agent).member_ids.capacity = 10

    # === EDITORS GIVE === #

    def test_an_editor_gives_a_conversation_to_an_agent(self):
        self.conversation.with_user(self.editor).action_assign(self.agent_2.id)
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent_2))
        self.conversation.with_user(self.editor).action_assign(self.agent.id)
        self.assertEqual(self.conversation.user_id, self.agent)
        self.assertEqual(self.thread.channel_partner_ids, self.agent.partner_id)

    def test_what_can_not_be_given_is_refused(self):
        with self.assertRaisesRegex(AccessError, "Only editors"):
            self.conversation.with_user(self.agent).action_assign(self.agent_2.id)
        with self.assertRaisesRegex(UserError, "Nadia is no WhatsApp agent"):
            self.conversation.with_user(self.editor).action_assign(self.analyst.id)
        self.agent_2.active = False
        with self.assertRaisesRegex(UserError, "Bela is no WhatsApp agent"):
            self.conversation.with_user(self.editor).action_assign(self.agent_2.id)
        self.assertEqual(self.conversation.state, "queued")

    def test_agents_make_their_conversations_more_urgent_and_nobody_elses(self):
        self.conversation.with_user(self.agent).action_take()
        self.conversation.with_user(self.agent).action_change_priority()
        self.assertEqual(self.conversation.priority, "1")
        with self.assertRaises(UserError):
            self.conversation.with_user(self.agent_2).action_change_priority()

    # === THE WALL === #

    def test_the_wall_shows_who_waits_and_who_is_there(self):
        self.conversation._set_team(self.sales, "By hand")
        self.go("available", self.agent)
        self.go("break", self.agent_2, reason="Lunch")
        wall = self.env["res.users"].with_user(self.editor)._whatsapp_cs_get_wall()
        self.assertEqual(wall["waiting"], 1)
        self.assertTrue(wall["longest"])
        teams = {team["id"]: team for team in wall["teams"]}
        self.assertEqual((teams[self.sales.id]["waiting"], teams[self.sales.id]["free"]), (1, 1))
        self.assertEqual((teams[self.service.id]["online"], teams[self.service.id]["free"]), (1, 0))
        self.assertEqual(teams[False]["waiting"], 0)
        agents = {agent["id"]: agent for agent in wall["agents"]}
        self.assertEqual(agents[self.agent.id]["status"], "available")
        self.assertEqual((agents[self.agent_2.id]["status"], agents[self.agent_2.id]["reason"]), ("break", "Lunch"))
        self.assertEqual(agents[self.agent.id]["capacity"], 3)
        self.assertNotIn(self.analyst.id, agents)
        for user in (self.agent, self.analyst):
            with self.assertRaisesRegex(AccessError, "Only editors"):
                self.env["res.users"].with_user(user)._whatsapp_cs_get_wall()
