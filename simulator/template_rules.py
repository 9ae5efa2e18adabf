"""What a new or edited template must be like (Meta §6.5), and what the review thinks of it."""

import itertools
import json
import re
from collections import Counter
from typing import Annotated, Literal

import emoji
from pydantic import Field

from .errors import GraphError
from .strict import Filled, Strict, WebUrl, length, validate
from .template_check import MAX_CODE, VARIABLE, variables

LANGUAGES = {
    "af",
    "sq",
    "ar",
    "ar_EG",
    "ar_AE",
    "ar_LB",
    "ar_MA",
    "ar_QA",
    "az",
    "be_BY",
    "bn",
    "bn_IN",
    "bg",
    "ca",
    "zh_CN",
    "zh_HK",
    "zh_TW",
    "hr",
    "cs",
    "da",
    "prs_AF",
    "nl",
    "nl_BE",
    "en",
    "en_GB",
    "en_US",
    "en_AE",
    "en_AU",
    "en_CA",
    "en_GH",
    "en_IE",
    "en_IN",
    "en_JM",
    "en_MY",
    "en_NZ",
    "en_QA",
    "en_SG",
    "en_UG",
    "en_ZA",
    "et",
    "fil",
    "fi",
    "fr",
    "fr_BE",
    "fr_CA",
    "fr_CH",
    "fr_CI",
    "fr_MA",
    "ka",
    "de",
    "de_AT",
    "de_CH",
    "el",
    "gu",
    "ha",
    "he",
    "hi",
    "hu",
    "id",
    "ga",
    "it",
    "ja",
    "kn",
    "kk",
    "rw_RW",
    "ko",
    "ky_KG",
    "lo",
    "lv",
    "lt",
    "mk",
    "ms",
    "ml",
    "mr",
    "nb",
    "ps_AF",
    "fa",
    "pl",
    "pt_BR",
    "pt_PT",
    "pa",
    "ro",
    "ru",
    "sr",
    "si_LK",
    "sk",
    "sl",
    "es",
    "es_AR",
    "es_CL",
    "es_CO",
    "es_CR",
    "es_DO",
    "es_EC",
    "es_HN",
    "es_MX",
    "es_PA",
    "es_PE",
    "es_ES",
    "es_UY",
    "sw",
    "sv",
    "ta",
    "te",
    "th",
    "tr",
    "uk",
    "ur",
    "uz",
    "vi",
    "zu",
}
MAX_HEADER = MAX_FOOTER = 60
MAX_BODY, MAX_CARD_BODY = 1024, 160
MAX_LABEL = 25
MOST = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "CATALOG": 1, "MPM": 1, "VOICE_CALL": 1,
        "REQUEST_CONTACT_INFO": 1}  # fmt: skip
TTL = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}
CODE_TEXTS = {
    "en": ("*{{1}}* is your verification code.", "For your security, do not share this code."),
    "es": ("Tu código de verificación es *{{1}}*.", "Por tu seguridad, no compartas este código."),
    "hi": ("*{{1}}* आपका सत्यापन कोड है.", "सुरक्षा के लिए, यह कोड किसी से साझा न करें."),
    "pt": ("Seu código de verificação é *{{1}}*.", "Para sua segurança, não compartilhe este código."),
}


def refuse(text, subcode=None, title="Invalid parameter"):
    """The refusal of a management call: what a person should read is in ``error_user_msg``."""
    return GraphError(100, message="Invalid parameter", subcode=subcode, user=(title, text))


def checked(model, data):
    try:
        return validate(model, data)
    except GraphError as error:
        raise refuse(error.details) from None


# === SHAPE === #


class NamedExample(Strict):
    param_name: Filled
    example: Filled


class HeaderExample(Strict):
    header_text: list[Filled] = None
    header_text_named_params: list[NamedExample] = None
    header_handle: Annotated[list[Filled], Field(min_length=1, max_length=1)] = None


