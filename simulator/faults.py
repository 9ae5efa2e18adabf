"""Faults on demand: which rule hits which request or webhook."""

import itertools
import random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from .errors import CATALOGUE, GraphError


class Match(BaseModel):
    """Where a rule applies. ``endpoint`` is an endpoint's name, or "messages"/"statuses" for webhooks."""

    model_config = ConfigDict(extra="forbid")

    phone_number_id: str | None = None
    endpoint: str | None = None


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = ""
    match: Match = Match()
    share: float = Field(1, ge=0, le=1)
    count: int | None = Field(None, ge=1)  # hits at most so often
    hits: int = 0

    def applies(self, phone_number_id, endpoint):
        if self.count is not None and self.hits >= self.count:
            return False
        match = self.match
        return match.phone_number_id in (None, phone_number_id) and match.endpoint in (None, endpoint)


class Span(Rule):
    """A duration: fixed (``seconds``) or between ``min`` and ``max``."""

    seconds: float | None = Field(None, ge=0)
    min: float = Field(0, ge=0)
    max: float = Field(1, ge=0)

    def pick(self, rng):
        return self.seconds if self.seconds is not None else rng.uniform(self.min, self.max)


class Latency(Span):
    kind: Literal["latency"]


class Error(Rule):
    """Answer with an error object in place of doing the work."""

    kind: Literal["error"]
    code: int
    http_status: int | None = None
    details: str | None = None
    body: str | None = None  # answer this text instead of an error object (a proxy's HTML, nothing at all)

    def error(self):
        details = self.details or CATALOGUE.get(self.code, (0, "Unknown error"))[1]
        return GraphError(self.code, details, status=self.http_status)


class FailLater(Rule):
    """Accept the message and let it fail by a status, as Meta does for what it finds out afterwards."""

    kind: Literal["fail_later"]
    code: int
    details: str | None = None
    type: str | None = None  # of messages that it hits: template, text …
    category: Literal["marketing", "utility", "authentication", "service"] | None = None  # and of their price

    def fits(self, message):
        return self.type in (None, message.type) and self.category in (None, message.category)


class TimeoutAfterAccept(Rule):
    """Do the work, then hold the answer until the client gives up or ``seconds`` are over; then hang up."""

    kind: Literal["timeout_after_accept"]
    seconds: float = Field(600, ge=0)


class DropConnection(Rule):
    """Hang up before or after the work; for webhooks: while the body is sent, or before reading the answer."""

    kind: Literal["drop_connection"]
    on: Literal["graph", "webhook"] = "graph"
    when: Literal["before", "after"] = "before"


class Duplicate(Rule):
    """Send the webhook ``copies`` more times."""

    kind: Literal["duplicate"]
    copies: int = Field(1, ge=1, le=100)


class Reorder(Rule):
    """Hold webhooks back until ``size`` are there or ``ms`` are over, then send them shuffled."""

    kind: Literal["reorder"]
    size: int = Field(10, ge=2)
    ms: int = Field(500, ge=1)


class Batch(Rule):
    """Collect up to ``size`` updates, or what came in ``ms``, into one body. Meta: up to 1,000."""

    kind: Literal["batch"]
    size: int = Field(1000, ge=1, le=1000)
    ms: int = Field(200, ge=1)


class Delay(Span):
    kind: Literal["delay"]


class ExpiredMedia(Rule):
    """The download link answers 404, as after its five minutes."""

    kind: Literal["expired_media"]


class CorruptMedia(Rule):
    """The bytes of a download don't match the checksum."""

    kind: Literal["corrupt_media"]


class RedirectMedia(Rule):
    """The download redirects; a client must not carry its token to another host."""

    kind: Literal["redirect_media"]
    location: str = "http://elsewhere.invalid/file"


AnyRule = Annotated[
    Latency
    | Error
    | FailLater
    | TimeoutAfterAccept
    | DropConnection
    | Duplicate
    | Reorder
    | Batch
    | Delay
    | ExpiredMedia
    | CorruptMedia
    | RedirectMedia,
    Field(discriminator="kind"),
]
_RULE = TypeAdapter(AnyRule)


class Faults:
    """The active rules. Chance comes from one seeded generator, so a run can be repeated."""

    def __init__(self, rules=(), seed=None):
        self.rng = random.Random(seed)
        self._serial = itertools.count(1)
        self.rules = []
        self.replace(rules)

    def replace(self, rules):
        checked = [self._check(rule) for rule in rules]
        self.rules = checked

    def add(self, rule):
        checked = self._check(rule)
        self.rules.append(checked)
        return checked

    def _check(self, rule):
        rule = _RULE.validate_python(rule)
        rule.id = rule.id or f"fault-{next(self._serial)}"
        rule.hits = 0
        return rule

    def remove(self, rule_id=None):
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule_id is not None and rule.id != rule_id]
        return before - len(self.rules)

    def hit(self, kind, phone_number_id, endpoint, message=None, **attributes):
        """Return the first rule of that kind that strikes now, counting the hit; else None."""
        for rule in self.rules:
            if rule.kind != kind or (message and not rule.fits(message)):
                continue
            if any(getattr(rule, key) != value for key, value in attributes.items()):
                continue
            if rule.applies(phone_number_id, endpoint) and (rule.share >= 1 or self.rng.random() < rule.share):
                rule.hits += 1
                return rule
        return None

    def as_list(self):
        return [rule.model_dump() for rule in self.rules]
