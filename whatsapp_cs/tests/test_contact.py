from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestContact(WhatsappCsCommon):
    def receive_from(self, wamid="wamid.A1", **sender):
        self.receive(self.text_body(wamid=wamid, **sender))

    def create_partner(self, phone, country="base.be", **values):
        return self.env["res.partner"].create(
            {"name": "Known", "phone": phone, "country_id": country and self.env.ref(country).id, **values}
        )

    def test_a_new_person_becomes_a_partner_with_name_number_and_country(self):
        self.receive_from(wa_id="32470123456", name="Lotte Peeters")
        partner = self.get_contact("32470123456").partner_id
        self.assertEqual(
            (partner.name, partner.phone, partner.country_id.code), ("Lotte Peeters", "+32 470 12 34 56", "BE")
        )

    def test_somebody_without_a_name_is_called_by_the_number(self):
        self.receive_from(wa_id="32470123456")
        self.assertEqual(self.get_contact("32470123456").name, "+32 470 12 34 56")

    def test_a_known_partner_is_found_however_the_number_is_written(self):
        for number, phone, country in (
            ("32470123456", "+32470123456", None),
            ("32470123457", "0470 12 34 57", "base.be"),
            ("32470123458", "0032 (0)470-12.34.58", "base.be"),
            ("5511987654321", "+55 11 8765-4321", "base.br"),
            ("551187654322", "+55 11 98765-4322", "base.br"),
            ("5215512345678", "+52 55 1234 5678", "base.mx"),
            ("5491123456789", "+54 11 2345-6789", "base.ar"),
            ("919812345678", "098123 45678", "base.in"),
        ):
            with self.subTest(phone=phone):
                partner = self.create_partner(phone, country)
                self.receive_from(wamid=f"wamid.{number}", wa_id=number, name="Somebody")
                self.assertEqual(self.get_contact(number).partner_id, partner)

    def test_a_number_written_for_home_use_is_found_without_any_country(self):
        self.company.country_id = False
        for number, phone in (
            ("32470123456", "0470/12 34 56"),
            ("919812345678", "98123-45678"),
            ("34600100200", "600 100 200"),
        ):
            with self.subTest(phone=phone):
                partner = self.create_partner(phone, None)
                self.assertFalse(partner.phone_sanitized)
                self.receive_from(wamid=f"wamid.{number}", wa_id=number)
                self.assertEqual(self.get_contact(number).partner_id, partner)

    def test_a_number_that_only_ends_alike_is_somebody_else(self):
        self.company.country_id = False
        partner = self.create_partner("0123 470 12 34 56", None)
        self.receive_from(wa_id="32470123456")
        self.assertNotEqual(self.get_contact("32470123456").partner_id, partner)

    def test_of_several_partners_with_one_number_the_oldest_person_is_meant(self):
        self.create_partner("+32470123456", is_company=True)
        person = self.create_partner("+32470123456")
        self.create_partner("+32470123456")
        self.receive_from(wa_id="32470123456")
        self.assertEqual(self.get_contact("32470123456").partner_id, person)

    def test_an_archived_partner_or_another_companys_is_not_taken(self):
        other_company = self.env["res.company"].create({"name": "Other"})
        self.create_partner("+32470123456", company_id=other_company.id)
        self.create_partner("+32470123456", active=False)
        self.receive_from(wa_id="32470123456", name="New")
        self.assertEqual(self.get_contact("32470123456").partner_id.name, "New")

    def test_brazils_ninth_digit_makes_no_second_contact(self):
        self.receive_from(wa_id="5511987654321", name="João")
        self.receive_from(wamid="wamid.A2", wa_id="551187654321", name="João")
        contacts = self.env["whatsapp.cs.contact"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual(len(contacts), 1)
        self.assertEqual(contacts.wa_id, "551187654321")  # WhatsApp's newest form is the one to answer to

    def test_somebody_who_hides_the_number_is_kept_apart_and_can_be_answered(self):
        stranger = self.create_partner("+32470123456", name="Núria")
        self.receive_from(user_id="ES.13491208655302741904", name="Núria")
        contact = self.env["whatsapp.cs.contact"].search([("meta_user_id", "=", "ES.13491208655302741904")])
        self.assertNotEqual(contact.partner_id, stranger)
        self.assertFalse(contact.partner_id.phone)
        contact.discuss_channel_id.with_user(self.agent).sudo().message_post(
            body="Hola", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        sent = self.send()
        self.assertEqual(sent[0]["recipient"], "ES.13491208655302741904")
        self.assertNotIn("to", sent[0])

    def test_a_number_that_becomes_known_joins_the_contact(self):
        self.receive_from(user_id="BE.77", name="Lotte")
        contact = self.env["whatsapp.cs.contact"].search([("meta_user_id", "=", "BE.77")])
        self.receive_from(wamid="wamid.A2", user_id="BE.77", wa_id="32470123456", name="Lotte")
        self.assertEqual(contact.wa_id, "32470123456")
        self.assertEqual(contact.partner_id.phone, "+32 470 12 34 56")
        self.receive_from(wamid="wamid.A3", wa_id="32470123456", name="Lotte")
        self.assertEqual(contact.conversation_ids.inbound_count, 3)

    def test_a_number_that_becomes_known_leads_to_the_partner_who_has_it(self):
        self.receive_from(user_id="BE.77", name="Lotte")
        partner = self.create_partner("+32470123456", name="Lotte Peeters")
        self.receive_from(wamid="wamid.A2", user_id="BE.77", wa_id="32470123456", name="Lotte")
        self.assertEqual(self.get_contact("32470123456").partner_id, partner)

    def test_a_known_customer_who_hides_the_number_later_stays_the_same(self):
        self.receive_from(wa_id="32470123456", user_id="BE.77", name="Lotte")
        self.receive_from(wamid="wamid.A2", user_id="BE.77", name="Lotte")
        self.assertEqual(self.get_contact("32470123456").conversation_ids.inbound_count, 2)

    def test_a_number_that_shows_another_user_is_pointed_out(self):
        self.receive_from(wa_id="32470123456", user_id="BE.77", name="Lotte")
        self.receive_from(wamid="wamid.A2", wa_id="32470123456", user_id="BE.88", name="Jan")
        thread = self.get_contact("32470123456").discuss_channel_id
        self.assertTrue([text for text in self.get_texts(thread) if "another person" in text])

    def test_what_whatsapp_says_about_a_number_opens_nothing(self):
        body = self.text_body(wamid="wamid.S", wa_id="32470123456")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message.update(type="system", system={"type": "user_changed_number", "body": "Lotte changed the number"})
        self.receive(body)
        self.assertFalse(self.get_contact("32470123456").conversation_ids, "kept, and shown once somebody writes")
        self.receive_from(wa_id="32470123456")
        self.assertIn("changed the number", self.get_texts(self.get_contact("32470123456").discuss_channel_id)[0])
        window_end = self.get_contact("32470123456").window_end_date
        message["id"] = "wamid.S2"
        self.receive(body)
        contact = self.get_contact("32470123456")
        self.assertIn("changed the number", self.get_texts(contact.discuss_channel_id)[-1])
        self.assertEqual((contact.window_end_date, contact.conversation_ids.inbound_count), (window_end, 1))

    def test_a_makeshift_name_is_replaced_when_the_real_one_is_known_and_people_left_it(self):
        body = self.text_body(wamid="wamid.S", wa_id="32470123456")
        body["entry"][0]["changes"][0]["value"].pop("contacts")
        self.receive(body)
        contact = self.get_contact("32470123456")
        self.assertEqual(contact.partner_id.name, "+32 470 12 34 56")
        self.receive_from(wa_id="32470123456", name="Lotte")
        lead = contact.conversation_ids.lead_id
        self.assertEqual((contact.partner_id.name, contact.name, lead.name), ("Lotte", "Lotte", "WhatsApp: Lotte"))
        self.assertEqual(contact.discuss_channel_id.name, "Lotte")

    def test_people_change_the_partner_and_nothing_else(self):
        self.receive_from(wa_id="32470123456")
        contact = self.get_contact("32470123456").with_user(self.editor)
        contact.partner_id = self.create_partner("+32470999999")
        for values in ({"wa_id": "1"}, {"window_end_date": "2030-01-01"}, {"partner_id": 1, "meta_user_id": "X"}):
            with self.assertRaises(AccessError):
                contact.write(values)

    def test_one_person_on_two_numbers_is_one_partner_and_two_contacts(self):
        channel = self._create_channel(self.account, "2002", "+1 555 0102")
        self.receive_from(wa_id="32470123456", name="Lotte")
        body = self.text_body(wamid="wamid.A2", wa_id="32470123456", name="Lotte")
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2002"
        self.receive(body)
        first, second = self.get_contact("32470123456"), self.get_contact("32470123456", channel)
        self.assertTrue(second)
        self.assertEqual(first.partner_id, second.partner_id)
        self.assertNotEqual(first.discuss_channel_id, second.discuss_channel_id)

    def test_the_window_is_open_for_24_hours_from_when_the_customer_wrote(self):
        written = fields.Datetime.now().replace(microsecond=0) - timedelta(hours=3)
        self.receive_from(
            wa_id="32470123456", timestamp=int((written - fields.Datetime.to_datetime("1970-01-01")).total_seconds())
        )
        contact = self.get_contact("32470123456")
        self.assertEqual(contact.window_end_date, written + timedelta(hours=24))
        self.assertTrue(contact.is_window_open)
        self.assertIn(contact, contact.search([("is_window_open", "=", True)]))

    def test_a_message_that_comes_late_does_not_shorten_the_window(self):
        self.receive_from(wa_id="32470123456")
        contact = self.get_contact("32470123456")
        window_end = contact.window_end_date
        self.receive_from(wamid="wamid.OLD", wa_id="32470123456", timestamp=1790000000)
        self.assertEqual(contact.window_end_date, window_end)

    def test_a_clock_that_is_wrong_does_not_open_the_window_for_ever(self):
        self.receive_from(wa_id="32470123456", timestamp=4102444800)
        self.assertLessEqual(
            self.get_contact("32470123456").window_end_date, fields.Datetime.now() + timedelta(hours=24)
        )

    def test_renaming_the_partner_renames_the_thread(self):
        self.receive_from(wa_id="32470123456", name="lotte")
        contact = self.get_contact("32470123456")
        contact.partner_id.name = "Lotte Peeters"
        self.assertEqual((contact.name, contact.discuss_channel_id.name), ("Lotte Peeters", "Lotte Peeters"))

    def test_a_deleted_partner_comes_back_with_the_next_message(self):
        self.receive_from(wa_id="32470123456", name="Lotte")
        contact = self.get_contact("32470123456")
        self.env["crm.lead"].search([("partner_id", "=", contact.partner_id.id)]).unlink()
        contact.partner_id.unlink()
        self.receive_from(wamid="wamid.A2", wa_id="32470123456", name="Lotte")
        self.assertEqual(contact.partner_id.name, "Lotte")
