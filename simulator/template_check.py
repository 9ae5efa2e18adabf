"""Does a message fit its template? Meta's refusals (§6.4, §9.3), and what the customer sees if it does."""

import re

from .errors import GraphError
from .strict import length

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
MAX_BODY = 1024
MAX_CODE = 15  # of coupons and one-time codes
NOT_SENDABLE = {
    "PAUSED": (132015, "Template is paused due to low quality so it cannot be sent in a template message."),
    "DISABLED": (132016, "Template is disabled due to low quality and can never be sent again."),
}
# type of a template's button: (sub_type of the message's component, type of its parameter)
BUTTONS = {
    "QUICK_REPLY": ("quick_reply", "payload"),
    "URL": ("url", "text"),
    "COPY_CODE": ("copy_code", "coupon_code"),
    "OTP": ("url", "text"),
    "FLOW": ("flow", "action"),
    "CATALOG": ("catalog", "action"),
    "MPM": ("mpm", "action"),
    "VOICE_CALL": ("voice_call", "payload"),
}


def variables(text):
    """The names in a text, each once, in order of appearance."""
    return list(dict.fromkeys(VARIABLE.findall(text or "")))


def fill(text, values):
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text or "")


def find(templates, content):
    """Return the template that a message names; raises 132001, 132015 or 132016."""
    named = [template for template in templates if template.name == content.name]
    code = content.language.code
    template = next((template for template in named if template.language == code), None)
    if template is None:
        raise GraphError(132001, f"template name ({content.name}) does not exist in {code}")
    if template.status in NOT_SENDABLE:
        raise GraphError(*NOT_SENDABLE[template.status])
    if template.status != "APPROVED":
        raise GraphError(132001, f"template name ({content.name}) is not approved in {code}: it is {template.status}")
    return template


def check(template, content, now):
    """Compare parameters with the template; return what the phone shows. ``now``: Unix time."""
    return _Part(template, template.components, content.components, "").checked(now)


