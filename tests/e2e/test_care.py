"""What WhatsApp decides about an account reaches the administrator, and registering a number says what is missing."""

import pytest
from playwright.sync_api import expect

WABA = "101000000000002"  # Kaveri Home: nobody else's test writes to it
RESTRICTION = {
    "event": "ACCOUNT_RESTRICTION",
    "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
}
REINSTATED = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}


@pytest.fixture
def decide(simulator):
    """``decide(value, can_send_message)``: WhatsApp decides about the account; at the end it may send again."""

    def decide(value, can_send_message):
        simulator.post(
            "account_webhook", waba_id=WABA, field="account_update", value=value, can_send_message=can_send_message
        )

    yield decide
    decide(REINSTATED, "AVAILABLE")


def reload_until(form, locator):
    """Look again until the form shows it: what the server does by itself moves no screen."""
    form.page.reload()
    for _try in range(20):
        expect(form.page.locator(".o_form_view")).to_be_visible()
        if locator.is_visible():
            return
        form.page.wait_for_timeout(500)
        form.page.reload()
    expect(locator).to_be_visible()


def test_a_restriction_is_shown_until_whatsapp_lifts_it(backend_of, rpc_of, decide):
    [account_id] = rpc_of("admin").call("whatsapp.cs.account", "search", [["waba_id", "=", WABA]])
    form = backend_of("admin").open_form("whatsapp-accounts", account_id)
    state = form.page.locator(".o_statusbar_status .o_arrow_button_current")
    expect(state).to_have_text("Connected")
    decide(RESTRICTION, "BLOCKED")
    reload_until(form, form.page.get_by_text("Nothing is sent; messages wait in the outbox."))
    expect(form.field("blocked_reason")).to_contain_text("RESTRICTED_BIZ_INITIATED_MESSAGING")
    form.page.get_by_role("button", name="Show them").click()
    expect(form.page.locator(".o_data_row").filter(has_text="WhatsApp has restricted this account.")).to_be_visible()
    form.page.go_back()

    decide(REINSTATED, "AVAILABLE")
    reload_until(form, state.filter(has_text="Connected"))
    expect(form.page.get_by_role("button", name="Show them")).to_have_count(0)


def test_a_registration_says_everything_that_is_missing_at_once(backend_of):
    form = backend_of("admin").open("whatsapp-registrations/new")
    form.field("business_name").locator("input").fill("Lakeside Boats")
    form.page.get_by_role("button", name="Submit", exact=True).click()
    dialog = form.page.locator(".o_dialog")
    for missing in ("the industry", "the phone number", "the e-mail address", "a scan of the licence"):
        expect(dialog).to_contain_text(missing)
