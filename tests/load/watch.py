"""Looking on from outside: rows as they are committed, processes, and an agent's screen."""

import contextlib
import json
import re
import threading
import time

import psutil
import websocket

from .traffic import get_number

POLL = 0.02  # seconds between two looks


def wait_until(is_true, timeout, what, pause=POLL):
    deadline = time.monotonic() + timeout
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {timeout} s: {what}")
        time.sleep(pause)


def is_inbox_done(stack):
    return not stack.query("SELECT 1 FROM whatsapp_cs_event WHERE state = 'new' LIMIT 1")


class Arrivals(threading.Thread):
    """Notes when each of some messages can be seen by others in the database: ``at[wamid]``, monotonic seconds."""

    def __init__(self, stack, wamids):
        super().__init__(daemon=True)
        self.stack = stack
        self.missing = set(wamids)
        self.at = {}

    def run(self):
        while self.missing:
            rows = self.stack.query("SELECT wamid FROM whatsapp_cs_message WHERE wamid = ANY(%s)", list(self.missing))
            now = time.monotonic()
            for (wamid,) in rows:
                self.at[wamid] = now
                self.missing.discard(wamid)
            time.sleep(POLL)


class Screen(threading.Thread):
    """An agent's open Discuss: the websocket a browser would hold. ``at[mark]`` is when a text first came in."""

    def __init__(self, server, session):
        super().__init__(daemon=True)
        self.at = {}
        self._marks = set()
        # websocket-client names no browser, so Odoo does not ask for the version of the browser's side.
        self._socket = websocket.create_connection(
            f"{server.gevent_url.replace('http', 'ws', 1)}/websocket",
            cookie=f"session_id={session.session_id}",
            origin=server.url,
            timeout=60,
        )
        subscription = {"channels": ["whatsapp_cs.queue"], "last": 0}
        self._socket.send(json.dumps({"event_name": "subscribe", "data": subscription}))

    def expect(self, marks):
        self._marks.update(marks)

    def run(self):
        while True:
            try:
                text = self._socket.recv()
            except websocket.WebSocketTimeoutException:
                continue
            except (websocket.WebSocketException, OSError):
                return
            now = time.monotonic()
            for mark in [mark for mark in self._marks if mark in text]:
                self._marks.discard(mark)
                self.at[mark] = now


def get_family(pid):
    """Return a process and all that it started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def get_cpu_seconds(*pids):
    """Return how long these processes and their children have been at work, those that have ended included."""
    seconds = 0
    for process in (process for pid in pids for process in get_family(pid)):
        with contextlib.suppress(psutil.NoSuchProcess):  # ended this very moment: its parent has its time now
            time = process.cpu_times()
            seconds += time.user + time.system + time.children_user + time.children_system
    return seconds


def find_thread(stack, customer):
    """Return the id of a customer's thread in Discuss."""
    [(thread,)] = stack.query(
        "SELECT discuss_channel_id FROM whatsapp_cs_contact WHERE wa_id = %s", get_number(customer)
    )
    return thread


def find_cron_worker(stack, job):
    """Return the process that has started a job last; the log says so."""
    log = stack.servers[0].log.read_text(errors="replace")
    return int(re.findall(rf" (\d+) INFO \S+ \S+ir_cron\S*: Job '{re.escape(job)}' \(\d+\) starting", log)[-1])
