from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.models.whatsapp_cs_customer_event import BUFFER

from .common import WhatsappCsCommon

DELHI = "919800020001"  # in Meta's form; India has one time zone, UTC+5:30
LOGGER = "odoo.addons.whatsapp_cs.models.whatsapp_cs_batch"


@tagged("post_install", "-at_install")
class TestFollowUp(WhatsappCsCommon):
    """What is written some time after something has happened (AR8)."""

    def setUp(self):
        super().setUp()
        self.rule = self.env["whatsapp.cs.follow.up"].create(
            {
                "name": "After the case",
                "event": "resolved",
                "delay": 2,
                "delay_unit": "hours",
                "hour_to": 9,
                "text": "Did it help?",
            }
        )
        self.receive(self.text_body("Hello"))

    def resolve(self, wa_id="15550100001"):
        conversation = self.get_conversation(wa_id)
        if not conversation.user_id:
            conversation.with_user(self.agent).action_take()
        conversation.with_user(self.agent).action_resolve()
        self.pass_time()

    def pass_time(self, **delta):
        """Let time go by for what has happened and what is planned, then let the jobs run."""
        seconds = (timedelta(**delta) + BUFFER + timedelta(seconds=1)).total_seconds()
        self.env.flush_all()
        for table, names in (
            ("customer_event", ("date",)),
            ("follow_up_job", ("due_date", "planned_date", "cause_date")),
            ("contact", ("last_message_date", "window_end_date")),
        ):
            for name in names:
                self.cr.execute(
                    f"UPDATE whatsapp_cs_{table} SET {name} = {name} - %s * interval '1 second'", (seconds,)
                )
        self.env.invalidate_all()
        self.run_cron("customer_event_process")
        self.run_cron("follow_up_run")

    def get_jobs(self, rule=None):
        return self.env["whatsapp.cs.follow.up.job"].search([("follow_up_id", "=", (rule or self.rule).id)], order="id")

    def get_sent(self):
        return [payload["text"]["body"] for payload in self.send() if payload["type"] == "text"]

    # === SENDING === #

    def test_it_is_sent_once_after_its_time(self):
        self.resolve()
        self.assertEqual(self.get_jobs().state, "waiting")
        self.assertFalse(self.get_sent())
        self.pass_time(hours=1)
        self.assertFalse(self.get_sent())
        self.pass_time(hours=1)
        self.run_cron("follow_up_run")
        self.assertEqual(self.get_sent(), ["Did it help?"])
        self.assertEqual(self.get_jobs().state, "sent")
        self.assertEqual(self.get_conversation().state, "resolved", "nobody has to do anything")

    def test_it_is_looked_at_only_after_the_buffer(self):
        self.resolve()
        job = self.get_jobs()
        job.due_date = fields.Datetime.now() - BUFFER + timedelta(seconds=2)
        self.run_cron("follow_up_run")
        self.assertEqual(job.state, "waiting")

    def test_a_worker_that_dies_leaves_it_to_the_next(self):
        self.resolve()
        Job = type(self.env["whatsapp.cs.follow.up.job"])
        died = patch.object(Job, "_end", side_effect=KeyboardInterrupt)
        with died, self.assertRaises(KeyboardInterrupt), self.cr.savepoint():
            self.pass_time(hours=2)
        self.env.invalidate_all()
        self.assertFalse(self.get_sent())
        self.pass_time(hours=2)
        self.assertEqual(self.get_sent(), ["Did it help?"])

    def test_an_error_stays_with_one_customer(self):
        self.resolve()
        self.receive(self.text_body("Hi", "wamid.B1", wa_id=DELHI, name="Priya"))
        self.resolve(DELHI)
        Job = type(self.env["whatsapp.cs.follow.up.job"])
        send, first, words = Job._send, self.get_jobs()[0], "private words"

        def fail_first(job, action):
            if job == first:
                raise ValueError(words)
            return send(job, action)

        with patch.object(Job, "_send", fail_first), self.assertLogs(LOGGER, "ERROR") as logs:
            self.pass_time(hours=2)
        self.assertEqual(self.get_jobs().mapped("state"), ["failed", "sent"])
        self.assertNotIn(words, str(logs.output) + first.reason)

    def test_only_one_waits_for_a_customer(self):
        self.resolve()
        self.rule.only_silent = False
        self.receive(self.text_body("And one more thing", "wamid.A2"))
        self.resolve()
        self.assertEqual(self.get_jobs().mapped("state"), ["waiting"])

    # === HOURS === #

    def test_it_is_sent_in_the_daytime_of_the_customer(self):
        self.rule.write({"hour_from": 9, "hour_to": 20})
        for wanted, date in (
            (datetime(2026, 11, 25, 8, 0), datetime(2026, 11, 25, 8, 0)),  # 13:30 in India
            (datetime(2026, 11, 26, 3, 30), datetime(2026, 11, 25, 15, 0)),  # 20:30: the next morning at nine
            (datetime(2026, 11, 25, 3, 30), datetime(2026, 11, 24, 20, 0)),  # 01:30: the same day's morning
        ):
            self.assertEqual(self.rule._get_allowed_date(date, "Asia/Kolkata"), wanted)
        # The night before the clocks change in Berlin: nine o'clock there is 7:00 UTC, and not 8:00.
        self.assertEqual(
            self.rule._get_allowed_date(datetime(2026, 3, 28, 21, 0), "Europe/Berlin"), datetime(2026, 3, 29, 7, 0)
        )

    def test_the_zone_is_kept_with_the_job(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id=DELHI, name="Priya"))
        self.resolve(DELHI)
        self.assertEqual(self.get_jobs().tz, "Asia/Kolkata")
        self.get_contact(DELHI).partner_id.tz = "Europe/Berlin"
        self.assertEqual(self.get_contact(DELHI)._get_zone(), "Europe/Berlin")

    # === CANCELLING === #

    def test_who_writes_needs_no_reminder(self):
        self.resolve()
        self.receive(self.text_body("It works now", "wamid.A2"))
        self.assertEqual((self.get_jobs().state, self.get_jobs().reason), ("cancelled", "The customer has written."))

    def test_who_buys_gets_no_reminder(self):
        self.resolve()
        self.receive(self.text_body("Hi", "wamid.B1", wa_id=DELHI, name="Priya"))
        self.resolve(DELHI)
        lead = self.get_conversation().lead_id
        lead.with_user(self.editor).sudo().action_set_won()
        first, second = self.get_jobs()
        self.assertEqual((first.state, first.reason), ("cancelled", "The customer has bought."))
        self.assertEqual(second.state, "waiting")

    def test_a_purchase_that_nobody_told_of_is_found_when_it_is_due(self):
        self.resolve()
        Contact = type(self.env["whatsapp.cs.contact"])
        with patch.object(Contact, "_has_ordered_since", return_value=True):
            self.pass_time(hours=2)
        self.assertEqual(self.get_jobs().reason, "The customer has bought.")

    def test_who_opts_out_gets_nothing(self):
        self.rule.only_silent = False
        self.resolve()
        self.receive(self.text_body("STOP", "wamid.A2"))
        self.assertEqual((self.get_jobs().state, self.get_jobs().reason), ("cancelled", "The customer has opted out."))

    def test_who_waits_for_a_person_is_not_disturbed(self):
        self.rule.only_silent = False
        self.resolve()
        self.receive(self.text_body("Hello? I wait!", "wamid.A2"))
        self.pass_time(hours=2)
        self.assertEqual(
            (self.get_jobs().state, self.get_jobs().reason), ("waiting", "The customer waits for an answer.")
        )
        self.assertFalse(self.get_sent())

    def test_who_is_blocked_gets_nothing(self):
        self.resolve()
        self.get_contact().blocked_date = fields.Datetime.now()
        self.pass_time(hours=2)
        self.assertEqual((self.get_jobs().state, self.get_jobs().reason), ("cancelled", "The customer is blocked."))

    def test_automation_that_rests_sends_no_follow_up_either(self):
        self.answer("Here is how it works")
        self.resolve()
        self.pass_time(hours=2)
        job = self.get_jobs()
        self.assertEqual(job.state, "waiting")
        self.assertIn("Automation rests until", job.reason)
        self.assertEqual(job.due_date, self.get_conversation().automation_rest_until)

    def test_it_is_not_one_automatic_message_too_many(self):
        self.resolve()
        for _number in range(self.channel.automation_cap):
            self.get_conversation()._note_automation("keyword", outcome="sent", counts=True)
        self.pass_time(hours=2)
        self.assertIn("as many automatic messages as are allowed", self.get_jobs().reason)
        self.assertFalse(self.get_sent())

    def test_an_editor_cancels_an_agent_does_not(self):
        self.resolve()
        job = self.get_jobs()
        with self.assertRaises(AccessError):
            job.with_user(self.agent).action_cancel()
        job.with_user(self.editor).action_cancel()
        self.assertEqual((job.state, job.reason), ("cancelled", "Cancelled by Erin."))
        with self.assertRaisesRegex(UserError, "ended already"):
            job.with_user(self.editor).action_cancel()

    def test_a_follow_up_that_is_switched_off_sends_nothing(self):
        self.resolve()
        self.rule.active = False
        self.pass_time(hours=2)
        self.assertEqual(self.get_jobs().reason, "The follow-up was switched off.")

    # === OUTSIDE OF THE WINDOW === #

    def test_outside_of_the_window_a_template_is_sent(self):
        template = self.sync_templates(
            self.template_data(components=[{"type": "BODY", "text": "Did our answer help you? We are here."}])
        )
        self.rule.write({"template_id": template.id, "delay": 30})
        self.resolve()
        self.pass_time(hours=30)
        [payload] = self.send()
        self.assertEqual((payload["type"], payload["template"]["name"]), ("template", "order_shipped"))

    def test_without_a_template_it_says_why_it_was_not_sent(self):
        self.resolve()
        self.get_contact().window_end_date = fields.Datetime.now()
        self.pass_time(hours=2)
        self.assertEqual(self.get_jobs().state, "refused")
        self.assertIn("no template", self.get_jobs().reason)

    def test_what_the_policy_refuses_waits_or_is_refused_with_the_reason(self):
        template = self.sync_templates(
            self.template_data(
                category="MARKETING", components=[{"type": "BODY", "text": "Ten percent for you today."}]
            )
        )
        self.rule.write({"template_id": template.id, "delay": 30})
        self.resolve()
        self.pass_time(hours=30)
        self.assertEqual(self.get_jobs().state, "refused")
        self.assertIn("has not opted in", self.get_jobs().reason)

    # === FORM === #

    def test_a_follow_up_needs_something_to_send(self):
        with self.assertRaisesRegex(ValidationError, "nothing to send"):
            self.rule.with_user(self.editor).text = False

    def test_what_comes_after_the_window_needs_a_template(self):
        with self.assertRaisesRegex(ValidationError, "choose an approved template"):
            self.rule.with_user(self.editor).write({"delay": 2, "delay_unit": "days"})
        self.rule.write({"active": False, "delay": 2, "delay_unit": "days"})
        with self.assertRaisesRegex(ValidationError, "choose an approved template"):
            self.rule.active = True

    def test_the_agent_sees_at_the_desk_what_will_be_written(self):
        self.resolve()
        [card] = self.get_conversation().with_user(self.agent).get_desk_data()["cards"]["follow_ups"]
        self.assertEqual((card["name"], card["reason"]), ("After the case", False))

    def test_smart_buttons_lead_to_the_jobs(self):
        self.resolve()
        self.assertEqual(self.rule.waiting_count, 1)
        action = self.rule.with_user(self.editor).with_context(whatsapp_cs_filter="waiting").action_view_jobs()
        self.assertEqual(action["context"], {"search_default_waiting": True})
        self.assertEqual(self.get_contact().follow_up_count, 1)
        self.assertEqual(
            self.get_contact().with_user(self.editor).action_view_follow_ups()["domain"],
            [("contact_id", "in", self.get_contact().ids)],
        )


