"""What the business does: send, react, mark as read, show "typing…"; and the statuses that follow."""

import asyncio
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from . import media_rules, template_check
from .chats import Message
from .envelope import Update
from .errors import GraphError, status_error
from .media import MediaError
from .payloads import parse_message
from .pricing import entry_point_end
from .world import new_wamid

TYPING_SECONDS = 25  # Meta: until the answer, or 25 s
OLDEST = 30 * 24 * 3600  # Meta: no reaction to and no read mark on messages older than 30 days
ALIAS_UNTIL = datetime(2027, 1, 1, tzinfo=UTC).timestamp()  # paid_messaging_account_id

STEPS = ("sent", "fetch", "arrive", "react", "fail", "read")

# what a number must be to send; the answer if it is something else
STATUS_ERRORS = {
    "CONNECTED": None,
    "BANNED": 131031,
    "RESTRICTED": 131031,
    "FLAGGED": 131031,
    "RATE_LIMITED": 130429,
}


@dataclass(slots=True)
class Step:
    """What is still to happen: to a message, or in a chat ("read")."""

    name: str
    wamid: str | None = None
    code: int | None = None
    details: str | None = None
    customer_id: str | None = None
    phone_number_id: str | None = None

    def as_dict(self):
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data):
        step = cls(**{field.name: data.get(field.name) for field in fields(cls)})
        if step.name not in STEPS or (step.name == "fail") != bool(step.code):
            raise ValueError(step.name)
        return step


