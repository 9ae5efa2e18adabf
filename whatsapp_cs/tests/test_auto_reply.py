import itertools
import time
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.whatsapp_cs.models.whatsapp_cs_automation import PERSON
from odoo.addons.whatsapp_cs.tools import keyword_index

from .common import WhatsappCsCommon

AUTOMATION_LOG = "odoo.addons.whatsapp_cs.models.whatsapp_cs_automation"


class AutoReplyCase(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.inbound = itertools.count(1)
        self.set_open(True)

    def set_open(self, is_open):
        """Have the shop open, or closed, at this moment."""
        hour = self.channel._get_local_time(fields.Datetime.now()).hour
        shift = 12 if is_open else 0
        self.channel.write({"off_hours_from": (hour + shift) % 24, "off_hours_to": (hour + shift + 2) % 24})

    def rule(self, name="Shipping", **values):
        values = {"trigger": "keyword", "keywords": "shipping", "text": "Shipping costs 4.90 €.", **values}
        return self.env["whatsapp.cs.auto.reply"].create({"name": name, **values})

    def ask(self, *texts, wa_id="15550100001", name="Ana", **sender):
        """Receive texts of one customer together; return what WhatsApp is sent for it."""
        bodies = [
            self.text_body(text, f"wamid.IN{next(self.inbound)}", wa_id=wa_id, name=name, **sender) for text in texts
        ]
        for body in bodies:
            self.assertEqual(self.post_webhook(body).status_code, 200)
        self.run_cron("event_process")
        return self.send()

    def press(self, key, title="Talk to a person"):
        body = self.text_body("", f"wamid.IN{next(self.inbound)}")
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        message.update(
            type="interactive", interactive={"type": "button_reply", "button_reply": {"id": key, "title": title}}
        )
        self.receive(body)
        return self.send()

    def get_said(self, payloads):
        """Return the text of each message as the customer reads it."""
        return [
            payload["text"]["body"] if payload["type"] == "text" else payload["interactive"]["body"]["text"]
            for payload in payloads
        ]

    def get_choices(self, payload):
        """Return the ids of a message's buttons or rows."""
        action = payload.get("interactive", {}).get("action", {})
        rows = [row["id"] for section in action.get("sections", ()) for row in section["rows"]]
        return [button["reply"]["id"] for button in action.get("buttons", ())] + rows

    def pass_time(self, **delta):
        """Let all that automation has done be so long ago."""
        for fact in self.env["whatsapp.cs.automation.event"].search([]):
            fact.date -= timedelta(**delta)
        for conversation in self.env["whatsapp.cs.conversation"].search([("automation_rest_until", "!=", False)]):
            conversation.automation_rest_until -= timedelta(**delta)

    def get_facts(self, **values):
        return self.env["whatsapp.cs.automation.event"].search([(name, "=", value) for name, value in values.items()])


@tagged("post_install", "-at_install")
class TestAutoReply(AutoReplyCase):
    def test_a_customers_evening(self):
        """At night: a greeting, then an answer to a question; what nobody has answered waits in the queue."""
        self.set_open(False)
        self.rule("Hello", trigger="greeting", text="Hello {{first_name|there}}, welcome!", sequence=1)
        self.rule("Closed", trigger="off_hours", text="We are back at {{next_opening}}.", sequence=30)
        self.rule(sequence=5)
        self.assertEqual(self.get_said(self.ask("Hi", name="Ana Silva")), ["Hello Ana, welcome!"])
        conversation = self.get_conversation()
        self.assertEqual(conversation.state, "queued")
        [closed] = self.ask("Anybody there?")
        self.assertRegex(self.get_said([closed])[0], r"We are back at \d")
        self.assertEqual(self.get_choices(closed), [PERSON])  # the second one carries the way out
        self.assertEqual(self.get_said(self.ask("what is SHIPPING?")), ["Shipping costs 4.90 €."])
        self.assertEqual(conversation.state, "queued", "the first questions still wait for a person")
        self.assertEqual(
            self.get_facts(outcome="sent").sorted("id").mapped("kind"), ["greeting", "off_hours", "keyword"]
        )

    def test_a_settled_question_waits_for_nobody(self):
        self.rule()
        self.ask("Shipping?")
        conversation = self.get_conversation()
        self.assertEqual(conversation.state, "waiting")
        self.assertFalse(conversation.unanswered_date or conversation.user_id)
        self.ask("And in red?")
        self.assertEqual(conversation.state, "queued")

    def test_a_settled_question_after_the_case_was_resolved(self):
        self.ask("Hello")
        conversation = self.get_conversation()
        conversation._set_resolved()
        self.rule()
        self.assertTrue(self.ask("Shipping?"))
        self.assertEqual((conversation.state, conversation.resolved_date), ("waiting", False))

    def test_three_questions_in_a_row_and_then_a_person(self):
        for name in ("shipping", "returns", "opening", "parking"):
            self.rule(name, keywords=name, text=f"All about {name}.")
        payloads = [self.ask(f"{name}?")[0] for name in ("shipping", "returns", "opening")]
        self.assertEqual([self.get_choices(payload) for payload in payloads], [[], [PERSON], [PERSON]])
        conversation = self.get_conversation()
        self.assertEqual(conversation.state, "waiting")
        self.assertEqual(self.ask("parking?"), [])
        self.assertEqual(conversation.state, "queued")
        self.assertEqual(conversation.automation_rest_reason, "handed_over")
        self.pass_time(hours=25)
        conversation._set_resolved()
        self.assertEqual(self.get_said(self.ask("parking?")), ["All about parking."])

    def test_the_cap_is_a_setting(self):
        self.channel.automation_cap = 1
        self.rule()
        self.rule("returns", keywords="returns")
        self.assertTrue(self.ask("shipping"))
        self.assertFalse(self.ask("returns"))

    def test_the_same_rule_answers_once_in_six_hours(self):
        self.rule()
        self.rule("No idea", trigger="no_match", text="Pardon?")
        self.assertTrue(self.ask("shipping"))
        self.assertEqual(self.ask("shipping???"), [], "neither again, nor as not understood")
        self.assertEqual(self.get_conversation().state, "queued")
        self.pass_time(hours=6, minutes=1)
        self.assertEqual(self.get_said(self.ask("shipping")), ["Shipping costs 4.90 €."])

    def test_somebody_furious_gets_a_person(self):
        self.rule("Sorry", keywords="scam\nlawyer\nनाराज़", text="I am sorry.", hands_over=True)
        self.assertEqual(self.get_said(self.ask("THIS IS A SCAM!!!", "I call my LAWYER")), ["I am sorry."])
        conversation = self.get_conversation()
        self.assertEqual(conversation.state, "queued")
        self.rule()
        self.assertEqual(self.ask("and shipping took weeks"), [], "a person was asked for")

    def test_talk_to_a_person(self):
        self.rule(has_person_button=True)
        [payload] = self.ask("shipping")
        self.assertEqual(self.get_choices(payload), [PERSON])
        self.assertEqual(self.press(PERSON), [])
        self.assertEqual(self.get_conversation().state, "queued")
        self.assertTrue(self.get_facts(kind="person_asked"))
        self.assertEqual(self.ask("shipping"), [])

    def test_after_a_person_has_answered_automation_rests_twelve_hours(self):
        self.ask("Hello")
        self.answer("Hi, this is Arun")
        self.send()
        self.rule()
        conversation = self.get_conversation()
        self.assertIn("an agent has answered", conversation.automation_rest_text)
        self.assertEqual(self.ask("shipping"), [])
        self.assertEqual((conversation.state, conversation.user_id), ("assigned", self.agent))
        self.pass_time(hours=12, minutes=1)
        self.assertEqual(self.get_said(self.ask("shipping")), ["Shipping costs 4.90 €."])

    def test_an_answer_from_the_phone_counts_as_a_persons(self):
        self.ask("Hello")
        echo = {"from": "15550100", "to": "15550100001", "id": "wamid.E1", "type": "text", "text": {"body": "Here!"}}
        echo["timestamp"] = str(int(time.time()))
        body = self.envelope(message_echoes=[echo])
        body["entry"][0]["changes"][0]["field"] = "smb_message_echoes"
        self.receive(body)
        self.rule()
        self.assertEqual(self.ask("shipping"), [])

    def test_automation_is_switched_off_and_on_by_hand(self):
        self.rule()
        self.ask("Hello")
        conversation = self.get_conversation().with_user(self.agent)
        conversation.action_rest_automation()
        self.assertEqual(self.ask("shipping"), [])
        conversation.action_wake_automation()
        self.assertTrue(self.ask("shipping"))
        conversation.sudo()._set_assigned(self.agent_2)
        with self.assertRaisesRegex(UserError, "Bela is answering"):
            conversation.with_user(self.agent).action_rest_automation()
        conversation.with_user(self.editor).action_rest_automation()
        with self.assertRaises(AccessError):
            conversation.with_user(self.analyst).action_rest_automation()

    def test_who_says_stop_gets_no_other_answer(self):
        self.rule("No idea", trigger="no_match", text="Pardon?")
        self.assertNotIn("Pardon?", self.get_said(self.ask("STOP")))

    def test_the_first_rule_in_order_answers(self):
        second = self.rule("B", sequence=20, text="B")
        first = self.rule("A", sequence=10, text="A")
        self.assertEqual(self.get_said(self.ask("shipping")), ["A"])
        first.active = False
        second.sequence = 5
        self.pass_time(hours=7)
        self.assertEqual(self.get_said(self.ask("shipping")), ["B"])

    def test_a_greeting_is_for_the_first_message_only(self):
        self.ask("Hello")
        self.rule("Hello", trigger="greeting", text="Welcome!")
        self.assertEqual(self.ask("Hello again"), [])
        self.assertEqual(self.get_said(self.ask("Hello", wa_id="15550100002", name="Bo")), ["Welcome!"])

    def test_two_messages_at_once_are_one_question(self):
        self.rule(match="all", keywords="shipping\nfrance")
        self.assertEqual(self.get_said(self.ask("shipping?", "to France")), ["Shipping costs 4.90 €."])

    def test_the_same_webhook_twice_is_answered_once(self):
        self.rule()
        body = self.text_body("shipping", "wamid.SAME")
        self.receive(body)
        self.receive(body)
        self.assertEqual(len(self.send()), 1)

    def test_in_hindi_arabic_and_thai(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        rule = self.rule(keywords="shipping\nडिलीवरी\nتوصيل\nค่าส่ง")
        rule.with_context(lang="hi_IN").text = "डिलीवरी मुफ़्त है।"
        self.assertEqual(self.get_said(self.ask("डिलीवरी कितने की है?")), ["Shipping costs 4.90 €."])
        self.assertEqual(self.get_said(self.ask("كم التَوْصِيل؟ توصيل", wa_id="966500000001")), [rule.text])
        self.assertEqual(self.get_said(self.ask("ขอทราบค่าส่งหน่อยค่ะ", wa_id="66800000001")), [rule.text])
        self.ask("नमस्ते", wa_id="919800000001")
        self.get_contact("919800000001").partner_id.lang = "hi_IN"
        self.assertEqual(self.get_said(self.ask("डिलीवरी?", wa_id="919800000001")), ["डिलीवरी मुफ़्त है।"])

    def test_a_rule_for_a_language_number_time_or_period(self):
        other = self._create_channel(self.account, "2002", "+1 555 0200")
        today = self.channel._get_local_time(fields.Datetime.now()).date()
        hour = self.channel._get_local_time(fields.Datetime.now()).hour
        for values in (
            {"channel_ids": [Command.link(other.id)]},
            {"date_to": today - timedelta(days=1)},
            {"date_from": today + timedelta(days=1)},
            {"hour_from": (hour + 2) % 24, "hour_to": (hour + 3) % 24},
        ):
            rule = self.rule(**values)
            self.assertEqual(self.ask("shipping"), [], values)
            rule.active = False
        self.rule(channel_ids=[Command.link(self.channel.id)], date_from=today, date_to=today)
        self.assertTrue(self.ask("shipping"))

    def test_a_time_of_the_day_over_midnight(self):
        hour = self.channel._get_local_time(fields.Datetime.now()).hour
        self.rule("Menu", trigger="segment", hour_from=(hour - 1) % 24, hour_to=(hour + 1) % 24, text="Soup")
        self.assertEqual(self.get_said(self.ask("Hello")), ["Soup"])

    def test_the_working_calendar_with_a_holiday_decides_who_is_there(self):
        now = fields.Datetime.now()
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Always",
                "tz": "UTC",
                "attendance_ids": [
                    Command.create({"name": "x", "dayofweek": str(day), "hour_from": 0, "hour_to": 24})
                    for day in range(7)
                ],
            }
        )
        self.set_open(False)
        self.channel.resource_calendar_id = calendar
        self.assertTrue(self.channel._is_open(now))
        self.rule("Closed", trigger="off_hours", text="Closed.")
        self.assertEqual(self.ask("Hello"), [])
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": calendar.id,
                "date_from": now - timedelta(hours=1),
                "date_to": now + timedelta(hours=5),
            }
        )
        self.assertFalse(self.channel._is_open(now))
        self.assertEqual(self.channel._get_next_opening(now), now + timedelta(hours=5))
        self.assertEqual(self.get_said(self.ask("Hello?")), ["Closed."])

    def test_wordings_are_never_the_same_twice_in_a_row(self):
        self.channel.write({"automation_cap": 10, "automation_gap_hours": 1})
        self.rule(text="A", variant_ids=[Command.create({"text": text}) for text in "BCDE"])
        said = []
        for _turn in range(8):
            said += self.get_said(self.ask("shipping"))
            self.pass_time(hours=3)
        self.assertEqual(len(said), 8)
        self.assertFalse([pair for pair in itertools.pairwise(said) if pair[0] == pair[1]], said)

    def test_buttons_and_files(self):
        attachment = self.env["ir.attachment"].create(
            {"name": "prices.pdf", "raw": b"%PDF-1.4 x", "mimetype": "application/pdf"}
        )
        self.rule(button_1="Returns", button_2="Hours", button_3="Stores", attachment_ids=[Command.link(attachment.id)])
        self.rule("Returns", keywords="returns", text="30 days.")
        with self.mock_graph() as graph:
            graph.answers["2001/media"] = {"id": "media1"}
            self.receive(self.text_body("shipping"))
            self.run_cron("outbox_send")
        reply, *files = graph.sent
        titles = [button["reply"]["title"] for button in reply["interactive"]["action"]["buttons"]]
        self.assertEqual(titles, ["Returns", "Hours", "Stores"])
        self.assertEqual([file["type"] for file in files], ["document"])
        [answer] = self.press("whatsapp_cs.rule:1:1", "Returns")
        self.assertEqual(self.get_said([answer]), ["30 days."])

    def test_three_buttons_and_a_person_become_a_list(self):
        self.rule("Hello", trigger="greeting", text="Welcome!")
        self.rule(button_1="A", button_2="B", button_3="C")
        self.ask("Hello")
        [payload] = self.ask("shipping")
        self.assertEqual(payload["interactive"]["type"], "list")
        self.assertEqual(self.get_choices(payload)[-1], PERSON)

    def test_variables_and_what_stands_for_them(self):
        self.ask("Hello", name="Ana Silva")
        conversation = self.get_conversation()
        render = conversation._render_variables
        self.assertEqual(render("Hi {{first_name}}!"), "Hi Ana!")
        self.assertEqual(render("Hi {{ first_name | there }}, from {{company}}"), f"Hi Ana, from {self.company.name}")
        self.assertEqual(render("Your parcel is {{delivery_state|on its way}}."), "Your parcel is on its way.")
        self.assertEqual(render("Hello {{order_state}}, and thanks"), "Hello, and thanks")
        self.env["crm.lead"].create(
            {"name": "Deal", "partner_id": conversation.partner_id.id, "type": "opportunity"}
        ).action_set_won()
        self.env["crm.lead"].search([("name", "=", "Deal")]).date_closed = fields.Datetime.now() - timedelta(days=3)
        self.assertEqual(render("Bought {{last_purchase}}"), "Bought 3 days ago")
        self.env["res.lang"]._activate_lang("hi_IN")
        conversation.partner_id.lang = "hi_IN"
        self.assertEqual(render("{{last_purchase}}"), "3 दिन पहले")
        conversation.partner_id.name = "+1 555 0100"
        self.assertEqual(render("Hi {{first_name|there}}"), "Hi there")

    def test_a_second_text_while_a_condition_of_another_addon_holds(self):
        Rule = type(self.env["whatsapp.cs.auto.reply"])
        with (
            patch.object(Rule, "_get_second_conditions", lambda _self: [("low", "Low stock")]),
            patch.object(Rule, "_holds_condition", lambda _self, _conversation: True),
        ):
            self.rule(second_condition="low", second_text="Only a few are left: reserve one.")
            self.assertEqual(self.get_said(self.ask("shipping")), ["Only a few are left: reserve one."])

    def test_actions(self):
        tag = self.env["whatsapp.cs.tag"].create({"name": "Shipping"})
        self.channel.opens_lead = False
        action = self.env["ir.actions.server"].create(
            {
                "name": "Comment",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": "record.write({'comment': 'asked for shipping'})",
            }
        )
        self.rule(tag_ids=[Command.link(tag.id)], opens_lead=True, server_action_id=action.id)
        self.ask("shipping")
        conversation = self.get_conversation()
        self.assertEqual(conversation.tag_ids, tag)
        self.assertTrue(conversation.lead_id)
        self.assertIn("asked for shipping", str(conversation.partner_id.comment))

    def test_a_rule_gives_to_a_team_and_is_for_a_team(self):
        sales, care = self.env["whatsapp.cs.team"].create([{"name": "Sales"}, {"name": "Care"}])
        self.rule("Prices", keywords="price", text="From 9 €.", team_id=sales.id)
        self.rule(team_ids=[Command.link(sales.id)])
        self.rule("Care", keywords="shipping", text="Care answers.", team_ids=[Command.link(care.id)])
        self.assertEqual(self.ask("shipping"), [])
        self.assertEqual(self.get_said(self.ask("the price?")), ["From 9 €."])
        conversation = self.get_conversation()
        self.assertEqual((conversation.team_id, conversation.state), (sales, "queued"))
        self.assertEqual(self.get_said(self.ask("shipping")), ["Shipping costs 4.90 €."])

    def test_an_event_of_the_customer_is_answered_while_the_window_is_open(self):
        self.rule("Clicked", trigger="event", event="link_clicked", text="Can I help you to choose?")
        self.assertEqual(self.ask("Hello"), [])
        contact = self.get_contact()

        def happen():
            contact._on_customer_event("link_clicked")
            self.env["whatsapp.cs.customer.event"].search([("state", "=", "waiting")]).date -= timedelta(seconds=6)
            self.run_cron("customer_event_process")
            return self.send()

        self.assertEqual(self.get_said(happen()), ["Can I help you to choose?"])
        self.assertEqual(self.get_conversation().state, "queued", "the customer's own question still waits")
        self.assertEqual(happen(), [], "not again within six hours")
        self.pass_time(hours=7)
        contact.window_end_date = fields.Datetime.now() - timedelta(minutes=1)
        self.assertEqual(happen(), [])

    def test_a_failing_action_stops_neither_reply_nor_the_other_actions(self):
        tag = self.env["whatsapp.cs.tag"].create({"name": "Shipping"})
        action = self.env["ir.actions.server"].create(
            {
                "name": "Broken",
                "model_id": self.env["ir.model"]._get_id("whatsapp.cs.conversation"),
                "state": "code",
                "code": "record.write({'ad_headline': 'half done'}); env.cr.execute('SELECT nonsense')",
            }
        )
        self.rule(tag_ids=[Command.link(tag.id)], server_action_id=action.id)
        with mute_logger(AUTOMATION_LOG, "odoo.sql_db", "odoo.addons.base.models.ir_actions"):
            self.assertEqual(self.get_said(self.ask("shipping")), ["Shipping costs 4.90 €."])
        conversation = self.get_conversation()
        self.assertEqual((conversation.tag_ids, conversation.ad_headline), (tag, False))
        fact = self.get_facts(outcome="failed")
        self.assertEqual((fact.step, fact.kind), ("Broken", "action"))
        alert = self.env["whatsapp.cs.alert"]
        alert._check()
        [problem] = alert.search([("kind", "=", "automation")])
        self.assertIn("Shipping: Broken", problem.detail)

    def test_a_broken_rule_leaves_the_customer_to_a_person(self):
        self.rule()
        with (
            patch.object(type(self.env["whatsapp.cs.auto.reply"]), "_choose_text", side_effect=ValueError),
            mute_logger(AUTOMATION_LOG),
        ):
            self.assertEqual(self.ask("shipping"), [])
        self.assertEqual(self.get_conversation().state, "queued")
        self.assertIn("shipping", self.get_texts(self.get_thread())[-1])
        self.assertTrue(self.get_facts(outcome="failed"))

    def test_a_conflict_is_tried_again_and_answered_once(self):
        self.rule()
        original = type(self.env["whatsapp.cs.auto.reply"])._answer
        calls = []

        def answer(rule, conversation):
            calls.append(conversation)
            if len(calls) == 1:
                raise SerializationFailure
            return original(rule, conversation)

        with patch.object(type(self.env["whatsapp.cs.auto.reply"]), "_answer", answer):
            messages = self.env["whatsapp.cs.message"]
            self.ask("Hello")
            messages = self.get_conversation().message_ids
            messages.body = "shipping"
            with self.assertRaises(SerializationFailure):
                self.get_conversation()._run_automation(messages)
            self.get_conversation()._run_automation(messages)
        self.assertEqual(len(self.send()), 1)

    def test_the_administrator_is_told_why_rules_answer_or_not(self):
        shipping = self.rule()
        night = self.rule("Closed", trigger="off_hours", text="Closed.")
        both = self.rule("Both", match="all", keywords="shipping\nfrance")
        pardon = self.rule("Pardon", trigger="no_match", text="Pardon?")
        self.ask("shipping")
        conversation = self.get_conversation()
        now = fields.Datetime.now()
        selection = self.env["whatsapp.cs.auto.reply"]._select(
            conversation, conversation.message_ids, now, explain=True
        )
        self.assertEqual(selection.outcome, "none")
        reasons = {verdict.rule_id: verdict for verdict in selection.verdicts}
        explain = {rule: rule._explain(reasons[rule.id], self.channel) for rule in shipping | night | both | pardon}
        self.assertIn("has answered this customer already", explain[shipping])
        self.assertEqual(explain[night], "Somebody is there at this time.")
        self.assertIn("lacks “france”", explain[both])
        self.assertIn("was answered a short while ago", explain[pardon])

    def test_deciding_for_many_costs_as_many_queries_as_for_one(self):
        self.rule()
        self.rule("Hello", trigger="greeting", text="Hi")
        for number in range(6):
            self.ask("Hello", wa_id=f"1555020000{number}")
        messages = self.env["whatsapp.cs.message"].search([("direction", "=", "in")])
        pairs = list(messages.grouped("conversation_id").items())
        counts = []
        for count in (1, 6):
            self.env.flush_all()
            self.env.invalidate_all()
            messages.mapped("body")  # known where they are decided on: they were just stored
            before = self.cr.sql_log_count
            self.env["whatsapp.cs.auto.reply"]._select_all(pairs[:count], fields.Datetime.now())
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_after_a_change_only_the_changed_rule_is_prepared_again(self):
        """A thousand rules must not make the next customer wait."""
        rules = [self.rule(f"Rule {letter}", keywords=letter * 9, allows_typos=True) for letter in "abcdefgh"]
        Rule = self.env["whatsapp.cs.auto.reply"]
        Rule._get_index(self.company.id)
        prepared, words = keyword_index.prepare.cache_info().misses, set(keyword_index._spellings.words)
        rules[3].keywords = "refrigerator"
        index = Rule._get_index(self.company.id)[1]
        self.assertEqual(index.find("my refridgerator"), {rules[3].id: "refrigerator"})
        self.assertFalse(index.find("ddddddddd"), "what the rule had before is forgotten")
        self.assertEqual(keyword_index.prepare.cache_info().misses - prepared, 1)
        self.assertEqual(keyword_index._spellings.words - words, {"refrigerator"})


