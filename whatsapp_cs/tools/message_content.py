"""What customers' messages hold beside text: read from Meta's objects into small, checked dictionaries.

Every key of Meta's may be missing or of another type than expected, and every text was typed by somebody: a *card* holds
only what was found, of bounded size. The client draws it (``static/src/core/common/message_card``), in the user's language;
``get_text`` says the same in plain text, for lists, search, notifications and rules.
"""

import json
from urllib.parse import quote

MEDIA_TYPES = ("image", "video", "audio", "document", "sticker")
# They change or comment an earlier message and are shown there
ACTION_TYPES = ("reaction", "edit", "revoke")
TEXT_LIMIT = 4096  # characters kept of one text
LIST_LIMIT = 50  # entries kept of one list

_ICONS = {"image": "📷", "video": "🎬", "audio": "🎧", "voice": "🎤", "document": "📄", "sticker": "🏷️"}


def get_part(item):
    """Return what ``item`` has under the name of its type: a dictionary, or a list; ``{}`` when there is neither."""
    part = item.get(item["type"]) if isinstance(item.get("type"), str) else None
    return part if isinstance(part, (dict, list)) else {}


def get_target(item):
    """Return the id of the message that ``item`` reacts to, edits or takes back, ``""`` when it names none."""
    part = _dict(get_part(item))
    return _text(part.get("message_id") or part.get("original_message_id"))[:512]


def get_card(item):
    """Return what is to be drawn for a message, or None for one of plain text."""
    part, kind = get_part(item), _text(item.get("type"))
    if kind == "text":
        return None
    if kind in MEDIA_TYPES:
        return _read_media(kind, _dict(part))
    if kind in _READERS:
        return _READERS[kind](part)
    words = (_text(_dict(part).get(key)) for key in ("body", "caption", "title", "text"))
    text = next(filter(None, words), "")
    return {"kind": "unknown", "type": kind[:64]} | ({"text": _clip(text)} if text else {})


def get_sent_card(kind, content):
    """Return what is to be drawn for a message of ours, from the API's object under its type; None where the text says all."""
    if kind == "interactive":
        return _read_sent_interactive(_dict(content))
    if kind == "template":
        return {"kind": "template", **_texts(content, name="name", language=("language", "code"))}
    if kind in ("location", "contacts"):
        return _READERS[kind](content)
    return None


def get_words(item):
    """Return what the customer wrote or chose, ``""`` when that is nothing: rules and statistics look at it."""
    if item.get("type") == "text":
        return _text(_dict(get_part(item)).get("body"))
    card = get_card(item)
    return next((card[key] for key in ("caption", "title", "text", "body") if card.get(key)), "")


def get_text(item):
    """Return what a message says in plain text, never nothing but for an empty text message."""
    card = get_card(item)
    if card is None:
        return get_words(item)
    return _clip("\n".join(line for line in _TEXTS[card["kind"]](card) if line)) or "⚠️"


def get_context(item):
    """Return what is known of where a message comes from, ``{}`` when it is an ordinary one.

    ``forwarded`` (``once`` or ``often``), ``product`` ({catalog, id}), ``ad`` (what led to the chat), ``group`` (its id).
    """
    context, referral, found = _dict(item.get("context")), _dict(item.get("referral")), {}
    if context.get("frequently_forwarded") is True:
        found["forwarded"] = "often"
    elif context.get("forwarded") is True:
        found["forwarded"] = "once"
    product = _dict(context.get("referred_product"))
    if product:
        found["product"] = _texts(product, catalog="catalog_id", id="product_retailer_id")
    if referral:
        found["ad"] = _texts(
            referral,
            **{
                name: name
                for name in ("headline", "body", "source_id", "source_type", "ctwa_clid", "media_type", "ref")
            },
            welcome=("welcome_message", "text"),
        )
        for name in ("source_url", "image_url", "video_url", "thumbnail_url"):
            if address := _web_address(referral.get(name)):
                found["ad"][name] = address
    if group := _text(item.get("group_id"))[:512]:
        found["group"] = group
    return found


