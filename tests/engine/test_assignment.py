"""Fifty agents, two servers, and customers who all write at once: each gets one agent, nobody more than they can do (RT2, RT3).

The run of every day has 200 customers; ``ARRIVALS=1000 scripts/test outside tests/engine/test_assignment.py`` is the long one.
"""

import itertools
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from e2e.rpc import RpcError

from .bodies import encode, text_body
from .desk import Watch, open_desk
from .stack import Stack

ARRIVALS = int(os.environ.get("ARRIVALS", "200"))
AGENTS, CAPACITY = 50, 3
EDITORS = 4  # sessions that act in the agents' place: fifty logins would take longer than the test
WORDS = ("Hello", "Returns please", "About repairs")
SECONDS = 120 + ARRIVALS  # a quarter of it is enough on a quiet machine


@pytest.fixture(scope="module")
def run():
    """Let everybody write, and the agents resolve, release and lose conversations, until all is done."""
    with Stack("whatsapp_cs_assign", servers=2, workers=2, first_port=8900) as stack:
        open_desk(stack, AGENTS, CAPACITY)
        watch = Watch(stack)
        watch.start()
        ended = threading.Event()
        with ThreadPoolExecutor(8 + EDITORS) as pool:
            actors = [pool.submit(act, stack, index, ended) for index in range(EDITORS)]
            bodies = [
                encode(text_body(f"wamid.Q{number}", time.time(), WORDS[number % 3], wa_id=str(4915552000000 + number)))
                for number in range(ARRIVALS)
            ]
            answers = list(pool.map(lambda item: stack.post(item[1], item[0] % 2), enumerate(bodies)))
            stack.servers[0].kill_one("cron")  # perhaps the one who gives out
            wait_until_resolved(stack)
            ended.set()
            errors = [error for actor in actors for error in actor.result()]
        watch.stop()
        yield {"stack": stack, "answers": answers, "watch": watch, "errors": errors}


def act(stack, index, ended):
    """Do what agents do with conversations that were given to them; return what Odoo refused for no good reason."""
    session, chance, errors = stack.agent("editor", index % 2), random.Random(index), []
    connection = stack.postgres.connect(stack.database)
    with connection.cursor() as cursor:
        while not ended.is_set():
            cursor.execute("SELECT id FROM whatsapp_cs_conversation WHERE state = 'assigned' AND id %% %s = %s LIMIT 20",
                           (EDITORS, index))  # fmt: skip
            rows = cursor.fetchall()
            for (conversation,) in rows:
                action = "action_release" if chance.random() < 0.1 else "action_resolve"
                try:
                    session.call("whatsapp.cs.conversation", action, [[conversation]])
                except RpcError as error:
                    errors.append(str(error))
            if not rows:
                time.sleep(0.05)
    connection.close()
    return errors


def wait_until_resolved(stack):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        [(count,)] = stack.query("SELECT count(*) FROM whatsapp_cs_conversation WHERE state = 'resolved'")
        if count == ARRIVALS:
            return
        time.sleep(0.2)


def test_every_webhook_was_taken(run):
    assert set(run["answers"]) == {200}


def test_nobody_was_forgotten(run):
    states = dict(run["stack"].query("SELECT state, count(*) FROM whatsapp_cs_conversation GROUP BY state"))
    assert states == {"resolved": ARRIVALS}


def test_nobody_had_more_than_they_can_do(run):
    assert run["watch"].looks > 100
    assert run["watch"].overloaded == []


def test_nobody_was_given_to_two(run):
    """From one agent to another a conversation goes by the queue only; each time it waited it was given once."""
    history = run["stack"].query("SELECT conversation_id, old_user, new_user FROM test_history ORDER BY id")
    for _conversation, changes in itertools.groupby(sorted(history, key=lambda row: row[0]), lambda row: row[0]):
        for _id, old, new in changes:
            assert old is None or new is None
    given = [row for row in history if row[2]]
    released = [row for row in history if row[1] and not row[2]]
    assert len(given) == ARRIVALS + len(released)


def test_each_got_an_agent_of_the_team(run):
    wrong = run["stack"].query(
        """
        SELECT conversation.id FROM whatsapp_cs_conversation conversation
         WHERE NOT EXISTS (SELECT 1 FROM whatsapp_cs_team_member
                            WHERE team_id = conversation.team_id AND user_id = conversation.user_id)
        """
    )
    assert wrong == []
    teams = dict(run["stack"].query("SELECT team_id, count(*) FROM whatsapp_cs_conversation GROUP BY team_id"))
    assert len(teams) == 3


def test_the_agents_were_refused_nothing(run):
    assert run["errors"] == []


def test_nothing_of_this_is_an_error_in_the_log(run):
    assert run["stack"].get_log_errors() == []
