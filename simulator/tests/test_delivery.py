"""Webhook delivery, faults, and the records that prove "exactly once"."""

import asyncio
import itertools
import json

import aiohttp
import pytest

from simulator.app import create_app
from simulator.record import Record
from simulator.settings import Settings
from simulator.simulator import SIMULATOR

from .conftest import PHONE, VERIFY_TOKEN, WABA

pytestmark = pytest.mark.asyncio


async def test_a_webhook_is_retried_until_200(desk):
    desk.receiver.answers = [500, 302, 201, 403]
    wamid = await desk.inbound()
    await desk.idle()
    assert [message["id"] for message in desk.receiver.items("messages")] == [wamid] * 5
    assert len({body["raw"] for body in desk.receiver.bodies}) == 1
    [entry] = (await desk.control("GET", "webhooks"))["data"]
    assert entry["state"] == "delivered"
    assert [attempt["status"] for attempt in entry["attempts"]] == [500, 302, 201, 403, 200]
    assert entry["body"]["entry"][0]["changes"][0]["value"]["messages"][0]["id"] == wamid


async def test_the_gaps_grow(desk):
    desk.receiver.answers = [500, 500, 500]
    await desk.inbound()
    await desk.idle()
    [entry] = (await desk.control("GET", "webhooks"))["data"]
    times = [attempt["time"] for attempt in entry["attempts"]]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[0] >= 0.02 and gaps[1] >= 0.04 and gaps[2] >= 0.04


async def test_an_endless_refusal_is_given_up_and_not_idle_before(desk):
    desk.receiver.answers = [500] * 1000
    await desk.inbound()
    await desk.control("POST", "wait_idle", 504, json={"timeout": 0.1})
    desk.simulator.settings.retry_for = 0.2
    await desk.idle()
    assert (await desk.control("GET", "webhooks?state=given_up"))["total"] == 1
    [message] = (await desk.control("GET", "messages"))["data"]
    assert message["status"] == "failed"


async def test_a_dead_receiver_gets_everything_once_it_is_back(desk, unused_tcp_port):
    account = desk.simulator.world.accounts[WABA]
    account.override_callback_uri = f"http://127.0.0.1:{unused_tcp_port}/hook"
    wamid = await desk.inbound()
    await asyncio.sleep(0.05)

    async def hook(request):
        received.append(await request.json())
        return aiohttp.web.Response()

    received = []
    app = aiohttp.web.Application()
    app.router.add_post("/hook", hook)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await desk.idle()
    await runner.cleanup()
    assert [b["entry"][0]["changes"][0]["value"]["messages"][0]["id"] for b in received] == [wamid]


async def test_posts_to_one_url_run_in_parallel_up_to_the_bound(desk):
    desk.simulator.settings.webhook_concurrency = 3
    running, most = 0, 0

    original = desk.simulator.webhooks._attempt

    async def counted(delivery):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        try:
            return await original(delivery)
        finally:
            running -= 1

    desk.simulator.webhooks._attempt = counted
    await desk.control("POST", "inbound/bulk", json={"phone_number_id": PHONE, "count": 30})
    await desk.idle()
    assert most == 3 and len(desk.receiver.bodies) == 30


# === FAULTS === #


async def test_latency_delays_the_answer(desk):
    await desk.fault(kind="latency", seconds=0.15, count=1)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await desk.graph("GET", PHONE)
    middle = loop.time()
    await desk.graph("GET", PHONE)
    assert middle - start >= 0.15 > loop.time() - middle


async def test_an_error_replaces_the_work_where_it_matches(desk):
    await desk.fault(
        kind="error",
        code=130429,
        details="Slow down",
        count=2,
        match={"endpoint": "messages", "phone_number_id": PHONE},
    )
    assert (await desk.graph("GET", PHONE))[0] == 200
    for _try in range(2):
        status, answer = await desk.send()
        assert (status, answer["error"]["code"], answer["error"]["error_data"]["details"]) == (400, 130429, "Slow down")
    assert (await desk.send())[0] == 200
    assert (await desk.control("GET", "messages?direction=out"))["total"] == 1
    await desk.fault(kind="error", code=2, body="<html>Bad gateway</html>", http_status=502)
    async with desk.client.post(f"/v26.0/{PHONE}/messages") as response:
        assert (response.status, await response.text()) == (502, "<html>Bad gateway</html>")