def get_media(item):
    """Return what is known of a message's file: ``id``, ``mimetype``, ``sha256``, ``filename``; the id may be missing."""
    part = _dict(get_part(item))
    found = _texts(part, id="id", sha256="sha256", filename="filename")
    return found | {"mimetype": get_mimetype(part), "is_voice": part.get("voice") is True}


def get_error_code(item):
    """Return Meta's code for what is wrong with a message, None when it names none."""
    errors = item.get("errors")
    code = _dict(errors[0]).get("code") if isinstance(errors, list) and errors else None
    return code if isinstance(code, int) else None


def get_mimetype(part):
    return _text(_dict(part).get("mime_type"))[:128]


def get_map_url(latitude, longitude):
    """Return a link that shows a place on a map (OpenStreetMap, which needs no key)."""
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


# === READERS: Meta's object → card === #


def _read_media(kind, part):
    card = {"kind": "media", "media": "voice" if kind == "audio" and part.get("voice") is True else kind}
    return card | _texts(part, caption="caption", filename="filename")


def _read_location(part):
    part = _dict(part)
    latitude, longitude = _coordinate(part.get("latitude"), 90), _coordinate(part.get("longitude"), 180)
    card = {"kind": "location", **_texts(part, name="name", address="address")}
    if latitude is not None and longitude is not None:
        card |= {"latitude": latitude, "longitude": longitude, "url": get_map_url(latitude, longitude)}
    return card


def _read_contacts(part):
    people = []
    for entry in _list(part):
        entry = _dict(entry)
        name = _dict(entry.get("name"))
        parts = filter(None, (_text(name.get(key)) for key in ("first_name", "last_name")))
        person = {"name": _clip(_text(name.get("formatted_name")) or " ".join(parts), 256)}
        person["phones"] = [
            _texts(phone, phone="phone", wa_id="wa_id", type="type") for phone in _list(entry.get("phones"))
        ]
        person["emails"] = _values(entry.get("emails"), "email")
        person["urls"] = list(filter(None, map(_web_address, _values(entry.get("urls"), "url"))))
        person |= _texts(_dict(entry.get("org")), company="company", title="title")
        people.append({key: value for key, value in person.items() if value})
    return {"kind": "contacts", "people": people}


def _read_interactive(part):
    part = _dict(part)
    kind = part.get("type")
    reply = _dict(part.get(kind)) if isinstance(kind, str) else {}
    if kind in ("button_reply", "list_reply"):
        return {"kind": "reply", **_texts(reply, id="id", title="title", description="description")}
    if kind == "nfm_reply":
        return {"kind": "form", **_texts(reply, name="name", body="body"), "lines": _get_form_lines(reply)}
    if kind == "call_permission_reply":
        return {"kind": "call_permission", **_texts(reply, response="response")}
    return {"kind": "unknown", "type": f"interactive {_text(kind)}"[:64].strip()}


def _get_form_lines(reply):
    try:
        answers = json.loads(_text(reply.get("response_json")) or "{}")
    except (ValueError, RecursionError):
        return []
    return [
        [_clip(str(name), 128), _clip(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 1024)]
        for name, value in list(_dict(answers).items())[:LIST_LIMIT]
        if name != "flow_token"
    ]


def _read_button(part):
    return {"kind": "reply", **_texts(_dict(part), id="payload", title="text")}


def _read_order(part):
    part = _dict(part)
    lines, total, currencies = [], 0.0, set()
    for entry in _list(part.get("product_items")):
        entry = _dict(entry)
        quantity, price = _number(entry.get("quantity")), _number(entry.get("item_price"))
        currency = _text(entry.get("currency"))[:8]
        lines.append(
            {
                "product": _clip(_text(entry.get("product_retailer_id")), 128),
                "quantity": quantity,
                "price": price,
                "currency": currency,
            }
        )
        total += quantity * price
        currencies.add(currency)
    card = {"kind": "order", **_texts(part, text="text", catalog="catalog_id"), "lines": lines}
    if len(currencies) == 1:
        card |= {"total": round(total, 2), "currency": currencies.pop()}
    return card


def _read_unsupported(part):
    return {"kind": "unsupported", **_texts(_dict(part), type="type")}


def _read_system(part):
    return {"kind": "system", **_texts(_dict(part), type="type", body="body")}


