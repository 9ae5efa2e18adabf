"""Uploads, links, downloads, and files that customers send."""

import base64
import hashlib

import aiohttp
import pytest

from simulator.media import LINK_LIFE

from .conftest import PHONE
from .files import JPEG, PDF, ogg, webp

pytestmark = pytest.mark.asyncio

MB = 1024 * 1024


async def download(desk, url, token="SIM-TOKEN-1"):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with desk.client.session.get(url, headers=headers, allow_redirects=False) as response:
        return response, await response.read()


async def inbound_file(desk, kind, data, status=200, **keys):
    body = {"phone_number_id": PHONE, "customer_id": "priya", "type": kind}
    coded = base64.b64encode(data).decode()
    answer = await desk.control("POST", "inbound", status, json=body | {"bytes_base64": coded} | keys)
    await desk.idle()
    return answer


async def test_an_upload_can_be_read_downloaded_and_deleted(desk):
    media_id = await desk.uploaded(PDF, "application/pdf", "S00042.pdf")
    status, answer = await desk.graph("GET", f"{media_id}?phone_number_id={PHONE}")
    assert status == 200
    url = answer.pop("url")
    assert url.startswith(str(desk.client.make_url("/")))
    assert answer == {
        "mime_type": "application/pdf",
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "file_size": len(PDF),
        "id": media_id,
        "messaging_product": "whatsapp",
    }
    response, data = await download(desk, url)
    assert (response.status, response.content_type, data) == (200, "application/pdf", PDF)
    assert await desk.graph("DELETE", media_id) == (200, {"success": True})
    assert (await desk.graph("GET", media_id))[1]["error"]["error_subcode"] == 33
    assert (await download(desk, url))[0].status == 404


async def test_a_download_needs_the_token_and_a_fresh_link(desk):
    media_id = await desk.uploaded(PDF, "application/pdf")
    url = (await desk.graph("GET", media_id))[1]["url"]
    for token, status in ((None, 401), ("WRONG", 401), ("SIM-TOKEN-2", 400), ("SIM-TOKEN-1-NO-MESSAGING", 403)):
        assert (await download(desk, url, token))[0].status == status
    assert (await download(desk, url.replace("hash=", "hash=0")))[0].status == 404
    await desk.control("POST", "clock", json={"advance": LINK_LIFE + 1})
    assert (await download(desk, url))[0].status == 404
    fresh = (await desk.graph("GET", media_id))[1]["url"]
    assert (await download(desk, fresh))[1] == PDF
    await desk.control("POST", "clock", json={"advance": 30 * 24 * 3600})
    assert (await desk.graph("GET", media_id))[0] == 400


async def test_media_are_out_of_reach_for_others(desk):
    media_id = await desk.uploaded(PDF, "application/pdf")
    for path, token in ((media_id, "SIM-TOKEN-2"), (f"{media_id}?phone_number_id=301000000000002", "SIM-TOKEN-1")):
        assert (await desk.graph("GET", path, token=token))[1]["error"]["error_subcode"] == 33
        assert (await desk.graph("DELETE", path, token=token))[0] == 400
    assert (await desk.graph("GET", media_id, token="SIM-TOKEN-1-NO-MESSAGING"))[0] == 403


@pytest.mark.parametrize(
    ("data", "mime_type", "code"),
    [
        (b"GIF89a", "image/gif", 100),
        (b"<svg/>", "image/svg+xml", 100),
        (b"x", "application/zip", 100),
        (b"", "application/pdf", 131053),
        (JPEG + b"\x00" * 5 * MB, "image/jpeg", 131053),
        (b"\x00" * (16 * MB + 1), "video/mp4", 131053),
        (JPEG + b"\x00" * 4 * MB, "image/jpeg", None),
        (PDF + b"\x00" * 20 * MB, "application/pdf", None),
    ],
)
async def test_uploads_have_types_and_sizes(desk, data, mime_type, code):
    status, answer = await desk.upload(data, mime_type)
    assert (status, answer.get("error", {}).get("code")) == ((200, None) if code is None else (400, code))
    left = list(desk.simulator.media.directory.iterdir())
    assert len(left) == (code is None)