class _Part:
    """A template, or one card of its carousel, with the components that were sent for it."""

    def __init__(self, template, definition, sent, where):
        self.template = template
        self.where = where  # prefix of error details
        self.definition = {component["type"]: component for component in definition}
        self.buttons = self.definition.get("BUTTONS", {}).get("buttons", [])
        self.sent = {}
        self.sent_buttons = {}
        for component in sent:
            if component.type == "button":
                self._take(self.sent_buttons, int(component.index), component, f"button at index {component.index}")
            else:
                self._take(self.sent, component.type, component, component.type)

    def _take(self, taken, key, component, name):
        if key in taken:
            raise GraphError(100, f"{self.where}{name}: the component is given twice.")
        taken[key] = component

    def checked(self, now):
        self._known_components()
        shown = {
            "header": self._header(),
            "body": self._body(),
            "footer": self.definition.get("FOOTER", {}).get("text"),
            "buttons": [self._button(index, button) for index, button in enumerate(self.buttons)],
        }
        for index in self.sent_buttons:
            if index >= len(self.buttons):
                raise self._mismatch(f"button at index {index}", "the template has no such button")
        if "LIMITED_TIME_OFFER" in self.definition:
            shown["offer"] = self._offer(now)
        if "CAROUSEL" in self.definition:
            shown["cards"] = self._cards(now)
        return {key: value for key, value in shown.items() if value}

    def _known_components(self):
        for kind in self.sent:
            if kind.upper() not in self.definition:
                raise GraphError(132000, f"{self.where}{kind}: the template has no such component.")

    # === HEADER === #

    def _header(self):
        header = self.definition.get("HEADER")
        if header is None:
            return None
        component = self.sent.get("header")
        if header["format"] == "TEXT":
            return {"type": "text", "text": self._text("header", header.get("text", ""), component)}
        wanted = header["format"].lower()
        if component is None:
            raise self._mismatch("header", f"Format mismatch, expected {header['format']}, received UNKNOWN")
        if len(component.parameters) != 1:
            raise self._count("header", len(component.parameters), 1)
        parameter = component.parameters[0]
        if parameter.type != wanted:
            raise self._mismatch(
                "header", f"Format mismatch, expected {header['format']}, received {parameter.type.upper()}"
            )
        return {"type": wanted, wanted: getattr(parameter, wanted).model_dump(exclude_unset=True)}

    # === TEXT === #

    def _body(self):
        body = self.definition.get("BODY", {})
        text = self._text("body", body.get("text") or "", self.sent.get("body"))
        if length(text) > MAX_BODY:
            raise GraphError(132005, f"{self.where}body: the text has {length(text)} characters when filled in.")
        return text

    def _text(self, name, text, component):
        """Fill a text in; every variable needs its parameter and every parameter its variable."""
        names = variables(text)
        parameters = component.parameters if component else []
        for parameter in parameters:
            if not hasattr(parameter, "value"):
                raise self._mismatch(name, f"Format mismatch, expected TEXT, received {parameter.type.upper()}")
            self._check_value(name, parameter.value)
        if len(parameters) != len(names):
            raise self._count(name, len(parameters), len(names))
        return fill(text, self._values(name, names, parameters))

    def _values(self, name, names, parameters):
        given = [parameter.parameter_name for parameter in parameters]
        if self.template.parameter_format != "NAMED":
            if any(given):
                raise GraphError(100, f"{self.where}{name}: the template has no named parameters.")
            # the first parameter is for {{1}}, wherever that stands in the text
            return dict(zip(sorted(names, key=int), [parameter.value for parameter in parameters], strict=True))
        if not all(given):
            raise GraphError(100, f"{self.where}{name}: Parameter name is missing or empty.")
        if set(given) != set(names):
            unknown = ", ".join(sorted(set(given) - set(names))) or "given twice"
            raise GraphError(132000, f"{self.where}{name}: parameter names don't match the template: {unknown}.")
        return {parameter.parameter_name: parameter.value for parameter in parameters}

    def _check_value(self, name, value):
        if not value.strip():
            raise GraphError(131008, f"{self.where}{name}: a parameter of type text is missing its text value.")
        if re.search(r"[\n\r\t]| {5,}", value):
            raise GraphError(
                132018,
                f"{self.where}{name}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces.",
            )

    # === BUTTONS === #

    def _button(self, index, button):
        kind = button["type"]
        shown = {"type": kind, "text": button.get("text", "")}
        component = self.sent_buttons.get(index)
        where = f"button at index {index}"
        if component is None:
            if self._needs_parameter(button):
                raise GraphError(131008, f"{self.where}{where} of type {kind} requires a parameter.")
        else:
            self._check_button(where, button, component)
        value = component and component.parameters[0]
        return shown | self._effect(button, value)

    def _needs_parameter(self, button):
        if button["type"] == "URL":
            return bool(variables(button["url"]))
        return button["type"] in ("COPY_CODE", "OTP", "FLOW", "MPM")

    def _check_button(self, where, button, component):
        sub_type, parameter_type = BUTTONS.get(button["type"], (None, None))
        if component.sub_type != sub_type:
            raise self._mismatch(where, f"expected {button['type']}, received {component.sub_type.upper()}")
        if len(component.parameters) != 1:
            raise self._count(where, len(component.parameters), 1)
        parameter = component.parameters[0]
        if parameter.type != parameter_type:
            raise self._mismatch(where, f"expected a parameter of type {parameter_type}, received {parameter.type}")
        if button["type"] == "URL" and not variables(button["url"]):
            raise self._count(where, 1, 0)
        if parameter.type == "text":
            self._check_value(where, parameter.text)
            if parameter.parameter_name is not None or re.search(r"\s", parameter.text):
                raise GraphError(100, f"{self.where}{where}: the text is the end of a URL, without blanks and name.")
        if button["type"] == "OTP":
            self._check_code(where, parameter.text)
        if parameter.type == "payload" and length(parameter.payload) > 256:
            raise GraphError(100, f"{self.where}{where}: the payload has more than 256 characters.")
        if parameter.type == "coupon_code" and length(parameter.coupon_code) > MAX_CODE:
            raise GraphError(100, f"{self.where}{where}: the coupon code has more than {MAX_CODE} characters.")
        if button["type"] == "MPM" and not {"thumbnail_product_retailer_id", "sections"} <= parameter.action.keys():
            raise GraphError(131008, f"{self.where}{where}: action needs thumbnail_product_retailer_id and sections.")

    def _check_code(self, where, code):
        body = self.sent.get("body")
        if length(code) > MAX_CODE:
            raise GraphError(100, f"{self.where}{where}: the code has more than {MAX_CODE} characters.")
        if body is None or body.parameters[0].value != code:
            raise GraphError(132012, f"{self.where}{where}: the code must be the same as in the body.")

    def _effect(self, button, parameter):
        """What a tap on the button does."""
        kind = button["type"]
        if kind == "URL":
            return {"url": VARIABLE.sub(lambda _match: parameter.text, button["url"])}
        if kind == "PHONE_NUMBER":
            return {"phone_number": button["phone_number"]}
        if kind == "QUICK_REPLY":
            return {"payload": parameter.payload if parameter else button["text"]}
        if kind == "COPY_CODE":
            return {"code": parameter.coupon_code}
        if kind == "OTP":
            return {"code": parameter.text, "text": button.get("text") or "Copy code"}
        if kind == "FLOW":
            return {"flow_token": (parameter.action.get("flow_token") if parameter else None) or "unused"}
        return {}

    # === OFFER AND CAROUSEL === #

    def _offer(self, now):
        offer = self.definition["LIMITED_TIME_OFFER"]["limited_time_offer"]
        component = self.sent.get("limited_time_offer")
        if not offer.get("has_expiration"):
            return {"text": offer["text"]}
        if component is None:
            raise GraphError(131008, f"{self.where}limited_time_offer requires expiration_time_ms.")
        ends = component.parameters[0].limited_time_offer.expiration_time_ms
        if ends <= now * 1000:
            raise GraphError(
                100, f"{self.where}limited_time_offer: expiration_time_ms is over (Unix time in milliseconds)."
            )
        return {"text": offer["text"], "ends": ends / 1000}

    def _cards(self, now):
        defined = self.definition["CAROUSEL"]["cards"]
        component = self.sent.get("carousel")
        sent = component.cards if component else []
        if len(sent) != len(defined):
            raise self._count("carousel cards", len(sent), len(defined))
        if sorted(card.card_index for card in sent) != list(range(len(defined))):
            raise GraphError(100, "carousel: card_index counts the cards from 0, each once.")
        by_index = {card.card_index: card.components for card in sent}
        return [
            _Part(self.template, card["components"], by_index[index], f"carousel card {index}: ").checked(now)
            for index, card in enumerate(defined)
        ]

    # === ERRORS === #

    def _count(self, name, given, wanted):
        return GraphError(
            132000,
            f"{self.where}{name}: number of localizable_params ({given}) does not match the expected number of "
            f"params ({wanted})",
        )

    def _mismatch(self, name, text):
        return GraphError(132012, f"{self.where}{name}: {text}")
