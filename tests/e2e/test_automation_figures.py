"""How automation hands over to people, what they think of its answers, and the figures that come of it."""

import pytest
from playwright.sync_api import expect

from .conftest import RESULTS


@pytest.fixture
def switch_on(rpc_of):
    """``switch_on("Example: Price")``: the administrator switches examples on; they are off again after the test."""
    rpc, switched = rpc_of("admin"), []

    def switch_on(*names):
        domain = [["name", "in", names], ["active", "=", False]]
        ids = rpc.call("whatsapp.cs.auto.reply", "search", domain)
        assert len(ids) == len(names)
        rpc.call("whatsapp.cs.auto.reply", "write", ids, {"active": True})
        switched.extend(ids)

    yield switch_on
    rpc.call("whatsapp.cs.auto.reply", "write", switched, {"active": False})


def test_an_agent_finds_the_card_and_rates_the_answers(switch_on, conversation, phone_of, discuss_of, thread_id_of):
    switch_on("Example: Price", "Example: Shipping fee")
    customer = conversation("Meera", "How much is the blue kettle?")
    phone = phone_of(customer)
    expect(phone.received("Prices depend on size")).to_be_visible()
    phone.write("And how much is shipping to Pune?")
    expect(phone.received("The shipping fee depends")).to_be_visible()
    phone.page.get_by_text("Talk to a person").last.click()

    discuss = discuss_of("agent", customer)
    card = discuss.message("Handed over to a person")
    expect(card).to_be_visible()
    expect(card).to_contain_text("The customer wants to talk to a person")
    expect(card).to_contain_text("Internal note")
    discuss.act("The shipping fee depends", "Wrong Answer")
    rated = discuss.page.get_by_text("Rated as a wrong answer")
    expect(rated).to_be_visible()
    discuss.page.screenshot(path=RESULTS / "automation-card.png")
    discuss.act("The shipping fee depends", "The Answer Was Right After All")
    expect(rated).to_have_count(0)


def test_an_analyst_sees_figures_and_goals_and_no_customer(backend_of):
    page = backend_of("analyst").open("whatsapp-automation-figures").page
    expect(page.get_by_text("Right answers")).to_be_visible()
    expect(page.locator("[name='accuracy_goal']")).to_contain_text("90")
    page.screenshot(path=RESULTS / "automation-figures.png")
    page.get_by_role("button", name="automatic answers").click()
    expect(page.locator(".o_pivot, .o_list_view, .o_graph_view").first).to_be_visible()
    page.screenshot(path=RESULTS / "automation-analysis.png")


def test_an_editor_builds_a_follow_up(backend_of):
    form = backend_of("editor").open("whatsapp-follow-ups/new")
    page = form.page
    page.locator("[name='name'] input").fill("Three days after the offer")
    page.locator("[name='event'] select, [name='event'] input").first.click()
    page.get_by_text("A link was clicked").last.click()
    page.locator("[name='url_part'] input").fill("/offer")
    page.locator("[name='delay'] input").fill("72")
    page.locator("[name='text'] textarea").fill("Hello {{first_name}}, are you still interested?")
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_notification, .o_dialog").first).to_contain_text("choose an approved template")
    page.screenshot(path=RESULTS / "automation-follow_refused.png")
    page.locator(".o_dialog").get_by_role("button", name="Stay here").or_(
        page.locator(".o_dialog .btn-close, .o_dialog .btn-primary")
    ).first.click()
    page.locator("[name='delay'] input").fill("20")
    form.save()
    page.screenshot(path=RESULTS / "automation-follow_form.png")
    expect(form.stat_button("Waiting")).to_be_visible()
