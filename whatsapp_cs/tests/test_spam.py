from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon

PATH = "2001/block_users"


@tagged("post_install", "-at_install")
class TestSpam(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("BUY NOW"))
        self.conversation = self.get_conversation()
        self.contact = self.get_contact()

    def mark(self, user=None):
        self.conversation.with_user(user or self.agent).action_spam()

    def run_block(self, answer=None):
        """Run the job; return what WhatsApp was asked as (method, person)."""
        with self.mock_graph() as graph:
            graph.answers[PATH] = answer or {"messaging_product": "whatsapp", "block_users": {}}
            self.run_cron("block")
        return [(method, kwargs["json"]["block_users"][0]) for method, _path, kwargs in graph.calls]

    def refuse(self, code, retryable=None):
        failed = [{"input": "+15550100001", "errors": [{"code": code, "message": "No."}]}]
        return GraphError(139100, retryable=retryable, answer={"block_users": {"failed_users": failed}})

    def let_pause_end(self):
        self.contact.block_next_date = fields.Datetime.now() - timedelta(seconds=1)

    def test_spam_is_put_aside_and_its_sender_blocked_at_whatsapp(self):
        self.mark()
        self.assertEqual(self.conversation.state, "spam")
        self.assertFalse(self.conversation.unanswered_date)
        self.assertNotIn(self.get_thread(), self.env["discuss.channel"].with_user(self.agent)._whatsapp_cs_get_queue())
        self.assertEqual(self.run_block(), [("POST", {"user": "+15550100001"})])
        self.assertEqual(self.contact.block_state, "blocked")
        self.assertFalse(self.run_block())

    def test_nothing_is_sent_to_them(self):
        self.mark()
        for user in (self.agent, self.editor):
            with self.assertRaisesRegex(UserError, "is blocked. Unblock them"):
                self.answer(user=user)
        self.assertEqual(
            self.env["whatsapp.cs.send.policy"]._check(self.contact, "template", "marketing").rule, "blocked"
        )
        self.assertFalse(self.send())

    def test_what_they_write_in_spite_of_it_bothers_nobody(self):
        self.mark()
        self.receive(self.text_body("BUY NOW!!", "wamid.A2"))
        self.assertEqual(self.get_conversation(), self.conversation)
        self.assertEqual(self.conversation.state, "spam")
        self.assertFalse(self.conversation.unanswered_date)
        self.assertIn("BUY NOW!!", self.get_texts(self.get_thread())[-1])

    def test_it_can_be_taken_back(self):
        self.mark()
        self.run_block()
        self.conversation.with_user(self.agent).action_unblock()
        self.assertEqual((self.conversation.state, self.contact.blocked_date), ("queued", False))
        self.assertEqual(self.run_block(), [("DELETE", {"user": "+15550100001"})])
        self.assertFalse(self.contact.block_state)
        self.answer("Sorry!")
        self.assertEqual(len(self.send()), 1)
        with self.assertRaisesRegex(UserError, "is not blocked"):
            self.conversation.with_user(self.agent).action_unblock()

    def test_a_failing_whatsapp_is_asked_again_and_a_refusal_is_told(self):
        self.mark()
        self.run_block(GraphError("network", "no connection", retryable=True))
        self.assertEqual(self.contact.block_state, "to_block")
        self.assertFalse(self.run_block())  # not at once
        self.let_pause_end()
        self.run_block(self.refuse(131047))
        self.assertEqual(self.contact.block_state, "here")
        self.assertIn("24 hours", self.contact.block_error)
        # who writes again can be blocked
        self.receive(self.text_body("BUY NOW!!", "wamid.A2"))
        self.assertEqual(len(self.run_block()), 1)
        self.assertEqual((self.contact.block_state, self.contact.block_error), ("blocked", False))

    def test_it_ends_after_some_tries(self):
        self.mark()
        for _try in range(8):
            self.let_pause_end()
            self.run_block(GraphError(131000, "Something went wrong"))
        self.assertEqual(self.contact.block_state, "here")
        self.assertEqual(self.contact.block_tries, 5)

    def test_who_unblocks_while_whatsapp_is_asked_wins(self):
        self.mark()

        def answer(method, **_kwargs):
            if method == "POST":
                self.contact._unblock()
                self.env.flush_all()
            return {"block_users": {}}

        self.assertEqual([method for method, _user in self.run_block(answer)], ["POST", "DELETE"])
        self.assertFalse(self.contact.block_state)

    def test_who_has_it_and_editors_may(self):
        self.conversation.with_user(self.agent).action_take()
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.mark(self.agent_2)
        for user in (self.analyst, self.employee):
            with self.assertRaises(AccessError):
                self.mark(user)
        self.mark(self.editor)
        stint = self.conversation.stint_ids
        self.assertEqual(stint.ended, "spam")
        for action in ("action_take", "action_resolve"):
            with self.assertRaisesRegex(UserError, "can't become"):
                getattr(self.conversation.with_user(self.editor), action)()
