import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import message_content, text_format, webhook_payload

REACTION_DAYS = 30  # Meta refuses reactions to older messages


class WhatsappCsMessage(models.Model):
    """Messages that are no new words of the customer: reactions, changes, WhatsApp's own notices, calls, the phone's echoes."""

    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    edited_date = fields.Datetime("Edited On", readonly=True)
    earlier_text = fields.Text(readonly=True, help="What it said before the customer changed it.")
    media_ids = fields.One2many("whatsapp.cs.media", "message_id", string="Files")
    revoked_date = fields.Datetime("Deleted On", readonly=True, help="The customer has deleted it on the phone.")
    is_echo = fields.Boolean(
        "Sent from the Phone", readonly=True, help="Written in the WhatsApp Business app, not here."
    )

    # === ON AN EARLIER MESSAGE === #

    @api.model
    def _receive_action(self, channel, update):
        """Keep a reaction, an edit or a deletion, and show it on the message it is about.

        Where that message is not known yet, it is shown as soon as that arrives (``_link_quoting``).
        """
        [contact] = self.env["whatsapp.cs.contact"]._find_or_create([(channel, update.get_identity())])
        message = self.create(self._prepare_inbound_values(contact, update.item))
        contact._on_inbound(message.date)
        contact.conversation_ids.sorted("id")[-1:]._broadcast()  # the window is longer now
        message._apply_action()

    def _apply_action(self):
        """Show each on the message it is about; twice changes nothing."""
        targets = self._find_quoted()
        for message in self:
            target = targets.get(message)
            if target:
                # sudo: mail.message, mail.message.reaction - nobody else may change what was said in a WhatsApp thread
                getattr(target.sudo(), f"_on_{message.message_type}")(message)

    def _on_reaction(self, message):
        """Show the customer's reaction to this message: a person has one, the newest; an empty one takes it back."""
        self.ensure_one()
        newer = [
            ("contact_id", "=", message.contact_id.id),
            ("message_type", "=", "reaction"),
            ("direction", "=", message.direction),
            ("quoted_wamid", "=", self.wamid),
            ("date", ">", message.date),
        ]
        if not self.mail_message_id or self.search_count(newer, limit=1):
            return
        emoji = message.content.get("emoji", "")
        self.mail_message_id._whatsapp_cs_set_reaction(message.contact_id.partner_id, emoji)

    def _check_can_react(self, env):
        """Refuse an agent's reaction that WhatsApp, or the house, would refuse."""
        self.ensure_one()
        self.conversation_id.with_env(env)._check_can_reach()
        if not self.wamid:
            raise UserError(env._("WhatsApp does not have this message yet. React as soon as it is sent."))
        if self.date < fields.Datetime.now() - timedelta(days=REACTION_DAYS):
            raise UserError(env._("WhatsApp takes reactions to messages of the last %s days only.", REACTION_DAYS))

    def _queue_reaction(self, emoji):
        """Send the company's reaction to this message; an empty one takes it back."""
        self.ensure_one()
        no_mail_message = self.env["mail.message"]  # it is shown on the message it is about
        content = {"message_id": self.wamid, "emoji": emoji}
        self._queue(self.conversation_id, no_mail_message, emoji, "reaction", content, quoted_wamid=self.wamid)

    def _on_reaction_failed(self):
        """Take back a reaction that did not reach the customer, and tell the agent."""
        for reaction in self.filtered(
            lambda message: message.message_type == "reaction" and message.direction == "out"
        ):
            target = reaction._find_quoted().get(reaction)
            shown = target.mail_message_id.reaction_ids.filtered(
                lambda shown: shown.content == reaction.body and shown.partner_id == reaction.user_id.partner_id  # noqa: B023
            )
            if shown:
                shown.unlink()
                target.mail_message_id._bus_send_reaction_group(reaction.body)
            text = self.env._(
                "Your reaction did not reach %(name)s. %(error)s", name=reaction.contact_id.name, error=reaction.error
            )
            reaction.user_id._bus_send("simple_notification", {"type": "danger", "message": text})

    def _on_edit(self, message):
        """Show the new text, and keep the one before."""
        self.ensure_one()
        text = message.content.get("text", "")
        if not text or not self.mail_message_id or (self.edited_date and self.edited_date >= message.date):
            return
        self.write({"body": text, "earlier_text": self.earlier_text or self.body, "edited_date": message.date})
        self.mail_message_id.body = text_format.whatsapp_to_html(text)
        self.mail_message_id._whatsapp_cs_broadcast_content()

    def _on_revoke(self, message):
        """Say that the customer has deleted it; what was written stays readable for the company."""
        self.ensure_one()
        if not self.revoked_date:
            self.revoked_date = message.date
            self.mail_message_id._whatsapp_cs_broadcast_content()

    # === FILES === #

    def _prepare_media_values(self):
        """Return the values of the record that loads this message's file."""
        self.ensure_one()
        item = json.loads(self.raw)
        found = message_content.get_media(item)
        return {
            "message_id": self.id,
            "channel_id": self.channel_id.id,  # these three given, not computed: spares an UPDATE
            "company_id": self.company_id.id,
            "direction": self.direction,
            "kind": self.message_type,
            "is_voice": found["is_voice"],
            "media_id": found.get("id"),
            "mimetype": found["mimetype"],
            "checksum": found.get("sha256"),
            "filename": found.get("filename"),
            "state": "queued" if found.get("id") else "failed",
            "error": False if found.get("id") else str(message_content.get_error_code(item)),
        }

    # === WHATSAPP'S OWN NOTICES === #

    @api.model
    def _receive_system(self, channel, update):
        """Keep and show what WhatsApp says about a contact; nobody wrote, so no window opens and no case begins."""
        Contact = self.env["whatsapp.cs.contact"]
        if change := webhook_payload.get_change(update):
            contact = Contact._on_changed(channel, change, self._get_date(update.item))
        else:
            [contact] = Contact._find_or_create([(channel, update.get_identity())])
        self.create(self._prepare_inbound_values(contact, update.item))
        contact._show_notices()

    # === CALLS === #

    @api.model
    def _receive_calls(self, account, updates):
        """Show calls in the chat as notices: this desk takes none. A customer's call opens the window (Meta)."""
        calls = [
            webhook_payload.Update(
                "message", {**call, "type": "call", "call": call}, update.value, update.waba_id, "messages"
            )
            for update in updates
            for call in update.get_items("calls")
            if call.get("direction", "USER_INITIATED") == "USER_INITIATED" and call.get("event") in (None, "connect")
        ]
        self._receive(account, calls)

    # === SENT FROM THE PHONE === #

    @api.model
    def _receive_echoes(self, account, updates):
        """Show what somebody of the company has sent from the WhatsApp Business app on the phone."""
        for update in updates:
            channel = self._find_channels(account, [update])[update.phone_number_id]
            for item in update.get_items("message_echoes"):
                self._receive_echo(channel, update, item)

    @api.model
    def _receive_echo(self, channel, update, item):
        customer = {**item, "from": item.get("to") or "", "from_user_id": item.get("to_user_id") or ""}
        update = webhook_payload.Update("message", customer, update.value, update.waba_id, "messages")
        wamid = self._get_wamid(update)
        if self.search_count([("channel_id", "=", channel.id), ("wamid", "=", wamid)], limit=1):
            return
        [contact] = self.env["whatsapp.cs.contact"]._find_or_create([(channel, update.get_identity())])
        values = {**self._prepare_inbound_values(contact, item), "direction": "out", "state": "sent", "is_echo": True}
        message = self.create(values)
        if self._get_room(item) == "action":
            message._apply_action()
        else:
            self.env["whatsapp.cs.conversation"]._on_echo(message)
            self.env["whatsapp.cs.media"]._receive(message)

    # === HOW IT IS DRAWN === #

    def _get_card(self):
        """Return what the client draws beside the text, in the reader's language; False for plain text."""
        self.ensure_one()
        card = dict(self._get_content_card() or {})
        if self.context:
            card["context"] = self.context
        if self.earlier_text:
            card["earlier_text"] = self.earlier_text
        for name in ("revoked_date", "edited_date"):
            if self[name]:
                card[name] = fields.Datetime.to_string(self[name])
        if self.is_echo:
            card["is_echo"] = True
        return card or False

    def _get_content_card(self):
        """Return the card of what the message holds."""
        if isinstance(self.content, dict) and self.content.get("kind") == "media":
            media = self.media_ids[:1]
            return {**self.content, "state": media.state, "error": media.state == "failed" and media._get_reason()}
        if self.message_type == "audio" and not self.is_echo and self.mail_message_id.attachment_ids.voice_ids:
            return None if self.media_ids[:1].is_voice else {"kind": "plain_voice"}
        return (
            self.content
            if self.direction == "in" or self.is_echo
            else message_content.get_sent_card(self.message_type, self.content)
        )
