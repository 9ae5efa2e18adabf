"""The API behind the phone page: what customers see and do."""

import asyncio
import re
from pathlib import Path
from typing import Literal

import emoji
from aiohttp import WSMsgType, web
from pydantic import Field

from .control_tools import Body, ControlError, customer_of, number_of, parse
from .events import CLOSE
from .inbound import MEDIA_KINDS
from .media import CHUNK
from .media_rules import LARGEST
from .simulator import SIMULATOR

STATIC = Path(__file__).parent / "static"


async def index(_request):
    """The page; always asked for again, so that a new version shows at once."""
    return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


async def state(request):
    simulator = request.app[SIMULATOR]
    numbers = [
        {
            "phone_number_id": number.phone_number_id,
            "display_phone_number": number.display_phone_number,
            "verified_name": number.verified_name,
            "waba_id": account.waba_id,
        }
        for account, number in simulator.world.numbers.values()
    ]
    customers = [_customer(simulator, customer) for customer in simulator.world.customers.values()]
    return web.json_response({"numbers": numbers, "customers": customers})


def _customer(simulator, customer):
    chats = []
    for chat in simulator.chats.of_customer(customer.id, simulator.world.numbers):
        last = chat.last_visible()
        chats.append(
            {
                "phone_number_id": chat.phone_number_id,
                "unread": len(chat.unread),
                "last_message": last and simulator.view(last),
            }
        )
    return {
        "id": customer.id,
        "name": customer.name,
        "wa_id": customer.visible_wa_id,
        "user_id": customer.user_id,
        "username": customer.username,
        "country": customer.country,
        "language": customer.language,
        "marketing_stopped": customer.marketing_stopped,
        "chats": chats,
    }


def _chat(request):
    simulator = request.app[SIMULATOR]
    customer = customer_of(simulator, request.match_info["customer_id"])
    number_of(simulator, request.match_info["phone_number_id"])
    return simulator, customer, simulator.chats.chat(customer.id, request.match_info["phone_number_id"])


async def read_chat(request):
    simulator, _customer, chat = _chat(request)
    return web.json_response(
        {
            "messages": [simulator.view(message) for message in chat.visible()],
            "business_typing": chat.typing is not None,
            "window_end": chat.window_end,
        }
    )


class Contact(Body):
    name: str = Field(min_length=1, max_length=100)
    phone: str


class PhoneMessage(Body):
    type: Literal["text", "reaction", "location", "contact", "own_card", "tap", "edit", "revoke"] = "text"
    text: str | None = None
    reply_to: str | None = None
    message_id: str | None = None  # what is reacted to, tapped, changed
    emoji: str | None = None
    latitude: float = Field(0, ge=-90, le=90)
    longitude: float = Field(0, ge=-180, le=180)
    name: str | None = None
    contact: Contact | None = None
    choice: str | None = None
    index: int | None = None
    card: int | None = None


async def write(request):
    """The customer writes, reacts, taps, shares a place or a contact."""
    simulator, customer, chat = _chat(request)
    body = await parse(request, PhoneMessage)
    message = ACTIONS[body.type](simulator.inbound, customer, chat, body)
    return web.json_response(simulator.view(message))


def _text(inbound, customer, chat, body):
    return inbound.text(customer, chat.phone_number_id, _checked_text(body), _reply_to(chat, body.reply_to))


def _checked_text(body):
    if not body.text or not body.text.strip():
        raise ControlError("A message can't be empty.")
    if len(body.text) > 4096:
        raise ControlError("A message has at most 4096 characters.")
    return body.text


def _reaction(inbound, customer, chat, body):
    target = _visible(chat, body.message_id)
    if body.emoji and not emoji.is_emoji(body.emoji):
        raise ControlError("A reaction is exactly one emoji.")
    return inbound.reaction(customer, chat.phone_number_id, target, body.emoji or "")


def _location(inbound, customer, chat, body):
    place = {"latitude": body.latitude, "longitude": body.longitude} | ({"name": body.name} if body.name else {})
    reply_to = _reply_to(chat, body.reply_to)
    return inbound.message(customer, chat.phone_number_id, {"type": "location", "location": place}, reply_to)


def _contact(inbound, customer, chat, body):
    if body.contact is None:
        raise ControlError("A contact is needed.")
    number = _number(body.contact.phone)
    first, _blank, last = body.contact.name.strip().partition(" ")
    name = {"formatted_name": body.contact.name.strip(), "first_name": first} | ({"last_name": last} if last else {})
    phone = {"phone": f"+{number}", "type": "CELL"}
    if inbound.sim.world.customer_by_phone(number):
        phone["wa_id"] = number  # only where the person is on WhatsApp
    content = {"type": "contacts", "contacts": [{"name": name, "phones": [phone]}]}
    return inbound.message(customer, chat.phone_number_id, content, _reply_to(chat, body.reply_to))


def _own_card(inbound, customer, chat, body):
    return inbound.own_card(customer, chat.phone_number_id, _reply_to(chat, body.reply_to))


def _tap(inbound, customer, chat, body):
    target = _visible(chat, body.message_id)
    return inbound.tap(customer, chat.phone_number_id, target, body.choice, body.index, body.card)


def _edit(inbound, customer, chat, body):
    target = _visible(chat, body.message_id)
    inbound.edit(customer, chat.phone_number_id, target, _checked_text(body))
    return target