async def test_a_share_strikes_sometimes(desk):
    await desk.fault(kind="error", code=131000, share=0.5)
    codes = [(await desk.graph("GET", PHONE))[0] for _try in range(60)]
    assert 10 < codes.count(500) < 50
    assert (await desk.control("GET", "faults"))["rules"][0]["hits"] == codes.count(500)


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        ({"kind": "timeout_after_accept"}, 1),
        ({"kind": "timeout_after_accept", "seconds": 0.05}, 1),
        ({"kind": "drop_connection", "when": "before"}, 0),
        ({"kind": "drop_connection", "when": "after"}, 1),
    ],
)
async def test_a_lost_answer_may_still_mean_accepted(desk, fault, accepted):
    await desk.inbound()
    await desk.fault(**fault, match={"endpoint": "messages"})
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        await asyncio.wait_for(desk.send(biz_opaque_callback_data="key-1"), 0.5)
    await desk.idle()
    out = await desk.control("GET", "messages?direction=out&biz_opaque_callback_data=key-1")
    assert out["total"] == accepted
    assert len(desk.receiver.statuses()) == 2 * accepted


async def test_a_duplicate_webhook_comes_again(desk):
    await desk.fault(kind="duplicate", copies=2, match={"endpoint": "messages"})
    wamid = await desk.inbound()
    await desk.sent()
    await desk.idle()
    assert [message["id"] for message in desk.receiver.items("messages")] == [wamid] * 3
    assert len(desk.receiver.statuses()) == 2


async def test_reordering_changes_the_order_and_loses_nothing(desk):
    desk.simulator.settings.webhook_concurrency = 1
    await desk.fault(kind="reorder", size=8, ms=50)
    sent = [await desk.inbound() for _message in range(20)]
    await desk.idle()
    received = [message["id"] for message in desk.receiver.items("messages")]
    assert received != sent and sorted(received) == sorted(sent)


async def test_a_batch_packs_many_updates_of_several_numbers(desk):
    await desk.fault(kind="batch", size=1000, ms=1000)
    sent = (await desk.control("POST", "inbound/bulk", json={"phone_number_id": PHONE, "count": 600}))["ids"]
    other = {"phone_number_id": "301000000000002"}
    sent += (await desk.control("POST", "inbound/bulk", json=other | {"count": 500}))["ids"]
    await desk.idle()
    assert len(desk.receiver.bodies) == 2
    assert [message["id"] for message in desk.receiver.items("messages")] == sent
    numbers = [value["metadata"]["phone_number_id"] for value in desk.receiver.values()]
    assert numbers == [PHONE, "301000000000002", "301000000000002"]
    assert len(desk.receiver.values()[0]["contacts"]) == 100


async def test_a_delayed_webhook_comes_late(desk):
    await desk.fault(kind="delay", seconds=0.1)
    await desk.inbound()
    await asyncio.sleep(0.03)
    assert not desk.receiver.bodies
    await desk.idle()
    assert len(desk.receiver.bodies) == 1


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
async def test_a_dropped_webhook_is_sent_again(desk, when, copies):
    await desk.fault(kind="drop_connection", on="webhook", when=when, count=1)
    wamid = await desk.inbound()
    await desk.idle()
    assert [message["id"] for message in desk.receiver.items("messages")] == [wamid] * copies


async def test_fault_rules_are_checked_and_removed(desk):
    for rule in ({"kind": "earthquake"}, {"kind": "latency", "share": 2}, {"kind": "batch", "size": 1001}):
        await desk.control("PUT", "faults", 400, json=[rule])
    rule = await desk.control("POST", "faults", 201, json={"kind": "latency", "seconds": 0})
    await desk.control("POST", "faults", 201, json={"kind": "duplicate"})
    left = await desk.control("DELETE", f"faults?id={rule['id']}")
    assert [rule["kind"] for rule in left["rules"]] == ["duplicate"]
    assert await desk.control("DELETE", "faults") == {"rules": []}


# === RECORDS AND WORLD === #


async def test_the_record_shows_what_was_accepted_more_than_once(desk):
    await desk.inbound()
    for _try in range(2):
        await desk.sent(biz_opaque_callback_data="twice")
    await desk.sent(biz_opaque_callback_data="once")
    await desk.send(biz_opaque_callback_data="x" * 513)
    await desk.idle()
    summary = await desk.control("GET", "summary")
    assert summary["repeated_callback_data"] == {"twice": 2}
    assert (summary["messages_out"], summary["messages_in"]) == (3, 1)
    requests = await desk.control("GET", "requests?path=/messages&outcome=error")
    [refused] = requests["data"]
    assert refused["outcome"] == "error 100" and len(refused["json"]["biz_opaque_callback_data"]) == 513
    [message] = (await desk.control("GET", "messages?biz_opaque_callback_data=once"))["data"]
    assert [status["status"] for status in message["statuses"]] == ["sent", "delivered"]
    assert (message["recipient"], message["text"]) == ("+919800020001", "Hello")


