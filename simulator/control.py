"""``/control/…``: look inside, add to the world, set faults. For scripts and tests."""

import asyncio
import base64
import binascii
import time
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from . import control_account, control_inbound, envelope, webhooks
from .control_tools import Body, ControlError, account_of, customer_of, number_of, parse, read_json
from .simulator import SIMULATOR
from .world import Account, Number

# === WORLD === #


async def health(request):
    return web.json_response({"status": "ok", "pending": request.app[SIMULATOR].pending})


async def read_world(request):
    return web.json_response(request.app[SIMULATOR].world.as_dict())


async def add_account(request):
    account = await parse(request, Account)
    request.app[SIMULATOR].world.add_account(account)
    return web.json_response(account.model_dump(), status=201)


class NewNumber(Number):
    waba_id: str


async def add_number(request):
    simulator = request.app[SIMULATOR]
    values = (await parse(request, NewNumber)).model_dump()
    account = account_of(simulator, values.pop("waba_id"))
    number = Number(**values)
    simulator.world.add_number(account, number)
    return web.json_response(number.model_dump(), status=201)


async def update_number(request):
    """Change fields of a number: quality, status, throughput …"""
    _account, number = number_of(request.app[SIMULATOR], request.match_info["id"])
    changed = Number.model_validate({**number.model_dump(), **await read_json(request)})
    if changed.phone_number_id != number.phone_number_id:
        raise ControlError("The id of a number can't be changed.")
    for name in Number.model_fields:
        setattr(number, name, getattr(changed, name))
    return web.json_response(number.model_dump())


async def add_customer(request):
    simulator = request.app[SIMULATOR]
    customer = simulator.world.new_customer(await read_json(request))
    simulator.events.customer(customer.id)
    return web.json_response(customer.model_dump(), status=201)


async def update_customer(request):
    """Change fields of a customer: hide the number, block the business, read by themselves …"""
    simulator = request.app[SIMULATOR]
    customer = customer_of(simulator, request.match_info["id"])
    changed = simulator.world.update_customer(customer, await read_json(request))
    simulator.events.customer(customer.id)
    return web.json_response(changed.model_dump())


class Reset(Body):
    keep_subscriptions: bool = False


async def reset(request):
    options = await parse(request, Reset)
    request.app[SIMULATOR].reset(options.keep_subscriptions)
    return web.json_response({"success": True})


class Advance(Body):
    advance: float = 0


async def clock(request):
    simulator = request.app[SIMULATOR]
    if request.method == "POST":
        simulator.clock.offset += (await parse(request, Advance)).advance
    return web.json_response({"now": simulator.clock.now(), "offset": simulator.clock.offset})


# === WEBHOOKS === #


class RawWebhook(Body):
    waba_id: str
    body: Any = None
    bytes_base64: str | None = None
    sign: bool | Literal["wrong"] = True
    url: str | None = None
    retry: bool = False


async def raw_webhook(request):
    """Send any body to the account's callback URL, and answer with what came back."""
    simulator = request.app[SIMULATOR]
    options = await parse(request, RawWebhook)
    account = account_of(simulator, options.waba_id)
    url = options.url or (simulator.find_target(account.waba_id) or [None])[0]
    if url is None:
        raise ControlError("The account has no subscribed callback URL.", 409)
    try:
        coded = options.bytes_base64
        raw = envelope.encode(options.body) if coded is None else base64.b64decode(coded, validate=True)
    except binascii.Error:
        raise ControlError("bytes_base64 is not base64.") from None
    secret = account.app_secret + ("-wrong" if options.sign == "wrong" else "")
    signature = envelope.sign(secret, raw) if options.sign else {}
    entry = await simulator.webhooks.post_raw(url, raw, signature, options.retry)
    return web.json_response({"seq": entry["seq"], "url": url} | entry["attempts"][-1])


# === FAULTS === #


async def faults(request):
    """GET lists the rules; PUT replaces all, POST adds one, DELETE removes all or ``?id=``."""
    rules = request.app[SIMULATOR].faults
    if request.method == "PUT":
        data = await read_json(request)
        rules.replace(data.get("rules", []) if isinstance(data, dict) else data)
    elif request.method == "POST":
        return web.json_response(rules.add(await read_json(request)).model_dump(), status=201)
    elif request.method == "DELETE":
        rules.remove(request.query.get("id"))
    return web.json_response({"rules": rules.as_list()})


# === RECORDS === #


def _number(request, name, default, kind=int):
    try:
        value = kind(request.query.get(name, default))
    except ValueError:
        raise ControlError(f"{name} must be a number.") from None
    if value < 0:
        raise ControlError(f"{name} must not be negative.")
    return value


