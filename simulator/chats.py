"""Chats and their messages, as the customer's phone sees them and as the record keeps them."""

from dataclasses import dataclass, field

RANK = {"accepted": 0, "pending": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}
WINDOW = 24 * 3600  # Meta: 24 h from the customer's last message


@dataclass(slots=True)
class Message:
    """One message in either direction; ``status`` only moves forward."""

    wamid: str
    direction: str  # "in": from the customer; "out": from the business
    phone_number_id: str
    waba_id: str
    customer_id: str | None
    type: str
    payload: dict
    time: float
    status: str
    recipient: str | None = None  # what the business addressed
    text: str | None = None
    callback_data: str | None = None
    context_id: str | None = None
    category: str | None = None  # of price: "service", or the template's; none for reactions
    media: dict = field(default_factory=dict)  # id or link as in the payload: id of the medium
    shown: dict | None = None  # what the phone shows of it, where the payload does not say
    statuses: list = field(default_factory=list)
    reactions: dict = field(default_factory=dict)  # "customer"/"business": emoji
    seq: int = 0

    @property
    def sender(self):
        return "customer" if self.direction == "in" else "business"

    @property
    def is_voice(self):
        audio = self.payload.get("audio")
        return self.type == "audio" and isinstance(audio, dict) and audio.get("voice") is True

    @property
    def on_phone(self):
        """A reaction shows at its target; what failed or is still under way never reached the phone."""
        if self.type in ("reaction", "edit", "revoke", "system"):
            return False
        return self.direction == "in" or self.status in ("delivered", "read", "played")

    def advance(self, status):
        """Move the status forward; false if it is there or beyond."""
        if self.status == "failed" or (status != "failed" and RANK[status] <= RANK[self.status]):
            return False
        self.status = status
        return True

    def as_record(self):
        """What ``/control/messages`` shows."""
        return {
            "seq": self.seq,
            "wamid": self.wamid,
            "direction": self.direction,
            "waba_id": self.waba_id,
            "phone_number_id": self.phone_number_id,
            "customer_id": self.customer_id,
            "recipient": self.recipient,
            "type": self.type,
            "text": self.text,
            "biz_opaque_callback_data": self.callback_data,
            "context_id": self.context_id,
            "time": self.time,
            "status": self.status,
            "statuses": self.statuses,
            "payload": self.payload,
        }


class Chat:
    """One customer with one number."""

    def __init__(self, customer_id, phone_number_id):
        self.customer_id = customer_id
        self.phone_number_id = phone_number_id
        self.messages = {}  # wamid: Message, in order of arrival
        self.unread = {}  # of those, the business' messages the customer has not seen
        self.unmarked = {}  # and the customer's messages the business has not marked as read
        self.last_inbound = None
        self.typing = None  # the timer that ends it
        self.referred_at = None  # the customer came from an ad, and the business has not answered yet
        self.blocked = False  # by the business
        self.free_until = None  # end of the free entry point

    @property
    def window_end(self):
        return None if self.last_inbound is None else self.last_inbound + WINDOW

    def is_open(self, now):
        return self.last_inbound is not None and now < self.window_end

    def add(self, message):
        self.messages[message.wamid] = message
        if message.direction == "in":
            self.unmarked[message.wamid] = message

    def drop(self, wamid):
        for messages in (self.messages, self.unread, self.unmarked):
            messages.pop(wamid, None)

    def clear(self):
        for messages in (self.messages, self.unread, self.unmarked):
            messages.clear()

    def visible(self):
        return [message for message in self.messages.values() if message.on_phone]

    def last_visible(self):
        return next((message for message in reversed(self.messages.values()) if message.on_phone), None)


class Chats:
    """All chats and an index of all messages."""

    def __init__(self, keep=None):
        self.keep = keep
        self.messages = {}  # wamid: Message
        self.chats = {}  # (customer id, phone number id): Chat
        self.seq = 0

    def chat(self, customer_id, phone_number_id):
        key = (customer_id, phone_number_id)
        if key not in self.chats:
            self.chats[key] = Chat(*key)
        return self.chats[key]

    def of_customer(self, customer_id, phone_number_ids):
        found = (self.chats.get((customer_id, number)) for number in phone_number_ids)
        return [chat for chat in found if chat]

    def add(self, message):
        self.seq += 1
        message.seq = self.seq
        self.messages[message.wamid] = message
        if message.customer_id:
            self.chat(message.customer_id, message.phone_number_id).add(message)
        if self.keep is not None and len(self.messages) > self.keep:
            self._drop(next(iter(self.messages.values())))

    def restore(self, message):
        """Put back a message that has its place already."""
        self.messages[message.wamid] = message
        if message.customer_id:
            self.chat(message.customer_id, message.phone_number_id).messages[message.wamid] = message
        if self.keep is not None and len(self.messages) > self.keep:
            self._drop(next(iter(self.messages.values())))

    def _drop(self, message):
        del self.messages[message.wamid]
        if message.customer_id:
            self.chat(message.customer_id, message.phone_number_id).drop(message.wamid)

    def clear(self):
        """Forget the messages; windows stay as they are."""
        count = len(self.messages)
        self.messages.clear()
        for chat in self.chats.values():
            chat.clear()
        return count