class Header(Strict):
    type: Literal["HEADER"]
    format: Literal["TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT"]
    text: str = None
    example: HeaderExample = None


class BodyExample(Strict):
    body_text: Annotated[list[list[Filled]], Field(min_length=1)] = None
    body_text_named_params: list[NamedExample] = None


class Body(Strict):
    type: Literal["BODY"]
    text: str = None
    example: BodyExample = None
    add_security_recommendation: bool = None


class Footer(Strict):
    type: Literal["FOOTER"]
    text: str = None
    code_expiration_minutes: Annotated[int, Field(ge=1, le=90)] = None


class App(Strict):
    package_name: Filled
    signature_hash: Annotated[str, Field(min_length=11, max_length=11)]


class Button(Strict):
    """All kinds of buttons have a text."""

    text: Filled


class QuickReply(Button):
    type: Literal["QUICK_REPLY"]


class Url(Button):
    type: Literal["URL"]
    url: WebUrl
    example: Annotated[list[WebUrl], Field(min_length=1, max_length=1)] = None


class Phone(Button):
    type: Literal["PHONE_NUMBER"]
    phone_number: Annotated[str, Field(pattern=r"^\+?[0-9 ]{1,20}$", max_length=20)]


class CopyCode(Strict):
    type: Literal["COPY_CODE"]
    example: Filled


class Flow(Button):
    type: Literal["FLOW"]
    flow_id: Filled = None
    flow_name: Filled = None
    flow_action: Literal["navigate", "data_exchange"] = "navigate"
    navigate_screen: Filled = None


class Catalog(Button):
    type: Literal["CATALOG", "MPM"]


class Call(Button):
    type: Literal["VOICE_CALL"]
    ttl_minutes: Annotated[int, Field(ge=1440, le=43_200)] = None


class AskContact(Strict):
    type: Literal["REQUEST_CONTACT_INFO"]
    text: Filled = None


class Otp(Strict):
    type: Literal["OTP"]
    otp_type: Literal["COPY_CODE", "ONE_TAP", "ZERO_TAP"]
    text: Filled = None
    autofill_text: Filled = None
    zero_tap_terms_accepted: bool = None
    supported_apps: Annotated[list[App], Field(min_length=1, max_length=5)] = None


class Buttons(Strict):
    type: Literal["BUTTONS"]
    buttons: Annotated[
        list[
            Annotated[
                QuickReply | Url | Phone | CopyCode | Flow | Catalog | Call | AskContact | Otp,
                Field(discriminator="type"),
            ]
        ],
        Field(min_length=1, max_length=10),
    ]


class OfferText(Strict):
    text: Filled
    has_expiration: bool = False


class Offer(Strict):
    type: Literal["LIMITED_TIME_OFFER"]
    limited_time_offer: OfferText


class Card(Strict):
    components: list[Annotated[Header | Body | Buttons, Field(discriminator="type")]]


class Carousel(Strict):
    type: Literal["CAROUSEL"]
    cards: Annotated[list[Card], Field(min_length=2, max_length=10)]


Component = Annotated[Header | Body | Footer | Buttons | Offer | Carousel, Field(discriminator="type")]


class _Components(Strict):
    components: Annotated[list[Component], Field(min_length=1)]


class NewTemplate(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,512}$")]
    language: str
    category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"]
    components: list
    parameter_format: Literal["POSITIONAL", "NAMED", "positional", "named"] = "POSITIONAL"
    message_send_ttl_seconds: int = None
    allow_category_change: bool = None  # has no effect any more
    cta_url_link_tracking_opted_out: bool = None


class EditedTemplate(Strict):
    category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"] = None
    components: list = None
    parameter_format: Literal["POSITIONAL", "NAMED", "positional", "named"] = None
    message_send_ttl_seconds: int = None
    cta_url_link_tracking_opted_out: bool = None


# === RULES === #


