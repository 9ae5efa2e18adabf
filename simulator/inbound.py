"""What customers do: write, send files, tap buttons, react, take back."""

import base64
import json

from .chats import Message
from .envelope import Update
from .world import WorldError, new_user_id, new_wamid

MEDIA_KINDS = ("image", "video", "audio", "voice", "document", "sticker")
NOTICES = ("edit", "revoke", "system")  # they tell about something else
VOICE_TYPE = "audio/ogg; codecs=opus"


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

    def media(self, customer, phone_number_id, kind, medium, caption=None, reply_to=None, extra=None):
        """Send a stored file as ``kind``, one of ``MEDIA_KINDS``."""
        item = {
            "id": medium.id,
            "mime_type": VOICE_TYPE if kind == "voice" else medium.mime_type,
            # Meta: base64 in webhooks, hex at the media endpoint
            "sha256": base64.b64encode(bytes.fromhex(medium.sha256)).decode(),
            "url": self.sim.media.link(medium),
        }
        if caption and kind in ("image", "video", "document"):
            item["caption"] = caption
        if kind == "document" and medium.filename:
            item["filename"] = medium.filename
        if kind in ("audio", "voice"):
            item["voice"] = kind == "voice"
        if kind == "sticker":
            item["animated"] = medium.is_animated
        name = "audio" if kind == "voice" else kind
        return self.message(customer, phone_number_id, {"type": name, name: item} | (extra or {}), reply_to)

    # === ANSWERS === #

    def tap(self, customer, phone_number_id, target, choice=None, index=None, card=None):
        """Tap a button of a message, or choose a row (``choice``: its id; ``index``: its place)."""
        if target.type == "interactive":
            content = _interactive_reply(target.payload["interactive"], choice, index)
        elif target.type == "template":
            content = _template_reply(target.shown, index, card)
        else:
            raise WorldError("That message has nothing to tap.")
        return self.message(customer, phone_number_id, content, target)

    def own_card(self, customer, phone_number_id, reply_to=None):
        """Share the own phone number, as an answer to the request for it."""
        if not customer.wa_id:
            raise WorldError("This customer has no phone number that could be shared.")
        first, _blank, last = customer.name.partition(" ")
        name = {"formatted_name": customer.name, "first_name": first} | ({"last_name": last} if last else {})
        phone = {"phone": f"+{customer.wa_id}", "wa_id": customer.wa_id, "type": "CELL"}
        card = {"name": name, "phones": [phone], "origin": "contact_request"}
        return self.message(customer, phone_number_id, {"type": "contacts", "contacts": [card]}, reply_to)

    # === CHANGES === #

    def edit(self, customer, phone_number_id, target, text):
        """Change the text of an own message."""
        self._check_own(customer, target)
        changed = {"type": "text", "text": {"body": text}}
        content = {"original_message_id": target.wamid, "message": changed}
        message = self.message(customer, phone_number_id, {"type": "edit", "edit": content})
        self._show(target, text=text, edited=True)
        return message

    def revoke(self, customer, phone_number_id, target):
        """Delete an own message for everyone."""
        self._check_own(customer, target)
        content = {"type": "revoke", "revoke": {"original_message_id": target.wamid}}
        message = self.message(customer, phone_number_id, content)
        self._show(target, revoked=True)
        return message

    def _check_own(self, customer, target):
        if target.direction != "in" or target.customer_id != customer.id or target.type in ("reaction", *NOTICES):
            raise WorldError("Customers can change messages of their own only.")

    def _show(self, target, **values):
        target.shown = (target.shown or {}) | values
        self.sim.events.message(target)

    def system(self, customer, phone_number_id, values):
        """Meta's notice that a customer has changed the number, the id or the device; the change itself too."""
        account, _number = self.sim.world.numbers[phone_number_id]
        sender = self._sender(account, customer)
        kind = values.get("type")
        old_user_id = customer.user_id_at(account)
        if kind in ("user_changed_number", "customer_changed_number", "user_changed_user_id"):
            change, notice = self._changed_ids(account, customer, values)
        elif kind in ("user_identity_changed", "customer_identity_changed"):
            hashed = values.get("hash") or "simulated-identity="
            now = str(int(self.sim.clock.now()))
            change = {"identity_key_hash": hashed}
            notice = {"identity": {"hash": hashed, "created_timestamp": now, "acknowledged": "false"}}
        else:
            raise WorldError("system.type must be user_changed_number, user_changed_user_id or user_identity_changed.")
        if "user_id" in change and old_user_id:
            notice["previous_user_id"] = old_user_id
        if kind == "user_changed_user_id":
            sender = {}
        self.sim.world.update_customer(customer, change)
        self.sim.events.customer(customer.id)
        body = values.get("body") or f"User {customer.name}: {kind.replace('_', ' ')}"
        item = sender | {"id": new_wamid(), "timestamp": str(int(self.sim.clock.now())), "type": "system"}
        item["system"] = {"body": body, "type": kind} | notice
        return self.raw(customer, phone_number_id, item, None)

    def _changed_ids(self, account, customer, values):
        """A new number always means a new user id, at every portfolio."""
        user_id = values.get("user_id") or new_user_id(customer.country)
        change = {"user_id": user_id, "user_ids": dict.fromkeys(customer.user_ids)}
        for portfolio_id in change["user_ids"]:
            change["user_ids"][portfolio_id] = new_user_id(customer.country)
        if account.portfolio_id in change["user_ids"]:
            change["user_ids"][account.portfolio_id] = user_id
        notice = {"user_id": user_id}
        if values["type"] == "user_changed_user_id":
            return change, notice
        if not values.get("wa_id"):
            raise WorldError("system.wa_id, the new number, is needed.")
        change |= {"wa_id": values["wa_id"], "also_dialled": []}
        notice["new_wa_id" if values["type"].startswith("customer") else "wa_id"] = values["wa_id"]
        return change, notice

    def set_preference(self, customer, phone_number_id, value):
        """Stop a number's marketing messages, or want them again."""
        account, number = self.sim.world.numbers[phone_number_id]
        stopped = [known for known in customer.marketing_stopped if known != phone_number_id]
        if value == "stop":
            stopped.append(phone_number_id)
        customer.marketing_stopped = stopped
        contact = self.sim.contact_of(account, customer)
        preference = {name: contact[name] for name in ("wa_id", "user_id") if name in contact} | {
            "category": "marketing_messages",
            "value": value,
            "detail": f"User requested to {value} marketing messages",
            "timestamp": int(self.sim.clock.now()),
        }
        value = {"contacts": [contact], "user_preferences": [preference]}
        self.sim.publish_field(account, number, "user_preferences", value)
        self.sim.events.customer(customer.id)

    # === ANY MESSAGE === #

    def message(self, customer, phone_number_id, content, reply_to=None):
        """Send a complete message object of the customer, with sender, id and time filled in."""
        account, number = self.sim.world.numbers[phone_number_id]
        item = self._sender(account, customer)
        item |= {"id": new_wamid(), "timestamp": str(int(self.sim.clock.now()))}
        context = content.get("context", {})
        if reply_to:
            context = self._context(account, number, customer, reply_to) | context
        item |= content
        if context:
            item["context"] = context
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
            media=_media_of(item, kind),
        )
        self.sim.chats.add(message)
        if customer and self.sim.chats.chat(customer.id, phone_number_id).blocked:
            message.advance("sent")  # as far as the customer can see; the business gets nothing
            if message.on_phone:
                self.sim.events.message(message)
            return message
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
        if message.payload.get("referral"):
            chat.referred_at = message.time

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


