"""What is written on one side is read on the other: quotes, marks, scripts, and what must never arrive."""

import pytest
from playwright.sync_api import expect

HINDI = "नमस्ते, मेरा ऑर्डर कब आएगा? 🙏🏽"
ARABIC = "مرحبا، متى يصل طلبي رقم 42؟"


def test_note_stays_inside_and_looks_like_a_note(simulator, phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Note")
    agent, editor, phone = discuss_of("agent", thread_id), discuss_of("editor", thread_id), phone_of(customer)
    agent.write_note("Ask the warehouse first")
    for screen in (agent, editor):
        note = screen.message("Ask the warehouse first")
        expect(note.locator(".o-whatsapp_cs-MessageStatus-note")).to_have_text("Internal note")
        expect(note.locator(".o-whatsapp_cs-MessageDelivery")).to_have_count(0)
        expect(note.locator(".o-mail-Message-body")).to_have_css("border-top-style", "solid")

    # What follows it has arrived: so the note is not just late.
    agent.page.locator(".o-whatsapp_cs-noteToggle").click()
    agent.write("We look into it.")
    expect(phone.received("We look into it.")).to_have_count(1)
    expect(phone.received()).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["We look into it."]
    assert not [call for call in simulator.get("requests")["data"] if "warehouse" in str(call)]


def test_quoted_message_is_seen_as_quoted_on_both_sides(phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Quote", "Which colours do you have?")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    agent.act("Which colours do you have?", "Reply")
    expect(agent.page.locator(".o-mail-Composer-coreHeader")).to_contain_text("Replying to")
    agent.write("Green and blue")
    answer = phone.received("Green and blue")
    expect(answer.get_by_test_id("quote")).to_contain_text("Which colours do you have?")

    phone.quote("Green and blue", "Blue then")
    quoting = agent.message("Blue then").locator(".o-mail-MessageInReply-message")
    expect(quoting).to_have_text("Green and blue")


def test_marks_of_the_customer_are_shown_as_formatting(phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Marks")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    phone.write("I need *two* of them, _not_ ~three~ `SKU-7`")
    body = agent.body("of them")
    expect(body).to_have_text("I need two of them, not three SKU-7")
    for tag, text in (("b", "two"), ("i", "not"), ("s", "three"), ("code", "SKU-7")):
        expect(body.locator(tag)).to_have_text(text)


def test_marks_of_the_agent_are_formatting_on_the_phone(simulator, phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Bold")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    agent.write("Your order is *on its way*, _today_")
    bubble = phone.received("Your order is on its way, today").get_by_test_id("bubble-text")
    expect(bubble.locator("strong, b")).to_have_text("on its way")
    expect(bubble.locator("em, i")).to_have_text("today")
    assert simulator.texts_sent_to(customer) == ["Your order is *on its way*, _today_"]


@pytest.mark.parametrize("text", [HINDI, ARABIC], ids=["hindi", "arabic"])
def test_other_scripts_arrive_unchanged_on_both_sides(simulator, phone_of, discuss_of, conversation, text):
    customer, thread_id = conversation("Script")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    phone.write(text)
    expect(agent.body(text)).to_have_text(text)
    agent.write(f"{text}!")
    expect(phone.received(f"{text}!")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == [f"{text}!"]


def test_several_lines_stay_several_lines_on_both_sides(simulator, phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Lines", "first\nsecond\n\nfourth")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    assert agent.body("first").inner_text().split("\n") == ["first", "second", "", "fourth"]
    agent.composer.click()
    agent.composer.press_sequentially("one")
    agent.composer.press("Shift+Enter")
    agent.composer.press_sequentially("two")
    agent.composer.press("Enter")
    expect(phone.received("one")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["one\ntwo"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>document.title = 'hacked'</script> & <b>bold</b>",
        "<img src=x onerror=\"document.title='hacked'\">",
        "*<svg onload=document.title='hacked'>* https://example.com/?a=<b>",
    ],
    ids=["script", "image", "mark"],
)
def test_html_of_the_customer_is_shown_as_the_text_it_is(discuss_of, conversation, text):
    _customer, thread_id = conversation("Html", text)
    agent = discuss_of("agent", thread_id)
    body = agent.page.locator(".o-mail-Message-richBody")
    expect(body).to_have_text(text.replace("*", ""))
    expect(body.locator("script, img, svg")).to_have_count(0)
    assert "hacked" not in agent.page.title()


def test_html_of_the_agent_reaches_the_customer_as_text(simulator, phone_of, discuss_of, conversation):
    customer, thread_id = conversation("Tags")
    agent, phone = discuss_of("agent", thread_id), phone_of(customer)
    agent.write("Use <b>5 & 6</b> > 4")
    expect(phone.received("Use <b>5 & 6</b> > 4")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["Use <b>5 & 6</b> > 4"]
