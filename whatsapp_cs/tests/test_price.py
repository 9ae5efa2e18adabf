from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import WhatsappCsCommon

NUMBER = "32470123456"  # Belgium: 0.008 by the sample card
INDONESIA = "628123456789"  # South-East Asia: 0.005
PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}


@tagged("post_install", "-at_install")
class TestPrice(WhatsappCsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.currency_id = cls.env.ref("base.USD")
        cls.price = cls.env["whatsapp.cs.price"]

    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello", wa_id=NUMBER, name="Ana"))
        self.contact = self.get_contact(NUMBER)

    def use_up_allowance(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.price_free_messages", "0")

    def answer_message(self, **kwargs):
        return self.answer(wa_id=NUMBER, **kwargs).sudo().whatsapp_cs_message_ids

    def expect(self, kind="text", category=None, contact=None, **kwargs):
        return self.price._get_expected_price(contact or self.contact, kind, category, **kwargs)

    # === CARD === #

    def test_the_price_is_that_of_the_market_of_the_number(self):
        self.receive(self.text_body("Halo", "wamid.B1", wa_id=INDONESIA))
        self.assertEqual(self.contact.country_id.code, "BE")
        self.assertEqual(self.expect("template", "marketing").price, 0.008)
        self.assertEqual(self.expect("template", "utility", self.get_contact(INDONESIA)).price, 0.005)

    def test_the_newest_price_that_is_valid_counts(self):
        values = {"country_group_id": self.env.ref("whatsapp_cs.market_europe").id, "category": "utility"}
        today = fields.Date.today()
        self.assertEqual(self.expect("template", "utility").price, 0.008)
        new = self.price.create({**values, "valid_from": today, "price": 0.02})
        self.assertEqual(self.expect("template", "utility").price, 0.02, "a new line counts at once")
        self.price.create({**values, "valid_from": today + timedelta(1), "price": 9})
        self.assertEqual(self.expect("template", "utility").price, 0.02)
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self.assertEqual(self.expect("template", "utility", date=tomorrow).price, 9)
        new.price = 0.03
        self.assertEqual(self.expect("template", "utility").price, 0.03, "and so does a change")
        new.unlink()
        self.assertEqual(self.expect("template", "utility").price, 0.008)

    def test_the_smallest_market_that_has_the_country_counts(self):
        belgium = self.env["res.country.group"].create({"name": "BE", "country_ids": [self.env.ref("base.be").id]})
        self.price.create(
            {"country_group_id": belgium.id, "category": "utility", "valid_from": "2026-01-01", "price": 1}
        )
        self.assertEqual(self.expect("template", "utility").price, 1)
        belgium.country_ids = [(5,)]
        self.assertEqual(self.expect("template", "utility").price, 0.008)

    def test_a_missing_price_is_said(self):
        self.price.search([]).unlink()
        price = self.expect("template", "utility")
        self.assertEqual(price.price, 0)
        self.assertIn("no price", price.reason)

    def test_prices_are_converted_to_the_companys_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        self.price.search([("category", "=", "utility")]).currency_id = euro
        self.assertAlmostEqual(self.expect("template", "utility").price, 0.016)

    # === EXPECTED === #

    def test_the_first_service_messages_of_a_month_are_free(self):
        self.env["ir.config_parameter"].set_param("whatsapp_cs.price_free_messages", "2")
        for used in range(2):
            price = self.expect()
            self.assertEqual((price.price, price.pricing_type, price.category), (0, "free_allowance", "service"))
            self.assertIn(f"{used} are used", price.reason)
            self.answer_message()
        self.assertEqual((self.expect().price, self.expect().pricing_type), (0.008, "regular"))
        next_month = fields.Datetime.now() + timedelta(days=32)
        self.assertEqual(self.expect(date=next_month).price, 0, "each month has its own")

    def test_a_reaction_is_free(self):
        self.use_up_allowance()
        self.assertEqual(self.expect("reaction").price, 0)

    def test_a_message_long_after_the_customers_last_one_has_our_surcharge(self):
        self.assertEqual(self.expect("template", "utility").surcharge, 0)
        self.contact.last_message_date = fields.Datetime.now() - timedelta(hours=49)
        self.assertEqual(self.expect("template", "utility").surcharge, 0.01)
        self.env["ir.config_parameter"].set_param("whatsapp_cs.price_surcharge_hours", "72")
        self.assertEqual(self.expect("template", "utility").surcharge, 0)

    def test_the_composer_is_told_price_and_category(self):
        self.use_up_allowance()
        price = self.get_thread(NUMBER).with_user(self.agent).whatsapp_cs_get_price()
        self.assertEqual((price["text"], price["category"]), ("0.0080 USD", "Service"))
        self.assertEqual(price["reason"], "Price card, Belgium.")
        price = self.get_thread(NUMBER).with_user(self.agent).whatsapp_cs_get_price("template", "marketing")
        self.assertEqual(price["category"], "Marketing")
        with self.assertRaises(AccessError):
            self.get_thread(NUMBER).with_user(self.employee).whatsapp_cs_get_price()

    # === REPORTED === #

    def report(self, status="sent", **pricing):
        self.receive(self.status_body(status, pricing={**PRICING, **pricing}))

    def test_what_whatsapp_reports_wins_over_what_was_expected(self):
        message = self.answer_message()
        self.assertEqual((message.cost, message.pricing_type, message.is_price_reported), (0, "free_allowance", False))
        self.send()
        self.report(category="utility")
        self.assertEqual((message.category, message.pricing_type), ("utility", "regular"))
        self.assertEqual((message.cost, message.is_price_reported), (0.008, True))

    def test_a_free_message_costs_nothing_whatever_was_expected(self):
        self.use_up_allowance()
        for pricing_type in ("free_customer_service", "free_entry_point"):
            message = self.answer_message()
            self.assertEqual(message.cost, 0.008)
            self.send()
            self.receive(
                self.status_body(
                    "sent", message.wamid, pricing={**PRICING, "type": pricing_type, "category": "service"}
                )
            )
            self.assertEqual((message.cost, message.pricing_type), (0, pricing_type))

    def test_the_surcharge_stays_when_whatsapp_reports_its_price(self):
        self.use_up_allowance()
        self.contact.last_message_date = fields.Datetime.now() - timedelta(hours=50)
        message = self.answer_message()
        self.send()
        self.report(category="service")
        self.assertEqual((message.price, message.surcharge, message.cost), (0.008, 0.01, 0.018))

    def test_odd_pricing_objects_do_no_harm(self):
        message = self.answer_message()
        self.send()
        for pricing in (None, [], "free", {}, {"type": 7, "category": ["x"]}, {"category": "new_kind", "type": "new"}):
            self.receive(self.status_body("sent", pricing=pricing))
        self.assertEqual(message.category, "service")
        self.assertFalse(self.env["whatsapp.cs.event"].search([("state", "=", "failed")]))

    # === SUMS === #

    def test_costs_are_summed_by_conversation_partner_lead_and_month(self):
        self.use_up_allowance()
        for wamid in ("wamid.OUT1", "wamid.OUT2"):
            self.answer_message()
            self.send()
            self.receive(self.status_body("delivered", wamid, pricing={**PRICING, "category": "service"}))
        conversation = self.get_conversation(NUMBER)
        lead = self.env["crm.lead"].create({"name": "Ana", "partner_id": self.contact.partner_id.id})
        conversation.lead_id = lead
        editor = {"user": self.editor}
        for record in (conversation, self.contact.partner_id, lead):
            record = record.with_user(editor["user"])
            record.invalidate_recordset()
            cost = record.cost if record._name == "whatsapp.cs.conversation" else record.whatsapp_cs_cost
            self.assertAlmostEqual(cost, 0.016, msg=record._name)
        [(month, count, cost)] = (
            self.env["whatsapp.cs.cost.report"]
            .with_user(self.analyst)
            ._read_group([("channel_id", "=", self.channel.id)], ["date:month"], ["message_count:sum", "cost:sum"])
        )
        self.assertEqual((month.month, count), (fields.Date.today().month, 2))
        self.assertAlmostEqual(cost, 0.016)
        action = conversation.with_user(self.editor).action_view_costs()
        self.assertEqual(len(self.env["whatsapp.cs.message"].search(action["domain"])), 2)

    def test_what_failed_costs_nothing(self):
        self.use_up_allowance()
        self.answer_message()
        self.send()
        self.receive(self.status_body("failed", errors=[{"code": 131026}]))
        self.assertEqual(self.get_conversation(NUMBER).cost, 0)
        self.assertFalse(self.env["whatsapp.cs.cost.report"].search([("channel_id", "=", self.channel.id)]))

    def test_the_report_has_no_text_and_no_customer(self):
        names = set(self.env["whatsapp.cs.cost.report"]._fields)
        self.assertFalse(names & {"body", "contact_id", "partner_id", "content"})

    # === BUDGET === #

    def spend(self, cost):
        message = self.answer_message()
        message.write({"state": "delivered", "price": cost})
        self.env.flush_all()
        self.account.invalidate_recordset()

    def test_the_account_shows_the_cost_of_the_month_and_its_forecast(self):
        self.spend(10)
        self.assertAlmostEqual(self.account.month_cost, 10)
        self.assertGreaterEqual(self.account.forecast_cost, 10)
        action = self.account.action_view_costs()
        self.assertIn(("account_id", "=", self.account.id), action["domain"])

    def test_an_alert_comes_before_the_budget_is_used_up(self):
        self.account.monthly_budget = 100
        self.spend(79)
        self.run_cron("health_measure")
        alert = [("kind", "=", "budget"), ("closed_date", "=", False)]
        self.assertFalse(self.env["whatsapp.cs.alert"].search(alert))
        self.spend(2)
        self.run_cron("health_measure")
        found = self.env["whatsapp.cs.alert"].search(alert)
        self.assertEqual((found.subject, round(found.value)), (self.account.name, 81))
        self.assertIn("81 % of its budget", found.detail)
        self.account.monthly_budget = 200
        self.run_cron("health_measure")
        self.assertFalse(self.env["whatsapp.cs.alert"].search(alert))
