"""The ``template`` object of a message (Meta §6.4): its form only. ``template_check`` compares it with the template."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .media_refs import Document, MediaRef
from .strict import Filled, Strict


class Language(Strict):
    code: Filled
    policy: Literal["deterministic"] = "deterministic"


# === PARAMETERS === #


class Parameter(Strict):
    def media(self):
        return []


class TextParameter(Parameter):
    type: Literal["text"]
    parameter_name: Filled = None
    text: str

    @property
    def value(self):
        return self.text


class CurrencyValue(Strict):
    fallback_value: Filled
    code: Filled
    amount_1000: int


class CurrencyParameter(Parameter):
    type: Literal["currency"]
    parameter_name: Filled = None
    currency: CurrencyValue

    @property
    def value(self):
        return self.currency.fallback_value


class DateValue(Strict):
    fallback_value: Filled


class DateParameter(Parameter):
    type: Literal["date_time"]
    parameter_name: Filled = None
    date_time: DateValue

    @property
    def value(self):
        return self.date_time.fallback_value


class MediaParameter(Parameter):
    def media(self):
        return [(self.type, getattr(self, self.type))]


class ImageParameter(MediaParameter):
    type: Literal["image"]
    image: MediaRef


class VideoParameter(MediaParameter):
    type: Literal["video"]
    video: MediaRef


class DocumentParameter(MediaParameter):
    type: Literal["document"]
    document: Document


class Place(Strict):
    latitude: float | str
    longitude: float | str
    name: Filled
    address: Filled


class LocationParameter(Parameter):
    type: Literal["location"]
    location: Place


class Product(Strict):
    product_retailer_id: Filled
    catalog_id: Filled


class ProductParameter(Parameter):
    type: Literal["product"]
    product: Product


class PayloadParameter(Parameter):
    type: Literal["payload"]
    payload: Filled


class CouponParameter(Parameter):
    type: Literal["coupon_code"]
    coupon_code: Filled


class ActionParameter(Parameter):
    type: Literal["action"]
    action: dict[str, Any]


class Offer(Strict):
    expiration_time_ms: int


class OfferParameter(Parameter):
    type: Literal["limited_time_offer"]
    limited_time_offer: Offer


HeaderParameter = Annotated[
    TextParameter | ImageParameter | VideoParameter | DocumentParameter | LocationParameter | ProductParameter,
    Field(discriminator="type"),
]
BodyParameter = Annotated[TextParameter | CurrencyParameter | DateParameter, Field(discriminator="type")]
ButtonParameter = Annotated[
    TextParameter | PayloadParameter | CouponParameter | ActionParameter, Field(discriminator="type")
]


# === COMPONENTS === #


class HeaderComponent(Strict):
    type: Literal["header"]
    parameters: Annotated[list[HeaderParameter], Field(min_length=1)]

    def media(self):
        return [medium for parameter in self.parameters for medium in parameter.media()]


class BodyComponent(Strict):
    type: Literal["body"]
    parameters: Annotated[list[BodyParameter], Field(min_length=1)]

    def media(self):
        return []


class ButtonComponent(Strict):
    type: Literal["button"]
    sub_type: Literal["url", "quick_reply", "copy_code", "flow", "catalog", "mpm", "voice_call"]
    index: Annotated[str, Field(pattern=r"^[0-9]$")] | Annotated[int, Field(ge=0, le=9)]
    parameters: Annotated[list[ButtonParameter], Field(min_length=1)]

    def media(self):
        return []


class OfferComponent(Strict):
    type: Literal["limited_time_offer"]
    parameters: Annotated[list[OfferParameter], Field(min_length=1, max_length=1)]

    def media(self):
        return []


CardComponent = Annotated[HeaderComponent | BodyComponent | ButtonComponent, Field(discriminator="type")]


class Card(Strict):
    card_index: Annotated[int, Field(ge=0, le=9)]
    components: list[CardComponent]


class CarouselComponent(Strict):
    type: Literal["carousel"]
    cards: Annotated[list[Card], Field(min_length=1, max_length=10)]

    def media(self):
        return [medium for card in self.cards for component in card.components for medium in component.media()]


Component = Annotated[
    HeaderComponent | BodyComponent | ButtonComponent | OfferComponent | CarouselComponent,
    Field(discriminator="type"),
]


class TemplateContent(Strict):
    name: Filled
    language: Language
    components: list[Component] = []

    def media(self):
        return [medium for component in self.components for medium in component.media()]
