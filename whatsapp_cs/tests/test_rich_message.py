from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestRichMessage(WhatsappCsCommon):
    """Buttons, lists, links, places, contacts, products and forms from the composer."""

    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))

    def compose(self, kind, user=None, **values):
        self.get_thread().with_user(user or self.agent).whatsapp_cs_send_rich(kind, values)

    def compose_and_send(self, kind, **values):
        self.compose(kind, **values)
        [payload] = self.send()
        return payload

    def test_buttons(self):
        payload = self.compose_and_send(
            "buttons", body="Shall we *deliver*?", buttons=["Yes", "No", ""], footer="Reply any time"
        )
        interactive = payload["interactive"]
        self.assertEqual((payload["type"], interactive["type"]), ("interactive", "button"))
        self.assertEqual(interactive["body"], {"text": "Shall we *deliver*?"})
        self.assertEqual([b["reply"]["title"] for b in interactive["action"]["buttons"]], ["Yes", "No"])
        message = self.get_conversation().message_ids[:1]
        self.assertEqual(message._get_card()["buttons"], ["Yes", "No"])
        self.assertIn("<b>deliver</b>", message.mail_message_id.body)
        self.assertEqual(self.get_conversation().state, "waiting")

    def test_a_list(self):
        rows = [{"title": f"Slot {n}", "description": "Tuesday"} for n in range(10)]
        payload = self.compose_and_send(
            "list", body="Pick one", opener="Times", sections=[{"title": "Tuesday", "rows": rows}]
        )
        action = payload["interactive"]["action"]
        self.assertEqual((action["button"], len(action["sections"][0]["rows"])), ("Times", 10))
        self.assertEqual(len({row["id"] for row in action["sections"][0]["rows"]}), 10)

    def test_a_link_a_place_a_request_products_a_form(self):
        payload = self.compose_and_send("link", body="Your invoice", label="Open", url="https://shop.example/i/9?a=b")
        self.assertEqual(
            payload["interactive"]["action"]["parameters"],
            {"display_text": "Open", "url": "https://shop.example/i/9?a=b"},
        )
        payload = self.compose_and_send("location", latitude="12,97", longitude=77.59, name="Shop")
        self.assertEqual(payload["location"], {"latitude": 12.97, "longitude": 77.59, "name": "Shop"})
        payload = self.compose_and_send("location_request", body="Where are you?")
        self.assertEqual(payload["interactive"]["action"], {"name": "send_location"})
        self.channel.catalog_id = "777"
        payload = self.compose_and_send("products", products=["SKU-1"])
        self.assertEqual(payload["interactive"]["action"], {"catalog_id": "777", "product_retailer_id": "SKU-1"})
        payload = self.compose_and_send("products", header="For you", body="Look", products=["SKU-1", "SKU-2"])
        self.assertEqual(payload["interactive"]["type"], "product_list")
        payload = self.compose_and_send("flow", body="Book", label="Book now", flow="123")
        self.assertEqual(payload["interactive"]["action"]["parameters"]["flow_id"], "123")

    def test_a_contact_card_of_a_partner(self):
        firm = self.env["res.partner"].create({"name": "Kaveri Ltd", "is_company": True})
        ravi = self.env["res.partner"].create(
            {"name": "Ravi Rao", "phone": "+91 98000-77777", "email": "ravi@example.com", "parent_id": firm.id}
        )
        payload = self.compose_and_send("contacts", partner_ids=ravi.ids)
        [card] = payload["contacts"]
        self.assertEqual(card["name"], {"formatted_name": "Ravi Rao", "first_name": "Ravi", "last_name": "Rao"})
        self.assertEqual((card["phones"][0]["wa_id"], card["org"]), ("919800077777", {"company": "Kaveri Ltd"}))
        ravi.phone = "(080) 555-0100"  # nobody knows which country
        self.assertEqual(
            self.compose_and_send("contacts", partner_ids=ravi.ids)["contacts"][0]["phones"],
            [{"phone": "(080) 555-0100", "type": "WORK"}],
        )

    def test_every_limit_has_its_sentence(self):
        rows = [{"title": str(n)} for n in range(11)]
        for kind, values, sentence in (
            ("buttons", {"body": "x", "buttons": []}, "1 to 3 buttons"),
            ("buttons", {"body": "x", "buttons": list("abcd")}, "1 to 3 buttons"),
            ("buttons", {"body": "x", "buttons": ["a", "a"]}, "same title"),
            ("buttons", {"body": "x", "buttons": ["a" * 21]}, "“Button” has 21 characters; WhatsApp takes at most 20"),
            ("buttons", {"body": "x", "buttons": ["🙂" * 11]}, "has 22 characters"),
            ("buttons", {"body": "", "buttons": ["a"]}, "needs a text"),
            ("buttons", {"body": "x" * 1025, "buttons": ["a"]}, "at most 1024"),
            ("buttons", {"body": "x", "header": "h" * 61, "buttons": ["a"]}, "“Header” has 61"),
            ("buttons", {"body": "x", "footer": "h" * 61, "buttons": ["a"]}, "“Footer” has 61"),
            (
                "list",
                {"body": "x", "opener": "o", "sections": [{"rows": rows}]},
                "1 to 10 rows in all; this one has 11",
            ),
            ("list", {"body": "x", "opener": "o", "sections": []}, "1 to 10 rows"),
            ("list", {"body": "x", "opener": "", "sections": [{"rows": rows[:1]}]}, "needs a title"),
            (
                "list",
                {"body": "x", "opener": "o", "sections": [{"rows": rows[:1]}, {"rows": rows[:1]}]},
                "each needs a title",
            ),
            (
                "list",
                {"body": "x", "opener": "o", "sections": [{"rows": [{"title": "", "description": "d"}]}]},
                "no title",
            ),
            ("list", {"body": "x", "opener": "o", "sections": [{"rows": [{"title": "r" * 25}]}]}, "at most 24"),
            ("link", {"body": "x", "label": "", "url": "https://a.example"}, "needs a label"),
            ("link", {"body": "x", "label": "l", "url": "javascript:alert(1)"}, "begin with https"),
            ("location", {"latitude": "", "longitude": "1"}, "latitude"),
            ("location", {"latitude": "91", "longitude": "1"}, "latitude"),
            ("location", {"latitude": "nan", "longitude": "1"}, "latitude"),
            ("contacts", {"partner_ids": []}, "at least one contact"),
            ("products", {"products": ["a"]}, "no catalogue"),
            ("flow", {"body": "x", "label": "", "flow": ""}, "needs the id"),
            ("hologram", {}, "no message of this kind"),
        ):
            with self.subTest(kind=kind, values=str(values)[:60]), self.assertRaisesRegex(UserError, sentence):
                self.compose(kind, **values)
        self.assertFalse(self.send())

    def test_odd_values_are_refused_with_a_sentence(self):
        names = (
            "body",
            "buttons",
            "sections",
            "opener",
            "label",
            "url",
            "latitude",
            "longitude",
            "partner_ids",
            "products",
            "flow",
        )
        for kind in ("buttons", "list", "link", "location", "contacts", "products", "flow", "location_request"):
            for odd in (None, True, [], {}, [None], [{}]):
                with self.subTest(kind=kind, odd=odd), self.assertRaises(UserError):
                    self.compose(kind, **dict.fromkeys(names, odd))

    def test_it_takes_what_an_answer_takes(self):
        self.answer("Yes?")
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.compose("link", user=self.agent_2, body="x", label="l", url="https://a.example")
        self.get_contact().window_end_date = "2020-01-01"
        with self.assertRaisesRegex(UserError, "window is closed"):
            self.compose("link", body="x", label="l", url="https://a.example")

    def test_a_client_can_not_smuggle_content_in(self):
        thread = (
            self.get_thread().with_user(self.agent).with_context(whatsapp_cs_rich=["interactive", {"type": "evil"}])
        )
        thread.sudo().message_post(body="Hi", message_type="comment", subtype_xmlid="mail.mt_comment")
        [payload] = self.send()
        self.assertEqual((payload["type"], payload["text"]["body"]), ("text", "Hi"))
