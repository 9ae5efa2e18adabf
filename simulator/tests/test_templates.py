"""Templates: sent, listed, created, reviewed, edited, deleted."""

import copy

import aiohttp
import pytest

from .conftest import WABA
from .files import JPEG, PDF

pytestmark = pytest.mark.asyncio

TEMPLATES = f"{WABA}/message_templates"
DAY = 24 * 3600


def texts(*values, kind="body", **by_name):
    parameters = [{"type": "text", "text": value} for value in values]
    parameters += [{"type": "text", "parameter_name": name, "text": value} for name, value in by_name.items()]
    return {"type": kind, "parameters": parameters}


def button(index, sub_type, **parameter):
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter]}


def template(name, *components, language="en"):
    return {"name": name, "language": {"code": language}, "components": list(components)}


URL = button("0", "url", type="text", text="S00042")
ORDER = [texts("S00042", kind="header"), texts("Priya", "S00042", "Friday"), URL]
CODE = button(0, "url", type="text", text="123456")
NAMED = {"first_name": "Priya", "order": "S00042", "day": "Friday"}


def order(*components):
    return template("order_update", *components, language="en_US")


def named(*components):
    return template("order_update_named", *components, language="en_US")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (template("greeting", texts("Priya")), None),
        (template("greeting", texts("Priya"), language="hi"), None),
        (template("greeting"), 132000),
        (template("greeting", texts("Priya", "more")), 132000),
        (template("greeting", texts("Priya"), language="en_US"), 132001),
        (template("farewell", texts("Priya")), 132001),
        (template("prize_draw", texts("Priya")), 132001),
        (template("weekly_deals", texts("Priya")), 132015),
        (template("greeting", texts("")), 131008),
        (template("greeting", texts("two\nlines")), 132018),
        (template("greeting", texts("a     b")), 132018),
        (template("greeting", texts("x" * 1000)), 132005),
        (template("greeting", texts("Priya"), texts("Priya")), 100),
        (template("greeting", texts("Priya"), texts("x", kind="header")), 132000),
        (template("greeting", texts(first_name="Priya")), 100),
        (template("greeting", texts("Priya"), button(0, "url", type="text", text="x")), 132012),
        (order(*ORDER), None),
        (order(*ORDER, button(1, "quick_reply", type="payload", payload="help:42")), None),
        (order(*ORDER[:2]), 131008),
        (order(*ORDER[1:]), 132000),
        (order(*ORDER[:2], button("0", "url", type="payload", payload="x")), 132012),
        (order(*ORDER[:2], button("0", "quick_reply", type="payload", payload="x")), 132012),
        (order(*ORDER, button("5", "quick_reply", type="payload", payload="x")), 132012),
        (order(*ORDER, button("0", "url", type="text", text="again")), 100),
        (named(texts(**NAMED)), None),
        (named(texts(**dict(reversed(NAMED.items())))), None),
        (named(texts("Priya", "S00042", "Friday")), 100),
        (named(texts(**NAMED | {"order": "x", "colour": "red"})), 132000),
        (named(texts(first_name="Priya", order="S00042", other="x")), 132000),
        (template("login_code", texts("123456"), CODE), None),
        (template("login_code", texts("123456")), 131008),
        (template("login_code", texts("654321"), CODE), 132012),
        (template("invoice_ready", texts("Priya", "INV 1"), language="en_US"), 132012),
        ({"name": "greeting"}, 131008),
        ({"name": "greeting", "language": "en"}, 100),
        (template("greeting", {"type": "BODY", "parameters": []}), 100),
    ],
)
async def test_a_message_must_fit_its_template(desk, content, code):
    assert await desk.outcome(await desk.send_type("template", content)) == code


