import base64
import time
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon
from .test_template import PNG


@tagged("post_install", "-at_install")
class TestTemplateSend(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.template = self.sync_templates(self.template_data())
        self.partner = self.env["res.partner"].create({"name": "Zoë", "phone": "+32 470 12 34 56", "ref": "S00099"})
        self.template.model_id = self.env["ir.model"]._get("res.partner")
        name, order = self.template.variable_ids
        name.source = "partner_name"
        order.write({"source": "field", "field_path": "ref"})

    def open_wizard(self, records, user=None, template=None):
        wizard = Form(
            self.env["whatsapp.cs.template.send"]
            .with_user(user or self.agent)
            .with_context(active_model=records._name, active_ids=records.ids, active_id=records[:1].id)
        )
        wizard.template_id = template or self.template
        return wizard

    def get_parameters(self, payload):
        return [parameter["text"] for parameter in payload["template"]["components"][0]["parameters"]]

    def close_window(self):
        self.get_contact().window_end_date = fields.Datetime.now() - timedelta(minutes=1)

    # === FROM A DOCUMENT === #

    def test_an_agent_sends_a_template_from_a_partner(self):
        wizard = self.open_wizard(self.partner)
        self.assertIn("Hello Zoë, your order S00099", wizard.preview)
        self.assertIn("+32 470 12 34 56", wizard.recipient)
        wizard.save().action_send()
        [payload] = self.send()
        self.assertEqual(payload["to"], "+32470123456")
        self.assertEqual(
            payload["template"],
            {
                "name": "order_shipped",
                "language": {"code": "en_US"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [{"type": "text", "text": "Zoë"}, {"type": "text", "text": "S00099"}],
                    }
                ],
            },
        )
        contact = self.get_contact("32470123456")
        self.assertEqual((contact.partner_id, contact.created_partner), (self.partner, False))
        self.assertIn("Hello Zoë, your order S00099", self.get_texts(contact.discuss_channel_id)[-1])
        conversation = contact.conversation_ids
        self.assertEqual((conversation.user_id, conversation.state), (self.agent, "waiting"))
        self.assertFalse(conversation.lead_id)

    def test_the_document_gets_a_note_that_leads_to_the_chat(self):
        self.open_wizard(self.partner).save().action_send()
        note = self.partner.message_ids[0]
        thread = self.get_contact("32470123456").discuss_channel_id
        self.assertIn("order_shipped", note.body)
        self.assertIn(f'data-oe-id="{thread.id}"', note.body)
        self.assertEqual(note.author_id, self.agent.partner_id)

    def test_the_tick_follows_the_template(self):
        self.open_wizard(self.partner).save().action_send()
        self.send()
        self.receive(self.status_body("delivered"))
        message = self.env["whatsapp.cs.message"].search([("template_id", "=", self.template.id)])
        self.assertEqual((message.state, message.message_type), ("delivered", "template"))
        self.assertEqual(self.template.message_count, 1)

    def test_typed_values_go_first_and_are_cleaned(self):
        wizard = self.open_wizard(self.partner)
        with wizard.value_ids.edit(1) as line:
            line.value = "S1\n and \t   S2"
        self.assertIn("order S1 and S2", wizard.preview)
        wizard.save().action_send()
        self.assertEqual(self.get_parameters(self.send()[0]), ["Zoë", "S1 and S2"])

    def test_a_missing_value_is_named_before_anything_is_sent(self):
        self.partner.ref = False
        wizard = self.open_wizard(self.partner)
        self.assertIn("Text {{2}} (ref)", wizard.refusal)
        with self.assertRaisesRegex(UserError, "nothing to put in"):
            self.template._send_to_record(self.partner)
        self.template.variable_ids[1].fallback = "your last one"
        self.assertFalse(self.open_wizard(self.partner).refusal)

    def test_a_number_that_can_not_be_used_is_said(self):
        for number, sentence in ((False, "has no phone number"), ("12", "write it with")):
            self.partner.phone = number
            with self.subTest(number=number):
                self.assertIn(sentence, self.open_wizard(self.partner).refusal)

    def test_a_lead_without_a_partner_is_reached_by_its_number(self):
        lead = self.env["crm.lead"].create({"name": "Shoes", "contact_name": "Bo", "phone": "+32 470 11 11 11"})
        self.template.variable_ids.source = "free"
        self.template.model_id = self.env["ir.model"]._get("crm.lead")
        self.template.variable_ids.write({"source": "field", "field_path": "name"})
        self.template._send_to_record(lead)
        self.assertEqual(self.get_parameters(self.send()[0]), ["Shoes", "Shoes"])
        self.assertEqual(self.get_contact("32470111111").conversation_ids.lead_id, lead)

    def test_a_template_for_customers_is_filled_from_the_customer_of_a_lead(self):
        lead = self.env["crm.lead"].create({"name": "Shoes", "partner_id": self.partner.id})
        self.template._send_to_record(lead)
        self.assertEqual(self.get_parameters(self.send()[0]), ["Zoë", "S00099"])

    def test_another_agents_conversation_is_left_alone(self):
        self.receive(self.text_body())
        self.answer(user=self.agent_2)
        partner = self.get_contact().partner_id
        partner.ref = "S1"
        with self.assertRaisesRegex(UserError, "Bela is answering"):
            self.open_wizard(partner).save().action_send()

    def test_people_without_the_role_can_not_send(self):
        for user in (self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.open_wizard(self.partner, user=user)

    def test_every_document_about_a_customer_has_the_action(self):
        def has_action(model, user):
            actions = self.env["ir.actions.actions"].with_user(user).get_bindings(model).get("action", [])
            return any(action["name"] == "Send WhatsApp" for action in actions)

        self.assertTrue(has_action("res.partner", self.agent) and has_action("crm.lead", self.agent))
        self.assertFalse(has_action("res.partner", self.employee))
        self.assertFalse(has_action("whatsapp.cs.template", self.agent) or has_action("res.country", self.agent))

    def test_what_whatsapp_says_of_the_template_when_it_refuses_a_message_is_kept(self):
        self.template._send_to_record(self.partner)
        with self.mock_graph() as graph:
            graph.error = GraphError(132015, "Template is paused")
            self.run_cron("outbox_send")
        self.assertEqual(self.template.state, "paused")
        message = self.env["whatsapp.cs.message"].search([("template_id", "=", self.template.id)])
        self.assertIn("Choose another one", message.error)

    def test_a_template_that_has_changed_at_whatsapp_is_fetched_when_a_message_is_refused(self):
        self.template._send_to_record(self.partner)
        with self.mock_graph() as graph:
            graph.error = GraphError(132000, "Number of parameters does not match")
            graph.answers["1001/message_templates"] = {"data": [self.template_data(status="PENDING")]}
            self.run_cron("outbox_send")
            self.run_cron("template_sync")
        self.assertEqual(self.template.state, "pending")

    # === TO MANY === #

    def test_many_get_it_one_after_the_other_and_who_does_not_is_said(self):
        partners = self.partner | self.env["res.partner"].create(
            [
                {"name": "Same phone", "phone": "+32 470 12 34 56", "ref": "A"},
                {"name": "No phone", "ref": "B"},
                {"name": "No order", "phone": "+32 470 22 22 22"},
                *({"name": f"P{n}", "phone": f"+32 470 33 33 {n:02}", "ref": f"R{n}"} for n in range(25)),
            ]
        )
        wizard = self.open_wizard(partners)
        self.assertEqual((wizard.ready_count, wizard.refused_count), (26, 3))
        for name in ("Same phone", "No phone", "No order"):
            self.assertIn(name, wizard.refused)
        wizard = wizard.save()
        action = wizard.action_send()
        self.assertEqual(action["params"]["waiting"], 26)
        self.assertEqual(wizard.send_next()["queued"], 20)
        self.assertEqual(wizard.send_next(), {"total": 29, "waiting": 0, "queued": 26, "refused": 3})
        wizard.send_next()
        payloads = self.send()
        self.assertEqual(len({payload["to"] for payload in payloads}), 26)
        self.assertEqual(len(payloads), 26)

    def test_a_conversation_stays_with_whom_it_is_when_many_get_a_template(self):
        self.receive(self.text_body())
        self.answer(user=self.agent_2)
        partner = self.get_contact().partner_id
        partner.ref = "S1"
        wizard = self.open_wizard(self.partner | partner, user=self.editor).save()
        wizard.action_send()
        wizard.send_next()
        self.assertEqual(self.get_conversation().user_id, self.agent_2)
        new = self.get_contact("32470123456").conversation_ids
        self.assertEqual((new.state, new.user_id), ("resolved", self.env["res.users"]))
        self.receive(self.text_body("Thanks", wamid="wamid.Z1", wa_id="32470123456", name="Zoë"))
        self.assertEqual((new.state, self.get_contact("32470123456").conversation_ids), ("queued", new))

    def test_marketing_waits_for_service(self):
        self.template.category = "marketing"
        second = self.partner.copy({"phone": "+32 470 44 44 44"})
        wizard = self.open_wizard(self.partner | second)
        self.assertEqual((wizard.ready_count, wizard.refused_count), (0, 2))
        self.assertIn("not opted in", wizard.refused)
        with self.assertRaisesRegex(UserError, "not opted in"):
            self.template._send_to_record(self.partner)
        for partner in self.partner | second:
            contact = self.env["whatsapp.cs.contact"]._find_or_create_for_partner(self.channel, partner)
            contact._note_consent("in", "phone", proof="call of Monday")
        wizard = self.open_wizard(self.partner | second).save()
        wizard.action_send()
        wizard.send_next()
        self.assertEqual(set(self.env["whatsapp.cs.outbox"].search([]).mapped("priority")), {"1"})

    # === SERVER ACTION === #

    def test_a_server_action_sends_and_notes_what_it_could_not_send(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Tell them",
                "state": "whatsapp_cs",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "whatsapp_cs_template_id": self.template.id,
            }
        )
        without = self.env["res.partner"].create({"name": "No phone", "ref": "B"})
        action.with_context(active_model="res.partner", active_ids=(without | self.partner).ids).run()
        self.assertEqual([payload["to"] for payload in self.send()], ["+32470123456"])
        self.assertIn("has no phone number", without.message_ids[0].body)
        self.template.state = "paused"
        action.with_context(active_model="res.partner", active_ids=self.partner.ids).run()
        self.assertIn("paused", self.partner.message_ids[0].body)
        self.assertFalse(self.send())

    def test_a_server_action_sends_for_people_without_a_role_too(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Tell them",
                "state": "whatsapp_cs",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "whatsapp_cs_template_id": self.template.id,
            }
        )
        clerk = new_test_user(self.env, "wa_clerk", "base.group_user,base.group_partner_manager")
        context = {"active_model": "res.partner", "active_ids": self.partner.ids}
        action.with_user(clerk).with_context(**context).run()
        self.assertEqual(self.get_parameters(self.send()[0]), ["Zoë", "S00099"])

    # === WHAT IS SENT === #

    def test_each_state_but_approved_is_refused_with_its_reason(self):
        for state in ("draft", "pending", "rejected", "paused", "disabled", "in_appeal", "deleted", "other"):
            self.template.write({"state": state, "state_reason": "Because."})
            with self.subTest(state=state), self.assertRaisesRegex(UserError, r"can't be sent\. .*Because\."):
                self.template._send_to_record(self.partner)

    def test_values_are_written_as_in_the_templates_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        data = self.template_data("7003", name="offre", language="fr")
        data["components"][0]["text"] = "Bonjour, voici : {{1}}, {{2}}, {{3}}, {{4}} pour votre demande."
        template = self.sync_templates(self.template_data(), data).filtered(lambda t: t.name == "offre")
        template.model_id = self.env["ir.model"]._get("crm.lead")
        paths = ("date_deadline", "expected_revenue", "type", "partner_id.name")
        for variable, path in zip(template.variable_ids, paths, strict=True):
            variable.write({"source": "field", "field_path": path})
        lead = self.env["crm.lead"].create(
            {
                "name": "Shoes",
                "partner_id": self.partner.id,
                "date_deadline": "2026-12-24",
                "expected_revenue": 1234.5,
                "type": "opportunity",
            }
        )
        template._send_to_record(lead)
        date, money, kind, name = self.get_parameters(self.send()[0])
        kinds = dict(lead._fields["type"]._description_selection(self.env(context={"lang": "fr_FR"})))
        self.assertEqual((date, kind, name), ("24/12/2026", kinds["opportunity"], "Zoë"))
        self.assertIn("1 234,50", money)

    def test_named_header_and_buttons_are_sent_where_they_belong(self):
        components = [
            {"type": "HEADER", "format": "TEXT", "text": "Order {{order}}"},
            {"type": "BODY", "text": "Hello {{first_name}}, it is there."},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Thanks"},
                    {"type": "URL", "text": "Track", "url": "https://ex.com/{{1}}"},
                    {"type": "COPY_CODE", "example": "SPRING10"},
                ],
            },
        ]
        self.sync_templates(self.template_data(components=components, parameter_format="NAMED"))
        values = {"header.order": "S1", "body.first_name": "Ana", "button1.1": "S 1?t=é", "button2.code": "WINTER"}
        self.template._send_to_record(self.partner, values)
        self.assertEqual(
            self.send()[0]["template"]["components"],
            [
                {"type": "header", "parameters": [{"type": "text", "parameter_name": "order", "text": "S1"}]},
                {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "1",
                    "parameters": [{"type": "text", "text": "S%201?t=%C3%A9"}],
                },
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "2",
                    "parameters": [{"type": "coupon_code", "coupon_code": "WINTER"}],
                },
            ],
        )

    def test_a_header_file_is_handed_over_once_and_sent_by_its_id(self):
        components = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "It is there."}]
        self.sync_templates(self.template_data(components=components))
        with self.assertRaisesRegex(UserError, "needs a file"):
            self.template._send_to_record(self.partner)
        self.template.write({"header_media": base64.b64encode(PNG), "header_media_name": "a.png"})
        second = self.partner.copy({"phone": "+32 470 55 55 55"})
        with self.mock_graph() as graph:
            graph.answers["2001/media"] = {"id": "8811"}
            for partner in self.partner | second:
                self.template.with_user(self.agent)._send_to_record(partner, user=self.agent)
        self.assertEqual(len(graph.calls), 1)
        for payload in self.send():
            [parameter] = payload["template"]["components"][0]["parameters"]
            self.assertEqual(parameter, {"type": "image", "image": {"id": "8811"}})

    def test_a_file_that_can_not_be_handed_over_is_said_and_nothing_is_sent(self):
        components = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "It is there."}]
        self.sync_templates(self.template_data(components=components))
        self.template.header_media = base64.b64encode(PNG)
        with self.mock_graph() as graph, self.assertRaisesRegex(UserError, "could not be reached"):
            graph.answers["2001/media"] = GraphError("network", "no connection")
            self.template._send_to_record(self.partner)
        self.assertFalse(self.send())

    def test_a_carousel_is_sent_card_by_card(self):
        card = {
            "components": [
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": "Shoe {{1}} is new."},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "More"}]},
            ]
        }
        components = [{"type": "BODY", "text": "Look at these."}, {"type": "CAROUSEL", "cards": [card, card]}]
        self.sync_templates(self.template_data(components=components))
        self.template.card_ids.media = base64.b64encode(PNG)
        with self.mock_graph() as graph:
            graph.answers["2001/media"] = {"id": "8811"}
            self.template._send_to_record(self.partner, {"card1.body.1": "A", "card2.body.1": "B"})
        [carousel] = self.send()[0]["template"]["components"]
        self.assertEqual([card["card_index"] for card in carousel["cards"]], [0, 1])
        self.assertEqual(carousel["cards"][1]["components"][1]["parameters"], [{"type": "text", "text": "B"}])
        self.assertEqual(carousel["cards"][0]["components"][0]["parameters"][0]["image"], {"id": "8811"})

    def test_an_offer_counts_down_and_products_are_shown(self):
        components = [
            {"type": "BODY", "text": "Tents are cheap this week."},
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Ends soon!", "has_expiration": True}},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "COPY_CODE", "text": "Copy"}, {"type": "MPM", "text": "See the tents"}],
            },
        ]
        template = self.sync_templates(self.template_data("7002", name="offer", components=components))
        template.offer_hours = 24
        template.button_ids.filtered(lambda button: button.kind == "mpm").product_codes = "TENT-2,TENT-4"
        template.variable_ids.write({"source": "fixed", "fixed_text": "SPRING10"})
        self.assertIn("Ends in 24 hours", template.preview)
        self.open_wizard(self.partner, template=template).save().action_send()
        [payload] = self.send()
        code, products, offer = payload["template"]["components"]
        ends = offer["parameters"][0]["limited_time_offer"]["expiration_time_ms"] / 1000
        self.assertAlmostEqual(ends, time.time() + 24 * 3600, delta=600)
        self.assertEqual(code["parameters"], [{"type": "coupon_code", "coupon_code": "SPRING10"}])
        self.assertEqual(
            products,
            {
                "type": "button",
                "sub_type": "mpm",
                "index": "1",
                "parameters": [
                    {
                        "type": "action",
                        "action": {
                            "thumbnail_product_retailer_id": "TENT-2",
                            "sections": [
                                {
                                    "title": "See the tents",
                                    "product_items": [
                                        {"product_retailer_id": "TENT-2"},
                                        {"product_retailer_id": "TENT-4"},
                                    ],
                                }
                            ],
                        },
                    }
                ],
            },
        )

    def test_a_one_time_code_fills_text_and_button(self):
        components = [
            {"type": "BODY", "text": "*{{1}}* is your verification code."},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "URL", "text": "Copy", "url": "https://www.whatsapp.com/otp/{{1}}"}],
            },
        ]
        self.sync_templates(self.template_data(components=components, category="AUTHENTICATION"))
        self.template._send_to_record(self.partner, {"body.1": "123456"})
        body, button = self.send()[0]["template"]["components"]
        self.assertEqual(body["parameters"], button["parameters"])
        self.assertEqual((button["sub_type"], button["index"]), ("url", "0"))

    def test_a_code_that_goes_to_an_app_is_sent_alike_and_not_submitted_as_one_to_copy(self):
        button = {"type": "OTP", "otp_type": "ONE_TAP", "text": "Copy", "supported_apps": [{"package_name": "shop"}]}
        components = [
            {"type": "BODY", "text": "*{{1}}* is your verification code."},
            {"type": "BUTTONS", "buttons": [button]},
        ]
        self.sync_templates(self.template_data(components=components, category="AUTHENTICATION"))
        self.template._send_to_record(self.partner, {"body.1": "123456"})
        body, button = self.send()[0]["template"]["components"]
        self.assertEqual((body["parameters"], button["sub_type"]), (button["parameters"], "url"))
        self.assertIn("change it in WhatsApp Manager", self.template.problems)

    def test_products_that_can_not_be_sent_are_fetched_and_refused_with_the_reason(self):
        header = {"type": "HEADER", "format": "PRODUCT"}
        buttons = {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}
        body = {"type": "BODY", "text": "Look at this"}
        carousel = {"type": "CAROUSEL", "cards": [{"components": [header, buttons]}] * 2}
        for components in ([header, body, buttons], [body, carousel]):
            template = self.sync_templates(self.template_data(components=components, category="MARKETING"))
            self.assertTrue(template.extra_components)
            self.assertIn("parts of a kind that Odoo does not know", template.refusal)

    # === THE CHAT'S PICKER === #

    def test_the_picker_fills_in_shows_and_sends_when_the_window_is_closed(self):
        self.receive(self.text_body())
        self.get_contact().partner_id.ref = "S1"
        self.close_window()
        with self.assertRaisesRegex(UserError, "window is closed"):
            self.answer()
        thread = self.get_thread().with_user(self.agent)
        [found] = thread.whatsapp_cs_get_templates("SHIPPED")["templates"]
        data = thread.whatsapp_cs_get_template(found["id"])
        self.assertEqual(
            [(variable["key"], variable["value"]) for variable in data["variables"]],
            [("body.1", "Ana Silva"), ("body.2", "S1")],
        )
        data = thread.whatsapp_cs_get_template(found["id"], {"body.1": "Ana", "body.2": "S2"})
        self.assertIn("order S2", data["preview"])
        thread.whatsapp_cs_send_template(found["id"], {"body.1": "Ana", "body.2": "S2"})
        [payload] = self.send()
        self.assertEqual(self.get_parameters(payload), ["Ana", "S2"])
        self.assertEqual(self.get_conversation().user_id, self.agent)
        self.assertEqual(payload["to"], "+15550100001")

    def test_the_picker_has_the_rights_of_an_answer(self):
        self.receive(self.text_body())
        self.get_contact().partner_id.ref = "S1"
        thread = self.get_thread()
        for user in (self.analyst, self.employee, new_test_user(self.env, "wa_portal_2", "base.group_portal")):
            for method, arguments in (("get_templates", ()), ("send_template", (self.template.id,))):
                with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
                    getattr(thread.with_user(user), f"whatsapp_cs_{method}")(*arguments)
        self.answer(user=self.agent)
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            thread.with_user(self.agent_2).whatsapp_cs_send_template(self.template.id)
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            thread.with_user(self.editor).whatsapp_cs_send_template(self.template.id)

    def test_the_picker_offers_approved_templates_of_the_chats_account(self):
        self.receive(self.text_body())
        self.sync_templates(self.template_data(), self.template_data("7002", name="second", status="PAUSED"))
        other = self._create_account("1002")
        self.env["whatsapp.cs.template"].create(
            {"name": "theirs", "account_id": other.id, "body": "Hi", "state": "approved"}
        )
        listed = self.get_thread().with_user(self.agent).whatsapp_cs_get_templates()["templates"]
        self.assertEqual([template["name"] for template in listed], ["order_shipped"])

    def test_a_template_of_another_account_is_refused(self):
        other = self._create_account("1002")
        template = self.template.copy({"account_id": other.id, "name": "theirs"})
        template.state = "approved"
        self.receive(self.text_body())
        with self.assertRaisesRegex(UserError, "another WhatsApp account"):
            template._send(self.get_contact(), values={"body.1": "a", "body.2": "b"})
