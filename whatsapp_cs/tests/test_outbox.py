import threading
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.whatsapp_cs.models import whatsapp_cs_outbox, whatsapp_cs_outbox_sender, whatsapp_cs_queue
from odoo.addons.whatsapp_cs.tools.graph_client import GraphClient, GraphError

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestOutbox(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))

    def send_with_error(self, error):
        with self.mock_graph() as graph:
            graph.error = error
            self.run_cron("outbox_send")

    def pass_time(self, message, minutes):
        """Let the compensation run find the message's try so many minutes older."""
        for row in message.outbox_ids:
            row.state_date -= timedelta(minutes=minutes)
        self.env.flush_all()
        self.run_cron("compensate")

    def answer_message(self, text="On its way", **kwargs):
        return self.answer(text, **kwargs).sudo().whatsapp_cs_message_ids

    def test_an_answer_leaves_as_whatsapp_wants_it(self):
        message = self.answer_message()
        [payload] = self.send()
        self.assertEqual(
            payload,
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": "+15550100001",
                "type": "text",
                "text": {"body": "On its way", "preview_url": False},
                "biz_opaque_callback_data": message.outbox_ids.key,
            },
        )
        self.assertEqual((message.wamid, message.outbox_ids.state), ("wamid.OUT1", "gone"))

    def test_a_quote_names_the_message_it_answers(self):
        theirs = self.get_thread().message_ids
        self.answer("That one", parent_id=theirs.id)
        self.assertEqual(self.send()[0]["context"], {"message_id": "wamid.A1"})

    def test_nothing_is_sent_twice(self):
        self.answer()
        self.assertEqual(len(self.send()), 1)
        self.assertEqual(len(self.send()), 0)

    def test_messages_of_one_customer_keep_their_order(self):
        for number in range(5):
            self.answer(f"{number}")
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["0", "1", "2", "3", "4"])

    def test_a_message_that_waits_holds_up_its_own_customer_only(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        first = self.answer_message("first")
        self.send_with_error(GraphError(131016, "down", http_status=500))
        self.answer("second")
        self.answer("other", wa_id="32470123456")
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["other"])
        first.outbox_ids.next_try_date = fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["first", "second"])

    def test_a_temporary_error_is_tried_five_times_more_and_then_failed(self):
        message = self.answer_message()
        for try_count in range(1, 7):
            self.send_with_error(GraphError(131000, "something", http_status=500))
            self.assertEqual(message.outbox_ids.try_count, try_count)
            self.assertEqual(message.outbox_ids.state, "retry" if try_count < 6 else "failed")
            message.outbox_ids.next_try_date = fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual(message.state, "failed")
        self.assertFalse(self.send())

    def test_the_quick_tries_follow_within_one_run(self):
        message = self.answer_message()
        self.patch(whatsapp_cs_outbox_sender, "QUICK_RETRY", 5)
        self.patch(whatsapp_cs_outbox, "RETRY_DELAYS", (-5000, -5000, 300))
        self.send_with_error(GraphError(131000, "something", http_status=500))
        self.assertEqual((message.outbox_ids.try_count, message.outbox_ids.state), (3, "retry"))

    def test_a_message_without_a_payload_fails_alone(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        broken = self.answer_message("broken")
        self.answer("fine", wa_id="32470123456")
        prepare = self.registry["whatsapp.cs.message"]._prepare_payload
        self.patch(
            self.registry["whatsapp.cs.message"],
            "_prepare_payload",
            lambda message: 1 / 0 if message == broken else prepare(message),
        )
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_outbox_sender", "ERROR"):
            self.assertEqual([payload["text"]["body"] for payload in self.send()], ["fine"])
        self.assertEqual(broken.state, "failed")

    def test_a_call_that_hangs_holds_up_nobody_who_writes_meanwhile(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        self.answer("hung")
        released, order = threading.Event(), []

        def request(_client, _method, _path, **kwargs):
            text = kwargs["json"]["text"]["body"]
            if text == "hung":
                released.wait(20)  # until the other one has gone
            order.append(text)
            if text == "other":
                released.set()
            return {"messages": [{"id": f"wamid.{text}"}]}

        Outbox = self.registry["whatsapp.cs.outbox"]
        wait_for_calls, answered = Outbox._wait_for_calls, []

        def answer_meanwhile(outbox, pending):
            if not answered:
                answered.append(self.answer("other", wa_id="32470123456"))
                self.env.flush_all()
            return wait_for_calls(outbox, pending)

        self.patch(Outbox, "_wait_for_calls", answer_meanwhile)
        with patch.object(GraphClient, "_request", autospec=True, side_effect=request):
            self.run_cron("outbox_send")
        self.assertEqual(order, ["other", "hung"])

    def test_a_connection_that_never_came_about_is_tried_again(self):
        message = self.answer_message()
        self.send_with_error(GraphError("network", "no connection", retryable=True))
        self.assertEqual((message.outbox_ids.state, message.state), ("retry", "sending"))

    def test_a_lasting_error_is_not_tried_again_and_says_what_to_do(self):
        message = self.answer_message()
        self.send_with_error(GraphError(131026, "not on WhatsApp", http_status=400))
        self.assertEqual((message.state, message.outbox_ids.state), ("failed", "failed"))
        self.assertIn("may not be on WhatsApp", message.error)
        self.assertFalse(self.send())

    def test_a_time_out_is_unknown_and_nothing_is_sent_again_by_itself(self):
        message = self.answer_message()
        self.send_with_error(GraphError("network", "ReadTimeout", outcome_unknown=True))
        self.assertEqual((message.outbox_ids.state, message.state), ("unknown", "sending"))
        self.assertFalse(self.send())
        self.run_cron("compensate")
        self.assertFalse(message.is_unknown, "a report may still come")
        self.pass_time(message, minutes=3)
        self.assertFalse(self.send())
        self.assertTrue(message.is_unknown)
        self.assertIn("may have arrived", message.error)
        self.answer("next")
        self.assertEqual(len(self.send()), 1, "the next message does not wait for ever")

    def test_an_unknown_outcome_is_sent_again_where_the_number_is_set_so(self):
        self.channel.write({"unknown_policy": "retry", "unknown_minutes": 5})
        message = self.answer_message()
        self.send_with_error(GraphError("network", "ReadTimeout", outcome_unknown=True))
        self.pass_time(message, minutes=4)
        self.assertFalse(self.send(), "too early")
        self.pass_time(message, minutes=2)
        self.pass_time(message, minutes=2)
        self.assertEqual(len(self.send()), 1, "once, however often it is settled")
        self.assertFalse(message.is_unknown)

    def test_a_bug_in_settling_does_not_stop_sending(self):
        self.patch(self.registry["whatsapp.cs.outbox"], "_settle_unknown", lambda _self: 1 / 0)
        self.answer()
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_outbox_compensation", "ERROR") as logs:
            self.assertEqual(len(self.send()), 1)
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_a_customer_reached_too_fast_waits_longer_and_longer_while_others_go_on(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        message = self.answer_message()
        delays = []
        for _try in range(7):
            self.send_with_error(GraphError(131056, "pair rate", http_status=400))
            delays.append((message.outbox_ids.next_try_date - fields.Datetime.now()).total_seconds())
            message.outbox_ids.next_try_date = fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual(message.outbox_ids.state, "retry", "too fast is no reason to give up")
        self.assertEqual(sorted(delays[:5]), delays[:5])
        self.assertGreater(delays[3], 200)
        message.outbox_ids.next_try_date = fields.Datetime.now() + timedelta(hours=1)
        self.answer("other", wa_id="32470123456")
        self.assertEqual(len(self.send()), 1)

    def test_a_number_that_sends_too_fast_slows_down(self):
        self.channel.send_rate = 1
        bucket = self.env["whatsapp.cs.outbox"]._get_bucket(self.channel)
        self.answer_message()
        self.send_with_error(GraphError(130429, "rate", http_status=400))
        self.assertEqual(bucket.get_allowance(), 0)

    def test_no_more_goes_to_one_customer_than_whatsapp_takes(self):
        self.patch(whatsapp_cs_outbox_sender, "PAIR_BURST", 3)
        self.channel.send_rate = 80
        for number in range(5):
            self.answer(f"{number}")
        self.assertEqual(len(self.send()), 3)
        self.cr.execute("UPDATE whatsapp_cs_outbox SET claim_date = claim_date - interval '5 minutes'")
        self.assertEqual(len(self.send()), 2)

    def test_a_number_sends_at_its_own_rate_and_never_faster_than_whatsapp_allows(self):
        self.assertEqual(self.channel._get_send_rate(), 15)
        self.channel.write({"send_rate": 500, "throughput": "STANDARD"})
        self.assertEqual(self.channel._get_send_rate(), 80)
        self.channel.throughput = "HIGH"
        self.assertEqual(self.channel._get_send_rate(), 500)
        with self.assertRaisesRegex(CheckViolation, "send_rate_bounds"), mute_logger("odoo.sql_db"):
            self.channel.send_rate = 0
            self.env.flush_all()

    def test_an_answer_overtakes_promotions_also_to_the_same_customer(self):
        promotion = self.answer_message("promotion")
        promotion.outbox_ids.priority = "1"
        self.answer("answer")
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["answer", "promotion"])

    def test_every_number_gets_its_share_of_the_calls(self):
        channels = self.channel
        for number in range(3):
            channels |= self._create_channel(self.account, f"210{number}", f"+1 555 02{number}0")
        Outbox = self.registry["whatsapp.cs.outbox"]
        self.patch(Outbox, "_get_due_channels", lambda _self: channels)
        for channel in channels:
            channel.send_rate = 80
            self.env["whatsapp.cs.outbox"]._get_bucket(channel)._level = 20
        self.env["whatsapp.cs.outbox"]._get_bucket(channels[0])._level = 2
        allowed = self.env["whatsapp.cs.outbox"]._get_allowances(whatsapp_cs_queue.Worker(None), 32)
        self.assertEqual(allowed, {channels[0]: 2, channels[1]: 10, channels[2]: 10, channels[3]: 10})

    def test_a_number_that_can_not_be_reached_is_marked_until_something_arrives(self):
        message = self.answer_message()
        self.send_with_error(GraphError(131026, "undeliverable", http_status=400))
        self.assertTrue(self.get_contact().unreachable_date)
        self.receive(self.text_body("Here I am", "wamid.A2"))
        self.assertFalse(self.get_contact().unreachable_date)
        self.assertEqual(message.state, "failed")

    def test_a_report_that_comes_before_the_id_is_known_waits_for_it(self):
        message = self.answer_message()
        self.receive(self.status_body("delivered", wamid="wamid.OUT1"))
        self.assertEqual(message.state, "queued")
        self.send()
        self.assertEqual((message.wamid, message.state), ("wamid.OUT1", "delivered"))
        self.assertFalse(self.env["whatsapp.cs.early.status"].search([]))

    def test_a_report_that_neither_side_saw_is_found_by_the_compensation_run(self):
        message = self.answer_message()
        self.send()
        self.env["whatsapp.cs.early.status"]._keep([(self.channel, {"id": "wamid.OUT1", "status": "read"})])
        self.run_cron("compensate")
        self.assertEqual(message.state, "read")

    def test_a_report_with_our_key_settles_what_was_unknown(self):
        message = self.answer_message()
        self.send_with_error(GraphError("network", "ReadTimeout", outcome_unknown=True))
        self.receive(self.status_body("delivered", wamid="wamid.X", key=message.outbox_ids.key))
        self.assertEqual((message.state, message.is_unknown, message.error), ("delivered", False, False))
        self.assertEqual((message.wamid, message.outbox_ids.state), ("wamid.X", "gone"))
        with self.assertRaisesRegex(UserError, "nothing to send again"):
            message.mail_message_id.with_user(self.agent).whatsapp_cs_retry()

    def test_a_dead_workers_message_is_unknown_and_not_sent_again(self):
        message = self.answer_message()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE whatsapp_cs_outbox SET state = 'sending', claim_date = now() - interval '6 minutes' WHERE id = %s",
            message.outbox_ids.ids,
        )
        message.state = "sending"
        self.env.invalidate_all()
        self.assertFalse(self.send())
        self.assertEqual(message.outbox_ids.state, "unknown")

    def test_a_killed_workers_message_is_unknown_at_once_and_a_living_ones_waits(self):
        message = self.answer_message()
        self.env.flush_all()
        claim = (
            "UPDATE whatsapp_cs_outbox SET state = 'sending', claim_date = now() AT TIME ZONE 'UTC', claim_backend = {}"
        )
        alive = "(SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
        for backend, state in ((alive, "sending"), ("'1 long ago'", "unknown")):
            self.cr.execute(claim.format(backend))
            self.env.invalidate_all()
            self.send()
            self.assertEqual(message.outbox_ids.state, state)

    def test_a_refused_token_stops_the_channel_keeps_the_queue_and_resumes(self):
        message = self.answer_message()
        self.send_with_error(GraphError(190, "expired", http_status=401))
        self.assertEqual((self.account.state, self.channel.state), ("blocked", "blocked"))
        self.assertIn("token", self.account.blocked_reason)
        self.assertEqual(message.outbox_ids.state, "queued")
        self.assertFalse(self.send(), "nothing is tried while the channel is blocked")
        self.channel._activate()
        self.assertEqual(len(self.send()), 1)
        self.assertFalse(self.account.blocked_count)

    def test_a_blocked_account_is_tried_again_by_itself_less_and_less_often(self):
        pauses = []
        for _time in range(6):
            self.account.state = "connected"
            self.account._set_blocked("No payment method")
            pauses.append((self.account.probe_date - fields.Datetime.now()).total_seconds() / 60)
        self.assertEqual([round(pause) for pause in pauses], [5, 10, 20, 40, 60, 60])
        self.run_cron("compensate")
        self.assertEqual(self.account.state, "blocked", "not yet")
        self.account.probe_date = fields.Datetime.now() - timedelta(minutes=1)
        self.run_cron("compensate")
        self.assertEqual(self.account.state, "connecting")

    def test_a_new_token_connects_a_blocked_account_at_once(self):
        self.account._set_blocked("The token has expired")
        self.account.with_user(self.administrator).access_token = "new"
        self.assertEqual(self.account.state, "connecting")

    def test_a_bug_while_sending_leaves_the_outcome_open(self):
        message = self.answer_message()
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_outbox_sender", "ERROR"):
            self.send_with_error(ZeroDivisionError())
        self.assertEqual(message.outbox_ids.state, "unknown")

    def test_every_state_is_entered_from_the_table_only(self):
        row = self.answer_message().outbox_ids
        for target, sources in row._STATE_SOURCES.items():
            for source in ("queued", "sending", "gone", "retry", "unknown", "failed"):
                row.state = source
                with self.subTest(source=source, target=target):
                    self.assertEqual(row._update_state(target), source in sources)
                    self.assertEqual(row.state, target if source in sources else source)

    def test_the_answer_is_queued_without_a_call(self):
        with self.mock_graph() as graph:
            self.answer()
        self.assertFalse(graph.calls)
