"""Every type of message a business can send: what is accepted, what is refused, what reaches the phone."""

import copy

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from .conftest import PHONE
from .files import GIF, JPEG, MP4, PDF, ogg, png, webp

pytestmark = pytest.mark.asyncio

CARD = {"name": {"formatted_name": "Ana Sol", "first_name": "Ana"}, "phones": [{"phone": "+1 555", "type": "WORK"}]}
PLACE = {"latitude": 41.38, "longitude": "2.17", "name": "Shop", "address": "Main street 1"}


def reply(number, title=None):
    return {"type": "reply", "reply": {"id": f"b{number}", "title": title or f"Button {number}"}}


def buttons(*entries, **keys):
    return {"type": "button", "body": {"text": "Well?"}, "action": {"buttons": list(entries)}} | keys


def listing(*sizes, **keys):
    sections = [
        {"title": f"Part {part}", "rows": [{"id": f"{part}/{row}", "title": f"Row {row}"} for row in range(size)]}
        for part, size in enumerate(sizes)
    ]
    return {"type": "list", "body": {"text": "Pick"}, "action": {"button": "Open", "sections": sections}} | keys


def link(**parameters):
    values = {"display_text": "Open", "url": "https://shop.example/i/9"} | parameters
    return {"type": "cta_url", "body": {"text": "Ready"}, "action": {"name": "cta_url", "parameters": values}}


def flow(**parameters):
    values = {"flow_message_version": "3", "flow_id": "7", "flow_cta": "Begin", "flow_token": "t"} | parameters
    return {"type": "flow", "body": {"text": "Form"}, "action": {"name": "flow", "parameters": values}}


def products(*sizes, **keys):
    sections = [
        {"title": f"Part {part}", "product_items": [{"product_retailer_id": f"{part}/{n}"} for n in range(size)]}
        for part, size in enumerate(sizes)
    ]
    action = {"catalog_id": "9", "sections": sections}
    return {
        "type": "product_list",
        "header": {"type": "text", "text": "H"},
        "body": {"text": "B"},
        "action": action,
    } | keys


TITLE = "x" * 21
PRODUCT = {"type": "product", "action": {"catalog_id": "9", "product_retailer_id": "SKU"}}
WHERE = {"type": "location_request_message", "body": {"text": "Where?"}, "action": {"name": "send_location"}}
WHO = {"type": "request_contact_info", "body": {"text": "Number?"}, "action": {"name": "request_contact_info"}}


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("location", PLACE, None),
        ("location", {"latitude": 0, "longitude": 0}, None),
        ("location", {"latitude": 91, "longitude": 0}, 100),
        ("location", {"latitude": "north", "longitude": 0}, 100),
        ("location", {"longitude": 0}, 131008),
        ("contacts", [CARD], None),
        ("contacts", [], 100),
        ("contacts", [CARD] * 258, 100),
        ("contacts", CARD, 100),
        ("contacts", [{"name": {"formatted_name": "Ana Sol"}}], 131008),
        ("contacts", [{"name": {"first_name": "Ana"}}], 131008),
        ("contacts", [CARD | {"birthday": "1.1.2000"}], 100),
        ("interactive", buttons(reply(1), reply(2), reply(3), footer={"text": "f"}), None),
        ("interactive", buttons(reply(1), header={"type": "text", "text": "Head"}), None),
        ("interactive", buttons(), 131009),
        ("interactive", buttons(reply(1), reply(2), reply(3), reply(4)), 131009),
        ("interactive", buttons(reply(1, TITLE)), 131009),
        ("interactive", buttons(reply(1, "🌿" * 11)), 131009),
        ("interactive", buttons(reply(1, "*Bold*")), 131009),
        ("interactive", buttons(reply(1), reply(1, "Other")), 131009),
        ("interactive", buttons(reply(1, "Same"), reply(2, "Same")), 131009),
        ("interactive", buttons(reply(1), body={"text": "x" * 1025}), 131009),
        ("interactive", buttons(reply(1), footer={"text": "x" * 61}), 131009),
        ("interactive", buttons(reply(1), header={"type": "text", "text": "x" * 61}), 131009),
        ("interactive", buttons(reply(1), header={"type": "image", "image": {"id": "1"}}), 100),
        ("interactive", buttons({"type": "reply", "reply": {"id": "1"}}), 131008),
        ("interactive", buttons(reply(1), colour="red"), 100),
        ("interactive", {"body": {"text": "x"}}, 131008),
        ("interactive", {"type": "poll"}, 131009),
        ("interactive", listing(10), None),
        ("interactive", listing(4, 6, body={"text": "x" * 4096}), None),
        ("interactive", listing(5, 6), 131009),
        ("interactive", listing(11), 131009),
        ("interactive", listing(), 131009),
        ("interactive", listing(1, header={"type": "image", "image": {"link": "https://x.example/i"}}), 131009),
        ("interactive", link(), None),
        ("interactive", link(display_text=TITLE), 131009),
        ("interactive", link(url="shop.example"), 131009),
        ("interactive", flow(), None),
        ("interactive", flow(flow_name="x"), 131008),
        ("interactive", flow(flow_cta="Go 🌿"), 131009),
        ("interactive", flow(flow_message_version="2"), 131009),
        ("interactive", PRODUCT, None),
        ("interactive", PRODUCT | {"header": {"type": "text", "text": "x"}}, 100),
        ("interactive", products(15, 15), None),
        ("interactive", products(16, 15), 131009),
        ("interactive", products(1, header=None), 100),
        ("interactive", WHERE, None),
        ("interactive", WHERE | {"footer": {"text": "x"}}, 100),
        ("interactive", WHO, None),
        ("image", {}, 131008),
        ("image", {"id": "1", "link": "https://x.example/i.jpg"}, 100),
        ("image", {"link": "http://x.example/i.jpg"}, 100),
        ("image", {"link": "ftp://x.example/i.jpg"}, 100),
        ("image", {"id": "401000000009999"}, 100),
        ("audio", {"id": "1", "caption": "no"}, 100),
        ("sticker", {"id": "1", "voice": True}, 100),
        ("document", {"id": "1", "filename": "x" * 241}, 100),
    ],
)
async def test_each_type_has_its_limits(desk, kind, content, code):
    await desk.inbound()
    assert await desk.outcome(await desk.send_type(kind, content)) == code
    assert (await desk.control("GET", "messages?direction=out"))["total"] == (code is None)


