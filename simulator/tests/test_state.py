"""``--state``: what outlives a restart, and how the file is written and read."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from simulator import state_file
from simulator.app import create_app, load_world
from simulator.simulator import SIMULATOR

from .conftest import PHONE, VERIFY_TOKEN, WABA, Desk
from .files import JPEG, PDF

ROOT = Path(__file__).parents[2]
FAST = ("--sent-delay", "0.01", "--delivered-delay", "0.03", "--retry-gaps", "0.05")
CHAT = f"chats/priya/{PHONE}"

pytestmark = pytest.mark.asyncio


class Remote:
    """The client of a simulator in a process of its own, as ``Desk`` wants it."""

    def __init__(self, session, base):
        self.session, self.base = session, base
        self.app = {SIMULATOR: None}

    def request(self, method, path, **kwargs):
        return self.session.request(method, self.base + path, **kwargs)


class Simulators:
    """Starts one simulator after the other on the same file."""

    def __init__(self, file, receiver, session):
        self.file, self.receiver, self.session = file, receiver, session
        self.process = None

    async def start(self, *options):
        command = [sys.executable, "-m", "simulator", "--port", "0", "--state", str(self.file), *FAST, *options]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        line = (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode()
        return Desk(Remote(self.session, re.search(r"http://[\d.:]+", line)[0]), self.receiver)

    async def stop(self, number=signal.SIGTERM):
        """Return what it wrote on stderr."""
        if number == signal.SIGKILL:
            await asyncio.sleep(1.3)  # nobody tells it: what counts is in the file by then
        self.process.send_signal(number)
        _out, errors = await asyncio.wait_for(self.process.communicate(), 20)
        return errors.decode()

    async def restart(self, number, *options):
        await self.stop(number)
        return await self.start(*options)


@pytest_asyncio.fixture
async def simulators(tmp_path, receiver):
    async with aiohttp.ClientSession() as session:
        simulators = Simulators(tmp_path / "state.json", receiver, session)
        yield simulators
        if simulators.process and simulators.process.returncode is None:
            simulators.process.kill()
            await simulators.process.communicate()


async def subscribe(desk):
    status, answer = await desk.subscribe(override_callback_uri=desk.receiver.url, verify_token=VERIFY_TOKEN)
    assert status == 200, answer


async def until_status(desk, wamid, status):
    await desk.until(lambda: [item for item in desk.receiver.statuses(wamid) if item["status"] == status], 5)


@asynccontextmanager
async def in_process(settings, receiver, config=None):
    async with TestClient(TestServer(create_app(config, settings))) as client:
        yield Desk(client, receiver)


@pytest.fixture
def kept(settings, tmp_path):
    settings.state = str(tmp_path / "state.json")
    return settings


# === A REAL PROCESS, STOPPED AND STARTED === #


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_everything_goes_on_after_a_restart(simulators, number):
    desk = await simulators.start()
    await subscribe(desk)
    new = await desk.phone("POST", "customers", json={"name": "Zoë"})
    asked = await desk.inbound(text="Où est ma tente ? 🏕")
    answer = await desk.sent(body="On its way", context={"message_id": asked}, biz_opaque_callback_data="row-1")
    await until_status(desk, answer, "delivered")
    await desk.phone("POST", f"{CHAT}/read")
    unread = await desk.sent(body="Anything else?")
    await until_status(desk, unread, "delivered")
    await desk.phone("POST", f"{CHAT}/messages", json={"type": "reaction", "message_id": answer, "emoji": "👍"})
    await desk.inbound(new["id"], "I am new")
    await desk.control("POST", "customers/omar", json={"name": "Omar K.", "blocked": True})
    await desk.control("POST", f"numbers/{PHONE}", json={"quality_rating": "YELLOW"})
    await desk.control("POST", "clock", json={"advance": 3600})
    await desk.idle()
    before = [await desk.phone("GET", path) for path in ("state", CHAT)]
    before += [await desk.control("GET", path) for path in ("messages", "world")]

    desk = await simulators.restart(number)

    after = [await desk.phone("GET", path) for path in ("state", CHAT)]
    after += [await desk.control("GET", path) for path in ("messages", "world")]
    assert after == before
    assert (await desk.control("GET", "clock"))["offset"] == 3600
    chat = after[1]
    assert [message["status"] for message in chat["messages"]] == ["sent", "read", "delivered"]
    assert chat["messages"][1]["reactions"] == [{"from": "customer", "emoji": "👍"}]
    for to in ("+919800020001", "+" + new["wa_id"]):  # the windows are still open
        wamid = await desk.sent(to, "Here we are again")
        await until_status(desk, wamid, "delivered")
    wamid = await desk.sent("+15550100008", "You never wrote")
    await desk.until(lambda: desk.receiver.statuses(wamid), 5)
    assert desk.receiver.statuses(wamid)[0]["errors"][0]["code"] == 131047
    another = await desk.phone("POST", "customers", json={"name": "Max"})
    assert another["id"] != new["id"] and another["wa_id"] != new["wa_id"]
    seqs = [message["seq"] for message in (await desk.control("GET", "messages"))["data"]]
    assert seqs == sorted(set(seqs))
    webhooks = (await desk.control("GET", "webhooks"))["data"]
    assert webhooks[0]["seq"] > 1, "the counter of the webhooks goes on too"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_an_unacknowledged_webhook_is_delivered_after_the_restart(simulators, number):
    desk = await simulators.start()
    await subscribe(desk)
    desk.receiver.answers = [503] * 10_000
    wamid = await desk.inbound(text="Is anyone there?")
    await desk.until(lambda: len(desk.receiver.bodies) > 1)
    assert (await desk.phone("GET", CHAT))["messages"][0]["status"] == "pending"
    await simulators.stop(number)
    desk.receiver.answers, count = [], len(desk.receiver.bodies)
    desk = await simulators.start()
    await desk.until(lambda: len(desk.receiver.bodies) > count)
    body = desk.receiver.bodies[-1]
    assert body["signed"] and body["raw"] == desk.receiver.bodies[0]["raw"]
    assert desk.receiver.items("messages")[-1]["id"] == wamid
    await desk.idle()
    assert (await desk.phone("GET", CHAT))["messages"][0]["status"] == "sent"
    await simulators.restart(number)
    await asyncio.sleep(0.3)
    assert desk.receiver.bodies[-1] is body, "what was acknowledged is not sent again"


async def test_a_message_in_flight_or_held_by_a_fault_is_not_lost(simulators):
    desk = await simulators.start()
    await subscribe(desk)
    desk.receiver.pause = 30
    flying = await desk.inbound(text="In flight")
    await desk.until(lambda: desk.receiver.bodies)
    held = []
    for rule in ({"kind": "delay", "seconds": 60}, {"kind": "batch", "ms": 60_000}, {"kind": "reorder", "ms": 60_000}):
        await desk.fault(**rule)
        held.append(await desk.inbound(text=rule["kind"]))
    desk.receiver.pause = 0
    desk = await simulators.restart(signal.SIGTERM)
    count = 1
    await desk.until(lambda: len(desk.receiver.items("messages")) >= count + 4, 5)
    items = desk.receiver.items("messages")[1:]
    assert sorted(item["id"] for item in items) == sorted([flying, *held])
    assert all("contacts" in value for value in desk.receiver.values())
    await desk.idle()
    assert {message["status"] for message in (await desk.phone("GET", CHAT))["messages"]} == {"sent"}


async def test_statuses_still_to_come_come_after_the_restart(simulators):
    desk = await simulators.start("--delivered-delay", "60", "--auto-read", "0.1")
    await subscribe(desk)
    asked = await desk.inbound()
    wamid = await desk.sent()
    reaction = {"messaging_product": "whatsapp", "to": "+919800020001", "type": "reaction"}
    _status, answer = await desk.post(reaction | {"reaction": {"message_id": asked, "emoji": "❤️"}})
    for sent in (wamid, answer["messages"][0]["id"]):
        await until_status(desk, sent, "sent")
    data = await stopped_state(simulators)
    assert sorted(step["name"] for step in data["steps"]) == ["arrive", "react"]
    for step in data["steps"]:
        step["due"] = time.time() - 1  # as if a day had passed
    simulators.file.write_text(json.dumps(data))
    desk = await simulators.start("--auto-read", "0.1")
    await until_status(desk, wamid, "read")
    assert [item["status"] for item in desk.receiver.statuses(wamid)] == ["sent", "delivered", "read"]
    chat = await desk.phone("GET", CHAT)
    assert chat["messages"][0]["reactions"] == [{"from": "business", "emoji": "❤️"}]


async def stopped_state(simulators):
    await simulators.stop()
    return json.loads(simulators.file.read_text())


async def test_a_refusal_and_a_reading_still_to_come_come_too(simulators):
    desk = await simulators.start("--sent-delay", "60")
    await subscribe(desk)
    late = await desk.sent("+15550100008")
    data = await stopped_state(simulators)
    assert [step["name"] for step in data["steps"]] == ["fail"]
    data["steps"][0]["due"] = 0
    simulators.file.write_text(json.dumps(data))
    desk = await simulators.start("--auto-read", "60")
    await until_status(desk, late, "failed")
    assert desk.receiver.statuses(late)[0]["errors"][0]["code"] == 131047
    await desk.inbound()
    wamid = await desk.sent()
    await until_status(desk, wamid, "delivered")
    data = await stopped_state(simulators)
    data["steps"][0]["due"] = 0
    simulators.file.write_text(json.dumps(data))
    desk = await simulators.start()
    await until_status(desk, wamid, "read")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is damaged"),
        (b'{"format": 2, "world": {"accou', "it is damaged"),
        (b"\xff\xfe\x00", "it is damaged"),
        (b"[]", "it is damaged"),
        (b'{"format": 2, "world": {"accounts": [], "numbers": [], "customers": []}}', "it is damaged"),
        (b'{"accounts": {}, "numbers": {}}', "it was written by another version"),
        (b'{"format": 3}', "it was written by another version"),
    ],
)
async def test_a_file_that_cant_be_used_is_kept_aside(kept, receiver, content, reason, caplog):
    file = Path(kept.state)
    file.write_bytes(content)
    async with in_process(kept, receiver) as desk:
        await desk.inbound()
    aside = file.with_name("state.json.aside-1")
    sentence = f"The state file {file} can't be used: {reason}. Starting anew; the file is kept as {aside}."
    assert [record.getMessage() for record in caplog.records] == [sentence]
    assert aside.read_bytes() == content
    assert len(json.loads(file.read_text())["messages"]) == 1


async def test_a_file_cut_off_in_the_middle_gives_one_sentence_and_a_start(simulators):
    desk = await simulators.start()
    await desk.inbound()
    await simulators.stop()
    cut = simulators.file.read_bytes()[:-20]
    simulators.file.write_bytes(cut)
    await simulators.start()
    errors = await simulators.stop()
    assert errors.count("\n") == 1 and "it is damaged. Starting anew; the file is kept as" in errors
    assert simulators.file.with_name("state.json.aside-1").read_bytes() == cut


async def test_a_reset_clears_the_file(simulators):
    desk = await simulators.start()
    await subscribe(desk)
    desk.receiver.answers = [503] * 10_000
    await desk.inbound()
    await desk.phone("POST", "customers", json={"name": "Zoë"})
    await asyncio.sleep(0.2)
    await desk.control("POST", "reset")
    desk = await simulators.restart(signal.SIGTERM)
    assert (await desk.control("GET", "messages"))["total"] == 0
    assert len((await desk.control("GET", "world"))["customers"]) == len(load_world().customers)
    assert (await desk.control("GET", "summary"))["pending"] == 0
    assert not (await desk.control("GET", "world"))["accounts"][0]["subscribed"]


# === THE FILE === #


async def test_the_file_is_written_about_once_a_second(kept, receiver, monkeypatch):
    replaced = []
    monkeypatch.setattr(
        state_file.os, "replace", lambda *names, real=os.replace: (replaced.append(names), real(*names))
    )
    async with in_process(kept, receiver) as desk:
        began = time.monotonic()
        while time.monotonic() - began < 2.2:
            await desk.inbound()
            await asyncio.sleep(0.005)
        assert 2 <= len(replaced) <= 4
        await asyncio.sleep(1.1)
        count = len(replaced)
        await asyncio.sleep(1.1)
        await desk.phone("GET", "state")
        assert len(replaced) == count, "nothing changed"
    assert [path.name for path in Path(kept.state).parent.iterdir()] == ["state.json"]


async def test_what_is_written_late_by_a_thread_does_not_replace_what_is_newer(kept, receiver):
    async with in_process(kept, receiver) as desk:
        file = desk.simulator.state_file
        old = file._collect()
        await desk.inbound()
        file.save_now()
        file._write(*old)
        assert len(json.loads(Path(kept.state).read_text())["messages"]) == 1


async def test_a_disk_that_is_full_is_told_and_tried_again(kept, receiver, monkeypatch, caplog):
    monkeypatch.setattr(state_file, "RETRY", 0.2)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    async with in_process(kept, receiver) as desk:
        with monkeypatch.context() as patch:
            patch.setattr(state_file.os, "fsync", full)
            await desk.inbound()
            await desk.until(lambda: caplog.records)
        await desk.until(Path(kept.state).exists)
    assert "No space left on device" in caplog.text


async def test_without_the_option_nothing_is_written(settings, receiver, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with in_process(settings, receiver) as desk:
        await desk.inbound()
        assert desk.simulator.state_file._timer is None
    assert not list(tmp_path.iterdir())


async def test_what_the_world_file_no_longer_has_is_left_out_and_kept_aside(kept, receiver, caplog):
    async with in_process(kept, receiver) as desk:
        await desk.inbound("priya", "Hi")
        await desk.inbound("omar", "Salam")
    written = Path(kept.state).read_bytes()
    config = load_world()
    config.customers = [customer for customer in config.customers if customer.id != "omar"]
    async with in_process(kept, receiver, config) as desk:
        messages = await desk.control("GET", "messages")
    assert [message["text"] for message in messages["data"]] == ["Hi"]
    assert "1 entries" in caplog.text
    assert Path(kept.state + ".aside-1").read_bytes() == written


async def test_accounts_and_numbers_that_were_added_are_kept(kept, receiver):
    account = {"waba_id": "777", "name": "New", "app_id": "778", "app_secret": "s", "tokens": [{"token": "T-7"}]}
    number = {"phone_number_id": "779", "display_phone_number": "+1 555-010-0779", "verified_name": "New"}
    async with in_process(kept, receiver) as desk:
        await desk.control("POST", "accounts", 201, json=account)
        await desk.control("POST", "numbers", 201, json={**number, "waba_id": "777"})
        await desk.control(
            "POST", "inbound", json={"phone_number_id": "779", "customer_id": "omar", "text": {"body": "Hi"}}
        )
        world = await desk.control("GET", "world")
    async with in_process(kept, receiver) as desk:
        assert await desk.control("GET", "world") == world
        assert (await desk.graph("GET", "779", token="T-7"))[0] == 200
        assert (await desk.control("GET", "messages"))["total"] == 1


async def test_messages_that_were_cleared_leave_nothing_behind(kept, receiver, caplog):
    kept.delivered_delay = 60
    async with in_process(kept, receiver) as desk:
        await desk.inbound()
        await desk.sent()
        await desk.control("DELETE", "messages")
    async with in_process(kept, receiver) as desk:
        assert (await desk.control("GET", "messages"))["total"] == 0
        assert (await desk.phone("GET", CHAT))["window_end"]
    assert not caplog.records


# === RETRIES === #


async def test_a_retry_goes_where_the_webhooks_go_by_now(desk):
    desk.receiver.answers = [503, 200]
    await desk.fault(kind="delay", seconds=0)
    desk.simulator.settings.retry_gaps = (0.2,)
    await desk.inbound()
    await desk.until(lambda: len(desk.receiver.bodies) == 1)
    await desk.subscribe(override_callback_uri=desk.receiver.url + "?moved=1", verify_token=VERIFY_TOKEN)
    await desk.idle()
    entry = (await desk.control("GET", "webhooks"))["data"][0]
    assert entry["state"] == "delivered" and entry["url"].endswith("?moved=1")
    assert desk.simulator.find_target(WABA)[0] == entry["url"]


async def test_media_templates_and_reviews_outlive_a_restart(kept, receiver):
    parameters = [{"type": "text", "text": "Priya"}]
    content = {"name": "greeting", "language": {"code": "en"}}
    content["components"] = [{"type": "body", "parameters": parameters}]
    new = {"name": "table_ready", "language": "en", "category": "UTILITY"}
    new["components"] = [{"type": "BODY", "text": "Your table is ready."}]
    kept.review_delay = None
    async with in_process(kept, receiver) as desk:
        await subscribe(desk)
        media_id = await desk.uploaded(PDF, "application/pdf", "a.pdf")
        await desk.phone("POST", f"{CHAT}/media?kind=image&mime_type=image/jpeg", data=JPEG)
        await desk.send_type("template", content)
        _status, created = await desk.graph("POST", f"{WABA}/message_templates", json=new)
        await desk.control("POST", "account_webhook", json={"waba_id": WABA, "field": "security"})
        await desk.idle()
        before = await desk.phone("GET", CHAT)
    kept.review_delay = 0.02
    async with in_process(kept, receiver) as desk:
        assert await desk.phone("GET", CHAT) == before
        assert before["messages"][1]["shown"]["body"].startswith("Hello Priya")
        [picture] = before["messages"][0]["media"]
        async with desk.client.get(f"/phone/api/media/{picture}") as response:
            assert await response.read() == JPEG
        assert (await desk.graph("GET", media_id))[1]["file_size"] == len(PDF)
        assert await desk.uploaded(PDF, "application/pdf", "b.pdf") not in (media_id, picture)
        await desk.idle()
        assert (await desk.graph("GET", created["id"]))[1]["status"] == "APPROVED"


async def test_an_account_webhook_nobody_took_is_sent_after_a_restart(kept, receiver):
    kept.retry_gaps = (60,)
    receiver.answers = [503]
    async with in_process(kept, receiver) as desk:
        await subscribe(desk)
        await desk.control("POST", "account_webhook", json={"waba_id": WABA, "field": "security"})
        await desk.until(lambda: receiver.bodies)
    async with in_process(kept, receiver) as desk:
        await desk.idle()
        assert len(receiver.fields("security")) == 2