async def test_a_header_needs_its_medium_each_time(desk):
    def invoice(parameter):
        components = [texts("Priya", "INV 1"), {"type": "header", "parameters": [parameter]}]
        return template("invoice_ready", *components, language="en_US")

    document = {"id": await desk.uploaded(PDF, "application/pdf"), "filename": "INV1.pdf"}
    picture = {"id": await desk.uploaded(JPEG, "image/jpeg")}
    for parameter, code in (
        ({"type": "document", "document": document}, None),
        ({"type": "document", "document": {"id": "1"}}, 100),
        ({"type": "image", "image": picture}, 132012),
        ({"type": "text", "text": "x"}, 132012),
    ):
        assert await desk.outcome(await desk.send_type("template", invoice(parameter))) == code
    _status, answer = await desk.send_type("template", invoice({"type": "document", "document": document}))
    assert answer["messages"][0]["message_status"] == "accepted"


async def carousel(desk, **changes):
    picture = {"type": "image", "image": {"id": await desk.uploaded(JPEG, "image/jpeg")}}
    parts = [
        {"type": "header", "parameters": [picture]},
        button("0", "quick_reply", type="payload", payload="like"),
        button("1", "url", type="text", text="7"),
    ]
    cards = [{"card_index": index, "components": parts} for index in range(3)]
    return template("lake_favourites", texts("Priya"), {"type": "carousel", "cards": cards})


async def test_a_carousel_has_all_its_cards(desk):
    good = await carousel(desk)
    assert await desk.outcome(await desk.send_type("template", good)) is None
    short, twice, bare = copy.deepcopy(good), copy.deepcopy(good), copy.deepcopy(good)
    short["components"][1]["cards"].pop()
    twice["components"][1]["cards"][2]["card_index"] = 1
    del bare["components"][1]["cards"][1]["components"][0]
    for content, code in ((short, 132000), (twice, 100), (bare, 132012)):
        assert await desk.outcome(await desk.send_type("template", content)) == code


async def test_the_phone_shows_what_the_customer_would_see(desk):
    await desk.send_type("template", order(*ORDER))
    await desk.send_type("template", await carousel(desk))
    await desk.idle()
    first, second = (await desk.phone("GET", "chats/priya/301000000000001"))["messages"]
    assert first["text"] == "Hi Priya, your order S00042 has left our warehouse and arrives on Friday at the latest."
    assert first["shown"]["header"] == {"type": "text", "text": "Order S00042"}
    assert [entry["type"] for entry in first["shown"]["buttons"]] == ["URL", "QUICK_REPLY"]
    assert first["shown"]["buttons"][0]["url"] == "https://lakeside.example/track/S00042"
    card = second["shown"]["cards"][2]
    assert card["body"] == "A lamp that lasts all night." and card["header"]["image"]["id"] in second["media"]


async def test_authentication_templates_don_t_go_to_user_ids(desk):
    content = template("login_code", texts("123456"), CODE)
    answer = await desk.send_type("template", content, to=None, recipient="IN.13491208655302741901")
    assert answer[1]["error"]["code"] == 131062


async def test_marketing_stops_for_those_who_stopped_it(desk):
    content = await carousel(desk)
    body = {"customer_id": "priya", "phone_number_id": "301000000000001", "value": "stop"}
    await desk.control("POST", "marketing", json=body)
    await desk.idle()
    [value] = desk.receiver.fields("user_preferences")
    assert value["metadata"]["phone_number_id"] == "301000000000001"
    [preference] = value["user_preferences"]
    assert (preference["wa_id"], preference["category"], preference["value"]) == (
        "919800020001", "marketing_messages", "stop",
    )  # fmt: skip
    assert isinstance(preference["timestamp"], int)
    assert await desk.outcome(await desk.send_type("template", content)) == 131050
    assert await desk.outcome(await desk.send_type("template", order(*ORDER))) is None
    await desk.control("POST", "marketing", json=body | {"value": "resume"})
    assert await desk.outcome(await desk.send_type("template", content)) is None


# === MANAGEMENT === #


BODY = {"type": "BODY", "text": "Hello {{1}}, your table is ready.", "example": {"body_text": [["Ana"]]}}
NEW = {"name": "table_ready", "language": "en", "category": "UTILITY", "components": [BODY]}


async def create(desk, **changes):
    return await desk.graph("POST", TEMPLATES, json={**NEW, **changes})


async def user_message(answer):
    status, content = answer
    assert (status, content["error"]["code"]) == (400, 100), content
    return content["error"].get("error_subcode"), content["error"]["error_user_msg"]


