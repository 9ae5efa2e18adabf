"""What all benchmarks share: the installation they run on, and the checks that nothing was lost or doubled (NF1)."""

import hashlib

from engine.stack import Stack

from . import traffic, watch

DATABASE = "whatsapp_cs_bench"
FIRST_PORT = 8700


class Wrong(Exception):
    """Something was lost or doubled."""


def open_stack(name, **arguments):
    return Stack(f"{DATABASE}_{name}", first_port=FIRST_PORT, modules=["whatsapp_cs_bench"], **arguments)


def warm_up(stack, gun, customers):
    """Let ``customers`` write for the first time: they are known afterwards, and all processes have loaded what they need."""
    inbound = [traffic.write(customer) for customer in range(customers)]
    check_acknowledged(gun.fire(stack.webhook_url(0), inbound).result())
    check_processed(stack, inbound)


def check_acknowledged(shots):
    refused = [shot.status for shot in shots if shot.status != 200]
    if refused:
        raise Wrong(f"{len(refused)} of {len(shots)} requests were not answered by 200 but by {set(refused)}.")


def check_stored(stack, inbound):
    hashes = [hashlib.sha256(item.body).hexdigest() for item in inbound]
    [(stored,)] = stack.query("SELECT count(*) FROM whatsapp_cs_event WHERE body_hash = ANY(%s)", hashes)
    if stored != len(inbound):
        raise Wrong(f"{len(inbound)} webhooks were acknowledged, {stored} are stored.")


def check_processed(stack, inbound, timeout=900):
    """Wait for the inbox, and see that people are shown every message, once."""
    watch.wait_until(lambda: watch.is_inbox_done(stack), timeout, "all webhooks processed", pause=0.1)
    [(shown,)] = stack.query(
        "SELECT count(*) FROM whatsapp_cs_message WHERE wamid = ANY(%s) AND mail_message_id IS NOT NULL",
        [item.wamid for item in inbound],
    )
    if shown != len(inbound):
        raise Wrong(f"{len(inbound)} messages came in, {shown} are shown.")
    failed = stack.query("SELECT error FROM whatsapp_cs_event WHERE state = 'failed' LIMIT 3")
    if failed:
        raise Wrong(f"Webhooks failed: {failed}")
    [(doubled,)] = stack.query(
        """
        SELECT count(*) FROM mail_message shown
         WHERE message_type = 'whatsapp_cs'
           AND NOT EXISTS (SELECT 1 FROM whatsapp_cs_message WHERE mail_message_id = shown.id)
        """
    )
    if doubled:
        raise Wrong(f"{doubled} messages are shown twice.")


def check_sent(stack, count):
    """See that WhatsApp took ``count`` messages, each once, and that the outbox knows it."""
    summary = stack.control("GET", "summary")
    if summary["repeated_callback_data"] or summary["messages_out"] != count:
        raise Wrong(
            f"{count} messages were to be sent, {summary['messages_out']} were taken, "
            f"{len(summary['repeated_callback_data'])} of them more than once."
        )
    states = dict(stack.query("SELECT state, count(*) FROM whatsapp_cs_outbox GROUP BY state"))
    if states != {"gone": count}:
        raise Wrong(f"{count} messages were taken, the outbox says {states}.")


def let_customers_write(stack, count):
    """Have ``count`` customers who have written, so that they may be answered, here and at the simulator."""
    stack.control("PUT", "faults", [{"kind": "batch", "size": 50, "ms": 500}])  # sooner than one by one
    bulk = {"phone_number_id": traffic.PHONE_NUMBER_ID, "count": count, "customers": count}
    stack.control("POST", "inbound/bulk", bulk)
    stack.wait_until_idle(60 + count)
    stack.control("PUT", "faults", [])
