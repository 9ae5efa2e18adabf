"""Message templates as Meta describes them: variables, limits, and components to and from plain values.

Source of limits and shapes: Meta's template reference, November 2026. Keys that are missing or unknown never stop
the reading: a template of a newer kind is shown as far as it is understood.
"""

import re
from datetime import UTC
from typing import NamedTuple
from urllib.parse import quote

NAME_LIMIT = 512
HEADER_LIMIT = 60
BODY_LIMIT = 1024
CARD_BODY_LIMIT = 160
FOOTER_LIMIT = 60
BUTTON_COUNT = 10
BUTTON_LIMIT = 25
URL_COUNT = 2
URL_LIMIT = 2000
PHONE_LIMIT = 20
CODE_LIMIT = 15
CARD_COUNT = (2, 10)
OFFER_LIMIT = 16
PRODUCT_COUNT = 30
SECTION_LIMIT = 24  # title of a list of products

NAME = re.compile(r"^[a-z0-9_]+$")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}", re.ASCII)
_NAMED = re.compile(r"^[a-z][a-z0-9_]*$")
# Meta's list of template languages
LANGUAGES = (
    "af", "sq", "ar", "ar_EG", "ar_AE", "ar_LB", "ar_MA", "ar_QA", "az", "be_BY", "bn", "bn_IN", "bg", "ca", "zh_CN", "zh_HK",
    "zh_TW", "hr", "cs", "da", "prs_AF", "nl", "nl_BE", "en", "en_GB", "en_US", "en_AE", "en_AU", "en_CA", "en_GH", "en_IE",
    "en_IN", "en_JM", "en_MY", "en_NZ", "en_QA", "en_SG", "en_UG", "en_ZA", "et", "fil", "fi", "fr", "fr_BE", "fr_CA", "fr_CH",
    "fr_CI", "fr_MA", "ka", "de", "de_AT", "de_CH", "el", "gu", "ha", "he", "hi", "hu", "id", "ga", "it", "ja", "kn", "kk",
    "rw_RW", "ko", "ky_KG", "lo", "lv", "lt", "mk", "ms", "ml", "mr", "nb", "ps_AF", "fa", "pl", "pt_BR", "pt_PT", "pa", "ro",
    "ru", "sr", "si_LK", "sk", "sl", "es", "es_AR", "es_CL", "es_CO", "es_CR", "es_DO", "es_EC", "es_HN", "es_MX", "es_PA",
    "es_PE", "es_ES", "es_UY", "sw", "sv", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zu",
)  # fmt: skip
MEDIA_HEADERS = ("image", "video", "document")
CARD_HEADERS = ("image", "video")
LOCATION_PARTS = ("latitude", "longitude", "name", "address")
# Meta's button types that we know how to make; by our name
BUTTON_TYPES = {
    "quick_reply": "QUICK_REPLY",
    "url": "URL",
    "phone": "PHONE_NUMBER",
    "copy_code": "COPY_CODE",
    "otp": "OTP",
    "catalog": "CATALOG",
    "mpm": "MPM",
    "flow": "FLOW",
    "voice_call": "VOICE_CALL",
    "request_contact_info": "REQUEST_CONTACT_INFO",
}
_BUTTON_TYPES_BACK = {value: key for key, value in BUTTON_TYPES.items()}


class Slot(NamedTuple):
    """A place in a template that a value goes to: which part, of which card (0: none) and button, under which name."""

    component: str  # "header", "body" or "button"
    card: int
    button: int
    name: str

    @property
    def key(self):
        """A text that stands for the slot in JSON, such as ``body.1`` or ``card2.button0.1``."""
        part = f"button{self.button}" if self.component == "button" else self.component
        return ".".join(([f"card{self.card}"] if self.card else []) + [part, self.name])


# === TEXT === #


def find_variables(text):
    """Return the names of the variables in ``text``, each once, in their order."""
    return list(dict.fromkeys(_VARIABLE.findall(text or "")))


