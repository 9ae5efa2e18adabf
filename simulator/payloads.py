"""What may be posted to ``/{phone}/messages``: one pydantic class and one registry entry per message type."""

import re
from typing import Annotated, Any, Literal

import emoji
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from .errors import GraphError


def at_most(limit):
    """Limit a text in UTF-16 units. Meta counts an emoji as 2 or more characters; so do we."""

    def check(text):
        if len(text.encode("utf-16-le", "surrogatepass")) // 2 > limit:
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


Phone = Annotated[str, AfterValidator(_phone)]
# Meta: two-letter country code, dot, up to 128 letters or digits; "XX.ENT.…" for managed portfolios
UserId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$")]
MessageId = Annotated[str, StringConstraints(pattern=r"^wamid\.\S+$")]


class Strict(BaseModel):
    """Unknown keys and other types are refused; an explicit null is a wrong type too."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Context(Strict):
    message_id: MessageId


class Outgoing(Strict):
    """The frame around every message (Meta §6.1)."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual", "group"] = "individual"
    to: Phone = None
    recipient: UserId = None
    type: str
    biz_opaque_callback_data: Annotated[str, at_most(512)] = None
    recipient_identity_key_hash: Annotated[str, StringConstraints(min_length=1)] = None
    messaging_account_id: str = None
    paid_messaging_account_id: str = None

    @property
    def target_message_id(self):
        """The message this one answers or reacts to."""
        return None


class Quoting(Outgoing):
    """A message that may quote another one."""

    context: Context = None

    @property
    def target_message_id(self):
        return self.context and self.context.message_id


class Text(Strict):
    body: Annotated[str, AfterValidator(_not_blank), at_most(4096)]
    preview_url: bool = False


class TextMessage(Quoting):
    text: Text


class Reaction(Strict):
    message_id: MessageId
    emoji: Annotated[str, AfterValidator(_one_emoji)]


class ReactionMessage(Outgoing):
    reaction: Reaction

    @property
    def target_message_id(self):
        return self.reaction.message_id


class TypingIndicator(Strict):
    type: Literal["text"]


class ReadReceipt(Strict):
    """Mark as read, with or without showing "typing…"."""

    messaging_product: Literal["whatsapp"]
    status: Literal["read"]
    message_id: MessageId
    typing_indicator: TypingIndicator = None


MESSAGE_TYPES = {
    "text": TextMessage,
    "reaction": ReactionMessage,
}

# Meta knows these too; the simulator refuses them with 131051 until it can check them
OTHER_TYPES = {"audio", "contacts", "document", "image", "interactive", "location", "sticker", "template", "video"}


def parse_message(data: Any):
    """Return the checked payload, or raise Meta's error for the first thing that is wrong with it."""
    if not isinstance(data, dict):
        raise GraphError(100, "The body must be a JSON object.")
    if data.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required and must be 'whatsapp'.")
    if "status" in data:
        return validate(ReadReceipt, data)
    if "type" not in data:
        raise GraphError(131008, "Parameter 'type' is required.")
    message = validate(_class_of(data["type"]), data)
    if message.recipient_type == "group":
        raise GraphError(100, "Groups are not available for this account.")
    if message.to is None and message.recipient is None:
        raise GraphError(131008, "Parameter 'to' or 'recipient' is required.")
    return message


def _class_of(kind):
    if isinstance(kind, str) and kind in MESSAGE_TYPES:
        return MESSAGE_TYPES[kind]
    if isinstance(kind, str) and kind in OTHER_TYPES:
        raise GraphError(131051, f"Message type '{kind}' is not supported by this simulator yet.")
    known = ", ".join(sorted(OTHER_TYPES | MESSAGE_TYPES.keys()))
    raise GraphError(100, f"Param type must be one of {{{known}}}.")


def validate(model, data):
    """Build ``model`` from ``data``; pydantic's first complaint becomes Meta's error object."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "missing":
        raise GraphError(131008, f"Parameter '{name}' is required.")
    if first["type"] == "extra_forbidden":
        raise GraphError(100, f"Unexpected key '{name}'.")
    raise GraphError(100, f"Param '{name}': {first['msg'].removeprefix('Value error, ')}.")
