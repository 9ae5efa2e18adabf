"""6. How fast a campaign reaches its recipients beside what the number may send, also when its worker is killed."""

import os
import signal
import time

from . import watch
from .figures import Table, median
from .setting import Wrong, check_sent, let_customers_write, open_stack
from .traffic import WABA_ID

RECIPIENTS = 2000
RATES = (15, 80)  # messages a second that the number may send: the default, and what every number is granted
TEMPLATE_ID = "609000000000001"
TEXT = "Our shop has moved: you find us at the harbour now."
JOB = "WhatsApp: run campaigns"

SET_UP = f"""
env["ir.config_parameter"].set_param("whatsapp_cs.policy_content_messages", "0")  # each run sends the same
account = env["whatsapp.cs.account"].search([("waba_id", "=", "{WABA_ID}")])
account.channel_ids.messaging_limit = "TIER_UNLIMITED"
env["whatsapp.cs.contact"].search([]).write({{"consent": "in", "window_end_date": False}})
env["whatsapp.cs.template"].create({{
    "name": "bench_campaign", "language": "en_US", "account_id": account.id, "category": "utility", "state": "approved",
    "meta_id": "{TEMPLATE_ID}", "body": "{TEXT}",
}})
env.cr.commit()
"""

START = """
campaign = env["whatsapp.cs.campaign"].create({
    "name": "Bench", "template_id": env["whatsapp.cs.template"].search([("name", "=", "bench_campaign")]).id,
    "channel_id": env["whatsapp.cs.channel"].search([], limit=1).id,
})
campaign.action_check_audience()
campaign.action_start()
env.cr.commit()
"""

TEMPLATE = {
    "id": TEMPLATE_ID,
    "status": "APPROVED",
    "name": "bench_campaign",
    "language": "en_US",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": TEXT}],
}


def run(options):
    recipients = options.few(RECIPIENTS)
    with open_stack("campaign") as stack:
        let_customers_write(stack, recipients)
        stack.control("POST", "templates", {"waba_id": WABA_ID, "template": TEMPLATE})
        stack.odoo_shell(SET_UP)
        yield measure(stack, options, recipients)


def measure(stack, options, recipients):
    table = Table("campaign", "number may send", "its worker", "recipients", "all sent after", "sent", "of what it may")
    for rate in RATES:
        stack.query("UPDATE whatsapp_cs_channel SET send_rate = %s", rate)
        for is_killed in (False, True):
            rates = [send(stack, recipients, is_killed) for _run in range(options.runs)]
            seconds, sent = (median(values) for values in zip(*rates, strict=True))
            worker = "is killed in the middle" if is_killed else "lives"
            table.add(f"{rate}/s", worker, recipients, f"{seconds:.0f} s", f"{sent:.1f}/s", sent / rate)
    return table


def send(stack, recipients, is_killed):
    """Run one campaign; return the seconds until all is sent, and the messages sent per second."""
    for path in ("messages", "requests"):
        stack.control("DELETE", path)
    stack.query("DELETE FROM whatsapp_cs_outbox")
    stack.odoo_shell(START)
    start = time.monotonic()
    watch.wait_until(lambda: count(stack, "queued"), 120, "the campaign runs")
    if is_killed:
        kill_worker(stack, recipients)
    gone = "SELECT count(*) FROM whatsapp_cs_outbox WHERE state = 'gone'"
    watch.wait_until(lambda: stack.query(gone)[0][0] == recipients, 300 + recipients, "all is sent", pause=0.1)
    seconds = time.monotonic() - start
    times = sorted(entry["time"] for entry in stack.records("requests", endpoint="messages"))
    stack.wait_until_idle(60 + recipients)
    check_sent(stack, recipients)
    check_recipients(stack, recipients)
    return seconds, (len(times) - 1) / (times[-1] - times[0])


def kill_worker(stack, recipients):
    """Kill the process that moves recipients into the outbox, when it has done some of them and not all."""
    watch.wait_until(lambda: count(stack, "queued") > recipients / 10, 120, "a part of them is queued")
    os.kill(watch.find_cron_worker(stack, JOB), signal.SIGKILL)


def count(stack, state):
    """Return how many recipients of the newest campaign are in ``state``."""
    query = """
        SELECT count(*) FROM whatsapp_cs_campaign_recipient
         WHERE state = %s AND campaign_id = (SELECT max(id) FROM whatsapp_cs_campaign)
    """
    return stack.query(query, state)[0][0]


def check_recipients(stack, recipients):
    """See that each recipient has one message, and each message its recipient."""
    [(queued, messages, people)] = stack.query(
        """
        SELECT (SELECT count(*) FROM whatsapp_cs_campaign_recipient WHERE campaign_id = c.id AND state = 'queued'),
               count(*), count(DISTINCT contact_id)
          FROM (SELECT max(id) AS id FROM whatsapp_cs_campaign) c JOIN whatsapp_cs_message m ON m.campaign_id = c.id
         GROUP BY c.id
        """
    )
    if (queued, messages, people) != (recipients,) * 3:
        raise Wrong(f"{recipients} recipients: {queued} are done, {messages} messages went to {people} people.")
