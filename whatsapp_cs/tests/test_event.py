import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestEvent(WhatsappCsCommon):
    def get_events(self, **values):
        domain = [("account_id", "=", self.account.id)] + [(name, "=", value) for name, value in values.items()]
        return self.env["whatsapp.cs.event"].search(domain)

    def message(self, number, **values):
        return {"from": "15550100001", "id": f"wamid.{number}", "timestamp": str(1790000000 + number), "type": "text", "text": {"body": f"Message {number}"}, **values}  # fmt: skip

    def test_fields_that_nobody_knows_are_kept_and_harm_nothing(self):
        payload = self.text_body()
        payload["entry"][0]["changes"][0]["value"]["news"] = {"of": ["tomorrow"]}
        payload["entry"].append({"id": "1001", "changes": [{"field": "brand_new_field", "value": {"a": 1}}]})
        payload["entry"].append("not even an object")
        self.receive(payload)
        self.assertEqual(set(self.get_events().mapped("state")), {"split", "done"})
        self.assertEqual(self.get_texts(self.get_thread()), ["<p>Hello</p>"])

    def test_a_message_without_a_sender_fails_alone_and_is_kept(self):
        self.receive(self.envelope(messages=[{"id": "wamid.B", "type": "text", "text": {"body": "Who am I?"}}]))
        event = self.get_events()
        self.assertEqual((event.state, event.failure_type), ("failed", "malformed"))
        self.assertIn("names no sender", event.error)
        self.assertIn("Who am I?", event.body)

    def test_one_broken_update_among_a_thousand_is_put_aside_and_the_others_arrive_in_order(self):
        messages = [self.message(number) for number in range(1000)]
        messages[500] = {"id": "wamid.500", "type": "text", "timestamp": "1790000500", "text": {"body": "broken"}}
        self.receive(self.envelope(messages=messages))
        for _run in range(5):  # one ends after its time; in real life it wakes itself
            self.run_cron("event_process")
        stored = self.env["whatsapp.cs.message"].search([("contact_id", "=", self.get_contact().id)], order="id")
        self.assertEqual(stored.mapped("body"), [f"Message {number}" for number in range(1000) if number != 500])
        self.assertEqual(len(self.get_thread().message_ids), 999)
        whole, broken = self.get_events(state="split"), self.get_events(state="failed")
        self.assertEqual(
            (whole.update_count, len(whole)), (1000, 1), "a large body is kept as it came, and taken apart"
        )
        self.assertEqual(len(self.get_events(state="done")), 25 + 1 - 1, "40 each of one sender, and one of nobody")
        self.assertEqual(broken.parent_id, whole)
        self.assertIn('"broken"', broken.body)
        self.assertNotIn("Message 499", broken.body)

    def test_the_parts_of_a_large_body_hold_their_own_senders_only(self):
        senders = [f"324701{number:05}" for number in range(60)]
        contacts = [{"wa_id": sender, "profile": {"name": f"Person {sender}"}} for sender in senders]
        messages = [self.message(number, **{"from": sender}) for number, sender in enumerate(senders)]
        self.post_webhook(self.envelope(messages=messages, contacts=contacts))
        whole = self.get_events(state="split")
        self.run_cron("event_process")
        parts = self.get_events() - whole
        self.assertGreater(len(parts), 30, "one for each lane")
        self.assertLess(sum(len(part.body) for part in parts), 3 * len(whole.body))
        for sender in (senders[0], senders[-1]):
            self.assertEqual(self.get_contact(sender).name, f"Person {sender}")

    def test_a_replay_of_a_broken_update_doubles_nothing(self):
        messages = [self.message(1), {"id": "wamid.2", "type": "text", "text": {"body": "broken"}}]
        self.receive(self.envelope(messages=messages))
        broken = self.get_events(state="failed")
        broken.with_user(self.administrator).action_replay()
        self.assertEqual(broken.state, "new")
        self.run_cron("event_process")
        self.assertEqual(broken.state, "failed")
        self.get_events(state="done").state = "new"
        self.run_cron("event_process")
        self.assertEqual(len(self.get_events()), 3, "the body as it came, and a part for each sender")
        self.assertEqual(len(self.get_thread().message_ids), 1)

    @mute_logger("odoo.addons.whatsapp_cs.models.whatsapp_cs_event")
    def test_a_bug_in_one_update_keeps_it_for_a_replay_and_logs_no_private_data(self):
        self.receive(self.envelope(messages=[self.message(1)]))
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_event", "ERROR") as logs:
            handlers = {"message": lambda account, updates: 1 / 0}
            self.patch(self.registry["whatsapp.cs.event"], "_get_handlers", lambda _self: handlers)
            self.receive(self.envelope(messages=[self.message(2)]))
        event = self.get_events(state="failed")
        self.assertEqual(event.failure_type, "bug")
        self.assertIn("ZeroDivisionError", logs.output[0])
        self.assertNotIn("Message 2", logs.output[0])
        self.assertNotIn("15550100001", logs.output[0])

    def test_a_query_that_fails_is_logged_without_what_the_customer_wrote(self):
        def collide(account, updates):
            self.env.cr.execute("SELECT %s::integer", [updates[0].item["from"]])

        self.patch(self.registry["whatsapp.cs.event"], "_get_handlers", lambda _self: {"message": collide})
        event_logger = "odoo.addons.whatsapp_cs.models.whatsapp_cs_event"
        with self.assertLogs("odoo.sql_db", "ERROR") as sql, self.assertLogs(event_logger, "ERROR") as own:
            self.receive(self.envelope(messages=[self.message(2, **{"from": "no number 15550100001"})]))
        self.assertIn("bad query while customers' data was processed: InvalidTextRepresentation", sql.output[0])
        self.assertNotIn("15550100001", "".join(sql.output + own.output))

    def test_an_event_that_stays_contended_is_tried_again_later_and_not_in_a_loop(self):
        tries = []

        def collide(account, updates):
            tries.append(1)
            raise psycopg2.errors.SerializationFailure()

        self.patch(self.registry["whatsapp.cs.event"], "_get_handlers", lambda _self: {"message": collide})
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_event", "WARNING"):
            self.receive(self.envelope(messages=[self.message(1)]))
        event = self.get_events()
        self.assertEqual((event.state, len(tries)), ("new", 5))

    @mute_logger("odoo.addons.whatsapp_cs.models.whatsapp_cs_event")
    def test_an_update_that_always_collides_is_put_aside_and_the_others_arrive(self):
        receive = self.env["whatsapp.cs.message"]._receive

        def collide(account, updates):
            if any(update.item["id"] == "wamid.2" for update in updates):
                raise psycopg2.errors.UniqueViolation()
            receive(account, updates)

        self.patch(self.registry["whatsapp.cs.event"], "_get_handlers", lambda _self: {"message": collide})
        self.receive(self.envelope(messages=[self.message(1), self.message(2), self.message(3)]))
        self.assertEqual(self.get_texts(self.get_thread()), ["<p>Message 1</p>", "<p>Message 3</p>"])
        self.assertEqual(self.get_events(state="failed").update_count, 1)

    def test_text_that_the_database_can_not_store_arrives_readable(self):
        self.receive(self.envelope(messages=[self.message(1, text={"body": "a\0b\ud800c"})]))
        self.assertEqual(self.get_events().state, "done")
        self.assertEqual(
            self.get_texts(self.get_thread()), ["<p>a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c</p>"]
        )

    def test_updates_in_any_shape_fail_or_pass_alone(self):
        odd = [
            None,
            7,
            "x",
            [],
            {},
            {"id": 5, "from": "15550100001"},
            {"id": "w", "from": ["1"]},
            {"id": {}, "from": 1},
        ]
        odd += [
            self.message(1, type=["text"]),
            self.message(2, type="text", text="no object"),
            self.message(3, timestamp="soon"),
        ]
        odd += [
            self.message(6, timestamp=float("inf")),
            self.message(7, id="w" * 9000),
            self.message(8, **{"from": "1" * 9000}),
        ]
        odd += [self.message(9, **{"from": "abc"}), self.message(10, type="interactive", interactive={"type": []})]
        odd += [self.message(4, context=[1]), self.message(5, type="brand_new", brand_new={"caption": "Look"})]
        self.receive(
            self.envelope(
                messages=odd,
                statuses=[
                    None,
                    {"id": 4},
                    {"status": ["sent"], "id": "x"},
                    {"status": "sent"},
                    {"id": {}, "status": "read"},
                ],
                contacts=[None, 3, {"wa_id": 4, "profile": 5}],
            )
        )
        self.assertEqual(set(self.get_events().mapped("state")), {"split", "done", "failed"})
        self.assertFalse(self.get_events(failure_type="bug"), self.get_events(failure_type="bug").mapped("error"))
        self.assertEqual(len(self.get_thread().message_ids), 7)
        self.assertIn("Look", "".join(self.get_texts(self.get_thread())))

    def test_a_call_for_an_unknown_number_waits_until_the_number_is_connected(self):
        payload = self.envelope(phone_number_id="2999", messages=[self.message(1)])
        self.receive(payload)
        event = self.get_events()
        self.assertEqual((event.state, event.failure_type, event.phone_number_id), ("failed", "unknown_number", "2999"))
        self.assertIn("connect again", event.error)
        self.assertEqual(self.account.unknown_number_count, 1)
        self.env["whatsapp.cs.channel"]._update_from_graph(self.account, [{"id": "2999", "display_phone_number": "+1 555 0199", "status": "CONNECTED"}])  # fmt: skip
        self.run_cron("event_process")
        self.assertEqual(event.state, "done")
        channel = self.account.channel_ids.filtered(lambda channel: channel.phone_number_id == "2999")
        self.assertEqual(self.get_texts(self.get_contact(channel=channel).discuss_channel_id), ["<p>Message 1</p>"])

    def test_another_account_can_not_speak_for_this_number(self):
        other = self._create_account("1002")
        self.receive(self.envelope(waba_id="1002", messages=[self.message(1)]), account=other)
        self.assertFalse(self.get_contact())
        self.assertEqual(
            self.env["whatsapp.cs.event"].search([("account_id", "=", other.id)]).failure_type, "unknown_number"
        )

    def test_a_field_that_is_named_like_a_kind_of_update_is_no_message(self):
        payload = self.text_body()
        payload["entry"][0]["changes"][0]["field"] = "message"
        payload["entry"][0]["changes"][0]["value"] = {"id": "wamid.X", "from": "15550100001"}
        self.receive(payload)
        self.assertEqual(self.get_events().state, "done")
        self.assertFalse(self.get_contact())

    def test_processed_bodies_are_forgotten_after_thirty_days_and_failed_ones_are_not(self):
        self.receive(self.text_body())
        self.receive(self.envelope(messages=[{"id": "wamid.X"}]))
        done, failed = self.get_events(state="done"), self.get_events(state="failed")
        self.env.cr.execute("UPDATE whatsapp_cs_event SET create_date = now() - interval '31 days'")
        done._gc_events()
        self.assertFalse(done.exists())
        self.assertTrue(failed.exists())
