from markupsafe import Markup

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestNote(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body("Hello"))
        self.conversation = self.get_conversation()
        self.answer("I look")
        self.send()

    def note(self, text, user=None, **kwargs):
        return self.answer(text, user=user, subtype_xmlid="mail.mt_note", **kwargs)

    def test_a_note_is_in_the_chat_and_never_in_the_outbox(self):
        note = self.note("10:42 | delivery is late | warehouse asked")
        self.note("गोदाम से पूछा")
        self.note("سألت المستودع", user=self.editor)
        self.assertIn("warehouse asked", self.get_texts(self.get_thread())[-3])
        self.assertFalse(note.whatsapp_cs_message_ids)
        self.assertFalse(self.env["whatsapp.cs.outbox"].search([("state", "!=", "gone")]))
        self.assertFalse(self.send())

    def test_a_note_has_at_most_300_characters(self):
        self.note("x" * 300)
        with self.assertRaisesRegex(UserError, "301 characters; notes have at most 300"):
            self.note("x" * 301)
        # what nobody sees does not count
        self.note(f"<p><b>{'ñ' * 290}</b> <a href='https://example.com/a/long/address'>link</a></p>")
        with self.assertRaisesRegex(UserError, "notes have at most 300"):
            self.note("🙂" * 151)  # two units each, as in WhatsApp

    def test_a_note_does_not_become_longer_by_editing(self):
        note = self.note("Short")
        thread = self.get_thread().with_user(self.agent).sudo()
        with self.assertRaisesRegex(UserError, "notes have at most 300"):
            thread._message_update_content(note, body=Markup("<p>%s</p>") % ("x" * 301))
        thread._message_update_content(note, body=Markup("<p>Better</p>"))
        self.assertIn("Better", str(note.body))

    def test_a_mentioned_colleague_is_notified(self):
        self.agent_2.write({"notification_type": "inbox", "email": "bela@example.com"})
        note = self.note("@Bela do you know?", partner_ids=self.agent_2.partner_id.ids)
        notified = self.env["mail.notification"].search([("mail_message_id", "=", note.id)])
        self.assertIn(self.agent_2.partner_id, notified.res_partner_id)
        self.assertFalse(self.send())

    def test_nobody_outside_is_mentioned(self):
        portal = new_test_user(self.env, "wa_portal", "base.group_portal", name="Portal")
        company = self.env["res.company"].create({"name": "Other"})
        other = new_test_user(
            self.env, "wa_other", "base.group_user", name="Olga", company_id=company.id, company_ids=company.ids
        )
        for partner in (self.conversation.partner_id, portal.partner_id, other.partner_id):
            for subtype in ("mail.mt_note", "mail.mt_comment"):
                with (
                    self.subTest(partner=partner.name, subtype=subtype),
                    self.assertRaisesRegex(UserError, "can't be mentioned here"),
                ):
                    self.answer("Hi", subtype_xmlid=subtype, partner_ids=partner.ids)
        self.assertFalse(self.send())

    def test_notes_are_written_by_those_who_may_read_the_chat(self):
        for user in (self.agent_2, self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.note("Me too", user=user)