def _interactive_reply(interactive, choice, index):
    """The customer's answer to buttons, a list or a flow."""
    kind, action = interactive["type"], interactive["action"]
    if kind == "flow":
        token = action["parameters"].get("flow_token", "unused")
        response = json.dumps({"flow_token": token} | (choice if isinstance(choice, dict) else {}))
        reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": response}}
        return {"type": "interactive", "interactive": reply}
    if kind == "button":
        options, name = [button["reply"] for button in action["buttons"]], "button_reply"
    elif kind == "list":
        options, name = [row for section in action["sections"] for row in section["rows"]], "list_reply"
    else:
        raise WorldError("That message has nothing to choose from.")
    for place, option in enumerate(options):
        if option["id"] == choice or (choice is None and place == index):
            return {"type": "interactive", "interactive": {"type": name, name: option}}
    raise WorldError("That message has no such choice.")


def _template_reply(shown, index, card):
    """The customer's answer to a quick reply; other buttons send nothing to the business."""
    try:
        part = shown if card is None else shown["cards"][card]
        button = part["buttons"][index]
    except (LookupError, TypeError):
        raise WorldError("That message has no such button.") from None
    if button["type"] == "FLOW":
        response = json.dumps({"flow_token": button["flow_token"]})
        reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": response}}
        return {"type": "interactive", "interactive": reply}
    if button["type"] != "QUICK_REPLY":
        raise WorldError("That button sends nothing to the business.")
    return {"type": "button", "button": {"payload": button["payload"], "text": button["text"]}}


def _text_of(item):
    """The words of a message, as the customer sees them."""
    kind = item.get("type")
    content = item.get(kind) if isinstance(kind, str) else None
    if not isinstance(content, dict):
        return None
    if kind == "interactive":
        reply = content.get(content.get("type")) if isinstance(content.get("type"), str) else None
        content = reply if isinstance(reply, dict) else {}
        found = content.get("title") or content.get("body")
    else:
        names = {"text": "body", "button": "text", "location": "name", "order": "text"}
        found = content.get(names.get(kind, "caption"))
    return found if isinstance(found, str) else None


def _media_of(item, kind):
    content = item.get(kind)
    media_id = content.get("id") if isinstance(content, dict) else None
    return {media_id: media_id} if isinstance(media_id, str) else {}


def _id_of(context):
    return context.get("id") if isinstance(context, dict) else None
