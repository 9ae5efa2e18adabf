import json
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import text_format, webhook_payload
from .whatsapp_cs_event import UnknownNumber

# Rank of what WhatsApp reports; a state only ever moves to a higher one.
STATE_RANK = {"queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4}


class WhatsappCsMessage(models.Model):
    """One WhatsApp message, in or out. People see it as a Discuss message; its way is kept here."""

    _name = "whatsapp.cs.message"
    _description = "WhatsApp Message"
    _order = "id desc"
    _rec_name = "wamid"

    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, index=True, ondelete="restrict")
    conversation_id = fields.Many2one("whatsapp.cs.conversation", readonly=True, index=True, ondelete="restrict")
    direction = fields.Selection([("in", "Received"), ("out", "Sent")], required=True, readonly=True)
    wamid = fields.Char("WhatsApp ID", readonly=True, help="WhatsApp's id of the message.")
    message_type = fields.Char("Type", default="text", required=True, readonly=True)
    body = fields.Text("Text", readonly=True)
    raw = fields.Text("As Received", readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    user_id = fields.Many2one("res.users", "Agent", readonly=True)
    quoted_wamid = fields.Char("Answers To", readonly=True)
    mail_message_id = fields.Many2one("mail.message", readonly=True, index="btree_not_null", ondelete="set null")
    outbox_ids = fields.One2many("whatsapp.cs.outbox", "message_id")

    state = fields.Selection(
        [
            ("received", "Received"),
            ("queued", "Queued"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("read", "Read"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
    )
    is_unknown = fields.Boolean(
        "Outcome Unknown",
        readonly=True,
        help="WhatsApp did not answer: the message may have arrived or not. A later report settles it.",
    )
    sent_date = fields.Datetime(readonly=True)
    delivered_date = fields.Datetime(readonly=True)
    read_date = fields.Datetime(readonly=True)
    failed_date = fields.Datetime(readonly=True)
    error_code = fields.Char(readonly=True)
    error = fields.Char(readonly=True)

    _wamid_uniq = models.UniqueIndex("(channel_id, wamid) WHERE wamid IS NOT NULL")
    _failed_idx = models.Index("(channel_id) WHERE state = 'failed'")

    # === INBOUND === #

    @api.model
    def _receive(self, account, update):
        """Take in one customer's message; one that is known already changes nothing."""
        channel = self._find_channel(account, update)
        wamid = webhook_payload.get_id(update.item)
        if not wamid:
            raise webhook_payload.PayloadError(self.env._("The message has no id."))
        if self.search_count([("channel_id", "=", channel.id), ("wamid", "=", wamid)], limit=1):
            return
        identity = update.get_identity()
        if update.item.get("type") == "system":
            self._receive_system(channel, identity, update.item)
            return
        contact = self.env["whatsapp.cs.contact"]._find_or_create(channel, identity)
        message = self.create(self._prepare_inbound_values(channel, contact, update.item))
        self.env["whatsapp.cs.conversation"]._on_customer_message(message)

    @api.model
    def _receive_system(self, channel, identity, item):
        """Show what WhatsApp says about a known contact; nobody wrote, so no window opens and no case begins."""
        contact = self.env["whatsapp.cs.contact"]._find(channel, identity)
        if contact.discuss_channel_id:
            message = self.create(self._prepare_inbound_values(channel, contact, item))
            message._post(contact.discuss_channel_id)

    @api.model
    def _find_channel(self, account, update):
        channel = account._find_channel(update.phone_number_id)
        if not channel:
            raise UnknownNumber(update.phone_number_id)
        return channel

    @api.model
    def _prepare_inbound_values(self, channel, contact, item):
        context = item.get("context")
        message_type = item.get("type")
        return {
            "channel_id": channel.id,
            "contact_id": contact.id,
            "direction": "in",
            "wamid": item["id"],
            "message_type": message_type if isinstance(message_type, str) and message_type else "unknown",
            "body": self._get_inbound_text(item),
            "raw": json.dumps(item, ensure_ascii=False),
            "date": self._get_date(item),
            "quoted_wamid": webhook_payload.get_id(context) if isinstance(context, dict) else False,
            "state": "received",
        }

    @api.model
    def _get_inbound_text(self, item):
        """Return what the customer wrote: the text, the caption or the title of what they chose."""
        content = self._get_part(item)
        content = self._get_part(content) or content  # interactive: button_reply, list_reply
        for key in ("body", "caption", "title", "text", "emoji"):
            if content.get(key) and isinstance(content[key], str):
                return content[key]
        return False

    @api.model
    def _get_part(self, item):
        """Return the object that ``type`` names, ``{}`` when it is none."""
        part = item.get(item["type"]) if isinstance(item.get("type"), str) else None
        return part if isinstance(part, dict) else {}

    @api.model
    def _get_date(self, item):
        """Return when the customer wrote it; never in the future, whatever the phone's clock says."""
        now = fields.Datetime.now()
        timestamp = webhook_payload.get_timestamp(item)
        return min(now, datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)) if timestamp else now

    def _post(self, discuss_channel):
        """Show a received message in Discuss."""
        self.ensure_one()
        discuss_channel.message_post(
            body=self._get_discuss_body(),
            author_id=self.contact_id.partner_id.id,
            message_type="whatsapp_cs",
            subtype_xmlid="mail.mt_comment",
            parent_id=self._find_quoted().mail_message_id.id,
            date=self.date,
            whatsapp_cs_message=self,
        )

    def _get_discuss_body(self):
        if self.message_type == "text":
            return text_format.whatsapp_to_html(self.body)
        label = self.env._("[%s: this version shows the text only; the message is kept as it came]", self.message_type)
        text = f"{self.body}\n{label}" if self.body else label
        return text_format.whatsapp_to_html(text)

    def _find_quoted(self):
        """Return the message this one answers to, if it is known here."""
        if not self.quoted_wamid:
            return self.browse()
        return self.search(
            [
                ("channel_id", "=", self.channel_id.id),
                ("wamid", "=", self.quoted_wamid),
                ("contact_id", "=", self.contact_id.id),
            ],
            limit=1,
        )

    # === STATUSES === #

    @api.model
    def _receive_status(self, account, update):
        """Take in what WhatsApp reports of a message we sent; ids of other systems' messages are normal."""
        channel = self._find_channel(account, update)
        status, wamid = update.item.get("status"), webhook_payload.get_id(update.item)
        if not wamid or not isinstance(status, str):
            raise webhook_payload.PayloadError(self.env._("The status has no id, or says nothing."))
        row = self.env["whatsapp.cs.outbox"]._find_by_key(channel, update.item.get("biz_opaque_callback_data"))
        message = row.message_id or self.search(
            [("channel_id", "=", channel.id), ("wamid", "=", wamid), ("direction", "=", "out")]
        )
        if not message:
            return
        is_earlier_try = row and row != message.outbox_ids.sorted("id")[-1]
        if status == "failed":
            if not is_earlier_try:
                row._set_gone(wamid)
                message._on_failed_status(update.item)
        elif STATE_RANK.get(status, 0) > STATE_RANK["sending"]:
            row._set_gone(wamid)
            message.outbox_ids._cancel("an earlier try has arrived")
            message._on_status(status, self._get_date(update.item))

    def _on_status(self, status, date):
        """Move forward to ``status``; a report that comes late, or twice, changes nothing but its own date."""
        self.ensure_one()
        date_field = f"{status}_date"
        values = {} if self[date_field] else {date_field: date}
        # “sent” comes before “failed” and may only be late; what has been delivered did not fail after all.
        rank = STATE_RANK["sent"] if self.state == "failed" else STATE_RANK[self.state]
        if STATE_RANK[status] > rank:
            values.update(state=status, is_unknown=False, error_code=False, error=False)
        if values:
            self.write(values)
            self._broadcast_state()

    def _on_failed_status(self, item):
        if STATE_RANK.get(self.state, 0) >= STATE_RANK["delivered"] or self.state == "failed":
            return  # it has arrived, whatever this report says
        errors = item.get("errors")
        error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        data = error.get("error_data")
        details = (data.get("details") if isinstance(data, dict) else None) or error.get("title") or ""
        code = error.get("code")
        self._set_failed(code if isinstance(code, (int, str)) else None, details)

    # === OUTGOING === #

    @api.model
    def _queue(self, conversation, mail_message, text):
        """Put an agent's Discuss message into the outbox and return it."""
        quoted = (
            self.search([("mail_message_id", "=", mail_message.parent_id.id)], limit=1)
            if mail_message.parent_id
            else self
        )
        message = self.create(
            {
                "channel_id": conversation.channel_id.id,
                "contact_id": conversation.contact_id.id,
                "conversation_id": conversation.id,
                "direction": "out",
                "body": text,
                "user_id": self.env.uid,
                "quoted_wamid": quoted.wamid,
                "mail_message_id": mail_message.id,
                "state": "queued",
            }
        )
        self.env["whatsapp.cs.outbox"]._add(message)
        return message

    def _prepare_payload(self):
        """Return the message as the Graph API wants it, without the key of the outbox row."""
        self.ensure_one()
        payload = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **self.contact_id._prepare_recipient(),
            "type": "text",
            "text": {"body": self.body, "preview_url": "https://" in self.body or "http://" in self.body},
        }
        if self.quoted_wamid:
            payload["context"] = {"message_id": self.quoted_wamid}
        return payload

    def _set_sending(self):
        queued = self.filtered(lambda message: message.state == "queued")
        queued.state = "sending"
        queued._broadcast_state()

    def _set_accepted(self, wamid):
        """WhatsApp took it: keep its id. The ticks follow from what WhatsApp reports."""
        self.write({"wamid": wamid, "is_unknown": False})

    def _set_unknown(self):
        """Nobody knows whether it went; say just that."""
        pending = self.filtered(lambda message: message.state == "sending")
        pending.write(
            {
                "is_unknown": True,
                "error": self.env._(
                    "WhatsApp did not answer. The message may have arrived: ask the customer before you send it again."
                ),
            }
        )
        pending._broadcast_state()

    def _set_failed(self, code, details):
        """Mark as failed, with what the code means for an agent and WhatsApp's own words."""
        meaning = self.env["whatsapp.cs.outbox"]._get_meaning(code)
        error = " ".join(filter(None, [meaning, f"({code}: {details})" if details else f"({code})"]))
        self.write(
            {
                "state": "failed",
                "failed_date": fields.Datetime.now(),
                "is_unknown": False,
                "error_code": str(code),
                "error": error,
            }
        )
        self._broadcast_state()

    def _broadcast_state(self):
        """Show the ticks to everybody who looks at the chat, the author or not."""
        self.mail_message_id._whatsapp_cs_broadcast_state()

    def _retry(self):
        """Send a failed message, or one of unknown outcome, once more; a person has decided so."""
        for message in self:
            if message.state != "failed" and not message.is_unknown:
                raise UserError(self.env._("This message has not failed; there is nothing to send again."))
            message.write({"state": "queued", "is_unknown": False, "error_code": False, "error": False, "wamid": False})
            self.env["whatsapp.cs.outbox"]._add(message)
        self._broadcast_state()