async def test_the_list_has_pages_fields_and_filters(desk):
    _status, page = await desk.graph("GET", f"{TEMPLATES}?limit=4&fields=name,language")
    names = [entry["name"] for entry in page["data"]]
    assert set(page["data"][0]) == {"id", "name", "language"} and len(names) == 4
    while "next" in page["paging"]:
        after = page["paging"]["cursors"]["after"]
        _status, page = await desk.graph("GET", f"{TEMPLATES}?limit=4&fields=name&after={after}")
        names += [entry["name"] for entry in page["data"]]
    assert len(names) == 11 and names.count("greeting") == 3
    for query, count in (("status=PAUSED", 1), ("category=MARKETING", 4), ("language=es", 1), ("name=greeting", 3)):
        assert len((await desk.graph("GET", f"{TEMPLATES}?{query}"))[1]["data"]) == count
    assert (await desk.graph("GET", f"{TEMPLATES}?fields=colour"))[1]["error"]["code"] == 100
    assert (await desk.graph("GET", f"{TEMPLATES}?colour=red"))[1]["error"]["code"] == 100
    assert (await desk.graph("GET", TEMPLATES, token="SIM-TOKEN-1-NO-MANAGEMENT"))[0] == 403


async def test_one_template_can_be_read(desk):
    asked = "id,name,status,category,language,components,quality_score,rejected_reason,parameter_format"
    _status, answer = await desk.graph("GET", f"601000000000010?fields={asked}")
    assert answer["rejected_reason"] == "SCAM" and answer["quality_score"] == {"score": "UNKNOWN"}
    assert (await desk.graph("GET", "601000000000010", token="SIM-TOKEN-2"))[1]["error"]["error_subcode"] == 33


async def test_a_new_template_is_reviewed_and_then_sent(desk):
    status, answer = await create(desk)
    assert (status, answer["status"], answer["category"]) == (200, "PENDING", "UTILITY")
    content = template("table_ready", texts("Ana"))
    await desk.idle()
    [value] = desk.receiver.fields("message_template_status_update")
    assert value == {
        "event": "APPROVED",
        "message_template_id": int(answer["id"]),
        "message_template_name": "table_ready",
        "message_template_language": "en",
        "message_template_category": "UTILITY",
        "reason": "NONE",
    }
    assert await desk.outcome(await desk.send_type("template", content)) is None


async def test_the_review_files_promotion_under_marketing_and_rejects(desk):
    promotion = BODY | {"text": "Hello {{1}}, there is a discount for you."}
    assert (await create(desk, components=[promotion]))[1]["category"] == "MARKETING"
    await create(desk, name="secret", components=[BODY | {"text": "Hello {{1}}, send us your password please."}])
    await create(desk, name="reject_me")
    await desk.idle()
    reasons = {
        value["message_template_name"]: (value["event"], value["reason"])
        for value in desk.receiver.fields("message_template_status_update")
    }
    assert reasons == {
        "table_ready": ("APPROVED", "NONE"),
        "secret": ("REJECTED", "SCAM"),
        "reject_me": ("REJECTED", "INCORRECT_CATEGORY"),
    }


def body(text, *examples):
    return {"type": "BODY", "text": text} | ({"example": {"body_text": [list(examples)]}} if examples else {})


def quick(text):
    return {"type": "QUICK_REPLY", "text": text}


def link(url="https://x.example/", text="Open", **keys):
    return {"type": "URL", "text": text, "url": url, **keys}


def row(*entries):
    return {"type": "BUTTONS", "buttons": list(entries)}


