"""``/control/…``, part two: what customers do."""

import asyncio
import time
from typing import Any, Literal

import emoji
from aiohttp import web
from pydantic import Field

from .control_tools import Body, ControlError, customer_of, message_of, number_of, parse
from .errors import status_error
from .inbound import MEDIA_KINDS
from .simulator import SIMULATOR
from .world import new_wamid

MIME_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "document": "application/pdf",
    "sticker": "image/webp",
}


class TextBody(Body):
    body: str


class ContextBody(Body):
    message_id: str


class Tap(Body):
    """A button, or a row of a list: by its id (``choice``) or its place; ``card`` of a carousel."""

    message_id: str
    choice: str | dict | None = None
    index: int | None = None
    card: int | None = None


class InboundBody(Body):
    phone_number_id: str
    customer_id: str | None = None
    customer: dict | None = None  # a new one, made on the way
    type: Literal[
        "text", "reaction", "image", "video", "audio", "voice", "document", "sticker", "location", "contacts",
        "interactive", "button", "order", "tap", "own_card", "edit", "revoke", "system", "unsupported",
    ] = "text"  # fmt: skip
    text: TextBody | None = None
    reaction: dict | None = None
    bytes_base64: str | None = None  # of media
    mime_type: str | None = None
    filename: str | None = None
    caption: str | None = None
    location: dict[str, Any] | None = None
    contacts: list | None = None  # the cards; for raw: sent in place of the usual block
    interactive: dict[str, Any] | None = None
    button: dict[str, Any] | None = None
    order: dict[str, Any] | None = None
    tap: Tap | None = None
    edit: dict[str, str] | None = None
    revoke: dict[str, str] | None = None
    system: dict[str, str] | None = None
    unsupported: dict[str, str] | None = None
    context: ContextBody | None = None
    referral: dict[str, Any] | None = None
    forwarded: bool | Literal["frequently"] = False
    referred_product: dict[str, str] | None = None
    raw: dict[str, Any] | None = None
    fill_sender: bool = True

    def needed(self, name):
        value = getattr(self, name)
        if value is None:
            raise ControlError(f"{name} is needed.")
        return value

    def extra(self):
        """What can come with a message of any type."""
        context = {}
        if self.forwarded:
            context["frequently_forwarded" if self.forwarded == "frequently" else "forwarded"] = True
        if self.referred_product:
            context["referred_product"] = self.referred_product
        extra = {"referral": self.referral, "context": context}
        return {key: value for key, value in extra.items() if value}


