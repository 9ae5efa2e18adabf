"""The webhook body: updates packed into entries and changes, encoded and signed as Meta does."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Update:
    """One message or status on its way to the business, or the whole value of another webhook field."""

    waba_id: str
    number: Any  # or None: it is about the account
    kind: str  # "messages" or "statuses"; else the name of the field
    item: dict
    contacts: list[dict] | None = None
    on_answer: Callable[[bool], None] | None = None  # told once: acknowledged, or given up
    time: int = 0  # of other fields: the entry carries it, messages and statuses have their own

    @property
    def phone_number_id(self):
        return self.number and self.number.phone_number_id


def compose(updates):
    """Pack updates into one body: an entry per account, a change per run of the same number and kind."""
    entries, times = {}, {}
    last = {}
    for update in updates:
        key = (update.phone_number_id, update.kind)
        changes = entries.setdefault(update.waba_id, [])
        if update.kind not in ("messages", "statuses"):
            changes.append({"value": update.item, "field": update.kind})
            times.setdefault(update.waba_id, {"time": update.time})
            last.pop(update.waba_id, None)
            continue
        if last.get(update.waba_id) != key:
            changes.append({"value": head_of(update.number), "field": "messages"})
            last[update.waba_id] = key
        value = changes[-1]["value"]
        for contact in update.contacts or ():
            if contact not in value.setdefault("contacts", []):
                value["contacts"].append(contact)
        value.setdefault(update.kind, []).append(update.item)
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": waba_id, **times.get(waba_id, {}), "changes": changes} for waba_id, changes in entries.items()
        ],
    }


def head_of(number):
    """What the value of a webhook about a number begins with."""
    metadata = {"display_phone_number": number.digits, "phone_number_id": number.phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata}


def encode(body):
    """Write JSON as Meta does: non-ASCII as lower-case ``\\uXXXX``, and ``/`` as ``\\/``."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def sign(secret, raw):
    """Return the signature headers; the SHA-1 one is legacy, and there so that clients learn to ignore it."""
    key = secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(key, raw, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest(),
    }
