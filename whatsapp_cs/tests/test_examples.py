from datetime import timedelta

from odoo.tests import tagged

from .common import WhatsappCsCommon

# What customers ask, and words of the answer they get: in English, in Hindi, and in Hindi with Latin letters.
QUESTIONS = {
    "price_en": [("How much is the blue kettle?", "Prices depend")],
    "price_hi": [
        ("यह केतली कितने की है?", "कीमत साइज़"),
        ("bhaiya ye kitne ka hai", "कीमत साइज़"),
        ("दाम बताइए", "कीमत साइज़"),
    ],
    "shipping_en": [
        ("how much is shipping to Pune?", "shipping fee depends"),
        ("Delivery charges??", "shipping fee depends"),
    ],
    "shipping_hi": [("डिलीवरी चार्ज कितना है", "डिलीवरी चार्ज आपके"), ("delivery charge kitna lagega", "डिलीवरी चार्ज आपके")],
    "parcel_en": [
        ("WHERE IS MY PARCEL", "how far your parcel is: please send us"),
        ("order status pls", "order number"),
    ],
    "parcel_hi": [
        ("मेरा पार्सल कहाँ है", "ऑर्डर नंबर"),
        ("mera parcel kahan hai yaar", "ऑर्डर नंबर"),
        ("कब आएगा?", "ऑर्डर नंबर"),
    ],
    "return_en": [("I want to return my shoes", "return label"), ("Can I get a refund", "return label")],
    "return_hi": [("मुझे यह वापस करना है", "वापसी का लेबल"), ("wapas karna hai", "वापसी का लेबल")],
    "exchange_en": [("I need a different size", "exchange unused goods")],
    "exchange_hi": [("साइज़ बदलना है", "सामान बदल सकते"), ("shirt badalna hai", "सामान बदल सकते")],
    "hours_en": [("What are your opening hours?", "from 8:00 to 22:00")],
    "hours_hi": [("दुकान कितने बजे खुलती है", "सुबह 8 बजे"), ("kab khulta hai", "सुबह 8 बजे")],
    "store_en": [("where is your shop", "Your nearest store: send us your location")],
    "store_hi": [("आपकी दुकान कहाँ है", "पेपर क्लिप"), ("nazdiki dukan batao", "पेपर क्लिप")],
    "greeting_hi": [("नमस्ते", "आपका स्वागत है"), ("Namaste ji", "आपका स्वागत है")],
}


