"""Calls that nobody planned: bent bodies and forged signatures, and what must come of them (NF1, NF2).

``scripts/fuzz`` runs the long version and writes its table; ``test_fuzz`` runs the short one.

Bodies come from hypothesis, in rounds with a seed each: round 7 of one run is round 7 of the next. All of them go
through the pure functions and then, signed, over HTTP into a running Odoo. Every fourth or so carries a sound message
beside what is bent: that one must arrive, whatever its neighbours are.
"""

import argparse
import contextlib
import hashlib
import hmac
import http.client
import importlib.util
import json
import random
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from zlib import crc32

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .bodies import Mutator, encode, text_body
from .stack import APP_SECRET, ROOT, Stack

ROUND = 1000  # bodies with one seed
POSTERS = 6
OUTBOX = ("outbox",)  # some of the calls restrict the account: what is to be sent waits then, as it should
RESULTS = ROOT / "test-results/fuzz"
REPORT = ROOT / "docs/robustness.md"
ACCEPTED, MALFORMED, FORBIDDEN, TOO_LARGE = 200, 400, 403, 413


def load_webhook_payload():
    """Return the addon's pure functions, without Odoo."""
    folder = ROOT / "whatsapp_cs/tools"
    for name in ("whatsapp_cs_tools", "whatsapp_cs_tools.webhook_payload"):
        if name not in sys.modules:
            path = folder / (f"{name.partition('.')[2]}.py" if "." in name else "__init__.py")
            spec = importlib.util.spec_from_file_location(
                name, path, submodule_search_locations=None if "." in name else [str(folder)]
            )
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
    return sys.modules["whatsapp_cs_tools.webhook_payload"]


# === BENT BODIES === #


