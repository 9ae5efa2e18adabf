"""The business profile of a number, and what an account's health says."""

import pytest

from .conftest import PHONE, WABA

pytestmark = pytest.mark.asyncio

EDGE = f"{PHONE}/whatsapp_business_profile"
FIELDS = "about,address,description,email,websites,vertical"


async def test_what_is_written_is_read_and_the_rest_stays(desk):
    for part in ({"about": "Open till six", "vertical": "RETAIL"}, {"websites": ["https://a.example"]}):
        status, answer = await desk.graph("POST", EDGE, json={"messaging_product": "whatsapp", **part})
        assert (status, answer) == (200, {"success": True})
    _status, answer = await desk.graph("GET", f"{EDGE}?fields={FIELDS}")
    assert answer["data"] == [
        {
            "about": "Open till six",
            "vertical": "RETAIL",
            "websites": ["https://a.example"],
            "messaging_product": "whatsapp",
        }
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"about": ""},
        {"about": "x" * 140},
        {"websites": ["https://a.example"] * 3},
        {"vertical": "SHOES"},
        {"colour": "red"},
        {"profile_picture_handle": "4::nothing"},
    ],
)
async def test_a_profile_that_meta_would_not_take_is_refused(desk, part):
    status, answer = await desk.graph("POST", EDGE, json={"messaging_product": "whatsapp", **part})
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_unknown_fields_of_a_profile_are_refused(desk):
    assert (await desk.graph("GET", f"{EDGE}?fields=about,colour"))[0] == 400


async def test_a_restricted_account_says_so_in_its_health(desk):
    body = {"waba_id": WABA, "field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}
    await desk.control("POST", "account_webhook", json={**body, "can_send_message": "BLOCKED"})
    _status, answer = await desk.graph("GET", f"{WABA}?fields=health_status")
    assert answer["health_status"]["can_send_message"] == "BLOCKED"
    assert answer["health_status"]["entities"][0]["errors"]
