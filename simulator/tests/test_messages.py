"""``POST /{phone}/messages``: what is accepted, what is refused at once, what fails later."""

import pytest

from .conftest import PHONE, WABA

pytestmark = pytest.mark.asyncio

PRIYA = "+919800020001"
GOOD = {"messaging_product": "whatsapp", "to": PRIYA, "type": "text", "text": {"body": "Hello"}}
READ = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"}


def without(key):
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (without("messaging_product"), 100),
        (GOOD | {"messaging_product": "sms"}, 100),
        (without("type"), 131008),
        (without("text"), 131008),
        (without("to"), 131008),
        (GOOD | {"to": "919800020001"}, 100),
        (GOOD | {"to": "+91 98000 20001"}, 100),
        (GOOD | {"to": 919800020001}, 100),
        (GOOD | {"to": None}, 100),
        (GOOD | {"to": "+15550100100"}, 131021),
        (without("to") | {"recipient": "priya"}, 100),
        (GOOD | {"text": {"body": ""}}, 100),
        (GOOD | {"text": {"body": " \n"}}, 100),
        (GOOD | {"text": {"body": "x" * 4097}}, 100),
        (GOOD | {"text": {"body": "🌿" * 2049}}, 100),
        (GOOD | {"text": {"body": 7}}, 100),
        (GOOD | {"text": {}}, 131008),
        (GOOD | {"text": {"body": "x", "preview_url": "true"}}, 100),
        (GOOD | {"text": {"body": "x", "colour": "red"}}, 100),
        (GOOD | {"text": "Hello"}, 100),
        (GOOD | {"colour": "red"}, 100),
        (GOOD | {"image": {"id": "1"}}, 100),
        (GOOD | {"type": "image", "image": {"id": "1"}}, 100),
        (GOOD | {"type": "poem"}, 100),
        (GOOD | {"type": ["text"]}, 100),
        (GOOD | {"recipient_type": "person"}, 100),
        (GOOD | {"recipient_type": "group"}, 100),
        (GOOD | {"biz_opaque_callback_data": "x" * 513}, 100),
        (GOOD | {"biz_opaque_callback_data": 12}, 100),
        (GOOD | {"messaging_account_id": "101000000000002"}, 100),
        (GOOD | {"context": {"message_id": "wamid.unknown"}}, 131009),
        (GOOD | {"context": {}}, 131008),
        (READ, 131009),
        (READ | {"status": "delivered"}, 100),
        (READ | {"typing_indicator": {"type": "voice"}}, 100),
        (READ | {"to": PRIYA}, 100),
        ([GOOD], 100),
    ],
)
async def test_a_bad_payload_is_refused_at_once(desk, payload, code):
    status, answer = await desk.post(payload)
    assert (status, answer["error"]["code"]) == (400, code)
    assert answer["error"]["error_data"]["messaging_product"] == "whatsapp"
    assert answer["error"]["error_data"]["details"]
    assert (await desk.control("GET", "messages"))["total"] == 0


async def test_a_body_that_is_no_json_is_refused(desk):
    for kwargs in ({"data": b"{", "headers": None}, {"data": GOOD["to"]}):
        kwargs.pop("headers", None)
        status, answer = await desk.graph("POST", f"{PHONE}/messages", **kwargs)
        assert (status, answer["error"]["code"]) == (400, 100)


async def test_sending_needs_the_messaging_permission(desk):
    status, answer = await desk.post(GOOD, token="SIM-TOKEN-1-NO-MESSAGING")
    assert (status, answer["error"]["code"]) == (403, 10)


async def test_a_number_that_is_not_connected_sends_nothing(desk):
    for state, code in (("PENDING", 133010), ("BANNED", 131031)):
        await desk.control("POST", f"numbers/{PHONE}", json={"status": state})
        assert (await desk.post(GOOD))[1]["error"]["code"] == code


async def test_a_test_number_reaches_its_list_only(desk):
    await desk.control("POST", f"numbers/{PHONE}", json={"allowed_recipients": ["15550100008"]})
    assert (await desk.post(GOOD))[1]["error"]["code"] == 131030
    assert (await desk.send("+15550100008"))[0] == 200


async def test_the_answer_is_exactly_metas(desk):
    status, answer = await desk.post(GOOD | {"text": {"body": "x" * 4096, "preview_url": True}})
    wamid = answer["messages"][0]["id"]
    assert status == 200 and wamid.startswith("wamid.")
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": PRIYA, "wa_id": "919800020001"}],
        "messages": [{"id": wamid}],
    }


