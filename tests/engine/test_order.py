"""Any order of arrival gives the same end state (NF1).

WhatsApp promises no order, puts up to 1,000 updates into one body, posts bodies in parallel and repeats them. One
stream of what some people did is delivered in random order three times, each time into a fresh database, and once as
it happened, update by update. What is in the database afterwards must be the same.
"""

import itertools
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from simulator.envelope import Update, compose

from .bodies import DISPLAY_PHONE_NUMBER, PHONE_NUMBER_ID, WABA_ID, contact, encode, message, status
from .stack import Stack

RUNS = ("as it happened", "shuffled 1", "shuffled 2", "shuffled 3")
START = int(time.time()) - 7200  # within the window, and never in the future
NUMBER = SimpleNamespace(phone_number_id=PHONE_NUMBER_ID, digits=DISPLAY_PHONE_NUMBER)
POSTERS = 8

# What WhatsApp reported of our messages, one tuple for each
REPORTS = (
    ("sent",), ("sent", "delivered"), ("sent", "delivered", "read"), ("sent", "read"), ("read",), ("delivered",),
    ("failed",), ("sent", "failed"), ("delivered", "failed"), ("sent", "delivered", "read", "played"),
)  # fmt: skip


class Person:
    """Somebody who writes: by number, by user id, or both."""

    def __init__(self, name, wa_id=None, user_id=None):
        self.name = name
        self.wa_id = wa_id
        self.user_id = user_id
        self.wamids = []

    def write(self, seconds, text=None, **content):
        wamid = f"wamid.{self.name}.{len(self.wamids)}"
        self.wamids.append(wamid)
        item = message(wamid, START + seconds, self.wa_id, self.user_id, text, **content)
        is_system = content.get("type") == "system"
        return Update(
            WABA_ID, NUMBER, "messages", item, None if is_system else [contact(self.wa_id, self.user_id, self.name)]
        )


