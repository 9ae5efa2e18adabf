"""What outlives a restart: everything as JSON, and back. Of the world only what differs from its file is kept."""

import base64
import json
import time

from . import envelope
from .chats import Message
from .envelope import Update
from .media import Medium
from .outgoing import Step
from .world import Account, Customer, Number, WorldError

FORMAT = 2  # 1 had subscriptions only, and no number
_FIELDS = [name for name in Message.__dataclass_fields__ if name != "wamid"]


class StateError(ValueError):
    """A text that is no state; says what is wrong with it."""


# === OUT === #


class Dump:
    """Makes the text, in parts. A message's part is made again only when the message has changed."""

    def __init__(self, simulator):
        self.sim = simulator
        self._texts = {}  # wamid: (what can change in the message, its text)

    def parts(self):
        """Return strings that are the JSON together; one moment, so nothing is in it half."""
        sim = self.sim
        head = {
            "format": FORMAT,
            "saved": time.time(),
            "clock_offset": sim.clock.offset,
            "serials": {
                "customer": sim.world.serial,
                "message": sim.chats.seq,
                "request": sim.requests.serial,
                "webhook": sim.webhooks.log.serial,
                "medium": sim.media.serial,
            },
            "world": _world_changes(sim.world, sim.config),
            "media": [medium.as_dict() for medium in sim.media.media.values()],
            "chats": [_chat(chat) for chat in sim.chats.chats.values()],
            "delivered": [[*key, count] for key, count in sim.pricing.delivered.items()],
            "steps": self._steps(),
            "updates": [_update(update) for update in sim.webhooks.held()],
            "webhooks": [_delivery(delivery) for delivery in sim.webhooks.deliveries.values() if not delivery.once],
        }
        messages = self._messages()
        return [json.dumps(head)[:-1], ', "messages": [\n', ",\n".join(messages), "\n]}\n"]

    def _messages(self):
        known, self._texts = self._texts, {}
        for wamid, message in self.sim.chats.messages.items():
            shown = (len(message.media), str(message.shown))
            changing = (message.status, len(message.statuses), *shown, *message.reactions.items())
            entry = known.get(wamid)
            if entry is None or entry[0] != changing:
                text = json.dumps({"wamid": wamid} | {name: getattr(message, name) for name in _FIELDS})
                entry = (changing, text)
            self._texts[wamid] = entry
        return [text for _changing, text in self._texts.values()]

    def _steps(self):
        messages = self.sim.chats.messages  # one that was cleared takes its steps with it
        fetching = [(time.time(), Step("fetch", message.wamid)) for message in self.sim.outgoing.fetching.values()]
        noted = [
            (due, step)
            for due, step in [*self.sim.timers.noted(Step), *fetching]
            if not step.wamid or step.wamid in messages
        ]
        return [{"due": due, **step.as_dict()} for due, step in noted]


def _world_changes(world, config):
    accounts = {account.waba_id: account for account in config.accounts}
    numbers = {number.phone_number_id: number for account in config.accounts for number in account.numbers}
    customers = {customer.id: customer for customer in config.customers}
    pairs = [(account.waba_id, number) for account, number in world.numbers.values()]
    return {
        "accounts": list(_changes(world.accounts, accounts)),
        "numbers": [
            {"waba_id": waba_id, **change}
            for waba_id, number in pairs
            for change in _changes({number.phone_number_id: number}, numbers)
        ],
        "customers": list(_changes(world.customers, customers)),
    }


def _changes(current, original):
    """Yield what was added, whole, and what was changed, with the changed values."""
    for key, item in current.items():
        before = original[key].model_dump(exclude={"numbers"}) if key in original else {}
        values = item.model_dump(exclude={"numbers"})
        changed = {name: value for name, value in values.items() if name not in before or before[name] != value}
        if changed:
            yield {"id": key, "new": not before, "values": changed}


def _chat(chat):
    return {
        "customer_id": chat.customer_id,
        "phone_number_id": chat.phone_number_id,
        "last_inbound": chat.last_inbound,
        "referred_at": chat.referred_at,
        "free_until": chat.free_until,
        "blocked": chat.blocked,
        "unread": list(chat.unread),
        "unmarked": list(chat.unmarked),
    }


def _update(update):
    return {
        "waba_id": update.waba_id,
        "phone_number_id": update.phone_number_id,
        "kind": update.kind,
        "item": update.item,
        "contacts": update.contacts,
        "time": update.time,
    }


def _delivery(delivery):
    """An open webhook. Its signature is made again after the start, as secrets may change."""
    data = {
        "url": delivery.url,
        "body": base64.b64encode(delivery.raw).decode(),
        "age": time.monotonic() - delivery.born,
        "updates": delivery.entry["updates"],
        "wamids": [update.item["id"] for update in delivery.updates if update.on_answer],
    }
    if delivery.origin:
        waba_id, number = delivery.origin
        return data | {"waba_id": waba_id, "phone_number_id": number and number.phone_number_id}
    return data | {"headers": delivery.headers}


# === IN === #


def parse(text):
    """Return the content of a state file; raises ``StateError`` for what is none."""
    try:
        data = json.loads(text)
    except ValueError:
        raise StateError("it is damaged") from None
    if not isinstance(data, dict):
        raise StateError("it is damaged")
    if data.get("format") != FORMAT:
        raise StateError("it was written by another version")
    return data


