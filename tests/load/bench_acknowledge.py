"""1. How many webhooks are acknowledged, beside a bare route of Odoo that only answers 200."""

import threading
import time

from . import traffic, watch
from .figures import Table, median, milliseconds, percentile, rate
from .setting import check_acknowledged, check_processed, check_stored, open_stack, warm_up

SIZES = ((2, 8), (4, 32))  # workers, connections at once: Odoo's listen queue holds 8 for each worker
REQUESTS = 2000  # of each kind in a round
STEADY = 100  # webhooks a second
STEADY_SECONDS = 30
CUSTOMERS = 200


def run(options):
    yield measure_ratio(options)
    yield measure_steady(options)


def measure_ratio(options):
    table = Table(
        "acknowledge", "workers", "at once", "crons", "bare route", "webhook", "ratio", "bare p99", "webhook p99"
    )
    for workers, connections in SIZES:
        for cron_threads in (0, 2):
            with open_stack("acknowledge", workers=workers, cron_threads=cron_threads) as stack:
                measure_round(stack, options.few(200), connections)  # the workers load what they need
                rounds = [measure_round(stack, options.few(REQUESTS), connections) for _run in range(options.runs)]
            bare, webhooks = ([shot.seconds for round_ in rounds for shot in round_[kind]] for kind in (0, 1))
            table.add(
                workers,
                connections,
                cron_threads or "none",
                f"{median(rate(bare) for bare, _webhooks in rounds):.0f}/s",
                f"{median(rate(webhooks) for _bare, webhooks in rounds):.0f}/s",
                median(rate(webhooks) / rate(bare) for bare, webhooks in rounds),
                milliseconds(percentile(bare, 0.99)),
                milliseconds(percentile(webhooks, 0.99)),
            )
    return table


def measure_round(stack, count, connections):
    """Return the shots at the bare route and those at the webhook, with the same bodies, one after the other."""
    inbound = [traffic.write(number % CUSTOMERS) for number in range(count)]
    with traffic.Gun() as gun:
        bare = gun.fire(f"{stack.servers[0].url}/whatsapp_cs_bench/bare", inbound, connections).result()
        webhooks = gun.fire(stack.webhook_url(0), inbound, connections).result()
    check_acknowledged(bare + webhooks)
    check_stored(stack, inbound)
    if stack.cron_threads:  # the next round begins with free cores
        check_processed(stack, inbound)
        time.sleep(1)
    return bare, webhooks


def measure_steady(options):
    table = Table(
        "steady", "webhooks", "median", "p99", "slowest", "agents' calls", "their median", "their p95", "all processed after"
    )  # fmt: skip
    with open_stack("acknowledge", workers=4) as stack, traffic.Gun() as gun:
        warm_up(stack, gun, CUSTOMERS)
        agents = [Agent(stack, login, customer) for customer, login in enumerate(("agent1", "agent2"))]
        for agent in agents:
            agent.start()
        inbound = [traffic.write(number % CUSTOMERS) for number in range(options.few(STEADY * STEADY_SECONDS))]
        shots = gun.fire(stack.webhook_url(0), inbound, 32, STEADY).result()
        for agent in agents:
            agent.stop()
        check_acknowledged(shots)
        check_processed(stack, inbound)
        seconds = [shot.seconds for shot in shots]
        calls = [call for agent in agents for call in agent.seconds]
        table.add(
            f"{STEADY}/s",
            milliseconds(median(seconds)),
            milliseconds(percentile(seconds, 0.99)),
            milliseconds(max(seconds)),
            len(calls),
            milliseconds(median(calls)),
            milliseconds(percentile(calls, 0.95)),
            f"{time.monotonic() - shots[0].due:.0f} s",
        )
    return table


class Agent(threading.Thread):
    """Reads a customer's chat and answers, again and again, about as fast as a person works."""

    PAUSE = 0.5  # seconds between two calls

    def __init__(self, stack, login, customer):
        super().__init__(daemon=True)
        self.session = stack.agent(login)
        self.thread = watch.find_thread(stack, customer)
        self.seconds = []
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.wait(self.PAUSE):
            self._time(self.session.route, "/discuss/channel/messages", channel_id=self.thread)
            self._stopped.wait(self.PAUSE)
            self._time(self.session.post, self.thread, "We are looking for it.")

    def _time(self, call, *arguments, **parameters):
        start = time.monotonic()
        call(*arguments, **parameters)
        self.seconds.append(time.monotonic() - start)

    def stop(self):
        self._stopped.set()
        self.join()