@pytest.mark.parametrize(
    ("changes", "subcode"),
    [
        ({"name": "Table ready"}, None),
        ({"language": "xx"}, None),
        ({"category": "OTHER"}, None),
        ({"colour": "red"}, None),
        ({"message_send_ttl_seconds": 5}, None),
        ({"name": "greeting"}, 2388024),
        ({"components": []}, None),
        ({"components": [{"type": "FOOTER", "text": "x"}]}, 2388072),
        ({"components": [BODY, BODY]}, None),
        ({"components": [body("x" * 1025)]}, 2388040),
        ({"components": [body("{{1}}, your table is ready.", "Ana")]}, 2388299),
        ({"components": [body("Your table is ready, {{1}}", "Ana")]}, 2388299),
        ({"components": [body("Hi {{1}} {{2}}, your table is ready now.", "a", "b")]}, 2388072),
        ({"components": [body("Hi {{2}}, your table is ready.", "Ana")]}, 2388072),
        ({"components": [body("Hi {{1}}, your table is ready.")]}, 2388072),
        ({"components": [body("Hi {{name}}, your table is ready.", "Ana")]}, 2388072),
        ({"components": [body("Hi {{1}, your table is ready.", "Ana")]}, 2388072),
        ({"components": [body("Hi {{1}} b {{2}} c {{3}}.", "1", "2", "3")]}, 2388293),
        ({"components": [BODY, {"type": "HEADER", "format": "TEXT", "text": "x" * 61}]}, 2388040),
        ({"components": [BODY, {"type": "HEADER", "format": "TEXT", "text": "*Bold*"}]}, 2388047),
        ({"components": [BODY, {"type": "HEADER", "format": "TEXT", "text": "{{1}} {{2}}"}]}, 2388047),
        ({"components": [BODY, {"type": "HEADER", "format": "IMAGE"}]}, 2388047),
        (
            {"components": [BODY, {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}]},
            2388047,
        ),
        ({"components": [BODY, {"type": "FOOTER", "text": "Hi {{1}}"}]}, 2388073),
        ({"components": [BODY, row(*[quick(f"B{n}") for n in range(11)])]}, None),
        ({"components": [BODY, row(quick("x" * 26))]}, 2388040),
        ({"components": [BODY, row(quick("A"), link(), quick("B"))]}, None),
        ({"components": [BODY, row(link(), link(text="b"), link(text="c"))]}, None),
        ({"components": [BODY, row(link("https://x.example/{{1}}/a"))]}, None),
        ({"components": [BODY, row(link("https://x.example/{{1}}"))]}, None),
        ({"components": [BODY, row(quick("A"), quick("A"))]}, None),
        ({"components": [BODY, row({"type": "CATALOG", "text": "Look"})]}, None),
        ({"category": "AUTHENTICATION"}, None),
    ],
)
async def test_a_template_that_breaks_a_rule_is_not_made(desk, changes, subcode):
    found, text = await user_message(await create(desk, **changes))
    assert found == subcode and text
    assert len((await desk.control("GET", f"templates?waba_id={WABA}"))["data"]) == 11


