"""What all control endpoints share: reading a body, finding things, saying what is wrong."""

import json

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from .media import MediaError
from .world import WorldError


class ControlError(Exception):
    def __init__(self, text, status=400):
        super().__init__(text)
        self.status = status


@web.middleware
async def errors(request, handler):
    """Turn what a caller did wrong into ``{"error": sentence}``."""
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except (WorldError, MediaError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        return web.json_response({"error": f"{name or 'body'}: {first['msg']}"}, status=400)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


async def read_json(request):
    if not request.can_read_body:
        return {}
    try:
        data = json.loads(await request.read() or b"{}")
    except ValueError:
        raise ControlError("The body is not JSON.") from None
    return data


async def parse(request, model):
    return model.model_validate(await read_json(request))


def number_of(simulator, phone_number_id):
    if phone_number_id not in simulator.world.numbers:
        raise ControlError(f"There is no number {phone_number_id}.", 404)
    return simulator.world.numbers[phone_number_id]


def customer_of(simulator, customer_id):
    customer = simulator.world.customers.get(customer_id)
    if customer is None:
        raise ControlError(f"There is no customer {customer_id}.", 404)
    return customer


def account_of(simulator, waba_id):
    if waba_id not in simulator.world.accounts:
        raise ControlError(f"There is no account {waba_id}.", 404)
    return simulator.world.accounts[waba_id]


def message_of(simulator, wamid):
    if wamid not in simulator.chats.messages:
        raise ControlError("There is no message with that id.", 404)
    return simulator.chats.messages[wamid]
