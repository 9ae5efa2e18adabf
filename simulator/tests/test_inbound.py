"""Webhooks of what customers write, and the phone page's API."""

import json

import pytest

from .conftest import PHONE, SECRET, WABA

pytestmark = pytest.mark.asyncio


async def test_a_message_has_exactly_metas_shape(desk):
    wamid = await desk.inbound("priya", "Hi")
    await desk.idle()
    [body] = desk.receiver.bodies
    message = json.loads(body["raw"])["entry"][0]["changes"][0]["value"]["messages"][0]
    assert json.loads(body["raw"]) == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": WABA,
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"display_phone_number": "15550100100", "phone_number_id": PHONE},
                            "contacts": [
                                {
                                    "profile": {"name": "Priya Nair"},
                                    "wa_id": "919800020001",
                                    "user_id": "IN.13491208655302741901",
                                }
                            ],
                            "messages": [
                                {
                                    "from": "919800020001",
                                    "from_user_id": "IN.13491208655302741901",
                                    "id": wamid,
                                    "timestamp": message["timestamp"],
                                    "type": "text",
                                    "text": {"body": "Hi"},
                                }
                            ],
                        },
                        "field": "messages",
                    }
                ],
            }
        ],
    }
    assert isinstance(message["timestamp"], str) and message["timestamp"].isdigit()


async def test_the_wire_form_is_escaped_and_signed_as_sent(desk):
    await desk.inbound("omar", "Ärger/🌿")
    await desk.idle()
    [body] = desk.receiver.bodies
    assert body["signed"]
    assert b'"\\u00c4rger\\/\\ud83c\\udf3f"' in body["raw"]
    assert body["raw"].isascii()


async def test_a_hidden_number_appears_nowhere(desk):
    await desk.inbound("dewi")
    await desk.idle()
    [value] = desk.receiver.values()
    assert value["contacts"] == [
        {"profile": {"name": "Dewi Lestari 🌿", "username": "dewi.lestari"}, "user_id": "ID.13491208655302741906"}
    ]
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == "ID.13491208655302741906"


async def test_a_known_customer_can_lose_the_number(desk):
    await desk.control("POST", "customers/priya", json={"hide_number": True, "username": "priya.n"})
    await desk.inbound("priya")
    await desk.idle()
    wamid = await desk.sent("+919800020001")  # whoever knows the number still reaches them
    await desk.idle()
    assert "919800020001" not in "".join(body["raw"].decode() for body in desk.receiver.bodies)
    assert len(desk.receiver.statuses(wamid)) == 2


async def test_a_customer_without_user_id_has_the_older_form(desk):
    await desk.inbound("emily")
    await desk.idle()
    [value] = desk.receiver.values()
    assert "user_id" not in value["contacts"][0] and "from_user_id" not in value["messages"][0]


async def test_another_portfolio_sees_another_user_id(desk):
    contact = desk.simulator.contact_of(
        desk.simulator.world.accounts["101000000000002"], desk.simulator.world.customers["priya"]
    )
    assert contact["user_id"] == "IN.23491208655302741901"


async def test_nothing_goes_to_an_account_without_subscription(unsubscribed, receiver):
    unsubscribed.simulator.world.accounts[WABA].app_callback_url = receiver.url
    await unsubscribed.inbound()
    await unsubscribed.idle()
    assert not receiver.bodies
    assert (await unsubscribed.control("GET", "summary"))["webhooks"]["unsubscribed"] == 1


async def test_replies_quote_and_a_new_customer_can_be_made_inline(desk):
    await desk.inbound()
    ours = await desk.sent()
    await desk.inbound(context={"message_id": ours})
    answer = await desk.control(
        "POST",
        "inbound",
        json={"phone_number_id": PHONE, "customer": {"name": "Zoë", "wa_id": "33600000001"}, "text": {"body": "x"}},
    )
    await desk.idle()
    messages = desk.receiver.items("messages")
    assert [m["context"] for m in messages if "context" in m] == [{"from": "15550100100", "id": ours}]
    assert answer["id"] in {m["id"] for m in messages if m["from"] == "33600000001"}


async def test_a_raw_message_goes_out_as_given(desk):
    body = {"phone_number_id": PHONE, "raw": {"type": "poem", "poem": {"lines": 3}}}
    await desk.control("POST", "inbound", json=body)
    await desk.control("POST", "inbound", json=body | {"customer_id": "priya", "raw": {"id": "wamid.X"}})
    strange = {"customer_id": "priya", "fill_sender": False, "contacts": None}
    await desk.control("POST", "inbound", json=body | strange)
    await desk.idle()
    values = {json.dumps(value["messages"][0]): value for value in desk.receiver.values()}
    senders = [(json.loads(text).get("from"), "contacts" in value) for text, value in values.items()]
    assert sorted(senders, key=str) == sorted([(None, False), ("919800020001", True), (None, False)], key=str)
    first = next(m for m in desk.receiver.items("messages") if "poem" in m)
    assert first["id"].startswith("wamid.") and first["timestamp"].isdigit()


async def test_an_old_message_opens_no_window(desk):
    raw = {"type": "text", "text": {"body": "late"}, "timestamp": str(int(desk.simulator.clock.now()) - 90_000)}
    await desk.control("POST", "inbound", json={"phone_number_id": PHONE, "customer_id": "priya", "raw": raw})
    wamid = await desk.sent()
    await desk.idle()
    assert desk.receiver.statuses(wamid)[0]["errors"][0]["code"] == 131047