def find_greeted(text):
    """Return the variable that a text greets with, such as the first one in “Hello {{1}}, …”, or ``""``."""
    match = re.match(rf"\W*[^\s{{}}]+(?: [^\s{{}}]+)? {_VARIABLE.pattern} ?[,!:،，！]", text or "")
    return match[1] if match else ""


def is_named(names):
    """Tell whether variables have names in place of numbers."""
    return any(not name.isdecimal() for name in names)


def is_good_name(name):
    return bool(_NAMED.match(name))


def fill(text, values):
    """Return ``text`` with each variable replaced by ``values[name]``; one without a value stays as it is."""
    return _VARIABLE.sub(lambda match: values.get(match[1]) or match[0], text or "")


def clean(value):
    """Return a value as Meta takes it: no line break, no tab, no run of blanks."""
    return " ".join(str(value or "").split())


def clean_url_part(value):
    """Return the end of an address with what must not stand in one encoded."""
    return quote(clean(value), safe="/?=&%#+:,;@-._~!$'()*")


def to_name(text):
    """Return a template name made from what a person typed."""
    return re.sub(r"[^a-z0-9]+", "_", (text or "").lower()).strip("_")[:NAME_LIMIT]


def starts_or_ends_with_variable(text):
    text = (text or "").strip()
    return bool(text) and bool(re.match(rf"^{_VARIABLE.pattern}|.*{_VARIABLE.pattern}$", text, re.ASCII | re.DOTALL))


def has_adjacent_variables(text):
    return bool(re.search(rf"{_VARIABLE.pattern}\s*{_VARIABLE.pattern}", text or "", re.ASCII))


def strip_variables(text):
    """Return ``text`` without its variables."""
    return _VARIABLE.sub("", text or "")


def has_broken_braces(text):
    """Tell whether something is meant as a variable and is none."""
    rest = strip_variables(text)
    return "{{" in rest or "}}" in rest


def count_words(text):
    """Return how many words stand beside the variables."""
    return len(re.findall(r"\w+", _VARIABLE.sub(" ", text or "")))


# === READING === #


def read(data):
    """Return the content of a template of Meta's list as a dict.

    Keys: ``header_type``, ``header_text``, ``body``, ``footer``, ``has_security_note``, ``expiry_minutes``, ``buttons``,
    ``cards`` (each with ``header_type``, ``body``, ``buttons``), ``offer_text``, ``offer_ends``, ``extra`` (components of kinds we don't know) and
    ``samples`` ({slot: text}).
    """
    content = _empty()
    for component in map(_dict, _list(data.get("components"))):
        kind = _text(component.get("type")).upper()
        if kind == "CAROUSEL":
            cards = [
                _read_card(_dict(card), number, content["samples"])
                for number, card in enumerate(_list(component.get("cards")), 1)
            ]
            if all(card["header_type"] in CARD_HEADERS for card in cards):
                content["cards"] = cards
            else:  # such as cards that show products
                content["extra"].append(component)
        elif not _read_component(kind, component, content, 0, content["samples"]):
            content["extra"].append(component)
    return content


def _empty():
    return {
        "header_type": "none",
        "header_text": "",
        "body": "",
        "footer": "",
        "has_security_note": False,
        "expiry_minutes": 0,
        "offer_text": "",
        "offer_ends": False,
        "buttons": [],
        "cards": [],
        "extra": [],
        "samples": {},
    }


def _read_card(card, number, samples):
    content = _empty()
    for component in map(_dict, _list(card.get("components"))):
        _read_component(_text(component.get("type")).upper(), component, content, number, samples)
    return {key: content[key] for key in ("header_type", "body", "buttons")}


