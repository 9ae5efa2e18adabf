"""Webhooks as Meta sends them, and a process of its own that posts them.

Everything is built and signed before the clock starts. One connection per request, because Odoo's workers close it after
each; a thread per connection, which spends its time in system calls: about a twentieth of a core for 500 requests/s.
"""

import itertools
import multiprocessing
import socket
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from simulator.envelope import encode, sign

PHONE_NUMBER_ID = "301000000000001"
WABA_ID = "101000000000001"
TIMEOUT = 60  # seconds a request may take


class Inbound(NamedTuple):
    """One message of a customer: its id at WhatsApp, and the webhook body that brings it."""

    wamid: str
    body: bytes


def get_number(customer):
    """Return the number of a made-up customer: the one the simulator's ``inbound/bulk`` gives the same index."""
    return f"4477{customer:08}"


def write(customer, text="Hello, has my order been sent yet?", name=None):
    """Return an ``Inbound`` of ``customer`` (an index)."""
    wamid = f"wamid.bench{uuid.uuid4().hex}"
    number = get_number(customer)
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100100", "phone_number_id": PHONE_NUMBER_ID},
        "contacts": [
            {"profile": {"name": name or f"Load {customer}"}, "wa_id": number, "user_id": f"GB.77{customer:08}"}
        ],
        "messages": [
            {
                "from": number,
                "from_user_id": f"GB.77{customer:08}",
                "id": wamid,
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    entry = {"id": WABA_ID, "changes": [{"field": "messages", "value": value}]}
    return Inbound(wamid, encode({"object": "whatsapp_business_account", "entry": [entry]}))


def prepare(url, body, secret="sim-app-secret-1"):
    """Return the bytes of a signed request."""
    target = urlsplit(url)
    headers = {
        "Host": target.netloc,
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        "User-Agent": "facebookexternalua",
        **sign(secret, body),
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class Shot(NamedTuple):
    """One request: when it was due and answered (monotonic seconds, the same in all processes), and the status."""

    due: float
    end: float
    status: int

    @property
    def seconds(self):
        return self.end - self.due


class Gun:
    """A process that posts. ``fire`` returns a future, so that others can work meanwhile."""

    def __init__(self):
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self):
        self._pool.submit(time.monotonic).result()  # started now, not when the clock runs
        return self

    def __exit__(self, *_exception):
        self._pool.shutdown()

    def fire(self, url, inbound, connections=8, per_second=None):
        """Post the bodies, as fast as ``connections`` allow or ``per_second``; a future of a list of ``Shot``."""
        return self._pool.submit(_fire, url, [item.body for item in inbound], connections, per_second)


def _fire(url, bodies, connections, per_second):
    target = urlsplit(url)
    address = target.hostname, target.port
    requests = [prepare(url, body) for body in bodies]
    counter, shots = itertools.count(), [None] * len(requests)
    start = time.monotonic()

    def work():
        while (index := next(counter)) < len(requests):
            due = start + index / per_second if per_second else time.monotonic()
            time.sleep(max(0, due - time.monotonic()))
            # A request that waited for a free connection has waited: latency counts from when it was due.
            shots[index] = Shot(due, *_exchange(address, requests[index]))

    threads = [threading.Thread(target=work) for _number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return shots


def _exchange(address, request):
    """Return when the answer was complete, and its status; 0 when there was none."""
    answer = b""
    try:
        with socket.create_connection(address, TIMEOUT) as connection:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
    except OSError:
        answer = b""
    return time.monotonic(), int(answer[9:12] or 0)
