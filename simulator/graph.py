"""The Graph endpoints: ``/{version}/…``. Each handler checks the caller, then works or raises ``GraphError``."""

import asyncio
import json
import re
import time
from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from . import graph_auth, graph_block, graph_fields, graph_media, graph_profile, graph_templates
from .errors import GraphError, unknown_object
from .graph_auth import MANAGEMENT, MESSAGING
from .graph_paging import page
from .handshake import verify_callback
from .payloads import ReadReceipt, parse_message
from .simulator import SIMULATOR
from .strict import Strict, validate

VERSIONS = {f"v{number}.0" for number in range(21, 27)}


class CallbackOverride(Strict):
    override_callback_uri: str
    verify_token: Annotated[str, StringConstraints(min_length=1)]


class WebhookConfiguration(Strict):
    webhook_configuration: CallbackOverride


class Call:
    """One request while it is handled, with its entry in the record."""

    def __init__(self, request, entry):
        self.request = request
        self.entry = entry
        self.sim = request.app[SIMULATOR]
        self.object_id = request.match_info.get("object_id")

    def caller(self, scope):
        caller = graph_auth.authenticate(self.sim, self.request)
        caller.require(scope)
        return caller

    def query(self, *allowed):
        """Return the query; parameters that the endpoint does not know are refused."""
        for name in self.request.query:
            if name not in allowed:
                raise GraphError(100, f"Unexpected parameter '{name}'.")
        return self.request.query

    def json(self):
        """Return the body as JSON; nothing else is taken."""
        if self.request.content_type != "application/json":
            raise GraphError(100, "The Content-Type must be application/json.")
        if self.entry["json"] is None:
            raise GraphError(100, "The body is not valid JSON.")
        return self.entry["json"]

    async def json_or_form(self):
        if self.entry["json"] is None and not self.entry["text"]:
            return {}
        if self.request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return dict(await self.request.post())
        return self.json()


# === ENDPOINTS === #


async def read_debug_token(call):
    graph_auth.bearer(call.request)
    call.query("input_token")
    return graph_auth.debug_token(call.sim, call.request)


async def read_object(call):
    if call.object_id in call.sim.media.media:
        return await graph_media.read(call)
    if call.sim.templates.find(call.object_id)[1]:
        return await graph_templates.read(call)
    caller = call.caller(MANAGEMENT)
    asked = call.query("fields").get("fields")
    if call.object_id in call.sim.world.accounts:
        account = graph_auth.find_account(call.sim, caller, call.object_id, "get")
        return graph_fields.read_waba(account, asked)
    account, number = graph_auth.find_number(call.sim, caller, call.object_id, "get")
    return graph_fields.read_phone(account, number, asked)


async def read_phone_numbers(call):
    """List the account's numbers, page by page."""
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "get")
    asked = call.query("fields", "limit", "after").get("fields")
    return page(
        call,
        account.numbers,
        lambda number: number.phone_number_id,
        lambda number: graph_fields.read_phone(account, number, asked),
    )


async def read_subscribed_apps(call):
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "get")
    call.query()
    if not account.subscribed:
        return {"data": []}
    link = f"https://www.facebook.com/games/?app_id={account.app_id}"
    app = {"whatsapp_business_api_data": {"link": link, "name": account.app_name, "id": account.app_id}}
    if account.override_callback_uri:
        app["override_callback_uri"] = account.override_callback_uri
    return {"data": [app]}


async def subscribe(call):
    """Subscribe the app; a callback override must pass the handshake, an empty body removes the old one."""
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "post")
    call.query()
    override = await _checked_override(call, await call.json_or_form())
    account.override_callback_uri = override
    account.subscribed = True
    call.sim.state_file.save_now()
    return {"success": True}


async def _checked_override(call, data):
    if data == {}:
        return None
    override = validate(CallbackOverride, data)
    await verify_callback(call.sim.webhooks.session, override.override_callback_uri, override.verify_token)
    return override.override_callback_uri


async def unsubscribe(call):
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "delete")
    call.query()
    account.subscribed = False
    account.override_callback_uri = None
    call.sim.state_file.save_now()
    return {"success": True}


async def update_object(call):
    """Edit a template, or set a number's own callback URL."""
    if call.sim.templates.find(call.object_id)[1]:
        return await graph_templates.edit(call)
    _account, number = graph_auth.find_number(call.sim, call.caller(MANAGEMENT), call.object_id, "post")
    call.query()
    configuration = validate(WebhookConfiguration, call.json()).webhook_configuration
    await verify_callback(call.sim.webhooks.session, configuration.override_callback_uri, configuration.verify_token)
    number.callback_url = configuration.override_callback_uri
    call.sim.state_file.save_now()
    return {"success": True}


async def post_message(call):
    account, number = graph_auth.find_number(call.sim, call.caller(MESSAGING), call.object_id, "post")
    call.query()
    raw = call.json()
    payload = parse_message(raw)
    if isinstance(payload, ReadReceipt):
        return call.sim.outgoing.mark_read(number, payload)
    answer = call.sim.outgoing.send(account, number, payload, raw)
    call.entry["wamid"] = answer["messages"][0]["id"]
    return answer


async def delete_object(call):
    """Delete a medium, the only thing that goes this way."""
    return await graph_media.delete(call)


async def unknown_path(call):
    parts = call.request.path.strip("/").split("/")
    if len(parts) > 1 and parts[0] in VERSIONS:
        raise unknown_object(call.request.method, parts[1])
    raise GraphError(2500, message=f"Unknown path components: {call.request.path}")


