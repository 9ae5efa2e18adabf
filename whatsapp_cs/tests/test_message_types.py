import json
import time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestMessageTypes(WhatsappCsCommon):
    """What customers can send, as an agent sees it."""

    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))

    def item_body(self, wamid="wamid.T1", **item):
        """Return a body with one message of Ana's of another type than text."""
        body = self.text_body("x", wamid)
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        message.update(item)
        return body

    def get_message(self, wamid="wamid.T1"):
        return self.env["whatsapp.cs.message"].search([("wamid", "=", wamid)])

    def get_card(self, wamid="wamid.T1"):
        """Return the card as an agent's browser gets it."""
        mail_message = self.get_message(wamid).mail_message_id
        data = self.make_jsonrpc_request(
            "/discuss/channel/messages", {"channel_id": self.get_thread().id, "fetch_params": {"limit": 30}}
        )
        [found] = [message for message in data["data"]["mail.message"] if message["id"] == mail_message.id]
        return found["whatsapp_cs_card"]

    def receive_item(self, wamid="wamid.T1", **item):
        self.receive(self.item_body(wamid, **item))
        self.authenticate("wa_agent", "wa_agent")
        return self.get_card(wamid)

    def get_body(self, wamid="wamid.T1"):
        return str(self.get_message(wamid).mail_message_id.body)

    # === CARDS === #

    def test_a_location_is_a_place_on_a_map(self):
        card = self.receive_item(
            type="location",
            location={"latitude": 12.97, "longitude": "77.59", "name": "Cubbon Park", "address": "Bengaluru"},
        )
        self.assertEqual((card["kind"], card["name"], card["latitude"]), ("location", "Cubbon Park", 12.97))
        self.assertIn("mlat=12.97&mlon=77.59", card["url"])
        self.assertIn("Cubbon Park", self.get_body())

    def test_a_contact_card_becomes_a_contact(self):
        card = self.receive_item(
            type="contacts",
            contacts=[
                {
                    "name": {"formatted_name": "Ravi Rao"},
                    "phones": [{"phone": "+91 98000 77777", "wa_id": "919800077777"}],
                }
            ],
        )
        self.assertEqual(card["people"][0]["name"], "Ravi Rao")
        call = {"model": "mail.message", "method": "whatsapp_cs_save_contact", "kwargs": {}}
        call["args"] = [[self.get_message().mail_message_id.id], 0]
        action = self.make_jsonrpc_request("/web/dataset/call_kw", call)
        self.assertEqual(action["context"]["default_name"], "Ravi Rao")
        self.assertEqual(action["context"]["default_phone"], "+91 98000 77777")
        ravi = self.env["res.partner"].create({"name": "Ravi", "phone": "+91 98000 77777"})
        self.assertEqual(self.make_jsonrpc_request("/web/dataset/call_kw", call)["res_id"], ravi.id)

    def test_what_was_chosen_is_shown_and_found(self):
        for number, (item, title) in enumerate(
            (
                (
                    {
                        "type": "interactive",
                        "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "हाँ"}},
                    },
                    "हाँ",
                ),
                (
                    {
                        "type": "interactive",
                        "interactive": {
                            "type": "list_reply",
                            "list_reply": {"id": "s", "title": "10:00", "description": "Tue"},
                        },
                    },
                    "10:00",
                ),
                ({"type": "button", "button": {"payload": "p", "text": "نعم"}}, "نعم"),
            )
        ):
            with self.subTest(title=title):
                card = self.receive_item(f"wamid.R{number}", **item)
                self.assertEqual((card["kind"], card["title"]), ("reply", title))
                self.assertEqual(self.get_message(f"wamid.R{number}").body, title)

    def test_a_filled_form_shows_its_answers_without_the_token(self):
        answers = json.dumps({"flow_token": "secret", "size": "M", "colours": ["red", "blue"]})
        reply = {"name": "flow", "body": "Sent", "response_json": answers}
        card = self.receive_item(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})
        self.assertEqual(card["lines"], [["size", "M"], ["colours", '["red", "blue"]']])

    def test_a_cart_shows_lines_and_total(self):
        order = {
            "catalog_id": "7",
            "text": "For Friday",
            "product_items": [
                {"product_retailer_id": "SKU-1", "quantity": 2, "item_price": 10.5, "currency": "INR"},
                {"product_retailer_id": "SKU-2", "quantity": "1", "item_price": "4", "currency": "INR"},
            ],
        }
        card = self.receive_item(type="order", order=order)
        self.assertEqual((card["total"], card["currency"], len(card["lines"])), (25.0, "INR", 2))
        self.assertIn("2 × SKU-1", self.get_body())

    def test_what_whatsapp_does_not_pass_on_is_said(self):
        card = self.receive_item(type="unsupported", unsupported={"type": "poll"}, errors=[{"code": 131051}])
        self.assertEqual(card, {"kind": "unsupported", "type": "poll"})
        self.assertTrue(self.get_conversation().is_window_open)

    def test_a_type_nobody_knows_is_kept_and_said(self):
        card = self.receive_item(type="hologram", hologram={"depth": 3})
        self.assertEqual(card, {"kind": "unknown", "type": "hologram"})
        self.assertIn('"depth": 3', self.get_message().raw)

    def test_odd_content_breaks_nothing(self):
        odd = ("", None, [], "x", 3, {"a": None}, [None], [{"name": 5}])
        types = (
            "location",
            "contacts",
            "interactive",
            "button",
            "order",
            "image",
            "reaction",
            "edit",
            "revoke",
            "unsupported",
        )
        for number, (kind, content) in enumerate((kind, content) for kind in types for content in odd):
            self.receive(self.item_body(f"wamid.O{number}", **{"type": kind, kind: content}))
        self.assertFalse(self.env["whatsapp.cs.event"].search([("state", "=", "failed")]))
        self.authenticate("wa_agent", "wa_agent")
        self.make_jsonrpc_request(
            "/discuss/channel/messages", {"channel_id": self.get_thread().id, "fetch_params": {"limit": 100}}
        )

    def test_what_customers_type_is_never_markup_or_a_script_link(self):
        self.receive_item(
            type="contacts",
            contacts=[{"name": {"formatted_name": "<b>x</b>"}, "urls": [{"url": "javascript:alert(1)"}]}],
        )
        self.assertIn("&lt;b&gt;", self.get_body())
        self.assertNotIn("javascript", json.dumps(self.get_card()))

    # === WHERE IT COMES FROM === #

    def test_a_forwarded_message_says_so(self):
        body = self.text_body("Look", "wamid.T1")
        body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"frequently_forwarded": True}
        self.receive(body)
        self.authenticate("wa_agent", "wa_agent")
        self.assertEqual(self.get_card()["context"], {"forwarded": "often"})

    def test_an_ad_is_shown_and_kept_on_case_and_lead(self):
        body = self.text_body("Is it still free?", "wamid.N1", wa_id="15550100077", name="Nia")
        body["entry"][0]["changes"][0]["value"]["messages"][0]["referral"] = {
            "source_url": "https://fb.me/ad", "source_id": "120", "source_type": "ad", "headline": "Spring Sale", "ctwa_clid": "CLICK",
        }  # fmt: skip
        self.receive(body)
        conversation = self.get_conversation("15550100077")
        self.assertEqual((conversation.ad_headline, conversation.ad_click_id), ("Spring Sale", "CLICK"))
        lead = conversation.lead_id
        self.assertEqual((lead.campaign_id.name, lead.referred), ("Spring Sale", "https://fb.me/ad"))
        self.assertEqual(lead.source_id.name, "WhatsApp")

    # === ON AN EARLIER MESSAGE === #

    def get_reactions(self, mail_message):
        return [(reaction.content, reaction.partner_id) for reaction in mail_message.reaction_ids]

    def test_a_reaction_is_on_its_message_and_can_be_taken_back(self):
        ours = self.answer("On its way")
        self.send()
        wamid = ours.sudo().whatsapp_cs_message_ids.wamid
        ana = self.get_contact().partner_id
        shown = len(self.get_thread().message_ids)
        self.receive(self.item_body("wamid.T1", type="reaction", reaction={"message_id": wamid, "emoji": "👍"}))
        self.assertEqual(self.get_reactions(ours), [("👍", ana)])
        self.receive(self.item_body("wamid.T2", type="reaction", reaction={"message_id": wamid, "emoji": "❤️"}))
        self.assertEqual(self.get_reactions(ours), [("❤️", ana)])
        self.receive(self.item_body("wamid.T3", type="reaction", reaction={"message_id": wamid}))
        self.assertEqual(self.get_reactions(ours), [])
        self.assertEqual(len(self.get_thread().message_ids), shown)

    def test_a_reaction_that_comes_before_its_message_is_shown_with_it(self):
        self.receive(self.item_body("wamid.T1", type="reaction", reaction={"message_id": "wamid.LATE", "emoji": "👍"}))
        self.receive(self.text_body("I am late", "wamid.LATE"))
        self.assertEqual(
            [content for content, _partner in self.get_reactions(self.get_message("wamid.LATE").mail_message_id)],
            ["👍"],
        )

    def test_an_older_reaction_that_comes_late_changes_nothing(self):
        now = int(time.time())
        for wamid, emoji, date in (("wamid.T1", "❤️", now), ("wamid.T2", "👍", now - 60)):
            self.receive(
                self.item_body(
                    wamid, type="reaction", timestamp=str(date), reaction={"message_id": "wamid.A1", "emoji": emoji}
                )
            )
        self.assertEqual(
            [content for content, _p in self.get_reactions(self.get_message("wamid.A1").mail_message_id)], ["❤️"]
        )

    def test_a_change_shows_the_new_text_and_keeps_the_old(self):
        new = {"type": "text", "text": {"body": "Hello *again*"}}
        self.receive(self.item_body("wamid.T1", type="edit", edit={"original_message_id": "wamid.A1", "message": new}))
        self.assertEqual(self.get_body("wamid.A1"), "<p>Hello <b>again</b></p>")
        self.authenticate("wa_agent", "wa_agent")
        self.assertEqual(self.get_card("wamid.A1")["earlier_text"], "Hello")

    def test_what_the_customer_deletes_stays_and_says_so(self):
        self.receive(self.item_body("wamid.T1", type="revoke", revoke={"original_message_id": "wamid.A1"}))
        self.assertIn("Hello", self.get_body("wamid.A1"))
        self.authenticate("wa_agent", "wa_agent")
        self.assertTrue(self.get_card("wamid.A1")["revoked_date"])

    # === WHATSAPP'S OWN NOTICES === #

    def test_a_new_number_moves_the_contact(self):
        contact, partner = self.get_contact(), self.get_contact().partner_id
        system = {"type": "user_changed_number", "body": "Ana changed", "wa_id": "15550100099"}
        self.receive(self.item_body("wamid.T1", type="system", system=system))
        self.assertEqual(contact.wa_id, "15550100099")
        self.assertEqual(contact.partner_id, partner)
        self.assertEqual(partner.phone, "+1 555-010-0099")
        self.receive(self.text_body("New phone", "wamid.A9", wa_id="15550100099", name="Ana"))
        self.assertEqual(self.get_conversation("15550100099").contact_id, contact)

    def test_a_partner_people_have_made_keeps_the_number_and_is_asked_about(self):
        self.env["res.partner"].create({"name": "Boris", "phone": "+1 555 010 0055"})
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="15550100055", name="Boris"))
        boris = self.get_contact("15550100055").partner_id
        body = self.item_body("wamid.B2", type="system", system={"type": "user_changed_number", "wa_id": "15550100056"})
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message["from"] = "15550100055"
        message.pop("from_user_id", None)
        self.receive(body)
        self.assertTrue(self.get_contact("15550100056"))
        self.assertEqual(boris.phone, "+1 555 010 0055")
        self.assertIn("+1 555-010-0056", boris.message_ids[0].body)

    def test_a_new_user_id_moves_a_contact_without_number(self):
        self.receive(self.text_body("Hi", "wamid.C1", user_id="US.old1", name="Cleo"))
        contact = self.env["whatsapp.cs.contact"].search([("meta_user_id", "=", "US.old1")])
        body = self.item_body(
            "wamid.C2",
            type="system",
            system={"type": "user_changed_user_id", "user_id": "US.new1", "previous_user_id": "US.old1"},
        )
        value = body["entry"][0]["changes"][0]["value"]
        value["messages"][0].pop("from", None)
        value["messages"][0].pop("from_user_id", None)
        value.pop("contacts", None)
        self.receive(body)
        self.assertEqual(contact.meta_user_id, "US.new1")

    # === CALLS, THE PHONE === #

    def field_body(self, field, **value):
        body = self.envelope(**value)
        body["entry"][0]["changes"][0]["field"] = field
        return body

    def test_a_call_is_a_notice_and_opens_the_window(self):
        call = {
            "id": "wacid.1",
            "from": "15550100088",
            "event": "connect",
            "direction": "USER_INITIATED",
            "timestamp": str(int(time.time())),
        }
        contacts = [{"wa_id": "15550100088", "profile": {"name": "Dora"}}]
        self.receive(self.field_body("calls", calls=[call], contacts=contacts))
        conversation = self.get_conversation("15550100088")
        self.assertEqual(conversation.state, "queued")
        self.assertTrue(conversation.is_window_open)
        self.assertEqual(conversation.message_ids.content["kind"], "call")

    def test_what_is_sent_from_the_phone_is_shown_as_ours_once(self):
        echo = {"from": "15550100", "to": "15550100001", "id": "wamid.E1", "timestamp": str(int(time.time()))}
        echo |= {"type": "text", "text": {"body": "Sent from my phone"}}
        body = self.field_body("smb_message_echoes", message_echoes=[echo])
        self.receive(body)
        body["entry"][0]["time"] = 5
        self.receive(body)
        conversation = self.get_conversation()
        message = self.get_message("wamid.E1")
        self.assertEqual((message.direction, message.state, len(message)), ("out", "sent", 1))
        self.assertEqual(message.mail_message_id.author_id, self.company.partner_id)
        self.assertEqual((conversation.state, conversation.unanswered_date), ("waiting", False))
        self.assertEqual(self.get_texts(self.get_thread()), ["<p>Hello</p>", "<p>Sent from my phone</p>"])
        self.receive(self.text_body("Thanks", "wamid.A5"))
        self.assertEqual(conversation.state, "queued")  # nobody of ours has it
        self.receive(self.status_body("read", wamid="wamid.E1"))
        self.assertEqual(message.state, "read")

    # === OUR REACTIONS === #

    def react(self, mail_message, emoji, action="add", user=None):
        user = user or self.agent
        mail_message.with_user(user).sudo()._message_reaction(emoji, action, user.partner_id, self.env["mail.guest"])

    def test_an_agents_reaction_reaches_the_customer(self):
        self.answer("Yes?")
        self.send()
        theirs = self.get_message("wamid.A1").mail_message_id
        self.react(theirs, "👍")
        [payload] = self.send()
        self.assertEqual(
            (payload["type"], payload["reaction"]), ("reaction", {"message_id": "wamid.A1", "emoji": "👍"})
        )
        self.assertNotIn("context", payload)
        self.react(theirs, "🙏")
        self.assertEqual([content for content, _partner in self.get_reactions(theirs)], ["🙏"])
        self.react(theirs, "🙏", "remove")
        self.assertEqual([payload["reaction"]["emoji"] for payload in self.send()], ["🙏", ""])

    def test_a_reaction_that_fails_is_taken_back(self):
        self.answer("Yes?")
        self.send()
        theirs = self.get_message("wamid.A1").mail_message_id
        self.react(theirs, "👍")
        self.send()
        reaction = self.env["whatsapp.cs.message"].search([("message_type", "=", "reaction")])
        self.receive(self.status_body("failed", wamid=reaction.wamid, errors=[{"code": 131009}]))
        self.assertFalse(self.get_reactions(theirs))

    def test_a_reaction_needs_what_an_answer_needs(self):
        theirs = self.get_message("wamid.A1").mail_message_id
        self.answer("Yes?")
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.react(theirs, "👍", user=self.agent_2)
        self.get_contact().window_end_date = "2020-01-01"
        with self.assertRaisesRegex(UserError, "window is closed"):
            self.react(theirs, "👍")

    # === RECEIPTS === #

    def see_and_tell(self):
        member = self.get_thread().with_user(self.agent).self_member_id
        member._mark_as_read(self.get_thread().message_ids[0].id)
        with self.mock_graph() as graph:
            self.run_cron("receipt_send")
        return [payload for payload in graph.sent if payload.get("status") == "read"]

    def test_the_customer_sees_that_the_agent_has_read(self):
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        [receipt] = self.see_and_tell()
        self.assertEqual(receipt, {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A1"})
        self.assertFalse(self.see_and_tell())
        self.receive(self.text_body("And?", "wamid.A2"))
        self.assertEqual([receipt["message_id"] for receipt in self.see_and_tell()], ["wamid.A2"])

    def test_the_customer_sees_that_somebody_types_at_most_every_20_seconds(self):
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.see_and_tell()
        member = self.get_thread().with_user(self.agent).self_member_id
        member._notify_typing(True)
        member._notify_typing(True)
        with self.mock_graph() as graph:
            self.run_cron("receipt_send")
            member._notify_typing(True)
            self.run_cron("receipt_send")
        self.assertEqual([payload.get("typing_indicator") for payload in graph.sent], [{"type": "text"}])

    def test_receipts_and_typing_can_be_switched_off(self):
        self.channel.write({"sends_read_receipts": False, "sends_typing": False})
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.get_thread().with_user(self.agent).self_member_id._notify_typing(True)
        self.assertFalse(self.see_and_tell())

    @mute_logger("odoo.addons.whatsapp_cs.models.whatsapp_cs_receipt")
    def test_looking_at_the_queue_tells_the_customer_nothing(self):
        self.authenticate("wa_agent", "wa_agent")
        self.make_jsonrpc_request(
            "/discuss/channel/messages", {"channel_id": self.get_thread().id, "fetch_params": {"limit": 30}}
        )
        self.assertFalse(self.env["whatsapp.cs.receipt"].search([]))
