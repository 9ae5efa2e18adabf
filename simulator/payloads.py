"""What may be posted to ``/{phone}/messages``: one pydantic class and one registry entry per message type."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from .errors import GraphError
from .interactive import Interactive
from .media_refs import Document, MediaRef, with_caption
from .strict import Emoji, Filled, MessageId, NotBlank, Phone, Strict, UserId, at_most, missing, validate
from .template_payload import TemplateContent


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
    def content(self):
        """What stands under the type's key."""
        return getattr(self, self.type)

    @property
    def target_message_id(self):
        """The message this one answers or reacts to."""
        return None

    @property
    def words(self):
        """The text in the message, or None."""
        return None

    def media(self):
        """Return (kind, reference) of every medium that goes with it."""
        return []


class Quoting(Outgoing):
    """A message that may quote another one."""

    context: Context = None

    @property
    def target_message_id(self):
        return self.context and self.context.message_id


class Text(Strict):
    body: Annotated[str, NotBlank, at_most(4096)]
    preview_url: bool = False


class TextMessage(Quoting):
    text: Text

    @property
    def words(self):
        return self.text.body


class Reaction(Strict):
    message_id: MessageId
    emoji: Emoji


class ReactionMessage(Outgoing):
    reaction: Reaction

    @property
    def target_message_id(self):
        return self.reaction.message_id


# === MEDIA === #


class Audio(MediaRef):
    voice: bool = False


class MediaMessage(Quoting):
    @property
    def words(self):
        return getattr(self.content, "caption", None)

    def media(self):
        return [(self.type, self.content)]


class ImageMessage(MediaMessage):
    image: with_caption(MediaRef)


class VideoMessage(MediaMessage):
    video: with_caption(MediaRef)


class DocumentMessage(MediaMessage):
    document: with_caption(Document)


class AudioMessage(MediaMessage):
    audio: Audio


class StickerMessage(MediaMessage):
    sticker: MediaRef


# === PLACES AND PEOPLE === #


def coordinate(limit):
    def check(value):
        if isinstance(value, str):
            if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]+)?", value):
                raise ValueError("must be a number of degrees")
            value = float(value)
        if not -limit <= value <= limit:
            raise ValueError(f"must be between -{limit} and {limit}")
        return value

    return Annotated[float | str, AfterValidator(check)]


class Location(Strict):
    latitude: coordinate(90)
    longitude: coordinate(180)
    name: Filled = None
    address: Filled = None


class LocationMessage(Quoting):
    location: Location

    @property
    def words(self):
        return self.location.name


class Name(Strict):
    formatted_name: Filled
    first_name: Filled = None
    last_name: Filled = None
    middle_name: Filled = None
    suffix: Filled = None
    prefix: Filled = None

    @model_validator(mode="after")
    def _one_more(self):
        if len(self.model_fields_set) < 2:
            raise missing("next to formatted_name one more part of the name is required")
        return self


class CardPhone(Strict):
    phone: Filled = None
    type: Filled = None
    wa_id: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{6,14}$")] = None


class CardEmail(Strict):
    email: Annotated[str, StringConstraints(pattern=r"^\S+@\S+$")] = None
    type: Filled = None


class CardUrl(Strict):
    url: Filled = None
    type: Filled = None


class CardAddress(Strict):
    street: str = None
    city: str = None
    state: str = None
    zip: str = None
    country: str = None
    country_code: str = None
    type: str = None


class CardOrganisation(Strict):
    company: str = None
    department: str = None
    title: str = None


class Card(Strict):
    name: Name
    phones: list[CardPhone] = []
    emails: list[CardEmail] = []
    urls: list[CardUrl] = []
    addresses: list[CardAddress] = []
    org: CardOrganisation = None
    birthday: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")] = None


class ContactsMessage(Quoting):
    contacts: Annotated[list[Card], Field(min_length=1, max_length=257)]

    @property
    def words(self):
        return ", ".join(card.name.formatted_name for card in self.contacts)


# === INTERACTIVE, TEMPLATE === #


class InteractiveMessage(Quoting):
    interactive: Interactive

    @property
    def words(self):
        body = getattr(self.interactive, "body", None)
        return body and body.text

    def media(self):
        header = getattr(self.interactive, "header", None)
        return header.media() if header else []


class TemplateMessage(Quoting):
    template: TemplateContent

    def media(self):
        return self.template.media()


# === READ === #


class TypingIndicator(Strict):
    type: Literal["text"]


class ReadReceipt(Strict):
    """Mark as read, with or without showing "typing…"."""

    messaging_product: Literal["whatsapp"]
    status: Literal["read"]
    message_id: MessageId
    typing_indicator: TypingIndicator = None


MESSAGE_TYPES = {
    "audio": AudioMessage,
    "contacts": ContactsMessage,
    "document": DocumentMessage,
    "image": ImageMessage,
    "interactive": InteractiveMessage,
    "location": LocationMessage,
    "reaction": ReactionMessage,
    "sticker": StickerMessage,
    "template": TemplateMessage,
    "text": TextMessage,
    "video": VideoMessage,
}


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
    raise GraphError(100, f"Param type must be one of {{{', '.join(sorted(MESSAGE_TYPES))}}}.")
