from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestAssigner(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.team = self.create_team("Service", self.agent, self.agent_2)
        self.channel.team_id = self.team
        self.count = 0

    def let_write(self, text="Hello"):
        """Let somebody new write; return the conversation."""
        self.count += 1
        wa_id = f"3247012{self.count:04}"
        self.receive(self.text_body(text, f"wamid.{wa_id}", wa_id=wa_id))
        return self.get_conversation(wa_id)

    def assign(self):
        self.run_cron("assign")

    def get_agents(self, *conversations):
        return [conversation.user_id for conversation in conversations]

    def age(self, conversation, **delta):
        for name in ("state_date", "team_date", "unanswered_date"):
            if conversation[name]:
                conversation[name] -= timedelta(**delta)
        self.env.flush_all()

    # === WHO GETS IT === #

    def test_a_free_agent_gets_the_conversation_and_sees_it_as_new(self):
        self.go("available", self.agent)
        conversation = self.let_write()
        self.assertEqual(conversation.state, "queued")
        self.assign()
        self.assertEqual((conversation.state, conversation.user_id), ("assigned", self.agent))
        self.assertIn("Arun has least to do", conversation.stint_ids[0].reason)
        member = conversation.discuss_channel_id.channel_member_ids
        self.assertEqual((member.partner_id, member.message_unread_counter), (self.agent.partner_id, 1))

    def test_nobody_gets_more_than_the_capacity_and_the_rest_waits(self):
        self.team.member_ids.capacity = 2
        self.go("available", self.agent, self.agent_2)
        conversations = [self.let_write() for _number in range(5)]
        self.assign()
        self.assertEqual(sorted(c.user_id.name or "" for c in conversations), ["", "Arun", "Arun", "Bela", "Bela"])
        self.assertEqual(conversations[4].state, "queued", "the last to come")

    def test_the_least_busy_gets_it_then_who_was_idle_longest(self):
        self.go("available", self.agent, self.agent_2)
        statuses = self.env["whatsapp.cs.agent.status"].search([("user_id", "in", (self.agent + self.agent_2).ids)])
        statuses.start_date = fields.Datetime.now() - timedelta(hours=1)
        taken = self.let_write()
        taken.with_user(self.agent_2).action_take()
        first = self.let_write()
        self.assign()
        self.assertEqual(first.user_id, self.agent, "Bela has one already")
        taken.with_user(self.agent_2).action_resolve()
        self.env.flush_all()
        self.age(taken, minutes=5)
        first.with_user(self.agent).action_resolve()
        second = self.let_write()
        self.assign()
        self.assertEqual(second.user_id, self.agent_2)

    def test_in_turn_goes_round_whatever_they_have(self):
        self.team.method = "round_robin"
        self.go("available", self.agent, self.agent_2)
        conversations = []
        for _number in range(4):
            conversations.append(self.let_write())
            self.assign()
            conversations[0].with_user(self.agent).action_resolve() if len(conversations) == 1 else None
        self.assertEqual(self.get_agents(*conversations), [self.agent, self.agent_2] * 2)

    def test_busy_away_and_resting_agents_get_nothing_and_it_is_said_why(self):
        conversation = self.let_write()

        def get_reasons():
            from ..models.whatsapp_cs_team_roster import Roster

            roster = Roster(self.team)
            verdict = self.team._select_agent(conversation)
            self.assertFalse(verdict.seat)
            return [roster.get_reason(judgement) for judgement in verdict.judgements]

        self.assertEqual(get_reasons(), ["Arun is offline.", "Bela is offline."])
        self.go("busy", self.agent)
        self.go("break", self.agent_2, reason="Lunch")
        self.assertEqual(get_reasons(), ["Arun is busy.", "Bela is on a break: Lunch."])
        self.go("available", self.agent, self.agent_2)
        for row in self.env["whatsapp.cs.agent.status"].search([]):
            row.active_date -= timedelta(minutes=6)
        self.assertIn("was not active in the last 5 minutes", get_reasons()[0])
        self.assign()
        self.assertFalse(conversation.user_id)

    def test_who_is_no_agent_any_more_gets_nothing(self):
        self.go("available", self.agent)
        self.agent.group_ids -= self.env.ref("whatsapp_cs.whatsapp_cs_group_agent")
        conversation = self.let_write()
        self.assign()
        self.assertFalse(conversation.user_id)

    def test_waiting_for_the_customer_is_no_load(self):
        self.team.member_ids.capacity = 1
        self.go("available", self.agent)
        first, second = self.let_write(), self.let_write()
        self.assign()
        self.assertEqual(self.get_agents(first, second), [self.agent, self.env["res.users"]])
        self.answer(user=self.agent, wa_id=first.contact_id.wa_id)
        self.assign()
        self.assertEqual((first.state, second.user_id), ("waiting", self.agent))

    def test_skills_are_asked_for_as_long_as_somebody_at_work_has_them(self):
        skill = self.env["whatsapp.cs.skill"].create({"name": "Returns"})
        self.team.member_ids[1].write({"skill_ids": skill.ids, "capacity": 1})
        self.go("available", self.agent, self.agent_2)
        first, second = self.let_write(), self.let_write()
        (first + second).skill_ids = skill
        self.assign()
        self.assertEqual(self.get_agents(first, second), [self.agent_2, self.env["res.users"]])
        third = self.let_write()
        self.assign()
        self.assertEqual(third.user_id, self.agent, "who needs no skill does not wait behind who does")
        self.go("offline", self.agent_2)
        self.assign()
        self.assertEqual(second.user_id, self.agent, "nobody at work has it")

    def test_who_speaks_the_customers_language_goes_first(self):
        self.env["res.lang"]._activate_lang("pt_BR")
        self.env["res.lang"]._activate_lang("pt_PT")
        self.team.member_ids[1].lang_ids = self.env["res.lang"]._lang_get("pt_PT")
        self.go("available", self.agent, self.agent_2)
        conversation = self.let_write()
        conversation.partner_id.lang = "pt_BR"
        self.assign()
        self.assertEqual(conversation.user_id, self.agent_2)

    def test_who_comes_back_gets_the_last_agent_when_free(self):
        self.go("available", self.agent, self.agent_2)
        conversation = self.let_write()
        conversation.with_user(self.agent_2).action_take()
        conversation.with_user(self.agent_2).action_resolve()
        self.receive(self.text_body("One more", "wamid.B1", wa_id=conversation.contact_id.wa_id))
        self.assign()
        self.assertEqual((conversation.state, conversation.user_id), ("assigned", self.agent_2))
        conversation.with_user(self.agent_2).action_resolve()
        self.go("busy", self.agent_2)
        self.receive(self.text_body("And more", "wamid.B2", wa_id=conversation.contact_id.wa_id))
        self.assign()
        self.assertEqual(conversation.user_id, self.agent)

    def test_the_next_conversation_of_a_customer_goes_to_the_last_agent_too(self):
        self.channel.reopen_hours = 0
        self.go("available", self.agent, self.agent_2)
        conversation = self.let_write()
        conversation.with_user(self.agent_2).action_take()
        conversation.with_user(self.agent_2).action_resolve()
        conversation.resolved_date -= timedelta(hours=1)
        self.receive(self.text_body("Again", "wamid.B1", wa_id=conversation.contact_id.wa_id))
        new = self.get_conversation(conversation.contact_id.wa_id)
        self.assertNotEqual(new, conversation)
        self.assign()
        self.assertEqual(new.user_id, self.agent_2)

    def test_who_gives_a_conversation_back_does_not_get_it_again(self):
        self.go("available", self.agent)
        conversation = self.let_write()
        self.assign()
        conversation.with_user(self.agent).action_release()
        self.assign()
        self.assertFalse(conversation.user_id)
        self.go("available", self.agent_2)
        self.assign()
        self.assertEqual(conversation.user_id, self.agent_2)

    def test_a_team_that_takes_by_hand_is_given_nothing(self):
        self.team.method = "manual"
        self.go("available", self.agent)
        conversation = self.let_write()
        self.assign()
        self.assertFalse(conversation.user_id)

    def test_an_agent_of_two_teams_gets_no_more_than_each_allows(self):
        other = self.create_team("Other", self.agent, capacity=1)
        self.team.member_ids.capacity = 2
        self.go("available", self.agent)
        first, second, third = self.let_write(), self.let_write(), self.let_write()
        first._set_team(other, "By hand")
        self.assign()
        self.assertEqual(sum(c.user_id == self.agent for c in first + second + third), 2)

    # === THE QUEUE === #

    def test_the_most_important_goes_first_then_the_oldest(self):
        self.team.member_ids.capacity = 1
        oldest, older, urgent = self.let_write(), self.let_write(), self.let_write()
        self.age(oldest, minutes=9)
        self.age(older, minutes=8)
        urgent.priority = "2"
        order = []
        self.go("available", self.agent)
        for _number in range(3):
            self.assign()
            [given] = (oldest + older + urgent).filtered(lambda c: c.state == "assigned")
            order.append(given)
            given.with_user(self.agent).action_resolve()
        self.assertEqual(order, [urgent, oldest, older])

    def test_whatever_gives_somebody_room_wakes_the_assigner(self):
        """Resolving, answering, coming online, coming back, and a greater capacity."""
        cron = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_assign")
        self.team.member_ids.capacity = 1

        def wakes(act):
            self.env.flush_all()
            triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
            triggers.unlink()
            act()
            return bool(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]))

        self.assertTrue(wakes(lambda: self.go("available", self.agent)))
        self.assertTrue(wakes(self.let_write))
        self.assign()
        conversation = self.get_conversation("32470120001")
        self.assertTrue(wakes(lambda: self.answer(user=self.agent, wa_id="32470120001")))
        self.receive(self.text_body("More", "wamid.B1", wa_id="32470120001"))
        self.assertTrue(wakes(lambda: conversation.with_user(self.agent).action_resolve()))
        self.assertTrue(wakes(lambda: self.team.member_ids[0].with_user(self.editor).write({"capacity": 2})))
        for row in self.env["whatsapp.cs.agent.status"].search([]):
            row.active_date -= timedelta(minutes=6)
        self.assertTrue(wakes(lambda: self.env["res.users"].with_user(self.agent).whatsapp_cs_sign(0)))

    def test_each_who_waits_is_told_the_position_once(self):
        self.team.write({"sends_position": True, "position_text": "You are number {{position}}."})
        first, second = self.let_write(), self.let_write()
        self.age(first, minutes=1)
        self.assign()
        self.assertFalse(self.send(), "nobody is at work")
        self.go("busy", self.agent)
        self.assign()
        self.assign()
        sent = {payload["to"].strip("+"): payload["text"]["body"] for payload in self.send()}
        self.assertEqual(
            sent,
            {first.contact_id.wa_id: "You are number 1.", second.contact_id.wa_id: "You are number 2."},
        )
        self.receive(self.text_body("Hello?", "wamid.B1", wa_id=first.contact_id.wa_id))
        self.assign()
        self.assertFalse(self.send())
        self.assertTrue(first.unanswered_date, "an automatic message answers nobody")

    def test_the_position_is_told_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        self.team.write({"sends_position": True, "position_text": "Number {{position}}"})
        self.team.with_context(lang="hi_IN").position_text = "क्रमांक {{position}}"
        conversation = self.let_write()
        conversation.partner_id.lang = "hi_IN"
        self.go("busy", self.agent)
        self.assign()
        [payload] = self.send()
        self.assertEqual(payload["text"]["body"], "क्रमांक 1")

    def test_who_gets_an_agent_at_once_is_told_no_position(self):
        self.team.sends_position = True
        self.go("available", self.agent)
        self.let_write()
        self.assign()
        self.assertFalse(self.send())

    # === WHO WAITS TOO LONG === #

    def test_who_waits_too_long_is_passed_on_once(self):
        back_office = self.create_team("Back Office", self.editor)
        self.team.write({"overflow_minutes": 5, "overflow_team_id": back_office.id})
        back_office.write({"overflow_minutes": 5, "overflow_team_id": self.team.id})
        conversation = self.let_write()
        self.assign()
        self.assertEqual(conversation.team_id, self.team)
        self.age(conversation, minutes=6)
        self.assign()
        self.assertEqual(conversation.team_id, back_office)
        self.assertIn("5 minutes in Service", conversation.team_reason)
        self.age(conversation, minutes=6)
        conversation.unanswered_date += timedelta(minutes=6)  # the same waiting as before
        self.env.flush_all()
        self.assign()
        self.assertEqual(conversation.team_id, back_office, "it is not sent to and fro")

    def test_editors_are_alerted_once_and_the_task_ends_when_somebody_helps(self):
        self.team.escalation_minutes = 10
        conversation = self.let_write()
        self.age(conversation, minutes=11)
        self.assign()
        self.assign()
        users = self.team.activity_ids.user_id
        self.assertIn(self.editor, users)
        self.assertNotIn(self.agent, users)
        self.assertEqual(len(self.team.activity_ids), len(users))
        self.env.cr.precommit.run()
        channel = f'"res.partner",{self.editor.partner_id.id}'
        news = self.env["bus.bus"].sudo().search([("channel", "ilike", channel)]).mapped("message")
        self.assertEqual(len([text for text in news if "has waited for 10 minutes" in text]), 1)
        conversation.with_user(self.agent).action_take()
        self.assertFalse(self.team.activity_ids)

    def test_the_responsible_of_the_team_gets_the_task_alone(self):
        other = new_test_user(self.env, "wa_editor_2", "whatsapp_cs.whatsapp_cs_group_editor", name="Eva")
        self.team.write({"escalation_minutes": 10, "user_id": other.id})
        conversation = self.let_write()
        self.age(conversation, minutes=11)
        self.assign()
        self.assertEqual(self.team.activity_ids.user_id, other)

    def test_customers_of_an_agent_who_went_offline_come_back_into_the_queue(self):
        self.go("available", self.agent)
        unanswered, answered = self.let_write(), self.let_write()
        self.assign()
        self.answer(user=self.agent, wa_id=answered.contact_id.wa_id)
        self.go("offline", self.agent)
        self.assign()
        self.assertEqual(unanswered.state, "assigned", "not at once")
        self.age(unanswered, minutes=11)
        self.env["whatsapp.cs.agent.status"].search([]).end_date = fields.Datetime.now() - timedelta(minutes=11)
        self.go("available", self.agent_2)
        self.assign()
        self.assertEqual((unanswered.state, unanswered.user_id), ("assigned", self.agent_2))
        self.assertIn("Arun went offline", self.get_texts(unanswered.discuss_channel_id)[-1])
        self.assertEqual((answered.state, answered.user_id), ("waiting", self.agent))

    def test_whoever_never_used_the_switch_keeps_what_was_taken(self):
        conversation = self.let_write()
        conversation.with_user(self.agent).action_take()
        self.age(conversation, minutes=60)
        self.assign()
        self.assertEqual(conversation.user_id, self.agent)
