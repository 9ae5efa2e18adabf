"""Much at once, on a committed database: nothing is lost or doubled, whoever comes first (NF1, NF3, CO1, CH1).

Two Odoo servers of two workers each share the database, the inbox and the outbox, as on two machines.
"""

import contextlib
import itertools
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from e2e.rpc import RpcError

from .bodies import change, contact, encode, envelope, message, text_body
from .stack import AGENTS, PHONE_NUMBER_ID, Stack

WABA_ID = "101000000000001"
ROUNDS = 50  # of an agent and a customer who write at once
numbers = itertools.count(4915551000000)
wamids = (f"wamid.C{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def stack():
    with Stack("whatsapp_cs_conc", servers=2, workers=2, simulator=["--sent-delay", "0.05"], first_port=8800) as stack:
        stack.query("UPDATE whatsapp_cs_channel SET send_rate = 80")
        yield stack


@pytest.fixture(scope="module")
def agents(stack):
    """The agents, each at a server of their own."""
    return [stack.agent(login, server=index % 2) for index, login in enumerate(AGENTS)]


# === DOING MUCH AT ONCE === #


def at_once(*calls):
    """Make all calls in the same moment, and return what they gave or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        except (RpcError, requests.RequestException) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def post_at_once(stack, bodies):
    """Post bodies in the same moment, by turns to both servers."""
    calls = [partial(stack.post, encode(body), index % 2) for index, body in enumerate(bodies)]
    assert at_once(*calls) == [200] * len(bodies)


def write(wa_id, text="Hello", **sender):
    return text_body(next(wamids), time.time(), text, wa_id=wa_id, **sender)


def receive(stack, count=1, text="Hello"):
    """Let new people write who have a phone at the simulator, and thus an open window; return their numbers."""
    wa_ids = [str(next(numbers)) for _number in range(count)]
    for wa_id in wa_ids:
        person = {"id": wa_id, "name": f"Customer {wa_id}", "wa_id": wa_id}
        stack.control(
            "POST", "inbound", {"phone_number_id": PHONE_NUMBER_ID, "customer": person, "text": {"body": text}}
        )
    stack.wait_until_idle()
    return wa_ids


def get_job_and_copy(stack, xml_id):
    """Return the ids of a job and of a copy of it: the same job does not run twice at once."""
    module, name = xml_id.split(".")
    [(job,)] = stack.query("SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s", module, name)
    copies = stack.query(
        "SELECT c.id FROM ir_cron c JOIN ir_cron j USING (cron_name) WHERE j.id = %s AND c.id > %s", job, job
    )
    return [job, copies[0][0] if copies else stack.agent("admin").call("ir.cron", "copy", [[job]])[0]]


def run_twice_at_once(stack, xml_id, *others):
    """Run a job and a copy of it, each at a server of its own, and make ``others`` (calls) in the same moment."""
    runs = [
        partial(stack.agent("admin", server).call, "ir.cron", "method_direct_trigger", [[job]])
        for server, job in enumerate(get_job_and_copy(stack, xml_id))
    ]
    # A server that has come to it by itself is as good.
    assert not [
        answer
        for answer in at_once(*runs, *others)
        if isinstance(answer, Exception) and "already executing" not in str(answer)
    ]


# === LOOKING AT WHAT CAME OF IT === #


def get_thread(stack, wa_id):
    [(thread,)] = stack.query("SELECT discuss_channel_id FROM whatsapp_cs_contact WHERE wa_id = %s", wa_id)
    return thread


def get_texts(stack, thread):
    """Return the texts in a thread in the order people see."""
    rows = stack.query(
        """
        SELECT regexp_replace(body, '<[^>]*>', '', 'g') FROM mail_message
         WHERE model = 'discuss.channel' AND res_id = %s AND message_type IN ('comment', 'whatsapp_cs')
         ORDER BY id
        """,
        thread,
    )
    return [text for (text,) in rows]


def get_conversations(stack, wa_id):
    return stack.query(
        """
        SELECT v.state, u.login, v.inbound_count, coalesce(v.outbound_count, 0)
          FROM whatsapp_cs_conversation v
          JOIN whatsapp_cs_contact c ON c.id = v.contact_id
          LEFT JOIN res_users u ON u.id = v.user_id
         WHERE c.wa_id = %s ORDER BY v.id
        """,
        wa_id,
    )


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def get_sent(stack, wa_id):
    """Return what the simulator has accepted for a customer, in its order."""
    return [entry["text"] for entry in stack.records("messages", direction="out", customer_id=wa_id)]


def count_of_person(stack, wa_ids):
    """Return how much of everything there is of one person, who may write in several forms of the number."""
    [counts] = stack.query(
        """
        WITH contact AS (SELECT * FROM whatsapp_cs_contact WHERE wa_id = ANY(%(s)s))
        SELECT (SELECT count(*) FROM contact),
               (SELECT count(DISTINCT partner_id) FROM contact),
               (SELECT count(*) FROM res_partner p WHERE p.name IN (SELECT name FROM contact)),
               (SELECT count(*) FROM whatsapp_cs_conversation v JOIN contact c ON c.id = v.contact_id),
               (SELECT count(*) FROM crm_lead l JOIN contact c ON c.partner_id = l.partner_id),
               (SELECT count(*) FROM discuss_channel d JOIN contact c ON c.id = d.whatsapp_cs_contact_id),
               (SELECT count(*) FROM whatsapp_cs_message m JOIN contact c ON c.id = m.contact_id
                 WHERE m.mail_message_id IS NOT NULL),
               (SELECT count(*) FROM mail_message m JOIN contact c ON c.discuss_channel_id = m.res_id
                 WHERE m.model = 'discuss.channel')
        """.replace("%(s)s", "%s"),
        list(wa_ids),
    )
    return dict(
        zip(
            ("contacts", "linked partners", "partners", "conversations", "leads", "threads", "messages", "shown"),
            counts,
            strict=True,
        )
    )


ONE = dict.fromkeys(("contacts", "linked partners", "partners", "conversations", "leads", "threads"), 1)


# === CUSTOMERS === #


def test_ten_messages_of_one_new_sender_at_once_make_one_of_everything(stack):
    wa_id = str(next(numbers))
    post_at_once(stack, [write(wa_id, f"Message {number}", name="Ten at once") for number in range(10)])
    stack.wait_until_idle()
    assert count_of_person(stack, [wa_id]) == {**ONE, "messages": 10, "shown": 10}
    assert get_conversations(stack, wa_id) == [("queued", None, 10, 0)]


def test_album_of_thirty_pictures_at_once_is_there_whole(stack):
    wa_id = str(next(numbers))
    now = time.time()
    pictures = [
        envelope(
            change(
                [
                    message(
                        next(wamids), now, wa_id, type="image", image={"id": f"77{number}", "mime_type": "image/jpeg"}
                    )
                ],
                contacts=[contact(wa_id, name="Album")],
            )
        )
        for number in range(30)
    ]
    post_at_once(stack, pictures)
    stack.wait_until_idle()
    assert count_of_person(stack, [wa_id]) == {**ONE, "messages": 30, "shown": 30}


def test_same_body_twenty_times_at_once_is_one(stack):
    wa_id = str(next(numbers))
    post_at_once(stack, [write(wa_id, name="Twenty times")] * 20)
    stack.wait_until_idle()
    assert count_of_person(stack, [wa_id]) == {**ONE, "messages": 1, "shown": 1}
    assert stack.query("SELECT count(*) FROM whatsapp_cs_event WHERE body LIKE %s", f"%{wa_id}%") == [(1,)]


def test_same_message_in_different_bodies_at_once_is_one(stack):
    wa_id, other = str(next(numbers)), str(next(numbers))
    shared = message(next(wamids), time.time(), wa_id, text="Once")
    bodies = [
        envelope(
            change(
                [shared, message(next(wamids), time.time(), other, text=f"Mine {number}")],
                contacts=[contact(wa_id, name="Shared"), contact(other, name="Others")],
            )
        )
        for number in range(10)
    ]
    post_at_once(stack, bodies)
    stack.wait_until_idle()
    assert count_of_person(stack, [wa_id]) == {**ONE, "messages": 1, "shown": 1}
    assert count_of_person(stack, [other]) == {**ONE, "messages": 10, "shown": 10}


def test_two_forms_of_one_number_at_once_are_one_person(stack):
    """Brazil's ninth digit: WhatsApp may use either form, the phone is the same."""
    people = [(f"55118765{number:04}", f"551198765{number:04}") for number in range(12)]
    post_at_once(stack, [write(wa_id, name=f"Twin {forms[0]}") for forms in people for wa_id in forms])
    stack.wait_until_idle()
    for forms in people:
        assert count_of_person(stack, forms) == {**ONE, "messages": 2, "shown": 2}


def test_hidden_and_shown_number_at_once_are_one_person(stack):
    people = [(str(next(numbers)), f"DE.HIDDEN{number}") for number in range(12)]
    bodies = []
    for wa_id, user_id in people:
        bodies.append(write(None, "Nobody knows my number", user_id=user_id, name=f"Shy {wa_id}"))
        bodies.append(write(wa_id, "Here it is", user_id=user_id, name=f"Shy {wa_id}"))
    post_at_once(stack, bodies)
    stack.wait_until_idle()
    for wa_id, _user_id in people:
        assert count_of_person(stack, [wa_id]) == {**ONE, "messages": 2, "shown": 2}


def test_many_customers_at_once_are_each_in_their_own_order(stack):
    customers = [str(next(numbers)) for _number in range(20)]

    def write_all(index, wa_id):
        return [stack.post(encode(write(wa_id, f"Line {line}")), (index + line) % 2) for line in range(8)]

    with ThreadPoolExecutor(len(customers)) as pool:
        answers = list(pool.map(write_all, range(len(customers)), customers))
    assert {answer for each in answers for answer in each} == {200}
    stack.wait_until_idle()
    expected = [f"Line {line}" for line in range(8)]
    assert {wa_id: get_texts(stack, get_thread(stack, wa_id)) for wa_id in customers} == dict.fromkeys(
        customers, expected
    )


# === AGENTS === #


def test_of_two_agents_who_answer_at_once_one_wins(stack, agents):
    for _round in range(5):
        [wa_id] = receive(stack)
        thread = get_thread(stack, wa_id)
        answers = at_once(partial(agents[0].post, thread, "From 1"), partial(agents[1].post, thread, "From 2"))
        [loser] = [index for index, answer in enumerate(answers) if isinstance(answer, Exception)]
        winner = 1 - loser
        assert f"Agent{winner + 1} is answering this conversation." in str(answers[loser])
        stack.wait_until_idle()
        assert get_sent(stack, wa_id) == [f"From {winner + 1}"]
        assert get_texts(stack, thread) == ["Hello", f"From {winner + 1}"]
        assert get_conversations(stack, wa_id) == [("waiting", AGENTS[winner], 1, 1)]


def test_of_two_agents_who_take_at_once_one_has_it(stack, agents):
    [wa_id] = receive(stack)
    thread = get_thread(stack, wa_id)
    answers = at_once(*(partial(agent.call, "discuss.channel", "whatsapp_cs_take", [thread]) for agent in agents))
    assert sum(isinstance(answer, Exception) for answer in answers) == 2
    winner = next(index for index, answer in enumerate(answers) if not isinstance(answer, Exception))
    assert get_conversations(stack, wa_id) == [("assigned", AGENTS[winner], 1, 0)]


def test_of_two_agents_who_open_at_once_one_has_it_reserved_and_only_that_one_answers(stack, agents):
    for wa_id in receive(stack, 5):
        thread = get_thread(stack, wa_id)
        seen = at_once(
            *(partial(agent.call, "discuss.channel", "whatsapp_cs_watch", [[thread], "open"]) for agent in agents)
        )
        assert not [answer for answer in seen if isinstance(answer, Exception)]
        [(login,)] = stack.query(
            """
            SELECT u.login FROM whatsapp_cs_conversation v JOIN whatsapp_cs_contact c ON c.id = v.contact_id
              JOIN res_users u ON u.id = v.lock_user_id WHERE c.wa_id = %s
            """,
            wa_id,
        )
        answers = at_once(*(partial(agent.post, thread, name) for agent, name in zip(agents, AGENTS, strict=True)))
        refused = {name for name, answer in zip(AGENTS, answers, strict=True) if isinstance(answer, RpcError)}
        assert refused == set(AGENTS) - {login}
        stack.wait_until_idle()
        assert get_sent(stack, wa_id) == [login]


def test_conversation_that_is_handed_to_two_at_once_has_one_agent_and_one_history(stack, agents):
    """An agent in two windows: the later one is told that a colleague has it by now."""
    [wa_id] = receive(stack)
    thread = get_thread(stack, wa_id)
    agents[0].call("discuss.channel", "whatsapp_cs_take", [thread])
    [conversation] = agents[0].call("whatsapp.cs.conversation", "search", [[["discuss_channel_id", "=", thread]]])
    ids = dict(stack.query("SELECT login, id FROM res_users WHERE login = ANY(%s)", list(AGENTS)))

    def transfer(login):
        values = {"conversation_ids": [[6, 0, [conversation]]], "user_id": ids[login], "reason": "At once"}
        wizard = agents[0].call("whatsapp.cs.transfer", "create", [values])
        return agents[0].call("whatsapp.cs.transfer", "action_transfer", [[wizard]])

    given = at_once(partial(transfer, AGENTS[1]), partial(transfer, AGENTS[2]))
    assert len([answer for answer in given if isinstance(answer, RpcError)]) == 1
    [(_state, user, _received, _sent)] = get_conversations(stack, wa_id)
    stints = stack.query(
        """
        SELECT u.login, s.ended FROM whatsapp_cs_conversation_agent s JOIN res_users u ON u.id = s.user_id
         WHERE s.conversation_id = %s ORDER BY s.id
        """,
        conversation,
    )
    assert stints == [(AGENTS[0], "transferred"), (user, None)]


def test_two_looks_at_who_waits_tell_once(stack):
    [wa_id] = receive(stack, text="I was overcharged")
    stack.query(
        """
        UPDATE whatsapp_cs_conversation SET unanswered_date = unanswered_date - interval '9 minutes'
         WHERE contact_id = (SELECT id FROM whatsapp_cs_contact WHERE wa_id = %s)
        """,
        wa_id,
    )
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_waiting")
    assert stack.query(
        """
        SELECT count(*) FROM whatsapp_cs_waiting_alert a JOIN whatsapp_cs_conversation v ON v.id = a.conversation_id
          JOIN whatsapp_cs_contact c ON c.id = v.contact_id WHERE c.wa_id = %s
        """,
        wa_id,
    ) == [(1,)]


def test_double_click_is_two_messages_and_no_error(stack, agents):
    """Discuss sends what it is told to send: two posts are two messages, each sent once."""
    [wa_id] = receive(stack)
    thread = get_thread(stack, wa_id)
    answers = at_once(*[partial(agents[0].post, thread, "On its way")] * 2)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    stack.wait_until_idle()
    assert get_sent(stack, wa_id) == ["On its way"] * 2
    assert get_conversations(stack, wa_id) == [("waiting", AGENTS[0], 1, 2)]


def test_customers_and_agent_who_write_at_once_lose_and_double_nothing(stack, agents):
    customers = receive(stack, 2)  # by turns: WhatsApp takes 45 messages to one customer in a row
    threads = {wa_id: get_thread(stack, wa_id) for wa_id in customers}
    for number in range(ROUNDS):
        wa_id = customers[number % 2]
        posted, answered = at_once(
            partial(stack.post, encode(write(wa_id, f"Question {number}")), server=1),
            partial(agents[0].post, threads[wa_id], f"Answer {number}"),
        )
        assert posted == 200
        assert not isinstance(answered, Exception), answered
    stack.wait_until_idle()
    for index, wa_id in enumerate(customers):
        mine = range(index, ROUNDS, 2)
        texts = get_texts(stack, threads[wa_id])
        assert [text for text in texts if text.startswith("Question")] == [f"Question {number}" for number in mine]
        assert [text for text in texts if text.startswith("Answer")] == [f"Answer {number}" for number in mine]
        assert len(texts) == 1 + 2 * len(mine)
        assert get_sent(stack, wa_id) == [f"Answer {number}" for number in mine]
        [(_state, user, received, sent)] = get_conversations(stack, wa_id)
        assert (user, received, sent) == (AGENTS[0], 1 + len(mine), len(mine))


@pytest.mark.parametrize("action", ["whatsapp_cs_resolve", "whatsapp_cs_take", "whatsapp_cs_release"])
def test_message_that_comes_while_an_agent_acts_is_in_an_open_case(stack, agents, action):
    for number in range(5):
        [wa_id] = receive(stack)
        thread = get_thread(stack, wa_id)
        agents[0].call("discuss.channel", "whatsapp_cs_take", [thread])
        posted, acted = at_once(
            partial(stack.post, encode(write(wa_id, "One more thing"))),
            partial(agents[0].call, "discuss.channel", action, [thread]),
        )
        assert posted == 200
        assert not isinstance(acted, Exception), acted
        stack.wait_until_idle()
        assert get_texts(stack, thread) == ["Hello", "One more thing"]
        [(state, _user, received, _sent)] = get_conversations(stack, wa_id)
        # Resolved is right too: the message may have come first, and the agent has seen it.
        assert received == 2, number
        assert state in ("assigned", "queued", *(["resolved"] if action == "whatsapp_cs_resolve" else [])), number


# === TWO NODES === #


def test_two_nodes_share_inbox_and_outbox(stack):
    """500 messages from 100 customers and 100 to them: each once, in each customer's order."""
    customers = receive(stack, 100)
    questions, answers = (
        [f"{word} {line}" for line in range(count)] for word, count in (("Question", 4), ("Answer", 2))
    )

    def ask(index):
        for text in questions:
            for wa_id in customers[index::4]:
                assert stack.post(encode(write(wa_id, text)), server=index % 2) == 200

    def answer(index):
        agent = stack.agent(AGENTS[index % 2], server=index % 2)
        for wa_id in answered[index::4]:
            for text in answers:
                agent.post(threads[wa_id], text)

    answered = customers[::2]
    threads = {wa_id: get_thread(stack, wa_id) for wa_id in customers}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
        stack.wait_until_idle(120)
        list(pool.map(answer, range(4)))
    stack.wait_until_idle(120)
    shown = {wa_id: get_texts(stack, threads[wa_id]) for wa_id in customers}
    assert shown == {wa_id: ["Hello", *questions, *(answers if wa_id in answered else [])] for wa_id in customers}
    assert {wa_id: get_sent(stack, wa_id) for wa_id in answered} == dict.fromkeys(answered, answers)


def test_two_compensation_runs_at_once_send_again_once(stack, agents):
    """Nobody knows whether they went, nothing was heard for the set time, and the channel sends such again by itself."""
    customers = receive(stack, 20)
    stack.query("UPDATE whatsapp_cs_channel SET state = 'draft', unknown_policy = 'retry'")
    for wa_id in customers:
        agents[0].post(get_thread(stack, wa_id), "Did it arrive?")
    stack.query("UPDATE whatsapp_cs_message SET state = 'sending', is_unknown = true WHERE state = 'queued'")
    stack.query(
        """
        UPDATE whatsapp_cs_outbox SET state = 'unknown', state_date = now() AT TIME ZONE 'UTC' - interval '1 hour'
         WHERE state = 'queued'
        """
    )
    stack.query("UPDATE whatsapp_cs_channel SET state = 'live'")
    open_rows = "SELECT count(*) FROM whatsapp_cs_outbox WHERE state = 'unknown' AND is_settled IS NOT TRUE"
    for _try in range(3):  # who meets somebody else's change leaves it to the next run
        run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_compensate")
        if stack.query(open_rows) == [(0,)]:
            break
    stack.wait_until_idle()
    assert {wa_id: get_sent(stack, wa_id) for wa_id in customers} == {wa_id: ["Did it arrive?"] for wa_id in customers}


CAMPAIGN = """
account = env["whatsapp.cs.account"].search([], limit=1)
contacts = env["whatsapp.cs.contact"].search([("wa_id", "in", %(wa_ids)s)])
contacts.write({"consent": "in"})
template = env["whatsapp.cs.template"].create({
    "name": "we_have_moved", "language": "en_US", "account_id": account.id, "category": "utility", "state": "approved",
    "meta_id": "609000000000001", "body": "Our shop has moved.",
})
campaign = env["whatsapp.cs.campaign"].create({
    "name": "Moved", "template_id": template.id, "channel_id": account.channel_ids[:1].id,
    "domain": str([("id", "in", contacts.ids)]),
})
campaign.action_check_audience()
campaign._update_state("running")
env.cr.commit()
"""
MOVED = {
    "id": "609000000000001", "name": "we_have_moved", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
    "components": [{"type": "BODY", "text": "Our shop has moved."}],
}  # fmt: skip


def test_two_runs_of_a_campaign_at_once_write_to_everybody_once(stack):
    """More recipients than a batch has, so that the runs meet."""
    customers = receive(stack, 110)
    stack.control("POST", "templates", {"waba_id": WABA_ID, "template": MOVED})
    stack.odoo_shell(CAMPAIGN % {"wa_ids": customers})
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_campaign_run")
    deadline = time.monotonic() + 120  # what they had no time for is left to the job's next run
    while stack.query("SELECT 1 FROM whatsapp_cs_campaign_recipient WHERE state = 'waiting' LIMIT 1"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    stack.wait_until_idle(120)
    assert {wa_id: len(get_sent(stack, wa_id)) for wa_id in customers} == dict.fromkeys(customers, 1)
    assert stack.query("SELECT state, count(*) FROM whatsapp_cs_campaign_recipient GROUP BY 1") == [("queued", 110)]


# === AUTOMATION === #

AUTOMATION = """
channel = env["whatsapp.cs.channel"].search([], limit=1)
channel.write({"asks_rating": True, "automation_cap": 10})
bot = env["whatsapp.cs.bot"].create({
    "name": "Advice", "offers_person": False, "reminder_text": "Are you there?",
    "step_ids": [(0, 0, {"sequence": number, **values}) for number, values in enumerate((
        {"name": "Age", "kind": "text", "format": "number", "text": "How old are you?"},
        {"name": "City", "kind": "text", "text": "Where do you live?"},
        {"name": "End", "kind": "end", "text": "Thank you!"},
    ))],
})
bot.action_publish()
env["whatsapp.cs.auto.reply"].create({"name": "Advice", "keywords": "advice", "bot_id": bot.id})
env["whatsapp.cs.follow.up"].create({
    "name": "After advice", "event": "bot_finished", "delay": 20, "hour_from": 0, "hour_to": 0, "text": "Did it help?",
    "only_not_bought": False, "only_silent": False,
})
env.cr.commit()
"""
AGE, CITY, END = "How old are you?", "Where do you live?", "Thank you!"
REMINDER = f"Are you there?\n\n{AGE}"


@pytest.fixture(scope="module")
def advised(stack):
    """Customers who have gone through the bot; each of them gave two answers at once."""
    stack.odoo_shell(AUTOMATION)
    customers = receive(stack, 12, text="I want advice")
    assert {tuple(get_sent(stack, wa_id)) for wa_id in customers} == {(AGE,)}
    post_at_once(stack, [write(wa_id, age) for wa_id in customers for age in ("31", "47")])
    stack.wait_until_idle()
    return customers


def get_answers(stack, wa_id):
    """Return ``[(question, how it ended, answer)]`` of all runs of a customer, and the states of the runs."""
    rows = stack.query(
        """
        SELECT r.id, r.state, s.name, a.outcome, a.text
          FROM whatsapp_cs_bot_run r JOIN whatsapp_cs_contact c ON c.id = r.contact_id
          LEFT JOIN whatsapp_cs_bot_answer a ON a.run_id = r.id
          LEFT JOIN whatsapp_cs_bot_step s ON s.id = a.step_id
         WHERE c.wa_id = %s ORDER BY r.id, a.id
        """,
        wa_id,
    )
    return [row[2:] for row in rows], list({row[0]: row[1] for row in rows}.values())


def count_sent(stack, customers, text):
    """Return how often each of these customers got a message with ``text``, as a list."""
    return [
        sum(text in json.dumps(entry) for entry in stack.records("messages", direction="out", customer_id=wa_id))
        for wa_id in customers
    ]


def test_two_answers_at_once_answer_one_question_each(stack, advised):
    for wa_id in advised:
        first, second = get_texts(stack, get_thread(stack, wa_id))[1:3]
        answers, states = get_answers(stack, wa_id)
        assert answers[0] == ("Age", "answered", first)
        if states == ["finished"]:
            assert answers[1:] == [("City", "answered", second)]
            assert get_sent(stack, wa_id) == [AGE, CITY, END]
        else:  # it was written before the second question was there
            assert (answers[1:], states) == ([("City", "open", None)], ["asking"])
            assert get_sent(stack, wa_id) == [AGE, CITY]
            assert stack.post(encode(write(wa_id, "Ghent"))) == 200
    stack.wait_until_idle()
    assert {tuple(get_sent(stack, wa_id)) for wa_id in advised} == {(AGE, CITY, END)}


def test_answer_at_the_moment_of_a_deadline_comes_before_or_after_it(stack, advised):
    customers = receive(stack, 12, text="advice")
    reminded, given_up = customers[::2], customers[1::2]
    for name, those in (("reminder_date", reminded), ("timeout_date", given_up)):
        stack.query(
            f"""
            UPDATE whatsapp_cs_bot_run SET {name} = now() AT TIME ZONE 'UTC' - interval '1 second'
             WHERE contact_id IN (SELECT id FROM whatsapp_cs_contact WHERE wa_id = ANY(%s))
            """,
            those,
        )
    answers = [partial(stack.post, encode(write(wa_id, "31")), index % 2) for index, wa_id in enumerate(customers)]
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_bot_deadlines", *answers)
    stack.wait_until_idle()
    taken = ([("Age", "answered", "31"), ("City", "open", None)], ["asking"])
    for wa_id in reminded:
        assert get_answers(stack, wa_id) == taken
        assert get_sent(stack, wa_id) in ([AGE, CITY], [AGE, REMINDER, CITY])
    for wa_id in given_up:
        [(state, _user, received, _sent)] = get_conversations(stack, wa_id)
        assert received == 2
        if state == "bot":
            assert (get_answers(stack, wa_id), get_sent(stack, wa_id)) == (taken, [AGE, CITY])
        else:  # given up first: a person answers what was written then
            assert (get_answers(stack, wa_id), get_sent(stack, wa_id), state) == (
                ([("Age", "left", None)], ["timed_out"]),
                [AGE],
                "queued",
            )


def change_all(stack, table, values, customers):
    stack.query(
        f"UPDATE whatsapp_cs_{table} SET {values} WHERE contact_id IN (SELECT id FROM whatsapp_cs_contact WHERE wa_id = ANY(%s))",
        customers,
    )


LONG_AGO = "now() AT TIME ZONE 'UTC' - interval '1 minute'"


def test_follow_up_that_two_servers_send_at_once_goes_out_once(stack, advised):
    change_all(stack, "customer_event", f"date = {LONG_AGO}", advised)
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_customer_event_process")
    jobs = "SELECT count(*), count(DISTINCT contact_id) FROM whatsapp_cs_follow_up_job WHERE state = 'waiting'"
    assert stack.query(jobs) == [(len(advised), len(advised))]
    change_all(stack, "follow_up_job", f"due_date = {LONG_AGO}", advised[:6])
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_follow_up_run")
    stack.wait_until_idle()
    assert count_sent(stack, advised, "Did it help?") == [1] * 6 + [0] * 6


def test_follow_up_whose_servers_die_while_they_send_goes_out_once(stack, advised):
    late = advised[6:]
    change_all(stack, "follow_up_job", f"due_date = {LONG_AGO}", late)
    connection = stack.postgres.connect(stack.database)
    connection.autocommit = False
    with contextlib.closing(connection), connection.cursor() as cursor:
        # When the message is in the outbox already, what is noted of it has to wait.
        cursor.execute("LOCK TABLE whatsapp_cs_automation_event IN SHARE MODE")
        for job in get_job_and_copy(stack, "whatsapp_cs.ir_cron_whatsapp_cs_follow_up_run"):
            stack.query("INSERT INTO ir_cron_trigger (cron_id, call_at) VALUES (%s, now() AT TIME ZONE 'UTC')", job)
        stack.postgres.execute("SELECT pg_notify('cron_trigger', %s)", stack.database)
        waits = """
            SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
             WHERE NOT granted AND relation = 'whatsapp_cs_automation_event'::regclass
        """
        wait_for(lambda: stack.query(waits))
        for server in stack.servers:
            for pid in server.get_workers("cron"):
                os.kill(pid, signal.SIGKILL)
    wait_for(lambda: all(len(server.get_workers("cron")) == stack.cron_threads for server in stack.servers))
    wait_for(lambda: not stack.query(waits))
    assert count_sent(stack, late, "Did it help?") == [0] * 6
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_follow_up_run")
    stack.wait_until_idle(120)
    assert count_sent(stack, advised, "Did it help?") == [1] * 12


def test_rating_that_two_servers_ask_for_at_once_is_asked_for_and_reminded_of_once(stack, advised):
    change_all(stack, "rating", f"due_date = {LONG_AGO}", advised)
    writing = advised[:4]
    posts = [
        partial(stack.post, encode(write(wa_id, "One more thing")), index % 2) for index, wa_id in enumerate(writing)
    ]
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_rating_ask", *posts)
    stack.wait_until_idle()
    asked = count_sent(stack, advised, "How was our service?")
    assert asked[4:] == [1] * 8
    for wa_id, times in zip(writing, asked, strict=False):
        assert times in (0, 1)  # who has written first is not asked
        assert get_conversations(stack, wa_id)[0][0] == "queued"
    for table, name in (("message", "date"), ("rating", "asked_date")):  # five hours go by
        change_all(stack, table, f"{name} = {name} - interval '5 hours'", advised[4:])
    run_twice_at_once(stack, "whatsapp_cs.ir_cron_whatsapp_cs_rating_ask")
    stack.wait_until_idle()
    assert count_sent(stack, advised, "How was our service?") == asked[:4] + [2] * 8


def test_nothing_was_sent_twice(stack):
    assert not stack.control("GET", "summary")["repeated_callback_data"]


def test_nothing_of_this_is_an_error_in_the_log(stack):
    assert stack.get_log_errors() == []
