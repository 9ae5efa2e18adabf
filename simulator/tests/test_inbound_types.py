"""What customers can send besides text, and what Meta tells about accounts."""

import pytest

from .conftest import PHONE, WABA

pytestmark = pytest.mark.asyncio

CHAT = f"chats/priya/{PHONE}"
BUTTONS = {
    "type": "button",
    "body": {"text": "Keep it?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": f"b{n}", "title": f"Title {n}"}} for n in range(2)]},
}
LIST = {
    "type": "list",
    "body": {"text": "Pick"},
    "action": {"button": "Times", "sections": [{"rows": [{"id": "slot:42", "title": "10:00", "description": "Tue"}]}]},
}


async def act(desk, kind, status=200, **keys):
    body = {"phone_number_id": PHONE, "customer_id": "priya", "type": kind, **keys}
    answer = await desk.control("POST", "inbound", status, json=body)
    await desk.idle()
    return answer.get("id")


def last(desk):
    return desk.receiver.items("messages")[-1]


async def delivered(desk, kind, content):
    _status, answer = await desk.send_type(kind, content)
    await desk.idle()
    return answer["messages"][0]["id"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("location", {"latitude": 1.5, "longitude": 2.5}),
        ("contacts", [{"name": {"formatted_name": "Ana"}, "phones": [{"phone": "+1 555"}]}]),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}}),
        ("button", {"payload": "p", "text": "Stop"}),
        ("order", {"catalog_id": "9", "text": "Please", "product_items": []}),
    ],
)
async def test_a_message_of_any_type_comes_as_it_was_given(desk, kind, content):
    await act(desk, kind, **{kind: content})
    assert (last(desk)["type"], last(desk)[kind], last(desk)["from"]) == (kind, content, "919800020001")
    await act(desk, kind, 400)


async def test_an_ad_a_product_and_forwarding_show_in_the_message(desk):
    await act(desk, "text", text={"body": "Hi"}, referral={"source_type": "ad", "source_id": "1"})
    assert last(desk)["referral"] == {"source_type": "ad", "source_id": "1"}
    await act(desk, "text", text={"body": "Hi"}, forwarded=True)
    assert last(desk)["context"] == {"forwarded": True}
    await act(desk, "text", text={"body": "Hi"}, forwarded="frequently", referred_product={"catalog_id": "9"})
    assert last(desk)["context"] == {"frequently_forwarded": True, "referred_product": {"catalog_id": "9"}}


async def test_taps_answer_the_message(desk):
    await desk.inbound()
    buttons, rows = await delivered(desk, "interactive", BUTTONS), await delivered(desk, "interactive", LIST)
    await act(desk, "tap", tap={"message_id": buttons, "choice": "b1"})
    assert last(desk)["interactive"] == {"type": "button_reply", "button_reply": {"id": "b1", "title": "Title 1"}}
    assert last(desk)["context"] == {"from": "15550100100", "id": buttons}
    await desk.phone("POST", f"{CHAT}/messages", json={"type": "tap", "message_id": rows, "index": 0})
    await desk.idle()
    reply = {"id": "slot:42", "title": "10:00", "description": "Tue"}
    assert last(desk)["interactive"] == {"type": "list_reply", "list_reply": reply}
    await act(desk, "tap", 400, tap={"message_id": buttons, "choice": "b9"})


async def test_template_buttons_and_flows_answer_too(desk):
    await desk.inbound()
    parameters = [{"type": "text", "text": text} for text in ("Priya", "S00042", "Friday")]
    content = {"name": "order_update", "language": {"code": "en_US"}, "components": [
        {"type": "header", "parameters": parameters[:1]}, {"type": "body", "parameters": parameters},
        {"type": "button", "sub_type": "url", "index": 0, "parameters": parameters[:1]},
        {"type": "button", "sub_type": "quick_reply", "index": 1, "parameters": [{"type": "payload", "payload": "help:42"}]},
    ]}  # fmt: skip
    wamid = await delivered(desk, "template", content)
    await act(desk, "tap", tap={"message_id": wamid, "index": 1})
    assert last(desk)["type"] == "button" and last(desk)["button"] == {"payload": "help:42", "text": "Talk to us"}
    await act(desk, "tap", 400, tap={"message_id": wamid, "index": 0})
    parameters = {"flow_message_version": "3", "flow_id": "7", "flow_cta": "Begin", "flow_token": "t1"}
    flow = {"type": "flow", "body": {"text": "x"}, "action": {"name": "flow", "parameters": parameters}}
    await act(desk, "tap", tap={"message_id": await delivered(desk, "interactive", flow), "choice": {"size": "M"}})
    assert last(desk)["interactive"]["nfm_reply"]["response_json"] == '{"flow_token": "t1", "size": "M"}'


