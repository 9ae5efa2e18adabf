from typing import NamedTuple

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import text_format
from .whatsapp_cs_send_policy import Request


class Draft(NamedTuple):
    """What one contact is to get: the API's object, its text, and the document that it is about (or None)."""

    contact: models.Model  # in superuser mode
    record: models.Model | None
    content: dict
    text: str


class WhatsappCsTemplate(models.Model):
    """Sending a template: to a contact, or to whom a document is about."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    # === TO A CONTACT === #

    def _send(self, contact, record=None, values=None, user=None, priority="0"):
        """Queue this template for ``contact`` and show it in their chat; return the ``whatsapp.cs.message``.

        Who may do it is checked by the callers; whether the template and its values can be sent is checked here.

        :param record: the document that the variables are filled from, which gets a note
        :param values: ``{slot.key: text}`` typed by a person
        :param user: the agent who writes to this one customer and goes on with the conversation; None for what the
            system, or somebody to many, sends: the conversation stays with whom it is
        :param priority: of the outbox row
        """
        draft = self._prepare_draft(contact, record, values, user)
        self._check_policy(draft.contact, draft.text)
        return self._send_drafts([draft], user, priority)

    def _prepare_draft(self, contact, record=None, values=None, user=None):
        """Return what ``contact`` would get, see ``_send``; a UserError says why it can't be sent. Nothing is written."""
        self.ensure_one()
        # sudo: whatsapp.cs.* - the callers have checked who sends; agents have no right to write on any of these
        contact_sudo = contact.sudo()
        self._check_contact(contact_sudo)
        content = self._prepare_content(record, values, contact_sudo, user)
        return Draft(contact_sudo, record, content, self._render_text(record, values, contact_sudo, user))

    def _send_drafts(self, drafts, user=None, priority="0"):
        """Queue ``drafts``, of one contact each, and show them in the chats; return their messages in the same order."""
        # sudo: whatsapp.cs.* - as in _prepare_draft
        found = self.env["whatsapp.cs.contact"].sudo()._open_all_for_outgoing({d.contact: d.record for d in drafts})
        conversations = [found[draft.contact] for draft in drafts]
        for conversation in conversations if user else ():
            if conversation.state != "resolved":
                conversation.with_user(user)._check_can_send_template()
        mail_messages = self.sudo()._post(drafts, user)
        for conversation in conversations:
            if user:
                conversation.with_user(user).sudo()._on_agent_template()
            else:
                conversation._on_system_template()
        values = {"category": self.category, "template_id": self.id, "user_id": user.id if user else False}
        messages = self.env["whatsapp.cs.message"].sudo()
        messages = messages._queue_all(
            [
                {
                    **messages._prepare_queued_values(
                        conversation, mail_message, draft.text, "template", draft.content
                    ),
                    **values,
                }
                for draft, conversation, mail_message in zip(drafts, conversations, mail_messages, strict=True)
            ],
            priority,
        )
        messages.contact_id.discuss_channel_id._whatsapp_cs_show_sent(mail_messages)
        self._log_on_records(zip(drafts, messages, strict=True), user)
        return messages.with_env(self.env)

    def _check_policy(self, contact, text):
        """Refuse what the send policy refuses, in its words."""
        if verdict := self.env["whatsapp.cs.send.policy"]._check_all([self._prepare_request(contact, text)])[0]:
            raise UserError(verdict.text)

    def _get_verdicts(self, drafts):
        """Return ``{key: verdict}`` of those of ``drafts`` ({key: draft}) that the send policy refuses, asked at once."""
        requests = [self._prepare_request(draft.contact, draft.text) for draft in drafts.values()]
        verdicts = self.env["whatsapp.cs.send.policy"]._check_all(requests)
        return {key: verdict for key, verdict in zip(drafts, verdicts, strict=True) if verdict}

    def _prepare_request(self, contact, text):
        return Request(contact, "template", self.category, self.env["whatsapp.cs.message"]._get_content_key(text))

    def _check_contact(self, contact):
        """Refuse a number of another account, one that is not set up, and a person whose number is not known."""
        if contact.channel_id.account_id != self.account_id:
            raise UserError(
                self.env._(
                    "%(template)s belongs to another WhatsApp account than the number %(channel)s.",
                    template=self.display_name,
                    channel=contact.channel_id.display_name,
                )
            )
        if contact.channel_id.state == "draft":
            raise UserError(
                self.env._("The number %s is not connected yet: nothing can be sent.", contact.channel_id.display_name)
            )
        if self.category == "authentication" and not contact.wa_id:
            raise UserError(
                self.env._("A one-time code needs the phone number of %s; only a user name is known.", contact.name)
            )

    def _post(self, drafts, user):
        """Return new Discuss messages that show what customers get; they are shown when their WhatsApp messages exist."""
        author = (user or self.env.ref("base.user_root")).partner_id
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        return self.env["mail.message"].create(
            [
                {
                    "model": "discuss.channel",
                    "res_id": draft.contact.discuss_channel_id.id,
                    "author_id": author.id,
                    "email_from": False,
                    "reply_to": False,
                    "message_type": "comment",
                    "subtype_id": subtype_id,
                    "body": text_format.whatsapp_to_html(draft.text),
                }
                for draft in drafts
            ]
        )

    def _log_on_records(self, pairs, user):
        """Leave a note with a link to the chat in the chatter of the documents that are written about."""
        notes = {}
        for draft, message in pairs:
            if draft.record and hasattr(draft.record, "_message_log_batch"):
                notes.setdefault(draft.record._name, {})[draft.record.id] = Markup("%s") % self.env._(
                    "WhatsApp template %(template)s sent to %(contact)s.",
                    template=self.name,
                    contact=Markup('<a href="#" data-oe-model="discuss.channel" data-oe-id="%s">%s</a>')
                    % (message.contact_id.discuss_channel_id.id, message.contact_id.name),
                )
        for model, bodies in notes.items():
            # sudo: mail.message - a note that says what was done; who may send about a document may leave it
            records = self.env[model].browse(bodies).sudo()
            records._message_log_batch(bodies, author_id=(user or self.env.user).partner_id.id)

    # === TO WHOM A DOCUMENT IS ABOUT === #

    def _find_address(self, record, channel=None):
        """Return ``(channel, owner, number)`` to reach whom a document is about; reads only.

        The owner is a partner or the document; without a number it is the partner's chat. A UserError says why there is none.
        """
        self.ensure_one()
        partners = record if record._name == "res.partner" else record._mail_get_partners()[record.id]
        channel = channel or self._select_channel(partners)
        for partner in partners:
            # sudo: whatsapp.cs.contact - only whether there is one
            if partner.phone or partner.sudo().whatsapp_cs_contact_ids.filtered(lambda c: c.channel_id == channel):
                return channel, partner, partner.phone
        for name in record._phone_get_number_fields():
            if record[name]:
                return channel, record, record[name]
        raise UserError(self.env._("%s has no phone number.", record.display_name))

    def _find_or_create_recipient(self, record, channel=None):
        """Return the contact a document is about, on ``channel`` or on the number that fits best; see ``_find_address``."""
        channel, owner, number = self._find_address(record, channel)
        Contact = self.env["whatsapp.cs.contact"]
        if owner._name == "res.partner":
            return Contact._find_or_create_for_partner(channel, owner)
        return Contact._find_or_create_for_number(channel, owner, number)

    def _check_record(self, record, values=None, user=None, channel=None):
        """Return the address (anything that is the same for the same phone) a document's message would go to; reads only.

        Raises the UserError that sending it would raise, as far as that can be known before.
        """
        channel, owner, number = self._find_address(record, channel)
        self._get_complete_texts(record, values, user=user)
        Contact = self.env["whatsapp.cs.contact"]
        if number:
            contact = Contact._find_for_number(channel, owner, number)
        else:
            contact = Contact._find_or_create_for_partner(channel, owner)  # it is there: see _find_address
        # sudo: whatsapp.cs.contact - the policy reads consent and what was sent before
        self._check_policy(contact.sudo(), self._render_text(record, values, user=user))
        return channel.id, Contact._get_wa_id(owner, number) if number else contact.id

    def _select_channel(self, partners):
        """Return the number to send from: the one this customer wrote to last, else the account's first that is live."""
        self.ensure_one()
        # sudo: whatsapp.cs.* - which number to send from; what is sent is checked elsewhere
        template_sudo = self.sudo()
        channels = template_sudo.account_id.channel_ids.filtered(lambda channel: channel.state != "draft")
        contacts = partners.sudo().whatsapp_cs_contact_ids.filtered(lambda contact: contact.channel_id in channels)
        latest = contacts.sorted(lambda contact: contact.last_message_date or fields.Datetime.from_string("1970-01-01"))
        channel = latest[-1:].channel_id or channels.sorted(lambda channel: channel.state != "live")[:1]
        if not channel:
            raise UserError(
                self.env._("No number of the account of %s is connected: nothing can be sent.", self.display_name)
            )
        return channel.with_env(self.env)

    def _send_to_record(self, record, values=None, user=None, channel=None, priority="0"):
        """Send to whom ``record`` is about; see ``_send``. Returns the message, or raises a UserError that says why not."""
        contact = self._find_or_create_recipient(record, channel)
        return self._send(contact, record, values, user, priority)
