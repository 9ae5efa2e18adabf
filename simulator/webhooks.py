"""Webhook delivery: at least once, in parallel, retried with growing gaps, with faults on demand."""

import asyncio
import base64
import json
import time
from collections import deque
from dataclasses import dataclass, field

import aiohttp

from . import envelope
from .envelope import Update
from .record import Record
from .wire import post_and_hang_up

COUNTS = ("updates", "unsubscribed", "attempts", "delivered", "refused", "given_up", "refused_once")
HEADERS = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}


@dataclass(slots=True)
class Delivery:
    """One body for one URL, until it is acknowledged."""

    url: str
    raw: bytes
    headers: dict
    entry: dict
    updates: list = field(default_factory=list)
    origin: tuple | None = None  # (waba id, number) whose webhook it is; none: it was made by hand
    once: bool = False  # is not tried again
    drop: str | None = None  # "before"/"after": hang up on the next attempt
    born: float = field(default_factory=time.monotonic)


class Target:
    """The queue of one callback URL."""

    def __init__(self):
        self.waiting = deque()
        self.active = 0


class Buffer:
    """Collects until there are enough or the time is over, then hands on the lot."""

    def __init__(self, timers, flush):
        self.timers = timers
        self.flush = flush
        self.held = []
        self.timer = None

    def add(self, update, size, seconds):
        self.held.append(update)
        if len(self.held) >= size:
            self.release()
        elif self.timer is None:
            self.timer = self.timers.later(seconds, self.release)

    def release(self):
        if self.timer is not None:
            self.timers.cancel(self.timer)
            self.timer = None
        held, self.held = self.held, []
        self.flush(held)