# === AROUND EVERY ENDPOINT: VERSION, RECORD, FAULTS === #


def endpoint(name, handler, streams=False):
    """Wrap a handler: record the request, let faults strike, turn ``GraphError`` into Meta's answer.

    ``streams``: the body is a file, which the handler reads piece by piece.
    """

    async def run(request):
        simulator = request.app[SIMULATOR]
        simulator.media.origin = f"{request.scheme}://{request.host}"
        call = Call(request, await _record(simulator, request, name, streams))
        faults = simulator.faults
        where = (call.object_id, call.entry["endpoint"])
        latency = faults.hit("latency", *where)
        if latency:
            await asyncio.sleep(latency.pick(faults.rng))
        if faults.hit("drop_connection", *where, on="graph", when="before"):
            return _hang_up(call, "dropped before")
        failure = faults.hit("error", *where)
        if failure:
            return _fail(call, failure)
        try:
            _check_version(request)
            answer = await handler(call)
            response = answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)
            _outcome(call, response.status, "accepted" if response.status < 400 else f"error {response.status}")
        except GraphError as error:
            response = error.response()
            _outcome(call, error.status, f"error {error.code}", error.details or error.message)
            return response
        hold = faults.hit("timeout_after_accept", *where)
        if hold:
            await _hold(request, hold.seconds)
            return _hang_up(call, "accepted, answer held")
        if faults.hit("drop_connection", *where, on="graph", when="after"):
            return _hang_up(call, "accepted, dropped after")
        return response

    return run


async def _record(simulator, request, name, streams):
    raw = b"" if streams else await request.read()
    text = raw.decode("utf-8", "replace")
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    if name == "messages" and isinstance(body, dict) and "status" in body:
        name = "receipts"  # the same address at Meta; faults and tests mean one or the other
    return simulator.requests.add(
        time=time.time(),
        endpoint=name,
        method=request.method,
        path=request.path,
        query=dict(request.query),
        json=body,
        text=None if body is not None else text,
        status=None,
        outcome="pending",
        error=None,
        wamid=None,
    )


def _outcome(call, status, outcome, error=None):
    call.entry.update(status=status, outcome=outcome, error=error)


def _check_version(request):
    version = request.match_info.get("version")
    if version is None or version in VERSIONS:
        return
    expired = re.fullmatch(r"v(\d{1,2})\.0", version)
    if expired and int(expired[1]) < 21:
        raise GraphError(
            2635,
            message=f"(#2635) You are calling a deprecated version of the API ({version}). "
            "Please update to the latest version: v26.0.",
        )
    raise GraphError(2500, message=f"Unknown path components: {request.path}")


def _fail(call, rule):
    error = rule.error()
    _outcome(call, error.status, f"fault error {rule.code}")
    if rule.body is not None:
        return web.Response(status=error.status, text=rule.body, content_type="text/html")
    return error.response()


async def _hold(request, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(0.05, seconds))


def _hang_up(call, outcome):
    """Close the connection without an answer."""
    call.entry["outcome"] = outcome
    call.entry["status"] = None
    if call.request.transport is not None:
        call.request.transport.abort()
    return web.Response(status=500)  # never arrives


def add_routes(app):
    routes = [
        ("GET", "debug_token", "debug_token", read_debug_token),
        ("GET", "{object_id}/phone_numbers", "phone_numbers", read_phone_numbers),
        ("GET", "{object_id}/subscribed_apps", "subscribed_apps", read_subscribed_apps),
        ("POST", "{object_id}/subscribed_apps", "subscribed_apps", subscribe),
        ("DELETE", "{object_id}/subscribed_apps", "subscribed_apps", unsubscribe),
        ("POST", "{object_id}/messages", "messages", post_message),
        ("POST", "{object_id}/media", "media", graph_media.upload, True),
        ("GET", "{object_id}/whatsapp_business_profile", "profile", graph_profile.read),
        ("POST", "{object_id}/whatsapp_business_profile", "profile", graph_profile.write),
        ("GET", "{object_id}/block_users", "block_users", graph_block.read),
        ("POST", "{object_id}/block_users", "block_users", graph_block.block),
        ("DELETE", "{object_id}/block_users", "block_users", graph_block.unblock),
        ("GET", "{object_id}/message_templates", "message_templates", graph_templates.read_list),
        ("POST", "{object_id}/message_templates", "message_templates", graph_templates.create),
        ("DELETE", "{object_id}/message_templates", "message_templates", graph_templates.delete),
        ("POST", "{object_id}/unpause", "object", graph_templates.unpause),
        ("POST", "{object_id}/uploads", "uploads", graph_templates.start_upload),
        ("POST", "{object_id:upload:[^/]+}", "uploads", graph_templates.upload, True),
        ("GET", "{object_id:upload:[^/]+}", "uploads", graph_templates.read_upload),
        ("GET", "{object_id}", "object", read_object),
        ("POST", "{object_id}", "object", update_object),
        ("DELETE", "{object_id}", "object", delete_object),
    ]
    for method, path, name, handler, *streams in routes:
        app.router.add_route(method, r"/{version:v[0-9][^/]*}/" + path, endpoint(name, handler, *streams))
    app.router.add_get("/whatsapp_business/attachments/", endpoint("download", graph_media.download))
    # after all others: wrong methods, edges that don't exist, paths without a version
    app.router.add_route("*", r"/{tail:(?!control/|phone/|static/|favicon).*}", endpoint("unknown", unknown_path))
