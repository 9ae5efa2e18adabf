"""An agent whose language is written from right to left."""

import shutil

import pytest
from playwright.sync_api import expect


def get_style(locator, name):
    return locator.evaluate("(element, name) => getComputedStyle(element).getPropertyValue(name)", name)


@pytest.mark.skipif(not shutil.which("rtlcss"), reason="scripts/setup could not install rtlcss: no npm, or no network")
def test_an_arabic_agent_has_everything_on_the_other_side(conversation, thread_id_of, rpc_of, desk_of, phone_of):
    admin = rpc_of("admin")
    languages = admin.call("res.lang", "search", [["code", "=", "ar_001"]], context={"active_test": False})
    admin.call("res.lang", "write", languages, {"active": True})
    [agent] = admin.call("res.users", "search_read", [["login", "=", "agent"]], ["group_ids"])
    if not admin.call("res.users", "search_count", [["login", "=", "arabic"]]):
        user = {"name": "Amal Agent", "login": "arabic", "email": "arabic@example.com", "password": "arabic"}
        groups = [[6, 0, agent["group_ids"]]]
        admin.call("res.users", "create", [{**user, "lang": "ar_001", "group_ids": groups, "tour_enabled": False}])

    customer = conversation("Amira", text="مرحبا، أين طلبي رقم 12؟")
    thread_id_of(customer)
    screen = desk_of("arabic")
    page = screen.page
    screen.choose_tab("queue")
    screen.choose(customer["name"])
    expect(page.locator("body")).to_have_css("direction", "rtl")
    desk_list = page.locator(".o-whatsapp_cs-Desk-list")
    assert desk_list.bounding_box()["x"] > screen.composer.bounding_box()["x"], "the list is on the right"
    assert (get_style(desk_list, "border-left-width"), get_style(desk_list, "border-right-width")) == ("1px", "0px")
    screen.write("طلبك في الطريق")
    expect(phone_of(customer).received("طلبك في الطريق")).to_have_count(1)
    expect(screen.message("طلبك في الطريق")).to_have_count(1)
