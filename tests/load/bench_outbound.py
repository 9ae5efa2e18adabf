"""3. How many messages a number sends to an API that answers after 200 ms, and how long an agent waits meanwhile."""

import time

import requests

from . import traffic, watch
from .figures import Table, median, milliseconds, percentile
from .setting import check_sent, let_customers_write, open_stack

LATENCY = 0.2  # seconds until the API answers
CUSTOMERS = 1000
# what Meta calls the number's throughput, messages a second it may send then, messages to send
NUMBERS = (("STANDARD", 80, 1600), ("HIGH", 1000, 6000))
SLOW = 10  # seconds until the API answers, while agents write
POSTS = 60

QUEUE = """
import itertools

agent = env["res.users"].search([("login", "=", "agent1")])
conversations = itertools.cycle(env["whatsapp.cs.conversation"].search([], order="id"))
conversations = list(itertools.islice(conversations, %(count)s))
mails = env["mail.message"].create([{
    "model": "discuss.channel", "res_id": conversation.discuss_channel_id.id, "body": "On its way!",
    "message_type": "comment", "subtype_id": env.ref("mail.mt_comment").id, "author_id": agent.partner_id.id,
} for conversation in conversations])
for conversation, mail in zip(conversations, mails):
    env["whatsapp.cs.message"].with_user(agent).sudo()._queue(conversation, mail, "On its way!")
env.cr.commit()
cron = env["ir.cron"].browse(%(cron)s)
cron.active = True
cron._trigger()
env.cr.commit()
"""


def run(options):
    with open_stack("outbound") as stack:
        let_customers_write(stack, max(3, options.few(CUSTOMERS)))
        yield measure_rate(stack, options)
        yield measure_send(stack, options)


def measure_rate(stack, options):
    table = Table(
        "outbound", "number may send", "statuses", "sent", "of what it may", "sender's CPU", "last result written after"
    )
    for throughput, limit, count in NUMBERS:
        stack.query("UPDATE whatsapp_cs_channel SET throughput = %s, send_rate = %s", throughput, limit)
        for statuses in ("come meanwhile", "none"):
            subscribe(stack, statuses != "none")
            rounds = [measure_sending(stack, options.few(count)) for _run in range(options.runs)]
            sent, share, lag = (median(values) for values in zip(*rounds, strict=True))
            table.add(
                f"{limit}/s", statuses, f"{sent:.1f}/s", sent / limit, f"{share:.2f} of a core", milliseconds(lag)
            )
    subscribe(stack, True)
    return table


def subscribe(stack, is_wanted):
    """Let the simulator send webhooks, or none."""
    requests.request(
        "POST" if is_wanted else "DELETE",
        f"{stack.simulator.url}/v25.0/{traffic.WABA_ID}/subscribed_apps",
        headers={"Authorization": "Bearer SIM-TOKEN-1"},
        timeout=10,
    ).raise_for_status()


def measure_sending(stack, count):
    """Return messages sent per second, the sender's share of a core, and seconds until the last result was written."""
    for path in ("messages", "requests"):
        stack.control("DELETE", path)
    stack.query("DELETE FROM whatsapp_cs_outbox")
    stack.control("PUT", "faults", [{"kind": "latency", "seconds": LATENCY, "match": {"endpoint": "messages"}}])
    stack.odoo_shell(QUEUE % {"count": count, "cron": keep_one_sender(stack)})
    watch.wait_until(lambda: count_rows(stack, "gone"), 60, "sending begins")
    sender = watch.find_cron_worker(stack, "WhatsApp: send messages")
    start, cpu = time.time(), watch.get_cpu_seconds(sender)
    watch.wait_until(lambda: count_rows(stack, "gone") == count, 60 + count / 5, "everything is sent", pause=0.1)
    end, cpu = time.time(), watch.get_cpu_seconds(sender) - cpu
    times = sorted(entry["time"] for entry in stack.records("requests", endpoint="messages"))
    stack.wait_until_idle(60 + count)
    check_sent(stack, count)
    return (len(times) - 1) / (times[-1] - times[0]), cpu / (end - start), end - times[-1] - LATENCY


def keep_one_sender(stack):
    """Switch the crons off that send, and return the id of the one that is to send alone."""
    crons = stack.query(
        """
        UPDATE ir_cron SET active = false WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'whatsapp_cs'
           AND model = 'ir.cron' AND name LIKE 'ir_cron_whatsapp_cs_outbox_%') RETURNING id
        """
    )
    return min(crons)[0]


def count_rows(stack, state):
    return stack.query("SELECT count(*) FROM whatsapp_cs_outbox WHERE state = %s", state)[0][0]


def measure_send(stack, options):
    """Measure how long an agent's *send* takes while the API hangs, beside a message in an ordinary Discuss channel."""
    for path in ("messages", "requests"):
        stack.control("DELETE", path)
    stack.query("DELETE FROM whatsapp_cs_outbox")
    stack.control("PUT", "faults", [{"kind": "latency", "seconds": SLOW, "match": {"endpoint": "messages"}}])
    session = stack.agent("agent1")
    threads = [watch.find_thread(stack, customer) for customer in range(max(3, options.few(POSTS)))]
    channel = session.call("discuss.channel", "create", [{"name": "Colleagues", "channel_type": "channel"}])
    plain, customer = [], []
    for thread in threads:
        plain.append(time_post(session, channel))
        customer.append(time_post(session, thread))
        time.sleep(0.1)
    stack.control("PUT", "faults", [])
    stack.wait_until_idle(120)
    check_sent(stack, len(threads))
    table = Table("send", "an agent writes", "median", "p95", "slowest")
    table.add("to colleagues, in a Discuss channel", *get_figures(plain))
    table.add(f"to a customer, while the API takes {SLOW} s", *get_figures(customer))
    table.add(
        "ratio",
        median(customer[1:]) / median(plain[1:]),
        percentile(customer[1:], 0.95) / percentile(plain[1:], 0.95),
        "",
    )
    return table


def time_post(session, thread):
    start = time.monotonic()
    session.post(thread, "We are looking for it.")
    return time.monotonic() - start


def get_figures(seconds):
    seconds = seconds[1:]  # in the first one the worker loads what it needs
    return milliseconds(median(seconds)), milliseconds(percentile(seconds, 0.95)), milliseconds(max(seconds))
