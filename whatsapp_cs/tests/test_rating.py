from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestRating(WhatsappCsCommon):
    """The customer's answers come by the webhook, the questions go by the outbox."""

    def setUp(self):
        super().setUp()
        self.number = 1
        self.channel.write({"asks_rating": True, "rating_delay_minutes": 5, "rating_reminder_hours": 4})
        self.receive(self.text_body("Where is my order?"))
        self.conversation = self.get_conversation()

    # === STEPS === #

    def resolve(self, user=None):
        self.answer("It is on its way")
        self.conversation.with_user(user or self.agent).action_resolve()
        self.send()

    def after(self, **delta):
        """Run the job at a later time, and return what the customer got by it."""
        later = fields.Datetime.add(fields.Datetime.now(), **delta)
        with patch.object(fields.Datetime, "now", lambda: later):
            self.run_cron("rating_ask")
        return self.send()

    def ask(self):
        self.resolve()
        return self.after(minutes=6)[0]["interactive"]

    def get_choices(self, interactive):
        """Return ``{title: id}`` of what the customer can press."""
        action = interactive["action"]
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return {part["title"]: part["id"] for part in rows or [button["reply"] for button in action["buttons"]]}

    def press(self, choice_id, title="★", kind="list_reply"):
        self.number += 1
        body = self.text_body(wamid=f"wamid.P{self.number}")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        if kind == "button":  # of a template
            message.update(type="button", button={"payload": choice_id, "text": title})
        else:
            message.update(type="interactive", interactive={"type": kind, kind: {"id": choice_id, "title": title}})
        self.receive(body)
        return self.send()

    def say(self, text):
        self.number += 1
        self.receive(self.text_body(text, wamid=f"wamid.P{self.number}"))
        return self.send()

    def rate(self, stars):
        """Resolve, ask, press; return the choices of the question for a comment."""
        choices = list(self.get_choices(self.ask()).values())
        return self.get_choices(self.press(choices[5 - stars])[0]["interactive"])

    @property
    def rating(self):
        return self.env["whatsapp.cs.rating"].search([("conversation_id", "=", self.conversation.id)])

    # === ASKING === #

    def test_nobody_is_asked_unless_it_is_switched_on(self):
        self.channel.asks_rating = False
        self.resolve()
        self.assertFalse(self.after(minutes=6))

    def test_five_minutes_after_resolving_the_customer_is_asked_once(self):
        self.resolve()
        self.assertFalse(self.after(minutes=4))
        question = self.after(minutes=6)
        self.assertEqual(len(question), 1)
        interactive = question[0]["interactive"]
        self.assertEqual(interactive["body"]["text"], "We have closed your request. How was our service?")
        self.assertEqual(next(iter(self.get_choices(interactive))), "★★★★★ Excellent")
        self.assertFalse(self.after(minutes=7), "two jobs at once ask no second time")

    def test_the_question_is_in_the_customers_language(self):
        for code, text in (("hi_IN", "हमारी सेवा कैसी थी?"), ("ar_001", "كيف كانت خدمتنا؟")):
            self.env["res.lang"]._activate_lang(code)
            self.channel.with_context(lang=code).rating_text = text
        self.get_contact().partner_id.lang = "ar_001"
        self.assertEqual(self.ask()["body"]["text"], "كيف كانت خدمتنا؟")
        self.assertEqual(self.rating.lang, "ar_001")

    def test_faces_and_three_buttons(self):
        self.channel.rating_kind = "buttons"
        self.assertEqual(list(self.get_choices(self.ask())), ["😀 Good", "😐 Okay", "🙁 Bad"])
        self.channel.rating_kind = "emoji"
        self.assertEqual(self.rating._get_choices()[0], (5, "😍 Excellent"))

    def test_a_case_the_customer_has_opened_again_is_not_asked_about(self):
        self.resolve()
        self.say("One more thing")
        self.assertFalse(self.after(minutes=6))
        self.conversation.with_user(self.agent).action_resolve()
        self.assertEqual(len(self.after(minutes=6)), 1, "but when it is done again")

    def test_after_the_window_nobody_is_asked(self):
        self.resolve()
        self.get_contact().window_end_date = fields.Datetime.now()
        self.assertFalse(self.after(minutes=6))
        self.assertEqual((self.rating.state, self.rating.skip_reason), ("skipped", "window"))

    def test_once_the_window_is_closed_a_template_asks_and_its_button_is_the_rating(self):
        buttons = [{"type": "QUICK_REPLY", "text": text} for text in ("Great", "So-so", "Bad")]
        body = {"type": "BODY", "text": "How was our service the other day? Tell us."}
        data = self.template_data("7002", name="how_was_it", components=[body, {"type": "BUTTONS", "buttons": buttons}])
        with self.assertRaisesRegex(ValidationError, "two to five quick replies"):
            self.channel.rating_template_id = self.sync_templates(self.template_data())
        template = self.sync_templates(data, self.template_data()).filtered(lambda t: t.name == "how_was_it")
        self.channel.rating_template_id = template
        self.resolve()
        contact = self.get_contact()
        contact.window_end_date = fields.Datetime.now()
        [payload] = self.after(minutes=6)
        self.assertEqual((payload["type"], payload["template"]["name"]), ("template", "how_was_it"))
        choices = [part["parameters"][0]["payload"] for part in payload["template"]["components"]]
        self.assertEqual((self.conversation.state, self.rating.state), ("resolved", "asked"))
        self.assertFalse(self.after(hours=5), "a template does not remind")
        self.assertFalse(contact.is_window_open)
        comment = self.press(choices[1], "So-so", kind="button")
        self.assertIn("Write a comment", self.get_choices(comment[0]["interactive"]))
        self.assertEqual((self.rating.value, self.conversation.state), (3, "resolved"))

    def test_the_template_goes_only_when_it_can_be_sent_and_may(self):
        buttons = [{"type": "QUICK_REPLY", "text": text} for text in ("Gut", "Schlecht")]
        components = [{"type": "BODY", "text": "Wie war es? Sag es uns."}, {"type": "BUTTONS", "buttons": buttons}]
        english = self.template_data(name="how_was_it", components=components)
        german = {**english, "id": "7002", "language": "de"}
        self.channel.rating_template_id = self.sync_templates(english, german).filtered(lambda t: t.language == "en_US")
        self.env["res.lang"]._activate_lang("de_DE")
        self.resolve()
        self.get_contact().window_end_date = fields.Datetime.now()
        for change, reason in (
            ({"status": "PAUSED"}, "template"),
            ({}, "policy"),  # somebody who is blocked
        ):
            self.get_contact().blocked_date = reason == "policy" and fields.Datetime.now()
            self.sync_templates({**english, **change}, german)
            with self.subTest(reason=reason):
                self.assertFalse(self.after(minutes=6))
                self.assertEqual((self.rating.state, self.rating.skip_reason), ("skipped", reason))
            self.rating._update_state("due", skip_reason=False)
        self.get_contact().blocked_date = False
        self.get_contact().partner_id.lang = "de_DE"
        self.assertEqual(self.after(minutes=6)[0]["template"]["language"], {"code": "de"})

    def test_who_does_not_answer_is_reminded_once(self):
        self.ask()
        self.assertFalse(self.after(hours=3))
        self.assertEqual(len(self.after(hours=5)), 1)
        self.assertFalse(self.after(hours=6))

    def test_who_has_answered_or_asked_something_else_is_not_reminded(self):
        self.rate(5)
        self.assertFalse(self.after(hours=5))

    # === ANSWERS === #

    def test_a_rating_is_kept_with_the_case_and_reopens_nothing(self):
        self.rate(5)
        rating = self.conversation.rating_ids.rating_id
        self.assertEqual(
            (
                rating.rating,
                rating.consumed,
                rating.res_model,
                rating.res_id,
                rating.partner_id,
                rating.rated_partner_id,
            ),
            (
                5,
                True,
                self.conversation._name,
                self.conversation.id,
                self.conversation.partner_id,
                self.agent.partner_id,
            ),
        )
        self.assertEqual((self.conversation.state, self.conversation.unanswered_date), ("resolved", False))
        self.assertEqual(self.conversation.rating_value, 5)
        self.assertIn("★", "".join(self.get_texts(self.get_thread())), "the chat shows it")

    def test_a_second_press_corrects_the_first(self):
        choices = list(self.get_choices(self.ask()).values())
        self.press(choices[4])
        self.assertTrue(self.rating.needs_review)
        self.assertFalse(self.press(choices[0]), "nothing is asked again")
        self.assertEqual((self.rating.value, self.rating.satisfaction, self.rating.needs_review), (5, 100, False))
        self.assertEqual(self.env["rating.rating"].search_count([("res_model", "=", self.conversation._name)]), 1)

    def test_an_old_question_counts_for_its_case_though_a_new_one_is_open(self):
        choices = list(self.get_choices(self.ask()).values())
        self.conversation.resolved_date = fields.Datetime.subtract(fields.Datetime.now(), days=3)
        self.say("Another order")
        newer = self.get_conversation()
        self.assertNotEqual(newer, self.conversation)
        self.press(choices[1])
        self.assertEqual((self.conversation.rating_value, newer.rating_value), (4, 0))
        self.assertEqual((newer.state, newer.inbound_count), ("queued", 1))

    def test_a_question_instead_of_stars_is_a_message(self):
        self.ask()
        self.say("Where is my invoice?")
        self.assertEqual(self.conversation.state, "assigned")
        self.assertEqual(self.rating.state, "asked")

    def test_the_question_of_another_customer_can_not_be_answered(self):
        choices = list(self.get_choices(self.ask()).values())
        body = self.text_body(wamid="wamid.B1", wa_id="15550100002", name="Ben")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        message.update(
            type="interactive",
            interactive={"type": "list_reply", "list_reply": {"id": choices[4], "title": "Bad"}},
        )
        self.receive(body)
        self.assertFalse(self.rating.value)

    # === COMMENT === #

    def test_a_comment_is_asked_for_and_kept(self):
        comment = self.rate(4)
        self.assertEqual(list(comment), ["Write a comment", "No, thank you"])
        self.press(comment["Write a comment"], kind="button_reply")
        thanks = self.say("आपका धन्यवाद, बहुत तेज़")
        self.assertEqual(thanks[0]["text"]["body"], "Thank you! Your comment helps us.")
        self.assertEqual(self.conversation.rating_ids.comment, "आपका धन्यवाद, बहुत तेज़")
        self.assertEqual((self.conversation.state, self.rating.state), ("resolved", "done"))
        self.say("And now I need an invoice")
        self.assertEqual(self.conversation.state, "assigned", "only one message is the comment")

    def test_who_wants_to_say_nothing_is_left_alone(self):
        comment = self.rate(5)
        self.assertFalse(self.press(comment["No, thank you"], kind="button_reply"))
        self.say("Thanks")
        self.assertFalse(self.conversation.rating_ids.comment)

    def test_a_comment_that_asks_something_is_a_message_too(self):
        self.press(self.rate(1)["Write a comment"], kind="button_reply")
        self.say("Where is my refund?")
        self.assertEqual(self.conversation.rating_ids.comment, "Where is my refund?")
        self.assertEqual(self.conversation.state, "assigned")

    def test_stop_is_no_comment(self):
        self.press(self.rate(1)["Write a comment"], kind="button_reply")
        self.say("STOP")
        self.assertFalse(self.conversation.rating_ids.comment)
        self.assertEqual(self.get_contact().consent, "out")

    # === LOW RATINGS, FIGURES, RIGHTS === #

    def test_a_low_rating_waits_for_an_editor(self):
        self.rate(2)
        low = [("needs_review", "=", True)]
        ratings = self.env["whatsapp.cs.rating"].with_user(self.editor).search(low)
        self.assertEqual(ratings, self.rating)
        with self.assertRaises(AccessError):
            ratings.with_user(self.agent).write({"value": 5})
        with self.assertRaisesRegex(UserError, "Editors look"):
            ratings.with_user(self.agent).action_set_reviewed()
        ratings.action_set_reviewed()
        self.assertEqual((ratings.needs_review, ratings.reviewed_by_id), (False, self.editor))
        self.assertEqual(
            self.env["whatsapp.cs.conversation"].search([("rating_value", "in", (1, 2, 3))]), self.conversation
        )

    def test_analysts_see_figures_and_not_who_said_what(self):
        self.press(self.rate(2)["Write a comment"], kind="button_reply")
        self.say("Too slow")
        ratings = self.env["whatsapp.cs.rating"].with_user(self.analyst)
        groups = ratings.formatted_read_group([], ["user_id", "channel_id", "lang"], ["value:avg", "satisfaction:avg"])
        self.assertEqual((groups[0]["value:avg"], groups[0]["satisfaction:avg"]), (2, 0))
        for name in ("comment", "contact_id", "conversation_id", "rating_id"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                ratings.search([]).read([name])
        feedback = self.env["rating.rating"].search([("res_model", "=", self.conversation._name)])
        for user in (self.analyst, self.employee, self.agent_2):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                feedback.with_user(user).read(["feedback"])
            self.assertFalse(self.env["rating.rating"].with_user(user).search([("feedback", "ilike", "slow")]))
        self.assertEqual(feedback.with_user(self.agent).feedback, "Too slow", "the agent who was rated")
        for user in (self.agent, self.editor, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                feedback.with_user(user).write({"rating": 5})

    def test_averages_on_customer_and_agent(self):
        self.rate(4)
        self.assertEqual(self.get_contact().with_user(self.editor).rating_average, 4)
        self.assertEqual(self.agent.whatsapp_cs_rating_average, 4)