async def inbound(request):
    """A customer sends something; the answer has the message's id."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, InboundBody)
    number_of(simulator, body.phone_number_id)
    customer = _sender(simulator, body)
    if body.raw is not None:
        message = _raw(simulator, body, customer)
    elif customer is None:
        raise ControlError("customer_id or customer is needed.")
    elif body.type in MEDIA_KINDS:
        message = _media(request, simulator, body, customer)
    elif body.type in ACTIONS:
        message = ACTIONS[body.type](simulator, body, customer)
    else:
        message = _plain(simulator, body, customer)
    return web.json_response({"id": message.wamid, "customer_id": customer and customer.id})


def _sender(simulator, body):
    if body.customer_id is not None:
        return customer_of(simulator, body.customer_id)
    if body.customer is None:
        return None
    customer = simulator.world.new_customer(body.customer)
    simulator.events.customer(customer.id)
    return customer


def _raw(simulator, body, customer):
    item = {"id": new_wamid(), "timestamp": str(int(simulator.clock.now()))} | body.raw
    if not isinstance(item["id"], str) or item["id"] in simulator.chats.messages:
        raise ControlError("The id must be a text that no other message has.")
    if customer and body.fill_sender:
        item = simulator.inbound.fill_sender(customer, body.phone_number_id, item)
    contacts = body.contacts if "contacts" in body.model_fields_set else ()
    return simulator.inbound.raw(customer, body.phone_number_id, item, contacts)


def _reply_to(simulator, body):
    return body.context and message_of(simulator, body.context.message_id)


def _plain(simulator, body, customer):
    """A message that looks in the webhook as it was given."""
    content = body.needed(body.type)
    content = content.model_dump() if isinstance(content, Body) else content
    item = {"type": body.type, body.type: content} | body.extra()
    return simulator.inbound.message(customer, body.phone_number_id, item, _reply_to(simulator, body))


def _media(request, simulator, body, customer):
    simulator.media.origin = simulator.media.origin or f"{request.scheme}://{request.host}"
    coded, body.bytes_base64 = body.needed("bytes_base64"), None  # so that only one copy lives
    medium = simulator.media.add_base64(
        coded,
        phone_number_id=body.phone_number_id,
        origin="customer",
        mime_type=body.mime_type or MIME_TYPES[body.type],
        filename=body.filename,
        voice=body.type == "voice",
    )
    reply_to = _reply_to(simulator, body)
    return simulator.inbound.media(
        customer, body.phone_number_id, body.type, medium, body.caption, reply_to, body.extra()
    )


def _reaction(simulator, body, customer):
    reaction = body.reaction or {}
    target = message_of(simulator, reaction.get("message_id"))
    sign = reaction.get("emoji", "")
    if sign and not emoji.is_emoji(sign):
        raise ControlError("A reaction is exactly one emoji.")
    return simulator.inbound.reaction(customer, body.phone_number_id, target, sign)


def _tap(simulator, body, customer):
    tap = body.needed("tap")
    target = message_of(simulator, tap.message_id)
    return simulator.inbound.tap(customer, body.phone_number_id, target, tap.choice, tap.index, tap.card)


def _own_card(simulator, body, customer):
    return simulator.inbound.own_card(customer, body.phone_number_id, _reply_to(simulator, body))


def _edit(simulator, body, customer):
    edit = body.needed("edit")
    if not edit.get("text"):
        raise ControlError("edit.text is needed.")
    target = message_of(simulator, edit.get("message_id"))
    return simulator.inbound.edit(customer, body.phone_number_id, target, edit["text"])


def _revoke(simulator, body, customer):
    target = message_of(simulator, body.needed("revoke").get("message_id"))
    return simulator.inbound.revoke(customer, body.phone_number_id, target)


def _system(simulator, body, customer):
    return simulator.inbound.system(customer, body.phone_number_id, body.needed("system"))


def _unsupported(simulator, body, customer):
    error = status_error(131051, "Message type is currently not supported.")
    del error["href"]
    kind = {"unsupported": body.unsupported} if body.unsupported else {}
    item = {"type": "unsupported", "errors": [error]} | kind | body.extra()
    return simulator.inbound.message(customer, body.phone_number_id, item, _reply_to(simulator, body))


ACTIONS = {
    "reaction": _reaction,
    "tap": _tap,
    "own_card": _own_card,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "unsupported": _unsupported,
}


# === MANY, READING === #


class Bulk(Body):
    phone_number_id: str
    count: int = Field(ge=1, le=1_000_000)
    customers: list[str] | int = 100  # ids, or how many made-up ones
    text: str = "Message {n}"
    per_second: float | None = Field(None, gt=0)


async def inbound_bulk(request):
    """Many messages, spread evenly over the customers, as fast as possible or ``per_second``."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, Bulk)
    number_of(simulator, body.phone_number_id)
    if isinstance(body.customers, int):
        customers = [_load_customer(simulator, index) for index in range(max(body.customers, 1))]
    else:
        customers = [customer_of(simulator, customer_id) for customer_id in body.customers]
    started, ids = time.monotonic(), []
    for n in range(body.count):
        customer = customers[n % len(customers)]
        text = body.text.replace("{n}", str(n))
        ids.append(simulator.inbound.text(customer, body.phone_number_id, text).wamid)
        if body.per_second:
            await asyncio.sleep(max(0, started + (n + 1) / body.per_second - time.monotonic()))
        elif n % 100 == 99:
            await asyncio.sleep(0)
    return web.json_response({"ids": ids, "customer_ids": [customer.id for customer in customers]})


def _load_customer(simulator, index):
    """The made-up customers of bulk calls are the same ones each time."""
    customer_id = f"load-{index:06}"
    known = simulator.world.customers.get(customer_id)
    return known or simulator.world.new_customer(
        {"id": customer_id, "name": f"Load {index}", "wa_id": f"4477{index:08}", "user_id": f"GB.77{index:08}"}
    )


class ChatBody(Body):
    customer_id: str
    phone_number_id: str


async def read_chat(request):
    simulator = request.app[SIMULATOR]
    body = await parse(request, ChatBody)
    number_of(simulator, body.phone_number_id)
    customer = customer_of(simulator, body.customer_id)
    count = simulator.outgoing.read_by_customer(customer, body.phone_number_id)
    return web.json_response({"read": count})


async def play(request):
    """The customer listens to a voice message."""
    simulator = request.app[SIMULATOR]
    message = message_of(simulator, (await parse(request, ContextBody)).message_id)
    if message.direction != "out" or not message.is_voice or not message.on_phone:
        raise ControlError("That is no voice message on the customer's phone.")
    simulator.outgoing.played_by_customer(message)
    return web.json_response({"status": message.status})


def add_routes(app):
    app.router.add_post("/control/inbound", inbound)
    app.router.add_post("/control/inbound/bulk", inbound_bulk)
    app.router.add_post("/control/read", read_chat)
    app.router.add_post("/control/played", play)
