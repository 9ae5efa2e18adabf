"""What happens when WhatsApp refuses, is silent, or the customer has not written for a day."""

import pytest
from playwright.sync_api import expect

from .rpc import RpcError

DAY = 24 * 3600


@pytest.fixture
def late_clock(simulator):
    """``late_clock()``: for WhatsApp more than a day has passed; the clock is put right after the test."""
    turned = []

    def turn():
        simulator.turn_clock(DAY + 60)
        turned.append(True)

    yield turn
    for _each in turned:
        simulator.turn_clock(-(DAY + 60))


def test_refused_message_says_why_and_is_sent_once_by_retry(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Refused")
    agent, editor, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
    simulator.add_fault("error", code=131026, count=1, match={"endpoint": "messages"})
    agent.write("It is in the post")
    for screen in (agent, editor):
        screen.expect_ticks("It is in the post", "failed")
        expect(screen.message("It is in the post")).to_contain_text("The message can't be delivered")
    assert simulator.sent_to(customer) == []

    agent.retry("It is in the post").click()
    expect(phone.received("It is in the post")).to_have_count(1)
    agent.expect_ticks("It is in the post", "read")
    editor.expect_ticks("It is in the post", "read")
    expect(agent.retry("It is in the post")).to_have_count(0)
    simulator.wait_idle()
    assert simulator.texts_sent_to(customer) == ["It is in the post"]
    assert simulator.get("summary")["repeated_callback_data"] == {}


def test_message_that_whatsapp_gives_up_later_says_why_and_is_sent_by_retry_after_the_customer_wrote(
    simulator, phone_of, discuss_of, conversation, late_clock
):
    customer = conversation("Late")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    late_clock()
    agent.write("Sorry for the delay")
    agent.expect_ticks("Sorry for the delay", "failed")
    expect(agent.message("Sorry for the delay")).to_contain_text("More than 24 hours have passed")

    phone.write("Still there?")
    expect(agent.message("Still there?")).to_have_count(1)
    agent.retry("Sorry for the delay").click()
    agent.expect_ticks("Sorry for the delay", "read")
    expect(phone.received("Sorry for the delay")).to_have_count(1)
    simulator.wait_idle()
    statuses = [message["status"] for message in simulator.sent_to(customer)]
    assert statuses == ["failed", "read"]


def test_message_without_an_answer_waits_for_the_report_which_settles_it(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Silent")
    agent, editor, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
    simulator.add_fault("delay", seconds=8, match={"endpoint": "statuses"})
    simulator.add_fault("timeout_after_accept", seconds=1, count=1, match={"endpoint": "messages"})
    agent.write("Your parcel has left")
    expect(phone.received("Your parcel has left")).to_have_count(1)
    for screen in (agent, editor):
        screen.expect_ticks("Your parcel has left", "queued|sending")
        expect(screen.retry("Your parcel has left")).to_have_count(0)  # two minutes have not passed: a report may come
    for screen in (agent, editor):
        screen.expect_ticks("Your parcel has left", "delivered|read")
        expect(screen.retry("Your parcel has left")).to_have_count(0)
    expect(phone.received("Your parcel has left")).to_have_count(1)
    simulator.wait_idle()
    assert simulator.texts_sent_to(customer) == ["Your parcel has left"]
    assert simulator.get("summary")["repeated_callback_data"] == {}


def test_doubled_and_shuffled_reports_change_nothing(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Twice")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    simulator.add_fault("duplicate", copies=2)
    simulator.add_fault("reorder", size=6, ms=300)
    agent.write("One answer")
    phone.write("One question")
    expect(agent.message("One question")).to_have_count(1)
    expect(phone.received("One answer")).to_have_count(1)
    agent.expect_ticks("One answer", "read")
    simulator.wait_idle()
    agent.expect_ticks("One answer", "read")
    expect(agent.message("One question")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["One answer"]


def test_closed_window_is_explained_in_place_of_the_composer_and_opens_when_the_customer_writes(
    simulator, phone_of, discuss_of, thread_id_of, rpc_of
):
    customer = simulator.new_customer("Closed")
    simulator.write_long_ago(customer, "I wrote yesterday morning", hours=30)
    agent = discuss_of("agent", customer)
    expect(agent.message("I wrote yesterday morning")).to_have_count(1)
    expect(agent.composer).to_be_hidden()
    expect(agent.bar).to_contain_text("The 24-hour window closed at")
    with pytest.raises(RpcError, match="The 24-hour window is closed") as refused:
        rpc_of("agent").post(thread_id_of(customer), "Are you still there?")
    assert refused.value.name == "odoo.exceptions.UserError"
    assert simulator.sent_to(customer) == []

    phone_of(customer).write("I am back")
    expect(agent.composer).to_be_visible()
    agent.write("Welcome back")
    agent.expect_ticks("Welcome back", "read")


def test_note_can_be_written_while_the_window_is_closed(simulator, discuss_of):
    customer = simulator.new_customer("Noted")
    simulator.write_long_ago(customer, "I wrote yesterday morning", hours=30)
    agent = discuss_of("agent", customer)
    agent.bar.get_by_role("button", name="Add internal note").click()
    agent.write("Called the customer by phone")
    expect(agent.message("Called the customer by phone").locator(".o-whatsapp_cs-MessageStatus-note")).to_be_visible()
    simulator.wait_idle()
    assert simulator.sent_to(customer) == []


# Last here: what it leaves in the outbox must not meet another test's fault.
def test_temporary_problem_is_overcome_without_anybody_noticing(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Hiccup")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    simulator.add_fault("error", code=131000, count=1, match={"endpoint": "messages"})
    agent.write("Here is your invoice")
    expect(phone.received("Here is your invoice")).to_have_count(1, timeout=8000)  # the first pause is 2 s
    agent.expect_ticks("Here is your invoice", "read")
    assert simulator.texts_sent_to(customer) == ["Here is your invoice"]
