"""What ``fields=`` may ask for, and how each field reads (Meta §1.3, §1.4)."""

from datetime import UTC, datetime

from .errors import GraphError


def _can_send(number):
    return {"CONNECTED": "AVAILABLE", "RATE_LIMITED": "LIMITED", "FLAGGED": "LIMITED"}.get(number.status, "BLOCKED")


def _health(account, number=None):
    entities = [
        {"entity_type": "WABA", "id": account.waba_id, "can_send_message": account.can_send_message},
        {"entity_type": "BUSINESS", "id": account.portfolio_id, "can_send_message": "AVAILABLE"},
        {"entity_type": "APP", "id": account.app_id, "can_send_message": "AVAILABLE"},
    ]
    if account.can_send_message != "AVAILABLE":
        entities[0]["errors"] = [
            {
                "error_code": 141006,
                "error_description": "The account is restricted.",
                "possible_solution": "Ask for a review in Meta's Business Manager.",
            }
        ]
    if number:
        state = _can_send(number)
        entity = {"entity_type": "PHONE_NUMBER", "id": number.phone_number_id, "can_send_message": state}
        if state != "AVAILABLE":
            entity["errors"] = [
                {
                    "error_code": 141000,
                    "error_description": f"The phone number is {number.status}.",
                    "possible_solution": "Connect the phone number again.",
                }
            ]
        entities.insert(0, entity)
    order = ["AVAILABLE", "LIMITED", "BLOCKED"]
    worst = max((entity["can_send_message"] for entity in entities), key=order.index)
    return {"can_send_message": worst, "entities": entities}


def _webhook_configuration(account, number):
    configured = {
        "phone_number": number.callback_url,
        "whatsapp_business_account": account.override_callback_uri,
        "application": account.app_callback_url,
    }
    return {key: url for key, url in configured.items() if url}


def _plain(name):
    return lambda account, thing: getattr(thing, name)


PHONE_FIELDS = {
    "id": lambda account, number: number.phone_number_id,
    "throughput": lambda account, number: {"level": number.throughput},
    "whatsapp_business_manager_messaging_limit": lambda account, number: account.messaging_limit,
    "health_status": _health,
    "webhook_configuration": _webhook_configuration,
} | {
    name: _plain(name)
    for name in (
        "display_phone_number",
        "verified_name",
        "status",
        "quality_rating",
        "name_status",
        "new_name_status",
        "code_verification_status",
        "platform_type",
        "account_mode",
        "is_on_biz_app",
        "is_official_business_account",
        "is_pin_enabled",
        "country_dial_code",
        "last_onboarded_time",
    )
}
PHONE_DEFAULT = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
)

WABA_FIELDS = {
    "id": lambda account, _same: account.waba_id,
    "message_template_namespace": lambda account, _same: f"ns_{account.waba_id}",
    "health_status": lambda account, _same: _health(account),
    "owner_business_info": lambda account, _same: {"name": account.name, "id": account.portfolio_id},
} | {
    name: _plain(name)
    for name in (
        "name",
        "currency",
        "timezone_id",
        "country",
        "business_verification_status",
        "account_review_status",
        "primary_funding_id",
    )
}
WABA_DEFAULT = ("name", "currency", "timezone_id", "message_template_namespace")


TEMPLATE_FIELDS = {
    "id": lambda template, _components: template.id,
    "components": lambda _template, components: components,
    "quality_score": lambda template, _components: {"score": template.quality_score},
    "last_updated_time": lambda template, _components: _iso(template.last_updated_time),
} | {
    name: lambda template, _components, name=name: getattr(template, name)
    for name in (
        "name",
        "status",
        "category",
        "language",
        "parameter_format",
        "previous_category",
        "correct_category",
        "rejected_reason",
        "message_send_ttl_seconds",
    )
}
TEMPLATE_DEFAULT = ("name", "parameter_format", "components", "language", "status", "category", "previous_category")


def _iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


NODES = {
    id(PHONE_FIELDS): "WhatsAppBusinessPhoneNumber",
    id(WABA_FIELDS): "WhatsAppBusinessAccount",
    id(TEMPLATE_FIELDS): "WhatsAppMessageTemplate",
}


def read(account, thing, asked, readers, default):
    """Return the fields named in ``asked`` plus the id; one unknown name fails the whole call."""
    names = [name.strip() for name in asked.split(",")] if asked is not None else list(default)
    for name in names:
        if name not in readers:
            raise GraphError(
                100,
                f"Field '{name}' does not exist.",
                message=f"(#100) Tried accessing nonexisting field ({name}) on node type ({NODES[id(readers)]})",
            )
    values = {name: readers[name](account, thing) for name in names}
    # a field without a value is left out, as Meta does
    return {name: value for name, value in values.items() if value is not None} | {"id": readers["id"](account, thing)}


def read_phone(account, number, asked):
    return read(account, number, asked, PHONE_FIELDS, PHONE_DEFAULT)


def read_waba(account, asked):
    return read(account, account, asked, WABA_FIELDS, WABA_DEFAULT)


def read_template(template, components, asked):
    return read(template, components, asked, TEMPLATE_FIELDS, TEMPLATE_DEFAULT)
