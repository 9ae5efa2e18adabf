"""The crash test: everything dies once, at every named point, while customers write and agents answer.

Two Odoo servers on one database, the simulator in Meta's place with faults of its own. The end is compared with what the
simulator has recorded. ``tests/engine/test_crash.py`` is the short run; ``scripts/crash`` the long one, whose table is
``docs/crash.md``.
"""

# ruff: noqa: T201 - run by hand, it speaks to a person
import argparse
import contextlib
import itertools
import json
import math
import os
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from html import unescape

import psycopg2
import requests
from e2e.rpc import RpcError

from .addons.whatsapp_cs_killpoints.table import POINTS
from .stack import AGENTS, PHONE_NUMBER_ID, ROOT, Stack

DATABASE = "whatsapp_cs_crash"
FIRST_PORT = 8600
SECONDS_TO_FIRE = 60  # until somebody comes to an armed point
SECONDS_TO_GO_ON = 75  # a minute is what Odoo's crons may sleep when the one who was to wake them has died
SECONDS_TO_BE_IDLE = 400  # a message whose sending was refused three times waits five minutes for the fourth

# What the network and Meta do at the same time; given on the command line, so that they outlive a restart.
FAULTS = [
    {"kind": "duplicate", "share": 0.1},
    {"kind": "reorder", "share": 0.05, "size": 5, "ms": 200},
    {"kind": "batch", "share": 0.3, "size": 20, "ms": 150},
    {"kind": "drop_connection", "on": "webhook", "when": "before", "share": 0.02},
    {"kind": "drop_connection", "on": "webhook", "when": "after", "share": 0.02},
    {"kind": "drop_connection", "when": "after", "share": 0.01, "match": {"endpoint": "messages"}},
    {"kind": "timeout_after_accept", "seconds": 5, "share": 0.01, "match": {"endpoint": "messages"}},
]
SIMULATOR = [
    "--sent-delay", "0.05", "--delivered-delay", "0.2", "--retry-gaps", "0.2,0.5,1", "--state", "{home}/simulator.json",
    *(argument for fault in FAULTS for argument in ("--fault", json.dumps(fault))),
]  # fmt: skip


@dataclass
class Run:
    """How long and how fast."""

    messages: int  # in and out together, at the least
    inbound_rate: float  # per second
    agent_rate: float  # per second, each of the three agents
    customers: int  # at the start; each window brings a new one
    waits: bool  # after each death, until both directions move again; else the next death proves it


SHORT = Run(messages=300, inbound_rate=10, agent_rate=1, customers=20, waits=False)
LONG = Run(messages=10_000, inbound_rate=40, agent_rate=4, customers=100, waits=True)


@dataclass
class Window:
    """The time in which one thing dies, and everything gets going again."""

    number: int
    name: str
    place: int = 0  # in the table
    victim: str = ""
    recovery: float = 0  # seconds until both directions moved again
    inbound: Counter = field(default_factory=Counter)  # sent, lost, doubled
    outbound: Counter = field(default_factory=Counter)  # acknowledged, lost, doubled, in doubt


# === TRAFFIC === #


