"""A running simulator, a webhook receiver that checks like a careful client, and short words for both."""

import asyncio
import hashlib
import hmac
import json

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from simulator.app import create_app
from simulator.settings import Settings
from simulator.simulator import SIMULATOR

WABA, PHONE, SECRET = "101000000000001", "301000000000001", "sim-app-secret-1"
VERIFY_TOKEN = "verify-me"


class Receiver:
    """The business' webhook: keeps every body, answers what the test wants."""

    def __init__(self):
        self.bodies = []
        self.pause = 0
        self.answers = []  # statuses of the next posts; then 200
        self.challenge = lambda text: web.Response(text=text)
        self.url = None

    async def get(self, request):
        if request.query.get("hub.verify_token") != VERIFY_TOKEN or request.query.get("hub.mode") != "subscribe":
            return web.Response(status=403)
        return self.challenge(request.query["hub.challenge"])

    async def post(self, request):
        raw = await request.read()
        wanted = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        signed = hmac.compare_digest(wanted, request.headers.get("X-Hub-Signature-256", ""))
        self.bodies.append({"raw": raw, "signed": signed})
        await asyncio.sleep(self.pause)
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else None)

    def fields(self, name):
        """The values of one webhook field."""
        entries = [entry for body in self.bodies for entry in json.loads(body["raw"])["entry"]]
        return [change["value"] for entry in entries for change in entry["changes"] if change["field"] == name]

    def values(self):
        entries = [entry for body in self.bodies for entry in json.loads(body["raw"])["entry"]]
        return [change["value"] for entry in entries for change in entry["changes"]]

    def items(self, kind):
        return [item for value in self.values() for item in value.get(kind, [])]

    def statuses(self, wamid=None):
        return [item for item in self.items("statuses") if wamid in (None, item["id"])]


class Desk:
    """Speaks to the simulator like a client of Meta, and like a test through the control API."""

    def __init__(self, client, receiver):
        self.client = client
        self.receiver = receiver
        self.simulator = client.app[SIMULATOR]

    async def graph(self, method, path, token="SIM-TOKEN-1", version="v26.0", **kwargs):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client.request(method, f"/{version}/{path}", headers=headers, **kwargs) as response:
            return response.status, await response.json()

    async def post(self, payload, phone=PHONE, **kwargs):
        return await self.graph("POST", f"{phone}/messages", json=payload, **kwargs)

    async def send(self, to="+919800020001", body="Hello", **keys):
        payload = {"messaging_product": "whatsapp", "type": "text", "text": {"body": body}, **keys}
        if "recipient" not in keys:
            payload["to"] = to
        return await self.post(payload)

    async def sent(self, *args, **keys):
        """Send and return the id of the accepted message."""
        status, answer = await self.send(*args, **keys)
        assert status == 200, answer
        return answer["messages"][0]["id"]

    async def send_type(self, kind, content, to="+919800020001", **keys):
        payload = {"messaging_product": "whatsapp", "to": to, "type": kind, kind: content, **keys}
        return await self.post({key: value for key, value in payload.items() if value is not None})

    async def upload(self, data, mime_type, filename="file", phone=PHONE, **kwargs):
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", mime_type)
        form.add_field("file", data, filename=filename, content_type=mime_type)
        return await self.graph("POST", f"{phone}/media", data=form, **kwargs)

    async def uploaded(self, *args, **kwargs):
        status, answer = await self.upload(*args, **kwargs)
        assert status == 200, answer
        return answer["id"]

    async def outcome(self, answer):
        """The code with which a message was refused at once or failed later, or None."""
        status, content = answer
        if status != 200:
            assert content["error"]["error_data"]["details"]
            return content["error"]["code"]
        await self.idle()
        statuses = self.receiver.statuses(content["messages"][0]["id"])
        assert statuses, "no status came"
        failed = [status for status in statuses if status["status"] == "failed"]
        return failed[0]["errors"][0]["code"] if failed else None

    async def control(self, method, path, status=200, **kwargs):
        async with self.client.request(method, f"/control/{path}", **kwargs) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def inbound(self, customer_id="priya", text="Hi", **keys):
        body = {"phone_number_id": PHONE, "customer_id": customer_id, "text": {"body": text}, **keys}
        return (await self.control("POST", "inbound", json=body))["id"]

    async def phone(self, method, path, status=200, **kwargs):
        async with self.client.request(method, f"/phone/api/{path}", **kwargs) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def fault(self, **rule):
        await self.control("PUT", "faults", json=[rule])

    async def idle(self, timeout=5):
        await self.control("POST", "wait_idle", json={"timeout": timeout})

    async def subscribe(self, **override):
        return await self.graph("POST", f"{WABA}/subscribed_apps", json=override)

    async def until(self, condition, seconds=3):
        for _try in range(int(seconds / 0.01)):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen in time")


@pytest.fixture
def settings():
    return Settings(
        sent_delay=0.01, delivered_delay=0.03, retry_gaps=(0.02, 0.04), webhook_timeout=2, review_delay=0.02, seed=1
    )


@pytest_asyncio.fixture
async def receiver():
    receiver = Receiver()
    app = web.Application()
    app.router.add_get("/hook", receiver.get)
    app.router.add_post("/hook", receiver.post)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest_asyncio.fixture
async def unsubscribed(settings, receiver):
    async with TestClient(TestServer(create_app(settings=settings))) as client:
        yield Desk(client, receiver)


@pytest_asyncio.fixture
async def desk(unsubscribed, receiver):
    """A desk whose account has its callback registered."""
    status, answer = await unsubscribed.subscribe(override_callback_uri=receiver.url, verify_token=VERIFY_TOKEN)
    assert status == 200, answer
    return unsubscribed
