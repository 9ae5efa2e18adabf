"""Reading objects, tokens, versions and the callback registration."""

import pytest
from aiohttp import web

from .conftest import PHONE, VERIFY_TOKEN, WABA

pytestmark = pytest.mark.asyncio

APP_TOKEN = "201000000000001|sim-app-secret-1"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ({"path": PHONE, "token": "nonsense"}, 401, 190),
        ({"path": PHONE, "token": None}, 401, 190),
        ({"path": f"{PHONE}?access_token=SIM-TOKEN-1"}, 401, 190),
        ({"path": PHONE, "token": "SIM-TOKEN-1-EXPIRED"}, 401, 190),
        ({"path": PHONE, "token": "SIM-TOKEN-1-NO-MANAGEMENT"}, 403, 10),
        ({"path": "999"}, 400, 100),
        ({"path": PHONE, "token": "SIM-TOKEN-2"}, 400, 100),
        ({"path": f"{PHONE}?fields=id,colour"}, 400, 100),
        ({"path": f"{PHONE}?fields="}, 400, 100),
        ({"path": f"{WABA}?colour=red"}, 400, 100),
        ({"path": PHONE, "version": "v20.0"}, 400, 2635),
        ({"path": PHONE, "version": "v27.0"}, 400, 2500),
        ({"path": PHONE, "version": "v26"}, 400, 2500),
        ({"path": f"{WABA}/phone_numbers?limit=0"}, 400, 100),
        ({"path": f"{WABA}/phone_numbers?after=b29wcw"}, 400, 131059),
        ({"path": f"{WABA}/nothing_here"}, 400, 100),
        ({"path": "debug_token?input_token=x", "token": "201000000000001|wrong"}, 401, 190),
        ({"path": "debug_token", "token": APP_TOKEN}, 400, 100),
        ({"path": "debug_token?input_token=SIM-TOKEN-1&colour=red", "token": APP_TOKEN}, 400, 100),
        ({"path": "debug_token?input_token=SIM-TOKEN-2", "token": APP_TOKEN}, 400, 100),
    ],
)
async def test_a_wrong_read_is_refused(unsubscribed, call, status, code):
    got, answer = await unsubscribed.graph("GET", **call)
    assert (got, answer["error"]["code"]) == (status, code)
    assert {"message", "type", "fbtrace_id"} <= answer["error"].keys()


async def test_only_graph_paths_are_answered_and_recorded_as_such(unsubscribed):
    for path in ("/favicon.ico", "/control/nothing", "/phone/api/nothing", "/static/nothing"):
        async with unsubscribed.client.get(path) as response:
            assert response.status == 404, path
    async with unsubscribed.client.get("/debug_token") as response:
        assert (await response.json())["error"]["code"] == 2500
    requests = await unsubscribed.control("GET", "requests")
    assert [entry["path"] for entry in requests["data"]] == ["/debug_token"]


async def test_an_object_out_of_reach_has_subcode_33(unsubscribed):
    for path, token in (("999", "SIM-TOKEN-1"), (PHONE, "SIM-TOKEN-2")):
        _status, answer = await unsubscribed.graph("GET", path, token=token)
        assert answer["error"]["error_subcode"] == 33


async def test_only_the_named_fields_and_the_id_are_answered(unsubscribed):
    _status, answer = await unsubscribed.graph("GET", f"{PHONE}?fields=status,throughput")
    assert answer == {"id": PHONE, "status": "CONNECTED", "throughput": {"level": "HIGH"}}
    _status, answer = await unsubscribed.graph("GET", f"{WABA}?fields=name")
    assert answer == {"id": WABA, "name": "Lakeside Outfitters"}


async def test_numbers_come_page_by_page(unsubscribed):
    path, seen = f"{WABA}/phone_numbers?fields=id&limit=1", []
    while path:
        _status, page = await unsubscribed.graph("GET", path)
        seen += [number["id"] for number in page["data"]]
        assert len(page["data"]) == 1
        next_url = page["paging"].get("next")
        path = next_url and next_url.split("/v26.0/")[1]
    assert seen == ["301000000000001", "301000000000002"]


async def test_debug_token_tells_valid_expired_and_unknown_apart(unsubscribed):
    async def inspect(token):
        path = f"debug_token?input_token={token}"
        return (await unsubscribed.graph("GET", path, token=APP_TOKEN))[1]["data"]

    valid, expired, unknown = [await inspect(t) for t in ("SIM-TOKEN-1", "SIM-TOKEN-1-EXPIRED", "x")]
    assert valid["is_valid"] and valid["expires_at"] == 0 and valid["app_id"] == "201000000000001"
    assert {grant["scope"]: grant["target_ids"] for grant in valid["granular_scopes"]} == {
        "whatsapp_business_management": [WABA],
        "whatsapp_business_messaging": [WABA],
    }
    assert not expired["is_valid"] and expired["error"]["subcode"] == 463
    assert unknown == {"error": unknown["error"], "is_valid": False, "scopes": []}


