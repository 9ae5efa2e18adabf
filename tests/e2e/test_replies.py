"""A slash finds answers and macros; when all is done the customer says how it was."""

import pytest
from playwright.sync_api import expect

from .conftest import RESULTS

SUGGESTION = ".o-mail-Composer-suggestion"


@pytest.fixture
def replies(rpc_of):
    """A canned reply and a macro of the editor's, gone afterwards."""
    editor, admin = rpc_of("editor"), rpc_of("admin")
    [agents] = admin.call("ir.model.data", "search_read", [["name", "=", "whatsapp_cs_group_agent"]], ["res_id"])
    reply = {
        "source": "opening hours",
        "substitution": "Hello {{first_name}}, we are here from 9 to 18.",
        "group_ids": [[6, 0, [agents["res_id"]]]],
    }
    [reply_id] = editor.call("mail.canned.response", "create", [reply])
    steps = [{"kind": "reply", "text": "You are welcome, {{first_name}}!"}, {"kind": "resolve"}]
    macro = {"name": "Thank and resolve", "step_ids": [[0, 0, step] for step in steps]}
    [macro_id] = editor.call("whatsapp.cs.macro", "create", [macro])
    yield
    admin.call("whatsapp.cs.macro", "unlink", [macro_id])
    editor.call("mail.canned.response", "unlink", [reply_id])


@pytest.fixture
def asks_rating(rpc_of):
    """The number asks its customers at once; afterwards it does not any more."""
    admin = rpc_of("admin")
    ids = admin.call("whatsapp.cs.channel", "search", [["state", "=", "live"]])
    admin.call("whatsapp.cs.channel", "write", ids, {"asks_rating": True, "rating_delay_minutes": 0})
    yield
    admin.call("whatsapp.cs.channel", "write", ids, {"asks_rating": False, "rating_delay_minutes": 5})


def test_a_slash_finds_answers_and_macros_and_the_customer_rates(
    replies, asks_rating, conversation, discuss_of, phone_of, backend_of
):
    customer = conversation("Nora", "When are you open?")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    agent.composer.press_sequentially("/")
    expect(agent.page.locator(SUGGESTION, has_text="Thank and resolve")).to_be_visible()
    agent.page.screenshot(path=RESULTS / "palette.png")
    agent.composer.press_sequentially("hours")
    expect(agent.page.locator(SUGGESTION)).to_have_count(1)
    agent.page.keyboard.press("Enter")
    expect(agent.composer).to_have_value(f"Hello {customer['name'].split()[0]}, we are here from 9 to 18.")
    agent.page.keyboard.press("Enter")
    expect(phone.received("we are here from 9 to 18")).to_have_count(1)

    agent.composer.press_sequentially("/thank")
    agent.page.locator(SUGGESTION, has_text="Thank and resolve").click()
    dialog = agent.page.locator(".modal")
    expect(dialog.locator(".o-whatsapp_cs-macroSteps li")).to_have_count(2)
    agent.page.screenshot(path=RESULTS / "macro.png")
    agent.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(agent.notification).to_contain_text("“Thank and resolve” is done.")
    agent.page.screenshot(path=RESULTS / "macro-done.png")
    expect(phone.received("You are welcome")).to_have_count(1)

    question = phone.received("How was our service?")
    expect(question).to_have_count(1)
    phone.page.screenshot(path=RESULTS / "rating-question.png")
    question.get_by_test_id("bubble-button").click()
    sheet = phone.page.get_by_test_id("list-sheet")
    sheet.get_by_text("Poor").click()
    sheet.get_by_test_id("list-send").click()
    expect(phone.received("Would you like to tell us more?")).to_have_count(1)
    phone.received("Would you like to tell us more?").get_by_test_id("bubble-button").filter(
        has_text="Write a comment"
    ).click()
    expect(phone.received("please write it in one message")).to_have_count(1)
    phone.write("It took three days")
    expect(phone.received("Thank you! Your comment helps us.")).to_have_count(1)
    phone.page.screenshot(path=RESULTS / "rating-phone.png")

    editor = backend_of("editor").open("whatsapp-ratings")
    row = editor.page.locator(".o_data_row", has_text=customer["name"])
    expect(row).to_contain_text("It took three days")
    editor.page.screenshot(path=RESULTS / "ratings.png")
    row.get_by_role("button", name="Looked At").click()
    expect(row.get_by_role("button", name="Looked At")).to_have_count(0)


def test_an_administrator_sees_who_did_what(rpc_of, backend_of):
    ids = rpc_of("admin").call("whatsapp.cs.channel", "search", [["state", "=", "live"]], limit=1)
    rpc_of("admin").call("whatsapp.cs.channel", "write", ids, {"reopen_hours": 36})
    rpc_of("admin").call("whatsapp.cs.channel", "write", ids, {"reopen_hours": 24})
    admin = backend_of("admin").open("whatsapp-audit")
    row = admin.page.locator(".o_data_row", has_text="Reopen Within (Hours)").first
    expect(row).to_contain_text("36")
    expect(row).to_contain_text("24")
    admin.page.screenshot(path=RESULTS / "audit.png")
    row.click()
    expect(admin.page.locator(".o_form_view")).to_contain_text("IP Address")
    admin.page.screenshot(path=RESULTS / "audit-form.png")
    for path, name in (
        ("whatsapp-replies", "replies"),
        ("whatsapp-macros", "macros"),
        ("whatsapp-reply-use", "reply-use"),
        ("whatsapp-settings", "settings"),
    ):
        admin.open(path)
        expect(admin.page.locator(".o_action_manager .o_view_controller")).to_be_visible()
        admin.page.wait_for_timeout(500)
        admin.page.screenshot(path=RESULTS / f"{name}.png")
