from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestMacro(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body())
        self.conversation = self.get_conversation()
        self.thread = self.get_thread().with_user(self.agent)

    def create_macro(self, *steps, name="Thank and resolve", **values):
        return (
            self.env["whatsapp.cs.macro"]
            .with_user(self.editor)
            .create({"name": name, "step_ids": [Command.create(step) for step in steps], **values})
        )

    def create_thanks(self):
        return self.create_macro(
            {"kind": "reply", "text": "Thank you, {{first_name}}!"},
            {"kind": "note", "text": "Thanked"},
            {"kind": "resolve"},
        )

    # === BEFORE === #

    def test_it_is_offered_with_what_it_does(self):
        macro = self.create_thanks()
        self.create_macro(name="Empty")
        items = [item for item in self.thread.whatsapp_cs_get_palette() if item["kind"] == "macro"]
        self.assertEqual(
            [(item["id"], item["text"]) for item in items],
            [(macro.id, "Send a Reply → Write a Note → Resolve")],
        )

    def test_the_preview_shows_each_step_and_changes_nothing(self):
        steps = self.thread.whatsapp_cs_preview_macro(self.create_thanks().id)
        self.assertEqual([step["text"] for step in steps], ["Thank you, Ana!", "Thanked", ""])
        self.assertEqual([step["undo"] for step in steps], [False, False, True])
        self.assertFalse(any(step["refusal"] for step in steps))
        self.assertEqual(self.conversation.state, "queued")
        self.assertFalse(self.send())

    def test_the_preview_says_what_can_not_be_done(self):
        self.get_contact().window_end_date = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        steps = self.thread.whatsapp_cs_preview_macro(self.create_thanks().id)
        self.assertRegex(steps[0]["refusal"], "24 hours|window")
        self.assertFalse(steps[2]["refusal"])

    # === RUNNING === #

    def test_the_steps_are_done_in_their_order(self):
        self.thread.whatsapp_cs_run_macro(self.create_thanks().id)
        self.assertEqual(self.conversation.state, "resolved")
        self.assertEqual([message["text"]["body"] for message in self.send()], ["Thank you, Ana!"])
        self.assertEqual(self.get_texts(self.thread)[-2:], ["<p>Thank you, Ana!</p>", "<p>Thanked</p>"])

    def test_all_or_nothing(self):
        """The note is posted before the reply is refused; of neither anything is left."""
        macro = self.create_macro(
            {"kind": "note", "text": "Thanked"}, {"kind": "reply", "text": "x" * 5000}, {"kind": "resolve"}
        )
        reason = r"stopped at step 2 \(Send a Reply\), and nothing of it was done.*4096"
        with self.assertRaisesRegex(UserError, reason), self.cr.savepoint():
            self.thread.whatsapp_cs_run_macro(macro.id)
        self.env.invalidate_all()
        self.assertEqual(self.conversation.state, "queued")
        self.assertNotIn("<p>Thanked</p>", self.get_texts(self.thread))

    def test_what_a_colleague_has_is_not_touched(self):
        self.thread.whatsapp_cs_take()
        macro = self.create_macro({"kind": "resolve"})
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.thread.with_user(self.agent_2).whatsapp_cs_run_macro(macro.id)
        for user in (self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(UserError):
                self.thread.with_user(user).whatsapp_cs_run_macro(macro.id)

    def test_an_editor_takes_over_and_answers_in_one_go(self):
        self.thread.whatsapp_cs_take()
        macro = self.create_macro({"kind": "assign"}, {"kind": "reply", "text": "I take care of it."})
        thread = self.thread.with_user(self.editor)
        self.assertFalse(any(step["refusal"] for step in thread.whatsapp_cs_preview_macro(macro.id)))
        thread.whatsapp_cs_run_macro(macro.id)
        self.assertEqual(self.conversation.user_id, self.editor)
        self.assertEqual(len(self.send()), 1)

    def test_a_canned_reply_with_buttons_is_counted_too(self):
        reply = self.env["mail.canned.response"].create(
            {
                "source": "confirm",
                "substitution": "Is 9 o'clock fine?",
                "whatsapp_cs_buttons": "Yes\nNo",
                "group_ids": self.env.ref("whatsapp_cs.whatsapp_cs_group_agent").ids,
            }
        )
        macro = self.create_macro({"kind": "reply", "canned_response_id": reply.id})
        self.thread.whatsapp_cs_run_macro(macro.id)
        self.assertEqual(self.send()[0]["interactive"]["type"], "button")
        self.env.invalidate_all()
        self.assertEqual((macro.use_count, reply.whatsapp_cs_use_count), (1, 1))
        self.assertEqual(macro.last_use_date, macro.sudo().use_ids.date)

    def test_it_opens_one_lead_and_not_a_second(self):
        self.conversation.lead_id = False
        self.env["crm.lead"].search([("partner_id", "=", self.conversation.partner_id.id)]).unlink()
        macro = self.create_macro({"kind": "lead"})
        self.thread.whatsapp_cs_run_macro(macro.id)
        lead = self.conversation.lead_id
        self.assertEqual(lead.partner_id, self.conversation.partner_id)
        self.thread.whatsapp_cs_run_macro(macro.id)
        self.assertEqual(self.conversation.lead_id, lead)
        self.assertRegex(self.thread.whatsapp_cs_preview_macro(macro.id)[0]["text"], "one already")

    def test_it_runs_an_action_that_an_administrator_has_put_into_it(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Who am I",
                "model_id": self.env["ir.model"]._get_id("whatsapp.cs.conversation"),
                "state": "code",
                "code": "record.discuss_channel_id.sudo().message_post(body=env.user.name, subtype_xmlid='mail.mt_note')",
            }
        )
        macro = self.create_macro({"kind": "note", "text": "Next"})
        self.env["whatsapp.cs.macro.step"].with_user(self.administrator).create(
            {"macro_id": macro.id, "sequence": 20, "kind": "action", "action_id": action.id}
        )
        self.assertEqual(macro.with_user(self.agent).summary, "Write a Note → Run an Action: Who am I")
        self.thread.whatsapp_cs_run_macro(macro.id)
        self.assertEqual(self.get_texts(self.thread)[-1], "<p>Arun</p>")

    def test_a_step_without_what_it_needs_is_refused(self):
        for kind, words in (
            ("reply", "a text or a canned reply"),
            ("note", "needs its text"),
            ("action", "Choose the"),
        ):
            with self.subTest(kind=kind), self.assertRaisesRegex(ValidationError, words):
                self.create_macro({"kind": kind})

    # === UNDO === #

    def test_undo_brings_state_and_agent_back_and_says_what_stays(self):
        self.thread.whatsapp_cs_take()
        use_id = self.thread.whatsapp_cs_run_macro(self.create_thanks().id)
        self.assertEqual(self.conversation.state, "resolved")
        self.assertEqual(self.thread.whatsapp_cs_undo_macro(use_id), ["Send a Reply", "Write a Note"])
        self.assertEqual((self.conversation.state, self.conversation.user_id), ("assigned", self.agent))
        with self.assertRaisesRegex(UserError, "can't be undone any more"):
            self.thread.whatsapp_cs_undo_macro(use_id)

    def test_tags_and_team_are_set_and_taken_back(self):
        tag = self.env["whatsapp.cs.tag"].create({"name": "Refund"})
        team = self.env["whatsapp.cs.team"].create({"name": "Money"})
        macro = self.create_macro({"kind": "tag", "tag_ids": tag.ids}, {"kind": "team", "team_id": team.id})
        self.assertEqual(macro.summary, "Set Tags: Refund → Give to a Team: Money")
        self.thread.whatsapp_cs_take()
        use_id = self.thread.whatsapp_cs_run_macro(macro.id)
        self.assertEqual(
            (self.conversation.tag_ids, self.conversation.team_id, self.conversation.state), (tag, team, "queued")
        )
        self.thread.whatsapp_cs_undo_macro(use_id)
        self.assertEqual(
            (self.conversation.tag_ids, self.conversation.team_id, self.conversation.user_id),
            (tag.browse(), team.browse(), self.agent),
        )

    def test_undo_of_a_queued_one_puts_it_back_into_the_queue(self):
        use_id = self.thread.whatsapp_cs_run_macro(self.create_macro({"kind": "resolve"}).id)
        self.thread.whatsapp_cs_undo_macro(use_id)
        self.assertEqual((self.conversation.state, self.conversation.user_id.id), ("queued", False))

    def test_undo_is_refused_to_others_later_and_after_the_customer_has_gone_on(self):
        macro = self.create_macro({"kind": "resolve"})
        use_id = self.thread.whatsapp_cs_run_macro(macro.id)
        with self.assertRaisesRegex(UserError, "Only who ran"):
            self.thread.with_user(self.editor).whatsapp_cs_undo_macro(use_id)
        later = fields.Datetime.add(fields.Datetime.now(), minutes=6)
        with patch.object(fields.Datetime, "now", lambda: later), self.assertRaisesRegex(UserError, "any more"):
            self.thread.whatsapp_cs_undo_macro(use_id)
        self.receive(self.text_body("One more thing", wamid="wamid.A2"))
        with self.assertRaisesRegex(UserError, "any more"):
            self.thread.whatsapp_cs_undo_macro(use_id)

    def test_nothing_to_undo_offers_no_undo(self):
        macro = self.create_macro({"kind": "note", "text": "Seen"})
        self.assertFalse(self.thread.whatsapp_cs_run_macro(macro.id))
