from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tools.discuss import Store

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestAutomationQuality(WhatsappCsCommon):
    """How good automation is (AR11), and what it saves (AR12)."""

    def setUp(self):
        super().setUp()
        self.rule = self.env["whatsapp.cs.auto.reply"].create(
            {"name": "Hours", "trigger": "keyword", "keywords": "open\nhours", "text": "From 8 to 22."}
        )

    def ask(self, text="When are you open?", wamid="wamid.Q1", **sender):
        self.receive(self.text_body(text, wamid, **sender))

    def press_person(self, wamid="wamid.P1"):
        payload = self.text_body("x", wamid)
        message = payload["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        reply = {"type": "button_reply", "button_reply": {"id": "whatsapp_cs.person", "title": "Talk to a person"}}
        message.update(type="interactive", interactive=reply)
        self.receive(payload)

    def get_figures(self, user=None):
        """Return what the analyst's pivot shows of the rule."""
        self.env.flush_all()
        rows = (
            self.env["whatsapp.cs.automation.report"]
            .with_user(user or self.analyst)
            ._read_group(
                [("subject", "=", "Hours")],
                aggregates=["answer_count:sum", "accuracy:avg", "conversion:avg", "hours_saved:sum", "wrong_count:sum"],
            )
        )
        return rows[0]

    def get_shown(self):
        return self.get_thread().message_ids.filtered(lambda message: message.message_type == "auto_comment")[:1]

    def test_answers_are_counted_and_save_hours(self):
        self.ask()
        self.ask(wamid="wamid.Q2", wa_id="15550100002", name="Ben")
        count, accuracy, _conversion, hours, _wrong = self.get_figures()
        self.assertEqual((count, accuracy), (2, 100))
        self.assertAlmostEqual(hours, 2 * 4 / 60)

    def test_who_then_asks_for_a_person_was_not_helped(self):
        self.ask()
        self.ask(wamid="wamid.Q2", wa_id="15550100002", name="Ben")
        self.press_person()
        self.assertEqual(self.get_figures()[1], 50)

    def test_an_agent_rates_an_answer_as_wrong_and_takes_it_back(self):
        self.ask()
        shown = self.get_shown()
        shown.with_user(self.agent).whatsapp_cs_rate_answer(True)
        shown.with_user(self.agent).whatsapp_cs_rate_answer(True)
        self.assertEqual((self.get_figures()[1], self.get_figures()[4]), (0, 1))
        shown.with_user(self.agent).whatsapp_cs_rate_answer(False)
        self.assertEqual(self.get_figures()[1], 100)

    def test_the_screen_knows_which_messages_can_be_rated(self):
        def get_shown(message):
            data = Store().add(message, message._whatsapp_cs_get_store_fields()).get_result()
            return data["mail.message"][0].get("whatsapp_cs_answer")

        self.ask()
        shown = self.get_shown()
        self.assertEqual(get_shown(shown), "given")
        shown.with_user(self.agent).whatsapp_cs_rate_answer(True)
        self.assertEqual(get_shown(shown), "wrong")
        self.assertFalse(get_shown(self.answer("From 8.")))

    def test_only_agents_rate_and_only_automatic_answers(self):
        self.ask()
        for user in (self.analyst, self.employee):
            with self.assertRaises(AccessError):
                self.get_shown().with_user(user).whatsapp_cs_rate_answer(True)
        mine = self.answer("From 8.")
        with self.assertRaisesRegex(UserError, "no automatic answer"):
            mine.with_user(self.agent).whatsapp_cs_rate_answer(True)

    def test_an_order_within_the_days_is_a_conversion(self):
        self.ask()
        self.ask(wamid="wamid.Q2", wa_id="15550100002", name="Ben")
        self.get_conversation().lead_id.action_set_won()
        self.assertEqual(self.get_figures()[2], 50)

    def test_an_order_long_after_is_none(self):
        self.ask()
        self.env["whatsapp.cs.automation.event"].search([]).date = fields.Datetime.subtract(
            fields.Datetime.now(), days=8
        )
        self.get_conversation().lead_id.action_set_won()
        self.assertEqual(self.get_figures()[2], 0)

    def test_below_the_limit_there_is_one_alert_until_it_is_better(self):
        Alert = self.env["whatsapp.cs.alert"]
        Alert._set_limit("accuracy_answers", 2)
        self.ask()
        self.press_person()
        Alert._check()
        self.assertFalse(Alert.search([("kind", "=", "accuracy")]), "one answer says nothing")
        self.ask(wamid="wamid.Q2", wa_id="15550100002", name="Ben")
        Alert._check()
        Alert._check()
        alert = Alert.search([("kind", "=", "accuracy")])
        self.assertIn("50 %", alert.detail)
        self.env["whatsapp.cs.automation.event"].search([]).is_followed = False
        Alert._check()
        self.assertTrue(alert.closed_date)

    def test_analysts_see_no_customer(self):
        self.ask()
        Report = self.env["whatsapp.cs.automation.report"].with_user(self.analyst)
        self.assertNotIn("conversation_id", Report.fields_get())
        with self.assertRaises(AccessError):
            Report.search([], limit=1).read(["conversation_id"])

    def test_an_editor_gets_from_a_figure_to_the_conversation(self):
        self.ask()
        self.env.flush_all()
        row = self.env["whatsapp.cs.automation.report"].with_user(self.editor).search([("subject", "=", "Hours")])
        self.assertEqual(row.action_open_conversation()["res_id"], self.get_conversation().id)


@tagged("post_install", "-at_install")
class TestBotFigures(WhatsappCsCommon):
    """Where customers leave a bot for a person (AR11)."""

    def setUp(self):
        super().setUp()
        self.bot = self.env["whatsapp.cs.bot"].create(
            {
                "name": "Sizes",
                "step_ids": [
                    Command.create({"name": "Height", "kind": "text", "text": "How tall are you?", "sequence": 1}),
                    Command.create({"name": "Thanks", "kind": "end", "text": "Thank you!", "sequence": 2}),
                ],
            }
        )
        self.bot.action_publish()
        self.env["whatsapp.cs.auto.reply"].create(
            {"name": "Size", "trigger": "keyword", "keywords": "size", "bot_id": self.bot.id}
        )
        for number in range(12):
            wa_id = f"155501000{number:02}"
            self.receive(self.text_body("Which size?", f"wamid.S{number}", wa_id=wa_id, name=f"Person {number}"))
            words = "180" if number > 2 else "talk to a person"
            self.receive(self.text_body(words, f"wamid.T{number}", wa_id=wa_id, name=f"Person {number}"))

    def test_a_step_that_loses_too_many_is_marked_in_form_and_map(self):
        step = self.bot.step_ids[0]
        self.assertEqual((step.asked_count, round(step.hand_over_rate), step.is_weak), (12, 25, True))
        self.assertEqual(self.bot.with_user(self.administrator).weak_steps, "Height (25 %)")
        findings = {node["name"]: node["finding"] for node in self.bot.with_user(self.editor).map["nodes"]}
        self.assertEqual(findings, {"Height": "weak", "Thanks": ""})
        self.env["whatsapp.cs.automation.goal"]._set_limit("step_percent", 30)
        self.env.invalidate_all()
        self.assertFalse(self.bot.weak_steps)

    def test_the_funnel_tells_an_analyst_how_far_people_come(self):
        Report = self.env["whatsapp.cs.bot.report"].with_user(self.analyst)
        rows = Report._read_group([("bot", "=", "Sizes")], ["step", "outcome"], ["asked_count:sum"])
        self.assertEqual(rows, [("01 Height", "answered", 9), ("01 Height", "person", 3)])
        self.assertEqual(
            self.bot.with_user(self.editor).action_view_funnel()["domain"], [("bot_id", "in", self.bot.ids)]
        )

    def test_who_finished_it_is_told_to_follow_ups(self):
        events = self.env["whatsapp.cs.customer.event"].search([("name", "=", "bot_finished")])
        self.assertEqual((len(events), set(events.mapped("detail"))), (9, {"Sizes"}))