async def test_a_dialled_number_can_have_another_wa_id(desk):
    _status, answer = await desk.send("+5511987650002")
    assert answer["contacts"] == [{"input": "+5511987650002", "wa_id": "551187650002"}]


async def test_statuses_come_signed_in_metas_shape(desk):
    await desk.inbound()
    wamid = await desk.sent(biz_opaque_callback_data="mail.message,981", messaging_account_id=WABA)
    await desk.idle()
    await desk.control("POST", "read", json={"customer_id": "priya", "phone_number_id": PHONE})
    await desk.idle()
    statuses = {status["status"]: status for status in desk.receiver.statuses(wamid)}
    assert set(statuses) == {"sent", "delivered", "read"} and len(desk.receiver.statuses(wamid)) == 3
    assert statuses["delivered"] == {
        "id": wamid,
        "status": "delivered",
        "timestamp": statuses["delivered"]["timestamp"],
        "recipient_id": "919800020001",
        "recipient_user_id": "IN.13491208655302741901",
        "biz_opaque_callback_data": "mail.message,981",
        "pricing": {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        },
    }
    assert "pricing" in statuses["sent"] and "pricing" not in statuses["read"]
    assert isinstance(statuses["sent"]["timestamp"], str)
    assert all(body["signed"] for body in desk.receiver.bodies)


async def test_read_comes_only_when_the_customer_reads(desk):
    await desk.inbound()
    await desk.sent()
    await desk.idle()
    assert {status["status"] for status in desk.receiver.statuses()} == {"sent", "delivered"}


async def test_customers_can_read_by_themselves_hide_receipts_or_block(desk):
    expected = {
        "auto_read": (0.01, {"sent", "delivered", "read"}),
        "read_receipts": (False, {"sent", "delivered"}),
        "blocked": (True, {"sent"}),
    }
    for key, (value, names) in expected.items():
        reset = {"auto_read": None, "read_receipts": True, "blocked": False}
        await desk.control("POST", "customers/priya", json=reset | {key: value})
        await desk.inbound()
        wamid = await desk.sent()
        await desk.idle()
        await desk.control("POST", "read", json={"customer_id": "priya", "phone_number_id": PHONE})
        await desk.idle()
        assert {status["status"] for status in desk.receiver.statuses(wamid)} == names, key


async def failure(desk, *args, **keys):
    """Send; expect HTTP 200 and nothing but a failed status afterwards; return it."""
    wamid = await desk.sent(*args, **keys)
    await desk.idle()
    [status] = desk.receiver.statuses(wamid)
    assert status["status"] == "failed" and "pricing" not in status
    error = status["errors"][0]
    assert {"title", "message", "href"} <= error.keys() and error["error_data"]["details"]
    return status, error["code"]


async def test_a_closed_window_fails_later(desk):
    status, code = await failure(desk, biz_opaque_callback_data="key")
    assert code == 131047
    assert status["biz_opaque_callback_data"] == "key" and status["recipient_id"] == "919800020001"


async def test_an_unknown_number_or_user_id_fails_later(desk):
    status, code = await failure(desk, "+442079460000")
    assert (code, status["recipient_id"]) == (131026, "442079460000")
    status, code = await failure(desk, recipient="US.404")
    assert (code, status["recipient_user_id"]) == (131026, "US.404")


async def test_the_window_closes_by_the_clock_and_the_last_message_counts(desk):
    await desk.inbound()
    await desk.control("POST", "clock", json={"advance": 23 * 3600})
    await desk.inbound()
    await desk.sent()
    await desk.control("POST", "clock", json={"advance": 23 * 3600})
    await desk.sent()  # our own messages don't extend it, the customer's second one did
    await desk.idle()
    assert "failed" not in {status["status"] for status in desk.receiver.statuses()}
    await desk.control("POST", "clock", json={"advance": 3601})
    assert (await failure(desk))[1] == 131047


async def test_a_window_belongs_to_one_number(desk):
    await desk.inbound()
    _status, answer = await desk.post(GOOD, phone="301000000000002")
    await desk.idle()
    [status] = desk.receiver.statuses(answer["messages"][0]["id"])
    assert status["errors"][0]["code"] == 131047


