from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.whatsapp_cs.models import whatsapp_cs_campaign, whatsapp_cs_outbox_policy

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestCampaign(WhatsappCsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.currency_id = cls.env.ref("base.USD")
        cls.template = cls.env["whatsapp.cs.template"].create(
            {
                "name": "spring_sale",
                "language": "en_US",
                "account_id": cls.account.id,
                "category": "marketing",
                "body": "Everything is cheaper in spring!",
                "state": "approved",
                "meta_id": "7001",
            }
        )

    def setUp(self):
        super().setUp()
        self.patch(whatsapp_cs_outbox_policy, "_reached", {})
        self.patch(whatsapp_cs_outbox_policy, "TIER_SECONDS", -1)

    def add_customer(self, number, consent="in"):
        """Let somebody write, and opt in."""
        wa_id = f"3247012340{number}"
        self.receive(self.text_body("Hello", f"wamid.C{number}", wa_id=wa_id, name=f"Customer {number}"))
        contact = self.get_contact(wa_id)
        if consent != "unknown":
            contact._note_consent(consent, "phone", proof="call of Monday")
        return contact

    def add_customers(self, count):
        return self.env["whatsapp.cs.contact"].union(*(self.add_customer(number) for number in range(count)))

    def create_campaign(self, **values):
        with Form(self.env["whatsapp.cs.campaign"].with_user(self.editor)) as form:
            form.name = "Spring Sale"
            form.channel_id = self.channel
            form.template_id = self.template
            for name, value in values.items():
                form[name] = value
        return form.save()

    def start(self, **values):
        campaign = self.create_campaign(**values)
        campaign.action_check_audience()
        campaign.action_start()
        return campaign

    def run_campaigns(self):
        self.run_cron("campaign_run")

    def get_reasons(self, campaign):
        recipients = campaign.recipient_ids.filtered(lambda recipient: recipient.state != "waiting")
        return {recipient.name: recipient.rule for recipient in recipients}

    # === AUDIENCE === #

    def test_everybody_of_the_audience_gets_it_once(self):
        contacts = self.add_customers(3)
        campaign = self.start()
        self.assertEqual(campaign.state, "running")
        self.run_campaigns()
        self.run_campaigns()
        sent = self.send()
        self.assertEqual({payload["to"] for payload in sent}, {f"+{contact.wa_id}" for contact in contacts})
        self.assertEqual([payload["template"]["name"] for payload in sent], ["spring_sale"] * 3)
        self.run_campaigns()
        self.assertEqual((campaign.state, campaign.progress), ("done", 100))

    def test_who_is_excluded_is_listed_with_the_reason_before_anything_is_sent(self):
        self.add_customer(1)
        self.add_customer(2, "out")
        self.add_customer(3, "unknown")
        campaign = self.create_campaign()
        campaign.action_check_audience()
        self.assertEqual(campaign.state, "ready")
        self.assertEqual(self.get_reasons(campaign), {"Customer 2": "opted_out", "Customer 3": "not_opted_in"})
        self.assertEqual((campaign.recipient_count, campaign.excluded_count), (1, 2))
        action = campaign.with_context(whatsapp_cs_figure="excluded").action_view_figure()
        found = self.env["whatsapp.cs.campaign.recipient"].with_user(self.editor).search(action["domain"])
        self.assertIn("Customer 2 has opted out", " ".join(found.mapped("reason")))
        self.assertFalse(self.send())

    def test_partners_without_a_number_or_with_somebody_elses_are_excluded(self):
        contact = self.add_customer(1)
        Partner = self.env["res.partner"]
        partners = contact.partner_id + Partner.create(
            [
                {"name": "Twin", "phone": f"+{contact.wa_id}"},
                {"name": "Mute"},
                {"name": "Stranger", "phone": "+32 470 99 99 99"},
            ]
        )
        campaign = self.create_campaign(audience_model="res.partner", domain=f"[('id', 'in', {partners.ids})]")
        campaign.action_check_audience()
        reasons = self.get_reasons(campaign)
        self.assertEqual(reasons["Mute"], "no_number")
        self.assertEqual(reasons["Stranger"], "not_opted_in")
        self.assertEqual(sorted(reasons.values()), ["double", "no_number", "not_opted_in"])
        self.assertEqual(campaign.recipient_count, 1)

    def test_leads_are_an_audience_and_new_people_get_what_is_no_promotion(self):
        self.template.category = "utility"
        leads = self.env["crm.lead"].create(
            [
                {"name": "Roof", "contact_name": "Lea", "phone": "+32 470 11 22 33", "user_id": self.editor.id},
                {"name": "Wall", "user_id": self.editor.id},
                {"name": "A colleague's", "phone": "+32 470 44 55 66", "user_id": self.agent.id},
            ]
        )
        campaign = self.start(audience_model="crm.lead", domain=f"[('id', 'in', {leads.ids})]")
        self.run_campaigns()
        self.assertEqual([payload["to"] for payload in self.send()], ["+32470112233"])
        self.assertEqual(self.get_reasons(campaign)["Wall"], "no_number")
        self.assertEqual(len(campaign.recipient_ids), 2, "of the leads that the user may see")

    def test_whom_the_template_can_not_be_filled_for_is_excluded(self):
        contacts = self.add_customers(2)
        self.template.body = "Everything is cheaper in {{1}} this spring!"
        self.template.model_id = self.env["ir.model"]._get_id("res.partner")
        self.template.variable_ids.write({"source": "field", "field_path": "city", "sample": "Ghent"})
        self.template.is_changed = False  # WhatsApp has it so
        contacts[0].partner_id.city = "Ghent"
        campaign = self.create_campaign()
        campaign.action_check_audience()
        self.assertEqual(self.get_reasons(campaign), {"Customer 1": "no_value"})
        action = campaign.with_context(whatsapp_cs_figure="excluded").action_view_figure()
        self.assertTrue(action["context"]["search_default_group_reason"], "by reason")

    def test_a_filter_that_can_not_be_read_is_refused(self):
        for domain in ("[('no_such_field', '=', 1)]", "[(", "import os"):
            with self.subTest(domain=domain), self.assertRaisesRegex(ValidationError, "can't be understood"):
                self.create_campaign(domain=domain)

    def test_nothing_starts_without_anybody_who_gets_it(self):
        self.add_customer(1, "unknown")
        campaign = self.create_campaign()
        campaign.action_check_audience()
        with self.assertRaisesRegex(UserError, "Nobody would get it"):
            campaign.action_start()

    def test_a_change_after_the_check_needs_another_one(self):
        self.add_customers(1)
        campaign = self.create_campaign()
        campaign.action_check_audience()
        campaign.domain = "[('name', 'ilike', 'Customer')]"
        self.assertEqual((campaign.state, campaign.recipient_ids.ids), ("draft", []))
        campaign.action_check_audience()
        campaign.action_start()
        with self.assertRaisesRegex(UserError, "can't get another audience"):
            campaign.domain = "[]"

    def test_a_template_that_can_not_be_sent_is_refused_and_pauses_a_running_campaign(self):
        self.add_customers(1)
        campaign = self.start()
        self.template.state = "paused"
        self.run_campaigns()
        self.assertEqual(campaign.state, "paused")
        self.assertEqual(campaign.pause_reason, self.template.refusal)
        with self.assertRaises(UserError):
            campaign.action_resume()
        self.assertFalse(self.send())

    # === FORECAST === #

    def test_volume_and_cost_are_shown_before_it_starts(self):
        self.add_customers(2)
        campaign = self.create_campaign()
        campaign.action_check_audience()
        self.assertIn("2 customers × 3 = 6 messages", campaign.forecast)
        self.assertAlmostEqual(campaign.estimated_cost, 0.016)
        self.assertEqual(campaign.daily_customers, 0, "all at once")

    def test_a_large_one_is_spread_over_days(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.policy_daily_contacts", "8")
        self.add_customers(5)  # 15 messages are expected, 80 % of 8 are 6.4: 2 customers a day
        campaign = self.start()
        self.assertEqual(campaign.daily_customers, 2)
        self.assertIn("spread over 3 days, 2 customers a day", campaign.forecast)
        for day, count in enumerate((2, 2, 1)):
            self.run_campaigns()
            self.run_campaigns()
            self.assertEqual(len(self.send()), count, f"day {day}")
            for recipient in campaign.recipient_ids.filtered("queued_date"):
                recipient.sudo().queued_date -= timedelta(hours=25)
        self.run_campaigns()
        self.assertEqual(campaign.state, "done")

    def test_a_scheduled_one_starts_at_its_time(self):
        self.add_customers(1)
        campaign = self.start(start_date=fields.Datetime.now() + timedelta(hours=2))
        self.assertEqual(campaign.state, "scheduled")
        self.run_campaigns()
        self.assertFalse(self.send())
        campaign.start_date = fields.Datetime.now() - timedelta(minutes=1)
        self.run_campaigns()
        self.assertEqual(len(self.send()), 1)

    def test_outside_its_hours_it_rests(self):
        self.add_customers(1)
        hour = fields.Datetime.now().hour
        self.editor.tz = "UTC"
        campaign = self.start(hour_from=(hour + 2) % 24, hour_to=(hour + 4) % 24)
        self.run_campaigns()
        self.assertFalse(self.send())
        campaign.write({"hour_from": (hour - 1) % 24, "hour_to": (hour + 2) % 24})
        self.run_campaigns()
        self.assertEqual(len(self.send()), 1)

    # === RUNNING === #

    def test_service_overtakes_promotion(self):
        contacts = self.add_customers(3)
        self.start()
        self.run_campaigns()
        self.answer("Your parcel is here", wa_id=contacts[2].wa_id)
        types = [payload["type"] for payload in self.send()]
        self.assertEqual(types[0], "text")
        self.assertEqual(types.count("template"), 3)

    def test_a_paused_one_sends_nothing_also_of_what_is_queued_and_goes_on_when_resumed(self):
        self.add_customers(2)
        campaign = self.start()
        self.run_campaigns()
        self.assertEqual((campaign.state, campaign.progress), ("running", 0), "it is over when everything has left")
        campaign.action_pause()
        self.assertFalse(self.send())
        self.assertIn("Paused by Erin", campaign.pause_reason)
        campaign.action_resume()
        self.assertEqual(len(self.send()), 2)

    def test_a_cancelled_one_sends_nothing_any_more(self):
        self.add_customers(2)
        self.patch(whatsapp_cs_campaign, "BATCH_SIZE", 1)
        self.patch(self.registry["whatsapp.cs.channel"], "_get_send_rate", lambda _channel: 1 / 120)
        campaign = self.start()
        self.run_campaigns()
        self.assertEqual(len(campaign.recipient_ids.message_id), 1)
        campaign.action_cancel()
        self.assertFalse(self.send())
        self.assertEqual(sorted(campaign.recipient_ids.mapped("state")), ["excluded", "queued"])
        self.assertEqual(campaign.recipient_ids.message_id.error_code, "cancelled")
        with self.assertRaisesRegex(UserError, "can't become"):
            campaign.action_resume()

    def test_the_outbox_holds_no_more_than_it_sends_in_two_minutes(self):
        self.add_customers(3)
        self.patch(self.registry["whatsapp.cs.channel"], "_get_send_rate", lambda _channel: 2 / 120)
        campaign = self.start()
        self.run_campaigns()
        self.assertEqual(len(campaign.recipient_ids.message_id), 2)

    def test_who_opts_out_after_the_check_is_refused_when_it_is_their_turn(self):
        self.add_customers(2)
        campaign = self.start()
        self.receive(self.text_body("STOP", "wamid.S1", wa_id="32470123400", name="Customer 0"))
        self.run_campaigns()
        self.assertEqual(sorted(campaign.recipient_ids.mapped("state")), ["queued", "refused"])
        self.assertIn("Customer 0 has opted out", " ".join(campaign.recipient_ids.filtered("reason").mapped("reason")))

    def test_a_second_promotion_within_a_week_is_excluded(self):
        self.add_customers(1)
        self.start()
        self.run_campaigns()
        self.send()
        campaign = self.create_campaign()
        campaign.action_check_audience()
        self.assertEqual(self.get_reasons(campaign), {"Customer 0": "promotion"})

    def test_what_is_wrong_with_one_recipient_stays_with_it(self):
        self.add_customers(2)
        campaign = self.start()
        post = self.registry["whatsapp.cs.template"]._post

        def post_to_one(template, drafts, user):
            return 1 / 0 if "Customer 0" in [draft.contact.name for draft in drafts] else post(template, drafts, user)

        self.patch(self.registry["whatsapp.cs.template"], "_post", post_to_one)
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_campaign_recipient", "ERROR"):
            self.run_campaigns()
        self.assertEqual(len(self.send()), 1)
        self.assertEqual((campaign.failed_count, campaign.sent_count), (1, 0))

    def test_a_batch_that_is_cut_off_is_repeated_and_nobody_gets_two(self):
        self.add_customers(3)
        campaign = self.start()
        queue, failures = self.registry["whatsapp.cs.campaign.recipient"]._queue, [SerializationFailure()]

        def queue_and_fail(recipients):
            queue(recipients)
            if failures:
                raise failures.pop()

        self.patch(self.registry["whatsapp.cs.campaign.recipient"], "_queue", queue_and_fail)
        self.run_campaigns()
        self.assertFalse(failures)
        self.assertEqual(len({payload["to"] for payload in self.send()}), 3)
        messages = self.env["whatsapp.cs.message"].search([("campaign_id", "=", campaign.id)])
        self.assertEqual(len(messages), 3)

    def test_a_batch_costs_few_queries_a_recipient(self):
        self.add_customers(20)
        campaign = self.start()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.run_campaigns()
        used = self.env.cr.sql_log_count - before
        self.assertEqual(set(campaign.recipient_ids.mapped("state")), {"queued"})
        messages = campaign.recipient_ids.message_id
        self.assertTrue(all(messages.mapped("content_key")) and all(messages.mapped("pricing_type")))
        self.assertLess(used, 20 * 8)

    # === RESULTS === #

    def test_figures_lead_to_their_recipients(self):
        self.add_customers(4)
        campaign = self.start()
        self.run_campaigns()
        self.send()
        wamids = {m.contact_id.name: m.wamid for m in campaign.recipient_ids.message_id}
        self.receive(self.status_body("delivered", wamids["Customer 0"]))
        self.receive(self.status_body("read", wamids["Customer 1"]))
        self.receive(self.status_body("failed", wamids["Customer 2"], errors=[{"code": 131026}]))
        self.receive(self.text_body("How much?", "wamid.S1", wa_id="32470123401", name="Customer 1"))
        self.receive(self.text_body("STOP", "wamid.S2", wa_id="32470123403", name="Customer 3"))
        self.env.invalidate_all()
        figures = {"sent": 2, "delivered": 2, "read": 1, "failed": 1, "answered": 2, "opted_out": 1, "waiting": 0}
        for figure, count in figures.items():
            with self.subTest(figure=figure):
                self.assertEqual(campaign[f"{figure}_count"], count)
                action = campaign.with_context(whatsapp_cs_figure=figure).action_view_figure()
                self.assertEqual(self.env["whatsapp.cs.campaign.recipient"].search_count(action["domain"]), count)

    def test_the_real_cost_follows_from_what_whatsapp_reports(self):
        self.add_customers(1)
        campaign = self.start()
        self.run_campaigns()
        self.send()
        pricing = {"type": "regular", "category": "marketing"}
        self.receive(self.status_body("delivered", campaign.recipient_ids.message_id.wamid, pricing=pricing))
        campaign.invalidate_recordset()
        self.assertAlmostEqual(campaign.cost, 0.008)
        self.assertTrue(campaign.utm_campaign_id)

    # === RIGHTS === #

    def test_managers_run_campaigns_and_agents_do_not(self):
        with self.assertRaises(AccessError):
            self.env["whatsapp.cs.campaign"].with_user(self.agent).create(
                {"name": "Mine", "channel_id": self.channel.id, "template_id": self.template.id}
            )
        campaign = self.create_campaign()
        for action in ("action_check_audience", "action_start", "action_cancel"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(campaign.with_user(self.agent), action)()

    def test_nobody_writes_a_campaigns_state_past_its_buttons(self):
        campaign = self.create_campaign()
        with self.assertRaises(AccessError):
            campaign.with_user(self.editor).write({"state": "running"})
        with self.assertRaises(AccessError):
            self.env["whatsapp.cs.campaign"].with_user(self.editor).create(
                {"name": "X", "channel_id": self.channel.id, "template_id": self.template.id, "state": "running"}
            )

    def test_campaigns_stay_within_their_company(self):
        campaign = self.create_campaign()
        other = self.env["res.company"].create({"name": "Other"})
        self.editor.write({"company_ids": [(4, other.id)]})
        self.assertFalse(
            self.env["whatsapp.cs.campaign"]
            .with_user(self.editor)
            .with_context(allowed_company_ids=other.ids)
            .search([("id", "=", campaign.id)])
        )

    def test_a_campaign_that_was_started_is_kept(self):
        self.add_customers(1)
        campaign = self.start()
        with self.assertRaisesRegex(UserError, "kept for its figures"):
            campaign.with_user(self.administrator).unlink()
