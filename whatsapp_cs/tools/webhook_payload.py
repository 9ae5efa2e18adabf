"""Meta's webhook bodies, taken apart into single updates.

One body may carry up to 1,000 updates for several numbers. Each becomes an ``Update`` that can be processed,
or put aside, alone. Every key is optional and unknown keys are ignored: a new API version must not stop a channel.
"""

import json
import math
from datetime import UTC, datetime
from typing import NamedTuple
from zlib import crc32

from .phone import get_variants, to_digits

LANES = 256  # messages of one person share a lane, in which everything is done in its order
ID_LIMIT = 512  # characters; Meta's ids are opaque and stay below 130, what is longer is no id
NAME_LIMIT = 256


class PayloadError(Exception):
    """The body, or one update of it, can't be understood; the text says why."""


class Identity(NamedTuple):
    """Who wrote: a phone's digits, Meta's user id (BSUID), or both. Names are what the person typed."""

    wa_id: str
    user_id: str
    parent_user_id: str
    username: str
    profile_name: str


class Change(NamedTuple):
    """WhatsApp's notice that a person has another number, user id or both: what they had, and what they have now."""

    before: Identity
    after: Identity


class Preference(NamedTuple):
    """What a person has set in WhatsApp about marketing messages: ``"in"`` or ``"out"``."""

    identity: Identity
    consent: str
    detail: str
    date: datetime | None  # UTC, naive


class Update(NamedTuple):
    """One thing that happened: a message, a status, or the whole value of any other field."""

    kind: str  # "message", "status", or "field:" and the webhook field's name
    item: dict
    value: dict  # the value the item came in, without its sisters
    waba_id: str
    field: str
    time: int = 0  # Unix seconds, of all but messages and statuses, which have their own

    @property
    def phone_number_id(self):
        return _text(_dict(self.value.get("metadata")).get("phone_number_id"))

    def get_items(self, name):
        """Return the objects in the list ``name`` of a field's value, at most a thousand (Meta's own limit)."""
        return [item for item in _list(self.value.get(name))[:1000] if isinstance(item, dict)]

    def get_lane(self):
        """Return the number below ``LANES`` that is the same for all messages of one person; other fields have their own.

        By the user id where there is one: somebody who shows a number later had it from the start. A notice that it has
        changed goes with what came before.
        """
        item = self.item
        number = to_digits(_text(item.get("from") or item.get("recipient_id")))[:32]
        person = (
            _text(_dict(item.get("system")).get("previous_user_id"))
            or _text(item.get("from_user_id") or item.get("recipient_user_id"))
            or (number and min(get_variants(number)))
            or self.field
        )
        return crc32(f"{self.phone_number_id}/{person}".encode()) % LANES

    def to_entry(self):
        """Return an entry of a webhook body that holds this update alone, and its own sender's contact."""
        value = dict(self.value)
        if self.kind in _LISTS:
            value[_LISTS[self.kind]] = [self.item]
            if "contacts" in value:  # one for each update of the body: copied whole they would grow with its square
                contact = self._find_contact(
                    to_digits(_text(self.item.get("from"))), _text(self.item.get("from_user_id"))
                )
                value["contacts"] = [contact] if contact else []
        frame = {"time": self.time} if self.time else {}  # what comes again another day is not the same
        return {"id": self.waba_id, **frame, "changes": [{"field": self.field, "value": value}]}

    def get_identity(self):
        """Return the sender of a message. Both ids may be missing, then nobody can be answered: PayloadError."""
        wa_id, user_id = to_digits(_text(self.item.get("from"))), _text(self.item.get("from_user_id"))
        if not wa_id and not user_id:  # WhatsApp's notice of a new user id may name nobody else
            system = _dict(self.item.get("system"))
            user_id = _text(system.get("previous_user_id") or system.get("user_id"))
            wa_id = "" if user_id else to_digits(_text(system.get("wa_id")))
        if not wa_id and not user_id:
            raise PayloadError("The message names no sender (neither from nor from_user_id).")
        if len(wa_id) > 32 or len(user_id) > ID_LIMIT:
            raise PayloadError("The id of the sender is longer than any that WhatsApp gives.")
        contact = self._find_contact(wa_id, user_id)
        profile = _dict(contact.get("profile"))
        return Identity(
            wa_id=wa_id or to_digits(_text(contact.get("wa_id")))[:32],
            user_id=user_id or _text(contact.get("user_id"))[:ID_LIMIT],
            parent_user_id=_text(self.item.get("from_parent_user_id") or contact.get("parent_user_id"))[:ID_LIMIT],
            username=_text(profile.get("username"))[:NAME_LIMIT],
            profile_name=_text(profile.get("name"))[:NAME_LIMIT],
        )

    def _find_contact(self, wa_id, user_id):
        """Return the entry of ``contacts`` that describes the sender; matched by id, never by position."""
        for contact in _list(self.value.get("contacts")):
            contact = _dict(contact)
            if (user_id and contact.get("user_id") == user_id) or (wa_id and contact.get("wa_id") == wa_id):
                return contact
        return {}


