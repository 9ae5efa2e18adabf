"""The API behind the phone page: what customers see and do."""

import asyncio
import re
from pathlib import Path
from typing import Literal

import emoji
from aiohttp import WSMsgType, web
from pydantic import Field

from .control import Body, ControlError, customer_of, number_of, parse
from .events import CLOSE
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


class PhoneMessage(Body):
    type: Literal["text", "reaction"] = "text"
    text: str | None = None
    reply_to: str | None = None
    message_id: str | None = None
    emoji: str | None = None


async def write(request):
    """The customer writes or reacts."""
    simulator, customer, chat = _chat(request)
    body = await parse(request, PhoneMessage)
    if body.type == "reaction":
        target = _visible(chat, body.message_id)
        if body.emoji and not emoji.is_emoji(body.emoji):
            raise ControlError("A reaction is exactly one emoji.")
        message = simulator.inbound.reaction(customer, chat.phone_number_id, target, body.emoji or "")
        return web.json_response(simulator.view(message))
    if not body.text or not body.text.strip():
        raise ControlError("A message can't be empty.")
    if len(body.text) > 4096:
        raise ControlError("A message has at most 4096 characters.")
    reply_to = _visible(chat, body.reply_to) if body.reply_to else None
    message = simulator.inbound.text(customer, chat.phone_number_id, body.text, reply_to)
    return web.json_response(simulator.view(message))


def _visible(chat, wamid):
    message = chat.messages.get(wamid)
    if message is None or not message.on_phone:
        raise ControlError("That message is not in this chat.")
    return message


async def open_chat(request):
    simulator, customer, chat = _chat(request)
    return web.json_response({"read": simulator.outgoing.read_by_customer(customer, chat.phone_number_id)})


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
    wa_id = re.sub(r"[\s()+./-]", "", body.wa_id or "")
    if wa_id and not re.fullmatch(r"[1-9][0-9]{6,14}", wa_id):
        raise ControlError("A phone number has a country code and 7 to 15 digits.")
    customer = simulator.world.new_customer(
        {
            "name": body.name.strip(),
            "wa_id": wa_id or None,
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
    app.router.add_post(chat + "/read", open_chat)
    app.router.add_post("/phone/api/customers", add_customer)
    app.router.add_get("/phone/api/events", events)
    if STATIC.is_dir():
        app.router.add_static("/static/", STATIC)
