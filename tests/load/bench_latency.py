"""4. How long until an agent sees a customer's message, and until an automatic answer reaches WhatsApp."""

import time
import uuid

from . import traffic, watch
from .figures import Table, median, milliseconds, percentile
from .setting import check_acknowledged, check_processed, check_sent, let_customers_write, open_stack

CUSTOMERS = 100  # whose conversation the agent has
AT_ONCE = 10_000  # a second: all are due now
# what it is called, messages, of them in a second, what the number sends in a second at most, may be repeated
SERIES = (
    ("one every half a second", 60, 2.1, 15, False),
    ("one after 12 s of silence", 8, 1 / 12, 15, False),
    ("100 at once; the number sends 15/s", 100, AT_ONCE, 15, True),
    ("100 at once; the number sends 80/s", 100, AT_ONCE, 80, True),
    ("15 a second, for a minute", 900, 15, 15, False),
)


def run(options):
    table = Table(
        "latency", "messages", "on the screen: median", "p95", "last", "automatic answer: median", "p95", "last"
    )
    with open_stack("latency") as stack, traffic.Gun() as gun:
        desk = Desk(stack, gun)
        desk.measure(20, 10)  # all processes load what they need
        for name, count, per_second, send_rate, is_short in SERIES:
            stack.query("UPDATE whatsapp_cs_channel SET send_rate = %s", send_rate)
            runs = [desk.measure(options.few(count), per_second) for _run in range(options.runs if is_short else 1)]
            table.add(name, *(milliseconds(value) for kind in zip(*runs, strict=True) for value in get_figures(kind)))
        desk.check()
    yield table


def get_figures(runs):
    """Return median and 95th percentile of all runs' values together, and the median of the runs' greatest."""
    values = [value for run in runs for value in run]
    return median(values), percentile(values, 0.95), median(max(run) for run in runs)


class Desk:
    """An agent at the screen, and customers who get an automatic answer to “ping”."""

    def __init__(self, stack, gun):
        self.stack, self.gun = stack, gun
        let_customers_write(stack, CUSTOMERS)
        agent = stack.agent("agent1")
        for customer in range(CUSTOMERS):
            agent.post(watch.find_thread(stack, customer), "Hello!")  # from now on they are the agent's
        stack.wait_until_idle(120)
        self.screen = watch.Screen(stack.servers[0], agent)
        self.screen.start()
        self.inbound = []

    def measure(self, count, per_second):
        """Return the seconds until each message was on the screen, and until each was answered."""
        marks = [f"ping {uuid.uuid4().hex}" for _number in range(count)]
        inbound = [traffic.write(number % CUSTOMERS, mark) for number, mark in enumerate(marks)]
        self.inbound += inbound
        self.screen.expect(marks)
        shots = self.gun.fire(self.stack.webhook_url(0), inbound, 8, per_second).result()
        check_acknowledged(shots)
        watch.wait_until(lambda: all(mark in self.screen.at for mark in marks), 60, "all on the screen")
        self.stack.wait_until_idle(60)
        answers = self._get_answers()
        due = [shot.due for shot in shots]
        return [[at[mark] - start for mark, start in zip(marks, due, strict=True)] for at in (self.screen.at, answers)]

    def _get_answers(self):
        """Return when the simulator received which text, on our clock."""
        offset = time.time() - time.monotonic()
        return {
            entry["json"]["text"]["body"]: entry["time"] - offset
            for entry in self.stack.records("requests", endpoint="messages")
            if entry["json"].get("text")
        }

    def check(self):
        check_processed(self.stack, self.inbound)
        check_sent(self.stack, CUSTOMERS + len(self.inbound))
