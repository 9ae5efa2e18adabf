"""Checking what clients send: nothing unknown, nothing of another type, Meta's error for the first mistake."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

import emoji
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from .errors import GraphError

# pydantic's words for a value that has the right type and is wrong all the same
_VALUE_ERRORS = {
    "value_error", "literal_error", "string_too_short", "string_too_long", "string_pattern_mismatch", "too_short",
    "too_long", "union_tag_invalid", "greater_than_equal", "less_than_equal",
}  # fmt: skip


def length(text):
    """Length in UTF-16 units: Meta counts an emoji as 2 or more characters; so do we."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def at_most(limit):
    def check(text):
        if length(text) > limit:
            raise ValueError(f"must be at most {limit} characters long")
        return text

    return AfterValidator(check)


def _not_blank(text):
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _phone(text):
    # Meta may read a number without + as local to the sender and reach a stranger: refused here
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
        raise ValueError("must be a phone number with '+', country code and digits only")
    return text


def _one_emoji(text):
    if text and not emoji.is_emoji(text):
        raise ValueError("must be exactly one emoji, or an empty string to remove the reaction")
    return text


def _web_url(text):
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text) or len(text) > 2000:
        raise ValueError("must be a URL with http:// or https:// and at most 2000 characters")
    return text


def _public_url(text):
    """Meta fetches over https from public hosts; hosts of a test set-up may do without."""
    parts = urlsplit(_web_url(text))
    if parts.scheme != "https" and not _is_local(parts.hostname):
        raise ValueError("must be an https:// URL")
    return text


def _is_local(host):
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


NotBlank = AfterValidator(_not_blank)
Filled = Annotated[str, NotBlank]
Phone = Annotated[str, AfterValidator(_phone)]
Emoji = Annotated[str, AfterValidator(_one_emoji)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
# Meta: two-letter country code, dot, up to 128 letters or digits; "XX.ENT.…" for managed portfolios
UserId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$")]
MessageId = Annotated[str, StringConstraints(pattern=r"^wamid\.\S+$")]


class Strict(BaseModel):
    """Unknown keys and other types are refused; an explicit null is a wrong type too."""

    model_config = ConfigDict(extra="forbid", strict=True)


def missing(text):
    """The error of a validator for something that is needed in one of several places."""
    return PydanticCustomError("needed", "{text}", {"text": text})


def validate(model, data):
    """Build ``model`` from ``data``; pydantic's first complaint becomes Meta's error object."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "missing":
        raise GraphError(131008, f"Parameter '{name}' is required.")
    if first["type"] == "needed":
        raise GraphError(131008, f"Param '{name}': {first['msg']}.")
    if first["type"] == "union_tag_not_found":
        raise GraphError(131008, f"Parameter '{name}.{first['ctx']['discriminator'].strip(chr(39))}' is required.")
    if first["type"] == "extra_forbidden":
        raise GraphError(100, f"Unexpected key '{name}'.")
    code = 131009 if first["loc"][:1] == ("interactive",) and first["type"] in _VALUE_ERRORS else 100
    raise GraphError(code, f"Param '{name}': {first['msg'].removeprefix('Value error, ')}.")
