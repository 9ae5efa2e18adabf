"""The administrator connects an account and sees each step as it happens."""

import pytest
from playwright.sync_api import expect

STEPS = ("token", "numbers", "webhook", "test_event", "status")
WABA = "101000000000002"  # Kaveri Home: nobody else's test writes to it
RIGHT_TOKEN = "SIM-TOKEN-2"


@pytest.fixture
def account_form(backend_of, rpc_of):
    """The account's form; whatever the test does to the token, it works again afterwards."""
    rpc = rpc_of("admin")
    [account_id] = rpc.call("whatsapp.cs.account", "search", [["waba_id", "=", WABA]])
    form = backend_of("admin").open_form("whatsapp-accounts", account_id)
    yield form
    rpc.call("whatsapp.cs.account", "write", [account_id], {"access_token": RIGHT_TOKEN})
    rpc.call("whatsapp.cs.account", "action_connect", [account_id])
    form.page.reload()
    expect_connected(form)


def expect_connected(form):
    for code in STEPS:
        expect(form.step(code)).to_have_attribute("data-state", "done")
    expect(form.page.locator(".o_statusbar_status .o_arrow_button_current")).to_have_text("Connected")


def enter_token(form, token):
    save = form.page.locator(".o_form_button_save")
    for _try in range(3):
        form.field("access_token").locator("input").fill(token)
        form.page.wait_for_timeout(500)
        if save.is_visible():
            break  # else the last step came just now, and the record was read again while we typed
    form.save()


def test_check_connection_turns_every_step_green_live(account_form):
    form = account_form
    form.page.get_by_role("button", name="Check Connection").click()
    expect(form.page.locator(".o-whatsapp_cs-ConnectionSteps li[data-state='running']")).to_be_visible()
    expect_connected(form)


def test_wrong_token_shows_the_failing_step_with_its_fix_and_the_right_one_works_again(account_form):
    form = account_form
    enter_token(form, f"{RIGHT_TOKEN}-EXPIRED")
    form.page.get_by_role("button", name="Check Connection").click()
    expect(form.step("token")).to_have_attribute("data-state", "failed")
    expect(form.step("token")).to_contain_text("The access token is not valid any more.")
    expect(form.step("token").get_by_role("alert")).to_contain_text("Create a new token for a system user")
    expect(form.step("numbers")).to_have_attribute("data-state", "waiting")

    enter_token(form, RIGHT_TOKEN)  # nothing to press: a blocked account connects as soon as it can
    expect_connected(form)
