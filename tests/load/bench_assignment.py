"""7. How long from the webhook until a customer has an agent."""

import threading
import time

from engine.desk import open_desk

from . import traffic
from .figures import Table, median, milliseconds, percentile
from .setting import Wrong, check_acknowledged, check_processed, open_stack, warm_up
from .watch import POLL, wait_until

AGENTS, CAPACITY = 50, 10
# what it is called, new customers, of them in a second
SERIES = (
    ("one every second", 30, 1),
    ("15 a second, for a minute", 900, 15),
    ("100 at once", 100, 10_000),
)


def run(options):
    table = Table("assignment", "customers", "number", "median", "p95", "p99", "slowest")
    with open_stack("assignment", servers=2) as stack, traffic.Gun() as gun:
        open_desk(stack, AGENTS, CAPACITY)
        warm_up(stack, gun, 10)
        first = 10
        for name, count, per_second in SERIES:
            count = options.few(count)
            seconds = measure(stack, gun, range(first, first + count), per_second)
            first += count
            table.add(name, count, *(milliseconds(value) for value in get_figures(seconds)))
    yield table


def get_figures(seconds):
    return median(seconds), percentile(seconds, 0.95), percentile(seconds, 0.99), max(seconds)


def measure(stack, gun, customers, per_second):
    """Return the seconds from each webhook to the moment its agent could be seen in the database."""
    inbound = [traffic.write(customer) for customer in customers]
    assigned = Assigned(stack, [item.wamid for item in inbound])
    assigned.start()
    shots = gun.fire(stack.webhook_url(0), inbound, 8, per_second).result()
    check_acknowledged(shots)
    check_processed(stack, inbound)
    wait_until(lambda: not assigned.missing, 120, "everybody has an agent")
    assigned.join()
    if len(assigned.at) != len(inbound):
        raise Wrong(f"{len(inbound)} customers wrote, {len(assigned.at)} have an agent.")
    return [assigned.at[item.wamid] - shot.due for item, shot in zip(inbound, shots, strict=True)]


class Assigned(threading.Thread):
    """Notes when each of some messages is in a conversation that has an agent: ``at[wamid]``, monotonic seconds.

    The agents answer at once, so that somebody is always free: what is measured is the way, not the waiting.
    """

    def __init__(self, stack, wamids):
        super().__init__(daemon=True)
        self._connection = stack.postgres.connect(stack.database)
        self.missing = set(wamids)
        self.at = {}

    def run(self):
        with self._connection.cursor() as cursor:
            while self.missing:
                cursor.execute(
                    """
                    SELECT wamid FROM whatsapp_cs_message message
                      JOIN whatsapp_cs_conversation conversation ON conversation.id = message.conversation_id
                     WHERE wamid = ANY(%s) AND conversation.user_id IS NOT NULL
                    """,
                    (list(self.missing),),
                )
                now = time.monotonic()
                rows = cursor.fetchall()
                for (wamid,) in rows:
                    self.at[wamid] = now
                    self.missing.discard(wamid)
                cursor.execute("UPDATE whatsapp_cs_conversation SET state = 'waiting' WHERE state = 'assigned'")
                time.sleep(POLL)
        self._connection.close()
