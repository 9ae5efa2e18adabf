from datetime import datetime

from odoo import api, fields, models

from ..tools import phone
from .whatsapp_cs_former_identity import KINDS


class WhatsappCsContact(models.Model):
    """A person who changes the number, or gets another user id, stays one contact, whatever arrives first (CR1).

    WhatsApp's notice may come before, between or after messages from the old and from the new number. What had become
    two contacts is merged; of all that the notices name, the newest is the present identity, the rest are former ones.
    """

    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    wa_id_date = fields.Datetime("Number Since", readonly=True, help="When WhatsApp said that it had changed.")
    meta_user_id_date = fields.Datetime("User ID Since", readonly=True)

    @api.model
    def _on_changed(self, channel, change, date):
        """Let the person whom WhatsApp's notice (``Change``) of ``date`` is about have the new number or user id.

        :return: the contact; its history, partner and lead are those of all that were this person
        """
        known = self._find_all([(channel, change.before), (channel, change.after)])
        before = self._pick(known, channel, change.before)
        after = self._pick(known, channel, change.after)
        after -= (after - before)._filter_others(change.after)
        contact = before.sorted("id")[:1] or after.sorted("id")[:1]
        if not contact:
            is_named = change.before.wa_id or change.before.user_id
            [contact] = self._find_or_create([(channel, change.before if is_named else change.after)])
        everybody = contact | before | after
        everybody._lock_rows()
        held = everybody._get_held(change, after, date)
        makeshift = not contact.profile_name and contact._get_own_name()
        if everybody != contact:
            contact._merge_in(everybody - contact)
            contact._note_in_chat(
                self.env._(
                    "WhatsApp says that this person has a new number. Two chats are one now: reload the page to see both."
                )
            )
        contact._adopt_partner(change.before.wa_id)
        contact._take_identities(held, date)
        if makeshift:
            contact._rename_what_was_made(makeshift)
        return contact

    @api.model
    def _pick(self, known, channel, identity):
        return self.union(*(known[key] for key in self._get_keys(channel, identity) if key in known))

    def _filter_others(self, identity):
        """Return those who had the new number before, as somebody else: they show another user id."""
        return self.filtered(
            lambda contact: (
                identity.user_id and contact.meta_user_id and identity.user_id not in contact._get_identities("user")
            )
        )

    def _lock_rows(self):
        """Wait for who writes to these contacts, in the order of their ids; who was changed meanwhile makes us begin anew."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT 1 FROM whatsapp_cs_contact WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            (self.ids,),
            log_exceptions=False,
        )

    def _get_held(self, change, after, date):
        """Return ``{kind: {value: since when}}`` of all that these contacts have, with what the notice says."""
        held = {}
        for kind, name in KINDS.items():
            new = getattr(change.after, "wa_id" if kind == "number" else "user_id")
            if kind == "user" and not new and change.after.wa_id:
                new = after.filtered(name)[:1][name] or ""  # a new number always has a new user id
            old = getattr(change.before, "wa_id" if kind == "number" else "user_id")
            held[kind] = {contact[name]: contact[f"{name}_date"] for contact in self if contact[name]}
            if old:
                held[kind].setdefault(old, False)
            if new or (kind == "user" and change.after.wa_id):
                held[kind][new] = max(date, held[kind].get(new) or date)
        return held

    def _take_identities(self, held, date):
        """Have the newest of ``held`` from now on; the others are former ones, known until ``date``."""
        before = self.wa_id
        for kind, name in KINDS.items():
            if not held[kind]:
                continue
            newest = max(held[kind], key=lambda value: (held[kind][value] or datetime.min, value == self[name]))
            if newest != (self[name] or ""):
                self._let_go(name, newest)
                self[name] = newest or False
            if held[kind][newest]:
                self[f"{name}_date"] = held[kind][newest]
            self._set_former(kind, set(held[kind]) - {newest}, date)
        if self.wa_id and before and self.wa_id != before:
            self._on_number_changed(before)

    def _adopt_partner(self, number):
        """Let the partner whom people had with the old number be the person's, also when the new one wrote first."""
        known = number and self.env["res.partner"]._whatsapp_cs_find_by_number([number], self.company_id).get(number)
        if known and self.created_partner and known != self.partner_id:
            self._merge_partners({known: False})
            if self.wa_id and self.wa_id != number:
                self._tell_partner(number)

    def _let_go(self, name, value):
        """Take a number or id from whoever else has it: it is this person's now."""
        others = value and self.search(
            [("channel_id", "=", self.channel_id.id), (name, "=", value), ("id", "!=", self.id)]
        )
        for other in others or self.browse():
            other._warn_about_other_person()
            other[name] = False
            other.flush_recordset([name])

    def _on_number_changed(self, before):
        """Let partner, blacklist and block follow to the new number."""
        known = self.env["res.partner"]._whatsapp_cs_find_by_number([before], self.company_id).get(before)
        if self.created_partner and known == self.partner_id:
            self.partner_id.phone = phone.format_international(self.wa_id)
        elif self.partner_id:
            self._tell_partner(before)
        if self.consent == "out":
            self._sync_blacklist()
        if self.blocked_date:
            self._queue_block("to_block")

    def _tell_partner(self, before):
        """Say it on a partner whom people have made: what they have written stays until they change it."""
        self.partner_id.message_post(
            body=self.env._(
                "WhatsApp says that this person's number changed from %(old)s to %(new)s. Ask them before you change it here.",
                old=phone.format_international(before),
                new=phone.format_international(self.wa_id),
            )
        )

    def _show_notices(self):
        """Show what WhatsApp has said of a contact in the chat, as soon as there is one."""
        self.ensure_one()
        if self.discuss_channel_id:
            notices = self.env["whatsapp.cs.message"].search(
                [("contact_id", "=", self.id), ("message_type", "=", "system"), ("mail_message_id", "=", False)],
                order="id",
            )
            self.discuss_channel_id._whatsapp_cs_post_received(notices)