@tagged("post_install", "-at_install")
class TestExamples(WhatsappCsCommon):
    """The examples in English and Hindi do what they say when an administrator switches them on (AR10)."""

    def setUp(self):
        super().setUp()
        self.people = 0

    def get_example(self, name):
        return self.env.ref(f"whatsapp_cs.example_{name}")

    def switch_on(self, *names):
        for name in names:
            self.get_example(name).with_user(self.administrator).active = True

    def switch_on_all(self):
        rules = self.env["whatsapp.cs.auto.reply"].with_context(active_test=False).search([])
        self.switch_on_rules(rules.with_user(self.administrator))

    def switch_on_rules(self, rules):
        rules.active = True

    def ask(self, text, wa_id=None):
        """Let somebody ask, a new person by default; return what they get."""
        self.people += 1
        wa_id = wa_id or f"9198000{self.people:05}"
        self.receive(self.text_body(text, f"wamid.E{self.people}", wa_id=wa_id, name="Priya"))
        return [self.get_words(payload) for payload in self.send()]

    @staticmethod
    def get_words(payload):
        kind = payload["type"]
        return payload["interactive"]["body"]["text"] if kind == "interactive" else payload[kind].get("body", "")

    def test_all_are_switched_off_at_first(self):
        self.assertFalse(self.ask("How much is it?") + self.ask("नमस्ते"))

    def test_each_answers_its_question_in_english_and_hindi(self):
        self.switch_on_all()
        self.channel.tz = "UTC"
        for name, questions in QUESTIONS.items():
            for question, words in questions:
                with self.subTest(example=name, question=question):
                    answers = self.ask(question)
                    self.assertEqual(len(answers), 1)
                    self.assertIn(words, answers[0])

    def test_each_alone_answers_its_question(self):
        for name, questions in QUESTIONS.items():
            self.switch_on(name)
            with self.subTest(example=name):
                self.assertIn(questions[0][1], self.ask(questions[0][0])[0])
            self.get_example(name).active = False

    def test_what_is_no_question_of_theirs_is_left_to_people(self):
        self.switch_on(*QUESTIONS)
        for text in ("Do you sell gift cards?", "क्या आप गिफ्ट कार्ड बेचते हैं?", "Thanks a lot"):
            self.assertFalse(self.ask(text), text)

    def test_greeting_and_off_hours_reply_speak_the_customers_language(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        self.env["ir.module.module"].search([("name", "=", "whatsapp_cs")])._update_translations(["hi_IN"])
        self.switch_on("greeting", "off_hours")
        self.channel.write({"off_hours_from": 0, "off_hours_to": 0})
        [english] = self.ask("Hello", wa_id="919800020001")
        self.assertIn("Hello Priya, welcome to", english)
        self.channel.lang = "hi_IN"
        [hindi] = self.ask("Hello", wa_id="919800020002")
        self.assertIn("नमस्ते Priya", hindi)
        self.channel.write({"off_hours_from": 0, "off_hours_to": 23.98})
        self.assertIn("We are closed now", self.ask("Hello again", wa_id="919800020001")[0])
        self.assertIn("अभी हम बंद हैं", self.ask("Hello", wa_id="919800020003")[0])

    # === QUESTIONNAIRE === #

    def get_choices(self, payload):
        """Return ``[(id, title)]`` of what can be pressed under a message."""
        action = payload.get("interactive", {}).get("action", {})
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        rows += [button["reply"] for button in action.get("buttons", ())]
        return [(row["id"], row["title"]) for row in rows if row["id"] != "whatsapp_cs.person"]

    def press(self, choice, wa_id):
        self.people += 1
        payload = self.text_body("x", f"wamid.E{self.people}", wa_id=wa_id, name="Priya")
        message = payload["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        reply = {"type": "list_reply", "list_reply": {"id": choice[0], "title": choice[1]}}
        message.update(type="interactive", interactive=reply)
        self.receive(payload)
        return self.send()

    def go_through(self, question, wa_id, number=0):
        """Start the questionnaire and press one answer of each question; return how many there were, and what came last."""
        self.people += 1
        self.receive(self.text_body(question, f"wamid.E{self.people}", wa_id=wa_id, name="Priya"))
        asked, sent = 0, self.send()
        while choices := [choice for payload in sent for choice in self.get_choices(payload)]:
            asked += 1
            sent = self.press(choices[min(number, len(choices) - 1)], wa_id)
        return asked, [self.get_words(payload) for payload in sent]

    def test_the_skin_questionnaire_recommends_three_products(self):
        for lang, question, products in (
            ("en", "What is my skin type?", ("Gentle Cream Cleanser", "Rich Day Cream", "Sun Fluid SPF 50")),
            ("hi", "मेरी त्वचा के लिए क्या लूँ?", ("जेंटल क्रीम क्लींज़र", "रिच डे क्रीम", "सन फ़्लूइड SPF 50")),
        ):
            self.get_example(f"bot_skin_{lang}").with_user(self.administrator).action_publish()
            self.switch_on(f"skin_{lang}")
            with self.subTest(lang=lang):
                asked, said = self.go_through(question, f"91980002000{len(lang + question) % 10}")
                self.assertEqual(asked, 5)
                for product in products:
                    self.assertIn(product, "\n".join(said))

    def test_other_skin_gets_other_products(self):
        self.get_example("bot_skin_en").with_user(self.administrator).action_publish()
        self.switch_on("skin_en")
        _asked, said = self.go_through("skin test please", "919800020001", number=1)
        self.assertIn("Clear Gel Cleanser", "\n".join(said))
        self.assertNotIn("Rich Day Cream", "\n".join(said))

    def test_who_does_not_buy_hears_of_us_two_days_after_the_questionnaire(self):
        self.get_example("bot_skin_en").with_user(self.administrator).action_publish()
        self.switch_on("skin_en")
        template = self.sync_templates(
            self.template_data(components=[{"type": "BODY", "text": "Two days ago we recommended something for you."}])
        )
        rule = self.get_example("follow_up_skin_en").with_user(self.editor)
        rule.write({"template_id": template.id, "active": True, "hour_to": rule.hour_from})
        self.go_through("skin test please", "919800020001")
        for table, name in (("customer_event", "date"), ("contact", "last_message_date")):
            self.cr.execute(f"UPDATE whatsapp_cs_{table} SET {name} = {name} - interval '6 seconds'")
        self.env.invalidate_all()
        self.run_cron("customer_event_process")
        job = self.env["whatsapp.cs.follow.up.job"].search([("follow_up_id", "=", rule.id)])
        self.assertEqual((job.state, job.contact_id), ("waiting", self.get_contact("919800020001")))
        self.assertEqual(round((job.due_date - job.cause_date).total_seconds() / 3600), 48)
        names = ("due_date", "planned_date")
        job.write({name: job[name] - timedelta(hours=48, seconds=10) for name in names})
        self.get_contact("919800020001").window_end_date -= timedelta(hours=48)
        self.run_cron("follow_up_run")
        self.assertEqual([payload["type"] for payload in self.send()], ["template"])
        self.assertEqual(job.state, "sent")

    # === TWICE IN A ROW === #

    def test_instalments_are_offered_to_who_finds_it_too_expensive_twice_in_a_row(self):
        self.switch_on("instalments_en", "instalments_hi")
        for wa_id, first, second, words in (
            ("919800020001", "That is too expensive", "Still too expensive for me!", "3 monthly instalments"),
            ("919800020002", "बहुत महंगा है", "फिर भी महँगा है", "3 मासिक किश्तों"),
            ("919800020003", "bahut mehnga hai", "ye mehenga hai bhai", "3 मासिक किश्तों"),
        ):
            self.assertFalse(self.ask(first, wa_id))
            [answer] = self.ask(second, wa_id)
            self.assertIn(words, answer)

    def test_with_something_else_in_between_it_is_not_in_a_row(self):
        self.switch_on("instalments_en")
        for text in ("Too expensive", "Do you have it in blue?", "too expensive"):
            self.assertFalse(self.ask(text, "919800020001"), text)