class Traffic:
    """Customers who write and agents who answer. Every text is unique and names the window it was written in."""

    def __init__(self, stack, run):
        self.stack = stack
        self.run = run
        self.window = 0
        self.answers = {}  # text: whether Odoo has acknowledged it
        self.errors = Counter()
        self._customers = []
        self._numbers = itertools.count(1)
        self._quiet = threading.Event()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._write_as_customers, daemon=True)]
        self._threads += [
            threading.Thread(target=self._answer, args=(index,), daemon=True) for index in range(len(AGENTS))
        ]

    def start(self):
        for _index in range(self.run.customers):
            self.add_customer()
        self.write(len(self._customers))
        self.stack.wait_until_idle()
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._end.set()
        for thread in self._threads:
            thread.join()

    @contextlib.contextmanager
    def quiet(self):
        self._quiet.set()
        try:
            yield
        finally:
            self._quiet.clear()

    def add_customer(self):
        number = len(self._customers)
        customer = {"id": f"crash-{number}", "name": f"Customer {number}", "wa_id": f"4477{number:08}"}
        self.stack.control("POST", "customers", customer)
        self._customers.insert(0, customer["id"])  # the next one to write

    def write(self, count, per_second=None):
        """Have ``count`` messages written by customers in turn."""
        count = min(count, len(self._customers))
        writing, self._customers = self._customers[:count], self._customers[count:] + self._customers[:count]
        text = f"In {self.window}.{next(self._numbers)}." + "{n}"
        body = {"phone_number_id": PHONE_NUMBER_ID, "count": count, "customers": writing, "text": text}
        self.stack.control("POST", "inbound/bulk", {**body, "per_second": per_second})

    def _write_as_customers(self):
        while not self._end.is_set():
            if self._quiet.is_set():
                time.sleep(0.05)
                continue
            try:
                self.write(max(1, round(self.run.inbound_rate / 2)), self.run.inbound_rate)
            except (requests.RequestException, RuntimeError):  # the simulator is down
                time.sleep(0.1)

    def _answer(self, index):
        session, threads = None, []
        for number in itertools.count():
            time.sleep(1 / self.run.agent_rate)
            if self._end.is_set():
                return
            if self._quiet.is_set():
                continue
            try:
                if not threads:
                    threads = self._find_threads(index)
                session = session or self.stack.agent(AGENTS[index], server=number % len(self.stack.servers))
            except (psycopg2.Error, requests.RequestException, RpcError, ValueError, KeyError):
                continue
            text = f"Out {self.window}.{AGENTS[index]}.{number}"
            self.answers[text] = False
            try:
                session.post(threads.pop(), text)
                self.answers[text] = True
            except (requests.RequestException, RpcError, ValueError) as error:
                self.errors[f"{type(error).__name__}: {error}"[:150]] += 1
                session = None  # go on with another server

    def _find_threads(self, index):
        """Every agent has customers of their own, so that nobody is refused."""
        rows = self.stack.query(
            "SELECT discuss_channel_id FROM whatsapp_cs_contact WHERE id %% %s = %s AND discuss_channel_id IS NOT NULL",
            len(AGENTS),
            index,
        )
        return [row[0] for row in rows]


# === WHAT DIES === #