def check_frame(language, category, ttl):
    if language not in LANGUAGES:
        raise refuse(f"The language {language} is not supported.", title="Unsupported language")
    low, high = TTL[category]
    if ttl is not None and not low <= ttl <= high:
        raise refuse(f"message_send_ttl_seconds of {category} templates must be between {low} and {high}.")


def check_components(components, category, language, named, knows_handle):
    """Check all components; return them as they are kept. ``knows_handle(handle, format)``: is it an upload?"""
    parsed = checked(_Components, {"components": components}).components
    kinds = [component.type for component in parsed]
    if len(set(kinds)) != len(kinds):
        raise refuse("Each type of component can be given once.")
    if "BODY" not in kinds:
        raise refuse("A template needs a component of type BODY.", 2388072)
    by_kind = dict(zip(kinds, parsed, strict=True))
    if category == "AUTHENTICATION":
        _check_authentication(by_kind)
        return _authentication(by_kind, language)
    rules = _Rules(category, named, knows_handle)
    for component in parsed:
        rules.check(component, MAX_BODY)
    _check_together(by_kind)
    return [component.model_dump(exclude_unset=True) for component in parsed]


class _Rules:
    def __init__(self, category, named, knows_handle):
        self.category = category
        self.named = named
        self.knows_handle = knows_handle

    def check(self, component, body_limit):
        check = {
            "HEADER": self._header,
            "BODY": lambda body: self._body(body, body_limit),
            "FOOTER": self._footer,
            "BUTTONS": self._buttons,
            "LIMITED_TIME_OFFER": self._offer,
            "CAROUSEL": self._carousel,
        }[component.type]
        check(component)

    # --- texts ---

    def _header(self, header):
        title = "Message header format is incorrect"
        example = header.example
        if header.format in ("IMAGE", "VIDEO", "DOCUMENT"):
            if header.text is not None:
                raise refuse("A header with a medium has no text.", 2388047, title)
            if example is None or example.header_handle is None:
                raise refuse(
                    f"A header of format {header.format} needs a sample in example.header_handle.", 2388047, title
                )
            if not self.knows_handle(example.header_handle[0], header.format):
                raise refuse("example.header_handle is no handle of an uploaded file of that kind.", 2388047, title)
            return
        if header.format != "TEXT":
            return
        if not header.text or not header.text.strip():
            raise refuse("A header of format TEXT needs a text.", 2388047, title)
        _check_length("The header", header.text, MAX_HEADER)
        if re.search(r"[\n*_~`]", VARIABLE.sub("", header.text)) or emoji.emoji_count(header.text):
            raise refuse("The header can't have line breaks, emoji or formatting signs.", 2388047, title)
        names = self._names(header.text, 2388047)
        if len(names) > 1:
            raise refuse("The header can have one variable at most.", 2388047, title)
        if names:
            positional = example and example.header_text
            self._examples(names, positional, example and example.header_text_named_params, "header", 2388047)

    def _body(self, body, limit):
        if not body.text or not body.text.strip():
            raise refuse("The body needs a text.", 2388072)
        _check_length("The body", body.text, limit)
        names = self._names(body.text, 2388072)
        if not names:
            return
        text = body.text.strip()
        if re.match(VARIABLE, text) or re.search(VARIABLE.pattern + r"$", text):
            raise refuse("Variables can't be at the start or end of the template.", 2388299,
                         "Variables can't be at the start or end")  # fmt: skip
        if re.search(r"\}\}\s*\{\{", text):
            raise refuse("Variables can't stand next to each other.", 2388072)
        if len(re.findall(r"\{\{\s*\w+\s*\}\}|[^\W\d_][\w\u0900-\u097f]*", text)) < 2 * len(names) + 1:
            raise refuse("This template has too many variables for its length. Reduce the number of variables or "
                         "increase the message length.", 2388293, "Too many variables")  # fmt: skip
        example = body.example
        positional = example and example.body_text and example.body_text[0]
        self._examples(names, positional, example and example.body_text_named_params, "body", 2388072)

    def _footer(self, footer):
        if not footer.text or not footer.text.strip() or footer.code_expiration_minutes is not None:
            raise refuse("The footer needs a text.", 2388073)
        _check_length("The footer", footer.text, MAX_FOOTER)
        if "{{" in footer.text or "\n" in footer.text or re.search(r"([*_~`])\S.*\1", footer.text):
            raise refuse("The footer can't have variables, line breaks or formatting.", 2388073)

    def _names(self, text, subcode):
        """Return the variables of a text, whose form must be right."""
        names = variables(text)
        rest = VARIABLE.sub("", text)
        if "{{" in rest or "}}" in rest:
            raise refuse("A variable has the form {{1}} or {{name}}.", subcode)
        if self.named:
            wrong = [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
            if wrong:
                raise refuse(f"The variable {wrong[0]} must have lower-case letters, digits and _ only.", subcode)
        elif sorted(names) != sorted(str(number + 1) for number in range(len(names))):
            raise refuse("Variables are numbered {{1}}, {{2}} and so on.", subcode)
        return names

    def _examples(self, names, positional, by_name, where, subcode):
        if self.named:
            given = [example.param_name for example in by_name or []]
            if sorted(given) != sorted(names):
                raise refuse(f"The {where} needs an example for each of its variables, by name.", subcode)
        elif len(positional or []) != len(names):
            raise refuse(f"The {where} needs an example for each of its variables.", subcode)

    # --- buttons ---

    def _buttons(self, component):
        buttons = component.buttons
        kinds = [button.type for button in buttons]
        for kind, most in MOST.items():
            if Counter(kinds)[kind] > most:
                raise refuse(f"There can be {most} button(s) of type {kind} at most.")
        if "OTP" in kinds:
            raise refuse("Buttons of type OTP are for authentication templates only.")
        quick = [kind == "QUICK_REPLY" for kind in kinds]
        if sum(before != after for before, after in itertools.pairwise(quick)) > 1:
            raise refuse("Quick replies must stand together, before or after the other buttons.")
        labels = [button.text for button in buttons if getattr(button, "text", None)]
        for text in labels:
            _check_length("The text of a button", text, MAX_LABEL)
            if emoji.emoji_count(text) or "{{" in text or "\n" in text:
                raise refuse("The text of a button can't have variables, emoji or line breaks.")
        if len(set(labels)) != len(labels):
            raise refuse("The texts of the buttons must differ.")
        for button in buttons:
            self._button(button)

    def _button(self, button):
        if button.type == "URL":
            names = variables(button.url)
            if names and (names != ["1"] or not button.url.endswith("{{1}}") or button.url.count("{{") != 1):
                raise refuse("The URL of a button can have one variable, {{1}}, at its end.")
            if names and not button.example:
                raise refuse("A button whose URL has a variable needs an example.")
        elif button.type == "COPY_CODE":
            _check_length("A code", button.example, MAX_CODE)
        elif button.type == "FLOW" and (button.flow_id is None) == (button.flow_name is None):
            raise refuse("A button of type FLOW needs either flow_id or flow_name.")
        elif button.type in ("CATALOG", "MPM") and self.category != "MARKETING":
            raise refuse(f"Buttons of type {button.type} are for marketing templates only.")

    # --- offer and carousel ---

    def _offer(self, offer):
        if self.category != "MARKETING":
            raise refuse("A limited-time offer is for marketing templates only.")
        _check_length("The text of the offer", offer.limited_time_offer.text, 16)

    def _carousel(self, carousel):
        shapes = []
        for card in carousel.cards:
            kinds = [component.type for component in card.components]
            if kinds.count("HEADER") != 1 or kinds.count("BUTTONS") != 1 or kinds.count("BODY") > 1:
                raise refuse("A card has one header, one body and one or two buttons.")
            by_kind = dict(zip(kinds, card.components, strict=True))
            if by_kind["HEADER"].format not in ("IMAGE", "VIDEO", "PRODUCT") or len(by_kind["BUTTONS"].buttons) > 2:
                raise refuse("A card has a picture, video or product as header, and one or two buttons.")
            for component in card.components:
                self.check(component, MAX_CARD_BODY)
            buttons = [button.type for button in by_kind["BUTTONS"].buttons]
            shapes.append((by_kind["HEADER"].format, "BODY" in kinds, buttons))
        if any(shape != shapes[0] for shape in shapes):
            raise refuse("All cards of a carousel must have the same kinds of header and buttons.")


def _check_length(what, text, limit):
    if length(text) > limit:
        raise refuse(f"{what} has more than {limit} characters.", 2388040, "Character Limit Exceeded")


def _check_together(by_kind):
    if "CAROUSEL" in by_kind and set(by_kind) != {"BODY", "CAROUSEL"}:
        raise refuse("Next to a carousel there is a body only.")
    if "LIMITED_TIME_OFFER" in by_kind and "FOOTER" in by_kind:
        raise refuse("A template with a limited-time offer has no footer.")


def _check_authentication(by_kind):
    if not set(by_kind) <= {"BODY", "FOOTER", "BUTTONS"} or "BUTTONS" not in by_kind:
        raise refuse("An authentication template has a body, a button and perhaps a footer.")
    buttons = by_kind["BUTTONS"].buttons
    if len(buttons) != 1 or buttons[0].type != "OTP":
        raise refuse("An authentication template has one button of type OTP.")
    footer = by_kind.get("FOOTER")
    if by_kind["BODY"].text is not None or (footer and footer.text is not None):
        raise refuse("The texts of authentication templates are fixed.", 2388072)
    button = buttons[0]
    if button.otp_type != "COPY_CODE" and not button.supported_apps:
        raise refuse(f"A button of type {button.otp_type} needs supported_apps.")
    if button.otp_type == "ZERO_TAP" and not button.zero_tap_terms_accepted:
        raise refuse("A button of type ZERO_TAP needs zero_tap_terms_accepted.")


def _authentication(by_kind, language):
    """The components with Meta's fixed texts."""
    kept = {kind: component.model_dump(exclude_unset=True) for kind, component in by_kind.items()}
    text, advice = CODE_TEXTS.get(language.partition("_")[0], CODE_TEXTS["en"])
    kept["BODY"]["text"] = f"{text} {advice}" if by_kind["BODY"].add_security_recommendation else text
    minutes = kept.get("FOOTER", {}).get("code_expiration_minutes")
    if minutes:
        kept["FOOTER"]["text"] = f"This code expires in {minutes} minutes."
    kept["BUTTONS"]["buttons"][0].setdefault("text", "Copy code")
    return list(kept.values())


# === REVIEW === #

_PROMOTION = re.compile(r"\b(discount|sale|coupon|promo|offer|% off|rabatt|descuento|oferta)\b|% off", re.I)
_SECRETS = re.compile(r"\b(password|card number|cvv|pin code)\b", re.I)
_SHORTENED = re.compile(r"\b(wa\.me|bit\.ly|t\.co|tinyurl\.com)/", re.I)


def category_by_review(template):
    """Meta files what is promotional under MARKETING, whatever was asked for."""
    return "MARKETING" if template.category == "UTILITY" and _PROMOTION.search(_words(template)) else template.category


def rejection(template):
    """The reason for which the review says no, or None."""
    words = _words(template)
    if _SECRETS.search(words):
        return "SCAM"
    if _SHORTENED.search(words):
        return "INVALID_FORMAT"
    return "INCORRECT_CATEGORY" if template.name.startswith("reject_") else None


def _words(template):
    return json.dumps(template.components, ensure_ascii=False)