def _revoke(inbound, customer, chat, body):
    target = _visible(chat, body.message_id)
    inbound.revoke(customer, chat.phone_number_id, target)
    return target


ACTIONS = {
    "text": _text,
    "reaction": _reaction,
    "location": _location,
    "contact": _contact,
    "own_card": _own_card,
    "tap": _tap,
    "edit": _edit,
    "revoke": _revoke,
}


def _reply_to(chat, wamid):
    return _visible(chat, wamid) if wamid else None


def _visible(chat, wamid):
    message = chat.messages.get(wamid)
    if message is None or not message.on_phone:
        raise ControlError("That message is not in this chat.")
    return message


async def send_file(request):
    """The customer sends a file; the body is the file, what else there is to say is in the query."""
    simulator, customer, chat = _chat(request)
    query = request.query
    kind = query.get("kind")
    if kind not in MEDIA_KINDS:
        raise ControlError(f"kind must be one of {', '.join(MEDIA_KINDS)}.")
    reply_to = _reply_to(chat, query.get("reply_to"))
    simulator.media.origin = simulator.media.origin or f"{request.scheme}://{request.host}"
    medium = await simulator.media.add_stream(
        request.content.iter_chunked(CHUNK),
        LARGEST,
        phone_number_id=chat.phone_number_id,
        origin="customer",
        mime_type=query.get("mime_type") or "application/octet-stream",
        filename=query.get("filename"),
        voice=kind == "voice",
    )
    message = simulator.inbound.media(customer, chat.phone_number_id, kind, medium, query.get("caption"), reply_to)
    return web.json_response(simulator.view(message))


async def read_file(request):
    """A medium for the page; sandboxed, as anybody's HTML may be among them."""
    simulator = request.app[SIMULATOR]
    medium = simulator.media.media.get(request.match_info["id"])
    if medium is None or not simulator.media.path_of(medium).is_file():
        raise ControlError("This file is no longer there.", 404)
    headers = {
        "Content-Type": medium.mime_type,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return web.FileResponse(simulator.media.path_of(medium), headers=headers)


async def play(request):
    """The customer listens to a voice message."""
    simulator, _customer, chat = _chat(request)
    message = _visible(chat, (await parse(request, PhoneMessage)).message_id)
    if message.direction == "out" and message.is_voice:
        simulator.outgoing.played_by_customer(message)
    return web.json_response(simulator.view(message))


class Preference(Body):
    value: Literal["stop", "resume"]


async def set_preference(request):
    """The customer stops the business' offers, or wants them again."""
    simulator, customer, chat = _chat(request)
    body = await parse(request, Preference)
    simulator.inbound.set_preference(customer, chat.phone_number_id, body.value)
    return web.json_response(_customer(simulator, customer))


async def open_chat(request):
    simulator, customer, chat = _chat(request)
    return web.json_response({"read": simulator.outgoing.read_by_customer(customer, chat.phone_number_id)})


def _number(text):
    digits = re.sub(r"[\s()+./-]", "", text)
    if not re.fullmatch(r"[1-9][0-9]{6,14}", digits):
        raise ControlError("A phone number has a country code and 7 to 15 digits.")
    return digits


class NewCustomer(Body):
    name: str = Field(min_length=1, max_length=100)
    wa_id: str | None = None
    username: str | None = None
    hide_number: bool = False


async def add_customer(request):
    simulator = request.app[SIMULATOR]
    body = await parse(request, NewCustomer)
    if not body.name.strip():
        raise ControlError("The name can't be empty.")
    wa_id = _number(body.wa_id) if body.wa_id else None
    customer = simulator.world.new_customer(
        {
            "name": body.name.strip(),
            "wa_id": wa_id,
            "username": (body.username or "").strip() or None,
            "hide_number": body.hide_number,
        }
    )
    simulator.events.customer(customer.id)
    return web.json_response(_customer(simulator, customer))


async def events(request):
    """WebSocket with everything that happens, as JSON."""
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    queue = request.app[SIMULATOR].events.subscribe()
    sender = asyncio.create_task(_pump(queue, socket))
    try:
        async for frame in socket:
            if frame.type == WSMsgType.ERROR:
                break
    finally:
        request.app[SIMULATOR].events.unsubscribe(queue)
        sender.cancel()
    return socket


async def _pump(queue, socket):
    try:
        while (text := await queue.get()) is not CLOSE:
            await socket.send_str(text)
        await socket.close()
    except ConnectionError:
        return  # the page was closed; the reader notices too


def add_routes(app):
    chat = "/phone/api/chats/{customer_id}/{phone_number_id}"
    app.router.add_get("/", index)
    app.router.add_get("/phone/api/state", state)
    app.router.add_get(chat, read_chat)
    app.router.add_post(chat + "/messages", write)
    app.router.add_post(chat + "/media", send_file)
    app.router.add_post(chat + "/read", open_chat)
    app.router.add_post(chat + "/played", play)
    app.router.add_post(chat + "/preference", set_preference)
    app.router.add_get("/phone/api/media/{id}", read_file)
    app.router.add_post("/phone/api/customers", add_customer)
    app.router.add_get("/phone/api/events", events)
    if STATIC.is_dir():
        app.router.add_static("/static/", STATIC)
