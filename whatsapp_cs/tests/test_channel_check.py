from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.models import whatsapp_cs_channel_check
from odoo.addons.whatsapp_cs.tools.graph_client import GraphClient, GraphError

from .test_notice import NUMBER, NoticeCommon

MAIN, BACKUP = "https://graph.example.com", "https://backup.example.com"
NO_ANSWER = GraphError("network", "no connection", retryable=True)
TOKEN = {"is_valid": True, "expires_at": 0}


@tagged("post_install", "-at_install")
class TestChannelCheck(NoticeCommon):
    def setUp(self):
        super().setUp()
        self.account.write({"base_url": MAIN, "backup_base_url": BACKUP})
        self.times = {MAIN: 100, BACKUP: 100}  # ms, or an error
        self.number = dict(NUMBER)
        self.token = dict(TOKEN)
        self.asked = []

    @contextmanager
    def fake_whatsapp(self):
        """Answer at both addresses, after as long as ``times`` says, and without waiting."""

        def request(client, _method, path, **_kwargs):
            self.asked.append((client.base_url, path))
            if isinstance(self.times[client.base_url], Exception):
                raise self.times[client.base_url]
            return {"data": self.token} if path == "debug_token" else self.number

        def ask(call, ask=whatsapp_cs_channel_check._ask):
            answer, time = ask(call), self.times[call.client.base_url]
            return answer if isinstance(time, Exception) else answer._replace(ms=time)

        with (
            patch.object(GraphClient, "_request", autospec=True, side_effect=request),
            patch.object(whatsapp_cs_channel_check, "_ask", ask),
        ):
            yield

    def check(self, times=1, **answers):
        """Let an hour pass and run the job, so many times; return the checks of the last run."""
        self.times |= {MAIN: answers["main"]} if "main" in answers else {}
        self.times |= {BACKUP: answers["backup"]} if "backup" in answers else {}
        for _time in range(times):
            self.account.check_date = fields.Datetime.now() - timedelta(hours=1)
            self.asked.clear()
            known = self.get_checks()
            with self.fake_whatsapp():
                self.run_cron("channel_check")
        return self.get_checks() - known

    def get_checks(self):
        return self.env["whatsapp.cs.channel.check"].search([("channel_id", "=", self.channel.id)])

    def test_each_hour_the_latency_of_a_number_is_measured(self):
        for ms, state in ((120, "good"), (799, "good"), (800, "slow"), (1500, "slow"), (1501, "bad")):
            with self.subTest(ms=ms):
                check = self.check(main=ms)
                self.assertEqual((check.state, check.latency_ms, check.route), (state, ms, "main"))
                self.assertEqual((self.channel.check_state, self.channel.latency_ms), (state, ms))

    def test_a_check_also_refreshes_the_number(self):
        self.number["quality_rating"] = "YELLOW"
        self.check()
        self.assertEqual(self.channel.quality_rating, "YELLOW")

    def test_an_administrator_has_it_checked_at_once(self):
        self.check()
        self.channel.with_user(self.administrator).action_check_now()
        with self.fake_whatsapp():
            self.run_cron("channel_check")
        self.assertEqual(len(self.get_checks()), 2)

    def test_running_twice_asks_once(self):
        self.check()
        with self.fake_whatsapp():
            self.run_cron("channel_check")
        self.assertEqual(len(self.get_checks()), 1)

    def test_no_answer_has_no_latency(self):
        check = self.check(main=NO_ANSWER)
        self.assertEqual((check.state, check.failure_count), ("failed", 1))
        self.env.cr.execute("SELECT latency_ms FROM whatsapp_cs_channel_check WHERE id = %s", [check.id])
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_three_slow_checks_switch_to_the_backup_address(self):
        self.check(2, main=1600)
        self.assertFalse(self.account.is_on_backup)
        self.check(1)
        self.assertTrue(self.account.is_on_backup)
        self.assertEqual(self.account._get_graph_client().base_url, BACKUP)
        alert = self.get_alerts("backup")
        self.assertIn("backup base URL", alert.detail)
        self.check(2)
        self.assertEqual(self.get_alerts("backup"), alert)
        self.assertEqual(self.count_told(alert), 1)

    def test_three_failed_checks_switch_and_messages_go_by_the_backup_address(self):
        self.receive(self.text_body())
        self.answer()
        self.check(3, main=NO_ANSWER)
        addresses = []

        def request(client, _method, _path, **_kwargs):
            addresses.append(client.base_url)
            return {"messages": [{"id": "wamid.B"}]}

        with patch.object(GraphClient, "_request", autospec=True, side_effect=request):
            self.run_cron("outbox_send")
        self.assertEqual(addresses, [BACKUP])

    def test_what_is_not_three_in_a_row_switches_nothing(self):
        self.check(2, main=NO_ANSWER)
        self.check(1, main=200)
        self.check(2, main=1600)
        self.assertFalse(self.account.is_on_backup)

    def test_three_good_checks_of_the_main_address_switch_back(self):
        self.check(3, main=NO_ANSWER)
        self.assertFalse(self.get_alerts("backup").closed_date)
        checks = self.check(2, main=300)
        self.assertEqual(sorted(checks.mapped("route")), ["backup", "main"])
        self.assertTrue(self.account.is_on_backup)
        self.check(1, main=1600)
        self.check(2, main=300)
        self.assertTrue(self.account.is_on_backup, "a bad one in between begins the count anew")
        self.check(1)
        self.assertFalse(self.account.is_on_backup)
        self.assertTrue(self.get_alerts("backup").closed_date)

    def test_a_refusal_is_an_answer(self):
        check = self.check(3, main=GraphError(100, "Unsupported get request", http_status=400))
        self.assertEqual(check.state, "refused")
        self.assertFalse(self.account.is_on_backup)

    def test_without_a_backup_address_an_alert_says_so(self):
        self.account.backup_base_url = False
        self.check(3, main=1600)
        self.assertFalse(self.account.is_on_backup)
        self.assertIn("three checks in a row", self.get_alerts("slow").detail)
        self.check(1, main=200)
        self.assertTrue(self.get_alerts("slow").closed_date)

    def test_another_address_begins_anew(self):
        self.check(3, main=NO_ANSWER)
        self.account.base_url = "https://other.example.com"
        self.assertFalse(self.account.is_on_backup)
        self.assertEqual(self.account._get_graph_client().base_url, "https://other.example.com")

    def test_several_numbers_are_judged_together(self):
        self._create_channel(self.account, "2002", "+1 555 0102")._block()
        self._create_channel(self.account, "2003", "+1 555 0103")
        checks = self.check(1)
        self.assertEqual(len(checks), 1)
        self.assertEqual(sorted(path for _url, path in self.asked), ["2001", "2002", "2003", "debug_token"])

    def test_a_backup_address_without_encryption_or_that_is_the_same_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "clear text"):
            self.account.backup_base_url = "http://backup.example.com"
        with self.assertRaisesRegex(ValidationError, "is the base URL itself"):
            self.account.backup_base_url = MAIN + "/"

    def test_history_is_kept_for_30_days(self):
        old, kept = self.env["whatsapp.cs.channel.check"].create(
            [
                {
                    "channel_id": self.channel.id,
                    "date": fields.Datetime.now() - timedelta(days=days),
                    "route": "main",
                    "state": "good",
                }
                for days in (31, 29)
            ]
        )
        self.env["whatsapp.cs.channel.check"]._gc_checks()
        self.assertFalse(old.exists())
        self.assertTrue(kept.exists())

    # === TOKEN === #

    def set_expiry(self, **interval):
        self.token["expires_at"] = int((fields.Datetime.now() + timedelta(**interval)).timestamp())

    def test_the_end_of_a_token_is_told_seven_days_before_and_once(self):
        self.set_expiry(days=8)
        self.check()
        self.assertTrue(self.account.token_expiry_date)
        self.assertFalse(self.get_activities(self.account))
        self.set_expiry(days=6)
        self.check()
        activity = self.get_activities(self.account)
        self.assertIn("ends soon", activity.summary)
        self.assertEqual(activity.date_deadline, self.account.token_expiry_date.date())
        activity.with_user(self.administrator).action_feedback()
        self.check(2)
        self.assertFalse(self.get_activities(self.account), "each once")

    def test_a_token_older_than_30_days_is_told_once(self):
        self.account.token_date = fields.Datetime.now() - timedelta(days=29)
        self.check()
        self.assertFalse(self.get_activities(self.account))
        self.account.token_date = fields.Datetime.now() - timedelta(days=31)
        self.check(2)
        self.assertIn("older than 30 days", self.get_activities(self.account).summary)
        self.assertEqual(len(self.get_activities(self.account)), 1)

    def test_a_new_token_closes_both_by_itself(self):
        self.account.token_date = fields.Datetime.now() - timedelta(days=31)
        self.set_expiry(days=1)
        self.check()
        self.assertEqual(len(self.get_activities(self.account)), 2)
        self.account.with_user(self.administrator).access_token = "secret-token"
        self.assertEqual(len(self.get_activities(self.account)), 2, "it is the old one")
        self.account.with_user(self.administrator).access_token = "another"
        self.assertFalse(self.get_activities(self.account))
        self.assertFalse(self.account.token_expiry_date)
        self.token["expires_at"] = 0
        self.check()
        self.assertFalse(self.get_activities(self.account))

    def test_a_token_that_is_dead_stops_sending_before_a_message_fails(self):
        self.receive(self.text_body())
        self.answer()
        self.token = {"is_valid": False}
        self.check()
        self.assertEqual((self.account.state, self.channel.state), ("blocked", "blocked"))
        self.assertFalse(self.send())
        self.assertEqual(len(self.get_alerts("blocked")), 1)
        self.account.access_token = "another"
        self.connect()
        self.assertEqual(len(self.send()), 1, "it goes on by itself")
        self.assertTrue(self.get_alerts("blocked").closed_date)
