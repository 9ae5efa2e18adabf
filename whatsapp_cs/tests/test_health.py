import json
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.whatsapp_cs.models.whatsapp_cs_health import WhatsappCsHealth
from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon


class HealthCommon(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        # A job is as old as the database here; nothing is wrong at the start of a test.
        jobs = self.env["whatsapp.cs.health"]._find_jobs()
        jobs.write({"nextcall": fields.Datetime.now() + timedelta(minutes=1)})
        self.env["whatsapp.cs.alert"]._set_limit("delivery_messages", 2)

    def measure(self):
        self.run_cron("health_measure")

    def get_alerts(self, kind=None, is_open=True):
        domain = [("closed_date", "=", False)] if is_open else []
        return self.env["whatsapp.cs.alert"].search(domain + ([("kind", "=", kind)] if kind else []))

    def get_screen(self, user=None):
        return self.env["whatsapp.cs.health"].with_user(user or self.administrator).get_screen()

    def get_tile(self, code, user=None):
        tiles = [tile for section in self.get_screen(user)["sections"] for tile in section["tiles"]]
        return next(tile for tile in tiles if tile["code"] == code)

    def count(self, link):
        """Return how many records a person finds behind a figure."""
        action = self.env["ir.actions.act_window"]._for_xml_id(link["action"])
        return self.env[action["res_model"]].with_user(self.administrator).search_count(link["domain"])

    def age(self, table, column, **interval):
        """Let time pass for all rows of a table."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s - %s",
                SQL.identifier(table),
                SQL.identifier(column),
                SQL.identifier(column),
                timedelta(**interval),
            )
        )
        self.env.invalidate_all()

    def add_sample(self, days=0, minutes=1, **values):
        date = fields.Datetime.now() - timedelta(days=days, minutes=minutes)
        return self.env["whatsapp.cs.health.sample"].create({"date": date, **values})

    def notifications(self):
        """Return what administrators were told in their inboxes."""
        return self.env["mail.message"].search(
            [("model", "=", "whatsapp.cs.alert"), ("partner_ids", "in", self.administrator.partner_id.ids)]
        )

    def send_in_vain(self, code=131026, texts=("One", "Two")):
        """Send messages that WhatsApp accepts and then reports as failed."""
        self.receive(self.text_body())
        for text in texts:
            self.answer(text)
        self.send()
        errors = [{"code": code, "title": "Undeliverable"}]
        for message in self.env["whatsapp.cs.message"].search([("direction", "=", "out")]):
            self.receive(self.status_body("failed", wamid=message.wamid, errors=errors))


@tagged("post_install", "-at_install")
class TestHealth(HealthCommon):
    # === THE SCREEN === #

    def test_a_quiet_system_is_good(self):
        self.measure()
        screen = self.get_screen()
        self.assertFalse(screen["stale"] or screen["alerts"])
        for section in screen["sections"]:
            for tile in section["tiles"]:
                self.assertIn(tile["state"], ("ok", "none"), tile)

    def test_a_waiting_webhook_is_counted_with_its_age_and_found(self):
        self.post_webhook(self.text_body())
        self.age("whatsapp_cs_event", "create_date", seconds=70)
        tile = self.get_tile("inbox")
        self.assertEqual((tile["value"], tile["state"]), ("1", "ok"))
        self.assertIn("1 min 1", tile["hint"])
        self.assertEqual(self.count(tile["link"]), 1)

    def test_a_replayed_webhook_waits_anew(self):
        self.post_webhook(self.text_body())
        self.age("whatsapp_cs_event", "create_date", hours=5)
        event = self.env["whatsapp.cs.event"].search([])
        event._set_failed(ValueError("once"))
        event.with_user(self.administrator).action_replay()
        depth, age = self.env["whatsapp.cs.health"]._measure_inbox()
        self.assertEqual(depth, 1)
        self.assertLess(age, 60)

    def test_failed_webhooks_are_told_apart_and_found(self):
        self.receive(self.envelope(phone_number_id="9999", statuses=[{"id": "wamid.X", "status": "sent"}]))
        self.receive(self.text_body(wamid=""))
        tile = self.get_tile("failed")
        self.assertEqual((tile["value"], tile["state"]), ("2", "danger"))
        self.assertEqual(
            {line["label"]: line["value"] for line in tile["lines"]}, {"Unknown Number": "1", "Not Understood": "1"}
        )
        self.assertEqual([self.count(line["link"]) for line in tile["lines"]], [1, 1])
        self.assertEqual(self.count(tile["link"]), 2)

    def test_waiting_messages_are_counted_per_number_and_found(self):
        self.receive(self.text_body())
        self.answer("One")
        self.answer("Two")
        tile = self.get_tile("outbox")
        self.assertEqual([(line["label"], line["value"]) for line in tile["lines"]], [("Shop 2001", "2")])
        self.assertEqual((self.count(tile["link"]), self.count(tile["lines"][0]["link"])), (2, 2))
        self.send()
        tile = self.get_tile("outbox")
        self.assertEqual((tile["value"], tile["lines"]), ("0", []))
        sent = self.get_tile("sent")
        self.assertEqual((sent["value"], self.count(sent["link"])), ("2", 2))

    def test_a_message_that_waits_for_its_retry_is_not_late(self):
        self.receive(self.text_body())
        self.answer("One")
        row = self.env["whatsapp.cs.outbox"].search([])
        row.write({"next_try_date": fields.Datetime.now() + timedelta(minutes=5)})
        self.age("whatsapp_cs_outbox", "create_date", hours=1)
        self.assertEqual(self.env["whatsapp.cs.health"]._measure_outbox(), {self.channel.id: (1, 0)})

    def test_delivery_counts_what_arrived_of_what_was_accepted(self):
        self.receive(self.text_body())
        for text in ("One", "Two", "Three"):
            self.answer(text)
        self.send()
        self.assertEqual(self.get_tile("delivery")["state"], "none")  # they are on their way
        self.age("whatsapp_cs_outbox", "state_date", minutes=30)
        messages = self.env["whatsapp.cs.message"].search([("direction", "=", "out")], order="id")
        self.receive(self.status_body("delivered", wamid=messages[0].wamid))
        self.receive(self.status_body("read", wamid=messages[1].wamid))
        tile = self.get_tile("delivery")
        self.assertEqual((tile["value"], tile["state"], tile["hint"]), ("67 %", "danger", "2 of 3 arrived."))
        self.assertEqual(self.count(tile["link"]), 3)

    def test_error_codes_come_with_their_meaning_and_are_found(self):
        self.send_in_vain()
        tile = self.get_tile("errors")
        [line] = tile["lines"]
        self.assertEqual((tile["value"], line["label"], line["value"]), ("2", "131026", "2"))
        self.assertIn("may not be on WhatsApp", line["hint"])
        self.assertEqual((self.count(tile["link"]), self.count(line["link"])), (2, 2))
        self.age("whatsapp_cs_message", "failed_date", hours=25)
        self.assertEqual(self.get_tile("errors")["value"], "0")

    def test_messages_of_unknown_outcome_are_found(self):
        self.receive(self.text_body())
        self.answer("One")
        with self.mock_graph() as graph:
            graph.error = GraphError("network", "no answer", outcome_unknown=True)
            self.run_cron("outbox_send")
        tile = self.get_tile("unknown")
        [line] = tile["lines"]
        self.assertEqual(
            (tile["value"], tile["state"], line["value"], self.count(line["link"])), ("0", "warning", "1", 1)
        )
        self.age("whatsapp_cs_outbox", "state_date", days=1)
        self.run_cron("compensate")
        tile = self.get_tile("unknown")
        self.assertEqual((tile["value"], self.count(tile["link"]), tile["lines"]), ("1", 1, []))

    def test_refused_calls_are_counted_by_reason_and_found(self):
        with mute_logger("odoo.http"):
            self.post_webhook(self.text_body(), secret="wrong")
        tile = self.get_tile("refusals")
        self.assertEqual([(line["label"], line["value"]) for line in tile["lines"]], [("Wrong Signature", "1")])
        self.assertEqual((self.count(tile["link"]), self.count(tile["lines"][0]["link"])), (1, 1))

    def test_times_are_the_median_and_the_95th_percentile(self):
        self.receive(self.text_body())
        for index in range(21):
            self.answer(f"Message {index}")
        self.send()
        self.env.flush_all()
        for index, row in enumerate(self.env["whatsapp.cs.outbox"].search([], order="id")):
            row.latency_ms = index * 100
        tile = self.get_tile("latency")
        self.assertEqual(
            (tile["value"], tile["hint"], tile["state"]), ("1 s", "95 of 100 within 2 s, last hour", "warning")
        )
        self.env.cr.execute("UPDATE whatsapp_cs_event SET state_date = create_date + interval '8 seconds'")
        tile = self.get_tile("lag")
        self.assertEqual(
            (tile["value"], tile["hint"], tile["state"]), ("8 s", "95 of 100 within 8 s, last hour", "warning")
        )

    def test_jobs_say_when_they_ran(self):
        job = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_event_process")
        other = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_outbox_send")
        job.lastcall = fields.Datetime.now() - timedelta(seconds=30)
        other.active = False
        lines = {line["label"]: line for line in self.get_tile("jobs")["lines"]}
        self.assertEqual(lines[job.name]["value"], "30 s ago")
        self.assertEqual((lines[other.name]["value"], lines[other.name]["state"]), ("switched off", "warning"))
        job.nextcall = fields.Datetime.now() - timedelta(minutes=11)
        tile = self.get_tile("jobs")
        self.assertEqual(tile["state"], "danger")
        self.assertIn("overdue for 11 min", str(tile["lines"]))

    def test_only_the_systems_administrators_are_led_to_the_jobs(self):
        self.assertFalse(any(line["link"] for line in self.get_tile("jobs")["lines"]))
        self.assertTrue(all(line["link"] for line in self.get_tile("jobs", self.env.ref("base.user_admin"))["lines"]))

    def test_a_dead_measuring_job_is_said_on_the_screen(self):
        self.measure()
        self.assertFalse(self.get_screen()["stale"])
        self.age("whatsapp_cs_health_sample", "date", minutes=4)
        self.assertIn("Nothing was measured for 4 min", self.get_screen()["stale"])

    def test_the_screen_names_no_customer_and_no_text(self):
        self.send_in_vain(texts=("Secret answer",))
        self.post_webhook(self.text_body("Secret question", wamid="wamid.A2"))
        self.measure()
        health = self.env["whatsapp.cs.health"].with_user(self.administrator)
        shown = json.dumps([health.get_screen(), health.get_history()])
        for private in ("Secret", "15550100001", "Ana", "wamid"):
            self.assertNotIn(private, shown)

    def test_figures_are_those_of_the_users_companies(self):
        other = self.env["res.company"].create({"name": "Other"})
        account = self._create_account("1002", other)
        self._create_channel(account, "2002", "+1 555 0200")
        body = self.envelope("2002", "1002", statuses=[{"id": "wamid.X", "status": "sent"}])
        self.post_webhook(body, account)
        self.assertEqual(self.get_tile("inbox")["value"], "0")
        self.administrator.company_ids += other
        health = self.env["whatsapp.cs.health"].with_user(self.administrator)
        screen = health.with_context(allowed_company_ids=other.ids).get_screen()
        self.assertEqual(screen["sections"][0]["tiles"][0]["value"], "1")

    def test_only_administrators_may_look(self):
        for user in (self.analyst, self.agent, self.editor, self.employee):
            health = self.env["whatsapp.cs.health"].with_user(user)
            for look in (
                health.get_screen,
                health.get_history,
                self.env["whatsapp.cs.alert"].with_user(user).search_read,
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    look()
        self.authenticate("wa_agent", "wa_agent")
        params = {"model": "whatsapp.cs.health", "method": "get_screen", "args": [], "kwargs": {}}
        with mute_logger("odoo.http"), self.assertRaisesRegex(Exception, "AccessError|allowed"):
            self.make_jsonrpc_request("/web/dataset/call_kw", params)
        menu = self.env.ref("whatsapp_cs.whatsapp_cs_health_menu")
        visible = {
            user: menu.id in self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            for user in (self.editor, self.administrator)
        }
        self.assertEqual(visible, {self.editor: False, self.administrator: True})

    def test_no_figure_reads_a_whole_table(self):
        """With a table so small PostgreSQL would read all of it; here it may not, where there is another way."""
        queries = []
        measure = WhatsappCsHealth._query

        def note(health, query):
            queries.append(query)
            return measure(health, query)

        with patch.object(WhatsappCsHealth, "_query", note):
            self.get_screen()
            self.measure()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        plans = ["\n".join(row for (row,) in self.env.execute_query(SQL("EXPLAIN %s", query))) for query in queries]
        self.assertGreater(len(plans), 15)
        for plan in plans:
            for table in ("event", "outbox", "message", "webhook_refusal"):
                self.assertNotIn(f"Seq Scan on whatsapp_cs_{table}", plan)
            if "settled_idx" in plan:
                self.assertRegex(
                    plan, r"settled_idx.*\n\s+Index Cond", "it must be entered by the date, not read whole"
                )

    # === HISTORY === #

    def test_a_sample_tells_what_happened_since_the_last(self):
        self.add_sample(minutes=59)
        self.receive(self.text_body())
        self.post_webhook(self.text_body(wamid="wamid.A2"))
        self.answer("One")
        self.answer("Two")
        self.send()
        self.answer("Three")
        self.measure()
        sample = self.env["whatsapp.cs.health.sample"].search([], limit=1)
        self.assertRecordValues(
            sample, [{"received": 2, "processed": 1, "inbox_depth": 1, "sent": 2, "api_calls": 2, "outbox_depth": 1}]
        )
        self.assertGreater(sample.storage_mb, 0)
        self.age("whatsapp_cs_health_sample", "date", seconds=1)
        self.age("whatsapp_cs_event", "create_date", seconds=2)
        self.age("whatsapp_cs_outbox", "state_date", minutes=1)
        self.measure()
        sample = self.env["whatsapp.cs.health.sample"].search([], limit=1)
        self.assertRecordValues(sample, [{"received": 0, "processed": 0, "sent": 0, "api_calls": 0}])

    def test_history_has_a_gap_where_nothing_was_measured(self):
        history = self.env["whatsapp.cs.health"].with_user(self.administrator).get_history()
        self.assertTrue(history["is_empty"])
        self.add_sample(minutes=59)
        self.receive(self.text_body())
        self.measure()
        self.age("whatsapp_cs_health_sample", "date", hours=2)
        history = self.env["whatsapp.cs.health"].with_user(self.administrator).get_history("week")
        received = history["charts"][0]["lines"][0]
        self.assertEqual((len(history["starts"]), received["label"]), (168, "Webhooks received"))
        self.assertEqual(received["values"][-3:], [1, None, None])

    def test_history_is_kept_for_30_days(self):
        self.measure()
        self.age("whatsapp_cs_health_sample", "date", days=29)
        self.measure()
        self.age("whatsapp_cs_health_sample", "date", days=2)
        self.measure()
        self.env["whatsapp.cs.health.sample"]._gc_samples()
        self.assertEqual(self.env["whatsapp.cs.health.sample"].search_count([]), 2)


@tagged("post_install", "-at_install")
class TestAlert(HealthCommon):
    def wait_long(self):
        self.post_webhook(self.text_body())
        self.age("whatsapp_cs_event", "create_date", minutes=3)

    def test_a_webhook_that_waits_opens_one_alert_which_closes_by_itself(self):
        self.post_webhook(self.text_body())
        self.measure()
        self.assertFalse(self.get_alerts())
        self.age("whatsapp_cs_event", "create_date", minutes=3)
        self.measure()
        alert = self.get_alerts()
        self.assertEqual((alert.kind, alert.limit_value), ("inbox", 2))
        self.assertIn("has waited for 3 min", alert.detail)
        self.assertEqual(len(self.notifications()), 1)

        self.age("whatsapp_cs_event", "create_date", minutes=3)
        self.measure()
        self.assertEqual(self.get_alerts(is_open=False), alert)
        self.assertIn("has waited for 6 min", alert.detail)
        self.assertEqual(len(self.notifications()), 1)

        self.run_cron("event_process")
        self.measure()
        self.assertTrue(alert.closed_date)
        self.assertEqual(len(self.notifications()), 1)

    def test_the_screen_shows_an_open_alert_with_what_to_do_and_where(self):
        self.wait_long()
        self.measure()
        [alert] = self.get_screen()["alerts"]
        self.assertEqual(alert["title"], "Webhooks wait too long")
        self.assertIn("cron threads", alert["advice"])
        self.assertEqual(self.count(alert["link"]), 1)

    def test_what_comes_back_at_once_is_the_same_alert(self):
        self.wait_long()
        self.measure()
        alert = self.get_alerts()
        self.run_cron("event_process")
        self.measure()
        self.assertTrue(alert.closed_date)
        self.post_webhook(self.text_body(wamid="wamid.A2"))
        self.age("whatsapp_cs_event", "create_date", minutes=3)
        self.measure()
        self.assertEqual(self.get_alerts(is_open=False), alert)
        self.assertFalse(alert.closed_date)
        self.assertEqual(len(self.notifications()), 1)

    def test_what_comes_back_later_is_a_new_alert(self):
        self.wait_long()
        self.measure()
        self.run_cron("event_process")
        self.measure()
        self.age("whatsapp_cs_alert", "closed_date", minutes=11)
        self.post_webhook(self.text_body(wamid="wamid.A2"))
        self.age("whatsapp_cs_event", "create_date", minutes=3)
        self.measure()
        self.assertEqual(len(self.get_alerts(is_open=False)), 2)
        self.assertEqual(len(self.notifications()), 2)

    def test_two_workers_at_once_open_one_alert(self):
        alert = self.env["whatsapp.cs.alert"]
        alert._open("inbox", {"value": 180, "limit_value": 2})
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            alert.create({"kind": "inbox"})
        with mute_logger("odoo.sql_db"), patch.object(type(alert), "search", return_value=alert):
            alert._open("inbox", {"value": 180, "limit_value": 2})  # it could not see the other's yet
        self.assertEqual(len(self.get_alerts()), 1)
        self.assertEqual(len(self.notifications()), 1)

    def test_only_administrators_are_told(self):
        self.env["whatsapp.cs.alert"]._open("inbox", {"value": 180, "limit_value": 2})
        partners = self.notifications().partner_ids
        self.assertIn(self.administrator.partner_id, partners)
        self.assertFalse(partners & (self.editor | self.agent | self.analyst | self.employee).partner_id)
        self.env.cr.precommit.run()
        bus = self.env["bus.bus"].search([("message", "like", "simple_notification")])
        self.assertTrue(
            bus.filtered(
                lambda row: f'"res.partner",{self.administrator.partner_id.id}]' in row.channel.replace(" ", "")
            )
        )
        self.assertFalse(
            bus.filtered(lambda row: f'"res.partner",{self.agent.partner_id.id}]' in row.channel.replace(" ", ""))
        )

    def test_a_message_that_waits_opens_an_alert_that_names_the_number(self):
        self.receive(self.text_body())
        self.answer("One")
        self.age("whatsapp_cs_outbox", "create_date", minutes=6)
        self.measure()
        alert = self.get_alerts()
        self.assertEqual((alert.kind, alert.subject), ("outbox", "Shop 2001"))
        self.send()
        self.measure()
        self.assertFalse(self.get_alerts())

    def test_failed_webhooks_open_an_alert_until_they_are_replayed(self):
        body = self.envelope(phone_number_id="2002", statuses=[{"id": "wamid.X", "status": "sent"}])
        self.receive(body)
        self.measure()
        self.assertEqual(self.get_alerts().kind, "failed")
        self._create_channel(self.account, "2002", "+1 555 0200")
        self.env["whatsapp.cs.event"].search([]).with_user(self.administrator).action_replay()
        self.run_cron("event_process")
        self.measure()
        self.assertFalse(self.get_alerts())

    def test_few_deliveries_open_an_alert_from_a_number_of_messages_on(self):
        self.send_in_vain(texts=("One",))
        self.age("whatsapp_cs_outbox", "state_date", minutes=30)
        self.measure()
        self.assertFalse(self.get_alerts())
        self.answer("Two")
        self.send()
        self.age("whatsapp_cs_outbox", "state_date", minutes=30)
        self.measure()
        self.assertEqual((self.get_alerts().kind, self.get_alerts().value), ("delivery", 0))

    def test_api_calls_open_an_alert_at_80_percent_of_what_is_granted(self):
        self.env["whatsapp.cs.alert"]._set_limit("api_calls_granted", 10)
        self.add_sample(api_calls=7)
        self.measure()
        self.assertFalse(self.get_alerts())
        self.add_sample(api_calls=1)
        self.measure()
        self.assertEqual((self.get_alerts().kind, self.get_alerts().value), ("api_calls", 80))
        self.assertEqual(self.get_tile("api_calls")["state"], "warning")

    def test_growth_opens_an_alert_above_5_percent_a_month(self):
        self.patch_storage(1049)
        self.add_sample(days=29, storage_mb=1000)
        self.measure()
        self.assertEqual((self.get_alerts().kind, round(self.get_alerts().value, 1)), ("storage", 5.1))
        self.assertIn("by 5.1 %", self.get_tile("storage")["hint"])

    def test_growth_is_not_judged_by_a_few_days_nor_on_a_small_database(self):
        self.patch_storage(90)
        self.add_sample(days=29, storage_mb=10)
        self.measure()
        self.assertFalse(self.get_alerts())
        self.env["whatsapp.cs.health.sample"].search([]).unlink()
        self.patch_storage(2000)
        self.add_sample(days=6, storage_mb=1000)
        self.measure()
        self.assertFalse(self.get_alerts())

    def test_a_job_that_does_not_run_opens_an_alert_that_names_it(self):
        job = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_outbox_send")
        job.nextcall = fields.Datetime.now() - timedelta(minutes=9)
        self.measure()
        self.assertFalse(self.get_alerts())
        job.nextcall = fields.Datetime.now() - timedelta(minutes=11)
        self.measure()
        self.assertEqual((self.get_alerts().kind, self.get_alerts().subject), ("jobs", job.name))

    def test_a_job_that_fails_each_time_opens_an_alert(self):
        job = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_outbox_send")
        job.write({"failure_count": 12, "first_failure_date": fields.Datetime.now() - timedelta(minutes=12)})
        self.measure()
        self.assertEqual(self.get_alerts().kind, "jobs")

    def test_limits_are_changed_in_the_settings_and_0_switches_an_alert_off(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.whatsapp_cs_alert_inbox_minutes, 2)
        self.assertEqual(settings.whatsapp_cs_alert_api_calls_granted, 10000)
        settings.whatsapp_cs_alert_inbox_minutes = 0
        settings.execute()
        self.assertEqual(self.env["res.config.settings"].create({}).whatsapp_cs_alert_inbox_minutes, 0)
        self.wait_long()
        self.measure()
        self.assertFalse(self.get_alerts())
        settings.whatsapp_cs_alert_inbox_minutes = -1
        with self.assertRaisesRegex(ValidationError, "can't be below 0"):
            settings.execute()

    def test_every_limit_has_a_default_and_goes_with_the_addon(self):
        for name in self.env["res.config.settings"]._get_whatsapp_cs_limits():
            key = name.replace("whatsapp_cs_", "whatsapp_cs.", 1)
            parameter = self.env["ir.config_parameter"].search([("key", "=", key)])
            self.assertTrue(parameter.get_external_id()[parameter.id].startswith("whatsapp_cs."), name)

    def test_every_kind_of_alert_has_words(self):
        alert = self.env["whatsapp.cs.alert"]
        for kind, _label in alert._fields["kind"].selection:
            words = alert.new({"kind": kind, "value": 90, "limit_value": 5, "subject": "It"})
            self.assertTrue(words.detail and words.advice, kind)

    def patch_storage(self, megabytes):
        self.patch(WhatsappCsHealth, "_measure_storage", lambda _self: megabytes)
