"""5. The memory of every process while many messages run through."""

import re
import statistics

from . import traffic, watch
from .figures import Table
from .setting import check_acknowledged, check_processed, let_customers_write, open_stack

MESSAGES = 100_000
STEP = 500  # messages between two looks
CUSTOMERS = 1000
ANSWERED = 10  # each tenth message gets an automatic answer
MEGABYTE = 2**20


def run(options):
    count = options.few(MESSAGES)
    table = Table(
        "memory",
        "process",
        "at the start",
        "in the middle",
        "at the end",
        "trend of the second half, per 10,000 messages",
    )
    with open_stack("memory", simulator=["--keep", "1000"]) as stack, traffic.Gun() as gun:
        let_customers_write(stack, CUSTOMERS)
        samples = {}  # process: [(messages so far, bytes)]
        for done in range(0, count, STEP):
            inbound = [
                traffic.write(number % CUSTOMERS, "Hello" if number % ANSWERED else f"ping {number}")
                for number in range(done, done + STEP)
            ]
            check_acknowledged(gun.fire(stack.webhook_url(0), inbound).result())
            check_processed(stack, inbound)
            for name, size in weigh(stack):
                samples.setdefault(name, []).append((done + STEP, size))
        stack.wait_until_idle(300)
    for name, points in sorted(samples.items()):
        sizes = [size / MEGABYTE for _done, size in points]
        table.add(
            name,
            *(f"{sizes[index]:.0f} MB" for index in (0, len(sizes) // 2, -1)),
            f"{get_trend(points[len(points) // 2 :]):+.1f} MB",
        )
    yield table


def weigh(stack):
    """Yield every process of the server with its proportional share of memory."""
    server = stack.servers[0]
    log = server.log.read_text(errors="replace")
    kinds = {int(pid): kind for kind, pid in re.findall(r"Worker Worker(\w+) \((\d+)\) alive", log)}
    for process in watch.get_family(server.pid):
        if process.pid == server.pid:
            kind = "parent"
        else:
            kind = kinds.get(process.pid) or ("websocket" if "gevent" in process.cmdline() else "other")
        yield f"{kind} {process.pid}", process.memory_full_info().pss


def get_trend(points):
    """Return the growth in megabytes per 10,000 messages, by the straight line that fits best."""
    if len(points) < 3:
        return float("nan")
    return statistics.linear_regression(*zip(*points, strict=True)).slope * 10_000 / MEGABYTE