async def test_lists_are_paged_filtered_and_cleared(desk):
    ids = (await desk.control("POST", "inbound/bulk", json={"phone_number_id": PHONE, "count": 50}))["ids"]
    page = await desk.control("GET", "messages?direction=in&offset=40&limit=20")
    assert page["total"] == 50 and [message["wamid"] for message in page["data"]] == ids[40:]
    assert (await desk.control("GET", "messages?direction=out"))["total"] == 0
    assert (await desk.control("GET", "requests?since=9999999999"))["total"] == 0
    await desk.control("GET", "messages?colour=red", 400)
    await desk.control("GET", "messages?offset=-1", 400)
    assert await desk.control("DELETE", "messages") == {"removed": 50}
    assert (await desk.control("GET", "messages"))["total"] == 0
    await desk.idle()
    assert (await desk.control("DELETE", "webhooks"))["removed"] == 50


async def test_a_hundred_thousand_entries_page_quickly():
    record = Record()
    for number in range(100_000):
        record.add(number=number)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for offset in range(0, 100_000, 10_000):
        assert record.page(offset, 10_000)["data"][0]["number"] == offset
    assert loop.time() - start < 0.5


async def test_keep_bounds_the_memory(desk):
    desk.simulator.chats.keep = desk.simulator.webhooks.log.keep = 20
    await desk.control("POST", "inbound/bulk", json={"phone_number_id": PHONE, "count": 100})
    await desk.idle()
    for name in ("messages", "webhooks"):
        assert (await desk.control("GET", name))["total"] == 20
    assert sum(len(chat.messages) for chat in desk.simulator.chats.chats.values()) == 20
    assert len(desk.simulator.webhooks.log.entries) <= 40


async def test_the_world_grows_and_resets(desk):
    account = {
        "waba_id": "1", "name": "New", "app_id": "2", "app_secret": "s", "tokens": [{"token": "T"}],
    }  # fmt: skip
    number = {"waba_id": "1", "phone_number_id": "3", "display_phone_number": "+1 555", "verified_name": "N"}
    await desk.control("POST", "accounts", 201, json=account)
    await desk.control("POST", "numbers", 201, json=number)
    await desk.control("POST", "numbers", 400, json=number)
    assert (await desk.graph("GET", "3?fields=verified_name", token="T"))[1]["verified_name"] == "N"
    customer = await desk.control("POST", "customers", 201, json={"name": "Kim", "wa_id": "821000000001"})
    await desk.control("POST", "customers", 400, json={"name": "Kim", "wa_id": "821000000001"})
    await desk.control("POST", "clock", json={"advance": 1000})
    world = await desk.control("GET", "world")
    assert len(world["accounts"]) == 3 and customer in world["customers"]
    await desk.control("POST", "reset", json={"keep_subscriptions": True})
    world = await desk.control("GET", "world")
    assert len(world["accounts"]) == 2 and world["accounts"][0]["override_callback_uri"] == desk.receiver.url
    assert (await desk.control("GET", "clock"))["offset"] == 0
    await desk.control("POST", "reset")
    assert not (await desk.control("GET", "world"))["accounts"][0]["subscribed"]


async def test_a_reset_drops_what_is_under_way(desk):
    desk.receiver.answers = [500] * 1000
    await desk.inbound()
    await desk.send()
    await desk.control("POST", "reset")
    count = len(desk.receiver.bodies)
    await desk.subscribe(override_callback_uri=desk.receiver.url, verify_token=VERIFY_TOKEN)
    await asyncio.sleep(0.15)
    assert len(desk.receiver.bodies) <= count + 1
    assert json.dumps(await desk.control("GET", "webhooks")) == json.dumps(
        {"total": 0, "offset": 0, "limit": 1000, "data": []}
    )
    await desk.idle(0)


async def test_an_answer_to_a_webhook_from_before_the_reset_changes_nothing(desk):
    desk.receiver.pause = 0.1
    await desk.inbound()
    await desk.until(lambda: desk.receiver.bodies)
    await desk.control("POST", "reset")
    await asyncio.sleep(0.15)
    counts = (await desk.control("GET", "summary"))["webhooks"]
    assert (counts["delivered"], counts["open"]) == (0, 0)


async def test_subscriptions_survive_a_restart_in_the_state_file(desk, tmp_path):
    desk.simulator.settings.state = state = str(tmp_path / "state.json")
    await desk.subscribe(override_callback_uri=desk.receiver.url, verify_token=VERIFY_TOKEN)
    restarted = create_app(settings=Settings(state=state))[SIMULATOR]
    assert restarted.find_target(WABA)[0] == desk.receiver.url
    await desk.graph("DELETE", f"{WABA}/subscribed_apps")
    assert create_app(settings=Settings(state=state))[SIMULATOR].find_target(WABA) is None
