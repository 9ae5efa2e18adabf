"""Blocking users: ``/{phone}/block_users`` (Meta §1.3)."""

import re
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, model_validator

from . import graph_auth
from .errors import GraphError
from .graph_auth import MESSAGING
from .graph_paging import page
from .strict import Strict, UserId, missing, validate

MOST = 64_000


class User(Strict):
    user: str = None
    user_id: UserId = None

    @model_validator(mode="after")
    def _one_of_both(self):
        if (self.user is None) == (self.user_id is None):
            raise missing("either user or user_id is required")
        return self


class BlockUsers(Strict):
    messaging_product: Literal["whatsapp"]
    block_users: Annotated[list[User], Field(min_length=1, max_length=1000)]


def _blocked(sim, number):
    return [
        chat for chat in sim.chats.chats.values() if chat.blocked and chat.phone_number_id == number.phone_number_id
    ]


async def read(call):
    account, number = graph_auth.find_number(call.sim, call.caller(MESSAGING), call.object_id, "get")
    call.query("limit", "after")

    def render(chat):
        contact = call.sim.contact_of(account, call.sim.world.customers[chat.customer_id], profile=False)
        return {"messaging_product": "whatsapp"} | contact

    return page(call, _blocked(call.sim, number), lambda chat: chat.customer_id, render)


async def block(call):
    return await _change(call, "post", True)


async def unblock(call):
    return await _change(call, "delete", False)


async def _change(call, method, blocked):
    account, number = graph_auth.find_number(call.sim, call.caller(MESSAGING), call.object_id, method)
    call.query()
    users = validate(BlockUsers, call.json()).block_users
    done, failed = [], []
    for user in users:
        asked = user.user or user.user_id
        try:
            customer = _customer(call.sim, account, user)
            chat = call.sim.chats.chat(customer.id, number.phone_number_id)
            if blocked and not chat.blocked:
                _check_allowed(call.sim, number, chat)
            chat.blocked = blocked
            done.append({"input": asked} | call.sim.contact_of(account, customer, profile=False))
        except GraphError as error:
            failed.append({"input": asked, "errors": [error.as_dict()["error"]]})
    lists = {"added_users" if blocked else "removed_users": done}
    answer = {"messaging_product": "whatsapp", "block_users": lists}
    if not failed:
        return answer
    lists["failed_users"] = failed
    error = GraphError(139100, "Some users were not changed, see block_users.failed_users.")
    return web.json_response(answer | error.as_dict(), status=error.status)


def _customer(sim, account, user):
    if user.user_id:
        customer = sim.world.customer_by_user_id(account, user.user_id)
    else:
        customer = sim.world.customer_by_phone(re.sub(r"\D", "", user.user))
    if customer is None:
        raise GraphError(131026, "The user is not on WhatsApp.")
    return customer


def _check_allowed(sim, number, chat):
    if not chat.is_open(sim.clock.now()):
        raise GraphError(131047, "Only users who wrote within the last 24 hours can be blocked.")
    if len(_blocked(sim, number)) >= MOST:
        raise GraphError(139101, "The list is full.")
