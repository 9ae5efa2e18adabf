import time
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.whatsapp_cs.tools.bot_engine import PERSON

from .common import WhatsappCsCommon


class BotCommon(WhatsappCsCommon):
    """A bot for skin care: five questions, then up to three products."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("hi_IN")
        cls.bot = (
            cls.env["whatsapp.cs.bot"].with_user(cls.administrator).create({"name": "Skin Care"}).with_env(cls.env)
        )
        cls.skin = cls.add(
            "buttons", "Skin", "What is your skin like, {{first_name}}?", choices=["Dry", "Oily"], variable="skin"
        )
        cls.concern = cls.add(
            "list", "Concern", "What bothers you most?", choices=[f"Concern {number}" for number in range(1, 13)]
        )
        cls.age = cls.add("text", "Age", "How old are you?", format="number", min_value=10, max_value=99)
        cls.mail = cls.add("text", "E-Mail", "Where may we write to?", format="email", is_optional=True)
        cls.scent = cls.add("text", "Scent", "Do you like scents?", format="yesno")
        cls.tips = cls.add("products", "Tips", "For {{skin}} skin we recommend:")
        cls.end = cls.add("end", "End", "Thank you!")
        cls.add_product("Rich Cream", "₹ 499", cls.skin.choice_ids[0])
        cls.add_product("Light Gel", "₹ 399", cls.skin.choice_ids[1])
        cls.add_product("Soap", "₹ 99")
        cls.add_product("Sun Milk", "₹ 299")
        cls.add_product("Night Oil", "₹ 799")

    @classmethod
    def add(cls, kind, name, text=False, choices=(), bot=None, **values):
        return cls.env["whatsapp.cs.bot.step"].create(
            {
                "bot_id": (bot or cls.bot).id,
                "kind": kind,
                "name": name,
                "text": text,
                "choice_ids": [Command.create({"title": title}) for title in choices],
                **values,
            }
        )

    @classmethod
    def add_product(cls, name, price, choice=None):
        conditions = [Command.create({"step_id": choice.step_id.id, "choice_ids": choice.ids})] if choice else []
        return cls.env["whatsapp.cs.bot.product"].create(
            {"bot_id": cls.bot.id, "name": name, "price": price, "condition_ids": conditions}
        )

    def setUp(self):
        super().setUp()
        self.sent = []
        self.numbers = iter(range(1, 1000))

    # === DOORS === #

    def publish(self, user=None):
        self.bot.with_user(user or self.administrator).action_publish()

    def begin(self, text="Hello"):
        """A customer writes, and a rule starts the bot."""
        if not self.get_contact():
            self.receive(self.text_body(text))
        run = self.bot._start(self.get_conversation(), "test")
        self.sent = self.send()
        return run

    def say(self, *texts):
        """The customer writes, several messages in one call of WhatsApp's; return what comes back."""
        bodies = [self.text_body(text, f"wamid.T{next(self.numbers)}") for text in texts]
        messages = [body["entry"][0]["changes"][0]["value"]["messages"][0] for body in bodies]
        bodies[0]["entry"][0]["changes"][0]["value"]["messages"] = messages
        self.receive(bodies[0])
        self.sent = self.send()
        return self.sent

    def press(self, title, among=None):
        """The customer presses a button or chooses a row of the last message, or of ``among``."""
        options = self.get_options((among or self.sent)[-1])
        body = self.text_body("", f"wamid.T{next(self.numbers)}")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message.pop("text")
        kind = "list_reply" if "list" in str(options[title]) else "button_reply"
        message.update(type="interactive", interactive={"type": kind, kind: {"id": options[title], "title": title}})
        self.receive(body)
        self.sent = self.send()
        return self.sent

    def get_options(self, payload):
        action = payload["interactive"]["action"]
        rows = [button["reply"] for button in action.get("buttons", ())]
        rows += [row for section in action.get("sections", ()) for row in section["rows"]]
        return {row["title"]: row["id"] for row in rows}

    def get_said(self, payloads=None):
        return [
            payload["text"]["body"] if payload["type"] == "text" else payload["interactive"]["body"]["text"]
            for payload in (self.sent if payloads is None else payloads)
        ]

    def get_run(self):
        return self.get_conversation().bot_run_ids.sorted("id")[-1:]

    def get_answers(self, run=None):
        return {answer.step_id.name: answer.text for answer in (run or self.get_run()).answer_ids if answer.text}


