"""What is written on one side is read on the other: quotes, marks, scripts, and what must never arrive."""

from playwright.sync_api import expect

HINDI = "नमस्ते, मेरा ऑर्डर कब आएगा? 🙏🏽"
ARABIC = "مرحبا، متى يصل طلبي رقم 42؟"
HTML = (
    "<script>document.title = 'hacked'</script> & <b>bold</b>",
    "<img src=x onerror=\"document.title='hacked'\">",
    "*<svg onload=document.title='hacked'>* https://example.com/?a=<b>",
)


def test_note_stays_inside_and_looks_like_a_note(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Note")
    agent, editor, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
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
    assert not [call for call in simulator.get("requests")["data"] if "Ask the warehouse first" in str(call)]


def test_quoted_message_is_seen_as_quoted_on_both_sides(phone_of, discuss_of, conversation):
    customer = conversation("Quote", "Which colours do you have?")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    agent.act("Which colours do you have?", "Reply")
    expect(agent.page.locator(".o-mail-Composer-coreHeader")).to_contain_text("Replying to")
    agent.write("Green and blue")
    answer = phone.received("Green and blue")
    expect(answer.get_by_test_id("quote")).to_contain_text("Which colours do you have?")

    phone.quote("Green and blue", "Blue then")
    quoting = agent.message("Blue then").locator(".o-mail-MessageInReply-message")
    expect(quoting).to_have_text("Green and blue")


def test_marks_are_formatting_on_both_sides(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Marks")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    phone.write("I need *two* of them, _not_ ~three~ `SKU-7`")
    body = agent.body("of them")
    expect(body).to_have_text("I need two of them, not three SKU-7")
    for tag, text in (("b", "two"), ("i", "not"), ("s", "three"), ("code", "SKU-7")):
        expect(body.locator(tag)).to_have_text(text)

    agent.write("Your order is *on its way*, _today_")
    bubble = phone.received("Your order is on its way, today").get_by_test_id("bubble-text")
    expect(bubble.locator("strong, b")).to_have_text("on its way")
    expect(bubble.locator("em, i")).to_have_text("today")
    assert simulator.texts_sent_to(customer) == ["Your order is *on its way*, _today_"]


def test_hindi_and_arabic_arrive_unchanged_on_both_sides(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Script")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    for text in (HINDI, ARABIC):
        phone.write(text)
        expect(agent.body(text)).to_have_text(text)
        agent.write(f"{text}!")
        expect(phone.received(f"{text}!")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == [f"{HINDI}!", f"{ARABIC}!"]


def test_several_lines_stay_several_lines_on_both_sides(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Lines", "first\nsecond\n\nfourth")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    assert agent.body("first").inner_text().split("\n") == ["first", "second", "", "fourth"]
    agent.composer.click()
    agent.composer.press_sequentially("one")
    agent.composer.press("Shift+Enter")
    agent.composer.press_sequentially("two")
    agent.composer.press("Enter")
    expect(phone.received("one")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["one\ntwo"]


def test_html_of_the_customer_is_shown_as_the_text_it_is(phone_of, discuss_of, conversation):
    customer = conversation("Html")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    for text in HTML:
        phone.write(text)
        expect(agent.body(text.replace("*", ""))).to_have_count(1)
    expect(agent.page.locator(".o-mail-Message-richBody").locator("script, img, svg")).to_have_count(0)
    assert "hacked" not in agent.page.title()


def test_html_of_the_agent_reaches_the_customer_as_text(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Tags")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    agent.write("Use <b>5 & 6</b> > 4")
    expect(phone.received("Use <b>5 & 6</b> > 4")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["Use <b>5 & 6</b> > 4"]
