"""Interactive messages (Meta §6.3): buttons, lists, links, products, flows and requests."""

import re
from typing import Annotated, Any, Literal

import emoji
from pydantic import AfterValidator, Field, model_validator

from .media_refs import Document, MediaRef
from .strict import Filled, NotBlank, Strict, WebUrl, at_most, missing

MARKUP = re.compile(r"(?<!\w)([*_~])\S(?:.*\S)?\1(?!\w)|```")
MAX_ROWS = 10
MAX_PRODUCTS = 30


def _one_line(text):
    if "\n" in text:
        raise ValueError("must not contain line breaks")
    return text


def _no_markup(text):
    if MARKUP.search(text):
        raise ValueError("must not contain markup")
    return text


def _unique(values, what):
    if len(set(values)) != len(values):
        raise ValueError(f"{what} must be unique")


def label(limit):
    return Annotated[str, NotBlank, at_most(limit), AfterValidator(_one_line)]


# === PARTS === #


class Body(Strict):
    text: Annotated[str, NotBlank, at_most(1024)]


class LongBody(Strict):
    text: Annotated[str, NotBlank, at_most(4096)]


class Footer(Strict):
    text: Annotated[str, NotBlank, at_most(60)]


class TextHeader(Strict):
    type: Literal["text"]
    text: label(60)

    def media(self):
        return []


class MediaHeader(Strict):
    def media(self):
        return [(self.type, getattr(self, self.type))]


class ImageHeader(MediaHeader):
    type: Literal["image"]
    image: MediaRef


class VideoHeader(MediaHeader):
    type: Literal["video"]
    video: MediaRef


class DocumentHeader(MediaHeader):
    type: Literal["document"]
    document: Document


Header = Annotated[TextHeader | ImageHeader | VideoHeader | DocumentHeader, Field(discriminator="type")]


# === BUTTONS === #


class Reply(Strict):
    id: Annotated[str, NotBlank, at_most(256)]
    title: Annotated[label(20), AfterValidator(_no_markup)]


class ReplyButton(Strict):
    type: Literal["reply"]
    reply: Reply


class ButtonAction(Strict):
    buttons: Annotated[list[ReplyButton], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _distinct(self):
        _unique([button.reply.id for button in self.buttons], "button ids")
        _unique([button.reply.title for button in self.buttons], "button titles")
        return self


class ButtonMessage(Strict):
    type: Literal["button"]
    header: Header = None
    body: Body
    footer: Footer = None
    action: ButtonAction


# === LIST === #


class Row(Strict):
    id: Annotated[str, NotBlank, at_most(200)]
    title: label(24)
    description: Annotated[str, at_most(72)] = None


class Section(Strict):
    title: label(24) = None
    rows: Annotated[list[Row], Field(min_length=1, max_length=MAX_ROWS)]


class ListAction(Strict):
    button: label(20)
    sections: Annotated[list[Section], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _rows(self):
        rows = [row for section in self.sections for row in section.rows]
        if len(rows) > MAX_ROWS:
            raise ValueError(f"a list has at most {MAX_ROWS} rows in all its sections together")
        _unique([row.id for row in rows], "row ids")
        _need_titles(self.sections)
        return self


def _need_titles(sections):
    if len(sections) > 1 and not all(section.title for section in sections):
        raise missing("with more than one section each needs a title")


class ListMessage(Strict):
    type: Literal["list"]
    header: TextHeader = None
    body: LongBody
    footer: Footer = None
    action: ListAction


# === LINK === #


class LinkParameters(Strict):
    display_text: label(20)
    url: WebUrl


class LinkAction(Strict):
    name: Literal["cta_url"]
    parameters: LinkParameters


class LinkMessage(Strict):
    type: Literal["cta_url"]
    header: Header = None
    body: Body
    footer: Footer = None
    action: LinkAction


# === REQUESTS === #


class LocationAction(Strict):
    name: Literal["send_location"]


class LocationRequest(Strict):
    type: Literal["location_request_message"]
    body: Body
    action: LocationAction


class ContactAction(Strict):
    name: Literal["request_contact_info"]


class ContactRequest(Strict):
    type: Literal["request_contact_info"]
    body: Body
    action: ContactAction


# === PRODUCTS === #


class ProductAction(Strict):
    catalog_id: Filled
    product_retailer_id: Filled


class ProductMessage(Strict):
    type: Literal["product"]
    body: Body = None
    footer: Footer = None
    action: ProductAction


class ProductItem(Strict):
    product_retailer_id: Filled


class ProductSection(Strict):
    title: label(24) = None
    product_items: Annotated[list[ProductItem], Field(min_length=1, max_length=MAX_PRODUCTS)]


class ProductListAction(Strict):
    catalog_id: Filled
    sections: Annotated[list[ProductSection], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _products(self):
        products = [item.product_retailer_id for section in self.sections for item in section.product_items]
        if len(products) > MAX_PRODUCTS:
            raise ValueError(f"at most {MAX_PRODUCTS} products in all sections together")
        _need_titles(self.sections)
        return self


class ProductListMessage(Strict):
    type: Literal["product_list"]
    header: TextHeader
    body: Body
    footer: Footer = None
    action: ProductListAction


# === FLOW === #


def _no_emoji(text):
    if emoji.emoji_count(text):
        raise ValueError("must not contain emoji")
    return text


class FlowStart(Strict):
    screen: Filled
    data: Annotated[dict[str, Any], Field(min_length=1)] = None


class FlowParameters(Strict):
    flow_message_version: Literal["3"]
    flow_id: Filled = None
    flow_name: Filled = None
    flow_cta: Annotated[label(20), AfterValidator(_no_emoji)]
    flow_token: Filled = None
    flow_action: Literal["navigate", "data_exchange"] = "navigate"
    flow_action_payload: FlowStart = None
    mode: Literal["draft", "published"] = "published"

    @model_validator(mode="after")
    def _together(self):
        if (self.flow_id is None) == (self.flow_name is None):
            raise missing("either flow_id or flow_name is required")
        if self.flow_action == "data_exchange" and self.flow_action_payload is not None:
            raise ValueError("flow_action_payload goes with the flow_action 'navigate' only")
        return self


class FlowAction(Strict):
    name: Literal["flow"]
    parameters: FlowParameters


class FlowMessage(Strict):
    type: Literal["flow"]
    header: Header = None
    body: Body
    footer: Footer = None
    action: FlowAction


Interactive = Annotated[
    ButtonMessage
    | ListMessage
    | LinkMessage
    | LocationRequest
    | ContactRequest
    | ProductMessage
    | ProductListMessage
    | FlowMessage,
    Field(discriminator="type"),
]