@tagged("post_install", "-at_install")
class TestBot(BotCommon):
    def test_five_questions_then_three_products(self):
        self.publish()
        self.begin()
        self.assertEqual(self.get_conversation().state, "bot")
        self.assertFalse(self.get_conversation().unanswered_date, "the bot answers: nobody is waited for")
        self.assertEqual(list(self.get_options(self.sent[0])), ["Dry", "Oily", "Talk to a person"])
        self.press("Dry")
        self.assertEqual(self.get_said(), ["What bothers you most?"])
        self.assertEqual(len(self.get_options(self.sent[0])), 9, "seven answers, a person, and more")
        self.press("More…")
        self.assertIn("Concern 12", self.get_options(self.sent[0]))
        self.press("Concern 12")
        self.assertEqual(self.get_said(), ["How old are you?"])
        self.say("thirty")
        self.assertEqual(self.get_said(), ["Please answer with a number from 10 to 99.\n\nHow old are you?"])
        self.say("30")
        self.press("Skip")
        self.assertEqual(list(self.get_options(self.sent[0])), ["Yes", "No", "Talk to a person"])
        self.press("Yes")
        tips, thanks = self.get_said()
        self.assertEqual(
            tips,
            "For Dry skin we recommend:\n\n1. *Rich Cream* – ₹ 499\n\n2. *Soap* – ₹ 99\n\n3. *Sun Milk* – ₹ 299",
        )
        self.assertEqual(thanks, "Thank you!")
        run = self.get_run()
        self.assertEqual((run.state, self.get_conversation().state), ("finished", "resolved"))
        self.assertEqual(
            self.get_answers(),
            {
                "Skin": "Dry",
                "Concern": "Concern 12",
                "Age": "30",
                "Scent": "Yes",
                "Tips": "Rich Cream, Soap, Sun Milk",
            },
        )
        self.assertEqual(
            run.answer_ids.sorted("id").mapped("outcome"),
            ["answered", "answered", "answered", "skipped", "answered", "recommended"],
        )
        event = self.get_contact().event_ids.filtered(lambda event: event.name == "bot_finished")
        self.assertEqual(event.detail, "Skin Care", "follow-ups can wait for it (AR8)")
        self.assertEqual(run.path, "Skin → Concern → Age → E-Mail → Scent → Tips → End")

    def test_abandoned_and_resumed_after_a_restart(self):
        self.publish()
        self.begin()
        self.press("Oily")
        self.env.flush_all()
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self.say("concern 3")  # typed instead of pressed
        self.assertEqual(self.get_said(), ["How old are you?"])
        self.assertEqual(self.get_answers(), {"Skin": "Oily", "Concern": "Concern 3"})

    def test_in_hindi(self):
        for record, name, text in (
            (self.skin, "text", "आपकी त्वचा कैसी है?"),
            (self.skin.choice_ids[0], "title", "रूखी"),
            (self.age, "text", "आपकी उम्र क्या है?"),
        ):
            record.with_context(lang="hi_IN")[name] = text
        self.concern.kind, self.concern.text = "message", "Good"
        self.publish()
        self.receive(self.text_body("नमस्ते"))
        self.get_contact().partner_id.lang = "hi_IN"
        self.begin()
        self.assertEqual(self.get_said(), ["आपकी त्वचा कैसी है?"])
        self.assertEqual(list(self.get_options(self.sent[0])), ["रूखी", "Oily", "व्यक्ति से बात करें"])
        self.say("पता नहीं")
        self.assertEqual(self.get_said(), ["कृपया दिए गए उत्तरों में से एक चुनें।\n\nआपकी त्वचा कैसी है?"])
        self.say("रूखी")
        self.assertEqual(self.get_said()[-1], "आपकी उम्र क्या है?")
        self.say("१५०")
        self.assertEqual(self.get_said(), ["कृपया 10 से 99 तक की संख्या लिखें।\n\nआपकी उम्र क्या है?"])
        self.say("२५")
        self.assertEqual(self.get_answers(), {"Skin": "रूखी", "Age": "25"})

    # === TWO AT ONCE === #

    def test_two_messages_at_once_answer_one_question(self):
        self.publish()
        self.begin()
        self.say("Dry", "and a bit red")
        self.assertEqual(self.get_said(), ["What bothers you most?"], "asked once, and no word about the second")
        self.assertEqual(self.get_answers(), {"Skin": "Dry"})
        self.assertIn("and a bit red", self.get_texts(self.get_thread())[-2])

    def test_two_answers_at_once_answer_two_questions(self):
        self.publish()
        self.begin()
        self.say("Dry", "Concern 2")
        self.assertEqual(self.get_said(), ["What bothers you most?", "How old are you?"])
        self.assertEqual(self.get_answers(), {"Skin": "Dry", "Concern": "Concern 2"})

    def test_a_message_of_before_the_question_is_no_answer_to_it(self):
        self.age.format = "text"
        self.age.min_value = self.age.max_value = 0
        self.publish()
        self.begin()
        self.press("Dry")
        self.press("Concern 1")
        self.receive(self.text_body("late", "wamid.L1", wa_id="15550100001", timestamp=int(time.time()) - 60))
        self.assertFalse(self.send())
        self.assertNotIn("Age", self.get_answers())
        self.say("30")
        self.assertEqual(self.get_answers()["Age"], "30")

    def test_an_old_button_answers_nothing(self):
        self.publish()
        self.begin()
        first = self.sent
        self.press("Dry")
        self.assertFalse(self.press("Oily", among=first))
        self.assertEqual(self.get_answers(), {"Skin": "Dry"})
        self.assertEqual(self.get_run().step_id, self.concern)

    def test_what_follows_the_last_answer_in_one_go_is_seen_by_a_person(self):
        self.concern.kind, self.concern.text = "end", "Bye"
        (self.age | self.mail | self.scent | self.tips | self.end).unlink()
        self.publish()
        self.begin()
        self.say("Dry", "Where is my parcel?")
        self.assertEqual((self.get_run().state, self.get_conversation().state), ("finished", "queued"))
        self.assertTrue(self.get_conversation().unanswered_date)

    def test_a_rule_starts_a_bot(self):
        self.publish()
        self.env["whatsapp.cs.auto.reply"].with_user(self.editor).create(
            {"name": "Advice", "keywords": "advice\nसलाह", "text": "With pleasure!", "bot_id": self.bot.id}
        )
        self.say("I need some advice")
        self.assertEqual(self.get_said(), ["With pleasure!", "What is your skin like, Ana?"])
        self.assertEqual((self.get_run().reason, self.get_conversation().state), ("rule “Advice”", "bot"))
        for answer in ("Dry", "1", "30", "skip", "yes"):
            self.say(answer)
        self.assertEqual(self.get_said()[-1], "Thank you!", "answers to pressed buttons don't count as automatic (AR6)")
        facts = self.env["whatsapp.cs.automation.event"].search([("kind", "=", "bot")])
        self.assertEqual(len(facts.filtered("counts")), 1)
        self.assertEqual(facts.bot_id, self.bot)

    def test_no_bot_begins_beyond_the_limit_of_automatic_messages(self):
        self.publish()
        self.channel.automation_cap = 1
        self.receive(self.text_body("Hello"))
        self.get_conversation()._answer_automatically("greeting", "Hi")
        self.assertFalse(self.begin())
        self.assertEqual(self.get_conversation().state, "queued")

    def test_a_second_start_asks_nothing_twice(self):
        self.publish()
        run = self.begin()
        self.assertEqual(self.bot._start(self.get_conversation(), "again"), run)
        self.assertFalse(self.send())

    # === VERSIONS === #

    def test_who_began_with_a_version_ends_with_it(self):
        self.publish()
        self.begin()
        self.press("Dry")
        self.age.text = "Your age, please?"
        self.mail.unlink()
        self.assertEqual(self.bot.state, "changed")
        self.publish()
        self.assertEqual((self.bot.state, self.bot.version_count), ("published", 2))
        self.press("Concern 1")
        self.assertEqual(self.get_said(), ["How old are you?"])
        self.say("30")
        self.assertEqual(self.get_said(), ["Where may we write to?"], "a deleted step is asked to the end")
        self.say("restart")
        self.press("Dry")
        self.press("Concern 1")
        self.assertEqual(self.get_said(), ["Your age, please?"], "who begins anew gets the new version")
        self.say("30")
        self.assertEqual(self.get_said(), ["Do you like scents?"])

    def test_who_is_in_a_withdrawn_bot_comes_to_its_end(self):
        self.publish()
        self.begin()
        self.bot.with_user(self.administrator).action_withdraw()
        self.press("Dry")
        self.assertEqual(self.get_said(), ["What bothers you most?"])
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="15550100002", name="Ben"))
        self.assertFalse(self.bot._start(self.get_conversation("15550100002"), "test"))

    # === SILENCE === #

    def after(self, **delta):
        """Time passes, with the jobs of all that while."""
        later = fields.Datetime.now() + timedelta(**delta)
        with freeze_time(later):
            self.run_cron("bot_deadlines")
            self.run_cron("bot_deadlines")
            self.sent = self.send()
        return self.sent

    def test_the_customer_is_reminded_once_and_given_up(self):
        self.publish()
        self.begin()
        self.assertFalse(self.after(minutes=59))
        self.after(minutes=61)
        self.assertEqual(len(self.sent), 1)
        self.assertEqual(self.get_said()[0].split("\n\n")[0], "Are you still there? This is where we stopped:")
        self.assertIn("Dry", self.get_options(self.sent[0]))
        self.assertFalse(self.after(minutes=120), "once")
        self.after(hours=13)
        run = self.get_run()
        self.assertEqual((run.state, self.get_conversation().state), ("timed_out", "resolved"))
        self.assertEqual(run.answer_ids.outcome, "left")
        self.assertFalse(self.sent)

    def test_an_answer_puts_the_deadlines_off(self):
        self.publish()
        self.begin()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=50)):
            self.press("Dry")
        self.assertFalse(self.after(minutes=70))
        self.assertEqual(len(self.after(minutes=120)), 1)

    def test_a_bot_can_hand_over_whom_it_gives_up(self):
        self.bot.timeout_action = "hand_over"
        self.publish()
        self.begin()
        self.after(hours=13)
        self.assertEqual((self.get_run().state, self.get_conversation().state), ("timed_out", "queued"))

    def test_nobody_is_reminded_outside_the_window(self):
        self.bot.reminder_minutes, self.bot.timeout_hours = 1380, 48
        self.publish()
        self.begin()
        self.get_contact().window_end_date = fields.Datetime.now() + timedelta(hours=22)
        self.assertFalse(self.after(hours=23, minutes=30))
        self.assertEqual(self.get_run().state, "asking")

    # === WAYS OUT === #

    def test_a_person_can_be_had_at_every_step(self):
        self.publish()
        answers_before = ([], ["Dry"], ["Dry", "1"], ["Dry", "1", "30"], ["Dry", "1", "30", "skip"])
        typed = ("Agent!", "व्यक्ति", "hablar con alguien", "orang", "موظف")
        for number, (answers, typed_word) in enumerate(zip(answers_before, typed, strict=True), 1):
            for word in (typed_word, None):
                with self.subTest(answers=answers, word=word), self.cr.savepoint() as savepoint:
                    self.begin()
                    for answer in answers:
                        self.say(answer)
                    if word:
                        self.say(word)
                    else:
                        self.assertIn(PERSON, self.get_options(self.sent[-1]).values())
                        self.press("Talk to a person")
                    run = self.get_run()
                    self.assertEqual((run.state, self.get_conversation().state), ("handed_over", "queued"))
                    self.assertEqual(run.answer_ids.sorted("id")[-1:].outcome, "person")
                    self.assertEqual(len(run.answer_ids), number)
                    self.assertTrue(self.get_conversation().unanswered_date)
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_after_wrong_answers_a_person_takes_over(self):
        self.publish()
        self.begin()
        self.say("what?")
        self.say("hm")
        self.assertEqual(self.get_said(), ["Please choose one of the answers.\n\nWhat is your skin like, Ana?"])
        self.say("no idea")
        run = self.get_run()
        self.assertEqual((run.state, self.get_conversation().state), ("handed_over", "queued"))
        self.assertEqual((run.answer_ids.outcome, run.answer_ids.wrong_count), ("misunderstood", 2))

    def test_a_card_tells_the_person_what_was_answered(self):
        self.publish()
        self.begin()
        self.press("Dry")
        self.press("Talk to a person")
        card = self.get_thread().message_ids[0]
        self.assertEqual(card.subtype_id, self.env.ref("mail.mt_note"))
        for text in ("The customer wants to talk to a person", "Skin", "Dry"):
            self.assertIn(text, card.body)

    def test_a_bot_hands_over_to_a_team_that_can_do_it(self):
        team = self.env["whatsapp.cs.team"].create({"name": "Beauty"})
        skill = self.env["whatsapp.cs.skill"].create({"name": "Skin"})
        self.concern.write({"kind": "hand_over", "text": "One moment.", "team_id": team.id, "skill_id": skill.id})
        (self.age | self.mail | self.scent | self.tips | self.end).unlink()
        self.publish()
        self.begin()
        self.press("Dry")
        self.assertEqual(self.get_said(), ["One moment."])
        conversation = self.get_conversation()
        self.assertEqual((conversation.state, conversation.team_id, conversation.skill_ids), ("queued", team, skill))

    def test_own_words_restart_too(self):
        self.bot.restart_words = "Once More, noch mal"
        self.publish()
        self.begin()
        self.press("Dry")
        self.say("once more!")
        self.assertEqual(len(self.sent), 1)
        self.assertIn("Dry", self.get_options(self.sent[0]))
        first, second = self.get_conversation().bot_run_ids.sorted("id")
        self.assertEqual((first.state, second.state), ("finished", "asking"))
        self.assertEqual(first.answer_ids.sorted("id").mapped("outcome"), ["answered", "restarted"])

    def test_a_loop_has_a_limit(self):
        self.skin.choice_ids[1].next_id = self.skin
        self.publish()
        self.begin()
        self.press("Oily")
        self.press("Oily")
        self.assertIn("Oily", self.get_options(self.sent[0]))
        self.press("Oily")
        self.assertEqual((self.get_run().state, self.get_conversation().state), ("handed_over", "queued"))

    def test_an_agent_who_takes_the_case_ends_the_bot(self):
        self.publish()
        self.begin()
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.assertEqual(self.get_run().state, "handed_over")
        self.say("Dry")
        self.assertFalse(self.sent)
        self.assertEqual(self.get_conversation().state, "assigned")

    def test_a_picture_answers_no_question(self):
        self.publish()
        self.begin()
        body = self.text_body("", "wamid.P1")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message.pop("text")
        message.update(type="location", location={"latitude": 1, "longitude": 2})
        self.receive(body)
        self.assertIn("Please choose", self.get_said(self.send())[0])

    # === WHAT A BOT DOES === #

    def test_answers_are_written_to_contact_and_lead(self):
        self.skin.write(self.get_target("res.partner", "function"))
        self.age.write(self.get_target("crm.lead", "expected_revenue"))
        self.mail.write(self.get_target("res.partner", "email"))
        self.scent.write(self.get_target("res.partner", "active"))
        self.concern.kind, self.concern.text = "message", "Good"
        note = self.add(
            "set", "Note", sequence=11, **self.get_target("crm.lead", "description"), value="Skin: {{skin}}"
        )
        self.skin.next_id = note
        note.next_id = self.age
        self.concern.unlink()
        groups = "whatsapp_cs.whatsapp_cs_group_administrator,sales_team.group_sale_manager,base.group_partner_manager"
        self.publish(new_test_user(self.env, "wa_builder", groups))
        self.begin()
        self.say("Dry")
        self.say("30")
        self.say("ana@example.com")
        self.say("yes")
        conversation = self.get_conversation()
        partner, lead = conversation.partner_id, conversation.lead_id
        self.assertEqual((partner.function, partner.email), ("Dry", "ana@example.com"))
        self.assertEqual((lead.expected_revenue, str(lead.description)), (30, "<p>Skin: Dry</p>"))
        self.assertFalse(self.get_run().problem)

    def get_target(self, model, name):
        return {"target_model": model, "target_field": name}

    def test_what_can_not_be_written_or_done_is_noted_and_holds_nothing_up(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Fails",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": "record.write({'function': 'done'})\nraise UserError('Out of stock')",
            }
        )
        self.concern.write({"kind": "action", "action_id": action.id})
        self.publish()
        self.begin()
        self.say("Dry")
        self.assertEqual(self.get_said(), ["How old are you?"])
        self.assertEqual(self.get_run().problem, "the action of “Concern” failed: Out of stock.")
        self.assertFalse(self.get_conversation().partner_id.function)

    def test_branches_follow_answers_and_fields(self):
        branch = self.add("branch", "Where", sequence=10)
        self.skin.next_id = branch
        other = self.add("end", "Other", "Ask your doctor.", sequence=99)
        self.env["whatsapp.cs.bot.branch"].create(
            {
                "step_id": branch.id,
                "next_id": other.id,
                "condition_ids": [
                    Command.create({"step_id": self.skin.id, "choice_ids": self.skin.choice_ids[1].ids}),
                    Command.create(
                        {
                            "source": "res.partner",
                            "field_name": "phone",
                            "operator": "set",
                        }
                    ),
                ],
            }
        )
        branch.next_id = self.concern
        self.publish()
        self.assertEqual(branch.branch_ids.display_name, "Skin is one of Oily and Phone is known")
        self.begin()
        self.press("Oily")
        self.assertEqual(self.get_said(), ["Ask your doctor."])
        self.assertEqual(self.get_conversation().state, "resolved")

    def test_products_with_codes_are_sent_from_the_catalogue(self):
        self.channel.catalog_id = "777"
        for number, product in enumerate(self.bot.product_ids):
            product.code = f"SKU-{number}"
        self.skin.next_id = self.tips
        (self.concern | self.age | self.mail | self.scent).unlink()
        self.publish()
        self.begin()
        self.press("Oily")
        interactive = self.sent[0]["interactive"]
        self.assertEqual(interactive["type"], "product_list")
        items = interactive["action"]["sections"][0]["product_items"]
        self.assertEqual([item["product_retailer_id"] for item in items], ["SKU-1", "SKU-2", "SKU-3"])


