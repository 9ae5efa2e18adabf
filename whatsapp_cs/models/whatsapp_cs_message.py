import json
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import graph_errors, media, message_content, text_format, webhook_payload
from ..tools.text_format import get_length
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
    body = fields.Text("Text", readonly=True, index="trigram")
    content = fields.Json(
        readonly=True,
        help="What a message holds beside text. Of one that is sent: the object that WhatsApp's API has under the name of its "
        "type. Of one that was received: what is drawn of it.",
    )
    context = fields.Json(
        readonly=True, help="Where a received message comes from: forwarded, from an ad, about a product."
    )
    raw = fields.Text("As Received", readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    user_id = fields.Many2one("res.users", "Agent", readonly=True)
    template_id = fields.Many2one("whatsapp.cs.template", readonly=True, index="btree_not_null", ondelete="set null")
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
    _quoted_idx = models.Index("(quoted_wamid) WHERE quoted_wamid IS NOT NULL")

    # === INBOUND === #

    @api.model
    def _receive(self, account, updates):
        """Take in customers' messages, those of one person in the order of WhatsApp's time; known ones change nothing."""
        channels = self._find_channels(account, updates)
        updates = sorted(
            self._filter_new(channels, updates), key=lambda update: webhook_payload.get_timestamp(update.item)
        )
        by_room = {}
        for update in updates:
            by_room.setdefault(self._get_room(update.item), []).append(update)
        written = by_room.get("written", [])
        contacts = self.env["whatsapp.cs.contact"]._find_or_create(
            [(channels[update.phone_number_id], update.get_identity()) for update in written]
        )
        messages = self.create(
            [
                self._prepare_inbound_values(contact, update.item)
                for contact, update in zip(contacts, written, strict=True)
            ]
        )
        self.env["whatsapp.cs.conversation"]._on_customer_messages(messages)
        self.env["whatsapp.cs.media"]._receive(messages)
        for update in by_room.get("action", ()):
            self._receive_action(channels[update.phone_number_id], update)
        for update in by_room.get("system", ()):
            self._receive_system(channels[update.phone_number_id], update)

    @api.model
    def _get_room(self, item):
        """Tell what a message is: ``written`` by the customer, an ``action`` on an earlier one, or WhatsApp's ``system``."""
        kind = item.get("type")
        if kind == "system":
            return "system"
        return "action" if isinstance(kind, str) and kind in message_content.ACTION_TYPES else "written"

    @api.model
    def _check_readable(self, phone_number_ids, update):
        """Raise what ``_receive`` or ``_receive_statuses`` would raise of this update, as far as reading it shows that.

        :param phone_number_ids: Meta's ids of the account's own numbers, as a set
        """
        if update.kind in ("message", "status") and update.phone_number_id not in phone_number_ids:
            raise UnknownNumber(update.phone_number_id)
        if update.kind == "message":
            self._get_wamid(update)
            update.get_identity()
        if update.kind == "status":
            self._check_status(update)

    @api.model
    def _find_channels(self, account, updates):
        """Return ``{Meta's phone number id: channel}``; a number that the account does not have is an UnknownNumber."""
        channels = {number_id: account._find_channel(number_id) for number_id in {u.phone_number_id for u in updates}}
        for number_id, channel in channels.items():
            if not channel:
                raise UnknownNumber(number_id)
        return channels

    @api.model
    def _get_wamid(self, update):
        wamid = webhook_payload.get_id(update.item)
        if not wamid:
            raise webhook_payload.PayloadError(self.env._("The message has no id."))
        return wamid

    @api.model
    def _check_status(self, update):
        if not webhook_payload.get_id(update.item) or not isinstance(update.item.get("status"), str):
            raise webhook_payload.PayloadError(self.env._("The status has no id, or says nothing."))

    @api.model
    def _filter_new(self, channels, updates):
        """Return the updates whose message is not stored yet, each message once."""
        new = {}
        for update in updates:
            new.setdefault((channels[update.phone_number_id].id, self._get_wamid(update)), update)
        known = self.env.execute_query(
            SQL(
                "SELECT channel_id, wamid FROM whatsapp_cs_message WHERE channel_id = ANY(%s) AND wamid = ANY(%s)",
                list({channel_id for channel_id, _wamid in new}),
                [wamid for _channel_id, wamid in new],
            )
        )
        known = set(known)
        return [update for key, update in new.items() if key not in known]

    def _prepare_inbound_values(self, contact, item):
        message_type = item.get("type")
        is_text = message_type == "text"
        return {
            "channel_id": contact.channel_id.id,
            "company_id": contact.company_id.id,  # given, not computed: spares an UPDATE
            "contact_id": contact.id,
            "direction": "in",
            "wamid": item["id"],
            "message_type": message_type if isinstance(message_type, str) and message_type else "unknown",
            "body": message_content.get_words(item) or False,
            "content": None if is_text else message_content.get_card(item),
            "context": message_content.get_context(item) or None,
            "raw": json.dumps(item, ensure_ascii=False),
            "date": self._get_date(item),
            "quoted_wamid": self._get_quoted_wamid(item) or False,
            "state": "received",
        }

    @api.model
    def _get_quoted_wamid(self, item):
        """Return the id of the message that this one answers to, or is about."""
        if self._get_room(item) == "action":
            return message_content.get_target(item)
        context = item.get("context")
        return webhook_payload.get_id(context) if isinstance(context, dict) else ""

    @api.model
    def _get_date(self, item):
        """Return when the customer wrote it; never in the future, whatever the phone's clock says."""
        now = fields.Datetime.now()
        timestamp = webhook_payload.get_timestamp(item)
        return min(now, datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)) if timestamp else now

    def _prepare_mail_values(self):
        """Return the values of the Discuss messages that show received messages in their contacts' threads, as a list."""
        quoted = self._find_quoted()
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        return [
            {
                "model": "discuss.channel",
                "res_id": message.contact_id.discuss_channel_id.id,
                "author_id": (message.company_id if message.is_echo else message.contact_id).partner_id.id,
                "email_from": False,
                "reply_to": False,
                "message_type": "comment" if message.is_echo else "whatsapp_cs",
                "subtype_id": subtype_id,
                "body": message._get_discuss_body(),
                "parent_id": message in quoted and quoted[message].mail_message_id.id,
                "date": message.date,
            }
            for message in self
        ]

    def _get_discuss_body(self):
        """Return what people see: the text, or in short what the card beside it shows in full (``_get_card``)."""
        if self.message_type == "text":
            return text_format.whatsapp_to_html(self.body)
        return text_format.whatsapp_to_html(message_content.get_text(json.loads(self.raw)))

    def _find_quoted(self):
        """Return ``{message: the one it answers to}``, of those that are known here and belong to the same contact."""
        quoting = self.filtered("quoted_wamid")
        if not quoting:
            return {}
        found = self.search(
            [("contact_id", "in", quoting.contact_id.ids), ("wamid", "in", quoting.mapped("quoted_wamid"))]
        )
        by_wamid = {(message.contact_id, message.wamid): message for message in found}
        pairs = ((message, by_wamid.get((message.contact_id, message.quoted_wamid))) for message in quoting)
        return {message: quoted for message, quoted in pairs if quoted}

    def _link_quoting(self):
        """Let messages that arrived before the one they answer to show it now."""
        domain = [("quoted_wamid", "in", self.mapped("wamid")), ("contact_id", "in", self.contact_id.ids)]
        early = self.search(domain, order="id")
        early.filtered(lambda message: message.message_type in message_content.ACTION_TYPES)._apply_action()
        for message, quoted in early._find_quoted().items():
            if message.mail_message_id and not message.mail_message_id.parent_id:
                message.mail_message_id.parent_id = quoted.mail_message_id

    # === STATUSES === #

    @api.model
    def _receive_statuses(self, account, updates):
        """Take in what WhatsApp reports of messages we sent.

        What is about none of ours may be about a message whose id we are about to learn, and is kept for a while; ids of
        other systems' messages are normal.
        """
        rows = self.env["whatsapp.cs.outbox"]._find_by_key(
            account, [update.item.get("biz_opaque_callback_data") for update in updates]
        )
        messages = self._find_sent(account, updates)
        channels = self._find_channels(account, updates)
        changed, early = self.browse(), []
        for update in updates:
            self._check_status(update)
            channel, item, wamid = channels[update.phone_number_id], update.item, webhook_payload.get_id(update.item)
            key = item.get("biz_opaque_callback_data")
            row = rows.get((channel, key), rows[None]) if isinstance(key, str) else rows[None]
            message = row.message_id or messages.get((channel, wamid))
            if message:
                changed |= message._on_report(row, item)
            else:
                early.append((channel, item))
        self.env["whatsapp.cs.early.status"]._keep(early)
        changed._broadcast_state()

    @api.model
    def _find_sent(self, account, updates):
        """Return ``{(channel, WhatsApp's id): message}`` of the messages we sent that ``updates`` are about."""
        messages = self.search(
            [
                ("channel_id", "in", account.with_context(active_test=False).channel_ids.ids),
                ("wamid", "in", [webhook_payload.get_id(update.item) for update in updates]),
                ("direction", "=", "out"),
            ]
        )
        return {(message.channel_id, message.wamid): message for message in messages}

    def _on_report(self, row, item):
        """Take in one report about this message, or about the try ``row`` to send it; return what changed on screens."""
        self.ensure_one()
        # A voice message that was listened to has been read.
        status, wamid = "read" if item["status"] == "played" else item["status"], item["id"]
        is_earlier_try = row and row != self.outbox_ids.sorted("id")[-1:]
        if status == "failed" and not is_earlier_try:
            row._set_gone(wamid)
            return self._on_failed_status(item)
        if STATE_RANK.get(status, 0) > STATE_RANK["sending"]:
            row._set_gone(wamid)
            self.outbox_ids._cancel("an earlier try has arrived")
            return self._on_status(status, self._get_date(item))
        return self.browse()

    def _on_status(self, status, date):
        """Move forward to ``status``; a report that comes late, or twice, changes nothing but its own date."""
        self.ensure_one()
        date_field = f"{status}_date"
        is_first = not self[date_field] or date < self[date_field]  # “played” says “read” once more, later
        values = {date_field: date} if is_first else {}
        # “sent” comes before “failed” and may only be late; what has been delivered did not fail after all.
        rank = STATE_RANK["sent"] if self.state == "failed" else STATE_RANK[self.state]
        if STATE_RANK[status] > rank:
            values.update(state=status, is_unknown=False, error_code=False, error=False)
            if status != "sent" and self.contact_id.unreachable_date:
                self.contact_id.unreachable_date = False
        self.write(values)
        return self if values else self.browse()

    def _on_failed_status(self, item):
        self.failed_date = self.failed_date or self._get_date(item)
        if STATE_RANK.get(self.state, 0) >= STATE_RANK["delivered"] or self.state == "failed":
            return self.browse()  # it has arrived, whatever this report says
        errors = item.get("errors")
        error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        data = error.get("error_data")
        details = (data.get("details") if isinstance(data, dict) else None) or error.get("title") or ""
        code = error.get("code")
        self._set_failed(code if isinstance(code, (int, str)) else None, details)
        return self

    # === OUTGOING === #

    @api.model
    def _queue(self, conversation, mail_message, text, message_type="text", content=None, priority="0", **values):
        """Put a message to the customer into the outbox and return it.

        :param mail_message: the Discuss message that shows it
        :param text: what it says, in WhatsApp's marks
        :param content: for other types than text, the object that the API has under the type's name
        :param priority: of the outbox row: a promotion is overtaken by service
        :param values: further values of the record
        """
        values = self._prepare_queued_values(conversation, mail_message, text, message_type, content) | values
        return self._queue_all([values], priority)

    @api.model
    def _queue_all(self, vals_list, priority="0"):
        """Put messages with these values into the outbox and return them."""
        messages = self.create(vals_list)
        self.env["whatsapp.cs.outbox"]._add(messages, priority)
        return messages

    @api.model
    def _prepare_queued_values(self, conversation, mail_message, text, message_type="text", content=None):
        """Return the values of a message that is to be sent; see ``_queue``."""
        quoted = (
            self.search([("mail_message_id", "=", mail_message.parent_id.id)], limit=1)
            if mail_message.parent_id
            else self
        )
        return {
            "channel_id": conversation.channel_id.id,
            "company_id": conversation.company_id.id,
            "contact_id": conversation.contact_id.id,
            "conversation_id": conversation.id,
            "direction": "out",
            "message_type": message_type,
            "body": text,
            "content": content,
            "user_id": self.env.uid,
            "quoted_wamid": quoted[:1].wamid,
            "mail_message_id": mail_message.id,
            "state": "queued",
        }

    @api.model
    def _queue_files(self, conversation, mail_message, text, **values):
        """Queue a Discuss message with its files: one message each, the text as the first one's caption.

        Where the first file can have none, or the text is longer than a caption, the text goes before it.

        :param values: further values of each message
        """
        files = [(attachment, *attachment._whatsapp_cs_get_kind()) for attachment in mail_message.attachment_ids]
        has_caption = media.KINDS[files[0][1]].has_caption and get_length(text) <= media.CAPTION_LIMIT
        if text and not has_caption:
            self._queue(conversation, mail_message, text, **values)
        for number, (attachment, kind, is_voice) in enumerate(files):
            caption = text if has_caption and not number else ""
            content = {"caption": caption} if caption else {}
            filename = media.clean_filename(attachment.name, "file")
            if kind == "document":
                content["filename"] = filename
            if is_voice:
                content["voice"] = True
            message = self._queue(conversation, mail_message, caption or False, kind, content, **values)
            self.env["whatsapp.cs.media"].create(
                {
                    "message_id": message.id,
                    "kind": kind,
                    "is_voice": is_voice,
                    "mimetype": attachment.mimetype,
                    "filename": filename,
                    "size": attachment.file_size,
                    "attachment_id": attachment.id,
                    "state": "done",
                }
            )

    def _prepare_payload(self):
        """Return the message as the Graph API wants it, without the key of the outbox row."""
        self.ensure_one()
        payload = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **self.contact_id._prepare_recipient(),
            "type": self.message_type,
            self.message_type: self._prepare_content(),
        }
        if self.quoted_wamid and self.message_type != "reaction":
            payload["context"] = {"message_id": self.quoted_wamid}
        return payload

    def _prepare_content(self):
        """Return the object that the API has under the name of the message's type."""
        if self.message_type == "text":
            return {"body": self.body, "preview_url": "https://" in self.body or "http://" in self.body}
        if self.media_ids and self.media_ids.media_id:
            return {"id": self.media_ids.media_id, **(self.content or {})}
        return self.content or {}

    def _set_accepted(self, wamid):
        """WhatsApp took it: keep its id. The ticks follow from what WhatsApp reports."""
        self.write({"wamid": wamid, "is_unknown": False})
        self.env["whatsapp.cs.early.status"]._apply(self)

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
                "failed_date": self.failed_date or fields.Datetime.now(),
                "is_unknown": False,
                "error_code": str(code),
                "error": error,
            }
        )
        self._on_reaction_failed()
        if code in graph_errors.UNREACHABLE:
            self.contact_id._note_unreachable()
        if self.template_id:
            self.template_id._on_refused_message(code)
        if code in graph_errors.OPTED_OUT:
            self.contact_id._note_consent("out", "refusal", message_id=self.id, proof=error)
        self._broadcast_state()

    def _broadcast_state(self):
        """Show the ticks to everybody who looks at the chat, the author or not."""
        self.mail_message_id._whatsapp_cs_broadcast_state()

    def _retry(self):
        """Send a failed message, or one of unknown outcome, once more; a person has decided so."""
        for message in self:
            if message.state != "failed" and not message.is_unknown:
                raise UserError(self.env._("This message has not failed; there is nothing to send again."))
            message._check_policy()
            message.write({"state": "queued", "is_unknown": False, "error_code": False, "error": False, "wamid": False})
            self.env["whatsapp.cs.outbox"]._add(message)
        self._broadcast_state()
