import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.bus.models.ir_websocket import IrWebsocket
from odoo.addons.whatsapp_cs.models import whatsapp_cs_desk

from .common import WhatsappCsCommon

ANA, BO, CI = "15550100001", "15550100002", "15550100003"


@tagged("post_install", "-at_install")
class TestDesk(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.numbers = 0

    def write_in(self, wa_id, text="Hello", name="Ana", minutes_ago=0):
        """Let a customer write; the message is ``minutes_ago`` old."""
        self.numbers += 1
        timestamp = int((fields.Datetime.now() - timedelta(minutes=minutes_ago)).timestamp())
        self.receive(self.text_body(text, f"wamid.DESK{self.numbers}", wa_id=wa_id, name=name, timestamp=timestamp))

    def desk(self, user):
        return self.env["whatsapp.cs.conversation"].with_user(user)

    def get_names(self, user, tab, **kwargs):
        return [row["name"] for row in self.desk(user).get_desk_page(tab, **kwargs)["rows"]]

    def get_tabs(self, user):
        return {tab["id"]: tab for tab in self.desk(user).get_desk()["tabs"]}

    # === TABS === #

    def test_the_queue_shows_the_longest_waiting_first_with_what_was_written(self):
        self.write_in(BO, "Where is my parcel?", "Bo", minutes_ago=3)
        self.write_in(ANA, "क्या यह उपलब्ध है?", "आना", minutes_ago=20)
        self.write_in(CI, "أين طلبي؟", "سلمى", minutes_ago=10)
        self.write_in(BO, "Hello?", "Bo", minutes_ago=1)
        rows = self.desk(self.agent).get_desk_page("queue")["rows"]
        self.assertEqual([row["name"] for row in rows], ["आना", "سلمى", "Bo"])
        self.assertEqual([row["preview"]["text"] for row in rows], ["क्या यह उपलब्ध है?", "أين طلبي؟", "Hello?"])
        self.assertEqual([row["unanswered"] for row in rows], [1, 1, 2])
        queue = self.get_tabs(self.agent)["queue"]
        self.assertEqual((queue["count"], queue["unanswered"], queue["since"]), (3, 3, rows[0]["unanswered_date"]))

    def test_a_conversation_goes_from_list_to_list_with_its_case(self):
        self.write_in(ANA)
        self.assertEqual(self.get_names(self.agent, "queue"), ["Ana"])
        self.get_conversation(ANA).with_user(self.agent).action_take()
        self.assertEqual(self.get_names(self.agent, "queue"), [])
        self.assertEqual(self.get_names(self.agent, "mine"), ["Ana"])
        self.answer("Yes?")
        self.assertEqual(self.get_names(self.agent, "mine"), ["Ana"])
        self.assertEqual(self.get_names(self.agent, "waiting"), ["Ana"])
        row = self.desk(self.agent).get_desk_page("waiting")["rows"][0]
        self.assertEqual(
            (row["preview"]["text"], row["preview"]["is_out"], row["unanswered_date"]), ("Yes?", True, False)
        )
        self.get_conversation(ANA).with_user(self.agent).action_resolve()
        self.assertEqual(self.get_names(self.agent, "waiting"), [])
        self.assertEqual(self.get_names(self.agent, "resolved"), ["Ana"])

    def test_what_a_colleague_has_is_seen_by_editors_only(self):
        self.write_in(ANA)
        self.get_conversation(ANA).with_user(self.agent).action_take()
        for tab in ("mine", "queue", "waiting", "resolved", "all"):  # “all” is no list of an agent: shows “mine”
            self.assertEqual(self.get_names(self.agent_2, tab), [], tab)
        self.assertNotIn("all", self.get_tabs(self.agent_2))
        self.assertEqual(self.get_names(self.editor, "all"), ["Ana"])
        with self.assertRaises(AccessError):
            self.get_conversation(ANA).with_user(self.agent_2).get_desk_data()
        changed = self.desk(self.agent_2).get_desk_changes("queue", self.get_conversation(ANA).ids)
        self.assertEqual(changed["rows"], [])

    def test_who_reads_no_messages_has_no_desk(self):
        self.write_in(ANA)
        for user in (self.analyst, self.employee):
            for call in (
                lambda desk: desk.get_desk(),
                lambda desk: desk.get_desk_page("queue"),
                lambda desk: desk.get_desk_changes("queue", self.get_conversation(ANA).ids),
                lambda desk: desk.browse(self.get_conversation(ANA).id).get_desk_data(),
            ):
                with self.assertRaises(AccessError):
                    call(self.desk(user))

    def test_unread_counts_what_the_agent_has_not_seen(self):
        self.write_in(ANA)
        self.get_conversation(ANA).with_user(self.agent).action_take()
        self.assertEqual(self.get_tabs(self.agent)["mine"]["unread"], 0)
        self.write_in(ANA, "One more thing")
        self.assertEqual(self.get_tabs(self.agent)["mine"]["unread"], 1)
        [row] = self.desk(self.agent).get_desk_page("mine")["rows"]
        self.assertEqual(row["unread"], 1)

    # === PAGES AND SEARCH === #

    def test_pages_show_everybody_once_whatever_comes_meanwhile(self):
        self.patch(whatsapp_cs_desk, "PAGE_SIZE", 2)
        for number, minutes in enumerate((50, 40, 30, 20, 10)):
            self.write_in(f"1555010010{number}", name=f"C{minutes}", minutes_ago=minutes)
        page = self.desk(self.agent).get_desk_page("queue")
        names = [row["name"] for row in page["rows"]]
        self.get_conversation("15550100100").with_user(self.agent).action_take()  # the first one leaves the list
        self.write_in("15550100109", name="C60", minutes_ago=60)  # and somebody comes before all others
        while page["after"]:
            page = self.desk(self.agent).get_desk_page("queue", after=page["after"])
            names += [row["name"] for row in page["rows"]]
        self.assertEqual(names, ["C50", "C40", "C30", "C20", "C10"])

    def test_pages_of_those_who_don_t_wait_go_on_by_date(self):
        self.patch(whatsapp_cs_desk, "PAGE_SIZE", 1)
        for wa_id, name, minutes in ((ANA, "Ana", 30), (BO, "Bo", 20), (CI, "Ci", 10)):
            self.write_in(wa_id, name=name, minutes_ago=minutes)
        for wa_id in (ANA, BO):
            self.get_conversation(wa_id).with_user(self.agent).action_resolve()
        for tab, expected in (("resolved", ["Bo", "Ana"]), ("all", ["Ci"])):
            page = self.desk(self.editor).get_desk_page(tab)
            names = [row["name"] for row in page["rows"]]
            while page["after"]:
                page = self.desk(self.editor).get_desk_page(tab, after=page["after"])
                names += [row["name"] for row in page["rows"]]
            self.assertEqual(names, expected)

    def test_text_is_searched_in_what_the_user_may_see(self):
        self.write_in(ANA, "The blue kettle leaks", "Ana")
        self.write_in(BO, "A blue jacket, please", "Bo")
        self.write_in(CI, "No colour here", "Ci")
        self.get_conversation(BO).with_user(self.agent_2).action_take()
        domain = [("message_ids.body", "ilike", "blue")]
        self.assertEqual(self.get_names(self.agent, "queue", domain=domain), ["Ana"])
        self.assertEqual(self.get_names(self.agent_2, "mine", domain=domain), ["Bo"])
        self.assertCountEqual(self.get_names(self.editor, "all", domain=domain), ["Ana", "Bo"])

    # === LIVE === #

    def get_told(self):
        """Return what desks of the company have been told since the last time: lists of ``[id, agent, state]``."""
        self.env.cr.precommit.run()
        self.env.flush_all()
        sent = self.env["bus.bus"].sudo().search([("message", "like", "whatsapp_cs.desk/changed")], order="id")
        told = [entry for row in sent for entry in json.loads(row.message)["payload"]["conversations"]]
        sent.unlink()
        return told

    def test_desks_are_told_that_something_changed_and_not_what(self):
        self.write_in(ANA, "My secret")
        conversation = self.get_conversation(ANA)
        self.get_told()
        conversation.with_user(self.agent).action_take()
        self.assertEqual(self.get_told(), [[conversation.id, self.agent.id, "assigned"]])
        self.write_in(ANA, "My secret")
        self.assertEqual(self.get_told(), [[conversation.id, self.agent.id, "assigned"]])
        self.answer("Fine")
        self.assertEqual(self.get_told(), [[conversation.id, self.agent.id, "waiting"]])

    def test_only_agents_hear_of_it(self):
        self.patch(IrWebsocket, "_build_bus_channel_list", lambda _self, names: names)
        for user, hears in ((self.agent, True), (self.editor, True), (self.analyst, False), (self.employee, False)):
            channels = self.env["ir.websocket"].with_user(user)._build_bus_channel_list(["whatsapp_cs.desk"])
            self.assertEqual((self.company, "whatsapp_cs_desk") in channels, hears, user.name)
            self.assertNotIn("whatsapp_cs.desk", channels)

    # === CARDS === #

    def test_cards_show_customer_notes_and_earlier_conversations(self):
        self.channel.reopen_hours = 0
        self.write_in(ANA, "First case", minutes_ago=600)
        first = self.get_conversation(ANA)
        first.with_user(self.agent).action_take()
        self.get_thread(ANA).with_user(self.agent).message_post(
            body="Likes tea", message_type="comment", subtype_xmlid="mail.mt_note"
        )
        first.with_user(self.agent).action_resolve()
        first.resolved_date -= timedelta(hours=1)
        self.write_in(ANA, "Second case")
        second = self.get_conversation(ANA).with_user(self.agent)
        self.assertNotEqual(first, second)
        cards = second.get_desk_data()["cards"]
        self.assertEqual((cards["contact"]["name"], cards["contact"]["phone"]), ("Ana", "+1 555-010-0001"))
        self.assertEqual(cards["contact"]["consent"], "unknown")
        self.assertEqual([(note["text"], note["author"]) for note in cards["notes"]], [("Likes tea", "Arun")])
        [past] = cards["past"]["conversations"]
        self.assertEqual((past["id"], past["state"], past["messages"]), (first.id, "resolved", 1))
        message = self.env["mail.message"].browse(past["message_id"])
        self.assertIn("First case", message.body)
        self.assertNotIn("lead", cards)  # this agent has nothing to do with sales

    def test_tags_are_set_by_who_has_the_conversation_and_shown_in_the_list(self):
        tag = self.env["whatsapp.cs.tag"].create({"name": "Returns", "color": 4})
        self.write_in(ANA)
        conversation = self.get_conversation(ANA)
        conversation.with_user(self.agent).action_take()
        conversation.with_user(self.agent).action_set_tags(tag.ids)
        [row] = self.desk(self.agent).get_desk_page("mine")["rows"]
        self.assertEqual(row["tags"], [{"id": tag.id, "name": "Returns", "color": 4}])
        with self.assertRaises(UserError):
            conversation.with_user(self.agent_2).action_set_tags([])
        self.assertEqual(conversation.tag_ids, tag)

    def test_the_queue_is_that_of_the_own_teams_and_of_all(self):
        team = self.env["whatsapp.cs.team"].create(
            {"name": "Returns", "method": "manual", "member_ids": [fields.Command.create({"user_id": self.agent.id})]}
        )
        self.write_in(ANA)
        self.write_in(BO, name="Bo")
        self.get_conversation(ANA)._set_team(team, "Test")
        self.assertCountEqual(self.get_names(self.agent, "queue"), ["Ana", "Bo"])
        self.assertEqual(self.get_names(self.agent_2, "queue"), ["Bo"])
        self.assertCountEqual(self.get_names(self.editor, "queue"), ["Ana", "Bo"])  # in no team: looks after all

    def test_the_lead_is_moved_with_the_user_s_own_rights(self):
        self.write_in(ANA)
        conversation = self.get_conversation(ANA)
        self.assertTrue(conversation.lead_id)
        card = conversation.with_user(self.editor).get_desk_data()["cards"]["lead"]
        stage = next(stage for stage in card["stages"] if stage["id"] != card["stage_id"])
        conversation.with_user(self.editor).action_set_lead_stage(stage["id"])
        self.assertEqual(conversation.lead_id.stage_id.id, stage["id"])
        with self.assertRaises(AccessError):
            conversation.with_user(self.agent).action_set_lead_stage(card["stage_id"])

    def test_a_lead_is_created_once(self):
        self.channel.opens_lead = False
        self.write_in(ANA)
        conversation = self.get_conversation(ANA).with_user(self.editor)
        self.assertFalse(conversation.lead_id)
        self.assertTrue(conversation.get_desk_data()["cards"]["lead"]["can_create"])
        with self.assertRaises(UserError):
            conversation.action_set_lead_stage(1)
        conversation.action_create_lead()
        lead = conversation.lead_id
        self.assertEqual((lead.partner_id, lead.user_id), (conversation.partner_id, self.editor))
        conversation.action_create_lead()
        self.assertEqual(conversation.lead_id, lead)
        with self.assertRaises(AccessError):
            conversation.with_user(self.agent).action_create_lead()

    # === WALL === #

    def test_the_wall_tells_editors_who_waits_and_who_could_answer(self):
        self.write_in(ANA, minutes_ago=20)
        self.write_in(BO, name="Bo", minutes_ago=2)
        self.write_in(CI, name="Ci", minutes_ago=3)
        self.get_conversation(CI).with_user(self.agent).action_take()
        wall = self.desk(self.editor).get_wall()
        figures = {figure["id"]: figure for figure in wall["figures"]}
        counts = {key: figure["count"] for key, figure in figures.items()}
        self.assertEqual(counts, {"waiting": 2, "unanswered": 1, "late": 1, "customer": 0})
        for key, figure in figures.items():  # the list behind a figure has as many
            found = self.desk(self.editor).search_count(figure["domain"])
            self.assertEqual(found, figure["count"], key)
        self.assertEqual([row["name"] for row in wall["waiting_rows"]], ["Ana", "Bo"])
        [arun] = [agent for agent in wall["agents"] if agent["id"] == self.agent.id]
        self.assertEqual(arun["load"], 1)
        for user in (self.agent, self.analyst, self.employee):
            with self.assertRaises(AccessError):
                self.desk(user).get_wall()

    def test_a_conversation_is_given_to_an_agent_from_the_wall(self):
        self.write_in(ANA)
        self.get_conversation(ANA).with_user(self.editor).action_assign(self.agent_2.id)
        self.assertEqual(self.get_names(self.agent_2, "mine"), ["Ana"])
        self.assertEqual(self.desk(self.editor).get_wall()["waiting_rows"], [])
