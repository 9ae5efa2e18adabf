"""A number's business profile: ``/{phone}/whatsapp_business_profile`` (Meta §1.3)."""

from typing import Annotated, Literal

from pydantic import Field

from . import graph_auth
from .errors import GraphError
from .graph_auth import MANAGEMENT
from .strict import Strict, at_most, validate

FIELDS = ("about", "address", "description", "email", "profile_picture_url", "websites", "vertical")
VERTICALS = (
    "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT", "HOTEL",
    "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT",
)  # fmt: skip


class Profile(Strict):
    messaging_product: Literal["whatsapp"]
    about: Annotated[str, Field(min_length=1), at_most(139)] = None
    address: Annotated[str, at_most(256)] = None
    description: Annotated[str, at_most(512)] = None
    email: Annotated[str, at_most(128)] = None
    websites: Annotated[list[Annotated[str, at_most(256)]], Field(max_length=2)] = None
    vertical: Literal[VERTICALS] = None
    profile_picture_handle: str = None


async def read(call):
    _account, number = graph_auth.find_number(call.sim, call.caller(MANAGEMENT), call.object_id, "get")
    names = call.query("fields").get("fields", "").split(",")
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise GraphError(100, f"Tried accessing nonexisting field ({unknown[0]}) on the business profile")
    profile = {name: number.profile[name] for name in names if number.profile.get(name)}
    return {"data": [profile | {"messaging_product": "whatsapp"}]}


async def write(call):
    """Replace the given parts; the others stay."""
    _account, number = graph_auth.find_number(call.sim, call.caller(MANAGEMENT), call.object_id, "post")
    call.query()
    given = validate(Profile, call.json()).model_dump(exclude_unset=True, exclude={"messaging_product"})
    if handle := given.pop("profile_picture_handle", None):
        if not call.sim.templates.knows_handle(handle, "IMAGE"):
            raise GraphError(100, "Param profile_picture_handle must be the handle of an uploaded picture.")
        given["profile_picture_url"] = f"https://pps.whatsapp.example/{number.phone_number_id}"
    number.profile = number.profile | given
    call.sim.state_file.save_now()
    return {"success": True}
