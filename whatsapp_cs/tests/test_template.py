import base64
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, JsonRpcException, tagged

from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon

PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestTemplate(WhatsappCsCommon):
    def create_template(self, user=None, **values):
        """Write a good template in the form, as ``user``."""
        with Form(self.env["whatsapp.cs.template"].with_user(user or self.editor)) as form:
            form.name = values.pop("name", "order_shipped")
            form.language = "en_US"
            form.body = values.pop("body", "Hello {{1}}, your order {{2}} is on its way to you today.")
            for name, value in values.items():
                form[name] = value
        template = form.save()
        for variable, sample in zip(template.variable_ids, ("Ana", "S00042", "S00042"), strict=False):
            variable.sample = sample
        return template

    def submit(self, template, **answers):
        with self.mock_graph() as graph:
            graph.answers = {
                "1001/message_templates": {"id": "7001", "status": "PENDING", "category": "UTILITY"},
                **answers,
            }
            template.action_submit()
        return graph.calls

    def report(self, field, **value):
        """Receive a webhook about the template 7001."""
        self.receive(
            self.field_body(
                field,
                message_template_id=7001,
                message_template_name="order_shipped",
                message_template_language="en_US",
                **value,
            )
        )

    # === FETCHING === #

    def test_every_page_of_the_list_is_fetched(self):
        pages = {
            None: {
                "data": [self.template_data("7001", name="first")],
                "paging": {"cursors": {"after": "A"}, "next": "https://…"},
            },
            "A": {"data": [self.template_data("7002", name="second")], "paging": {"cursors": {"after": "B"}}},
        }
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = lambda params, **_kwargs: pages[params.get("after")]
            self.account.with_user(self.administrator).action_sync_templates()
        self.assertEqual(self.account.template_ids.mapped("name"), ["first", "second"])

    def test_a_fetched_template_has_all_its_parts(self):
        components = [
            {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["S00042"]}},
            {"type": "BODY", "text": "Hello {{1}}, it is there.", "example": {"body_text": [["Ana"]]}},
            {"type": "FOOTER", "text": "Reply STOP"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Thanks"},
                    {"type": "URL", "text": "Track", "url": "https://ex.com/{{1}}", "example": ["https://ex.com/S1"]},
                    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100"},
                    {"type": "COPY_CODE", "example": "SPRING10"},
                ],
            },
        ]
        template = self.sync_templates(self.template_data(components=components))
        self.assertEqual(
            (template.header_type, template.header_text, template.footer), ("text", "Order {{1}}", "Reply STOP")
        )
        self.assertEqual(template.button_ids.mapped("kind"), ["quick_reply", "url", "phone", "copy_code"])
        self.assertEqual(
            [(variable.display_name, variable.sample) for variable in template.variable_ids],
            [
                ("Header {{1}}", "S00042"),
                ("Text {{1}}", "Ana"),
                ("Button 2 {{1}}", "S1"),
                ("Code of button 4", "SPRING10"),
            ],
        )
        self.assertEqual((template.state, template.quality, template.category), ("approved", "green", "utility"))

    def test_fetching_again_keeps_what_the_variables_are_filled_with(self):
        template = self.sync_templates(self.template_data())
        template.model_id = self.env["ir.model"]._get("res.partner")
        template.variable_ids[0].write({"source": "field", "field_path": "name"})
        changed = self.template_data(status="PAUSED")
        changed["components"][0]["text"] += " Have fun with it."
        self.sync_templates(changed)
        self.assertEqual(template.state, "paused")
        self.assertIn("Have fun", template.body)
        self.assertEqual(template.variable_ids[0].field_path, "name")

    def test_what_is_gone_at_whatsapp_is_archived_and_comes_back(self):
        template = self.sync_templates(self.template_data())
        self.sync_templates()
        self.assertEqual((template.state, template.active), ("deleted", False))
        self.sync_templates(self.template_data())
        self.assertEqual((template.state, template.active), ("approved", True))

    def test_a_status_nobody_knows_is_kept_and_can_not_be_sent(self):
        template = self.sync_templates(self.template_data(status="SLEEPING", components=[{"type": "POEM"}]))
        self.assertEqual(template.state, "other")
        self.assertTrue(template.refusal)

    def test_the_cron_fetches_once_a_day(self):
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = {"data": [self.template_data()]}
            self.run_cron("template_sync")
            self.run_cron("template_sync")
            self.assertEqual(len(graph.calls), 1)
            self.account.template_sync_date -= timedelta(days=1)
            self.run_cron("template_sync")
            self.assertEqual(len(graph.calls), 2)
        self.assertEqual(self.account.template_count, 1)

    def test_a_failed_fetch_by_the_cron_says_why_at_the_account(self):
        with self.mock_graph() as graph, self.assertLogs("odoo.addons.whatsapp_cs", "WARNING"):
            graph.answers["1001/message_templates"] = GraphError(80008, "too many calls")
            self.run_cron("template_sync")
        self.assertIn("too many calls", self.account.template_sync_error)

    def test_a_failed_fetch_by_the_button_is_a_sentence(self):
        with self.mock_graph() as graph, self.assertRaisesRegex(UserError, "could not be reached"):
            graph.answers["1001/message_templates"] = GraphError("network", "no connection")
            self.account.action_sync_templates()

    # === WEBHOOKS === #

    def test_whatsapps_reports_change_the_state_at_once_and_once(self):
        template = self.sync_templates(self.template_data(status="PENDING"))
        for _twice in range(2):
            self.report(
                "message_template_status_update",
                event="REJECTED",
                reason="INVALID_FORMAT",
                rejection_info={"recommendation": "Write more words."},
            )
            self.assertEqual(template.state, "rejected")
            self.assertIn("Write more words.", template.state_reason)
        self.report("message_template_status_update", event="APPROVED", reason="NONE")
        self.assertEqual((template.state, template.state_reason), ("approved", False))

    def test_a_paused_template_can_not_be_sent_until_it_is_reinstated(self):
        template = self.sync_templates(self.template_data())
        self.report(
            "message_template_status_update", event="PAUSED", other_info={"description": "Customers complained."}
        )
        self.assertIn("Customers complained.", template.refusal)
        self.report("message_template_status_update", event="REINSTATED")
        self.assertFalse(template.refusal)

    def test_a_deletion_at_whatsapp_archives(self):
        template = self.sync_templates(self.template_data())
        self.report("message_template_status_update", event="DELETED")
        self.assertEqual((template.state, template.active), ("deleted", False))

    def test_low_quality_is_shown_and_said_once(self):
        template = self.sync_templates(self.template_data())
        for _twice in range(2):
            self.report("message_template_quality_update", previous_quality_score="GREEN", new_quality_score="RED")
        self.assertEqual(template.quality, "red")
        self.assertEqual(sum("quality is low" in message.body for message in template.message_ids), 1)

    def test_a_category_is_announced_and_then_changed(self):
        template = self.sync_templates(self.template_data())
        for _twice in range(2):
            self.report("template_category_update", new_category="UTILITY", correct_category="MARKETING")
        self.assertEqual(template.category, "utility")
        self.assertEqual(sum("will change the category" in message.body for message in template.message_ids), 1)
        self.report("template_category_update", new_category="MARKETING", previous_category="UTILITY")
        self.assertEqual(template.category, "marketing")

    def test_changed_content_and_unknown_templates_are_fetched(self):
        self.report("message_template_status_update", event="APPROVED")
        changed = self.template_data()
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = {"data": [changed]}
            self.run_cron("template_sync")
        template = self.account.template_ids
        self.assertEqual(template.state, "approved")
        changed["components"] = [{"type": "BODY", "text": "Your order is there."}]
        self.report("message_template_components_update", message_template_element="Your order is there.")
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = {"data": [changed]}
            self.run_cron("template_sync")
        self.assertEqual(template.body, "Your order is there.")
        self.assertFalse(template.variable_ids)

    def test_a_report_for_another_account_changes_nothing_here(self):
        template = self.sync_templates(self.template_data())
        other = self._create_account("1002")
        self.receive(
            self.field_body("message_template_status_update", "1002", event="PAUSED", message_template_id=7001), other
        )
        self.assertEqual(template.state, "approved")

    # === WRITING AND SUBMITTING === #

    def test_a_template_is_written_submitted_and_approved(self):
        template = self.create_template()
        self.assertFalse(template.problems)
        [(method, path, kwargs)] = self.submit(template)
        self.assertEqual((method, path), ("POST", "1001/message_templates"))
        self.assertEqual(
            kwargs["json"],
            {
                "name": "order_shipped",
                "language": "en_US",
                "category": "UTILITY",
                "parameter_format": "POSITIONAL",
                "components": [
                    {
                        "type": "BODY",
                        "text": "Hello {{1}}, your order {{2}} is on its way to you today.",
                        "example": {"body_text": [["Ana", "S00042"]]},
                    }
                ],
            },
        )
        self.assertEqual((template.state, template.meta_id), ("pending", "7001"))
        self.report("message_template_status_update", event="APPROVED")
        self.assertEqual(template.state, "approved")

    def test_named_variables_are_submitted_with_their_names(self):
        template = self.create_template(body="Hello {{first_name}}, your order {{order}} is on its way to you today.")
        self.assertEqual(template.variable_ids[0].source, "partner_name")
        payload = self.submit(template)[0][2]["json"]
        self.assertEqual(payload["parameter_format"], "NAMED")
        self.assertEqual(
            payload["components"][0]["example"]["body_text_named_params"],
            [{"param_name": "first_name", "example": "Ana"}, {"param_name": "order", "example": "S00042"}],
        )

    def test_the_header_file_is_uploaded_as_the_sample(self):
        template = self.create_template(header_type="image", header_media=base64.b64encode(PNG))
        template.header_media_name = "a.png"
        calls = self.submit(template, **{"3001/uploads": {"id": "upload:1"}, "upload:1": {"h": "4::handle"}})
        self.assertEqual(
            calls[0][2]["params"], {"file_name": "a.png", "file_length": len(PNG), "file_type": "image/png"}
        )
        self.assertEqual(calls[1][2]["data"], PNG)
        self.assertEqual(
            calls[2][2]["json"]["components"][0],
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::handle"]}},
        )

    def test_buttons_are_submitted_in_their_order_with_samples(self):
        template = self.create_template()
        template.button_ids = [
            Command.create({"kind": "quick_reply", "text": "Thanks", "sequence": 1}),
            Command.create({"kind": "url", "text": "Track", "url": "https://ex.com/{{1}}", "sequence": 2}),
            Command.create({"kind": "phone", "text": "Call", "phone": "+1 555 0100", "sequence": 3}),
            Command.create({"kind": "copy_code", "sequence": 4}),
        ]
        samples = {"Button 2 {{1}}": "S00042", "Code of button 4": "SPRING10"}
        for variable in template.variable_ids:
            variable.sample = samples.get(variable.display_name, variable.sample)
        self.assertEqual(
            self.submit(template)[0][2]["json"]["components"][-1]["buttons"],
            [
                {"type": "QUICK_REPLY", "text": "Thanks"},
                {"type": "URL", "text": "Track", "url": "https://ex.com/{{1}}", "example": ["https://ex.com/S00042"]},
                {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100"},
                {"type": "COPY_CODE", "example": "SPRING10"},
            ],
        )

    def test_a_one_time_code_is_submitted_in_metas_own_words(self):
        template = self.create_template(body="", category="authentication", expiry_minutes=10)
        template.button_ids = [Command.create({"kind": "otp", "text": "Copy"})]
        self.assertFalse(template.problems)
        self.assertEqual(
            self.submit(template)[0][2]["json"]["components"],
            [
                {"type": "BODY", "add_security_recommendation": True},
                {"type": "FOOTER", "code_expiration_minutes": 10},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy"}]},
            ],
        )

    def test_a_carousel_is_submitted_card_by_card(self):
        template = self.create_template()
        template.card_ids = [
            Command.create(
                {
                    "sequence": number,
                    "body": f"Look at shoe number {number} of our season",
                    "media": base64.b64encode(PNG),
                    "button_ids": [Command.create({"kind": "quick_reply", "text": "More"})],
                }
            )
            for number in (1, 2)
        ]
        self.assertFalse(template.problems)
        calls = self.submit(template, **{"3001/uploads": {"id": "upload:1"}, "upload:1": {"h": "4::handle"}})
        carousel = calls[-1][2]["json"]["components"][-1]
        self.assertEqual((carousel["type"], len(carousel["cards"])), ("CAROUSEL", 2))
        self.assertEqual(carousel["cards"][1]["components"][1]["text"], "Look at shoe number 2 of our season")

    def test_an_offer_and_a_list_of_products_are_submitted(self):
        template = self.create_template(category="marketing", offer_text="Ends soon!", offer_ends=True)
        self.assertIn("An offer needs a button", template.problems)
        template.button_ids = [
            Command.create({"kind": "copy_code", "sequence": 1}),
            Command.create({"kind": "mpm", "text": "See the tents", "product_codes": "TENT-2, TENT-4", "sequence": 2}),
        ]
        template.variable_ids.filtered(lambda variable: variable.name == "code").sample = "SPRING10"
        self.assertFalse(template.problems)
        components = self.submit(template)[0][2]["json"]["components"]
        self.assertEqual(
            components[1:],
            [
                {
                    "type": "LIMITED_TIME_OFFER",
                    "limited_time_offer": {"text": "Ends soon!", "has_expiration": True},
                },
                {
                    "type": "BUTTONS",
                    "buttons": [
                        {"type": "COPY_CODE", "example": "SPRING10"},
                        {"type": "MPM", "text": "See the tents"},
                    ],
                },
            ],
        )

    def test_what_whatsapp_would_refuse_of_an_offer_is_said_before(self):
        template = self.create_template(footer="Reply STOP to end this")
        template.offer_text = "This offer is much too long"
        template.button_ids = [Command.create({"kind": "mpm", "text": "See all of our nice tents"})]
        for text in ("at most 16", "is marketing", "no footer", "copies a code", "1 to 30 products"):
            self.assertIn(text, template.problems)
        template.button_ids.product_codes = "TENT-2"
        self.assertIn("the list's title too", template.problems)

    def test_products_of_an_approved_template_are_named_without_a_new_review(self):
        components = [
            {"type": "BODY", "text": "Look at these."},
            {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "See the tents"}]},
        ]
        template = self.sync_templates(self.template_data(components=components)).with_user(self.editor)
        self.assertIn("name them", template.refusal)
        with Form(template) as form, form.button_ids.edit(0) as line:
            line.product_codes = "TENT-2"
        self.assertFalse(template.is_changed or template.refusal)
        self.sync_templates(self.template_data(components=components))
        self.assertEqual(template.button_ids.product_codes, "TENT-2")

    def test_metas_answer_is_shown_in_its_words_and_nothing_is_written(self):
        template = self.create_template()
        with self.assertRaisesRegex(UserError, "Too many variables"):
            self.submit(template, **{"1001/message_templates": GraphError(100, "Too many variables")})
        self.assertEqual((template.state, template.meta_id), ("draft", False))

    def test_a_lost_answer_is_healed_by_the_next_fetch(self):
        template = self.create_template()
        with self.assertRaisesRegex(UserError, "could not be reached"):
            self.submit(
                template, **{"1001/message_templates": GraphError("network", "ReadTimeout", outcome_unknown=True)}
            )
        self.sync_templates(self.template_data(status="PENDING"))
        self.assertEqual((template.state, template.meta_id), ("pending", "7001"))
        self.assertEqual(len(self.account.template_ids), 1)

    def test_every_limit_of_meta_is_checked_before_and_said(self):
        good = "Hello {{1}}, your order {{2}} is on its way to you today."
        cases = [
            ({"body": ""}, "text is empty"),
            ({"body": "x" * 1025}, "1025 characters"),
            ({"body": "{{1}} is your order, and it is there"}, "begin or end"),
            ({"body": "We have your order here: {{1}}"}, "begin or end"),
            ({"body": "We have your {{1}} {{2}} here for you today"}, "follow each other"),
            ({"body": "We have your {{2}} here for you today"}, "without a gap"),
            ({"body": "Dear {{1}} and {{2}} and {{3}} now"}, "more words"),
            ({"body": "We have {{First}} here for you today"}, "names of small letters"),
            ({"body": "We have {1}} here for you today"}, "not written as"),
            ({"body": good, "footer": "x" * 61}, "footer has 61"),
            ({"body": good, "footer": "Hello {{1}}"}, "footer can't have variables"),
            ({"body": good, "header_type": "text", "header_text": "x" * 61}, "header has 61"),
            ({"body": good, "header_type": "text", "header_text": "{{1}} or {{2}}"}, "one variable"),
            ({"body": good, "header_type": "text", "header_text": "*New*"}, "marks"),
            ({"body": good, "header_type": "image"}, "header needs a file"),
            ({"body": good, "language": "xx"}, "does not know the language"),
        ]
        for number, (values, sentence) in enumerate(cases):
            with self.subTest(sentence):
                template = self.create_template(name=f"case_{number}", **values)
                self.assertIn(sentence, template.problems)
                with self.assertRaisesRegex(UserError, "would refuse"):
                    template.action_submit()

    def test_every_rule_for_buttons_is_checked_before_and_said(self):
        url = {"kind": "url", "text": "Track", "url": "https://ex.com/"}
        cases = [
            ([{"text": "x" * 26}], "26 characters"),
            ([{"text": ""}], "empty"),
            ([{"text": f"Reply {n}"} for n in range(11)], "more than 10"),
            ([{**url, "text": f"Track {n}"} for n in range(3)], "at most 2"),
            ([{"kind": "url", "text": "Track", "url": "ex.com"}], "https://"),
            ([{"kind": "url", "text": "Track", "url": "https://{{1}}.com"}], "at its end"),
            ([{"kind": "phone", "text": "Call", "phone": "0155"}], "country code"),
            ([{"kind": "phone", "text": t, "phone": "+15550100"} for t in ("Call", "Ring")], "at most 1"),
            ([{"text": "Yes"}, url, {"text": "No"}], "stand together"),
            ([{"text": "Yes"}, {"text": "Yes"}], "same label"),
        ]
        for number, (buttons, sentence) in enumerate(cases):
            with self.subTest(sentence):
                template = self.create_template(name=f"case_{number}")
                template.button_ids = [
                    Command.create({"sequence": position, **button}) for position, button in enumerate(buttons)
                ]
                self.assertIn(sentence, template.problems)

    def test_a_missing_sample_is_named(self):
        template = self.create_template()
        template.variable_ids[1].sample = False
        self.assertIn("sample of: Text {{2}}", template.problems)

    def test_a_file_of_the_wrong_kind_is_refused_before_it_is_sent(self):
        template = self.create_template(header_type="image", header_media=base64.b64encode(b"plain text"))
        with self.assertRaisesRegex(UserError, "takes image/jpeg, image/png here"):
            template.action_submit()

    def test_a_typed_name_becomes_one_that_whatsapp_takes(self):
        self.assertEqual(self.create_template(name="Order Shipped!").name, "order_shipped")

    # === CHANGING AND DELETING === #

    def test_a_changed_template_is_submitted_again_or_given_up(self):
        template = self.sync_templates(self.template_data()).with_user(self.editor)
        template.body += " Have fun."
        self.assertTrue(template.is_changed)
        self.assertIn("submit it", template.refusal)
        calls = self.submit(template, **{"7001": {"success": True}})
        self.assertEqual(calls[0][:2], ("POST", "7001"))
        self.assertEqual((template.state, template.is_changed), ("pending", False))
        self.report("message_template_status_update", event="APPROVED")
        template.body += " Again."
        with self.assertRaisesRegex(UserError, "once in 24 hours"):
            template.action_submit()
        with self.mock_graph() as graph:
            graph.answers["7001"] = self.template_data()
            template.action_discard()
        self.assertEqual((template.is_changed, template.body), (False, self.template_data()["components"][0]["text"]))

    def test_what_was_changed_here_survives_a_fetch(self):
        template = self.sync_templates(self.template_data())
        template.body = "Hello {{1}}, we changed the text of {{2}} here."
        changed = self.template_data()
        changed["components"][0]["text"] = "Another text from WhatsApp."
        self.sync_templates(changed)
        self.assertIn("we changed the text", template.body)
        self.assertTrue(template.is_changed)

    def test_the_files_of_an_approved_carousel_are_added_without_a_new_review(self):
        card = {
            "components": [
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": "A tent for two."},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "More"}]},
            ]
        }
        components = [{"type": "BODY", "text": "Look at these."}, {"type": "CAROUSEL", "cards": [card, card]}]
        template = self.sync_templates(self.template_data(components=components)).with_user(self.editor)
        self.assertIn("needs a file", template.refusal)
        with Form(template) as form:
            for number in range(2):
                with form.card_ids.edit(number) as line:
                    line.media = base64.b64encode(PNG)
        self.assertFalse(template.is_changed or template.refusal)
        with Form(template) as form, form.card_ids.edit(0) as line:
            line.body = "A tent for three."
        self.assertTrue(template.is_changed)

    def test_a_template_in_review_can_not_be_changed(self):
        template = self.sync_templates(self.template_data(status="PENDING"))
        with self.assertRaisesRegex(UserError, "In Review"):
            template.body = "Something else"
        with self.assertRaisesRegex(UserError, "Duplicate it"):
            template.name = "other"

    def test_deleting_at_whatsapp_archives_and_keeps_the_name_taken(self):
        template = self.sync_templates(self.template_data()).with_user(self.editor)
        with self.assertRaisesRegex(UserError, "Delete at WhatsApp"):
            template.unlink()
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = {"success": True}
            template.action_delete()
        self.assertEqual(graph.calls[0][2]["params"], {"hsm_id": "7001", "name": "order_shipped"})
        self.assertEqual((template.state, template.active), ("deleted", False))
        with self.assertRaisesRegex(UserError, "keeps the name until"):
            self.create_template().action_submit()

    # === PREVIEW AND VARIABLES === #

    def test_the_preview_shows_a_real_document_and_else_the_samples(self):
        partner = self.env["res.partner"].create({"name": "Zoë <b>", "ref": "R1"})
        template = self.create_template()
        self.assertIn("Hello Ana", template.preview)
        template.model_id = self.env["ir.model"]._get("res.partner")
        template.variable_ids[0].write({"source": "field", "field_path": "name"})
        template.preview_record = partner
        self.assertIn("Hello Zoë &lt;b&gt;", template.preview)
        self.assertIn("order S00042", template.preview)

    def test_a_field_that_does_not_exist_is_refused(self):
        template = self.create_template()
        with self.assertRaisesRegex(UserError, "what the template applies to"):
            template.variable_ids[0].write({"source": "field", "field_path": "name"})
        template.model_id = self.env["ir.model"]._get("res.partner")
        with self.assertRaisesRegex(UserError, "no field"):
            template.variable_ids[0].write({"source": "field", "field_path": "country_id.password"})

    # === RIGHTS === #

    def test_agents_read_approved_templates_only_and_change_none(self):
        approved, draft = self.sync_templates(
            self.template_data(), self.template_data("7002", name="second", status="PENDING")
        )
        templates = self.env["whatsapp.cs.template"].with_user(self.agent).search([])
        self.assertEqual(templates, approved)
        self.assertEqual(templates.variable_ids.mapped("name"), ["1", "2"])
        for action in ("action_submit", "action_delete"):
            with self.assertRaises(AccessError):
                getattr(templates, action)()
        with self.assertRaises(AccessError):
            draft.with_user(self.agent).read(["body"])
        with self.assertRaises(AccessError):
            templates.body = "x"
        with self.assertRaises(AccessError):
            self.env["whatsapp.cs.template"].with_user(self.agent).action_sync()

    def test_nobody_can_say_for_whatsapp_how_a_template_stands(self):
        template = self.sync_templates(self.template_data(status="REJECTED", category="UTILITY"))
        self.env.flush_all()
        for login in ("wa_editor", "wa_administrator"):
            self.authenticate(login, login)

            def call(method, *args, **kwargs):
                params = {"model": "whatsapp.cs.template", "method": method, "args": args, "kwargs": kwargs}
                return self.make_jsonrpc_request("/web/dataset/call_kw", params)

            ids = template.ids
            for values in (
                {"state": "approved"}, {"quality": "green"}, {"state_reason": False}, {"meta_id": "1"},
                {"is_changed": False}, {"components": [], "name": "other"}, {"submit_date": "2020-01-01"},
            ):  # fmt: skip
                with self.subTest(login=login, values=values), self.assertRaisesRegex(JsonRpcException, "AccessError"):
                    call("write", ids, values)
            draft = {"name": "mine", "body": "Hi", "account_id": self.account.id}
            for values, context in (
                ({"state": "approved"}, {}),
                ({}, {"default_state": "approved"}),
                ({"meta_id": "9"}, {}),
            ):
                with self.subTest(login=login, values=values), self.assertRaisesRegex(JsonRpcException, "AccessError"):
                    call("create", [{**draft, **values}], context=context)
            call("write", ids, {"category": "marketing"})  # it was rejected: another category may be asked for
            template.state = "approved"
            self.env.flush_all()
            with self.assertRaisesRegex(JsonRpcException, "UserError"):
                call("write", ids, {"category": "utility"})
            template.state = "rejected"
            self.env.flush_all()

    def test_templates_of_another_company_are_not_seen(self):
        company = self.env["res.company"].create({"name": "Other"})
        account = self._create_account("1003", company)
        self.env["whatsapp.cs.template"].create({"name": "theirs", "account_id": account.id, "body": "Hi"})
        templates = self.env["whatsapp.cs.template"].with_user(self.editor).search([])
        self.assertNotIn("theirs", templates.mapped("name"))

    def test_an_editor_chooses_the_account_by_one_of_its_numbers(self):
        other = self._create_account("1004")
        number = self._create_channel(other, "2004", "+1 555 0104")
        template = self.create_template(channel_id=number)
        self.assertEqual(template.sudo().account_id, other)
        with self.assertRaises(AccessError):
            template.account_id.read(["name"])
