import base64
import json

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestCannedResponse(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.agents = self.env.ref("whatsapp_cs.whatsapp_cs_group_agent")
        self.receive(self.text_body())
        self.thread = self.get_thread().with_user(self.agent)

    def create_reply(self, source="hours", substitution="Hello {{first_name}}, we are here from 9 to 18.", **values):
        return self.env["mail.canned.response"].create(
            {"source": source, "substitution": substitution, "group_ids": self.agents.ids, **values}
        )

    def get_names(self, user=None):
        """Return what is offered, without the reply that Discuss brings along."""
        items = self.thread.with_user(user or self.agent).whatsapp_cs_get_palette()
        return [item["name"] for item in items if item["name"] != "hello"]

    def post_as_client(self, body, response_ids):
        """Post as Discuss's client does after inserting canned replies."""
        self.authenticate("wa_agent", "wa_agent")
        params = {
            "thread_model": "discuss.channel",
            "thread_id": self.thread.id,
            "post_data": {"body": body, "message_type": "comment", "subtype_xmlid": "mail.mt_comment"},
            "canned_response_ids": response_ids,
        }
        answer = self.url_open(
            "/mail/message/post",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        self.assertNotIn("error", answer)
        self.env.invalidate_all()

    # === THE PALETTE === #

    def test_an_agent_is_offered_what_is_shared_and_the_own(self):
        self.create_reply()
        responses = self.env["mail.canned.response"]
        responses.with_user(self.agent).create({"source": "mine", "substitution": "My own"})
        responses.with_user(self.agent_2).create({"source": "hers", "substitution": "Her own"})
        self.assertEqual(sorted(self.get_names()), ["hours", "mine"])
        self.assertEqual(sorted(self.get_names(self.agent_2)), ["hers", "hours"])

    def test_a_hindi_customer_is_offered_hindi_and_general_replies(self):
        for code in ("hi_IN", "ar_001"):
            self.env["res.lang"]._activate_lang(code)
        self.create_reply("hours_hi", "नमस्ते", whatsapp_cs_lang_id=self.env["res.lang"]._lang_get("hi_IN").id)
        self.create_reply("hours_ar", "مرحبا", whatsapp_cs_lang_id=self.env["res.lang"]._lang_get("ar_001").id)
        self.create_reply("hours_all")
        self.get_contact().partner_id.lang = "hi_IN"
        self.assertEqual(sorted(self.get_names()), ["hours_all", "hours_hi"])

    def test_what_is_used_most_comes_first(self):
        self.create_reply("a_rare")
        often = self.create_reply("often")
        self.post_as_client("Hello", often.ids)
        self.assertEqual(self.get_names()[0], "often")

    def test_who_does_not_see_the_chat_is_offered_nothing(self):
        self.thread.whatsapp_cs_take()
        for user in (self.agent_2, self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(UserError):
                self.thread.with_user(user).whatsapp_cs_get_palette()

    # === INSERTING === #

    def test_the_customers_name_is_filled_in(self):
        reply = self.create_reply()
        text = self.thread.whatsapp_cs_render_reply(reply.id)["text"]
        self.assertEqual(text, "Hello Ana, we are here from 9 to 18.")

    def test_the_private_reply_of_a_colleague_is_refused(self):
        responses = self.env["mail.canned.response"].with_user(self.agent_2)
        private = responses.create({"source": "hers", "substitution": "Her own"})
        with self.assertRaises(AccessError):
            self.thread.whatsapp_cs_render_reply(private.id)
        private.unlink()
        with self.assertRaisesRegex(UserError, "was deleted"):
            self.thread.whatsapp_cs_render_reply(private.id)

    def test_its_files_are_sent_with_it(self):
        editor_env = self.env["ir.attachment"].with_user(self.editor)
        price_list = editor_env.create({"name": "prices.pdf", "raw": b"%PDF-1.4 prices", "mimetype": "application/pdf"})
        reply = self.env["mail.canned.response"].with_user(self.editor)
        reply = reply.create(
            {
                "source": "prices",
                "substitution": "Our prices",
                "group_ids": [Command.link(self.agents.id)],
                "whatsapp_cs_attachment_ids": [Command.link(price_list.id)],
            }
        )
        self.assertEqual(price_list.res_id, reply.id, "who reads the reply reads its files")
        rendered = self.thread.whatsapp_cs_render_reply(reply.id)
        self.assertNotEqual(rendered["attachment_ids"], price_list.ids, "each message has files of its own")
        self.answer(rendered["text"], attachment_ids=rendered["attachment_ids"])
        with self.mock_graph() as graph:
            graph.answers["2001/media"] = {"id": "900"}
            self.run_cron("outbox_send")
        self.assertEqual(graph.sent[0]["document"]["filename"], "prices.pdf")
        self.assertEqual(base64.b64decode(reply.whatsapp_cs_attachment_ids.datas), b"%PDF-1.4 prices")

    def test_a_reply_with_buttons_is_sent_as_such(self):
        reply = self.create_reply("confirm", "Is 9 o'clock fine?", whatsapp_cs_buttons="Yes\n No \n")
        rendered = self.thread.whatsapp_cs_render_reply(reply.id)
        values = {"body": rendered["text"], "buttons": rendered["buttons"], "canned_response_id": reply.id}
        self.thread.whatsapp_cs_send_rich("buttons", values)
        buttons = self.send()[0]["interactive"]["action"]["buttons"]
        self.assertEqual([button["reply"]["title"] for button in buttons], ["Yes", "No"])
        self.env.invalidate_all()
        self.assertEqual(reply.whatsapp_cs_use_count, 1)

    def test_what_whatsapp_would_refuse_is_refused_when_it_is_written(self):
        with self.assertRaisesRegex(ValidationError, "1 to 3 buttons"):
            self.create_reply(whatsapp_cs_buttons="1\n2\n3\n4")
        with self.assertRaisesRegex(ValidationError, "25 characters|at most 20"):
            self.create_reply(whatsapp_cs_buttons="A button with a long title")
        program = self.env["ir.attachment"].create(
            {"name": "x.exe", "raw": b"MZ", "mimetype": "application/x-msdownload"}
        )
        with self.assertRaisesRegex(UserError, "does not take files like"):
            self.create_reply(whatsapp_cs_attachment_ids=program.ids)

    # === COUNTING === #

    def test_each_use_is_counted_with_agent_and_number(self):
        reply = self.create_reply()
        self.post_as_client("Hello Ana", reply.ids)
        use = reply.whatsapp_cs_use_ids
        self.assertEqual(
            (use.user_id, use.channel_id, use.conversation_id, use.kind),
            (self.agent, self.channel, self.get_conversation(), "reply"),
        )
        self.assertEqual((reply.whatsapp_cs_use_count, bool(reply.last_used)), (1, True))
        groups = (
            self.env["whatsapp.cs.reply.use"]
            .with_user(self.analyst)
            .formatted_read_group([], ["canned_response_id", "user_id"], ["__count"])
        )
        self.assertEqual(groups[0]["__count"], 1)

    # === WHOSE THEY ARE === #

    def test_editors_change_what_is_shared_and_delete_nothing(self):
        reply = self.create_reply().with_user(self.editor)
        reply.substitution = "We are here from 8 to 20."
        with self.assertRaises(AccessError):
            reply.unlink()
        with self.assertRaises(AccessError):
            reply.with_user(self.agent).substitution = "We are never here."