def generate(count, first_seed, take):
    """Give ``count`` bodies, and the id of the sound message that is in each or None, to ``take`` in lists."""
    for start in range(0, count, ROUND):
        take(get_round(first_seed + start // ROUND, min(ROUND, count - start)))


def get_round(number, count):
    bodies = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def add_body(chance):
        wamid = f"wamid.SOUND.{number}.{len(bodies)}" if len(bodies) % 4 == 0 else None
        raw, is_sound = Mutator(chance).get_body(wamid and get_sound_change(wamid))
        bodies.append((raw, wamid if is_sound else None))

    add_body()
    return bodies


def get_sound_change(wamid):
    wa_id = f"4477009{crc32(wamid.encode()) % 20:05}"
    [entry] = text_body(wamid, 1790000000, "All is well", wa_id=wa_id, name="Sound")["entry"]
    return entry["changes"][0]


def check_pure_functions(webhook_payload, raw):
    """Take a body apart and together again; nothing else than PayloadError may rise, and nothing get lost."""
    try:
        payload = webhook_payload.parse(raw)
    except webhook_payload.PayloadError:
        return
    updates = list(webhook_payload.split(payload))
    for update in updates:
        webhook_payload.get_id(update.item)
        webhook_payload.get_timestamp(update.item)
        with contextlib.suppress(webhook_payload.PayloadError):
            update.get_identity()
    parts = [part for _lane, part in webhook_payload.split_by_lane(payload)]
    assert sum(map(len, parts)) == len(updates)
    for part in parts:
        again = webhook_payload.split(webhook_payload.parse(webhook_payload.join(part)))
        assert list(map(_to_text, again)) == list(map(_to_text, part))


def _to_text(update):
    # NaN is equal to nothing, as text it is equal to itself.
    return update.kind, json.dumps(update.item, sort_keys=True)


class Fuzz:
    """Bodies posted into a stack, and what became of them. ``problems`` says what should not have happened."""

    def __init__(self, stack):
        self.stack = stack
        self.webhook_payload = load_webhook_payload()
        self.answers = Counter()
        self.problems = []
        self.sound = set()
        self._pool = ThreadPoolExecutor(POSTERS)

    def take(self, bodies):
        """Post a round of bodies, and see that all which were acknowledged are stored as they are."""
        for raw, _wamid in bodies:
            try:
                check_pure_functions(self.webhook_payload, raw)
            except Exception as error:  # whatever it is: that is what we look for
                self._note(f"pure functions: {type(error).__name__}: {error}"[:300], raw)
        answers = list(self._pool.map(self._post, (raw for raw, _wamid in bodies)))
        self.answers.update(answers)
        hashes = [hashlib.sha256(raw).hexdigest() for raw, _wamid in bodies]
        stored = {
            name
            for (name,) in self.stack.query(
                """
                SELECT body_hash FROM whatsapp_cs_event
                 WHERE body_hash = ANY(%s) AND encode(sha256(convert_to(body, 'UTF8')), 'hex') = body_hash
                """,
                hashes,
            )
        }
        accepted = {name for name, answer in zip(hashes, answers, strict=True) if answer == ACCEPTED}
        for (raw, wamid), name, answer in zip(bodies, hashes, answers, strict=True):
            if answer not in (ACCEPTED, MALFORMED, TOO_LARGE):
                self._note(f"answered {answer}", raw)
            elif (name in stored) != (name in accepted):
                self._note(f"answered {answer}, but {'' if name in stored else 'not '}stored", raw)
            if wamid and answer == ACCEPTED:
                self.sound.add(wamid)

    def finish(self, timeout):
        """Wait until all is processed, and look at how it ended; return the numbers."""
        try:
            self.stack.wait_until_idle(timeout, ignoring=OUTBOX)
        except TimeoutError as error:
            self.problems.append(str(error))
        rows = self.stack.query(
            "SELECT state, failure_type, count(*) FROM whatsapp_cs_event GROUP BY 1, 2 ORDER BY 1, 2"
        )
        bugs = self.stack.query(
            """
            SELECT id, state, error, body FROM whatsapp_cs_event
             WHERE NOT (state IN ('done', 'split')
                        OR state = 'failed' AND failure_type IN ('malformed', 'unknown_number'))
            """
        )
        for event_id, state, error, body in bugs:
            self._note(f"event {event_id} is {state}: {error}", body.encode())
        arrived = self.stack.query(
            "SELECT wamid FROM whatsapp_cs_message WHERE wamid LIKE 'wamid.SOUND.%%' AND mail_message_id IS NOT NULL"
        )
        if lost := self.sound - {wamid for (wamid,) in arrived}:
            self.problems.append(f"{len(lost)} sound messages are lost: {sorted(lost)[:5]}")
        refused = self.answers[MALFORMED] + self.answers[TOO_LARGE]
        [(noted,)] = self.stack.query("SELECT count(*) FROM whatsapp_cs_webhook_refusal")
        if noted != refused:
            self.problems.append(f"{refused} were refused, {noted} are noted")
        self.problems += self.stack.get_log_errors()
        return {f"{state} {failure_type or ''}".strip(): count for state, failure_type, count in rows}

    def _post(self, raw):
        return post(self.stack.webhook_url(0), raw, self.stack.sign(raw).items())

    def _note(self, problem, raw):
        """Keep the body: it is the way to see the problem again."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{hashlib.sha256(raw).hexdigest()[:12]}.json"
        path.write_bytes(raw)
        self.problems.append(f"{problem} ({path.relative_to(ROOT)})")


# === FORGED SIGNATURES === #


def sign(raw, secret=APP_SECRET, algorithm="sha256"):
    return hmac.new(secret.encode(), raw, algorithm).hexdigest()


def _alter(raw, chance):
    place = chance.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << chance.randrange(7))]) + raw[place + 1 :]


# kind: (body, chance) -> body, headers
_HEADER = "X-Hub-Signature-256"
FORGERIES = {
    "no header": lambda raw, chance: (raw, []),
    "empty": lambda raw, chance: (raw, [(_HEADER, "")]),
    "wrong secret": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw, f"secret-{chance.random()}"))]),
    "another account's secret": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw, "sim-app-secret-2"))]),
    "no secret": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw, ""))]),
    "of another body": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw + b" "))]),
    "body altered": lambda raw, chance: (_alter(raw, chance), [(_HEADER, "sha256=" + sign(raw))]),
    "body longer": lambda raw, chance: (raw + b" ", [(_HEADER, "sha256=" + sign(raw))]),
    "truncated": lambda raw, chance: (raw, [(_HEADER, ("sha256=" + sign(raw))[: chance.randrange(1, 71)])]),
    "longer": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw) + chance.choice("0a,;"))]),
    "upper case": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw).upper())]),
    "prefix missing": lambda raw, chance: (raw, [(_HEADER, sign(raw))]),
    "prefix doubled": lambda raw, chance: (raw, [(_HEADER, "sha256=sha256=" + sign(raw))]),
    "sha1": lambda raw, chance: (raw, [(_HEADER, "sha1=" + sign(raw, algorithm="sha1"))]),
    "sha1 as sha256": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw, algorithm="sha1"))]),
    "sha1's header": lambda raw, chance: (raw, [("X-Hub-Signature", "sha1=" + sign(raw, algorithm="sha1"))]),
    "not ASCII": lambda raw, chance: (raw, [(_HEADER, f"sha256={sign(raw)[:-1]}é".encode())]),
    "odd bytes": lambda raw, chance: (raw, [(_HEADER, b"sha256=" + chance.randbytes(64).translate(None, b"\r\n\0"))]),
    "twice": lambda raw, chance: (raw, [(_HEADER, "sha256=" + sign(raw))] * 2),
    "a wrong one, too": lambda raw, chance: (
        raw,
        chance.sample([(_HEADER, "sha256=" + sign(raw)), (_HEADER, "sha256=" + "0" * 64)], 2),
    ),
}


def send_forged(stack, count, number):
    """Send ``count`` forged calls, a true one after every fiftieth; return the answers by kind, and the true ids."""
    chance = random.Random(number)
    calls = []
    for index in range(count):
        raw = encode(text_body(f"wamid.FORGED.{number}.{index}", 1790000000, "Trust me", wa_id="15550666000"))
        kind = list(FORGERIES)[index % len(FORGERIES)]
        calls.append((kind, *FORGERIES[kind](raw, chance)))
        if index % 50 == 49:
            raw = encode(text_body(f"wamid.TRUE.{number}.{index}", 1790000000, "It is me", wa_id="15550777000"))
            calls.append(("true", raw, [(_HEADER, "sha256=" + sign(raw))]))
    with ThreadPoolExecutor(POSTERS) as pool:
        answers = pool.map(lambda call: (call[0], post(stack.webhook_url(0), *call[1:])), calls)
        return Counter(answers)


def post(url, raw, headers):
    """Post bytes with exactly these headers, repeated ones too; return the status code."""
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)) as connection:
        connection.putrequest("POST", parts.path)
        for name, value in [("Content-Length", str(len(raw))), *headers]:
            connection.putheader(name, value)
        connection.endheaders(raw)
        response = connection.getresponse()
        response.read()
        return response.status


def count_rows(stack):
    """Return the number of rows of every table that a webhook could change.

    Not of what jobs write by the clock: their triggers, and their measurements.
    """
    tables = stack.query(
        r"""
        SELECT tablename FROM pg_tables
         WHERE tablename LIKE 'whatsapp\_cs\_%%' AND tablename NOT IN ('whatsapp_cs_health_sample', 'whatsapp_cs_channel_check') OR tablename LIKE 'mail\_%%' OR tablename LIKE 'discuss\_%%'
            OR tablename IN ('res_partner', 'crm_lead', 'ir_attachment', 'bus_bus', 'utm_source')
        """
    )
    return {table: stack.query(f'SELECT count(*) FROM "{table}"')[0][0] for (table,) in tables}


# === THE LONG VERSION === #


def main():
    parser = argparse.ArgumentParser(description="Bent bodies and forged signatures against a running Odoo.")
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--forged", type=int, default=10_000)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the first round; a new one when left out"
    )
    parser.add_argument("--no-report", action="store_true", help=f"do not write {REPORT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    shutil.rmtree(RESULTS, ignore_errors=True)
    with Stack("whatsapp_cs_fuzz_long", first_port=8850) as stack:
        lines, problems = run_bodies(stack, arguments.bodies, arguments.seed)
        forged_lines, forged_problems = run_forged(stack, arguments.forged, arguments.seed)
    problems += forged_problems
    lines = [
        "| what | result |",
        "|---|---|",
        f"| seed, day | {arguments.seed}, {time.strftime('%Y-%m-%d')} |",
        *lines,
        *forged_lines,
        f"| problems | {len(problems)} |",
    ]
    say("\n".join([*lines, *problems]))
    if not arguments.no_report:
        before, _mark, rest = REPORT.read_text(encoding="utf-8").partition("<!-- fuzz -->")
        after = rest.partition("<!-- /fuzz -->")[2]
        table = "\n".join(["<!-- fuzz -->", *lines, "<!-- /fuzz -->"])
        REPORT.write_text(before + table + after, encoding="utf-8")
    return 1 if problems else 0


def run_bodies(stack, count, first_seed):
    fuzz = Fuzz(stack)
    started = time.monotonic()

    def take(bodies):
        fuzz.take(bodies)
        seconds = time.monotonic() - started
        say(f"{fuzz.answers.total()} bodies, {seconds:.0f} s, {len(fuzz.problems)} problems")

    generate(count, first_seed, take)
    states = fuzz.finish(timeout=3600)
    seconds = time.monotonic() - started
    [(messages, contacts)] = stack.query(
        "SELECT (SELECT count(*) FROM whatsapp_cs_message), (SELECT count(*) FROM whatsapp_cs_contact)"
    )
    return [
        f"| bent bodies | {fuzz.answers.total():,} in {seconds / 60:.0f} min |",
        *(f"| – answered {answer} | {number:,} |" for answer, number in sorted(fuzz.answers.items())),
        *(f"| – events {state} | {number:,} |" for state, number in states.items()),
        f"| – messages and contacts they brought | {messages:,}, {contacts:,} |",
        f"| – sound messages beside them | {len(fuzz.sound):,} sent, all arrived |",
    ], fuzz.problems


def run_forged(stack, count, number):
    before, problems = count_rows(stack), []
    answers = send_forged(stack, count, number)
    stack.wait_until_idle(600, ignoring=OUTBOX)
    forged = {(kind, answer): times for (kind, answer), times in answers.items() if kind != "true"}
    if any(answer != FORBIDDEN for _kind, answer in forged):
        problems.append(f"forged calls were answered {forged}")
    true = sum(times for (kind, _answer), times in answers.items() if kind == "true")
    after = count_rows(stack)
    stored = after["whatsapp_cs_event"] - before["whatsapp_cs_event"]
    noted = after["whatsapp_cs_webhook_refusal"] - before["whatsapp_cs_webhook_refusal"]
    if stored != true or noted != count:
        problems.append(f"{stored} of {true} true calls are stored, {noted} of {count} forged ones noted")
    return [
        f"| forged signatures | {count:,} of {len(FORGERIES)} kinds |",
        f"| – stored | {stored - true:,} |",
        f"| – noted as refused | {noted:,} |",
        f"| – true calls between them | {true:,}, stored {stored:,} |",
    ], problems


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