class Crash:
    """One run: a window for each thing that dies, then the comparison."""

    def __init__(self, stack, run):
        self.stack = stack
        self.run = run
        self.traffic = Traffic(stack, run)
        self.windows = []
        self.webhooks = []  # the simulator's list, over its restart
        self.deaths = {
            **{name: lambda name=name: self._kill_at(name) for name in POINTS},
            "inbox: falling asleep": self._in_silence("inbox: falling asleep"),
            "inbox: asleep": self._in_silence("inbox: asleep"),
            "inbox: second worker helps": self._kill_the_helper,
            **{name: self._after_a_death(name) for name in POINTS if name.startswith("compensation:")},
            "an HTTP worker, wherever it is": lambda: self._kill_worker("http"),
            "a cron worker, wherever it is": lambda: self._kill_worker("cron"),
            "a whole server": self._kill_server,
            "PostgreSQL, restarted without a checkpoint": self._restart_postgres,
            "the simulator, down for a while": self._stop_simulator,
        }

    def __enter__(self):
        self._folder = self.stack.home / "kill"
        self._folder.mkdir()
        self.traffic.start()
        return self

    def __exit__(self, *_error):
        self.traffic.stop()

    def kill_everything(self):
        """Yield each window when it is over; by turns, as what dies thrice in a row is left alone by Odoo for a minute."""
        for number, name in enumerate(sorted(self.deaths, key=self._get_turn), 1):
            self._open_window(number, name)
            window = self.windows[-1]
            window.victim = self.deaths[name]()
            if self.run.waits or name not in POINTS:
                window.recovery = self._wait_until_both_move()
            self.stack.revive()
            yield window
            self._wait_for_messages(number * self.run.messages / len(self.deaths))
        self.traffic.stop()
        self._hurry()
        self.stack.wait_until_idle(SECONDS_TO_BE_IDLE)
        self._let_reports_be_late()
        self.stack.wait_until_idle(SECONDS_TO_BE_IDLE)
        self.webhooks += self.stack.records("webhooks")

    def _let_reports_be_late(self):
        """What is unknown for minutes is given to a person; the minutes pass at once."""
        self.stack.query(
            "UPDATE whatsapp_cs_outbox SET state_date = state_date - interval '1 hour' WHERE state = 'unknown'"
        )
        self._hurry()
        deadline = time.monotonic() + SECONDS_TO_GO_ON
        query = "SELECT 1 FROM whatsapp_cs_outbox WHERE state = 'unknown' AND is_settled IS NOT TRUE"
        while self.stack.query(query) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _get_turn(self, name):
        """Webhook, inbox, agent, sender, and again; whole servers last."""
        names = list(self.deaths)
        kinds = [other for other in names if other.partition(":")[0] == name.partition(":")[0]]
        return name not in POINTS, kinds.index(name), names.index(name)

    def _open_window(self, number, name):
        self.windows.append(Window(number, name, list(self.deaths).index(name)))
        self.traffic.window = number
        self.traffic.add_customer()
        # By turns, as a load balancer would.
        url = self.stack.webhook_url(number % len(self.stack.servers))
        self.stack.control("POST", f"numbers/{PHONE_NUMBER_ID}", {"callback_url": url})

    def _kill_at(self, name):
        self._arm(name)
        return self._wait_for_victim(name)

    def _arm(self, name):
        (self._folder / name).touch()

    def _wait_for_victim(self, name, seconds=SECONDS_TO_FIRE):
        deadline = time.monotonic() + seconds
        victim = self._folder / f"{name}.victim"
        while not victim.exists():
            if time.monotonic() > deadline:
                (self._folder / name).unlink(missing_ok=True)
                return ""
            time.sleep(0.02)
        time.sleep(0.02)
        return victim.read_text(encoding="utf-8").partition(" ")[2]

    def _in_silence(self, name):
        """A worker falls asleep when nothing has come for a while; if none is awake, a message wakes one."""

        def kill():
            self._arm(name)
            deadline = time.monotonic() + SECONDS_TO_GO_ON
            with self.traffic.quiet():
                while not (victim := self._wait_for_victim(name, seconds=10)) and time.monotonic() < deadline:
                    self.traffic.write(1)
                    self._arm(name)
            return victim

        return kill

    def _kill_the_helper(self):
        """The second worker is called when more is waiting than the first one takes at once."""
        name = "inbox: second worker helps"
        self._arm(name)
        for _burst in range(5):
            for _turn in range(200 // self.run.customers):
                self.traffic.write(self.run.customers)
            if victim := self._wait_for_victim(name, seconds=5):
                return victim
            self._arm(name)
        return self._wait_for_victim(name)

    def _after_a_death(self, name):
        """There is something to compensate for when somebody has died before the call: no report will come."""

        def kill():
            (self._folder / "sender: before the call.victim").unlink(missing_ok=True)
            self._kill_at("sender: before the call")
            self._arm(name)
            self._hurry()
            return self._wait_for_victim(name)

        return kill

    def _kill_worker(self, kind):
        self.stack.servers[self.traffic.window % 2].kill_one(kind)
        return {"http": "HTTP worker", "cron": "cron worker"}[kind]

    def _kill_server(self):
        server = self.stack.servers[self.traffic.window % 2]
        server.kill()
        time.sleep(1)
        server.start()
        return "all processes of a server"

    def _restart_postgres(self):
        self.stack.restart_postgres()
        return "all database connections"

    def _stop_simulator(self):
        self.webhooks += self.stack.records("webhooks")
        self.stack.simulator.stop()
        time.sleep(2)
        self.stack.simulator.start()
        return "the simulator"

    def _wait_until_both_move(self):
        started = time.monotonic()
        before = None
        while time.monotonic() < started + SECONDS_TO_GO_ON:
            with contextlib.suppress(psycopg2.Error):
                now = self._get_progress()
                before = before or now
                if now[0] > before[0] and now[1] > before[1]:
                    return time.monotonic() - started
            self.stack.revive()
            time.sleep(0.05)
        return math.inf

    def _get_progress(self):
        [progress] = self.stack.query(
            """
            SELECT (SELECT count(*) FROM whatsapp_cs_message WHERE direction = 'in'),
                   (SELECT count(*) FROM whatsapp_cs_outbox WHERE state = 'gone')
            """
        )
        return progress

    def _wait_for_messages(self, count):
        while sum(self._get_progress()) < count:
            time.sleep(0.1)

    def _hurry(self):
        """What the crons would do within some minutes, they do now."""
        self.stack.query("UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE cron_name LIKE 'WhatsApp%'")
        self.stack.postgres.execute("SELECT pg_notify('cron_trigger', %s)", self.stack.database)


# === COMPARISON === #


class Comparison:
    """What Odoo has against what the simulator has recorded. The problems are sentences, by subject."""

    def __init__(self, crash):
        self.stack = stack = crash.stack
        self.answers = crash.traffic.answers
        self.webhooks = crash.webhooks
        self.windows = {window.number: window for window in crash.windows}
        self.windows[0] = Window(0, "before the first")
        world = stack.control("GET", "world")
        self.numbers = {customer["id"]: customer["wa_id"] for customer in world["customers"]}
        self.received = {message["wamid"]: message for message in stack.records("messages", direction="in")}
        self.sent = stack.records("messages", direction="out")
        self.problems = {
            "inbound": list(self._compare_inbound()),
            "outbound": list(self._compare_outbound()),
            "order": list(self._compare_order()),
            "customers": list(self._compare_customers()),
            "left behind": list(self._compare_leftovers()),
        }

    def _compare_inbound(self):
        rows = self.stack.query(
            """
            SELECT message.wamid, message.body, contact.wa_id, contact.discuss_channel_id, contact.partner_id,
                   mail.id, mail.model, mail.res_id, mail.author_id, mail.body
              FROM whatsapp_cs_message message
              JOIN whatsapp_cs_contact contact ON contact.id = message.contact_id
              LEFT JOIN mail_message mail ON mail.id = message.mail_message_id
             WHERE message.direction = 'in'
            """
        )
        stored = Counter(row[0] for row in rows)
        for wamid, record in self.received.items():
            window = self._find_window(record["text"])
            window.inbound["sent"] += 1
            if not stored[wamid]:
                window.inbound["lost"] += 1
                yield f"lost: {record['text']}"
        for wamid, text, wa_id, thread, partner, mail, model, res_id, author, html in rows:
            record = self.received.get(wamid)
            if record is None:
                yield f"nobody wrote {text}"
            elif (text, wa_id) != (record["text"], self.numbers[record["customer_id"]]):
                yield f"{record['text']} is stored as {text} of {wa_id}"
            elif mail is None:
                yield f"{text} is not shown"
            elif (model, res_id, author) != ("discuss.channel", thread, partner) or text not in _to_text(html):
                yield f"{text} is shown in the wrong place or under the wrong name"
        shown = self.stack.query("SELECT body FROM mail_message WHERE message_type = 'whatsapp_cs'")
        for text, count in Counter(_to_text(html) for (html,) in shown).items():
            if count > 1:
                self._find_window(text).inbound["doubled"] += count - 1
                yield f"shown {count} times: {text}"

    def _compare_outbound(self):
        rows = self.stack.query("SELECT body, state, is_unknown FROM whatsapp_cs_message WHERE direction = 'out'")
        stored = Counter(text for text, _state, _unknown in rows)
        states = {text: (state, unknown) for text, state, unknown in rows}
        sent = Counter(record["text"] for record in self.sent)
        for text in stored.keys() | sent.keys() | {text for text, known in self.answers.items() if known}:
            counts = self._find_window(text).outbound
            counts["acknowledged"] += bool(self.answers.get(text))
            state, is_unknown = states.get(text, (None, False))
            if text not in self.answers:
                yield f"nobody wrote {text}"
            if max(sent[text], stored[text]) > 1:
                counts["doubled"] += max(sent[text], stored[text]) - 1
                yield f"{text}: {stored[text]} times in Odoo, {sent[text]} times at WhatsApp"
            elif not sent[text] and (is_unknown or state == "failed"):
                counts["in doubt"] += 1  # and Odoo says so
            elif not sent[text]:
                counts["lost"] += 1
                yield f"lost, and shown as {state}: {text}"
            elif is_unknown or state not in ("sent", "delivered", "read"):
                yield f"arrived, but shown as {'unknown' if is_unknown else state}: {text}"
        [(shown,)] = self.stack.query(
            """
            SELECT count(*) FROM mail_message WHERE message_type = 'comment' AND model = 'discuss.channel'
               AND res_id IN (SELECT discuss_channel_id FROM whatsapp_cs_contact)
            """
        )
        if shown != len(rows):
            yield f"{shown} messages of agents are shown, {len(rows)} were to be sent"

    def _compare_order(self):
        """What was acknowledged before the customer wrote the next one is shown before it."""
        acknowledged = {}
        for webhook in self.webhooks:
            times = [a["time"] + a["seconds"] for a in webhook["attempts"] if a["status"] == 200]
            for wamid in _find_message_ids(webhook["body"]):
                acknowledged[wamid] = min([*times, acknowledged.get(wamid, math.inf)])
        shown = {}
        for contact, wamid, text in self.stack.query(
            """
            SELECT contact_id, wamid, body FROM whatsapp_cs_message
             WHERE direction = 'in' AND mail_message_id IS NOT NULL ORDER BY mail_message_id
            """
        ):
            if wamid in self.received:
                shown.setdefault(contact, []).append((wamid, text))
        for messages in shown.values():
            for (wamid, text), (next_wamid, next_text) in itertools.pairwise(messages):
                if acknowledged.get(next_wamid, math.inf) < self.received[wamid]["time"]:
                    yield f"{next_text} came before {text} was written and is shown after it"

    def _compare_customers(self):
        wrote = len({record["customer_id"] for record in self.received.values()})
        [counts] = self.stack.query(
            """
            SELECT (SELECT count(*) FROM whatsapp_cs_contact),
                   (SELECT count(DISTINCT partner_id) FROM whatsapp_cs_contact),
                   (SELECT count(*) FROM res_partner WHERE phone LIKE '+44 77%%'),
                   (SELECT count(*) FROM whatsapp_cs_conversation),
                   (SELECT count(*) FROM whatsapp_cs_conversation WHERE state <> 'resolved'),
                   (SELECT count(*) FROM discuss_channel WHERE channel_type = 'whatsapp_cs'),
                   (SELECT count(DISTINCT lead_id) FROM whatsapp_cs_conversation),
                   (SELECT count(*) FROM crm_lead)
            """
        )
        names = (
            "contacts", "linked partners", "partners", "conversations", "open conversations", "threads", "linked leads", "leads"
        )  # fmt: skip
        for name, count in zip(names, counts, strict=True):
            if count != wrote:
                yield f"{count} {name} of {wrote} customers"
        for contact, noted, real in self.stack.query(
            """
            SELECT contact_id, (coalesce(inbound_count, 0), coalesce(outbound_count, 0))::text,
                   (SELECT (count(*) FILTER (WHERE direction = 'in'), count(*) FILTER (WHERE direction = 'out'))::text
                      FROM whatsapp_cs_message message WHERE conversation_id = conversation.id)
              FROM whatsapp_cs_conversation conversation
            """
        ):
            if noted != real:
                yield f"contact {contact}: counted {noted} messages, there are {real}"

    def _compare_leftovers(self):
        for table_name, state, count in self.stack.query(
            """
            SELECT 'webhooks', state, count(*) FROM whatsapp_cs_event WHERE state IN ('new', 'failed') GROUP BY state
             UNION ALL
            SELECT 'outbox rows', state, count(*) FROM whatsapp_cs_outbox
             WHERE state IN ('queued', 'sending', 'retry') GROUP BY state
             UNION ALL
            SELECT 'messages', state, count(*) FROM whatsapp_cs_message
             WHERE state IN ('queued', 'sending') AND is_unknown IS NOT TRUE GROUP BY state
             UNION ALL
            SELECT 'reports', early.status, count(*) FROM whatsapp_cs_early_status early
              JOIN whatsapp_cs_message message USING (wamid, channel_id) GROUP BY early.status
            """
        ):
            yield f"{count} {table_name} are {state}"
        pending = self.stack.records("webhooks", state="pending")
        if pending:
            yield f"{len(pending)} webhooks were never taken"

    def _find_window(self, text):
        found = re.search(r"(?:In|Out) (\d+)\.", text or "")
        return self.windows.get(int(found[1]) if found else 0, self.windows[0])


def _find_message_ids(body):
    changes = (change for entry in (body or {}).get("entry", ()) for change in entry["changes"])
    return [message["id"] for change in changes for message in change["value"].get("messages", ())]


def _to_text(html):
    return unescape(re.sub(r"<[^>]*>", "", html or "")).strip()


def make_stack():
    return Stack(
        DATABASE, servers=2, simulator=SIMULATOR, load=["whatsapp_cs_killpoints"], own_postgres=True,
        environment={"KILL_DIR": "{home}/kill"}, first_port=FIRST_PORT,
    )  # fmt: skip


# === REPORT === #

REPORT = ROOT / "docs/crash.md"
HEAD = """\
# Crash test

Written by `scripts/crash` (`make crash`); `tests/engine/crash.py` is the test, and its short form runs with every
`make test`. Two Odoo servers (two HTTP and two cron workers each) on one database, the simulator in Meta's place. While
customers write and three agents answer, one thing after the other is killed by `kill -9` at a named point (the table of
them: `tests/engine/addons/whatsapp_cs_killpoints/table.py`). All the time the simulator sends some webhooks twice, out of
order, in batches or over connections that break, and some calls to it break or end in a time-out after it has taken the
message. The end is compared with what the simulator has recorded.

*Lost*: written by a customer and not in Odoo, or acknowledged to an agent, not at WhatsApp, and not shown as such. *Doubled*:
twice in Odoo or twice at WhatsApp. *In doubt*: its sender died between the claim and the answer, WhatsApp has never had it, and
the agent is told that nobody knows. *Going again*: seconds until messages moved in both directions.

"""


def write_report(windows, comparison, seconds):
    rows = [
        "| died | which process | going again (s) | in | lost | doubled | out | lost | doubled | in doubt |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for window in sorted(windows, key=lambda window: window.place):
        rows.append(_get_row(window.name, window.victim or "nobody came there", f"{window.recovery:.1f}", window))
    total = Window(0, "")
    for window in comparison.windows.values():
        total.inbound += window.inbound
        total.outbound += window.outbound
    rows.append(_get_row("**all**", "", "", total))
    problems = [f"- {subject}: {text}" for subject, texts in comparison.problems.items() for text in texts]
    text = f"{HEAD}One run of {seconds:.0f} s on {os.cpu_count()} cores.\n\n" + "\n".join(rows) + "\n"
    if problems:
        text += "\nWhat was wrong:\n\n" + "\n".join(problems) + "\n"
    REPORT.write_text(text, encoding="utf-8")


def _get_row(name, victim, recovery, window):
    inbound = [window.inbound[key] for key in ("sent", "lost", "doubled")]
    outbound = [window.outbound[key] for key in ("acknowledged", "lost", "doubled", "in doubt")]
    return f"| {' | '.join(map(str, [name, victim, recovery, *inbound, *outbound]))} |"


def main():
    parse = argparse.ArgumentParser(description="Kills everything once under load, and compares. Writes docs/crash.md.")
    parse.add_argument("--messages", type=int, default=LONG.messages, help="in and out together (10000)")
    run = replace(LONG, messages=parse.parse_args().messages)
    started = time.monotonic()
    with make_stack() as stack:
        with Crash(stack, run) as crash:
            for window in crash.kill_everything():
                print(
                    f"{window.number:3}/{len(crash.deaths)} {window.name}: {window.victim}, going again after {window.recovery:.1f} s",
                    flush=True,
                )
        comparison = Comparison(crash)
        write_report(crash.windows, comparison, time.monotonic() - started)
        missed = [window.name for window in crash.windows if not window.victim or math.isinf(window.recovery)]
        problems = [text for texts in comparison.problems.values() for text in texts]
        print(
            f"{len(comparison.received)} messages in, {len(comparison.sent)} out, {len(problems)} problems. See {REPORT.relative_to(ROOT)}."
        )
        for text in [*problems, *(f"not reached, or not going again: {name}" for name in missed)]:
            print(f"  {text}")
        if problems or missed:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