def _read_reaction(part):
    return {"kind": "reaction", **_texts(_dict(part), emoji="emoji")}


def _read_edit(part):
    new = _dict(_dict(part).get("message"))
    return {"kind": "edit", "text": _clip(get_words(new)) if new.get("type") != "edit" else ""}


def _read_revoke(_part):
    return {"kind": "revoke"}


def _read_sent_interactive(content):
    action = _dict(content.get("action"))
    parameters = _dict(action.get("parameters"))
    card = {"kind": "buttons", **_texts(content, header=("header", "text"), footer=("footer", "text"), type="type")}
    replies = (_dict(_dict(button).get("reply")) for button in _list(action.get("buttons")))
    titles = [_text(reply.get("title")) for reply in replies]
    sections = [
        {
            **_texts(section, title="title"),
            "rows": [
                _texts(row, title="title", description="description") for row in _list(_dict(section).get("rows"))
            ],
        }
        for section in _list(action.get("sections"))
    ]
    card |= _texts(action, opener="button") | _texts(parameters, link="display_text")
    if url := _web_address(parameters.get("url")):
        card["url"] = url
    return card | {key: value for key, value in (("buttons", titles), ("sections", sections)) if value}


def _read_call(part):
    return {"kind": "call", **_texts(_dict(part), direction="direction", status="status", event="event")}


_READERS = {
    "location": _read_location,
    "contacts": _read_contacts,
    "interactive": _read_interactive,
    "button": _read_button,
    "order": _read_order,
    "unsupported": _read_unsupported,
    "system": _read_system,
    "call": _read_call,
    "reaction": _read_reaction,
    "edit": _read_edit,
    "revoke": _read_revoke,
}

# === PLAIN TEXT OF A CARD === #


def _describe_contact(person):
    return " · ".join(filter(None, [person.get("name"), *(phone.get("phone") for phone in person.get("phones", ()))]))


_TEXTS = {
    "media": lambda card: [card.get("caption") or f"{_ICONS[card['media']]} {card.get('filename', '')}".strip()],
    "location": lambda card: [f"📍 {card.get('name', '')}".strip(), card.get("address"), card.get("url")],
    "contacts": lambda card: [f"👤 {_describe_contact(person)}".strip() for person in card["people"]],
    "reply": lambda card: [card.get("title"), card.get("description")],
    "form": lambda card: [f"📝 {card.get('body', '')}".strip(), *(f"{name}: {value}" for name, value in card["lines"])],
    "order": lambda card: [
        f"🛒 {card.get('text', '')}".strip(),
        *(f"{line['quantity']:g} × {line['product']} ({line['price']:g} {line['currency']})" for line in card["lines"]),
    ],
    "call_permission": lambda _card: ["📞"],
    "call": lambda _card: ["📞"],
    "unsupported": lambda _card: [],
    "unknown": lambda card: [card.get("text")],
    "system": lambda card: [card.get("body")],
    "reaction": lambda card: [card.get("emoji")],
    "edit": lambda card: [card["text"]],
    "revoke": lambda _card: [],
}

# === CHECKED VALUES === #


def _dict(value):
    return value if isinstance(value, dict) else {}


def _list(value):
    return value[:LIST_LIMIT] if isinstance(value, list) else []


def _text(value):
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _clip(text, limit=TEXT_LIMIT):
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _texts(part, **names):
    """Return the texts of ``part`` that are there, under our ``names``; a tuple leads into objects inside."""
    part, found = _dict(part), {}
    for name, path in names.items():
        value = part
        for key in (path,) if isinstance(path, str) else path:
            value = _dict(value).get(key)
        if text := _clip(_text(value)):
            found[name] = text
    return found


def _values(entries, key):
    return [text for entry in _list(entries) if (text := _clip(_text(_dict(entry).get(key)), 256))]


def _number(value):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if abs(number) < 1e12 else 0.0  # NaN and infinity, too


def _coordinate(value, limit):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) <= limit else None


def _web_address(value):
    """Return a web address, what is odd in it escaped; ``""`` for any other scheme: it becomes a link."""
    address = _text(value).strip()[:2048]
    return quote(address, safe="%/:=&?~#+!$,;'@()*[]") if address.startswith(("https://", "http://")) else ""
