from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestAgentStatus(WhatsappCsCommon):
    def get_rows(self, user=None):
        self.env.invalidate_all()
        return self.env["whatsapp.cs.agent.status"].search([("user_id", "=", (user or self.agent).id)], order="id")

    def let_pass(self, user=None, **delta):
        """Let time go by since all that is known of the open row."""
        row = self.get_rows(user)[-1]
        for name in ("start_date", "seen_date", "active_date", "end_date"):
            if row[name]:
                row[name] -= timedelta(**delta)
        self.env.flush_all()

    def sign(self, inactive_seconds=0, user=None):
        return self.env["res.users"].with_user(user or self.agent).whatsapp_cs_sign(inactive_seconds)

    # === THE SWITCH === #

    def test_who_has_said_nothing_is_offline(self):
        self.assertEqual(self.agent.whatsapp_cs_status, "offline")
        self.assertEqual(self.sign()["state"], "offline")
        self.assertFalse(self.get_rows())

    def test_each_status_is_recorded_from_when_to_when_and_why(self):
        self.go("available", self.agent)
        self.let_pass(hours=2)
        self.go("break", self.agent, reason=" Lunch ")
        self.let_pass(hours=1)
        self.go("offline", self.agent)
        work, lunch = self.get_rows()
        self.assertEqual((work.state, round(work.hours, 1)), ("available", 2))
        self.assertEqual((lunch.state, lunch.reason, round(lunch.hours, 1)), ("break", "Lunch", 1))
        self.assertEqual(self.agent.whatsapp_cs_status, "offline")

    def test_the_same_again_is_one_row(self):
        self.go("available", self.agent)
        self.go("available", self.agent)
        self.assertEqual(len(self.get_rows()), 1)

    def test_what_is_no_status_is_refused(self):
        switch = self.env["res.users"].with_user(self.agent).whatsapp_cs_set_status
        with self.assertRaisesRegex(UserError, "what kind of break"):
            switch("break", "  ")
        with self.assertRaisesRegex(UserError, "Choose one of"):
            switch("asleep")
        for user in (self.analyst, self.employee):
            with self.assertRaisesRegex(AccessError, "Only WhatsApp agents"):
                self.env["res.users"].with_user(user).whatsapp_cs_set_status("available")
            with self.assertRaisesRegex(AccessError, "Only WhatsApp agents"):
                self.sign(user=user)

    def test_all_tabs_learn_of_it(self):
        self.go("busy", self.agent)
        self.env.cr.precommit.run()
        channel = f'"res.partner",{self.agent.partner_id.id}'
        news = self.env["bus.bus"].sudo().search([("channel", "ilike", channel)]).mapped("message")
        self.assertTrue([text for text in news if "whatsapp_cs.status" in text and '"busy"' in text])

    def test_editors_set_others_offline_and_agents_do_not(self):
        self.go("available", self.agent)
        with self.assertRaisesRegex(AccessError, "Only editors"):
            self.agent.with_user(self.agent_2).action_whatsapp_cs_set_offline()
        self.agent.with_user(self.editor).action_whatsapp_cs_set_offline()
        self.assertEqual(self.agent.whatsapp_cs_status, "offline")

    def test_agents_see_their_own_time_and_editors_all(self):
        self.go("available", self.agent, self.agent_2)
        Status = self.env["whatsapp.cs.agent.status"]
        self.assertEqual(Status.with_user(self.agent).search([]).user_id, self.agent)
        self.assertEqual(Status.with_user(self.editor).search([]).user_id, self.agent + self.agent_2)
        with self.assertRaises(AccessError):
            self.get_rows().with_user(self.agent).write({"hours": 8})

    def test_the_list_of_agents_is_searched_by_status(self):
        self.go("available", self.agent)
        Users = self.env["res.users"].with_user(self.editor)
        self.assertEqual(Users.search([("whatsapp_cs_status", "=", "available")]), self.agent)
        offline = Users.search([("whatsapp_cs_status", "=", "offline")])
        self.assertIn(self.agent_2, offline)
        self.assertNotIn(self.agent, offline)

    # === WHAT DIES === #

    def test_a_browser_without_a_sign_ends_the_time_at_the_last_one(self):
        self.go("available", self.agent)
        self.let_pass(hours=1)
        self.sign()
        self.let_pass(minutes=4)
        self.run_cron("assign")
        self.assertEqual(self.agent.whatsapp_cs_status, "available")
        self.let_pass(minutes=2)
        self.run_cron("assign")
        row = self.get_rows()
        self.assertEqual((self.agent.whatsapp_cs_status, row.end_date, row.is_lost), ("offline", row.seen_date, True))
        self.assertAlmostEqual(row.hours, 1, 2)

    def test_a_closed_browser_is_noticed_sooner_and_another_open_one_counts(self):
        self.go("available", self.agent)
        presence = self.env["mail.presence"].create({"user_id": self.agent.id, "status": "offline"})
        self.let_pass(minutes=1)
        self.run_cron("assign")
        self.assertEqual(self.agent.whatsapp_cs_status, "available")
        self.let_pass(minutes=1)
        presence.status = "online"
        self.run_cron("assign")
        self.assertEqual(self.agent.whatsapp_cs_status, "available")
        presence.status = "offline"
        self.run_cron("assign")
        self.assertEqual(self.agent.whatsapp_cs_status, "offline")

    def test_who_left_the_browser_open_goes_offline_at_the_last_click(self):
        self.go("available", self.agent)
        self.go("break", self.agent_2, reason="Lunch")
        for user in (self.agent, self.agent_2):
            self.let_pass(user, hours=1)
            self.sign(3600, user)
        self.run_cron("assign")
        row = self.get_rows()
        self.assertEqual((self.agent.whatsapp_cs_status, row.end_date), ("offline", row.active_date))
        self.assertEqual(self.agent_2.whatsapp_cs_status, "break", "nobody clicks at lunch")

    def test_who_was_lost_for_a_short_while_goes_on_as_before(self):
        self.go("busy", self.agent)
        self.let_pass(minutes=10)
        self.run_cron("assign")
        self.assertEqual(self.sign(600)["state"], "offline", "the browser is back, but nobody uses it")
        self.assertEqual(self.sign()["state"], "busy")
        self.assertEqual(len(self.get_rows()), 2)
        self.let_pass(minutes=10)
        self.run_cron("assign")
        self.get_rows()[-1].end_date -= timedelta(hours=2)
        self.assertEqual(self.sign()["state"], "offline", "that was yesterday's")

    def test_who_went_offline_stays_it(self):
        self.go("available", self.agent)
        self.go("offline", self.agent)
        self.assertEqual(self.sign()["state"], "offline")

    def test_presence_is_activity_of_the_last_five_minutes(self):
        self.go("available", self.agent)
        self.assertTrue(self.agent.whatsapp_cs_is_present)
        self.let_pass(minutes=6)
        self.sign(360)
        self.agent.invalidate_recordset(["whatsapp_cs_is_present"])
        self.assertFalse(self.agent.whatsapp_cs_is_present)
        self.assertEqual(self.agent.whatsapp_cs_status, "available")
        self.assertLess(self.get_rows().active_date, fields.Datetime.now() - timedelta(minutes=5))
