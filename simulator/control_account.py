"""``/control/…``, part three: what Meta decides about accounts and templates, and what the phone app does."""

from typing import Any, Literal

from aiohttp import web

from .control_tools import Body, ControlError, account_of, customer_of, message_of, number_of, parse
from .simulator import NUMBER_FIELDS, SIMULATOR

TEMPLATE_STATES = (
    "APPROVED", "REJECTED", "PENDING", "PAUSED", "DISABLED", "FLAGGED", "IN_APPEAL", "PENDING_DELETION", "DELETED",
    "LIMIT_EXCEEDED", "LOCKED", "ARCHIVED",
)  # fmt: skip


async def templates(request):
    """All templates, or those of one account (``?waba_id=``)."""
    world = request.app[SIMULATOR].world
    wanted = request.query.get("waba_id")
    found = [
        {"waba_id": account.waba_id, **template.model_dump()}
        for account in world.accounts.values()
        for template in account.templates
        if wanted in (None, account.waba_id)
    ]
    return web.json_response({"data": found})


class NewTemplate(Body):
    """As in the world file; the id is made up where absent."""

    waba_id: str
    template: dict[str, Any]


async def add_template(request):
    """Add a template in any state, without Meta's rules and review."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, NewTemplate)
    template = simulator.templates.add(account_of(simulator, body.waba_id), body.template)
    return web.json_response(template.model_dump(), status=201)


class TemplateChange(Body):
    status: Literal[TEMPLATE_STATES] | None = None
    reason: str | None = None  # of the status
    quality: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"] | None = None
    category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"] | None = None
    correct_category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"] | None = None  # announced for tomorrow


async def change_template(request):
    """Approve, reject, pause, disable …, rate or re-classify; each change sends its webhook."""
    simulator = request.app[SIMULATOR]
    change = await parse(request, TemplateChange)
    account, template = simulator.templates.find(request.match_info["id"])
    if template is None:
        raise ControlError(f"There is no template {request.match_info['id']}.", 404)
    if change.quality:
        simulator.templates.set_quality(template, change.quality)
    if change.correct_category:
        simulator.templates.announce_category(template, change.correct_category)
    if change.category:
        simulator.templates.set_category(template, change.category)
    if change.status:
        simulator.templates.set_status(template, change.status, change.reason)
    return web.json_response({"waba_id": account.waba_id, **template.model_dump()})


class AccountWebhook(Body):
    waba_id: str | None = None
    phone_number_id: str | None = None
    field: str
    value: dict[str, Any] = {}
    can_send_message: Literal["AVAILABLE", "LIMITED", "BLOCKED"] | None = (
        None  # as the account's health says from now on
    )


async def account_webhook(request):
    """Send any webhook field; what its value always has is filled in."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, AccountWebhook)
    number = None
    if body.phone_number_id:
        account, number = number_of(simulator, body.phone_number_id)
    elif body.waba_id:
        account = account_of(simulator, body.waba_id)
    else:
        raise ControlError("waba_id or phone_number_id is needed.")
    if body.field in NUMBER_FIELDS and number is None:
        raise ControlError(f"The field {body.field} needs a phone_number_id.")
    if body.can_send_message:
        account.can_send_message = body.can_send_message
        simulator.state_file.save_now()
    value = _defaults(body.field, account, number) | body.value
    simulator.publish_field(account, number, body.field, value)
    return web.json_response({"value": value})


def _defaults(field, account, number):
    display = {"display_phone_number": number.digits} if number else {}
    return {
        "phone_number_quality_update": display | {"event": "FLAGGED"},
        "phone_number_name_update": display
        | {"decision": "APPROVED", "requested_verified_name": number and number.verified_name, "rejection_reason": "NONE"},
        "account_update": {"event": "ACCOUNT_VIOLATION"},
        "account_review_update": {"decision": "APPROVED"},
        "account_alerts": {"entity_type": "PHONE_NUMBER" if number else "WABA",
                           "entity_id": number.phone_number_id if number else account.waba_id},
        "business_capability_update": {"max_daily_conversations_per_business": 2000,
                                       "max_phone_numbers_per_business": 20},
        "security": display | {"event": "PIN_CHANGED", "requester": account.portfolio_id},
    }.get(field, {})  # fmt: skip


class Preference(Body):
    customer_id: str
    phone_number_id: str
    value: Literal["stop", "resume"]


async def set_preference(request):
    """The customer stops a number's marketing messages, or wants them again."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, Preference)
    number_of(simulator, body.phone_number_id)
    customer = customer_of(simulator, body.customer_id)
    simulator.inbound.set_preference(customer, body.phone_number_id, body.value)
    return web.json_response({"value": body.value})


class Echo(Body):
    phone_number_id: str
    customer_id: str
    text: str | None = None
    message: dict[str, Any] | None = None  # of another type: {"type": …, …}
    edit: dict[str, str] | None = None  # message_id, text
    revoke: dict[str, str] | None = None  # message_id


async def echo(request):
    """The business writes on the WhatsApp Business app of its own phone (coexistence)."""
    simulator = request.app[SIMULATOR]
    body = await parse(request, Echo)
    number_of(simulator, body.phone_number_id)
    customer = customer_of(simulator, body.customer_id)
    if body.edit or body.revoke:
        target = message_of(simulator, (body.edit or body.revoke).get("message_id"))
        if target.direction != "out" or target.customer_id != customer.id:
            raise ControlError("The business can change messages of its own only.")
        message = simulator.outgoing.echo_change(customer, target, body.edit and body.edit.get("text"))
    elif body.text or body.message:
        content = body.message or {"type": "text", "text": {"body": body.text}}
        message = simulator.outgoing.echo(customer, body.phone_number_id, content)
    else:
        raise ControlError("text, message, edit or revoke is needed.")
    return web.json_response({"id": message["id"]})


def add_routes(app):
    app.router.add_get("/control/templates", templates)
    app.router.add_post("/control/templates", add_template)
    app.router.add_post("/control/templates/{id}", change_template)
    app.router.add_post("/control/account_webhook", account_webhook)
    app.router.add_post("/control/marketing", set_preference)
    app.router.add_post("/control/echo", echo)
