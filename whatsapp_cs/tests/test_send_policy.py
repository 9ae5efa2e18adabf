from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.models import whatsapp_cs_outbox_policy

from .common import WhatsappCsCommon

NUMBER = "32470123456"
CONTENT = {"name": "order_shipped", "language": {"code": "en"}}


@tagged("post_install", "-at_install")
class TestSendPolicy(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.patch(whatsapp_cs_outbox_policy, "_reached", {})
        self.patch(whatsapp_cs_outbox_policy, "TIER_SECONDS", -1)
        self.receive(self.text_body("Hello", wa_id=NUMBER, name="Ana"))
        self.contact = self.get_contact(NUMBER)
        self.policy = self.env["whatsapp.cs.send.policy"]

    def opt(self, consent, contact=None):
        (contact or self.contact)._note_consent(consent, "phone", proof="call of Monday")

    def add_contact(self, wa_id="32470999999", name="Ben"):
        """Return a contact who has never written to us."""
        return self.env["whatsapp.cs.contact"].create(
            {"channel_id": self.channel.id, "wa_id": wa_id, "profile_name": name}
        )

    def add_contact_on(self, channel):
        """Return a contact of another number of ours."""
        return self.env["whatsapp.cs.contact"].create({"channel_id": channel.id, "wa_id": "32470888888"})

    def queue_template(self, text="On its way", contact=None, category="utility", **values):
        contact = contact or self.contact
        conversation = contact.conversation_ids[:1] or self.env["whatsapp.cs.conversation"].create(
            {"contact_id": contact.id}
        )
        mail_message = self.env["mail.message"].create({"body": text})
        values = {"user_id": self.agent.id, "category": category, "content": CONTENT, **values}
        return self.env["whatsapp.cs.message"]._queue(conversation, mail_message, text, "template", **values)

    def queue_sent(self, hours_ago, **kwargs):
        """Let a template have been sent so long ago."""
        message = self.queue_template(**kwargs)
        date = fields.Datetime.now() - timedelta(hours=hours_ago)
        message.write({"state": "sent", "date": date})
        message.outbox_ids.write({"state": "gone", "claim_date": date})
        return message

    def check(self, kind="template", category="utility", contact=None, **kwargs):
        return self.policy._check(contact or self.contact, kind, category, **kwargs)

    def assertRefused(self, verdict, rule, words):
        self.assertTrue(verdict, "nothing was refused")
        self.assertEqual(verdict.rule, rule)
        self.assertIn(words, verdict.text)

    def assertAllowedAgain(self, verdict, hours):
        """Check the time at which the verdict ends, within the seconds that the test takes."""
        expected = fields.Datetime.now() + timedelta(hours=hours)
        self.assertAlmostEqual(verdict.until.timestamp(), expected.timestamp(), delta=30)

    # === WINDOW === #

    def test_free_text_needs_an_open_window(self):
        self.assertFalse(self.check("text"))
        self.contact.window_end_date = fields.Datetime.now()
        self.assertRefused(self.check("text"), "window", "24-hour window is closed")
        with self.assertRaisesRegex(UserError, "24-hour window is closed.*was not sent"):
            self.answer(wa_id=NUMBER)

    def test_a_text_whose_window_closes_while_it_waits_fails_with_the_sentence(self):
        message = self.answer(wa_id=NUMBER).sudo().whatsapp_cs_message_ids
        self.contact.window_end_date = fields.Datetime.now()
        self.assertFalse(self.send())
        self.assertEqual((message.state, message.error_code), ("failed", "window"))
        self.assertIn("24-hour window is closed", message.error)
        with self.assertRaisesRegex(UserError, "24-hour window is closed"):
            message._retry()

    def test_a_template_needs_no_window(self):
        self.contact.window_end_date = False
        self.queue_template()
        self.assertEqual(len(self.send()), 1)

    # === CONSENT === #

    def test_a_promotion_goes_to_those_who_opted_in_and_to_nobody_else(self):
        self.assertRefused(self.check(category="marketing"), "not_opted_in", "Ana has not opted in")
        self.opt("in")
        self.assertFalse(self.check(category="marketing"))
        self.opt("out")
        self.assertRefused(self.check(category="marketing"), "opted_out", "Ana has opted out")
        self.assertFalse(self.check(category="utility"), "what they ordered is no promotion")

    def test_a_promotion_never_goes_to_a_blacklisted_number(self):
        self.env["phone.blacklist"].with_context(whatsapp_cs_consent=True).add(f"+{NUMBER}")
        self.opt("in")
        self.env["phone.blacklist"].with_context(whatsapp_cs_consent=True).add(f"+{NUMBER}")
        self.assertRefused(self.check(category="marketing"), "blacklisted", "phone blacklist")

    def test_who_opts_out_while_a_promotion_waits_does_not_get_it(self):
        self.opt("in")
        message = self.queue_template(category="marketing")
        self.receive(self.text_body("STOP", "wamid.A2", wa_id=NUMBER, name="Ana"))
        self.assertEqual([payload["type"] for payload in self.send()], ["text"], "the confirmation only")
        self.assertEqual((message.state, message.error_code), ("failed", "opted_out"))
        self.assertIn("Ana has opted out", message.error)

    # === FREQUENCY === #

    def test_somebody_new_gets_five_messages_a_minute(self):
        ben = self.add_contact()
        self.opt("in", ben)
        for number in range(5):
            self.assertFalse(self.check(contact=ben))
            self.queue_template(f"{number}", ben)
        verdict = self.check(contact=ben)
        self.assertRefused(verdict, "minute", "at most 5 messages a minute")
        self.assertAllowedAgain(verdict, 1 / 60)
        self.assertEqual(len(self.send()), 5)

    def test_a_sixth_message_to_somebody_new_waits_in_the_outbox(self):
        ben = self.add_contact()
        self.opt("in", ben)
        messages = [self.queue_template(f"{number}", ben) for number in range(6)]
        self.assertEqual(len(self.send()), 5)
        row = messages[-1].outbox_ids
        self.assertEqual((row.state, row.error_code, messages[-1].state), ("retry", "minute", "queued"))
        self.assertLess(row.next_try_date, fields.Datetime.now() + timedelta(minutes=2))
        self.assertEqual(row.try_count, 0, "it was not tried")
        for message in messages[:5]:
            message.outbox_ids.claim_date -= timedelta(minutes=2)
        row.next_try_date -= timedelta(hours=1)
        self.assertEqual(len(self.send()), 1)

    def test_who_has_written_before_gets_any_number(self):
        for number in range(12):
            self.answer(f"{number}", wa_id=NUMBER)
        self.assertEqual(len(self.send()), 12)

    def test_without_opt_in_a_contact_gets_one_template_in_24_hours(self):
        self.queue_sent(23, text="one")
        verdict = self.check()
        self.assertRefused(verdict, "no_opt_in", "one template in 24 hours")
        self.assertAllowedAgain(verdict, 1)
        self.opt("in")
        self.assertFalse(self.check())

    def test_a_second_template_without_opt_in_waits_in_the_outbox_and_lets_answers_pass(self):
        self.queue_sent(23, text="one")
        message = self.queue_template("two")
        self.answer("Here I am", wa_id=NUMBER)
        self.assertEqual([payload["type"] for payload in self.send()], ["text"])
        self.assertEqual((message.state, message.outbox_ids.state), ("queued", "retry"))
        self.assertIn("one template in 24 hours", message.error)

    def test_a_promotion_goes_once_a_week(self):
        self.opt("in")
        self.queue_sent(6 * 24, category="marketing")
        verdict = self.check(category="marketing")
        self.assertRefused(verdict, "promotion", "one promotion in 7 days")
        self.assertAllowedAgain(verdict, 24)
        self.assertFalse(self.check(category="utility"))
        self.assertFalse(self.check(category="marketing", date=verdict.until + timedelta(seconds=1)))

    def test_a_second_promotion_of_a_week_waits_a_day_and_fails_when_it_would_wait_longer(self):
        self.opt("in")
        first = self.queue_sent(2 * 24, category="marketing")
        message = self.queue_template("two", category="marketing")
        self.assertFalse(self.send())
        self.assertEqual((message.state, message.error_code), ("failed", "promotion"))
        first.outbox_ids.claim_date -= timedelta(days=4, hours=12)
        message = self.queue_template("three", category="marketing")
        self.assertFalse(self.send())
        self.assertEqual(message.outbox_ids.state, "retry")

    def test_the_same_content_goes_five_times_in_30_days(self):
        self.opt("in")
        for days in (31, 25, 20, 15, 10):
            self.queue_sent(days * 24, text="Same")
        key = self.env["whatsapp.cs.message"]._get_content_key("Same")
        self.assertFalse(self.check(content_key=key))
        self.queue_sent(5 * 24, text="Same")
        verdict = self.check(content_key=key)
        self.assertRefused(verdict, "content", "at most 5 times in 30 days")
        self.assertAllowedAgain(verdict, 5 * 24)
        self.assertFalse(self.check(content_key="another"))
        message = self.queue_template("Same")
        self.assertFalse(self.send())
        self.assertEqual((message.state, message.error_code), ("failed", "content"))

    def test_notifications_of_one_event_are_six_hours_apart(self):
        self.opt("in")
        self.queue_sent(5, text="Shipped", event_key="delivery,4")
        verdict = self.check(event="delivery,4")
        self.assertRefused(verdict, "event", "at least 6 hours apart")
        self.assertAllowedAgain(verdict, 1)
        self.assertFalse(self.check(event="delivery,5"))
        message = self.queue_template("Shipped again", event_key="delivery,4")
        self.assertFalse(self.send())
        self.assertEqual((message.outbox_ids.state, message.outbox_ids.error_code), ("retry", "event"))

    def test_what_failed_does_not_count(self):
        self.queue_sent(1).write({"state": "failed"})
        self.assertFalse(self.check())

    def test_another_contact_does_not_count(self):
        self.queue_sent(1, contact=self.add_contact())
        self.assertFalse(self.check())

    def test_limits_are_settings_and_0_switches_one_off(self):
        self.queue_sent(1)
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.whatsapp_cs_policy_template_hours, 24)
        settings.whatsapp_cs_policy_template_hours = 0
        settings.execute()
        self.assertFalse(self.check())
        settings.whatsapp_cs_policy_template_hours = -1
        with self.assertRaisesRegex(ValidationError, "can't be below 0"):
            settings.execute()

    def test_a_verdict_speaks_the_users_language_and_time_zone(self):
        self.queue_sent(20)
        policy = self.policy.with_user(self.agent)
        texts = {policy.with_context(tz=tz)._check(self.contact, "template").text for tz in ("UTC", "Asia/Kolkata")}
        self.assertEqual(len(texts), 2)

    # === WHO ASKS IS TOLD === #

    def create_template(self, category="marketing"):
        values = {"name": "spring_sale", "language": "en_US", "account_id": self.account.id, "category": category}
        return self.env["whatsapp.cs.template"].create(
            {**values, "body": "Everything is cheaper in spring!", "state": "approved", "meta_id": "7001"}
        )

    def test_the_picker_says_which_rule_refuses_a_template_and_what_it_costs(self):
        thread, template = self.get_thread(NUMBER).with_user(self.agent), self.create_template()
        shown = thread.whatsapp_cs_get_template(template.id)
        self.assertIn("Ana has not opted in", shown["refusal"])
        self.assertIn("Marketing · Price card, Belgium.", shown["notice"])
        with self.assertRaisesRegex(UserError, "Ana has not opted in"):
            thread.whatsapp_cs_send_template(template.id)
        self.opt("in")
        self.assertFalse(thread.whatsapp_cs_get_template(template.id)["refusal"])
        thread.whatsapp_cs_send_template(template.id)
        self.assertEqual(len(self.send()), 1)
        with self.assertRaisesRegex(UserError, "one promotion in 7 days.*may be sent from"):
            thread.whatsapp_cs_send_template(template.id)

    def test_a_person_is_refused_the_same_content_a_sixth_time(self):
        self.opt("in")
        thread, template = self.get_thread(NUMBER).with_user(self.agent), self.create_template("utility")
        for _time in range(5):
            thread.whatsapp_cs_send_template(template.id)
        with self.assertRaisesRegex(UserError, "at most 5 times in 30 days"):
            thread.whatsapp_cs_send_template(template.id)

    # === SENDING === #

    def test_one_query_tells_what_all_customers_of_a_batch_got(self):
        for number in range(5):
            contact = self.add_contact(f"3247020000{number}")
            self.queue_sent(30, contact=contact)
            self.queue_template("two", contact)
        rows = self.env["whatsapp.cs.outbox"].search([("state", "=", "queued")])
        requests = [row.message_id._prepare_policy_request() for row in rows]
        self.policy._check_all(requests, is_sending=True)  # the limits are in memory from now on
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.policy._check_all(requests, is_sending=True)

    def test_answers_cost_the_gate_no_query(self):
        self.answer(wa_id=NUMBER)
        row = self.env["whatsapp.cs.outbox"].search([("state", "=", "queued")])
        request = row.message_id._prepare_policy_request()
        request.contact.mapped("window_end_date")
        self.env.flush_all()
        with self.assertQueryCount(0):
            self.assertEqual(row._hold_back(), row)

    def test_a_conflict_while_holding_back_is_tried_again(self):
        self.queue_sent(1)
        message = self.queue_template("two")
        conflicts = [SerializationFailure()]
        refuse = self.registry["whatsapp.cs.outbox"]._refuse

        def refuse_once_in_vain(row, verdict):
            if conflicts:
                raise conflicts.pop()
            return refuse(row, verdict)

        self.patch(self.registry["whatsapp.cs.outbox"], "_refuse", refuse_once_in_vain)
        self.assertFalse(self.send())
        self.assertFalse(conflicts)
        self.assertEqual((message.outbox_ids.state, message.state), ("retry", "queued"))

    def test_a_message_that_can_not_be_checked_fails_alone(self):
        ben = self.add_contact()
        broken, fine = self.queue_template("one", ben), self.queue_template("two")
        judge = self.registry["whatsapp.cs.send.policy"]._judge

        def judge_all_but_one(policy, request, *args):
            return 1 / 0 if request.contact == ben else judge(policy, request, *args)

        self.patch(self.registry["whatsapp.cs.send.policy"], "_judge", judge_all_but_one)
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_outbox_policy", "ERROR"):
            self.assertEqual(len(self.send()), 1)
        self.assertEqual((broken.state, fine.outbox_ids.state), ("failed", "gone"))

    # === DAILY TIER === #

    def test_an_account_writes_first_to_as_many_people_as_its_tier_allows(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.policy_daily_contacts", "2")
        people = [self.add_contact(f"3247030000{number}") for number in range(4)]
        messages = [self.queue_template(contact=contact) for contact in people]
        self.assertEqual(len(self.send()), 2)
        waiting = [message for message in messages if message.outbox_ids.state == "retry"]
        self.assertEqual([message.outbox_ids.error_code for message in waiting], ["tier", "tier"])
        self.assertIn("may write first to 2 people in 24 hours", waiting[0].error)
        gone = (messages[0] + messages[1]).outbox_ids
        self.assertEqual(gone.mapped("is_initiated"), [True, True])
        # A day later the places are free again.
        gone.write({"claim_date": fields.Datetime.now() - timedelta(hours=25)})
        (waiting[0] + waiting[1]).outbox_ids.write({"next_try_date": fields.Datetime.now() - timedelta(hours=1)})
        self.assertEqual(len(self.send()), 2)

    def test_who_was_written_to_already_or_has_an_open_window_takes_no_place(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.policy_daily_contacts", "1")
        ben = self.add_contact()
        self.opt("in", ben)
        self.queue_template("one", ben)
        self.queue_template("two", ben)
        self.queue_template("three", self.contact)
        self.assertEqual(len(self.send()), 3)

    def test_numbers_of_one_account_share_its_places(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.policy_daily_contacts", "1")
        other = self._create_channel(self.account, "2002", "+1 555 0200")
        self.queue_template(contact=self.add_contact())
        self.queue_template(contact=self.add_contact_on(other))
        self.assertEqual(len(self.send()), 1)

    def test_what_whatsapp_says_of_the_tier_wins_over_the_setting(self):
        self.assertEqual(self.account._get_daily_contacts(), 1000)
        for tier, limit in (("TIER_250", 250), ("TIER_2K", 2000), ("TIER_100K", 100000), ("TIER_UNLIMITED", 0)):
            self.channel.messaging_limit = tier
            self.assertEqual(self.account._get_daily_contacts(), limit)
