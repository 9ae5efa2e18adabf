"""The webhook body: updates packed into entries and changes, encoded and signed as Meta does."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Update:
    """One message or status on its way to the business."""

    waba_id: str
    number: Any
    kind: str  # "messages" or "statuses"
    item: dict
    contacts: list[dict] | None = None
    on_answer: Callable[[bool], None] | None = None  # told once: acknowledged, or given up


def compose(updates):
    """Pack updates into one body: an entry per account, a change per run of the same number and kind."""
    entries = {}
    last = {}
    for update in updates:
        key = (update.number.phone_number_id, update.kind)
        changes = entries.setdefault(update.waba_id, [])
        if last.get(update.waba_id) != key:
            changes.append({"value": _value(update), "field": "messages"})
            last[update.waba_id] = key
        value = changes[-1]["value"]
        for contact in update.contacts or ():
            if contact not in value.setdefault("contacts", []):
                value["contacts"].append(contact)
        value.setdefault(update.kind, []).append(update.item)
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": changes} for waba_id, changes in entries.items()],
    }


def _value(update):
    metadata = {
        "display_phone_number": update.number.digits,
        "phone_number_id": update.number.phone_number_id,
    }
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