async def test_the_identity_hash_must_match_when_the_check_is_on(desk):
    await desk.control("POST", f"numbers/{PHONE}", json={"identity_key_check": True})
    await desk.control("POST", "customers/priya", json={"identity_key_hash": "abc="})
    await desk.inbound()
    await desk.idle()
    assert desk.receiver.values()[0]["contacts"][0]["identity_key_hash"] == "abc="
    assert (await failure(desk, recipient_identity_key_hash="other"))[1] == 137000
    wamid = await desk.sent(recipient_identity_key_hash="abc=")
    await desk.idle()
    assert len(desk.receiver.statuses(wamid)) == 2


async def test_a_hidden_customer_is_written_to_by_user_id(desk):
    await desk.inbound("nuria")
    _status, answer = await desk.send(recipient="ES.13491208655302741904")
    assert answer["contacts"] == [{"input": "ES.13491208655302741904", "user_id": "ES.13491208655302741904"}]
    await desk.idle()
    for item in desk.receiver.statuses(answer["messages"][0]["id"]):
        assert "recipient_id" not in item and item["recipient_user_id"] == "ES.13491208655302741904"


async def test_to_wins_over_recipient(desk):
    _status, answer = await desk.post(GOOD | {"recipient": "ES.13491208655302741904"})
    assert answer["contacts"] == [{"input": PRIYA, "wa_id": "919800020001"}]


async def test_a_user_id_of_another_portfolio_reaches_nobody(desk):
    await desk.inbound()
    assert (await failure(desk, recipient="IN.23491208655302741901"))[1] == 131026


async def test_reactions_have_a_target_one_emoji_and_only_sent(desk):
    def reaction(target, emoji):
        data = {"type": "reaction", "reaction": {"message_id": target, "emoji": emoji}}
        return desk.post({"messaging_product": "whatsapp", "to": PRIYA, **data})

    target = await desk.inbound()
    other = await desk.inbound("joao")
    for message_id, emoji, code in (("wamid.x", "👍", 131009), (other, "👍", 131009), (target, "👍👍", 100)):
        assert (await reaction(message_id, emoji))[1]["error"]["code"] == code
    _status, answer = await reaction(target, "👍🏽")
    reaction_id = answer["messages"][0]["id"]
    await desk.idle()
    [status] = desk.receiver.statuses(reaction_id)
    assert status["status"] == "sent" and "pricing" not in status
    assert (await reaction(reaction_id, "👍"))[1]["error"]["code"] == 131009

    chat = f"chats/priya/{PHONE}"
    [message] = (await desk.phone("GET", chat))["messages"]
    assert message["reactions"] == [{"from": "business", "emoji": "👍🏽"}]
    await reaction(target, "")
    await desk.idle()
    assert (await desk.phone("GET", chat))["messages"][0]["reactions"] == []


async def test_read_marks_all_earlier_messages_and_typing_ends_with_the_answer(desk):
    first, second, third = [await desk.inbound(text=text) for text in "abc"]
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": second}
    assert await desk.post(read | {"typing_indicator": {"type": "text"}}) == (200, {"success": True})
    await desk.idle()
    chat = await desk.phone("GET", f"chats/priya/{PHONE}")
    assert {message["id"]: message["status"] for message in chat["messages"]} == {
        first: "read",
        second: "read",
        third: "sent",
    }
    assert chat["business_typing"]
    wamid = await desk.sent(context={"message_id": first})
    await desk.idle()
    chat = await desk.phone("GET", f"chats/priya/{PHONE}")
    assert not chat["business_typing"]
    assert chat["messages"][-1]["id"] == wamid
    assert chat["messages"][-1]["context"] == {"id": first, "from": "customer", "text": "a", "type": "text"}


async def test_messages_older_than_30_days_are_not_marked(desk):
    wamid = await desk.inbound()
    await desk.control("POST", "clock", json={"advance": 31 * 24 * 3600})
    assert (await desk.post(READ | {"message_id": wamid}))[1]["error"]["code"] == 131009


async def test_after_a_thousand_service_messages_a_month_they_are_billed(desk):
    await desk.inbound()
    now = desk.simulator.clock.now()
    for _message in range(999):
        desk.simulator.pricing.count_service(PHONE, now)
    kinds = []
    for _message in range(2):
        wamid = await desk.sent()
        await desk.idle()
        kinds.append(desk.receiver.statuses(wamid)[-1]["pricing"]["type"])
    assert kinds == ["free_customer_service", "regular"]


async def test_rate_limits_refuse_when_switched_on(desk):
    desk.simulator.settings.rate_limits = True
    codes = [(await desk.post(GOOD))[1].get("error", {}).get("code") for _message in range(46)]
    assert codes == [None] * 45 + [131056]
