"""Messages with more than text, as the Graph API wants them: checked against WhatsApp's limits, with sentences for people.

Each builder takes what a person has entered (a dictionary of plain values) and returns ``(type, content, text)``: the API's
type, the object under that type's key, and what the message says as text. Limits are Meta's (Cloud API, November 2026), in
characters as ``text_format.get_length`` counts them.
"""

import math
import secrets

from odoo.tools.translate import LazyTranslate

from . import phone
from .text_format import get_length

_lt = LazyTranslate(__name__)

BODY_LIMIT = 1024
LIST_BODY_LIMIT = 4096
HEADER_LIMIT = FOOTER_LIMIT = 60
BUTTON_LIMIT = 20  # of a button's title, of what opens a list, of a link's label
BUTTONS_LIMIT = 3
ROWS_LIMIT = 10
ROW_TITLE_LIMIT = SECTION_TITLE_LIMIT = 24
ROW_DESCRIPTION_LIMIT = 72
PRODUCTS_LIMIT = 30
URL_LIMIT = 2000
PLACE_LIMIT = 1000


class InvalidContent(Exception):
    """What was entered can't be sent; holds a lazily translated sentence."""

    def get_text(self, env):
        """Return the sentence in the user's language."""
        return env._(self.args[0])


def build(kind, values):
    """Return ``(type, content, text)`` of a message of ``kind``, a key of ``BUILDERS``; or raise InvalidContent."""
    if kind not in BUILDERS or not isinstance(values, dict):
        raise InvalidContent(_lt("WhatsApp has no message of this kind."))
    return BUILDERS[kind](values)


def _build_location(values):
    latitude, longitude = _number(values.get("latitude"), 90), _number(values.get("longitude"), 180)
    if latitude is None or longitude is None:
        raise InvalidContent(
            _lt(
                "Enter the place as latitude (-90 to 90) and longitude (-180 to 180), for instance 12.9716 and 77.5946."
            )
        )
    name, address = (
        _line(values, "name", _lt("Name"), PLACE_LIMIT),
        _line(values, "address", _lt("Address"), PLACE_LIMIT),
    )
    content = {"latitude": latitude, "longitude": longitude}
    content |= {key: value for key, value in (("name", name), ("address", address)) if value}
    return "location", content, "\n".join(filter(None, [f"📍 {name}".strip(), address, f"{latitude}, {longitude}"]))


def _build_contacts(values):
    people = values.get("people")
    if not isinstance(people, list) or not people:
        raise InvalidContent(_lt("Choose at least one contact."))
    cards = []
    for person in people:
        phones = [_contact_phone(number) for number in person.get("phones", ()) if number]
        if not phones and not person.get("email"):
            raise InvalidContent(
                _lt(
                    "%(name)s has neither a phone number nor an e-mail address: there is nothing to pass on.",
                    name=person.get("name"),
                )
            )
        first, _blank, last = person["name"].partition(" ")
        name = {"formatted_name": person["name"], "first_name": first} | ({"last_name": last} if last else {})
        card = {"name": name, "phones": phones}
        if person.get("email"):
            card["emails"] = [{"email": person["email"], "type": "WORK"}]
        if person.get("company"):
            card["org"] = {"company": person["company"]}
        cards.append(card)
    return "contacts", cards, "\n".join(f"👤 {person['name']}" for person in people)


def _contact_phone(number):
    entry = {"phone": number, "type": "WORK"}
    # Digits with country code make the card's Message button; a number without one would lead to a stranger.
    return entry | {"wa_id": phone.to_digits(number)} if number.strip().startswith("+") else entry


def _build_buttons(values):
    titles = [title.strip() for title in _texts(values.get("buttons")) if title.strip()]
    if not 1 <= len(titles) <= BUTTONS_LIMIT:
        raise InvalidContent(
            _lt("WhatsApp takes 1 to %(limit)s buttons; for more choices send a list.", limit=BUTTONS_LIMIT)
        )
    if len(set(titles)) < len(titles):
        raise InvalidContent(_lt("Two buttons have the same title: the customer could not tell them apart."))
    for title in titles:
        _check(title, _lt("Button"), BUTTON_LIMIT)
    key = secrets.token_hex(4)  # old buttons stay tappable: an answer says which message it belongs to
    buttons = [
        {"type": "reply", "reply": {"id": f"{key}:{number}", "title": title}} for number, title in enumerate(titles, 1)
    ]
    return _interactive("button", values, {"buttons": buttons})


def _build_list(values):
    key, sections, total = secrets.token_hex(4), [], 0
    for section in _dicts(values.get("sections")):
        rows = []
        for row in _dicts(section.get("rows")):
            title = _line(row, "title", _lt("Row"), ROW_TITLE_LIMIT)
            description = _line(row, "description", _lt("Description"), ROW_DESCRIPTION_LIMIT)
            if not title and description:
                raise InvalidContent(_lt("A row has a description and no title."))
            if title:
                total += 1
                rows.append(
                    {"id": f"{key}:{total}", "title": title} | ({"description": description} if description else {})
                )
        title = _line(section, "title", _lt("Section"), SECTION_TITLE_LIMIT)
        if rows:
            sections.append(({"title": title} if title else {}) | {"rows": rows})
    if not 1 <= total <= ROWS_LIMIT:
        raise InvalidContent(
            _lt("A list has 1 to %(limit)s rows in all; this one has %(total)s.", limit=ROWS_LIMIT, total=total)
        )
    if len(sections) > 1 and not all(section.get("title") for section in sections):
        raise InvalidContent(_lt("With more than one section, each needs a title."))
    opener = _line(values, "opener", _lt("Button"), BUTTON_LIMIT)
    if not opener:
        raise InvalidContent(_lt("The button that opens the list needs a title."))
    return _interactive("list", values, {"button": opener, "sections": sections}, LIST_BODY_LIMIT)