async def test_all_kinds_of_components_can_be_made(desk):
    handle = await sample(desk, JPEG, "image/jpeg")
    picture = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [handle]}}
    buttons = row(
        link("https://x.example/{{1}}", example=["https://x.example/a"]),
        {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100100"},
        {"type": "COPY_CODE", "example": "SPRING10"},
        quick("Yes"),
        quick("No"),
    )
    named = {"body_text_named_params": [{"param_name": "who", "example": "Ana"}]}
    card = {"components": [picture, body("A lamp."), row(quick("Like"))]}
    offer = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Ends soon", "has_expiration": True}}
    otp = {"type": "OTP", "otp_type": "COPY_CODE"}
    for changes in (
        {"name": "a", "components": [picture, BODY, {"type": "FOOTER", "text": "Bye"}, buttons]},
        {"name": "b", "parameter_format": "NAMED", "components": [
            {"type": "BODY", "text": "Hello {{who}}, your table is ready.", "example": named}]},
        {"name": "c", "category": "MARKETING", "components": [body("Look at this"), {"type": "CAROUSEL", "cards": [card, card]}]},
        {"name": "d", "category": "MARKETING", "components": [body("Look at this"), offer]},
        {"name": "e", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "add_security_recommendation": True},
            {"type": "FOOTER", "code_expiration_minutes": 5}, row(otp)]},
    ):  # fmt: skip
        status, answer = await create(desk, **changes)
        assert status == 200, answer
    await desk.idle()
    template_id = answer["id"]
    read = (await desk.graph("GET", template_id))[1]["components"]
    assert read[0]["text"].startswith("*{{1}}* is your verification code.")
    expired = {"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1}}
    content = template("d", {"type": "limited_time_offer", "parameters": [expired]})
    assert await desk.outcome(await desk.send_type("template", content)) == 100


async def sample(desk, data, mime_type, status=200, offset="0", steps=1, **keys):
    query = {"file_length": str(len(data)), "file_type": mime_type, "file_name": "a"} | keys
    _status, answer = await desk.graph("POST", "201000000000001/uploads", params=query)
    session = answer["id"]
    headers = {"Authorization": "OAuth SIM-TOKEN-1", "file_offset": offset}
    async with desk.client.post(f"/v26.0/{session}", headers=headers, data=data) as response:
        assert response.status == status
        return (await response.json()).get("h")


async def test_a_sample_is_uploaded_in_pieces_if_need_be(desk):
    query = {"file_length": str(len(JPEG)), "file_type": "image/jpeg"}
    _status, answer = await desk.graph("POST", "201000000000001/uploads", params=query)
    url = f"/v26.0/{answer['id']}"
    headers = {"Authorization": "OAuth SIM-TOKEN-1"}
    async with desk.client.post(url, headers=headers | {"file_offset": "0"}, data=JPEG[:10]) as response:
        assert "h" not in await response.json()
    async with desk.client.get(url, headers=headers) as response:
        assert (await response.json())["file_offset"] == 10
    async with desk.client.post(url, headers=headers | {"file_offset": "0"}, data=JPEG[10:]) as response:
        assert response.status == 400
    async with desk.client.post(url, headers={"Authorization": "Bearer SIM-TOKEN-1", "file_offset": "10"}) as response:
        assert response.status == 401
    async with desk.client.post(url, headers=headers | {"file_offset": "10"}, data=JPEG[10:]) as response:
        handle = (await response.json())["h"]
    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [handle]}}
    _status, answer = await create(desk, components=[header, BODY])
    [shown, _body] = (await desk.graph("GET", answer["id"]))[1]["components"]
    async with aiohttp.ClientSession() as session, session.get(shown["example"]["header_handle"][0]) as response:
        assert await response.read() == JPEG
    wrong = header | {"format": "DOCUMENT"}
    assert (await user_message(await create(desk, name="other", components=[wrong, BODY])))[0] == 2388047


async def test_a_wrong_sample_is_refused(desk):
    await sample(desk, PDF, "image/jpeg", status=400)
    await sample(desk, JPEG, "image/jpeg", status=400, offset="5")
    for path, query in (
        ("201000000000001", {"file_length": "0", "file_type": "image/jpeg"}),
        ("201000000000001", {"file_length": "5", "file_type": "image/gif"}),
        ("201000000000002", {"file_length": "5", "file_type": "image/jpeg"}),
    ):
        assert (await desk.graph("POST", f"{path}/uploads", params=query))[0] == 400


async def test_an_edit_is_reviewed_and_not_too_often(desk):
    desk.simulator.settings.review_delay = None
    template_id = (await create(desk))[1]["id"]
    assert (await user_message(await desk.graph("POST", template_id, json={"components": [BODY]})))[0] is None
    await desk.control("POST", f"templates/{template_id}", json={"status": "APPROVED"})
    edited = BODY | {"text": "Hello {{1}}, your table is ready now."}
    assert await desk.graph("POST", template_id, json={"components": [edited]}) == (200, {"success": True})
    assert (await desk.graph("GET", template_id))[1]["status"] == "PENDING"
    await desk.control("POST", f"templates/{template_id}", json={"status": "APPROVED"})
    assert (await desk.graph("GET", template_id))[1]["components"] == [edited]
    await user_message(await desk.graph("POST", template_id, json={"components": [BODY]}))
    await desk.control("POST", "clock", json={"advance": DAY + 1})
    await user_message(await desk.graph("POST", template_id, json={"category": "MARKETING"}))
    await user_message(await desk.graph("POST", template_id, json={}))
    assert (await desk.graph("POST", template_id, json={"components": [BODY]}))[0] == 200