class Outgoing:
    """Accepts checked payloads; whatever Meta finds out only later comes as a failed status."""

    def __init__(self, simulator):
        self.sim = simulator
        self.fetching = {}  # task: message, whose links are being fetched

    def stop(self):
        for task in self.fetching:
            task.cancel()

    # === SENDING === #

    def send(self, account, number, payload, raw):
        """Accept a message and return Meta's answer; raises ``GraphError`` for what is refused at once."""
        self._check_account(account, payload)
        customer, answer = self._resolve(account, number, payload)
        self._check_target(number, customer, payload)
        uploads = self._uploads(number, payload)
        template, shown = self._template(account, payload)
        if self.sim.settings.rate_limits:
            code = self.sim.limits.exceeded(number, payload.to or payload.recipient)
            if code:
                raise GraphError(code, "Too many messages were sent in a short time.")
        message = Message(
            wamid=new_wamid(),
            direction="out",
            phone_number_id=number.phone_number_id,
            waba_id=account.waba_id,
            customer_id=customer and customer.id,
            type=payload.type,
            payload=raw,
            time=self.sim.clock.now(),
            status="accepted",
            recipient=payload.to or payload.recipient,
            text=shown.get("body") if shown else payload.words,
            callback_data=payload.biz_opaque_callback_data,
            context_id=payload.target_message_id,
            category=None if payload.type == "reaction" else template.category.lower() if template else "service",
            media={media_id: media_id for media_id in uploads},
            shown=shown,
        )
        self.sim.chats.add(message)
        self._start(number, customer, payload, message)
        accepted = {"id": message.wamid} | ({"message_status": "accepted"} if template else {})
        return {"messaging_product": "whatsapp", "contacts": [answer], "messages": [accepted]}

    def _uploads(self, number, payload):
        """Return {media id: Medium} of what is sent by id; only this number's own living uploads can be."""
        uploads = {}
        for kind, reference in payload.media():
            if reference.id is not None:
                uploads[reference.id] = self.sim.media.find_upload(reference.id, number.phone_number_id)
                if uploads[reference.id] is None:
                    details = f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID."
                    raise GraphError(100, details)
        return uploads

    def _template(self, account, payload):
        """Return the template and what the phone shows of it, or (None, None) for other messages."""
        if payload.type != "template":
            return None, None
        template = template_check.find(account.templates, payload.template)
        if template.category == "AUTHENTICATION" and payload.to is None:
            raise GraphError(131062, "Authentication templates can't be sent to a business-scoped user id.")
        return template, template_check.check(template, payload.template, self.sim.clock.now())

    def _check_account(self, account, payload):
        alias = payload.paid_messaging_account_id
        if alias is not None and self.sim.clock.now() >= ALIAS_UNTIL:
            raise GraphError(100, "Unexpected key 'paid_messaging_account_id'.")
        for value in (alias, payload.messaging_account_id):
            if value is not None and value != account.waba_id:
                raise GraphError(100, f"Param 'messaging_account_id': {value} does not send from this number.")

    def _resolve(self, account, number, payload):
        """Return the customer (or None) and the contact of the answer; ``to`` wins over ``recipient``."""
        code = STATUS_ERRORS.get(number.status, 133010)
        if code:
            raise GraphError(code, f"The status of the phone number is {number.status}.")
        if payload.to is None:
            customer = self.sim.world.customer_by_user_id(account, payload.recipient)
            return customer, {"input": payload.recipient, "user_id": payload.recipient}
        digits = payload.to[1:]
        if digits == number.digits:
            raise GraphError(131021, "The recipient is the sender's own number.")
        if number.allowed_recipients is not None and digits not in number.allowed_recipients:
            raise GraphError(131030, "Add the recipient to the list of this test number.")
        customer = self.sim.world.customer_by_phone(digits)
        # Meta returns a wa_id for any number: it is no proof that the person has WhatsApp
        return customer, {"input": payload.to, "wa_id": customer.wa_id if customer else digits}

    def _check_target(self, number, customer, payload):
        """A quoted message must be of this chat; the target of a reaction also recent and no reaction."""
        if payload.target_message_id is None:
            return
        target = self.sim.chats.messages.get(payload.target_message_id)
        if (
            target is None
            or target.phone_number_id != number.phone_number_id
            or customer is None
            or target.customer_id != customer.id
        ):
            raise GraphError(131009, "The message id is not of this conversation.")
        if payload.type == "reaction":
            if target.type == "reaction" or target.status == "failed":
                raise GraphError(131009, "This message can't be reacted to.")
            if self.sim.clock.now() - target.time > OLDEST:
                raise GraphError(131009, "The message is older than 30 days.")

    # === STATUSES === #

    def _start(self, number, customer, payload, message):
        code, details = self._late_refusal(number, customer, payload, message)
        first, _second = delays = self._delays()
        self._stop_typing(message)
        if code:
            self._later(first, Step("fail", message.wamid, code, details), message)
            return
        self._enter_free_entry(customer, message)
        if any(reference.link for _kind, reference in payload.media()):
            self._later(first, Step("fetch", message.wamid), message)
        else:
            self._deliver(customer, message, *delays)

    def _deliver(self, customer, message, first, second):
        self._later(first, Step("sent", message.wamid), message)
        if message.type == "reaction":  # gives no status beyond "sent"
            self._later(second, Step("react", message.wamid), message)
        elif not customer.blocked:
            self._later(second, Step("arrive", message.wamid), message)

    def _enter_free_entry(self, customer, message):
        """The first answer to someone who came from an ad opens the free entry point."""
        chat = self.sim.chats.chat(customer.id, message.phone_number_id)
        now = self.sim.clock.now()
        if chat.referred_at is not None and message.type != "reaction":
            if chat.is_open(now):
                chat.free_until = entry_point_end(now)
            chat.referred_at = None

    def _later(self, delay, step, message):
        self.sim.timers.later(delay, self._step, step, message, note=step)

    def resume(self, step, delay):
        """Plan a step from before a restart; one whose time has passed comes at once."""
        if step.name == "read":
            self._read_later(delay, self.sim.world.customers[step.customer_id], step.phone_number_id)
        elif step.wamid in self.sim.chats.messages:
            self._later(delay, step, self.sim.chats.messages[step.wamid])

    def _step(self, step, message):
        account, number = self.sim.world.numbers[message.phone_number_id]
        customer = self.sim.world.customers.get(message.customer_id)
        if step.name == "fail":
            self._fail(account, number, customer, message, step.code, step.details)
        elif step.name == "fetch":
            task = asyncio.create_task(self._fetch(customer, message))
            self.fetching[task] = message
            task.add_done_callback(self.fetching.pop)
        elif step.name == "sent":
            self._advance(account, number, customer, message, "sent")
        elif step.name == "react":
            self._show_reaction(customer, message)
        else:
            self._arrive(account, number, customer, message)

    async def _fetch(self, customer, message):
        """Fetch what the message links to; only then it is on its way."""
        account, number = self.sim.world.numbers[message.phone_number_id]
        payload = parse_message(message.payload)
        try:
            for kind, reference in payload.media():
                if reference.link is not None and reference.link not in message.media:
                    medium = await self.sim.media.fetch(
                        self.sim.webhooks.session, reference.link, message.phone_number_id
                    )
                    message.media[reference.link] = medium.id
                    problem = media_rules.refusal(kind, medium, getattr(reference, "voice", False))
                    if problem:
                        raise MediaError(problem)
        except MediaError as error:
            self._fail(account, number, customer, message, 131053, str(error))
            return
        self._deliver(customer, message, 0, self.sim.settings.delivered_delay)

    def _late_refusal(self, number, customer, payload, message):
        """Meta answers 200 and reports these by a failed status: (code, details) or (None, None)."""
        fault = self.sim.faults.hit("fail_later", number.phone_number_id, "messages", message)
        if fault:
            return fault.code, fault.details
        if customer is None:
            return 131026, None
        chat = self.sim.chats.chat(customer.id, number.phone_number_id)
        if chat.blocked:
            return 131026, "The business has blocked this user."
        if message.category == "marketing" and number.phone_number_id in customer.marketing_stopped:
            return 131050, None
        if payload.type != "template" and not chat.is_open(self.sim.clock.now()):
            return 131047, None
        key_hash = payload.recipient_identity_key_hash
        if key_hash is not None and number.identity_key_check and key_hash != customer.identity_key_hash:
            return 137000, None
        for kind, reference in payload.media():
            if reference.id is not None:
                medium = self.sim.media.media[reference.id]
                problem = media_rules.refusal(kind, medium, getattr(reference, "voice", False))
                if problem:
                    return 131053, problem
        return None, None

    def _delays(self):
        settings = self.sim.settings
        spread = 1 + settings.jitter * (2 * self.sim.faults.rng.random() - 1)
        return settings.sent_delay * spread, max(settings.delivered_delay, settings.sent_delay) * spread

    def _arrive(self, account, number, customer, message):
        """The message reaches the customer's phone."""
        now = self.sim.clock.now()
        self._advance(account, number, customer, message, "delivered")
        self.sim.chats.chat(customer.id, number.phone_number_id).unread[message.wamid] = message
        self.sim.pricing.count(message, self.sim.chats.chat(customer.id, number.phone_number_id), now)
        self.sim.events.message(message)
        auto_read = customer.auto_read if customer.auto_read is not None else self.sim.settings.auto_read
        if auto_read is not None:
            self._read_later(auto_read, customer, number.phone_number_id)

    def _read_later(self, delay, customer, phone_number_id):
        step = Step("read", customer_id=customer.id, phone_number_id=phone_number_id)
        self.sim.timers.later(delay, self.read_by_customer, customer, phone_number_id, note=step)

    def read_by_customer(self, customer, phone_number_id):
        """The customer opens the chat; return how many messages got read."""
        account, number = self.sim.world.numbers[phone_number_id]
        chat = self.sim.chats.chat(customer.id, phone_number_id)
        unread, chat.unread = chat.unread, {}
        for message in unread.values():
            self._advance(account, number, customer, message, "read", silent=not customer.read_receipts)
        return len(unread)

    def _advance(self, account, number, customer, message, status, silent=False):
        if not message.advance(status):
            return
        item = self._status_item(account, customer, message, status)
        if message.category and status in ("sent", "delivered"):
            self._add_price(item, message)
        if not silent:  # read receipts turned off: the phone knows, the business is not told
            self._publish(account, number, message, item, [self.sim.contact_of(account, customer, profile=False)])
        if status in ("read", "played"):
            self.sim.events.status(message)

    def _add_price(self, item, message):
        chat = self.sim.chats.chat(message.customer_id, message.phone_number_id)
        item["pricing"] = self.sim.pricing.quote(message, chat, self.sim.clock.now())
        if item["pricing"]["type"] == "free_entry_point":  # since v24 only here
            item["conversation"] = {"id": f"{chat.free_until:.0f}", "origin": {"type": "referral_conversion"}}
            if item["status"] == "sent":
                item["conversation"]["expiration_timestamp"] = str(int(chat.free_until))

    def played_by_customer(self, message):
        """The customer listens to a voice message: the status after read."""
        account, number = self.sim.world.numbers[message.phone_number_id]
        customer = self.sim.world.customers[message.customer_id]
        self.read_by_customer(customer, number.phone_number_id)
        self._advance(account, number, customer, message, "played", silent=not customer.read_receipts)

    def _fail(self, account, number, customer, message, code, details=None):
        message.advance("failed")
        item = self._status_item(account, customer, message, "failed")
        item["errors"] = [status_error(code, details)]
        wa_id = item.get("recipient_id")
        self._publish(account, number, message, item, [{"wa_id": wa_id}] if wa_id else None)

    def _status_item(self, account, customer, message, status):
        item = {"id": message.wamid, "status": status, "timestamp": str(int(self.sim.clock.now()))}
        if customer:
            wa_id, user_id = customer.visible_wa_id, customer.user_id_at(account)
        else:
            by_phone = message.recipient.startswith("+")
            wa_id, user_id = (message.recipient[1:], None) if by_phone else (None, message.recipient)
        if wa_id:
            item["recipient_id"] = wa_id
        if user_id:
            item["recipient_user_id"] = user_id
        if message.callback_data is not None:
            item["biz_opaque_callback_data"] = message.callback_data
        return item

    def _publish(self, account, number, message, item, contacts):
        message.statuses.append(item)
        self.sim.webhooks.publish(Update(account.waba_id, number, "statuses", item, contacts))

    def _show_reaction(self, customer, message):
        target = self.sim.chats.messages.get(message.context_id)
        if target and not customer.blocked:
            self.sim.react(target, "business", message.payload["reaction"]["emoji"])

    # === WRITTEN ON THE BUSINESS' OWN PHONE === #

    def echo(self, customer, phone_number_id, content):
        """A message that was typed in the WhatsApp Business app; return what the webhook says of it."""
        account, number = self.sim.world.numbers[phone_number_id]
        message = Message(
            wamid=new_wamid(),
            direction="out",
            phone_number_id=phone_number_id,
            waba_id=account.waba_id,
            customer_id=customer.id,
            type=content["type"],
            payload=content,
            time=self.sim.clock.now(),
            status="delivered",
            recipient=f"+{customer.wa_id}" if customer.wa_id else customer.user_id,
            text=content["text"]["body"] if content["type"] == "text" else None,
        )
        self.sim.chats.add(message)
        self.sim.chats.chat(customer.id, phone_number_id).unread[message.wamid] = message
        self.sim.events.message(message)
        return self._publish_echo(account, number, customer, message.wamid, content)

    def echo_change(self, customer, target, text=None):
        """The business edits a message there (``text``), or deletes it for everyone."""
        account, number = self.sim.world.numbers[target.phone_number_id]
        original = {"original_message_id": target.wamid}
        if text:
            original["message"] = {"type": "text", "text": {"body": text}}
        kind = "edit" if text else "revoke"
        target.shown = (target.shown or {}) | ({"text": text, "edited": True} if text else {"revoked": True})
        self.sim.events.message(target)
        return self._publish_echo(account, number, customer, new_wamid(), {"type": kind, kind: original})

    def _publish_echo(self, account, number, customer, wamid, content):
        to = {"to": customer.visible_wa_id, "to_user_id": customer.user_id_at(account)}
        item = {"from": number.digits} | {name: value for name, value in to.items() if value}
        item |= {"id": wamid, "timestamp": str(int(self.sim.clock.now()))} | content
        value = {"contacts": [self.sim.contact_of(account, customer)], "message_echoes": [item]}
        self.sim.publish_field(account, number, "smb_message_echoes", value)
        return item

    # === READ AND TYPING === #

    def mark_read(self, number, payload):
        """Mark a customer's message and all earlier ones as read."""
        target = self.sim.chats.messages.get(payload.message_id)
        if target is None or target.direction != "in" or target.phone_number_id != number.phone_number_id:
            raise GraphError(131009, "The message id is not of a message received by this number.")
        if self.sim.clock.now() - target.time > OLDEST:
            raise GraphError(131009, "The message is older than 30 days.")
        if target.customer_id:
            chat = self.sim.chats.chat(target.customer_id, number.phone_number_id)
            for message in [message for message in chat.unmarked.values() if message.time <= target.time]:
                del chat.unmarked[message.wamid]
                if message.advance("read"):
                    self.sim.events.status(message)
            if payload.typing_indicator:
                self._start_typing(chat)
        return {"success": True}

    def _start_typing(self, chat):
        if chat.typing:
            self.sim.timers.cancel(chat.typing)
        chat.typing = self.sim.timers.later(TYPING_SECONDS, self._end_typing, chat, counts=False)
        self.sim.events.typing(chat, True)

    def _stop_typing(self, message):
        chat = self.sim.chats.chats.get((message.customer_id, message.phone_number_id))
        if chat and chat.typing:
            self.sim.timers.cancel(chat.typing)
            self._end_typing(chat)

    def _end_typing(self, chat):
        chat.typing = None
        self.sim.events.typing(chat, False)