class Stream:
    """What happened, in the order in which it did: ``introduction`` before, then ``updates``."""

    def __init__(self):
        self.random = random.Random(3)
        people = [Person(f"P{number}", f"49155500{number:05}", f"DE.{number}") for number in range(11)]
        self.introduction = [person.write(0, "Good morning") for person in people[:5]]
        self.outgoing = self._get_outgoing(people[:5])
        writers = (
            *map(self._get_conversation, people[:10]),
            self._get_conversation(Person("Older", "15550100008")),
            self._get_conversation(Person("Hidden", user_id="ES.134912")),
            self._get_shown_later(),
            *map(self._get_moved, ("Mara", "Otto", "Twice")),
            self._get_reports(),
        )
        happened = sorted(itertools.chain(*writers), key=lambda update: int(update.item["timestamp"]))
        repeated = self.random.sample(happened, len(happened) // 7)
        self.updates = sorted(happened + repeated, key=lambda update: int(update.item["timestamp"]))
        self.wamids = {update.item["id"] for update in self.introduction + happened if update.kind == "messages"}

    def _get_conversation(self, person):
        """Yield texts, a reply, an album of one second, and the same words twice."""
        seconds = self.random.randrange(10, 600)
        yield person.write(seconds, f"I am {person.name}")
        yield person.write(seconds, "and this is the same second")
        yield person.write(
            seconds + 60, "As I said", context={"from": person.wa_id or person.user_id, "id": person.wamids[-2]}
        )
        for number in range(self.random.randrange(2, 6)):
            image = {"id": f"88{number}", "mime_type": "image/jpeg", "caption": f"Picture {number}"}
            yield person.write(seconds + 90, type="image", image=image)
        yield person.write(seconds + 200, "Hello?")
        yield person.write(seconds + 260, "Hello?")
        for row in self.outgoing:
            if row.wa_id == person.wa_id and row.wamid:
                context = {"from": DISPLAY_PHONE_NUMBER, "id": row.wamid}
                yield person.write(seconds + 300, "I answer to you", context=context)

    def _get_shown_later(self):
        """Yield the messages of somebody whose number is hidden at first."""
        person = Person("Nuria", user_id="ES.13491208655302741904")
        yield from self._get_conversation(person)
        person.wa_id = "34600111222"
        for number in range(3):
            yield person.write(1200 + number, f"Now you see my number {number}")

    def _get_moved(self, name):
        """Yield the messages of somebody who changes the number in the middle, once or twice, and WhatsApp's notices of it.

        What was written on the old phone may arrive after all of that.
        """
        has_id = name != "Otto"
        phones = [
            Person(name, wa_id, f"DE.{name}.{step}" if has_id else None)
            for step, wa_id in enumerate(self._get_numbers(name))
        ]
        for phone in phones:
            phone.wamids = phones[0].wamids
        seconds = 100
        for before, after in itertools.pairwise(phones):
            yield from (before.write(seconds + step, f"From {before.wa_id}") for step in range(2))
            ids = {"previous_user_id": before.user_id, "user_id": after.user_id} if has_id else {}
            system = {"type": "user_changed_number", "body": f"{name} changed", "wa_id": after.wa_id, **ids}
            yield before.write(seconds + 100, type="system", system=system)
            context = {"from": before.wa_id, "id": before.wamids[0]}
            yield after.write(seconds + 150, "It is still me", context=context)
            yield before.write(seconds + 160, "Sent from the old phone")
            seconds += 200

    def _get_numbers(self, name):
        """Return the numbers that somebody has one after the other."""
        return [f"49155600{10 * ord(name[0]) + step:05}" for step in range(3 if name == "Twice" else 2)]

    def _get_outgoing(self, people):
        """Return messages of ours: with WhatsApp's id, without it as its answer is awaited, or was lost."""
        rows = []
        for number, (reports, outcome) in enumerate(itertools.product(REPORTS, ("gone", "sending", "unknown"))):
            rows.append(
                SimpleNamespace(
                    wa_id=people[number % len(people)].wa_id,
                    outcome=outcome,
                    reports=reports,
                    key=f"{number:032x}",
                    wamid=f"wamid.OUT.{number}" if outcome == "gone" else None,
                    number=number,
                )
            )
        return rows

    def _get_reports(self):
        for row in self.outgoing:
            for step, state in enumerate(row.reports):
                # With our id WhatsApp need not send the key back.
                key = None if row.wamid and row.number % 2 else row.key
                yield self._report(status(f"wamid.OUT.{row.number}", state, START + 400 + 30 * step, row.wa_id, key))
        for number in range(5):
            yield self._report(status(f"wamid.ELSEWHERE.{number}", "read", START + 500))

    def _report(self, item):
        return Update(WABA_ID, NUMBER, "statuses", item)


def deliver(stack, bodies, posters=POSTERS):
    with ThreadPoolExecutor(posters) as pool:
        answers = list(pool.map(lambda updates: stack.post(encode(compose(updates))), bodies))
    assert set(answers) == {200}


def shuffle(updates, seed):
    """Return bodies, lists of updates: in any order, one to sixty in each."""
    chance = random.Random(seed)
    updates = chance.sample(updates, len(updates))
    bodies = []
    while updates:
        size = chance.choice((1, 1, 1, 2, 3, 10, 60))
        bodies.append(updates[:size])
        del updates[:size]
    return bodies


def prepare(stack, stream):
    """Bring about what the stream begins with: a partner, known customers, messages on their way to them."""
    stack.agent("admin").call("res.partner", "create", [{"name": "Known to us", "phone": "+49 15550000007"}])
    deliver(stack, [[update] for update in stream.introduction], posters=1)
    stack.wait_until_idle()
    [(backend,)] = stack.query(
        "SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"  # alive: nobody reaps it
    )
    for row in stream.outgoing:
        stack.query(
            """
            WITH given AS (
                SELECT * FROM jsonb_to_record(%s) AS g(wa_id text, wamid text, key text, outcome text, text text)
            ), contact AS (
                SELECT c.*, v.id AS conversation_id
                  FROM given
                  JOIN whatsapp_cs_contact c ON c.wa_id = given.wa_id
                  JOIN whatsapp_cs_conversation v ON v.contact_id = c.id
            ), shown AS (
                INSERT INTO mail_message (model, res_id, message_type, subtype_id, body, date)
                     SELECT 'discuss.channel', discuss_channel_id, 'comment',
                            (SELECT res_id FROM ir_model_data WHERE module = 'mail' AND name = 'mt_comment'),
                            '<p>' || text || '</p>', to_timestamp(%s) AT TIME ZONE 'UTC'
                       FROM contact, given
                  RETURNING id, date
            ), message AS (
                INSERT INTO whatsapp_cs_message (channel_id, company_id, contact_id, conversation_id, direction, wamid,
                                                 message_type, body, date, state, is_unknown, mail_message_id)
                     SELECT channel_id, company_id, contact.id, conversation_id, 'out', given.wamid, 'text', text,
                            shown.date, 'sending', outcome = 'unknown', shown.id
                       FROM contact, shown, given
                  RETURNING *
            )
            INSERT INTO whatsapp_cs_outbox (message_id, channel_id, contact_id, company_id, key, state, state_date,
                                            claim_date, claim_backend, try_count, priority)
                 SELECT message.id, channel_id, contact_id, company_id, key, outcome, now() AT TIME ZONE 'UTC',
                        now() AT TIME ZONE 'UTC', %s, 1, 0
                   FROM message, given
            """,
            json.dumps({**vars(row), "text": f"Message {row.number}"}),
            START,
            backend,
        )


STATE = {
    "contacts": """
        SELECT c.wa_id, c.meta_user_id, c.username, c.profile_name, c.name, c.window_end_date, c.last_message_date,
               c.created_partner, p.name, d.name
          FROM whatsapp_cs_contact c
          JOIN res_partner p ON p.id = c.partner_id
          JOIN discuss_channel d ON d.id = c.discuss_channel_id AND d.whatsapp_cs_contact_id = c.id
    """,
    "former identities": """
        SELECT f.kind, f.value, c.wa_id, c.meta_user_id
          FROM whatsapp_cs_former_identity f JOIN whatsapp_cs_contact c ON c.id = f.contact_id
    """,
    "conversations": """
        SELECT c.wa_id, c.meta_user_id, v.state, v.user_id, v.inbound_count, coalesce(v.outbound_count, 0), v.first_message_date,
               v.last_message_date, v.unanswered_date, v.first_response_date, l.name
          FROM whatsapp_cs_conversation v
          JOIN whatsapp_cs_contact c ON c.id = v.contact_id
          LEFT JOIN crm_lead l ON l.id = v.lead_id
         WHERE v.active
    """,
    "messages": """
        SELECT m.wamid, o.key, m.direction, m.message_type, m.state, m.is_unknown, m.body, m.date, m.quoted_wamid,
               m.sent_date, m.delivered_date, m.read_date, m.failed_date, m.error_code, m.error, o.state,
               c.wa_id, c.meta_user_id, v.contact_id = m.contact_id
          FROM whatsapp_cs_message m
          JOIN whatsapp_cs_contact c ON c.id = m.contact_id
          LEFT JOIN whatsapp_cs_conversation v ON v.id = m.conversation_id
          LEFT JOIN whatsapp_cs_outbox o ON o.message_id = m.id
    """,
    "threads": """
        SELECT m.wamid, mm.body, mm.message_type, mm.date, a.name, c.wa_id, c.meta_user_id, q.wamid
          FROM mail_message mm
          JOIN discuss_channel d ON d.id = mm.res_id AND d.channel_type = 'whatsapp_cs'
          JOIN whatsapp_cs_contact c ON c.id = d.whatsapp_cs_contact_id
          LEFT JOIN res_partner a ON a.id = mm.author_id
          LEFT JOIN whatsapp_cs_message m ON m.mail_message_id = mm.id
          LEFT JOIN whatsapp_cs_message q ON q.mail_message_id = mm.parent_id
         WHERE mm.model = 'discuss.channel'
           AND m.id IS NOT NULL -- that two chats have become one is said in the chat, where that was so
    """,
    "leads": """
        SELECT l.name, l.type, l.user_id, l.partner_name, l.phone, p.name
          FROM crm_lead l LEFT JOIN res_partner p ON p.id = l.partner_id
    """,
    "partners": """
        SELECT p.name, p.phone, p.phone_sanitized, k.code
          FROM res_partner p LEFT JOIN res_country k ON k.id = p.country_id
    """,
    "members": "SELECT count(*) FROM discuss_channel_member m JOIN discuss_channel d ON d.id = m.channel_id "
    "WHERE d.channel_type = 'whatsapp_cs'",
    "failed events": "SELECT failure_type, error FROM whatsapp_cs_event WHERE state NOT IN ('done', 'split')",
}


def read_state(stack):
    # As text, so that rows with empty places can be sorted, and read when they differ.
    return {part: sorted(map(str, stack.query(sql))) for part, sql in STATE.items()}


@pytest.fixture(scope="module")
def stream():
    return Stream()


@pytest.fixture(scope="module")
def states(stream):
    """The state after each run."""
    states = {}
    for index, run in enumerate(RUNS):
        with Stack(f"whatsapp_cs_order_{index}", workers=2, first_port=8800 + 10 * index) as stack:
            prepare(stack, stream)
            if run == RUNS[0]:
                deliver(stack, [[update] for update in stream.updates], posters=1)
            else:
                deliver(stack, shuffle(stream.updates, seed=index))
            stack.wait_until_idle()
            states[run] = read_state(stack)
            assert stack.get_log_errors() == []
    return states


def test_everything_that_was_written_is_there_once(states, stream):
    for run, state in states.items():
        received = [row.split("'")[1] for row in state["messages"] if "'in'" in row]
        assert len(received) == len(set(received)), run
        assert set(received) == stream.wamids, run


def test_no_event_has_failed(states):
    assert {run: state["failed events"] for run, state in states.items()} == {run: [] for run in RUNS}


@pytest.mark.parametrize("part", [part for part in STATE if part != "failed events"])
def test_state_is_the_same_whatever_came_first(states, part):
    first, *others = (states[run][part] for run in RUNS)
    assert first, "nothing to compare"
    for run, other in zip(RUNS[1:], others, strict=True):
        differences = [f"- {row}" for row in _subtract(first, other)] + [f"+ {row}" for row in _subtract(other, first)]
        if differences:
            pytest.fail("\n".join([f"as it happened (-), {run} (+)", *sorted(differences, key=lambda row: row[2:])]))


def _subtract(rows, others):
    """Return the rows without ``others``, each as often as it is there."""
    return list((Counter(rows) - Counter(others)).elements())