_LISTS = {"message": "messages", "status": "statuses"}
_PREFERENCES = {"stop": "out", "resume": "in", "signup": "in"}


def parse(body):
    """Return the JSON object in ``body`` (text, or bytes in UTF-8), its text fit for the database; else PayloadError."""
    try:
        text = body.decode() if isinstance(body, bytes) else body
        payload = _clean(json.loads(text, parse_constant=lambda _name: None))  # NaN is no JSON, though Python takes it
    except (ValueError, RecursionError) as error:
        raise PayloadError("The body is not JSON.") from error
    if not isinstance(payload, dict):
        raise PayloadError("The body is not a JSON object.")
    return payload


def split(payload):
    """Yield the updates of a parsed body; a change of a shape nobody knows is an update of its field."""
    for entry in map(_dict, _list(payload.get("entry"))):
        waba_id = _text(entry.get("id"))
        for change in map(_dict, _list(entry.get("changes"))):
            field, value = _text(change.get("field")), _dict(change.get("value"))
            frame = {key: value[key] for key in value if key not in _LISTS.values()}
            items = 0
            for kind, key in _LISTS.items() if field == "messages" else ():  # calls have statuses, too: other ones
                for item in sorted(_list(value.get(key)), key=get_timestamp):
                    items += 1
                    yield Update(kind, _dict(item), frame, waba_id, field)
            if not items:
                yield Update(f"field:{field}", value, value, waba_id, field, get_seconds(entry.get("time")))


def split_by_lane(payload):
    """Return ``[(lane, updates)]``, those of one lane together and in their order."""
    lanes = {}
    for update in split(payload):
        lanes.setdefault(update.get_lane(), []).append(update)
    return list(lanes.items())


def join(updates):
    """Return one webhook body (text) that holds ``updates`` in their order."""
    entries = [update.to_entry() for update in updates]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}, sort_keys=True)


def get_change(update):
    """Return the ``Change`` that a message of WhatsApp's own (type ``system``) tells of, or None."""
    system = _dict(update.item.get("system"))
    if not _text(system.get("type")).endswith(("changed_number", "changed_user_id")):
        return None
    after = Identity(
        to_digits(_text(system.get("wa_id") or system.get("new_wa_id")))[:32],
        _text(system.get("user_id"))[:ID_LIMIT],
        _text(system.get("parent_user_id"))[:ID_LIMIT],
        "",
        "",
    )
    if not after.wa_id and not after.user_id:
        return None
    before = update.get_identity()
    user_id = _text(system.get("previous_user_id"))[:ID_LIMIT] or before.user_id
    return Change(before._replace(user_id="" if user_id == after.user_id else user_id), after)


def get_preferences(update):
    """Return the ``Preference`` of each person in an update of ``user_preferences``; other categories are left out."""
    preferences = []
    for item in map(_dict, _list(update.item.get("user_preferences"))):
        consent = _PREFERENCES.get(_text(item.get("value")).lower())
        if item.get("category") != "marketing_messages" or not consent:
            continue
        person = update._replace(item={"from": item.get("wa_id"), "from_user_id": item.get("user_id")})
        timestamp = get_timestamp(item)
        date = datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None) if timestamp else None
        preferences.append(Preference(person.get_identity(), consent, _text(item.get("detail"))[:NAME_LIMIT], date))
    return preferences


def get_id(item):
    """Return the item's id, or ``""`` when it has none that could be one."""
    value = item.get("id")
    return value if isinstance(value, str) and len(value) <= ID_LIMIT else ""


def get_timestamp(item):
    """Return the item's Unix seconds (Meta sends a string), 0 when it has none."""
    return get_seconds(_dict(item).get("timestamp"))


def get_seconds(value):
    """Return Unix seconds that came as number or text, 0 when it is no such thing."""
    try:
        return max(0, min(int(value), 32503680000))  # a year below 3000
    except (TypeError, ValueError, OverflowError):
        return 0


def _clean(value):
    """Replace what JSON can say and PostgreSQL can't store: NUL characters and halves of surrogate pairs."""
    if isinstance(value, str):
        return (
            value.replace("\0", "\N{REPLACEMENT CHARACTER}")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )
    if isinstance(value, float) and not math.isfinite(value):  # 1e999 is valid JSON, and becomes infinity
        return None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _dict(value):
    return value if isinstance(value, dict) else {}


def _list(value):
    return value if isinstance(value, list) else []


def _text(value):
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