async def test_a_customer_shares_the_own_number(desk):
    await act(desk, "own_card")
    [card] = last(desk)["contacts"]
    assert card["origin"] == "contact_request" and card["phones"][0]["wa_id"] == "919800020001"
    await desk.control(
        "POST", "inbound", 400, json={"phone_number_id": PHONE, "customer_id": "nuria", "type": "own_card"}
    )


async def test_edits_and_deletions_change_the_bubble(desk):
    first = await desk.inbound(text="Helo")
    await act(desk, "edit", edit={"message_id": first, "text": "Hello"})
    message = {"type": "text", "text": {"body": "Hello"}}
    assert last(desk)["edit"] == {"original_message_id": first, "message": message}
    [shown] = (await desk.phone("GET", CHAT))["messages"]
    assert (shown["text"], shown["shown"]["edited"]) == ("Hello", True)
    await act(desk, "revoke", revoke={"message_id": first})
    assert last(desk)["revoke"] == {"original_message_id": first}
    [shown] = (await desk.phone("GET", CHAT))["messages"]
    assert shown["shown"]["revoked"]
    other = await desk.inbound("joao")
    await act(desk, "revoke", 400, revoke={"message_id": other})


async def test_a_new_number_brings_a_new_user_id(desk):
    await desk.inbound()
    await act(desk, "system", system={"type": "user_changed_number", "wa_id": "919800029999", "user_id": "IN.77"})
    notice = last(desk)
    assert notice["from"] == "919800020001" and "contacts" not in desk.receiver.values()[-1]
    assert notice["system"] == {
        "body": "User Priya Nair: user changed number",
        "type": "user_changed_number",
        "wa_id": "919800029999",
        "user_id": "IN.77",
        "previous_user_id": "IN.13491208655302741901",
    }
    await desk.inbound()
    await desk.idle()
    assert (last(desk)["from"], last(desk)["from_user_id"]) == ("919800029999", "IN.77")
    await act(desk, "system", system={"type": "user_changed_user_id", "user_id": "IN.88"})
    assert "from" not in last(desk) and last(desk)["system"]["previous_user_id"] == "IN.77"
    await act(desk, "system", system={"type": "user_identity_changed", "hash": "new="})
    assert last(desk)["system"]["identity"]["hash"] == "new="
    await act(desk, "system", 400, system={"type": "moved"})
    assert all(message["type"] != "system" for message in (await desk.phone("GET", CHAT))["messages"])


async def test_an_unsupported_message_has_metas_error(desk):
    await act(desk, "unsupported", unsupported={"type": "poll"})
    assert last(desk)["errors"][0]["code"] == 131051 and last(desk)["unsupported"] == {"type": "poll"}
    assert await desk.outcome(await desk.send_type("location", {"latitude": 1, "longitude": 1})) is None


async def test_the_page_sends_places_contacts_and_the_own_number(desk):
    async def write(status=200, **body):
        return await desk.phone("POST", f"{CHAT}/messages", status, json=body)

    asked = await desk.inbound()
    await write(type="location", latitude=41.4, longitude=2.2, name="Home", reply_to=asked)
    await desk.idle()
    assert last(desk)["location"] == {"latitude": 41.4, "longitude": 2.2, "name": "Home"}
    assert last(desk)["context"]["id"] == asked
    await write(type="contact", contact={"name": "Ana Sol", "phone": "+4915550050007"})
    await desk.idle()
    [card] = last(desk)["contacts"]
    assert card["name"] == {"formatted_name": "Ana Sol", "first_name": "Ana", "last_name": "Sol"}
    assert card["phones"] == [{"phone": "+4915550050007", "type": "CELL", "wa_id": "4915550050007"}]
    await write(type="own_card")
    await desk.idle()
    assert last(desk)["contacts"][0]["origin"] == "contact_request"
    deleted = await write(type="revoke", message_id=asked)
    assert deleted["id"] == asked and deleted["shown"] == {"revoked": True}
    await write(400, type="contact", contact={"name": "Ana", "phone": "no"})
    await write(400, type="contact")
    await write(400, type="location", latitude=100)


async def test_the_page_stops_offers(desk):
    customer = await desk.phone("POST", f"{CHAT}/preference", json={"value": "stop"})
    assert customer["marketing_stopped"] == [PHONE]
    await desk.idle()
    assert desk.receiver.fields("user_preferences")[0]["user_preferences"][0]["value"] == "stop"
    customer = await desk.phone("POST", f"{CHAT}/preference", json={"value": "resume"})
    assert customer["marketing_stopped"] == []


# === ACCOUNT === #