async def test_a_token_expires_by_the_clock(unsubscribed):
    now = (await unsubscribed.control("GET", "clock"))["now"]
    token = unsubscribed.simulator.world.tokens["SIM-TOKEN-1"][0]
    token.expires_at = int(now) + 100
    assert (await unsubscribed.graph("GET", PHONE))[0] == 200
    await unsubscribed.control("POST", "clock", json={"advance": 200})
    assert (await unsubscribed.graph("GET", PHONE))[1]["error"]["code"] == 190


# === CALLBACK REGISTRATION === #


async def test_an_accepted_handshake_subscribes_with_the_override(desk):
    _status, answer = await desk.graph("GET", f"{WABA}/subscribed_apps")
    app = answer["data"][0]
    assert app["override_callback_uri"] == desk.receiver.url
    assert app["whatsapp_business_api_data"]["id"] == "201000000000001"


async def test_an_empty_post_removes_the_override_and_delete_the_subscription(desk):
    for kwargs in ({}, {"json": {}}):
        await desk.subscribe(override_callback_uri=desk.receiver.url, verify_token=VERIFY_TOKEN)
        assert await desk.graph("POST", f"{WABA}/subscribed_apps", **kwargs) == (200, {"success": True})
        _status, answer = await desk.graph("GET", f"{WABA}/subscribed_apps")
        assert "override_callback_uri" not in answer["data"][0]
    await desk.graph("DELETE", f"{WABA}/subscribed_apps")
    assert (await desk.graph("GET", f"{WABA}/subscribed_apps"))[1] == {"data": []}


async def test_a_form_works_as_well_as_json(unsubscribed, receiver):
    form = {"override_callback_uri": receiver.url, "verify_token": VERIFY_TOKEN}
    assert (await unsubscribed.graph("POST", f"{WABA}/subscribed_apps", data=form))[0] == 200
    assert unsubscribed.simulator.world.accounts[WABA].override_callback_uri == receiver.url


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        (lambda text: web.Response(status=403), "HTTP Status Code = 403; HTTP Message = Forbidden"),
        (lambda text: web.json_response(text), "does not match challenge"),
        (lambda text: web.Response(text=text + "\n"), "does not match challenge"),
        (lambda text: web.Response(text=text, content_type="text/html"), "not text/plain"),
        (lambda text: web.Response(status=302, headers={"Location": "/hook"}), "HTTP Status Code = 302"),
    ],
)
async def test_a_failed_handshake_changes_nothing(unsubscribed, receiver, challenge, reason):
    receiver.challenge = challenge
    status, answer = await unsubscribed.subscribe(override_callback_uri=receiver.url, verify_token=VERIFY_TOKEN)
    assert (status, answer["error"]["code"]) == (400, 2200)
    assert "Callback verification failed with the following errors: " in answer["error"]["message"]
    assert reason in answer["error"]["message"]
    assert not unsubscribed.simulator.world.accounts[WABA].subscribed


async def test_a_wrong_verify_token_or_dead_url_fails_the_handshake(unsubscribed, receiver):
    for url, token in ((receiver.url, "other"), ("http://127.0.0.1:9/hook", VERIFY_TOKEN)):
        _status, answer = await unsubscribed.subscribe(override_callback_uri=url, verify_token=token)
        assert answer["error"]["code"] == 2200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"override_callback_uri": "URL"}, 131008),
        ({"verify_token": VERIFY_TOKEN}, 131008),
        ({"override_callback_uri": "URL", "verify_token": ""}, 100),
        ({"override_callback_uri": "URL", "verify_token": VERIFY_TOKEN, "extra": 1}, 100),
        ({"override_callback_uri": "not a url", "verify_token": VERIFY_TOKEN}, 100),
        ([], 100),
    ],
)
async def test_a_bad_registration_is_refused(unsubscribed, receiver, body, code):
    if isinstance(body, dict) and body.get("override_callback_uri") == "URL":
        body = body | {"override_callback_uri": receiver.url}
    status, answer = await unsubscribed.graph("POST", f"{WABA}/subscribed_apps", json=body)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_the_numbers_own_callback_beats_the_accounts(desk, receiver):
    await desk.subscribe()  # no override, no app URL: nowhere to go
    await desk.inbound()
    override = {"override_callback_uri": receiver.url, "verify_token": VERIFY_TOKEN}
    status, _answer = await desk.graph("POST", PHONE, json={"webhook_configuration": override})
    assert status == 200
    wamid = await desk.inbound()
    await desk.idle()
    assert [item["id"] for item in receiver.items("messages")] == [wamid]
