from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.whatsapp_cs.tools import text_match

from .common import WhatsappCsCommon

NUMBER = "32470123456"  # one that Odoo takes for possible


@tagged("post_install", "-at_install")
class TestConsent(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello", wa_id=NUMBER, name="Ana"))
        self.contact = self.get_contact(NUMBER)

    def write_to_us(self, text, wamid="wamid.A2", **kwargs):
        """Let Ana write."""
        self.receive(self.text_body(text, wamid, **{"wa_id": NUMBER, "name": "Ana", **kwargs}))

    def get_sent_texts(self):
        return [payload["text"]["body"] for payload in self.send()]

    def get_reply(self, lang, consent):
        return self.env.ref(f"whatsapp_cs.consent_language_{lang}")[f"{consent}_reply"]

    def is_blacklisted(self, number=NUMBER):
        return bool(self.env["phone.blacklist"].search([("number", "=", f"+{number}")]))

    def receive_preference(self, value, wa_id=NUMBER, **extra):
        preference = {"wa_id": wa_id, "category": "marketing_messages", "value": value, "detail": "User chose it"}
        body = self.envelope(user_preferences=[{**preference, **extra}])
        body["entry"][0]["changes"][0]["field"] = "user_preferences"
        self.receive(body)

    # === WORDS === #

    def test_who_writes_stop_has_opted_out_with_message_and_date_as_proof(self):
        self.write_to_us("Stop!")
        self.assertEqual((self.contact.consent, self.contact.consent_source), ("out", "message"))
        [entry] = self.contact.consent_ids
        self.assertEqual((entry.message_id.wamid, entry.proof), ("wamid.A2", "Stop!"))
        self.assertEqual(entry.date, entry.message_id.date)

    def test_opting_out_is_confirmed_once(self):
        self.write_to_us("STOP")
        self.write_to_us("stop", "wamid.A3")
        self.assertEqual(self.get_sent_texts(), [self.get_reply("en", "out")])
        self.assertEqual(len(self.contact.consent_ids), 1)
        self.assertIn("no more offers", " ".join(self.get_texts(self.get_thread(NUMBER))))

    def test_start_opts_in_again(self):
        self.write_to_us("STOP")
        self.write_to_us("Start", "wamid.A3")
        self.assertEqual(self.contact.consent, "in")
        self.assertEqual(self.get_sent_texts(), [self.get_reply("en", "out"), self.get_reply("en", "in")])

    def test_the_words_of_every_language_opt_out_and_in_and_are_answered_in_it(self):
        words = {
            "hi": ("रोकें।", "शुरू करें"),
            "es": ("baja", "¡Alta!"),
            "pt": ("nao quero mais", "Voltar"),
            "id": ("Berhenti.", "mulai"),
            "ar": ("ايقاف", "ابدا"),
        }
        for number, (lang, pair) in enumerate(words.items()):
            for consent, word in zip(("out", "in"), pair, strict=True):
                with self.subTest(lang=lang, consent=consent):
                    self.write_to_us(word, f"wamid.{lang}{consent}", wa_id=f"3247012340{number}")
                    self.assertEqual(self.get_contact(f"3247012340{number}").consent, consent)
                    self.assertEqual(self.get_sent_texts(), [self.get_reply(lang, consent)])

    def test_stop_is_answered_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.contact.partner_id.lang = "es_ES"
        self.write_to_us("STOP")
        self.assertEqual(self.get_sent_texts(), [self.get_reply("es", "out")])

    def test_a_word_within_a_sentence_changes_nothing(self):
        for number, text in enumerate(("Please stop the delivery", "Stop it", "बंद करें दुकान कब", "nonstop", "🛑", "")):
            self.write_to_us(text, f"wamid.N{number}")
        self.assertEqual(self.contact.consent, "unknown")
        self.assertFalse(self.send())

    def test_words_are_compared_without_case_accents_and_punctuation_in_any_script(self):
        for one, other in (
            ("NÃO  quero mais!!", "nao quero mais"),
            ("إِيقَاف", "ايقاف"),
            ("إيــقاف", "إيقاف"),
            ("बँद करें", "बंद करें।"),
            ("ＳＴＯＰ\u200f", "stop"),
            ("no ma\u0301s", "no más"),
        ):
            self.assertEqual(text_match.normalize(one), text_match.normalize(other), one)
        self.assertNotEqual(text_match.normalize("रोकें"), text_match.normalize("रकं"), "vowels are no accents")

    def test_the_words_are_data_that_administrators_edit(self):
        language = self.env.ref("whatsapp_cs.consent_language_en").with_user(self.administrator)
        language.out_words += "\nEnough!"
        self.write_to_us("enough")
        self.assertEqual(self.contact.consent, "out")

    def test_a_word_can_not_mean_both(self):
        with self.assertRaisesRegex(ValidationError, "“stop” can't opt out and in"):
            self.env.ref("whatsapp_cs.consent_language_es").in_words += "\nStop"

    # === META === #

    def test_what_the_customer_sets_in_whatsapp_counts(self):
        self.receive_preference("stop")
        self.assertEqual((self.contact.consent, self.contact.consent_source), ("out", "meta"))
        self.assertEqual(self.contact.consent_ids.proof, "User chose it")
        self.receive_preference("resume", timestamp=int(fields.Datetime.now().timestamp()))
        self.assertEqual(self.contact.consent, "in")
        self.assertFalse(self.send(), "nobody wrote to us, so nothing is confirmed")

    def test_a_setting_that_arrives_late_is_kept_and_changes_nothing(self):
        self.write_to_us("START")
        self.receive_preference("stop", timestamp=1700000000)
        self.assertEqual(self.contact.consent, "in")
        self.assertEqual(sorted(self.contact.consent_ids.mapped("consent")), ["in", "out"])

    def test_the_setting_of_somebody_who_never_wrote_is_kept(self):
        self.receive_preference("stop", wa_id="32470999999")
        self.assertEqual(self.get_contact("32470999999").consent, "out")

    def test_a_setting_that_names_nobody_is_a_failed_webhook(self):
        self.receive_preference("stop", wa_id=None)
        event = self.env["whatsapp.cs.event"].search([], limit=1)
        self.assertEqual((event.state, event.failure_type), ("failed", "malformed"))

    def test_a_message_that_is_refused_because_the_customer_opted_out_says_so(self):
        self.answer(wa_id=NUMBER)
        self.send()
        errors = [{"code": 131050, "title": "User stopped marketing messages"}]
        self.receive(self.status_body("failed", errors=errors))
        self.assertEqual((self.contact.consent, self.contact.consent_source), ("out", "refusal"))
        self.assertIn("131050", self.contact.consent_ids.proof)

    # === BLACKLIST === #

    def test_the_phone_blacklist_follows_the_customer(self):
        self.write_to_us("STOP")
        self.assertTrue(self.is_blacklisted())
        self.write_to_us("START", "wamid.A3")
        self.assertFalse(self.is_blacklisted())

    def test_the_customer_follows_the_phone_blacklist(self):
        self.env["phone.blacklist"].add(f"+{NUMBER}")
        self.assertEqual((self.contact.consent, self.contact.consent_source), ("out", "blacklist"))
        self.env["phone.blacklist"].remove(f"+{NUMBER}")
        self.assertEqual(self.contact.consent, "unknown", "nothing is refused, nothing agreed to")
        self.assertEqual(self.contact.consent_ids.mapped("consent"), ["unknown", "out"])

    def test_a_number_taken_off_the_blacklist_by_deleting_it_is_lifted_too(self):
        self.write_to_us("STOP")
        self.env["phone.blacklist"].search([("number", "=", f"+{NUMBER}")]).unlink()
        self.assertEqual(self.contact.consent, "unknown")

    def test_a_number_stays_off_the_blacklist_while_its_owner_is_opted_in_elsewhere(self):
        other = self._create_channel(self.account, "2002", "+1 555 0200")
        contact = self.env["whatsapp.cs.contact"].create({"channel_id": other.id, "wa_id": NUMBER})
        contact._note_consent("in", "import", proof="form 12")
        self.write_to_us("STOP")
        self.assertEqual((self.contact.consent, contact.consent), ("out", "in"))
        self.assertFalse(self.is_blacklisted())

    # === BY HAND === #

    def test_an_agent_notes_what_the_customer_said_by_phone(self):
        action = self.contact.with_user(self.agent).action_note_opt_in()
        form = Form(self.env["whatsapp.cs.consent"].with_user(self.agent).with_context(**action["context"]))
        form.proof = "“Yes, send me offers”, call of Monday"
        entry = form.save()
        self.assertEqual((self.contact.consent, self.contact.consent_source), ("in", "phone"))
        self.assertEqual(entry.user_id, self.agent)

    def test_a_note_without_proof_or_in_the_future_is_refused(self):
        Consent = self.env["whatsapp.cs.consent"].with_user(self.agent)
        values = {"contact_id": self.contact.id, "consent": "in", "source": "writing", "proof": "form 12"}
        with self.assertRaisesRegex(ValidationError, "Enter the proof"):
            Consent.create({**values, "proof": " "})
        with self.assertRaisesRegex(ValidationError, "future"):
            Consent.create({**values, "date": fields.Datetime.now() + timedelta(days=1)})

    def test_nobody_can_forge_or_change_an_entry(self):
        Consent = self.env["whatsapp.cs.consent"].with_user(self.administrator)
        values = {"contact_id": self.contact.id, "consent": "in", "proof": "x"}
        with self.assertRaisesRegex(AccessError, "noted by hand"):
            Consent.create({**values, "source": "message"})
        with self.assertRaisesRegex(UserError, "has opted in, or out"):
            Consent.create({**values, "consent": "unknown", "source": "phone"})
        entry = Consent.create({**values, "source": "phone", "user_id": self.agent.id})
        self.assertEqual(entry.user_id, self.administrator)
        with self.assertRaises(AccessError):
            entry.proof = "y"
        with self.assertRaises(AccessError):
            entry.unlink()
        with self.assertRaises(AccessError):
            self.contact.with_user(self.administrator).consent = "out"

    def test_an_agent_notes_nothing_for_a_colleagues_customer(self):
        self.answer(user=self.agent_2, wa_id=NUMBER)
        values = {"contact_id": self.contact.id, "consent": "in", "source": "phone", "proof": "x"}
        with self.assertRaises(AccessError):
            self.env["whatsapp.cs.consent"].with_user(self.agent).create(values)