async def test_sections_need_titles_when_there_are_several(desk):
    content = copy.deepcopy(listing(1, 1))
    del content["action"]["sections"][0]["title"]
    assert (await desk.send_type("interactive", content))[1]["error"]["code"] == 131008


@pytest.mark.parametrize(
    ("kind", "data", "mime_type", "keys", "code"),
    [
        ("image", JPEG, "image/jpeg", {"caption": "c" * 1024}, None),
        ("image", png(6), "image/png", {}, None),
        ("image", png(3), "image/png", {}, 131053),
        ("image", GIF, "image/png", {}, 131053),
        ("image", PDF, "application/pdf", {}, 131053),
        ("document", PDF, "application/pdf", {"filename": "S00042.pdf", "caption": "Here"}, None),
        ("document", JPEG, "image/jpeg", {"filename": "photo.jpg"}, None),
        ("video", MP4, "video/mp4", {}, None),
        ("audio", ogg(), "audio/ogg", {"voice": True}, None),
        ("audio", ogg(2), "audio/ogg", {}, 131053),
        ("audio", ogg(codec=b"\x01vorbis!"), "audio/ogg", {}, 131053),
        ("audio", MP4, "audio/mp4", {}, None),
        ("audio", MP4, "audio/mp4", {"voice": True}, 131053),
        ("sticker", webp(), "image/webp", {}, None),
        ("sticker", webp(256), "image/webp", {}, 131053),
        ("sticker", webp(size=110_000), "image/webp", {}, 131053),
        ("sticker", webp(animated=True, size=110_000), "image/webp", {}, None),
    ],
)
async def test_a_medium_must_be_what_the_message_says(desk, kind, data, mime_type, keys, code):
    media_id = await desk.uploaded(data, mime_type)
    await desk.inbound()
    assert await desk.outcome(await desk.send_type(kind, {"id": media_id, **keys})) == code
    chat = await desk.phone("GET", f"chats/priya/{PHONE}")
    if code is None:
        shown = chat["messages"][-1]
        assert shown["media"][media_id]["mime_type"] == mime_type and shown["text"] == keys.get("caption")
        async with desk.client.get(f"/phone/api/media/{media_id}") as response:
            assert (await response.read(), response.content_type) == (data, mime_type)


async def test_an_upload_belongs_to_its_number(desk):
    media_id = await desk.uploaded(JPEG, "image/jpeg", phone="301000000000002")
    status, answer = await desk.send_type("image", {"id": media_id})
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_an_interactive_header_can_be_a_medium(desk):
    await desk.inbound()
    media_id = await desk.uploaded(JPEG, "image/jpeg")
    header = {"type": "image", "image": {"id": media_id}}
    assert await desk.outcome(await desk.send_type("interactive", buttons(reply(1), header=header))) is None
    header = {"type": "document", "document": {"id": media_id, "filename": "x.jpg"}}
    assert await desk.outcome(await desk.send_type("interactive", link() | {"header": header})) is None
    header = {"type": "video", "video": {"id": media_id}}
    assert await desk.outcome(await desk.send_type("interactive", buttons(reply(1), header=header))) == 131053


async def test_a_link_is_fetched_before_the_message_goes_out(desk):
    async def serve(request):
        if request.path == "/gone":
            return web.Response(status=404)
        return web.Response(body=JPEG, content_type="image/jpeg" if request.path == "/ok" else "text/html")

    app = web.Application()
    app.router.add_get("/{any}", serve)
    await desk.inbound()
    async with TestServer(app) as server:
        for path, code in (("/ok", None), ("/gone", 131053), ("/page", 131053)):
            assert await desk.outcome(await desk.send_type("image", {"link": str(server.make_url(path))})) == code
        url = str(server.make_url("/ok"))
    assert await desk.outcome(await desk.send_type("image", {"link": url})) == 131053  # nobody there any more
    [shown] = [m for m in (await desk.phone("GET", f"chats/priya/{PHONE}"))["messages"] if m["from"] == "business"]
    assert list(shown["media"]) == [url]


async def test_a_voice_message_can_be_played(desk):
    await desk.inbound()
    media_id = await desk.uploaded(ogg(), "audio/ogg")
    _status, answer = await desk.send_type("audio", {"id": media_id, "voice": True})
    wamid = answer["messages"][0]["id"]
    await desk.idle()
    await desk.control("POST", "played", json={"message_id": wamid})
    await desk.idle()
    assert [status["status"] for status in desk.receiver.statuses(wamid)][-2:] == ["read", "played"]
    text = await desk.sent()
    await desk.idle()
    await desk.control("POST", "played", json={"message_id": text}, status=400)


async def test_outside_the_window_every_type_but_templates_fails(desk):
    assert await desk.outcome(await desk.send_type("location", PLACE)) == 131047
    template = {"name": "greeting", "language": {"code": "en"}}
    template["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Priya"}]}]
    assert await desk.outcome(await desk.send_type("template", template)) is None