async def test_any_field_can_be_sent(desk):
    async def field(name, status=200, **keys):
        await desk.control("POST", "account_webhook", status, json={"field": name, **keys})
        await desk.idle()
        return desk.receiver.fields(name)

    [value] = await field("phone_number_quality_update", phone_number_id=PHONE, value={"event": "FLAGGED"})
    assert value == {"display_phone_number": "15550100100", "event": "FLAGGED"}
    [value] = await field("account_update", waba_id=WABA, value={"event": "ACCOUNT_RESTRICTION"})
    assert value == {"event": "ACCOUNT_RESTRICTION"}
    [value] = await field("calls", phone_number_id=PHONE, value={"calls": []})
    assert value["metadata"]["phone_number_id"] == PHONE
    await field("calls", 400, waba_id=WABA)
    await field("security", 400)
    assert all(body["signed"] for body in desk.receiver.bodies)


async def test_the_business_writes_on_its_own_phone(desk):
    async def echo(**keys):
        body = {"phone_number_id": PHONE, "customer_id": "priya"}
        answer = await desk.control("POST", "echo", json=body | keys)
        await desk.idle()
        return answer["id"]

    wamid = await echo(text="From the shop")
    await echo(edit={"message_id": wamid, "text": "From our shop"})
    await echo(revoke={"message_id": wamid})
    [first, second, third] = [value["message_echoes"][0] for value in desk.receiver.fields("smb_message_echoes")]
    assert (first["from"], first["to"], first["text"]) == ("15550100100", "919800020001", {"body": "From the shop"})
    assert second["edit"]["original_message_id"] == wamid and third["type"] == "revoke"
    [shown] = (await desk.phone("GET", CHAT))["messages"]
    assert shown["from"] == "business" and shown["shown"]["revoked"]


async def test_blocked_people_are_not_heard_and_not_reached(desk):
    path = f"{PHONE}/block_users"
    body = {"messaging_product": "whatsapp", "block_users": [{"user": "+919800020001"}]}
    status, answer = await desk.graph("POST", path, json=body)
    assert (status, answer["error"]["code"]) == (400, 139100)
    assert answer["block_users"]["failed_users"][0]["errors"][0]["code"] == 131047
    await desk.inbound()
    await desk.idle()
    before = len(desk.receiver.items("messages"))
    status, answer = await desk.graph("POST", path, json=body)
    assert status == 200 and answer["block_users"]["added_users"][0]["wa_id"] == "919800020001"
    assert [user["wa_id"] for user in (await desk.graph("GET", path))[1]["data"]] == ["919800020001"]
    await desk.inbound()
    await desk.idle()
    assert len(desk.receiver.items("messages")) == before
    assert await desk.outcome(await desk.send()) == 131026
    user = {"user_id": "IN.13491208655302741901"}
    assert (await desk.graph("DELETE", path, json=body | {"block_users": [user]}))[0] == 200
    assert await desk.outcome(await desk.send()) is None
    assert (await desk.graph("POST", path, json={"messaging_product": "whatsapp"}))[1]["error"]["code"] == 131008


# === PRICE === #


async def prices(desk, answer):
    _status, content = answer
    await desk.idle()
    return [status.get("pricing") for status in desk.receiver.statuses(content["messages"][0]["id"])]


def greeting():
    parameters = [{"type": "text", "text": "Priya"}]
    return {"name": "greeting", "language": {"code": "en"}, "components": [{"type": "body", "parameters": parameters}]}


async def test_templates_are_billed_by_category(desk):
    await desk.inbound()
    price = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    assert await prices(desk, await desk.send_type("template", greeting())) == [price, price]
    assert not desk.simulator.pricing.delivered  # templates don't use up the free service messages
    await prices(desk, await desk.send())
    assert list(desk.simulator.pricing.delivered.values()) == [1]


async def test_after_an_ad_everything_is_free_for_a_while(desk):
    await act(desk, "text", text={"body": "Hi"}, referral={"source_type": "ad", "source_id": "1"})
    for content in (await desk.send(), await desk.send_type("template", greeting())):
        assert {price["type"] for price in await prices(desk, content)} == {"free_entry_point"}
    statuses = {status["status"]: status for status in desk.receiver.statuses(content[1]["messages"][0]["id"])}
    sent = statuses["sent"]
    assert int(sent["conversation"]["expiration_timestamp"]) > int(sent["timestamp"]) + 6 * 24 * 3600
    assert sent["conversation"]["origin"] == {"type": "referral_conversion"}
    assert "expiration_timestamp" not in statuses["delivered"]["conversation"]
    await desk.control("POST", "clock", json={"advance": 8 * 24 * 3600})
    assert (await prices(desk, await desk.send_type("template", greeting())))[0]["type"] == "regular"
