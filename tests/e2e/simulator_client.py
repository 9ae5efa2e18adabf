"""The simulator's control API: what a test needs to know of the other side, and the customers it invents."""

import secrets
import time

import requests

NUMBER = "301000000000001"  # Lakeside Outfitters, the first number of the simulator's default world
TIMEOUT = 15


class Simulator:
    def __init__(self, url):
        self.url = url

    def get(self, path, **params):
        return self._answer(requests.get(f"{self.url}/control/{path}", params=params, timeout=TIMEOUT))

    def post(self, path, **body):
        return self._answer(requests.post(f"{self.url}/control/{path}", json=body, timeout=TIMEOUT))

    @staticmethod
    def _answer(response):
        assert response.ok, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
        return response.json()

    # === PEOPLE === #

    def new_customer(self, first_name, **values):
        """Add a customer nobody else uses; the name is unique too, so that screens can be searched for it."""
        name = f"{first_name} {secrets.token_hex(3)}"
        if not values.get("hide_number"):
            values.setdefault("wa_id", f"9198{secrets.randbelow(10**8):08}")
        return self.post("customers", name=name, **values)

    def write(self, customer, text, **values):
        """The customer sends a text; return its id."""
        body = {"phone_number_id": NUMBER, "customer_id": customer["id"], "text": {"body": text}, **values}
        return self.post("inbound", **body)["id"]

    def write_long_ago(self, customer, text, hours):
        """A text that was written ``hours`` ago and arrives only now."""
        raw = {"type": "text", "text": {"body": text}, "timestamp": str(int(time.time() - hours * 3600))}
        return self.post("inbound", phone_number_id=NUMBER, customer_id=customer["id"], raw=raw)["id"]

    def open_chat(self, customer):
        self.post("read", customer_id=customer["id"], phone_number_id=NUMBER)

    # === WHAT HAPPENED === #

    def sent_to(self, customer):
        """Everything the business sent to the customer and WhatsApp took, oldest first."""
        return self.get("messages", direction="out", customer_id=customer["id"])["data"]

    def texts_sent_to(self, customer):
        return [message["text"] for message in self.sent_to(customer)]

    def add_fault(self, kind, **values):
        return self.post("faults", kind=kind, **values)

    def remove_faults(self):
        self._answer(requests.delete(f"{self.url}/control/faults", timeout=TIMEOUT))

    def wait_idle(self):
        self.post("wait_idle", timeout=TIMEOUT - 2)

    def turn_clock(self, seconds):
        self.post("clock", advance=seconds)