@tagged("post_install", "-at_install")
class TestBotEditor(BotCommon):
    def get_refusal(self):
        with self.assertRaises(UserError) as caught:
            self.publish()
        return str(caught.exception)

    def test_publishing_says_everything_that_is_wrong_at_once(self):
        self.end.unlink()
        self.skin.choice_ids = [
            Command.create({"title": "Neither of these two, thanks"}),
            Command.create({"title": "Dry"}),
        ]
        self.concern.choice_ids.unlink()
        self.age.write({"min_value": 20, "max_value": 10})
        self.mail.variable = "skin"
        self.scent.text = "x" * 1025
        self.add("message", "Island", "Nobody comes here").next_id = self.skin
        self.tips.next_id = self.skin
        refusal = self.get_refusal()
        for text in (
            "Skin: it has 4 buttons, WhatsApp shows 3",
            "Skin: “Neither of these two, thanks” has 28 characters; WhatsApp takes at most 20.",
            "Skin: it offers “Dry” twice",
            "Skin: no way leads from it to an End",
            "Concern: it offers no answers",
            "Age: no answer can be",
            "Scent: “xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…” has 1025 characters",
            "Island: no step leads to it",
            "Two answers are named “skin”",
        ):
            self.assertIn(text, refusal)
        self.assertFalse(self.bot.version_id)
        findings = {node["name"]: node["finding"] for node in self.bot.map["nodes"]}
        self.assertEqual((findings["Island"], findings["Skin"]), ("unreachable", "trapped"))

    def test_dead_ends_and_idle_loops(self):
        self.end.write({"kind": "message"})
        self.assertIn("End: nothing follows it", self.get_refusal())
        self.end.next_id = self.tips
        refusal = self.get_refusal()
        self.assertIn("no way leads from it to an End", refusal)
        self.add("end", "Finally")
        self.tips.next_id = self.end
        self.end.kind = "branch"
        self.env["whatsapp.cs.bot.branch"].create(
            {
                "step_id": self.end.id,
                "next_id": self.tips.id,
                "condition_ids": [Command.create({"step_id": self.age.id, "operator": ">", "value": "18"})],
            }
        )
        self.end.next_id = False
        self.assertIn("it goes round in a loop that asks nothing", self.get_refusal())

    def test_running_through_is_the_same_talk_and_leaves_no_trace(self):
        self.skin.write({"target_model": "res.partner", "target_field": "function"})
        bot = self.bot.with_user(self.editor)
        counts = self.count_everything()
        step = bot.run_through()
        [question] = step["shown"]
        self.assertIn("What is your skin like", question["body"])
        step = bot.run_through(state=step["state"], text="Dry", choice=question["buttons"][0]["id"])
        note, question = step["shown"]
        self.assertEqual(note["text"], "Writes “Dry” to Contact: Job Position")
        self.assertEqual(question["body"], "What bothers you most?")
        for text in ("4", "30", "skip", "no"):
            step = bot.run_through(state=step["state"], text=text)
        self.assertIn("Rich Cream", step["shown"][0]["body"])
        self.assertEqual(step["shown"][-1]["text"], "The bot ends; the conversation is resolved")
        self.assertTrue(step["is_over"])
        self.assertEqual(len(step["state"]["path"]), 7)
        self.assertEqual(self.count_everything(), counts)

    def count_everything(self):
        self.env.flush_all()
        models = ("whatsapp.cs.bot.run", "whatsapp.cs.message", "whatsapp.cs.outbox", "whatsapp.cs.conversation")
        return [self.env[model].search_count([]) for model in models]

    def test_only_administrators_build_bots(self):
        for user in (self.editor, self.agent, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.bot.with_user(user).action_publish()
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.skin.with_user(user).text = "changed"
        with self.assertRaises(AccessError):
            self.bot.with_user(self.agent).run_through()
        self.publish()
        with self.assertRaises(AccessError):
            self.bot.version_id.with_user(self.administrator).definition = {}

    def test_answers_are_written_only_where_the_publisher_may_write(self):
        self.skin.write({"target_model": "crm.lead", "target_field": "name"})
        self.assertFalse(self.administrator.has_group("sales_team.group_sale_salesman"))
        self.assertIn("which you may not write yourself", self.get_refusal())

    def test_a_copy_is_a_bot_of_its_own(self):
        self.skin.choice_ids[1].next_id = self.tips
        self.publish()
        copy = self.bot.copy()
        self.assertEqual((copy.state, copy.name), ("draft", "Skin Care (copy)"))
        self.assertEqual(copy.step_ids[0].choice_ids[1].next_id, copy.step_ids[5])
        condition = copy.product_ids[0].condition_ids
        self.assertEqual((condition.step_id, condition.choice_ids), (copy.step_ids[0], copy.step_ids[0].choice_ids[0]))
        copy.with_user(self.administrator).action_publish()
        self.assertEqual(copy.version_id.number, 1)

    def test_a_bot_that_was_used_can_only_be_archived(self):
        self.publish()
        self.begin()
        with self.assertRaises(UserError):
            self.bot.with_user(self.administrator).unlink()
        self.bot.with_user(self.administrator).action_archive()

    def test_agents_see_the_answers_of_their_own_customers(self):
        self.publish()
        self.begin()
        self.press("Dry")
        Answer = self.env["whatsapp.cs.bot.answer"]
        self.assertFalse(Answer.with_user(self.agent).search([]))
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        self.assertEqual(len(Answer.with_user(self.agent).search([])), 2)
        self.assertFalse(Answer.with_user(self.agent_2).search([]))
        self.assertEqual(len(Answer.with_user(self.editor).search([])), 2)
