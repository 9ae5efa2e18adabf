from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestConversationLock(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()

    def watch(self, user, sign="open"):
        """Give a sign as the chat on the screen does; return what it shows of the thread then."""
        thread = self.get_thread().with_user(user)
        data = thread.whatsapp_cs_watch(sign)
        self.env.invalidate_all()
        return next(values for values in data["discuss.channel"] if values["id"] == thread.id)

    def pass_time(self, **delta):
        """Let time go by for the customer who waits and for those who have the conversation open."""
        self.env.flush_all()
        self.cr.execute(
            """
            UPDATE whatsapp_cs_conversation
               SET lock_until = lock_until - %(time)s, lock_active_date = lock_active_date - %(time)s,
                   unanswered_date = unanswered_date - %(time)s, state_date = state_date - %(time)s
            """,
            {"time": timedelta(**delta)},
        )
        self.env.invalidate_all()

    def get_minutes_left(self):
        self.env.invalidate_all()
        end = self.conversation.lock_end
        return end and round((end - fields.Datetime.now()).total_seconds() / 60)

    def answer_customer(self):
        """Let nobody wait any more, without touching the reservation."""
        self.conversation.unanswered_date = False

    # === RESERVING === #

    def test_opening_reserves_for_seven_minutes_and_shows_who(self):
        self.answer_customer()
        shown = self.watch(self.agent)
        self.assertEqual(shown["whatsapp_cs_lock_user_id"], self.agent.id)
        self.assertEqual(self.get_minutes_left(), 7)
        self.assertEqual(self.conversation.state, "queued")

    def test_the_time_is_the_channels_between_five_and_fifteen_minutes(self):
        self.answer_customer()
        self.channel.lock_minutes = 12
        self.watch(self.agent)
        self.assertEqual(self.get_minutes_left(), 12)
        for minutes in (4, 16):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.channel.lock_minutes = minutes
                self.env.flush_all()

    def test_the_second_who_opens_sees_the_first_and_can_not_answer(self):
        self.watch(self.agent)
        shown = self.watch(self.agent_2)
        self.assertEqual(shown["whatsapp_cs_lock_user_id"], self.agent.id)
        with self.assertRaisesRegex(UserError, "Arun has opened this conversation .* was not sent"):
            self.answer(user=self.agent_2)
        with self.assertRaisesRegex(UserError, "Arun has opened"):
            self.conversation.with_user(self.agent_2).action_take()
        with self.assertRaisesRegex(UserError, "Arun has opened .* Nothing was changed"):
            self.conversation.with_user(self.agent_2).action_resolve()
        self.answer("Mine", user=self.agent)
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["Mine"])

    def test_an_editor_answers_only_after_taking_over(self):
        self.watch(self.agent)
        with self.assertRaisesRegex(UserError, "Arun has opened"):
            self.answer(user=self.editor)
        self.conversation.with_user(self.editor).action_take()
        self.answer("Erin here", user=self.editor)
        self.assertEqual((self.conversation.user_id, self.conversation.lock_user_id), (self.editor, self.editor))
        with self.assertRaises(AccessError):
            self.answer(user=self.agent)

    def test_who_does_nothing_loses_the_reservation_after_three_minutes(self):
        self.watch(self.agent)
        self.assertEqual(self.get_minutes_left(), 3)
        self.pass_time(minutes=3, seconds=1)
        self.assertFalse(self.get_minutes_left())
        self.answer("I do it", user=self.agent_2)
        self.assertEqual(self.conversation.user_id, self.agent_2)

    def test_without_a_waiting_customer_it_lasts_all_its_time(self):
        self.answer_customer()
        self.watch(self.agent)
        self.pass_time(minutes=6)
        self.assertEqual(self.get_minutes_left(), 1)
        self.pass_time(minutes=1, seconds=1)
        self.assertFalse(self.get_minutes_left())

    def test_typing_keeps_it_and_an_answer_renews_it(self):
        self.watch(self.agent)
        self.pass_time(minutes=2)
        self.watch(self.agent, "typing")
        self.assertEqual(self.get_minutes_left(), 3)
        self.pass_time(minutes=2)
        self.answer(user=self.agent)
        self.assertEqual(self.get_minutes_left(), 7)

    def test_looking_alone_keeps_nothing(self):
        self.watch(self.agent)
        self.pass_time(minutes=2)
        self.watch(self.agent, "here")
        self.assertEqual(self.get_minutes_left(), 1)

    def test_who_leaves_without_a_word_gives_it_free_and_who_has_begun_to_write_keeps_it(self):
        self.watch(self.agent)
        self.watch(self.agent, "gone")
        self.assertTrue(self.get_minutes_left())
        self.watch(self.agent_2, "leave")
        self.assertEqual(self.conversation.lock_user_id, self.agent)
        self.watch(self.agent, "leave")
        self.assertFalse(self.get_minutes_left())

    def test_who_may_not_answer_reserves_nothing(self):
        self.conversation.with_user(self.agent).action_take()
        self.conversation.with_user(self.agent).action_resolve()
        self.watch(self.agent)
        self.assertFalse(self.conversation.lock_user_id)
        for user in (self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.watch(user)
        with self.assertRaises(AccessError):
            self.conversation.with_user(self.agent).write({"lock_user_id": self.agent.id})

    def test_an_editor_who_looks_does_not_take_the_agents_place(self):
        self.conversation.with_user(self.agent).action_take()
        self.watch(self.editor)
        self.assertEqual(self.conversation.lock_user_id, self.agent)
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.watch(self.agent_2)

    def test_an_editor_who_looks_keeps_nobody_away_and_one_who_types_does(self):
        self.watch(self.editor)
        self.assertFalse(self.get_minutes_left())
        self.watch(self.editor, "typing")
        with self.assertRaisesRegex(UserError, "Erin has opened"):
            self.answer(user=self.agent)

    def test_everybody_who_looks_learns_who_else_looks(self):
        self.watch(self.agent)
        self.watch(self.agent_2, "typing")
        self.env.cr.precommit.run()
        self.cr.execute("SELECT message FROM bus_bus WHERE message LIKE '%%whatsapp_cs.watch%%' ORDER BY id")
        signs = [message for (message,) in self.cr.fetchall()]
        self.assertIn('"name":"Bela"', signs[-1])
        self.assertIn('"sign":"typing"', signs[-1])

    # === LEFT LYING === #

    def test_what_an_agent_leaves_lying_goes_back_to_the_queue(self):
        self.conversation.with_user(self.agent).action_take()
        self.pass_time(minutes=2, seconds=50)
        self.run_cron("lock")
        self.assertEqual(self.conversation.user_id, self.agent)
        self.pass_time(seconds=11)
        self.run_cron("lock")
        self.assertEqual((self.conversation.state, self.conversation.user_id.id), ("queued", False))
        self.assertFalse(self.conversation.lock_user_id)
        stint = self.conversation.stint_ids
        self.assertEqual((stint.user_id, stint.began, stint.ended), (self.agent, "taken", "idle"))
        self.assertTrue(self.conversation.unanswered_date)

    def test_who_is_at_work_in_another_conversation_is_not_idle(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        self.conversation.with_user(self.agent).action_take()
        other = self.get_conversation("32470123456")
        other.with_user(self.agent).action_take()
        self.pass_time(minutes=4)
        self.get_thread("32470123456").with_user(self.agent).whatsapp_cs_watch("typing")
        self.run_cron("lock")
        self.assertEqual((self.conversation | other).user_id, self.agent)

    def test_a_customer_who_was_answered_waits_for_nobody(self):
        self.answer()
        self.pass_time(minutes=30)
        self.run_cron("lock")
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("waiting", self.agent))
        self.assertFalse(self.conversation.lock_user_id)

    def test_zero_minutes_mean_never(self):
        self.channel.idle_minutes = 0
        self.conversation.with_user(self.agent).action_take()
        self.pass_time(minutes=30)
        self.run_cron("lock")
        self.assertEqual(self.conversation.user_id, self.agent)

    # === HISTORY === #

    def test_the_history_says_who_had_it_when_and_how_it_ended(self):
        self.answer(user=self.agent)
        self.receive(self.text_body("And?", "wamid.A2"))
        self.conversation.with_user(self.editor).action_take()
        self.conversation.with_user(self.editor).action_release()
        self.conversation.with_user(self.agent_2).action_take()
        self.conversation.with_user(self.agent_2).action_resolve()
        stints = self.conversation.stint_ids.sorted("id")
        self.assertEqual(
            [(stint.user_id.name, stint.began, stint.ended) for stint in stints],
            [("Arun", "taken", "taken_over"), ("Erin", "taken", "released"), ("Bela", "taken", "resolved")],
        )
        self.assertTrue(all(stint.date_from <= stint.date_to for stint in stints))
        self.assertEqual(stints.with_user(self.editor).mapped("by_user_id.name"), ["Arun", "Erin", "Bela"])
        for user in (self.editor, self.agent_2):
            with self.assertRaises(AccessError):
                stints[0].with_user(user).write({"ended": "resolved"})

    def test_a_customer_who_writes_again_is_with_the_same_agent_in_the_same_stint(self):
        self.answer()
        self.receive(self.text_body("And?", "wamid.A2"))
        self.answer("Yes")
        self.assertEqual(len(self.conversation.stint_ids), 1)
        self.conversation.with_user(self.agent).action_resolve()
        self.receive(self.text_body("One more thing", "wamid.A3"))
        self.assertEqual(
            self.conversation.stint_ids.sorted("id").mapped(lambda stint: (stint.began, stint.ended)),
            [("taken", "resolved"), ("returned", False)],
        )