def restore(sim, data):
    """Put world and chats back; return how many things found no place, because the world's file has changed.

    ``resume`` does the rest, once the server runs. Raises ``StateError`` half-way through: build a new world then.
    """
    try:
        skipped = _restore_world(sim.world, data["world"])
        skipped += _restore_media(sim, data)
        skipped += _restore_chats(sim, data)
        sim.clock.offset = float(data["clock_offset"])
        serials = data["serials"]
        sim.world.serial, sim.chats.seq = int(serials["customer"]), int(serials["message"])
        sim.media.serial = int(serials.get("medium", 0))
        sim.requests.serial, sim.webhooks.log.serial = int(serials["request"]), int(serials["webhook"])
        for phone_number_id, month, count in data["delivered"]:
            sim.pricing.delivered[phone_number_id, month] = int(count)
        for name in ("steps", "updates", "webhooks"):
            skipped += _keep_known(sim, data, name)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise StateError("it is damaged") from None
    return skipped


def _restore_world(world, changes):
    skipped = 0
    for change in changes["accounts"]:
        values = change["values"]
        if change["id"] in world.accounts:
            _assign(world.accounts[change["id"]], values)
        else:
            skipped += not (change["new"] and _fits(world.add_account, Account, values))
    for change in changes["numbers"]:
        values = change["values"]
        if change["id"] in world.numbers:
            _assign(world.numbers[change["id"]][1], values)
        elif change["new"] and change["waba_id"] in world.accounts:
            account = world.accounts[change["waba_id"]]
            skipped += not _fits(lambda number, account=account: world.add_number(account, number), Number, values)
        else:
            skipped += 1
    for change in changes["customers"]:
        values = change["values"]
        customer = world.customers.get(change["id"])
        if customer:
            skipped += not _fits(lambda new, old=customer: world.update_customer(old, new), dict, values)
        else:
            skipped += not (change["new"] and _fits(world.add_customer, Customer, values))
    return skipped


def _assign(item, values):
    for name, value in values.items():
        setattr(item, name, value)


def _fits(add, kind, values):
    try:
        add(kind(**values))
    except WorldError:  # the world's file has something else there by now
        return False
    return True


def _restore_media(sim, data):
    return sum(not sim.media.restore(Medium.from_dict(values)) for values in data.get("media", []))


def _restore_chats(sim, data):
    skipped = 0
    known_customers, known_numbers = sim.world.customers, sim.world.numbers
    for values in data["messages"]:
        message = Message(**values)
        customer_id = message.customer_id
        if message.phone_number_id in known_numbers and (customer_id is None or customer_id in known_customers):
            sim.chats.restore(message)
        else:
            skipped += 1
    for values in data["chats"]:
        if values["customer_id"] not in known_customers or values["phone_number_id"] not in known_numbers:
            continue  # its messages are counted
        chat = sim.chats.chat(values["customer_id"], values["phone_number_id"])
        chat.last_inbound = None if values["last_inbound"] is None else float(values["last_inbound"])
        chat.referred_at, chat.free_until = values.get("referred_at"), values.get("free_until")
        chat.blocked = values.get("blocked", False)
        chat.unread = {wamid: chat.messages[wamid] for wamid in values["unread"] if wamid in chat.messages}
        chat.unmarked = {wamid: chat.messages[wamid] for wamid in values["unmarked"] if wamid in chat.messages}
    return skipped


def _keep_known(sim, data, name):
    """Check what is to be resumed while there is still someone to tell; leave out what has no place."""
    kept = []
    for item in data[name]:
        if name == "steps":
            float(item["due"])
            step = Step.from_dict(item)
            if step.wamid:
                known = step.wamid in sim.chats.messages
            else:
                known = step.customer_id in sim.world.customers and step.phone_number_id in sim.world.numbers
        elif "waba_id" in item:
            known = item["waba_id"] in sim.world.accounts
            known = known and item["phone_number_id"] in (None, *sim.world.numbers)
        else:
            known = bool(item["headers"])
        if name == "updates":
            known = known and bool(item["kind"] and item["item"]) and "contacts" in item
        if name == "webhooks":
            base64.b64decode(item["body"], validate=True)
            float(item["age"]), int(item["updates"]), list(item["wamids"]), item["url"].strip()
        if known:
            kept.append(item)
    skipped = len(data[name]) - len(kept)
    data[name] = kept
    return skipped


def resume(sim, data):
    """Go on with what was under way: webhooks nobody has acknowledged, statuses still to come."""
    for item in data["webhooks"]:
        _resume_webhook(sim, item)
    for item in data["updates"]:
        sim.webhooks.resume_update(_read_update(sim, item))
    now = time.time()
    for item in sorted(data["steps"], key=lambda item: item["due"]):
        sim.outgoing.resume(Step.from_dict(item), item["due"] - now)


def _resume_webhook(sim, item):
    raw = base64.b64decode(item["body"])
    origin, headers = None, item.get("headers")
    if headers is None:
        account = sim.world.accounts[item["waba_id"]]
        _account, number = sim.world.numbers.get(item["phone_number_id"], (None, None))
        origin, headers = (account.waba_id, number), envelope.sign(account.app_secret, raw)
    messages = [sim.chats.messages[wamid] for wamid in item["wamids"] if wamid in sim.chats.messages]
    updates = [sim.inbound.update_of(message) for message in messages]
    sim.webhooks.resume(item["url"], raw, headers, updates, origin, item["age"], item["updates"])


def _read_update(sim, item):
    _account, number = sim.world.numbers.get(item["phone_number_id"], (None, None))
    message = sim.chats.messages.get(item["item"]["id"]) if item["kind"] == "messages" else None
    if message:
        return sim.inbound.update_of(message, item["contacts"])
    return Update(item["waba_id"], number, item["kind"], item["item"], item["contacts"], time=item.get("time", 0))
