import itertools
import time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import WhatsappCsCommon

OLD, NEW = "32470123456", "32470999888"


@tagged("post_install", "-at_install")
class TestContactMerge(WhatsappCsCommon):
    """Who has a new number, or was two contacts for another reason, is one (CR1)."""

    def receive_text(self, text, wamid, wa_id=OLD, name="Lotte", **sender):
        self.receive(self.text_body(text, wamid, wa_id=wa_id, name=name, **sender))

    def receive_change(self, old=OLD, new=NEW, wamid="wamid.S1", timestamp=None, **system):
        """Let WhatsApp say that the number has changed."""
        body = self.text_body(wamid=wamid, wa_id=old, timestamp=timestamp)
        value = body["entry"][0]["changes"][0]["value"]
        value.pop("contacts")
        value["messages"][0].update(
            type="system", system={"type": "user_changed_number", "body": "changed", "wa_id": new, **system}
        )
        self.receive(body)

    def get_person(self):
        """Return what there is of the person, as people see it."""
        contact = self.get_contact(NEW)
        threads = self.env["discuss.channel"].search([("channel_type", "=", "whatsapp_cs")])
        return {
            "contacts": self.env["whatsapp.cs.contact"]
            .search([])
            .mapped(lambda c: (c.wa_id, c.name, c.created_partner)),
            "former": contact.former_ids.mapped("value"),
            "cases": contact.conversation_ids.mapped(lambda c: (c.state, c.inbound_count, c.lead_id.name)),
            "partners": self.env["res.partner"].search([("name", "ilike", "lotte")]).mapped("phone"),
            "leads": self.env["crm.lead"].search([]).mapped(lambda lead: (lead.name, lead.phone)),
            "threads": threads.mapped("name"),
            "texts": sorted(
                str(message.body) for message in threads.message_ids if message.message_type == "whatsapp_cs"
            ),
            "quotes": sorted(str(message.parent_id.body) for message in threads.message_ids.filtered("parent_id")),
        }

    def test_whatever_comes_first_the_person_is_one(self):
        def quote():
            body = self.text_body("As I said", "wamid.N2", wa_id=NEW, name="Lotte")
            body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"from": OLD, "id": "wamid.O1"}
            self.receive(body)

        steps = {
            "old": lambda: self.receive_text("From the old phone", "wamid.O1"),
            "notice": self.receive_change,
            "new": lambda: self.receive_text("From the new phone", "wamid.N1", NEW),
            "quote": quote,
            "late": lambda: self.receive_text("Sent before", "wamid.O2"),
        }
        self.env["crm.lead"].search([]).unlink()
        ends = {}
        orders = [("old", "notice", "new", "quote", "late"), ("notice", "new", "quote", "late", "old")]
        orders += [("new", "quote", "old", "late", "notice"), ("old", "new", "notice", "late", "quote")]
        orders += [("new", "notice", "late", "quote", "old")]
        for order in orders:
            with self.env.cr.savepoint() as savepoint:
                for step in order:
                    steps[step]()
                ends[order] = self.get_person()
                savepoint.rollback()
                self.env.invalidate_all()
        expected = {
            "contacts": [(NEW, "Lotte", True)],
            "former": [OLD],
            "cases": [("queued", 4, "WhatsApp: Lotte")],
            "partners": ["+32 470 99 98 88"],
            "leads": [("WhatsApp: Lotte", "+32 470 99 98 88")],
            "threads": ["Lotte"],
        }
        for order, end in ends.items():
            with self.subTest(order=order):
                self.assertEqual({key: end[key] for key in expected}, expected)
                self.assertEqual((len(end["texts"]), end["quotes"]), (5, ["<p>From the old phone</p>"]))

    def test_the_newest_of_several_notices_counts_and_numbers_may_come_back(self):
        now = int(time.time())
        third = "32470777666"
        for last, notices in {
            third: ((OLD, NEW, 300), (NEW, third, 200)),
            OLD: ((OLD, NEW, 300), (NEW, OLD, 200)),
        }.items():
            for order in itertools.permutations(notices):
                with self.env.cr.savepoint() as savepoint:
                    for number, (old, new, ago) in enumerate(order):
                        self.receive_change(old, new, f"wamid.S{number}", now - ago)
                    contact = self.env["whatsapp.cs.contact"].search([])
                    self.assertEqual(contact.mapped("wa_id"), [last])
                    self.assertEqual(
                        set(contact.former_ids.mapped("value")),
                        {OLD, NEW, third} & {number for notice in notices for number in notice[:2]} - {last},
                    )
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_user_ids_change_with_the_number_and_a_number_is_given_to_somebody_else(self):
        self.receive_text("Hi", "wamid.O1", user_id="BE.old")
        self.receive_text("It is me", "wamid.N1", NEW, user_id="BE.new")
        self.receive_change(user_id="BE.new", previous_user_id="BE.old")
        contact = self.get_contact(NEW)
        self.assertEqual((contact.meta_user_id, contact.conversation_ids.inbound_count), ("BE.new", 2))
        self.receive_text("Late", "wamid.O2", user_id="BE.old")
        self.assertEqual(contact.conversation_ids.inbound_count, 3)
        self.assertEqual((contact.wa_id, contact.meta_user_id), (NEW, "BE.new"))
        self.receive_text("I am new here", "wamid.P1", name="Piet", user_id="BE.piet")
        self.assertEqual(self.get_contact(OLD).name, "Piet")
        self.assertEqual(contact.conversation_ids.inbound_count, 3)

    def test_an_agent_keeps_the_customer_and_what_waits_goes_to_the_new_number(self):
        self.receive_text("Hi", "wamid.O1")
        self.answer("We will see", wa_id=OLD)
        old = self.get_conversation(OLD)
        self.receive_text("Any news?", "wamid.N1", NEW)
        self.receive_change()
        conversation = self.get_conversation(NEW)
        self.assertEqual((conversation, conversation.state, conversation.user_id), (old, "assigned", self.agent))
        self.assertTrue(conversation.unanswered_date)
        thread = self.get_thread(NEW)
        self.assertEqual(thread.channel_member_ids.partner_id, self.agent.partner_id)
        self.assertIn("Two chats are one now", " ".join(self.get_texts(thread)))
        [payload] = self.send()
        self.assertEqual(payload["to"], f"+{NEW}")

    def test_spam_stays_spam_and_an_opt_out_holds_with_the_new_number(self):
        self.receive_text("STOP", "wamid.O1")
        self.get_conversation(OLD).with_user(self.editor).action_spam()
        self.receive_text("Buy this!", "wamid.N1", NEW)
        self.receive_change()
        contact = self.get_contact(NEW)
        self.assertEqual(contact.conversation_ids.mapped("state"), ["spam"])
        self.assertEqual((contact.consent, contact.block_state), ("out", "to_block"))
        self.assertTrue(self.env["phone.blacklist"].search([("number", "=", f"+{NEW}")]))

    def test_a_partner_whom_people_have_made_remains(self):
        known = self.env["res.partner"].create({"name": "Lotte Peeters", "phone": f"+{OLD}"})
        self.receive_text("It is me", "wamid.N1", NEW)
        self.receive_change()
        contact = self.get_contact(NEW)
        self.assertEqual((contact.partner_id, contact.created_partner), (known, False))
        self.assertEqual(contact.conversation_ids.lead_id.partner_id, known)
        self.assertIn("+32 470 99 98 88", " ".join(known.message_ids.mapped("body")))

    # === BY HAND === #

    def test_an_editor_merges_two_contacts_and_nothing_points_to_the_other_one(self):
        self.receive_text("Hi", "wamid.O1")
        self.receive_text("Me again", "wamid.N1", NEW, name="L. Peeters")
        old, new = self.get_contact(OLD), self.get_contact(NEW)
        campaign = self.env["whatsapp.cs.campaign"].create(
            {
                "name": "Spring",
                "channel_id": self.channel.id,
                "template_id": self.env["whatsapp.cs.template"]
                .create({"name": "spring", "account_id": self.account.id, "category": "marketing", "body": "Hi"})
                .id,
            }
        )
        event = self.env["whatsapp.cs.customer.event"]
        for contact in (old, new):
            self.env["whatsapp.cs.campaign.recipient"].create(
                {"campaign_id": campaign.id, "contact_id": contact.id, "res_model": contact._name, "res_id": contact.id}
            )
            self.env["whatsapp.cs.receipt"].create({"contact_id": contact.id, "wamid": "wamid.O1"})
            contact._note_consent("in", "phone", proof="Call", date=fields.Datetime.now())
            event.create(
                {"contact_id": contact.id, "name": event._get_names()[0][0], "res_model": "res.partner", "res_id": 1}
            )
        self.env["whatsapp.cs.consent"].create(
            {"contact_id": old.id, "consent": "out", "source": "phone", "proof": "Call"}
        )
        contacts = (old | new).with_user(self.editor)
        action = contacts.action_merge()
        wizard = Form(self.env["whatsapp.cs.contact.merge"].with_user(self.editor).with_context(**action["context"]))
        self.assertEqual(wizard.target_id, new)
        wizard.target_id = old
        gone = new.id
        wizard.save().action_merge()
        self.assertFalse(new.exists())
        self.assertEqual((old.wa_id, old.former_ids.value, old.consent), (OLD, NEW, "out"))
        self.assertEqual(old.conversation_ids.inbound_count, 2)
        self.assertEqual(len(old.consent_ids), 3)
        self.assertEqual(sorted(campaign.recipient_ids.mapped("state")), ["excluded", "waiting"])
        for model, _field, domain in self.env["whatsapp.cs.contact"]._get_links(new.browse(gone)):
            self.assertFalse(self.env[model].with_context(active_test=False).search(domain), model)
        self.assertIn("Erin merged the contact L. Peeters", " ".join(self.get_texts(self.get_thread(OLD))))
        self.receive_text("Still me", "wamid.N2", NEW)
        self.assertEqual(old.conversation_ids.inbound_count, 3)

    def test_what_is_not_merged(self):
        self.receive_text("Hi", "wamid.O1")
        self.receive_text("Hi", "wamid.N1", NEW)
        old, new = self.get_contact(OLD), self.get_contact(NEW)
        with self.assertRaisesRegex(AccessError, "by editors"):
            (old | new).with_user(self.agent).action_merge()
        with self.assertRaisesRegex(UserError, "Select the two"):
            old.with_user(self.editor).action_merge()
        second = self._create_channel(self.account, "2009", "+1 555 0109")
        new_elsewhere = new.copy({"channel_id": second.id})
        with self.assertRaisesRegex(UserError, "two of your numbers"):
            (old | new_elsewhere).with_user(self.editor).action_merge()
        company = self.env["res.company"].create({"name": "Other"})
        self.editor.company_ids += company
        theirs = self._create_channel(self._create_account("1099", company), "2010", "+1 555 0110")
        other = new.copy({"channel_id": theirs.id})
        with self.assertRaisesRegex(UserError, "different companies"):
            (old | other).with_user(self.editor).with_context(
                allowed_company_ids=self.editor.company_ids.ids
            ).action_merge()