@tagged("post_install", "-at_install")
class TestCustomerEvent(WhatsappCsCommon):
    """Links that customers click, and what follows (AR8)."""

    def setUp(self):
        super().setUp()
        self.channel.tracks_links = True
        self.rule = self.env["whatsapp.cs.follow.up"].create(
            {
                "name": "Clicked and did not order",
                "event": "link_clicked",
                "url_part": "/offer",
                "delay": 20,
                "text": "Still interested?",
            }
        )
        self.receive(self.text_body("Hello"))
        self.receive(self.text_body("Hi", "wamid.B1", wa_id=DELHI, name="Priya"))

    def say(self, text, wa_id="15550100001"):
        """Let automation write ``text``; return what the phone shows."""
        self.get_conversation(wa_id)._post_automatic(text)
        return self.send()[0]["text"]["body"]

    def click(self, text, agent="Mozilla/5.0 (Linux; Android 14)"):
        url = next(word for word in text.split() if "/r/" in word).rstrip(".")
        path = url.split("/r/")[1]
        return self.url_open(f"/r/{path}", headers={"User-Agent": agent}, allow_redirects=False)

    def process(self):
        self.cr.execute("UPDATE whatsapp_cs_customer_event SET date = date - interval '6 seconds'")
        self.env.invalidate_all()
        self.run_cron("customer_event_process")

    def get_events(self):
        return self.env["whatsapp.cs.customer.event"].search([("name", "=", "link_clicked")])

    def test_each_customer_has_a_link_of_their_own(self):
        text = "Look: https://shop.example.com/offer?a=1. Or https://shop.example.com!"
        first, second = self.say(text), self.say(text, DELHI)
        self.assertNotEqual(first, second)
        self.assertNotIn("shop.example.com", first)
        self.assertTrue(first.startswith("Look: http") and first.endswith("!") and ". Or " in first)

    def test_a_click_leads_to_the_page_and_is_an_event_once(self):
        text = self.say("Look: https://shop.example.com/offer?a=1")
        for _time in range(2):
            response = self.click(text)
            self.assertEqual(response.status_code, 301)
            self.assertTrue(response.headers["Location"].startswith("https://shop.example.com/offer?a=1"))
        self.assertEqual(self.get_events().contact_id, self.get_contact())
        self.process()
        job = self.env["whatsapp.cs.follow.up.job"].search([("follow_up_id", "=", self.rule.id)])
        self.assertEqual((job.contact_id, job.state), (self.get_contact(), "waiting"))
        self.assertGreater(job.due_date, fields.Datetime.now() + timedelta(hours=19))

    def test_the_preview_that_whatsapp_loads_is_no_click(self):
        self.click(self.say("Look: https://shop.example.com/offer"), agent="WhatsApp/2.24")
        self.assertFalse(self.get_events())

    def test_other_links_start_nothing(self):
        self.click(self.say("Look: https://shop.example.com/help"))
        self.process()
        self.assertFalse(self.env["whatsapp.cs.follow.up.job"].search([("follow_up_id", "=", self.rule.id)]))
        self.assertEqual(self.get_events().state, "done")

    def test_codes_can_not_be_guessed(self):
        text = self.say("Look: https://shop.example.com/offer")
        self.assertGreaterEqual(len(text.split("/r/")[1]), 16)
        self.assertEqual(self.url_open("/r/abc?url=https://evil.example.com", allow_redirects=False).status_code, 404)

    def test_the_button_of_a_message_is_tracked_and_its_picture_is_not(self):
        content = {
            "type": "cta_url",
            "header": {"type": "image", "image": {"link": "https://shop.example.com/a.png"}},
            "body": {"text": "See https://shop.example.com/offer"},
            "action": {
                "name": "cta_url",
                "parameters": {"display_text": "Shop", "url": "https://shop.example.com/offer"},
            },
        }
        self.get_conversation()._post_automatic("See https://shop.example.com/offer", "interactive", content)
        [payload] = self.send()
        sent = payload["interactive"]
        self.assertIn("/r/", sent["action"]["parameters"]["url"])
        self.assertIn("/r/", sent["body"]["text"])
        self.assertEqual(sent["header"]["image"]["link"], "https://shop.example.com/a.png")

    def test_numbers_that_do_not_track_send_links_as_they_are(self):
        self.channel.tracks_links = False
        self.assertEqual(self.say("https://shop.example.com/offer"), "https://shop.example.com/offer")

    def test_a_lead_that_is_won_is_an_event_of_its_customer_once(self):
        lead = self.get_conversation().lead_id
        lead.action_set_won()
        lead.write({"probability": 100})
        events = self.env["whatsapp.cs.customer.event"].search([("name", "=", "ordered")])
        self.assertEqual((events.contact_id, events.res_id), (self.get_contact(), lead.id))

    def test_agents_see_the_events_of_their_customers_only(self):
        self.click(self.say("Look: https://shop.example.com/offer"))
        self.get_thread().with_user(self.agent_2).whatsapp_cs_take()
        Event = self.env["whatsapp.cs.customer.event"]
        self.assertFalse(Event.with_user(self.agent).search([]))
        self.assertEqual(len(Event.with_user(self.agent_2).search([])), 1)