async def test_bulk_reaches_the_webhook_once_each(desk):
    body = {"phone_number_id": PHONE, "count": 300, "customers": 7}
    answer = await desk.control("POST", "inbound/bulk", json=body)
    await desk.idle()
    received = [message["id"] for message in desk.receiver.items("messages")]
    assert sorted(received) == sorted(answer["ids"]) and len(set(received)) == 300
    assert len({message["from"] for message in desk.receiver.items("messages")}) == 7


async def test_raw_bodies_are_sent_signed_wrongly_or_not_at_all(desk):
    for sign, signed in ((True, True), (False, False), ("wrong", False)):
        answer = await desk.control("POST", "webhook/raw", json={"waba_id": WABA, "body": {"a": "ä"}, "sign": sign})
        assert answer["status"] == 200
        assert desk.receiver.bodies[-1] == {"raw": b'{"a":"\\u00e4"}', "signed": signed}
    await desk.control("POST", "webhook/raw", json={"waba_id": WABA, "bytes_base64": "e/8="})
    assert desk.receiver.bodies[-1] == {"raw": b"{\xff", "signed": True}
    assert SECRET not in str(desk.receiver.bodies)


# === PHONE PAGE === #


async def test_the_phone_shows_a_chat_both_ways(desk):
    chat = f"chats/nuria/{PHONE}"
    sent = await desk.phone("POST", f"{chat}/messages", json={"type": "text", "text": "¿Hola?"})
    assert (sent["from"], sent["status"], sent["payload"]["text"]) == ("customer", "pending", {"body": "¿Hola?"})
    await desk.idle()
    ours = await desk.sent(recipient="ES.13491208655302741904", body="Sí", context={"message_id": sent["id"]})
    await desk.idle()
    state = await desk.phone("GET", "state")
    nuria = next(customer for customer in state["customers"] if customer["id"] == "nuria")
    assert nuria["wa_id"] is None
    assert nuria["chats"][0]["unread"] == 1 and nuria["chats"][0]["last_message"]["id"] == ours
    await desk.phone("POST", f"{chat}/read")
    shown = await desk.phone("GET", chat)
    assert [(m["from"], m["text"], m["status"]) for m in shown["messages"]] == [
        ("customer", "¿Hola?", "sent"),
        ("business", "Sí", "read"),
    ]
    assert shown["window_end"] == pytest.approx(desk.simulator.clock.now() + 24 * 3600, abs=60)
    await desk.phone("POST", f"{chat}/messages", json={"type": "reaction", "message_id": ours, "emoji": "❤️"})
    await desk.phone("POST", f"{chat}/messages", json={"type": "reaction", "message_id": ours, "emoji": ""})
    await desk.idle()
    reactions = [m["reaction"] for m in desk.receiver.items("messages") if m["type"] == "reaction"]
    assert sorted(reactions, key=len) == [{"message_id": ours}, {"message_id": ours, "emoji": "❤️"}]


async def test_failed_messages_never_reach_the_phone(desk):
    await desk.sent()  # no window
    await desk.idle()
    assert (await desk.phone("GET", f"chats/priya/{PHONE}"))["messages"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "text", "text": " "},
        {"type": "text", "text": "x" * 4097},
        {"type": "text", "text": "x", "reply_to": "wamid.none"},
        {"type": "reaction", "message_id": "wamid.none", "emoji": "👍"},
        {"type": "text", "txt": "x"},
        {"type": "image"},
    ],
)
async def test_bad_input_of_the_phone_is_a_sentence(desk, body):
    answer = await desk.phone("POST", f"chats/priya/{PHONE}/messages", 400, json=body)
    assert answer["error"]


async def test_customers_are_added_from_the_phone(desk):
    shown = await desk.phone(
        "POST", "customers", json={"name": "Ivy", "wa_id": "+44 7700 900123", "hide_number": False}
    )
    assert (shown["wa_id"], shown["country"]) == ("447700900123", "GB")
    hidden = await desk.phone("POST", "customers", json={"name": "Max", "username": "max", "hide_number": True})
    assert hidden["wa_id"] is None and hidden["user_id"]
    for body in ({"name": "Ivy 2", "wa_id": "447700900123"}, {"name": " "}, {"name": "A", "wa_id": "12"}):
        assert (await desk.phone("POST", "customers", 400, json=body))["error"]


async def test_the_phone_hears_everything_live(desk):
    chat = f"chats/priya/{PHONE}"
    async with desk.client.ws_connect("/phone/api/events") as socket:
        inbound = await desk.phone("POST", f"{chat}/messages", json={"text": "Hi"})
        await desk.idle()
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": inbound["id"]}
        await desk.post(read | {"typing_indicator": {"type": "text"}})
        ours = await desk.sent()
        await desk.idle()
        await desk.phone("POST", f"{chat}/read")
        events = [await socket.receive_json(timeout=2) for _event in range(7)]
        await desk.control("POST", "reset")
        events.append(await socket.receive_json(timeout=2))
    story = [(e["event"], e.get("message", {}).get("status"), e.get("typing")) for e in events]
    assert story == [
        ("message", "pending", None),
        ("status", "sent", None),
        ("status", "read", None),
        ("typing", None, True),
        ("typing", None, False),
        ("message", "delivered", None),
        ("status", "read", None),
        ("reset", None, None),
    ]
    assert events[5]["message"]["id"] == ours and events[5]["customer_id"] == "priya"