def _read_component(kind, component, content, card, samples):
    """Put one component into ``content``; tell whether it was understood."""
    example = _dict(component.get("example"))
    if kind == "HEADER":
        header_type = _text(component.get("format")).lower()
        if header_type not in ("text", "location", *MEDIA_HEADERS):
            return False
        content.update(header_type=header_type, header_text=_text(component.get("text")))
        _read_samples(samples, "header", card, content["header_text"], example, "header_text")
    elif kind == "BODY":
        content.update(body=_text(component.get("text")))
        content["has_security_note"] = bool(component.get("add_security_recommendation"))
        _read_samples(samples, "body", card, content["body"], example, "body_text")
    elif kind == "FOOTER":
        content["footer"] = _text(component.get("text"))
        minutes = component.get("code_expiration_minutes")
        content["expiry_minutes"] = minutes if isinstance(minutes, int) else 0
    elif kind == "LIMITED_TIME_OFFER":
        offer = _dict(component.get("limited_time_offer"))
        content.update(offer_text=_text(offer.get("text")), offer_ends=bool(offer.get("has_expiration")))
    elif kind == "BUTTONS":
        for index, button in enumerate(map(_dict, _list(component.get("buttons")))):
            content["buttons"].append(_read_button(button, index, card, samples))
    else:
        return False
    return True


def _read_samples(samples, component, card, text, example, key):
    named = {
        _text(item.get("param_name")): _text(item.get("example"))
        for item in map(_dict, _list(example.get(f"{key}_named_params")))
    }
    values = _list(example.get(key))
    values = values[0] if values and isinstance(values[0], list) else values
    for position, name in enumerate(find_variables(text)):
        sample = named.get(name) or (_text(values[position]) if position < len(values) else "")
        if sample:
            samples[Slot(component, card, 0, name)] = sample


def _read_button(button, index, card, samples):
    kind = _text(button.get("type")).upper()
    example = button.get("example")
    example = _text(example[0] if isinstance(example, list) and example else example)
    url = _text(button.get("url"))
    for name in find_variables(url):
        samples[Slot("button", card, index, name)] = example.removeprefix(_VARIABLE.split(url)[0])
    if kind == "COPY_CODE" and example:
        samples[Slot("button", card, index, "code")] = example
    return {
        "kind": _BUTTON_TYPES_BACK.get(kind, "other"),
        "text": _text(button.get("text")),
        "url": url,
        "phone": _text(button.get("phone_number")),
        "raw": button,
    }


# === WRITING === #


def write_text_component(kind, text, named, samples, **extra):
    """Return a HEADER or BODY component with its samples.

    :param samples: ``{name: text}`` of the variables in ``text``
    """
    component = {"type": kind, "text": text, **extra}
    names = find_variables(text)
    key = "header_text" if kind == "HEADER" else "body_text"
    if names and named:
        component["example"] = {
            f"{key}_named_params": [{"param_name": name, "example": samples.get(name, "")} for name in names]
        }
    elif names:
        values = [samples.get(name, "") for name in names]
        component["example"] = {key: values if kind == "HEADER" else [values]}
    return component


def write_button(kind, text, url="", phone="", samples=None, raw=None):
    """Return a button as Meta wants it when a template is created."""
    if kind == "url":
        button = {"type": "URL", "text": text, "url": url}
        if find_variables(url):
            button["example"] = [fill(url, samples or {})]
        return button
    if kind == "phone":
        return {"type": "PHONE_NUMBER", "text": text, "phone_number": phone}
    if kind == "copy_code":
        return {"type": "COPY_CODE", "example": (samples or {}).get("code", "")}
    if kind == "otp":
        return {"type": "OTP", "otp_type": "COPY_CODE", **({"text": text} if text else {})}
    if kind in ("quick_reply", "catalog", "mpm", "voice_call", "request_contact_info"):
        return {"type": BUTTON_TYPES[kind], "text": text}
    return dict(raw or {}, text=text)


def write_offer(text, ends):
    return {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": text, "has_expiration": bool(ends)}}


def to_milliseconds(date):
    """Return a naive UTC ``date`` as Unix time in milliseconds, as offers end."""
    return int(date.replace(tzinfo=UTC).timestamp() * 1000)


def _dict(value):
    return value if isinstance(value, dict) else {}


def _list(value):
    return value if isinstance(value, list) else []


def _text(value):
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""
