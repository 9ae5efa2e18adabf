"""What the business does: send, react, mark as read, show "typing…"; and the statuses that follow."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from .chats import Message
from .envelope import Update
from .errors import GraphError, status_error
from .world import new_wamid

TYPING_SECONDS = 25  # Meta: until the answer, or 25 s
OLDEST = 30 * 24 * 3600  # Meta: no reaction to and no read mark on messages older than 30 days
ALIAS_UNTIL = datetime(2027, 1, 1, tzinfo=UTC).timestamp()  # paid_messaging_account_id

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
    """What is still to happen: to a message ("sent", "arrive", "react", "fail"), or in a chat ("read")."""

    name: str
    wamid: str | None = None
    code: int | None = None
    customer_id: str | None = None
    phone_number_id: str | None = None

    def as_dict(self):
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data):
        step = cls(**{field.name: data.get(field.name) for field in fields(cls)})
        if step.name not in ("sent", "arrive", "react", "fail", "read") or (step.name == "fail") != bool(step.code):
            raise ValueError(step.name)
        return step


class Outgoing:
    """Accepts checked payloads; whatever Meta finds out only later comes as a failed status."""

    def __init__(self, simulator):
        self.sim = simulator

    # === SENDING === #

    def send(self, account, number, payload, raw):
        """Accept a message and return Meta's answer; raises ``GraphError`` for what is refused at once."""
        self._check_account(account, payload)
        customer, answer = self._resolve(account, number, payload)
        self._check_target(number, customer, payload)
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
            text=payload.text.body if payload.type == "text" else None,
            callback_data=payload.biz_opaque_callback_data,
            context_id=payload.target_message_id,
        )
        self.sim.chats.add(message)
        self._start(number, customer, payload, message)
        return {
            "messaging_product": "whatsapp",
            "contacts": [answer],
            "messages": [{"id": message.wamid}],
        }

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
        code = self._late_refusal(number, customer, payload)
        first, second = self._delays()
        self._stop_typing(message)
        if code:
            self._later(first, Step("fail", message.wamid, code), message)
            return
        self._later(first, Step("sent", message.wamid), message)
        if message.type == "reaction":  # gives no status beyond "sent"
            self._later(second, Step("react", message.wamid), message)
        elif not customer.blocked:
            self._later(second, Step("arrive", message.wamid), message)

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
            self._fail(account, number, customer, message, step.code)
        elif step.name == "sent":
            self._advance(account, number, customer, message, "sent")
        elif step.name == "react":
            self._show_reaction(customer, message)
        else:
            self._arrive(account, number, customer, message)

    def _late_refusal(self, number, customer, payload):
        """Meta answers 200 and reports these by a failed status."""
        if customer is None:
            return 131026
        if not self.sim.chats.chat(customer.id, number.phone_number_id).is_open(self.sim.clock.now()):
            return 131047
        key_hash = payload.recipient_identity_key_hash
        if key_hash is not None and number.identity_key_check and key_hash != customer.identity_key_hash:
            return 137000
        return None

    def _delays(self):
        settings = self.sim.settings
        spread = 1 + settings.jitter * (2 * self.sim.faults.rng.random() - 1)
        return settings.sent_delay * spread, max(settings.delivered_delay, settings.sent_delay) * spread

    def _arrive(self, account, number, customer, message):
        """The message reaches the customer's phone."""
        now = self.sim.clock.now()
        self._advance(account, number, customer, message, "delivered")
        self.sim.chats.chat(customer.id, number.phone_number_id).unread[message.wamid] = message
        self.sim.pricing.count(number.phone_number_id, now)
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
        if message.type != "reaction" and status in ("sent", "delivered"):
            item["pricing"] = self.sim.pricing.quote(number.phone_number_id, self.sim.clock.now())
        if not silent:  # read receipts turned off: the phone knows, the business is not told
            self._publish(account, number, message, item, [self.sim.contact_of(account, customer, profile=False)])
        if status == "read":
            self.sim.events.status(message)

    def _fail(self, account, number, customer, message, code):
        message.advance("failed")
        item = self._status_item(account, customer, message, "failed")
        item["errors"] = [status_error(code)]
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
