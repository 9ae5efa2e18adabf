"""The administrator sees on one screen whether messages flow."""

import re

import pytest
import requests
from playwright.sync_api import expect

from .conftest import RESULTS, SCREEN

PHONE = {"width": 390, "height": 844}
WABA = "101000000000001"


@pytest.fixture
def refuse(rpc_of, demo):
    """``refuse()``: somebody calls the webhook and can't sign."""

    def refuse():
        [account] = rpc_of("admin").call(
            "whatsapp.cs.account", "search_read", [["waba_id", "=", WABA]], ["webhook_token"]
        )
        url = f"{demo.odoo_url}/whatsapp_cs/webhook/{account['webhook_token']}"
        answer = requests.post(url, json={}, headers={"X-Hub-Signature-256": "sha256=" + "0" * 64}, timeout=15)
        assert answer.status_code == 403

    return refuse


def open_health(backend):
    backend.open("whatsapp-health")
    expect(tile(backend, "inbox")).to_be_visible()
    return backend


def tile(backend, code):
    return backend.page.locator(f".o-whatsapp_cs-HealthTile[data-code='{code}']")


def get_number(backend, code):
    return int(tile(backend, code).locator(".o-whatsapp_cs-HealthTile-value").inner_text())


def expect_number(backend, code, number):
    value = tile(backend, code).locator(".o-whatsapp_cs-HealthTile-value")
    expect(value).to_have_text(str(number), timeout=25_000)  # by itself, every ten seconds


def test_a_refused_call_shows_up_by_itself_and_is_found(backend_of, conversation, refuse):
    conversation("Seen")
    admin = open_health(backend_of("admin"))
    before = get_number(admin, "refusals")
    refuse()
    expect_number(admin, "refusals", before + 1)
    expect(tile(admin, "refusals").locator(".o-whatsapp_cs-HealthTile-state")).to_contain_text("Have a look")
    expect(tile(admin, "refusals").get_by_role("button", name="Wrong Signature")).to_be_visible()
    tile(admin, "refusals").locator(".o-whatsapp_cs-HealthTile-value").click()
    expect(admin.page.locator(".o_breadcrumb")).to_contain_text("Refused calls, 24 hours")
    expect(admin.page.locator(".o_data_row")).to_have_count(before + 1)
    admin.page.locator(".o_breadcrumb").get_by_role("link", name="Technical Health").click()
    expect(tile(admin, "refusals")).to_be_visible()


def test_the_menu_leads_to_the_screen_on_a_desk_and_on_a_phone(backend_of, conversation):
    conversation("Seen")
    admin = backend_of("admin").open("")
    admin.open_app("WhatsApp")
    admin.page.get_by_role("button", name="Reporting").click()
    admin.page.get_by_role("menuitem", name="Technical Health").click()
    expect(tile(admin, "lag").locator(".o-whatsapp_cs-HealthTile-value")).to_have_text(re.compile(r"\d+ (ms|s)$"))
    expect(tile(admin, "jobs")).to_contain_text("WhatsApp: process webhooks")
    history = admin.page.locator(".o-whatsapp_cs-Health-history")
    expect(history.locator("canvas").or_(history.get_by_text("The first figures"))).to_be_visible()
    for name, size in (("desk", SCREEN), ("phone", PHONE)):
        admin.page.set_viewport_size(size)
        expect(tile(admin, "inbox")).to_be_visible()
        # nobody has to move it sideways
        admin.page.wait_for_function("document.querySelector('.o_content').scrollWidth <= window.innerWidth")
        RESULTS.mkdir(exist_ok=True)
        admin.page.screenshot(path=RESULTS / f"health-{name}.png")


def test_who_is_no_administrator_is_told_so(backend_of):
    agent = backend_of("agent").open("whatsapp-health")
    expect(agent.page.get_by_text("Technical Health is for WhatsApp administrators")).to_be_visible()
