"""What customers do: write, reply, react."""

from .chats import Message
from .envelope import Update
from .world import new_wamid


class Inbound:
    """Turns what a customer does into a chat entry and a webhook."""

    def __init__(self, simulator):
        self.sim = simulator

    def text(self, customer, phone_number_id, body, reply_to=None):
        return self.message(customer, phone_number_id, {"type": "text", "text": {"body": body}}, reply_to)

    def reaction(self, customer, phone_number_id, target, emoji):
        """React, or take it back with an empty emoji; Meta leaves the key out then."""
        content = {"message_id": target.wamid} | ({"emoji": emoji} if emoji else {})
        message = self.message(customer, phone_number_id, {"type": "reaction", "reaction": content})
        self.sim.react(target, "customer", emoji)
        return message

    def message(self, customer, phone_number_id, content, reply_to=None):
        """Send a complete message object of the customer, with sender, id and time filled in."""
        account, number = self.sim.world.numbers[phone_number_id]
        item = self._sender(account, customer)
        item |= {"id": new_wamid(), "timestamp": str(int(self.sim.clock.now()))}
        if reply_to:
            item["context"] = self._context(account, number, customer, reply_to)
        item |= content
        return self.raw(customer, phone_number_id, item)

    def raw(self, customer, phone_number_id, item, contacts=()):
        """Send ``item`` as it is; without a customer it appears on no phone. ``contacts``: () for the usual."""
        account, number = self.sim.world.numbers[phone_number_id]
        if contacts == ():
            contacts = [self.sim.contact_of(account, customer, number=number)] if customer else None
        kind = str(item.get("type"))
        message = Message(
            wamid=item["id"],
            direction="in",
            phone_number_id=phone_number_id,
            waba_id=account.waba_id,
            customer_id=customer and customer.id,
            type=kind,
            payload=item,
            time=self._time(item),
            status="pending",
            text=_text_of(item),
            context_id=_id_of(item.get("context")),
        )
        self.sim.chats.add(message)
        if customer:
            self._open_window(message, phone_number_id)
            if message.on_phone:
                self.sim.events.message(message)

        self.sim.webhooks.publish(self.update_of(message, contacts))
        return message

    def update_of(self, message, contacts=None):
        """The webhook's part for a customer's message, whose status follows the answer."""
        _account, number = self.sim.world.numbers[message.phone_number_id]

        def on_answer(acknowledged):
            if message.advance("sent" if acknowledged else "failed"):
                self.sim.events.status(message)

        return Update(message.waba_id, number, "messages", message.payload, contacts, on_answer)

    def _open_window(self, message, phone_number_id):
        if message.type == "system":  # Meta's own notice, not something the customer wrote
            return
        chat = self.sim.chats.chat(message.customer_id, phone_number_id)
        chat.last_inbound = max(chat.last_inbound or 0, message.time)

    def _time(self, item):
        try:
            sent_at = float(item["timestamp"])
        except (TypeError, ValueError):
            return self.sim.clock.now()
        now = self.sim.clock.now()
        return now if int(now) == sent_at else sent_at  # the phone shows fractions, the webhook has none

    def _sender(self, account, customer):
        sender = {}
        if customer.visible_wa_id:
            sender["from"] = customer.visible_wa_id
        if customer.user_id_at(account):
            sender["from_user_id"] = customer.user_id_at(account)
        return sender

    def fill_sender(self, customer, phone_number_id, item):
        account, _number = self.sim.world.numbers[phone_number_id]
        return self._sender(account, customer) | item

    def _context(self, account, number, customer, target):
        if target.direction == "out":
            return {"from": number.digits, "id": target.wamid}
        wa_id = customer.visible_wa_id
        return ({"from": wa_id} if wa_id else {}) | {"id": target.wamid}


def _text_of(item):
    text = item.get("text")
    return text.get("body") if isinstance(text, dict) else None


def _id_of(context):
    return context.get("id") if isinstance(context, dict) else None
