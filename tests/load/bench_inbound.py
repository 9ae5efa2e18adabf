"""2. How many messages are processed: contact, case, Discuss message, bus, counters, from the first webhook to the last row."""

import contextlib
import itertools
import time

from . import stored, traffic, watch
from .figures import Table, median, milliseconds, percentile
from .setting import check_acknowledged, check_processed, check_stored, open_stack, warm_up

KNOWN = 200  # customers who have written before
MESSAGES = 2000
NEW = 1000  # customers who write for the first time
FAST = 1000  # messages of one customer, as fast as they are acknowledged
OTHERS = 20  # customers who write one message a second meanwhile
STORED = 1_000_000
_serial = itertools.count(1_000_000)  # customers that nobody has heard of


def run(options):
    # A PostgreSQL of our own: its log tells of every conflict.
    with open_stack("inbound", own_postgres=True) as stack, traffic.Gun() as gun:
        warm_up(stack, gun, KNOWN)
        yield from measure(stack, gun, options, "", range(KNOWN))
        stored.fill(stack, options.few(STORED))
        yield from measure(stack, gun, options, "_stored", range(stored.FIRST, stored.FIRST + KNOWN))


def measure(stack, gun, options, suffix, known):
    yield measure_rates(stack, gun, options, Table(f"inbound{suffix}", *RATES), known)
    yield measure_fairness(stack, gun, options, Table(f"fairness{suffix}", *FAIRNESS), known)


RATES = ("who writes", "waiting messages processed", "CPU for each", "processed while they come in", "conflicts")


def measure_rates(stack, gun, options, table, known):
    kinds = {
        f"{KNOWN} known customers": lambda: write_many(known, options.few(MESSAGES)),
        "new customers": lambda: [traffic.write(next(_serial)) for _number in range(options.few(NEW))],
        "one known customer": lambda: write_many(known[:1], options.few(FAST)),
    }
    for kind, write in kinds.items():
        before = count_conflicts(stack)
        drained, cpu = zip(*(drain(stack, gun, write()) for _run in range(options.runs)), strict=True)
        live = [process_live(stack, gun, write()) for _run in range(options.runs)]
        table.add(
            kind,
            f"{median(drained):.0f}/s",
            f"{median(cpu) * 1000:.1f} ms",
            f"{median(live):.0f}/s",
            count_conflicts(stack) - before,
        )
    return table


def write_many(customers, count):
    return [traffic.write(customers[number % len(customers)]) for number in range(count)]


def drain(stack, gun, inbound):
    """Return how many stored messages are processed per second when nothing else is done, and the seconds of CPU for each."""
    with hold_inbox(stack):
        check_acknowledged(gun.fire(stack.webhook_url(0), inbound).result())
        check_stored(stack, inbound)
    pids = stack.servers[0].pid, stack.postgres.pid
    start, cpu = time.monotonic(), watch.get_cpu_seconds(*pids)
    check_acknowledged(gun.fire(stack.webhook_url(0), [traffic.write(0)]).result())  # wakes the workers
    wait_for_inbox(stack)
    seconds, cpu = time.monotonic() - start, watch.get_cpu_seconds(*pids) - cpu
    check_processed(stack, inbound)
    return len(inbound) / seconds, cpu / len(inbound)


@contextlib.contextmanager
def hold_inbox(stack):
    """Let nothing be processed within the block."""
    crons = """
        UPDATE ir_cron SET active = %s WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'whatsapp_cs'
           AND model = 'ir.cron' AND name LIKE 'ir_cron_whatsapp_cs_event_%%')
    """
    stack.query(crons, False)  # waits for the runs that are under way: a run locks its row
    yield
    stack.query(crons, True)


def process_live(stack, gun, inbound):
    """Return how many messages are processed per second, from the first webhook on."""
    shots = gun.fire(stack.webhook_url(0), inbound).result()
    check_acknowledged(shots)
    seconds = wait_for_inbox(stack) - shots[0].due
    check_processed(stack, inbound)
    return len(inbound) / seconds


def wait_for_inbox(stack):
    """Return when everything was processed."""
    watch.wait_until(lambda: watch.is_inbox_done(stack), 900, "all webhooks processed")
    return time.monotonic()


FAIRNESS = (
    "one customer writes",
    "all are processed",
    "others' messages",
    "their median wait",
    "p95",
    "longest",
    "conflicts",
)


def measure_fairness(stack, gun, options, table, known):
    """One customer writes as fast as it is acknowledged; others write one message a second each meanwhile."""
    waits, rates, before = [], [], count_conflicts(stack)
    with traffic.Gun() as slow_gun:
        for _run in range(options.runs):
            fast = write_many(known[:1], options.few(FAST))
            others = write_many(known[1 : OTHERS + 1], OTHERS * max(3, options.few(10)))
            arrivals = watch.Arrivals(stack, [item.wamid for item in others])
            arrivals.start()
            slow = slow_gun.fire(stack.webhook_url(0), others, 4, OTHERS)
            shots = gun.fire(stack.webhook_url(0), fast).result()
            slow_shots = slow.result()
            check_acknowledged(shots + slow_shots)
            rates.append(len(fast + others) / (wait_for_inbox(stack) - shots[0].due))
            check_processed(stack, fast + others)
            arrivals.join()  # all are there: it has seen them, or sees them now
            waits += [arrivals.at[item.wamid] - shot.due for item, shot in zip(others, slow_shots, strict=True)]
    table.add(
        len(fast),
        f"{median(rates):.0f}/s",
        len(waits),
        milliseconds(median(waits)),
        milliseconds(percentile(waits, 0.95)),
        milliseconds(max(waits)),
        count_conflicts(stack) - before,
    )
    return table


def count_conflicts(stack):
    """Return how many statements PostgreSQL has refused so far, because another transaction was there first."""
    log = (stack.home / "postgres.log").read_text(errors="replace")
    return sum(log.count(words) for words in ("could not serialize access", "deadlock detected", "duplicate key value"))