@tagged("post_install", "-at_install")
class TestAutoReplyForm(AutoReplyCase):
    def test_what_a_rule_can_not_be(self):
        for values, message in (
            ({"text": "x" * 257}, "at most 256"),
            ({"variant_ids": [Command.create({"text": "x" * 257})]}, "at most 256"),
            ({"variant_ids": [Command.create({"text": text}) for text in "ABCDE"]}, "at most 5 wordings"),
            ({"button_1": "a button that is too long"}, "at most 20"),
            ({"button_1": "Yes", "button_2": "Yes"}, "same title"),
            ({"text": "Hi {{fist_name}}"}, "no variable {{fist_name}}"),
            ({"keywords": " \n!"}, "at least one word"),
            ({"match": "pattern", "keywords": "("}, "can't be read"),
            ({"match": "pattern", "keywords": "(a|aa)+$"}, "takes too long"),
            ({"trigger": "segment"}, "needs the hours"),
            ({"trigger": "event"}, "what has to happen"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, message):
                self.rule(**values)
        self.rule(text="x" * 256)

    def test_an_import_cuts_long_texts_and_says_so(self):
        result = (
            self.env["whatsapp.cs.auto.reply"]
            .with_user(self.editor)
            .load(["name", "trigger", "keywords", "text"], [["Long", "Words in the message", "price", "word " * 60]])
        )
        [message] = result["messages"]
        self.assertEqual(message["type"], "warning")
        rule = self.env["whatsapp.cs.auto.reply"].browse(result["ids"])
        self.assertTrue(rule.text.endswith("word…"))
        self.assertLessEqual(len(rule.text), 256)

    def test_trying_shows_what_production_would_do_and_writes_nothing(self):
        rule = self.rule(text="Hi {{first_name|there}}, 4.90 €.")
        self.rule("Closed", trigger="off_hours", text="Closed.")
        before = self.get_facts()
        action = rule.with_user(self.editor).action_try()
        form = Form(self.env["whatsapp.cs.auto.reply.try"].with_user(self.editor).with_context(**action["context"]))
        form.text = "SHIPPING?"
        self.assertEqual(form.result["outcome"], "“Shipping” answers.")
        self.assertEqual(form.result["reply"]["text"], "Hi Maria, 4.90 €.")
        self.assertEqual([verdict["fires"] for verdict in form.result["verdicts"]], [True, False])
        form.text = "hello"
        self.assertFalse(form.result["reply"])
        self.assertIn("None of its words", form.result["verdicts"][0]["reason"])
        self.ask("shipping")
        form.date = fields.Datetime.now() + timedelta(minutes=1)
        form.contact_id = self.get_contact()
        form.text = "shipping"
        self.assertIn("already", form.result["verdicts"][0]["reason"])
        self.assertEqual(len(self.get_facts()), len(before) + 1)

    def test_trying_a_rule_that_is_switched_off(self):
        rule = self.rule(active=False)
        form = Form(self.env["whatsapp.cs.auto.reply.try"].with_context(default_rule_id=rule.id))
        form.text = "shipping"
        self.assertEqual(form.result["verdicts"][0]["reason"], "It is switched off.")

    def test_roles(self):
        rule = self.rule()
        rule.with_user(self.editor).text = "5 €"
        with self.assertRaises(AccessError):
            rule.with_user(self.agent).text = "6 €"
        with self.assertRaises(AccessError):
            rule.with_user(self.editor).server_action_id = False
        self.ask("shipping")
        fact = self.get_facts().with_user(self.analyst)
        self.assertEqual(fact.kind, "keyword")
        with self.assertRaises(AccessError):
            fact.read(["contact_id"])

    def test_rules_of_another_company_neither_answer_nor_show(self):
        company = self.env["res.company"].create({"name": "Other"})
        rule = self.rule(company_id=company.id)
        self.assertEqual(self.ask("shipping"), [])
        self.assertFalse(self.env["whatsapp.cs.auto.reply"].with_user(self.editor).search([("id", "=", rule.id)]))