async def test_a_deleted_name_is_blocked_for_30_days(desk):
    assert await desk.graph("DELETE", f"{TEMPLATES}?name=greeting") == (200, {"success": True})
    assert (await desk.graph("GET", f"{TEMPLATES}?name=greeting"))[1] == {"data": []}
    assert (await user_message(await create(desk, name="greeting", language="fr")))[0] == 2388023
    await desk.control("POST", "clock", json={"advance": 30 * DAY})
    assert (await create(desk, name="greeting"))[0] == 200
    await user_message(await desk.graph("DELETE", f"{TEMPLATES}?name=nothing"))
    await user_message(await desk.graph("DELETE", f"{TEMPLATES}?hsm_id=601000000000010"))
    assert (await desk.graph("DELETE", f"{TEMPLATES}?hsm_id=601000000000010&name=prize_draw"))[0] == 200
    assert (await desk.graph("DELETE", f"{TEMPLATES}?hsm_ids=[601000000000007,601000000000008]"))[0] == 200


async def test_meta_pauses_rates_and_reclassifies(desk):
    async def decide(**change):
        await desk.control("POST", "templates/601000000000001", json=change)
        await desk.idle()

    await decide(status="PAUSED")
    assert await desk.outcome(await desk.send_type("template", template("greeting", texts("Priya")))) == 132015
    assert await desk.graph("POST", "601000000000001/unpause", json={}) == (200, {"success": True})
    await desk.idle()
    await decide(status="DISABLED")
    assert await desk.outcome(await desk.send_type("template", template("greeting", texts("Priya")))) == 132016
    await decide(status="REJECTED", reason="ABUSIVE_CONTENT")
    await decide(quality="RED")
    await decide(correct_category="MARKETING")
    await decide(category="MARKETING")
    events = [value["event"] for value in desk.receiver.fields("message_template_status_update")]
    assert events == ["PAUSED", "APPROVED", "DISABLED", "REJECTED"]
    [quality] = desk.receiver.fields("message_template_quality_update")
    assert (quality["previous_quality_score"], quality["new_quality_score"]) == ("GREEN", "RED")
    notice, done = desk.receiver.fields("template_category_update")
    assert (notice["new_category"], notice["correct_category"]) == ("UTILITY", "MARKETING")
    assert (done["previous_category"], done["new_category"]) == ("UTILITY", "MARKETING")
    await desk.control("POST", "templates/1", 404, json={"status": "PAUSED"})


async def test_a_template_can_be_added_in_any_state(desk):
    new = {"name": "old_one", "language": "en", "category": "UTILITY", "status": "DISABLED"}
    body = {"waba_id": WABA, "template": new | {"components": [{"type": "BODY", "text": "Hello"}]}}
    added = await desk.control("POST", "templates", 201, json=body)
    assert (await desk.graph("GET", added["id"]))[1]["status"] == "DISABLED"
    assert await desk.outcome(await desk.send_type("template", template("old_one"))) == 132016
    await desk.control("POST", "templates", 400, json=body)


async def test_messages_fail_later_on_demand(desk):
    await desk.inbound()
    await desk.fault(kind="fail_later", code=131049, category="marketing", details="Not now.")
    _status, answer = await desk.send_type("template", await carousel(desk))
    await desk.idle()
    [status] = desk.receiver.statuses(answer["messages"][0]["id"])
    error = status["errors"][0]
    assert (error["code"], error["error_data"]["details"]) == (131049, "Not now.")
    assert await desk.outcome(await desk.send()) is None
    assert await desk.outcome(await desk.send_type("template", order(*ORDER))) is None


async def test_a_review_can_wait_for_the_control_api(desk):
    desk.simulator.settings.review_delay = None
    template_id = (await create(desk))[1]["id"]
    await desk.idle()
    assert (await desk.graph("GET", template_id))[1]["status"] == "PENDING"
    content = template("table_ready", texts("Ana"))
    assert await desk.outcome(await desk.send_type("template", content)) == 132001
    await desk.control("POST", f"templates/{template_id}", json={"status": "APPROVED"})
    assert (await desk.graph("GET", template_id))[1]["status"] == "APPROVED"