class Webhooks:
    """Sends updates to whoever is subscribed. Updates of an account that nobody subscribed are lost, as at Meta."""

    def __init__(self, settings, faults, timers, find_target, on_change=lambda: None):
        self.settings = settings
        self.faults = faults
        self.timers = timers
        self.targets = {}
        self.find_target = find_target  # (waba id, number) -> (url, app secret) or None
        self.on_change = on_change
        self.log = Record(settings.keep)
        self.counts = dict.fromkeys(COUNTS, 0)
        self.session = None
        self.tasks = set()
        self.generation = 0
        self._clear()

    def _clear(self):
        for target in self.targets.values():
            target.waiting.clear()
        self.targets = {}
        self.buffers = {}
        self.deliveries = {}  # seq of the log entry: Delivery, the open ones

    async def start(self):
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
            timeout=aiohttp.ClientTimeout(total=self.settings.webhook_timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await self.session.close()

    def reset(self):
        """Forget what is under way; answers that still come in are ignored."""
        self.generation += 1
        self._clear()
        self.log.clear()
        self.counts = dict.fromkeys(self.counts, 0)

    @property
    def open(self):
        return len(self.deliveries)

    @property
    def pending(self):
        return self.open + self.timers.pending

    # === FROM UPDATE TO BODY === #

    def publish(self, update):
        self.counts["updates"] += 1
        rule = self.faults.hit("delay", update.phone_number_id, update.kind)
        if rule:
            self.timers.later(rule.pick(self.faults.rng), self._multiply, update, note=update)
        else:
            self._multiply(update)
        self.on_change()

    def held(self):
        """Return the updates that a fault holds back."""
        delayed = [update for _due, update in self.timers.noted(Update)]
        return delayed + [update for buffer in self.buffers.values() for update in buffer.held]

    def _multiply(self, update):
        target = self.find_target(update.waba_id, update.number)
        if target is None:
            self.counts["unsubscribed"] += 1
            return
        rule = self.faults.hit("duplicate", update.phone_number_id, update.kind)
        for _copy in range(1 + (rule.copies if rule else 0)):
            self._reorder(target, update)

    def _reorder(self, target, update):
        rule = self.faults.hit("reorder", update.phone_number_id, update.kind)
        if not rule:
            self._batch(target, update)
            return

        def flush(updates):
            first = updates[0]
            if any(update is not first for update in updates):  # copies of one update have no order
                while updates[0] is first:  # a shuffle that changes nothing would be no fault
                    self.faults.rng.shuffle(updates)
            for held in updates:
                self._batch(target, held)

        self._buffer(("reorder", rule.id, target), flush).add(update, rule.size, rule.ms / 1000)

    def _batch(self, target, update):
        rule = self.faults.hit("batch", update.phone_number_id, update.kind)
        if not rule:
            self._send(target, [update])
            return
        buffer = self._buffer(("batch", rule.id, target), lambda updates: self._send(target, updates))
        buffer.add(update, rule.size, rule.ms / 1000)

    def _buffer(self, key, flush):
        if key not in self.buffers:
            self.buffers[key] = Buffer(self.timers, flush)
        return self.buffers[key]

    def _send(self, target, updates):
        url, secret = target
        raw = envelope.encode(envelope.compose(updates))
        first = updates[0]
        rule = self.faults.hit("drop_connection", first.phone_number_id, first.kind, on="webhook")
        delivery = self._create(url, raw, envelope.sign(secret, raw), updates)
        delivery.origin = (first.waba_id, first.number)
        delivery.drop = rule.when if rule else None
        self._enqueue(delivery)

    def _create(self, url, raw, signature, updates=()):
        entry = self.log.add(time=time.time(), url=url, body=raw, updates=len(updates), state="pending", attempts=[])
        delivery = Delivery(url, raw, HEADERS | signature, entry, list(updates))
        self.deliveries[entry["seq"]] = delivery
        return delivery

    # === AFTER A RESTART === #

    def resume(self, url, raw, headers, updates, origin, age, count):
        """Go on with a webhook that nobody had acknowledged, at once and with the first gaps again."""
        delivery = self._create(url, raw, headers, updates)
        delivery.entry["updates"] = count
        delivery.origin = origin
        delivery.born -= age  # the time in between does not count: nothing was tried
        self._retry(delivery)

    def resume_update(self, update):
        self._multiply(update)

    # === DELIVERY === #

    def _enqueue(self, delivery):
        target = self.targets.setdefault(delivery.url, Target())
        target.waiting.append(delivery)
        if target.active < self.settings.webhook_concurrency:
            target.active += 1
            task = asyncio.create_task(self._work(target))
            self.tasks.add(task)  # asyncio itself holds tasks only weakly
            task.add_done_callback(self.tasks.discard)

    async def _work(self, target):
        try:
            while target.waiting:
                await self._deliver(target.waiting.popleft())
        finally:
            target.active -= 1

    async def _deliver(self, delivery):
        generation = self.generation
        status = await self._attempt(delivery)
        if generation != self.generation:
            return
        if status == 200:  # anything else, also 201 or a redirect, is tried again
            self._close(delivery, "delivered")
            return
        self.counts["refused"] += 1
        if time.monotonic() - delivery.born >= self.settings.retry_for:
            self._close(delivery, "given_up")
            return
        gaps = self.settings.retry_gaps
        gap = gaps[min(len(delivery.entry["attempts"]), len(gaps)) - 1]
        # not counted by the timers: the delivery itself is still open
        self.timers.later(gap, self._retry, delivery, counts=False)

    def _retry(self, delivery):
        """Try again, where the account's webhooks go by now; if that is nowhere, at the old place."""
        target = self.find_target(*delivery.origin) if delivery.origin else None
        if target:
            delivery.url = delivery.entry["url"] = target[0]
        self._enqueue(delivery)

    async def _attempt(self, delivery):
        """Post once and note it; return the HTTP status, or None when there was no answer."""
        self.counts["attempts"] += 1
        attempt = {"time": time.time(), "status": None}
        delivery.entry["attempts"].append(attempt)
        try:
            if delivery.drop:
                drop, delivery.drop = delivery.drop, None
                await post_and_hang_up(delivery.url, delivery.headers, delivery.raw, drop)
                attempt["error"] = f"connection dropped ({drop})"
                return None
            async with self.session.post(
                delivery.url, data=delivery.raw, headers=delivery.headers, allow_redirects=False
            ) as response:
                await response.read()
                attempt["status"] = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            attempt["error"] = f"{type(error).__name__}: {error}".strip(": ")
        attempt["seconds"] = round(time.time() - attempt["time"], 4)
        return attempt["status"]

    def _close(self, delivery, state):
        delivery.entry["state"] = state
        self.counts[state] += 1
        self.deliveries.pop(delivery.entry["seq"], None)
        for update in delivery.updates:
            if update.on_answer:
                update.on_answer(state == "delivered")
        delivery.updates.clear()
        self.on_change()

    async def post_raw(self, url, raw, signature, retry=False):
        """Send any bytes at once; return the log entry after the first attempt."""
        delivery = self._create(url, raw, signature)
        delivery.once = not retry
        if await self._attempt(delivery) == 200:
            self._close(delivery, "delivered")
        elif retry:
            self.timers.later(self.settings.retry_gaps[0], self._enqueue, delivery, counts=False)
        else:
            self._close(delivery, "refused_once")
        return delivery.entry


def readable(entry):
    """A log entry with its body as JSON, or as base64 where it is none."""
    try:
        return {**entry, "body": json.loads(entry["body"])}
    except ValueError:
        return {**entry, "body": None, "body_base64": base64.b64encode(entry["body"]).decode()}