def _build_link(values):
    label, url = _line(values, "label", _lt("Label"), BUTTON_LIMIT), _line(values, "url", _lt("Link"), URL_LIMIT)
    if not label:
        raise InvalidContent(_lt("The link button needs a label."))
    if not url.startswith(("https://", "http://")) or " " in url or len(url) < 11:
        raise InvalidContent(_lt("The link must begin with https:// and hold no blanks."))
    action = {"name": "cta_url", "parameters": {"display_text": label, "url": url}}
    return _interactive("cta_url", values, action)


def _build_location_request(values):
    return _interactive("location_request_message", {"body": values.get("body")}, {"name": "send_location"})


def _build_products(values):
    catalog = _line(values, "catalog", _lt("Catalogue"), 128)
    products = [product.strip() for product in _texts(values.get("products")) if product.strip()]
    if not catalog:
        raise InvalidContent(
            _lt("This number has no catalogue yet. An administrator enters its id in the number's settings.")
        )
    if not 1 <= len(products) <= PRODUCTS_LIMIT:
        raise InvalidContent(_lt("Choose 1 to %(limit)s products.", limit=PRODUCTS_LIMIT))
    if len(products) == 1:
        return _interactive(
            "product", values, {"catalog_id": catalog, "product_retailer_id": products[0]}, is_optional=True
        )
    if not _line(values, "header", _lt("Header"), HEADER_LIMIT):
        raise InvalidContent(_lt("Several products need a header."))
    section = {"title": values["header"].strip()[:SECTION_TITLE_LIMIT]}
    section["product_items"] = [{"product_retailer_id": product} for product in products]
    return _interactive("product_list", values, {"catalog_id": catalog, "sections": [section]})


def _build_flow(values):
    flow, label = _line(values, "flow", _lt("Flow"), 128), _line(values, "label", _lt("Label"), BUTTON_LIMIT)
    if not flow or not label:
        raise InvalidContent(_lt("A form needs the id of its flow at WhatsApp, and a label for its button."))
    parameters = {"flow_message_version": "3", "flow_id": flow, "flow_cta": label, "flow_token": secrets.token_hex(8)}
    return _interactive("flow", values, {"name": "flow", "parameters": parameters})


def get_reply_content(text, choices, opener):
    """Return the interactive object of a text with a few choices: buttons, or a list when they are more than buttons allow.

    :param choices: ``[(id, title)]``
    :param opener: what the button says that opens a list
    """
    if len(choices) <= BUTTONS_LIMIT and get_length(text) <= BODY_LIMIT:
        buttons = [{"type": "reply", "reply": {"id": key, "title": title}} for key, title in choices]
        return {"type": "button", "action": {"buttons": buttons}, "body": {"text": text}}
    rows = [{"id": key, "title": title} for key, title in choices]
    return {"type": "list", "action": {"button": opener, "sections": [{"rows": rows}]}, "body": {"text": text}}


def add_choice(text, message_type, content, key, title, opener):
    """Return ``(type, content)`` of a message with one more choice; one that has it, or can have none, stays as it is.

    :param text: what the message says, which becomes the text above the choices
    """
    if message_type == "text":
        return "interactive", get_reply_content(text, [(key, title)], opener)
    action = (content or {}).get("action", {}) if message_type == "interactive" else {}
    choices = [(button["reply"]["id"], button["reply"]["title"]) for button in action.get("buttons", ())]
    rows = [row for section in action.get("sections", ()) for row in section.get("rows", ())]
    if key in (known for known, _title in choices) or any(row.get("id") == key for row in rows):
        return message_type, content
    if choices:
        extended = get_reply_content(content["body"]["text"], [*choices, (key, title)], opener)
        return message_type, {**content, **extended}
    if rows and len(rows) < ROWS_LIMIT and content["type"] == "list":
        *sections, last = action["sections"]
        sections = [*sections, {**last, "rows": [*last["rows"], {"id": key, "title": title}]}]
        return message_type, {**content, "action": {**action, "sections": sections}}
    return message_type, content


BUILDERS = {
    "location": _build_location,
    "contacts": _build_contacts,
    "buttons": _build_buttons,
    "list": _build_list,
    "link": _build_link,
    "location_request": _build_location_request,
    "products": _build_products,
    "flow": _build_flow,
}


def _interactive(kind, values, action, body_limit=BODY_LIMIT, is_optional=False):
    body = values.get("body").strip() if isinstance(values.get("body"), str) else ""
    if not body and not is_optional:
        raise InvalidContent(_lt("The message needs a text above the choices."))
    _check(body, _lt("Text"), body_limit)
    header, footer = (
        _line(values, "header", _lt("Header"), HEADER_LIMIT),
        _line(values, "footer", _lt("Footer"), FOOTER_LIMIT),
    )
    content = {"type": kind, "action": action}
    if header and kind != "product":
        content["header"] = {"type": "text", "text": header}
    if body:
        content["body"] = {"text": body}
    if footer:
        content["footer"] = {"text": footer}
    return "interactive", content, "\n".join(filter(None, [header and f"*{header}*", body])) or "🏷️"


def _line(values, name, label, limit):
    """Return a text of one line, checked."""
    value = values.get(name) if isinstance(values, dict) else None
    text = " ".join(value.split()) if isinstance(value, str) else ""
    _check(text, label, limit)
    return text


def _check(text, label, limit):
    length = get_length(text)
    if length > limit:
        raise InvalidContent(
            _lt(
                "“%(label)s” has %(length)s characters; WhatsApp takes at most %(limit)s.",
                label=label,
                length=length,
                limit=limit,
            )
        )


def _texts(value):
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _dicts(value):
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(value, limit):
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= limit else None