async def test_an_upload_has_exactly_its_parts(desk):
    def form(**fields):
        data = aiohttp.FormData(default_to_multipart=True)
        for name, value in ({"messaging_product": "whatsapp", "type": "application/pdf"} | fields).items():
            if value is not None:
                data.add_field(name, value)
        return data

    def with_file(data, **keys):
        data.add_field("file", PDF, **{"filename": "a.pdf", "content_type": "application/pdf"} | keys)
        return data

    for data, code in (
        (form(), 131008),
        (with_file(form(messaging_product="sms")), 100),
        (with_file(form(type=None)), 131008),
        (with_file(form(type="image/png")), 100),
        (with_file(form(colour="red")), 100),
        (with_file(with_file(form())), 100),
        (with_file(form(type="application/pdf; charset=binary")), None),
    ):
        _status, answer = await desk.graph("POST", f"{PHONE}/media", data=data)
        assert answer.get("error", {}).get("code") == code
    assert (await desk.graph("POST", f"{PHONE}/media", json={}))[1]["error"]["code"] == 100


@pytest.mark.parametrize(
    ("kind", "data", "keys", "expected"),
    [
        ("image", JPEG, {"caption": "Look"}, {"mime_type": "image/jpeg", "caption": "Look"}),
        ("document", PDF, {"filename": "a.pdf"}, {"mime_type": "application/pdf", "filename": "a.pdf"}),
        (
            "document",
            b"a,b",
            {"filename": "a.csv", "mime_type": "text/csv"},
            {"mime_type": "text/csv", "filename": "a.csv"},
        ),
        ("voice", ogg(), {}, {"mime_type": "audio/ogg; codecs=opus", "voice": True}),
        ("audio", b"ID3", {}, {"mime_type": "audio/mpeg", "voice": False}),
        ("sticker", webp(animated=True), {}, {"mime_type": "image/webp", "animated": True}),
    ],
)
async def test_a_customers_file_comes_as_metas_webhook(desk, kind, data, keys, expected):
    answer = await inbound_file(desk, kind, data, **keys)
    [item] = desk.receiver.items("messages")
    medium = item[item["type"]]
    url, digest = medium.pop("url"), base64.b64decode(medium.pop("sha256"))
    media_id = medium.pop("id")
    assert (item["id"], item["type"]) == (answer["id"], "audio" if kind == "voice" else kind)
    assert medium == expected and digest == hashlib.sha256(data).digest()
    assert (await download(desk, url))[1] == data
    read = (await desk.graph("GET", media_id))[1]
    assert (await download(desk, read["url"]))[1] == data
    await desk.control("POST", "clock", json={"advance": 7 * 24 * 3600})
    assert (await desk.graph("GET", media_id))[0] == 400


async def test_a_received_medium_can_not_be_sent_by_its_id(desk):
    await inbound_file(desk, "image", JPEG)
    media_id = desk.receiver.items("messages")[0]["image"]["id"]
    assert (await desk.send_type("image", {"id": media_id}))[1]["error"]["code"] == 100


async def test_a_file_without_content_or_with_wrong_base64_is_refused(desk):
    body = {"phone_number_id": PHONE, "customer_id": "priya", "type": "image"}
    await desk.control("POST", "inbound", 400, json=body)
    await desk.control("POST", "inbound", 400, json=body | {"bytes_base64": "%%%"})
    assert (await desk.control("GET", "messages"))["total"] == 0


async def test_downloads_fail_on_demand(desk):
    media_id = await desk.uploaded(PDF, "application/pdf")
    url = (await desk.graph("GET", media_id))[1]["url"]
    await desk.fault(kind="expired_media", count=1)
    assert (await download(desk, url))[0].status == 404
    await desk.fault(kind="corrupt_media", count=1, match={"endpoint": "download", "phone_number_id": PHONE})
    response, data = await download(desk, url)
    assert response.status == 200 and len(data) == len(PDF) and data != PDF
    await desk.fault(kind="redirect_media", count=1, location="http://other.example/file")
    response, _data = await download(desk, url)
    assert (response.status, response.headers["Location"]) == (302, "http://other.example/file")
    assert (await download(desk, url))[1] == PDF


async def test_the_page_sends_and_shows_files(desk):
    path = f"chats/priya/{PHONE}"
    sent = await desk.phone("POST", f"{path}/media?kind=image&mime_type=image/jpeg&caption=Hi", data=JPEG)
    [medium] = sent["media"].values()
    assert (sent["type"], sent["text"], medium["mime_type"]) == ("image", "Hi", "image/jpeg")
    async with desk.client.get(f"/phone/api/media/{medium['id']}") as response:
        assert await response.read() == JPEG and "sandbox" in response.headers["Content-Security-Policy"]
    await desk.phone("POST", f"{path}/media?kind=poem", 400, data=JPEG)
    await desk.phone("GET", "media/1", 404)


async def test_reset_removes_the_files(desk):
    await desk.uploaded(PDF, "application/pdf")
    directory = desk.simulator.media.directory
    assert directory.is_dir()
    await desk.control("POST", "reset")
    assert not directory.exists()
