"""An editor writes an automatic reply, tries it, and a customer gets it; then an agent answers and automation rests."""

import secrets

from playwright.sync_api import expect


def test_a_reply_is_written_tried_and_received(simulator, backend_of, discuss_of, phone_of):
    word = f"zebra{secrets.token_hex(3)}"
    editor = backend_of("editor")
    editor.open("whatsapp-automatic-replies/new")
    editor.field("name").locator("input").fill(f"Zebras {word}")
    editor.field("keywords").locator("textarea").fill(word)
    text = editor.field("text").locator("textarea")
    text.fill("x" * 257)
    counter = editor.page.locator(".o-whatsapp_cs-ReplyText-counter").first
    expect(counter).to_have_text("257 of 256 characters")
    text.fill("Hello {{first_name|there}}, zebras are in aisle 7. Shall I keep one for you until tomorrow evening?")
    expect(editor.page.locator(".o-whatsapp_cs-PhoneReply")).to_contain_text("Hello there, zebras are in aisle 7.")
    editor.field("button_1").locator("input").fill("Keep one")
    editor.field("button_1").locator("input").press("Tab")
    expect(editor.page.locator(".o-whatsapp_cs-TemplateBubble-button")).to_have_text(["Keep one"])
    editor.save()

    editor.page.get_by_role("button", name="Try It").click()
    dialog = editor.page.get_by_role("dialog")
    dialog.locator("[name='text'] input").fill(f"Where is the {word.upper()}?")
    dialog.locator("[name='text'] input").press("Enter")
    expect(dialog.locator(".o-whatsapp_cs-TryResult-outcome")).to_contain_text("answers.")
    expect(dialog.locator(".o-whatsapp_cs-PhoneReply")).to_contain_text("Hello Maria, zebras are in aisle 7.")
    expect(dialog.locator(".o-own")).to_contain_text(f"The message contains “{word}”.")
    dialog.get_by_role("button", name="Close").last.click()

    customer = simulator.new_customer("Zoe")
    phone = phone_of(customer)
    phone.write(f"{word}?")
    expect(phone.received("zebras are in aisle 7")).to_have_count(1)
    phone.write("Thanks, but which colours?")
    agent = discuss_of("agent", customer)
    agent.write("Black and white.")
    expect(agent.bar).to_contain_text("Automation rests until")
    phone.write(f"{word} again")
    expect(agent.message(f"{word} again")).to_be_visible()
    expect(phone.received("zebras are in aisle 7")).to_have_count(1)

    editor.open("whatsapp-automatic-replies")
    row = editor.page.locator(".o_data_row", has_text=word)
    row.locator("[name='active'] input").click()
    expect(row.locator("[name='active'] input")).not_to_be_checked()
