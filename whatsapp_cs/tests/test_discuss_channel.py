from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail.tools.discuss import Store

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestDiscussChannel(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.thread = self.get_thread()
        self.conversation = self.get_conversation()

    def get_bus(self, channel):
        """Return the notifications of this transaction to a bus channel, as text."""
        self.env.cr.precommit.run()
        self.env.cr.execute("SELECT channel, message FROM bus_bus ORDER BY id")
        return [message for name, message in self.env.cr.fetchall() if str(channel) in name]

    # === WHO MAY WRITE === #

    def test_people_without_the_role_can_not_write_to_a_customer(self):
        portal = new_test_user(self.env, "wa_portal", "base.group_portal")
        for user in (self.analyst, self.employee, portal):
            for subtype in ("mail.mt_comment", "mail.mt_note"):
                with self.subTest(user=user.login, subtype=subtype), self.assertRaises(AccessError):
                    self.answer(user=user, subtype_xmlid=subtype)
        self.assertFalse(self.send())

    def test_a_second_agent_is_refused_and_told_who_has_it(self):
        self.answer("First", user=self.agent)
        with self.assertRaises(AccessError):
            self.answer("Second", user=self.agent_2)
        with self.assertRaisesRegex(UserError, "Arun is answering"):
            self.answer("Third", user=self.editor)
        self.assertEqual([payload["text"]["body"] for payload in self.send()], ["First"])

    def test_over_the_web_a_refusal_is_a_sentence_and_sends_nothing(self):
        self.answer("First", user=self.agent)
        self.authenticate("wa_editor", "wa_editor")
        parameters = {
            "thread_model": "discuss.channel",
            "thread_id": self.thread.id,
            "post_data": {"body": "Mine", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"},
        }
        response = self.url_open("/mail/message/post", json={"params": parameters}).json()
        self.assertIn("Arun is answering", response["error"]["data"]["message"])
        self.assertEqual(len(self.send()), 1)

    def test_over_the_web_an_agent_who_lost_the_chat_is_told_to_whom(self):
        self.answer("First", user=self.editor)
        parameters = {
            "thread_model": "discuss.channel",
            "thread_id": self.thread.id,
            "post_data": {"body": "Mine", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"},
        }
        for user, sentence in (("wa_agent", "Erin is answering"), ("wa_analyst", "404"), ("wa_employee", "404")):
            self.authenticate(user, user)
            response = self.url_open("/mail/message/post", json={"params": parameters}).json()
            self.assertIn(sentence, response["error"]["data"]["message"] + response["error"]["message"])
        self.assertEqual(len(self.send()), 1)

    def test_over_the_web_an_agents_answer_goes_out_as_text(self):
        self.authenticate("wa_agent", "wa_agent")
        self.make_jsonrpc_request(
            "/mail/message/post",
            {
                "thread_model": "discuss.channel",
                "thread_id": self.thread.id,
                "post_data": {
                    "body": "<p>Hello <b>Ana</b></p><p>नमस्ते</p>",
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                },
            },
        )
        self.assertEqual(self.send()[0]["text"]["body"], "Hello *Ana*\nनमस्ते")

    def test_nobody_can_pretend_that_a_message_came_from_whatsapp(self):
        thread = self.thread.with_user(self.agent)
        with self.assertRaises(AccessError):
            thread.message_post(body="I am the customer", message_type="whatsapp_cs", subtype_xmlid="mail.mt_comment")
        customer = self.conversation.partner_id
        own = thread.message_post(
            body="mine",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=customer.id,
        )
        self.assertEqual(own.author_id, self.agent.partner_id)
        self.assertEqual(own.sudo().whatsapp_cs_message_ids.direction, "out", "it goes out")

    def test_nobody_can_turn_a_thread_to_another_customer_or_make_one(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        other = self.get_conversation("32470123456").with_user(self.editor)
        other.action_take()
        self.answer()
        thread = self.thread.with_user(self.agent)
        with self.assertRaises(AccessError):
            thread.write({"whatsapp_cs_conversation_id": other.id})
        with self.assertRaises(AccessError):
            thread.write({"whatsapp_cs_contact_id": other.contact_id.id})
        with self.assertRaises(AccessError):
            self.env["discuss.channel"].with_user(self.agent).create(
                {"name": "x", "channel_type": "whatsapp_cs", "whatsapp_cs_contact_id": other.contact_id.id}
            )

    def test_a_closed_window_refuses_free_text_on_the_server(self):
        self.get_contact().window_end_date = "2026-01-01 00:00:00"
        with self.assertRaisesRegex(UserError, "window is closed"):
            self.answer()
        self.answer("just a note", subtype_xmlid="mail.mt_note")
        self.assertFalse(self.send())

    def test_too_long_empty_or_with_a_file_is_refused_with_the_limit(self):
        with self.assertRaisesRegex(UserError, "takes at most 4096"):
            self.answer("x" * 4097)
        with self.assertRaisesRegex(UserError, "takes at most 4096"):
            self.answer("😀" * 2049)
        with self.assertRaisesRegex(UserError, "no text"):
            comment = self.env.ref("mail.mt_comment")
            self.answer("", subtype_xmlid=None, subtype_id=str(comment.id))
        with self.assertRaisesRegex(UserError, "no text"):
            self.answer("<p><br></p>")
        with self.assertRaisesRegex(UserError, "from Discuss only"):
            self.answer("see", attachments=[("a.txt", b"a")])
        self.assertFalse(self.send())

    # === WHAT STAYS INSIDE === #

    def test_a_note_is_not_sent(self):
        self.answer("Ask the warehouse first", subtype_xmlid="mail.mt_note")
        self.assertFalse(self.send())
        self.assertEqual(self.conversation.state, "queued")

    def test_the_systems_own_notices_are_not_sent(self):
        self.thread.message_post(body="notice", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.thread.with_user(self.agent).message_post(
            body="joined", message_type="notification", subtype_xmlid="mail.mt_comment"
        )
        self.assertFalse(self.send())

    def test_a_message_the_customer_has_can_not_be_edited_and_a_note_can(self):
        message = self.answer("Sent", user=self.agent)
        note = self.answer("Note", user=self.agent, subtype_xmlid="mail.mt_note")
        inbound = self.thread.message_ids.sorted("id")[0]
        for sent in (message, inbound):
            with self.assertRaisesRegex(UserError, "can't be changed"):
                self.thread._message_update_content(sent, body="other")
        self.thread._message_update_content(note, body="other")
        self.assertIn("other", str(note.body))

    def test_what_goes_out_is_shown_as_the_customer_sees_it(self):
        message = self.answer("<p>In *ocean blue*, <i>as asked</i></p>")
        self.assertEqual(str(message.body), "<p>In <b>ocean blue</b>, <i>as asked</i></p>")
        self.assertEqual(self.send()[0]["text"]["body"], "In *ocean blue*, _as asked_")
        plain = self.thread.with_user(self.agent).message_post(
            body="2 < 3\n<b>", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertEqual(str(plain.body), "<p>2 &lt; 3<br>&lt;b&gt;</p>")
        self.assertEqual(self.send()[0]["text"]["body"], "2 < 3\n<b>")
        note = self.answer("*as typed*", subtype_xmlid="mail.mt_note")
        self.assertIn("*as typed*", str(note.body))

    def test_what_was_said_can_not_be_forged_changed_or_deleted(self):
        own = self.answer()
        theirs = self.thread.message_ids.sorted("id")[0]
        Message = self.env["mail.message"].with_user(self.agent)
        for message in (own, theirs):
            with self.assertRaises(AccessError):
                message.with_user(self.agent).write({"body": "FALSIFIED"})
            with self.assertRaises(AccessError):
                message.with_user(self.agent).unlink()
        for values in (
            {"message_type": "whatsapp_cs", "author_id": self.conversation.partner_id.id},
            {"message_type": "comment"},
        ):
            with self.assertRaises(AccessError):
                Message.create({"model": "discuss.channel", "res_id": self.thread.id, "body": "x", **values})
        elsewhere = self.env["discuss.channel"].with_user(self.agent)._create_group(self.agent_2.partner_id.ids)
        elsewhere = elsewhere.message_post(body="mine", message_type="comment").sudo(False)
        with self.assertRaises(AccessError):
            elsewhere.write({"model": "discuss.channel", "res_id": self.thread.id})
        for values in ({"active": False}, {"name": "other"}):
            with self.assertRaises(AccessError):
                self.thread.with_user(self.agent).write(values)

    def test_an_agent_answers_whichever_company_the_client_shows(self):
        other_company = self.env["res.company"].create({"name": "Other"})
        self.agent.company_ids += other_company
        thread = self.thread.with_user(self.agent).with_context(allowed_company_ids=other_company.ids)
        thread.sudo().message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.assertEqual(len(self.send()), 1)

    # === MEMBERS === #

    def test_typing_in_the_queue_takes_nothing(self):
        self.authenticate("wa_agent", "wa_agent")
        self.url_open(
            "/discuss/channel/notify_typing", json={"params": {"channel_id": self.thread.id, "is_typing": True}}
        )
        self.assertFalse(self.thread.channel_member_ids)

    def test_the_customer_and_the_system_are_never_members(self):
        self.assertFalse(self.thread.channel_member_ids)
        self.answer()
        self.assertEqual(self.thread.channel_partner_ids, self.agent.partner_id)

    def test_only_open_work_is_pinned(self):
        self.answer()
        self.assertIn(self.thread, self.env["discuss.channel"].with_user(self.agent)._get_channels_as_member())
        self.conversation.with_user(self.agent).action_resolve()
        self.assertFalse(self.thread.channel_member_ids)
        self.assertNotIn(self.thread, self.env["discuss.channel"].with_user(self.agent)._get_channels_as_member())

    def test_discuss_opens_with_the_same_queries_however_many_chats_are_resolved(self):
        def count():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["discuss.channel"].with_user(self.agent)._get_channels_as_member()
            return self.cr.sql_log_count - before

        count()  # fills the caches that all share
        few = count()
        for number in range(30):
            self.receive(self.text_body("Hi", f"wamid.M{number}", wa_id=f"324701234{number:02}"))
            conversation = self.get_conversation(f"324701234{number:02}").with_user(self.agent)
            conversation.action_take()
            conversation.action_resolve()
        self.assertEqual(count(), few)

    def test_a_message_to_a_customer_costs_few_statements_more_than_one_to_colleagues(self):
        """By Discuss's own route, in the middle of a conversation; ``docs/performance.md`` says what they are for."""
        colleagues = self.env["discuss.channel"].with_user(self.agent).create({"name": "Us", "channel_type": "group"})
        self.authenticate("wa_agent", "wa_agent")
        post = {"body": "Hello", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        counts = {}
        for thread in (colleagues, self.thread) * 3:  # the first ones fill the caches, and take the conversation
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.make_jsonrpc_request(
                "/mail/message/post", {"thread_model": thread._name, "thread_id": thread.id, "post_data": post}
            )
            counts[thread] = self.cr.sql_log_count - before
        self.assertLessEqual(counts[self.thread] - counts[colleagues], 12)

    def test_nobody_without_the_role_can_be_invited(self):
        self.answer()
        for partner in (self.analyst.partner_id, self.employee.partner_id, self.conversation.partner_id):
            with self.assertRaisesRegex(UserError, "can't be added"):
                self.thread.with_user(self.agent).add_members(partner_ids=partner.ids)
        guest = self.env["mail.guest"].create({"name": "Guest"})
        with self.assertRaisesRegex(UserError, "can't be added"):
            self.thread.with_user(self.agent).add_members(guest_ids=guest.ids)

    def test_an_invitation_link_lets_nobody_in(self):
        self.answer(user=self.editor)
        for user in ("wa_agent", "wa_analyst", "wa_employee"):
            self.authenticate(user, user)
            self.url_open(f"/chat/{self.thread.id}/{self.thread.uuid}")
            self.assertEqual(self.thread.channel_partner_ids, self.editor.partner_id, user)

    def test_a_colleague_without_the_conversation_can_not_be_added_and_an_editor_can(self):
        self.answer(user=self.agent)
        with self.assertRaisesRegex(UserError, "can't be added"):
            self.thread.with_user(self.agent).add_members(partner_ids=self.agent_2.partner_id.ids)
        self.thread.with_user(self.agent).add_members(partner_ids=self.editor.partner_id.ids)
        self.assertIn(self.editor.partner_id, self.thread.channel_partner_ids)

    # === WHO SEES WHAT === #

    def test_agents_read_the_queue_and_their_own_and_nothing_else(self):
        Channel = self.env["discuss.channel"]
        domain = [("id", "=", self.thread.id)]
        self.assertTrue(Channel.with_user(self.agent_2).search(domain))
        self.answer(user=self.agent)
        self.assertFalse(Channel.with_user(self.agent_2).search(domain))
        self.assertTrue(Channel.with_user(self.agent).search(domain))
        self.assertTrue(Channel.with_user(self.editor).search(domain))

    def test_the_analyst_reads_no_message_anywhere(self):
        self.answer("Secret answer")
        for user in (self.analyst, self.employee):
            with self.subTest(user=user.login):
                self.assertFalse(self.env["discuss.channel"].with_user(user).search([("id", "=", self.thread.id)]))
                self.assertFalse(self.env["mail.message"].with_user(user).search([("body", "ilike", "secret answer")]))
                with self.assertRaises(AccessError):
                    self.thread.message_ids.with_user(user).read(["body"])
                for model in (
                    "whatsapp.cs.message",
                    "whatsapp.cs.contact",
                    "whatsapp.cs.conversation",
                    "whatsapp.cs.event",
                ):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([])

    def test_the_queue_holds_who_waits_the_longest_waiting_first(self):
        self.receive(self.text_body("Hi", "wamid.B1", wa_id="32470123456"))
        Channel = self.env["discuss.channel"]
        self.assertEqual(
            Channel.with_user(self.agent)._whatsapp_cs_get_queue(), self.thread + self.get_thread("32470123456")
        )
        self.answer(user=self.agent)
        self.assertEqual(Channel.with_user(self.agent_2)._whatsapp_cs_get_queue(), self.get_thread("32470123456"))

    def test_only_agents_subscribe_to_the_queue_of_their_companies(self):
        other_company = self.env["res.company"].create({"name": "Other"})

        def subscribe(user):
            env = self.env(user=user)
            channels = []
            with self.subTest(user=user.login):
                # the base method needs a websocket; what we add is before it
                self.patch(self.registry["bus.listener.mixin"], "_bus_channel", lambda record: record)
                from odoo.addons.bus.models.ir_websocket import IrWebsocket

                self.patch(IrWebsocket, "_build_bus_channel_list", lambda _self, names: names)
                channels = env["ir.websocket"]._build_bus_channel_list(["whatsapp_cs.queue"])
            return [channel for channel in channels if isinstance(channel, tuple) and channel[1] == "whatsapp_cs_queue"]

        self.assertEqual(subscribe(self.agent), [(self.company, "whatsapp_cs_queue")])
        self.assertNotIn((other_company, "whatsapp_cs_queue"), subscribe(self.editor))
        self.assertFalse(subscribe(self.analyst))
        self.assertFalse(subscribe(self.employee))

    # === LIVE === #

    def test_ticks_reach_everybody_who_looks_at_the_thread(self):
        message = self.answer()
        self.send()
        before = len(self.get_bus(f'"discuss.channel",{self.thread.id}'))
        self.receive(self.status_body("read"))
        news = self.get_bus(f'"discuss.channel",{self.thread.id}')[before:]
        self.assertTrue(
            [text for text in news if f'"id":{message.id}' in text and '"whatsapp_cs_state":"read"' in text]
        )

    def test_who_loses_a_chat_is_told_personally(self):
        self.answer(user=self.agent)
        before = len(self.get_bus(f'"res.partner",{self.agent.partner_id.id}'))
        self.conversation.with_user(self.editor).action_take()
        news = self.get_bus(f'"res.partner",{self.agent.partner_id.id}')[before:]
        self.assertTrue([text for text in news if f'"whatsapp_cs_user_id":{self.editor.id}' in text])

    def test_a_new_message_carries_its_state_and_the_thread_its_case(self):
        message = self.answer()
        data = Store().add(message.with_user(self.agent)).get_result()["mail.message"][0]
        self.assertEqual(data["whatsapp_cs_state"], "queued")
        data = Store().add(self.thread.with_user(self.agent)).get_result()
        thread = next(values for values in data["discuss.channel"] if values["id"] == self.thread.id)
        self.assertEqual(
            (thread["whatsapp_cs_state"], thread["whatsapp_cs_user_id"], thread["whatsapp_cs_partner_id"]),
            ("waiting", self.agent.id, self.conversation.partner_id.id),
        )

    def test_a_customers_message_notifies_the_agent_who_has_it(self):
        self.answer()
        message = self.thread.message_ids.sorted("id")[0]
        recipients = self.thread._notify_get_recipients(message)
        self.assertEqual([recipient["id"] for recipient in recipients], self.agent.partner_id.ids)

    def test_what_another_company_has_is_not_seen(self):
        other_company = self.env["res.company"].create({"name": "Other"})
        account = self._create_account("1002", other_company)
        self._create_channel(account, "2002", "+1 555 0102")
        body = self.text_body("Hi", "wamid.B1", wa_id="32470123456")
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2002"
        self.receive(body, account)
        contact = self.env["whatsapp.cs.contact"].search([("wa_id", "=", "32470123456")])
        self.assertEqual(contact.company_id, other_company)
        self.assertEqual(contact.conversation_ids.lead_id.company_id, other_company)
        for user in (self.agent, self.editor, self.administrator):
            with self.subTest(user=user.login):
                for record in (contact, contact.conversation_ids, contact.discuss_channel_id, account):
                    self.assertFalse(self.env[record._name].with_user(user).search([("id", "=", record.id)])) if (
                        record != account or user == self.administrator
                    ) else None