def _page(request, record, tests):
    """One page of a record; ``tests`` is {query parameter: (value, entry) -> bool}."""
    known = {"offset", "limit", "since", *tests}
    for name in request.query:
        if name not in known:
            raise ControlError(f"Unknown parameter {name}; known are {', '.join(sorted(known))}.")
    active = [(test, request.query[name]) for name, test in tests.items() if name in request.query]
    if "since" in request.query:
        since = _number(request, "since", 0, float)
        active.append((lambda _value, entry: entry["time"] >= since, None))
    where = (lambda entry: all(test(value, entry) for test, value in active)) if active else None
    return record.page(_number(request, "offset", 0), _number(request, "limit", 1000), where)


def _equals(name):
    return lambda value, entry: entry[name] == value


async def requests(request):
    """What the Graph endpoints received."""
    simulator = request.app[SIMULATOR]
    if request.method == "DELETE":
        return web.json_response({"removed": simulator.requests.clear()})
    tests = {
        "path": lambda value, entry: value in entry["path"],
        "method": _equals("method"),
        "endpoint": _equals("endpoint"),
        "outcome": lambda value, entry: value in entry["outcome"],
    }
    return web.json_response(_page(request, simulator.requests, tests))


class _MessageList:
    """Lets the messages be paged like a record."""

    def __init__(self, messages):
        self.messages = messages

    def page(self, offset, limit, where):
        messages = list(self.messages.values())
        if where is None:
            total, part = len(messages), messages[offset : offset + limit]
            return {"total": total, "offset": offset, "limit": limit, "data": [m.as_record() for m in part]}
        entries = [entry for entry in (message.as_record() for message in messages) if where(entry)]
        return {"total": len(entries), "offset": offset, "limit": limit, "data": entries[offset : offset + limit]}


async def messages(request):
    """Every accepted message."""
    simulator = request.app[SIMULATOR]
    if request.method == "DELETE":
        return web.json_response({"removed": simulator.chats.clear()})
    names = ("direction", "phone_number_id", "waba_id", "customer_id", "recipient", "wamid", "type", "status")
    tests = {name: _equals(name) for name in (*names, "biz_opaque_callback_data")}
    return web.json_response(_page(request, _MessageList(simulator.chats.messages), tests))


async def webhook_log(request):
    """Every webhook body with its attempts."""
    simulator = request.app[SIMULATOR]
    if request.method == "DELETE":
        return web.json_response({"removed": simulator.webhooks.log.clear()})
    page = _page(request, simulator.webhooks.log, {"state": _equals("state"), "url": _equals("url")})
    return web.json_response(page | {"data": [webhooks.readable(entry) for entry in page["data"]]})


async def summary(request):
    """Counts; ``repeated_callback_data`` lists what was accepted more than once."""
    simulator = request.app[SIMULATOR]
    statuses, seen = {}, {}
    out = [message for message in simulator.chats.messages.values() if message.direction == "out"]
    for message in out:
        statuses[message.status] = statuses.get(message.status, 0) + 1
        if message.callback_data is not None:
            seen[message.callback_data] = seen.get(message.callback_data, 0) + 1
    outcomes = {}
    for entry in simulator.requests.entries:
        outcomes[entry["outcome"]] = outcomes.get(entry["outcome"], 0) + 1
    return web.json_response(
        {
            "requests": len(simulator.requests.entries),
            "outcomes": outcomes,
            "messages_out": len(out),
            "messages_in": len(simulator.chats.messages) - len(out),
            "out_by_status": statuses,
            "repeated_callback_data": {key: count for key, count in seen.items() if count > 1},
            "webhooks": simulator.webhooks.counts | {"open": simulator.webhooks.open},
            "pending": simulator.pending,
        }
    )


class WaitIdle(Body):
    timeout: float = Field(30, ge=0)


async def wait_idle(request):
    """Wait until no status, buffer or delivery is under way; 504 if some still is after ``timeout``."""
    simulator = request.app[SIMULATOR]
    deadline = time.monotonic() + (await parse(request, WaitIdle)).timeout
    while simulator.pending and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    pending = simulator.pending
    return web.json_response({"idle": not pending, "pending": pending}, status=504 if pending else 200)


def add_routes(app):
    routes = [
        ("GET", "/health", health),
        ("GET", "/control/world", read_world),
        ("POST", "/control/accounts", add_account),
        ("POST", "/control/numbers", add_number),
        ("POST", "/control/numbers/{id}", update_number),
        ("POST", "/control/customers", add_customer),
        ("POST", "/control/customers/{id}", update_customer),
        ("POST", "/control/reset", reset),
        ("GET", "/control/clock", clock),
        ("POST", "/control/clock", clock),
        ("POST", "/control/webhook/raw", raw_webhook),
        ("GET", "/control/summary", summary),
        ("POST", "/control/wait_idle", wait_idle),
    ]
    routes += [(method, "/control/faults", faults) for method in ("GET", "PUT", "POST", "DELETE")]
    for path, handler in (("requests", requests), ("messages", messages), ("webhooks", webhook_log)):
        routes += [(method, f"/control/{path}", handler) for method in ("GET", "DELETE")]
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    control_inbound.add_routes(app)
    control_account.add_routes(app)
