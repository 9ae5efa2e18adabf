"""Every kind of message, between the phone page and Discuss."""

import base64
from pathlib import Path

from playwright.sync_api import expect

from .simulator_client import NUMBER

PICTURE = Path(__file__).resolve().parents[2] / "whatsapp_cs/static/description/icon.png"


def send(simulator, customer, kind, content, **values):
    """The customer sends a message of any type, as WhatsApp passes it on."""
    raw = {"type": kind, kind: content, **values}
    return simulator.post("inbound", phone_number_id=NUMBER, customer_id=customer["id"], raw=raw)["id"]


def test_what_customers_send_is_drawn_for_the_agent(simulator, discuss_of):
    customer = simulator.new_customer("Lata")
    wamid = simulator.write(customer, "Where are you?")
    agent = discuss_of("agent")
    agent.choose(customer)
    card = agent.page.locator(".o-mail-Thread .o-whatsapp_cs-MessageCard")

    send(simulator, customer, "location", {"latitude": 12.9763, "longitude": 77.5929, "name": "Cubbon Park"})
    expect(card.filter(has_text="Cubbon Park")).to_contain_text("Show on a map")
    people = [{"name": {"formatted_name": "Ravi Rao", "first_name": "Ravi"}, "phones": [{"phone": "+91 98000 77777"}]}]
    send(simulator, customer, "contacts", people)
    expect(card.filter(has_text="Ravi Rao")).to_contain_text("Open as contact")
    items = [{"product_retailer_id": "KETTLE-RED", "quantity": 2, "item_price": 1200, "currency": "INR"}]
    send(simulator, customer, "order", {"catalog_id": "7", "product_items": items})
    expect(card.filter(has_text="KETTLE-RED")).to_contain_text("2,400.00 INR")
    send(simulator, customer, "unsupported", {"type": "poll"}, errors=[{"code": 131051, "title": "unsupported"}])
    expect(card.filter(has_text="a poll")).to_be_visible()
    send(
        simulator,
        customer,
        "edit",
        {"original_message_id": wamid, "message": {"type": "text", "text": {"body": "Where is your shop?"}}},
    )
    expect(agent.message("Where is your shop?")).to_contain_text("Changed by the customer")
    send(simulator, customer, "reaction", {"message_id": wamid, "emoji": "😀"})
    expect(agent.message("Where is your shop?").locator(".o-mail-MessageReactions")).to_contain_text("😀")

    card.filter(has_text="Ravi Rao").get_by_role("button", name="Open as contact").click()
    dialog = agent.page.get_by_role("dialog")
    expect(dialog.locator("[name=name] input, [name=name] textarea").first).to_have_value("Ravi Rao")
    dialog.get_by_role("button", name="Discard").click()


def test_agent_sends_buttons_and_the_limits_show_while_typing(simulator, conversation, discuss_of):
    customer = conversation("Mina")
    agent = discuss_of("agent")
    agent.choose(customer)
    agent.type("Hello Mina")
    agent.page.get_by_role("button", name="More Actions").click()
    agent.page.get_by_role("menuitem", name="Buttons", exact=True).or_(
        agent.page.get_by_role("button", name="Buttons", exact=True)
    ).click()
    dialog = agent.page.get_by_role("dialog")
    dialog.locator("textarea[name=body]").fill("Shall we deliver today?")
    first = dialog.locator("input").nth(1)
    first.fill("A title that is much too long")
    expect(dialog.get_by_text("29 / 20")).to_be_visible()
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at most 20")
    first.fill("Yes, please")
    expect(dialog.locator(".o-whatsapp_cs-RichMessage-bubble")).to_contain_text("Yes, please")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_be_hidden()
    expect(agent.message("Shall we deliver today?")).to_contain_text("Yes, please")
    agent.expect_ticks("Shall we deliver today?", "sent|delivered|read")
    [sent] = [message for message in simulator.sent_to(customer) if message["type"] == "interactive"]
    assert sent["payload"]["interactive"]["action"]["buttons"][0]["reply"]["title"] == "Yes, please"


def test_pictures_go_both_ways(simulator, conversation, discuss_of):
    customer = conversation("Tara")
    agent = discuss_of("agent")
    agent.choose(customer)
    picture = base64.b64encode(PICTURE.read_bytes()).decode()
    simulator.post(
        "inbound", phone_number_id=NUMBER, customer_id=customer["id"], type="image", bytes_base64=picture,
        mime_type="image/png", caption="Is it this one?",
    )  # fmt: skip
    message = agent.message("Is it this one?")
    expect(message.locator(".o-mail-AttachmentList img").first).to_be_visible()
    with agent.page.expect_file_chooser() as chooser:
        agent.page.get_by_role("button", name="More Actions").click()
        agent.page.get_by_text("Attach Files").click()
    chooser.value.set_files(PICTURE)
    expect(agent.page.locator(".o-mail-Composer .o-mail-AttachmentContainer")).to_have_count(1)
    agent.type("Yes, this one")
    agent.expect_ticks("Yes, this one", "sent|delivered|read")
    [sent] = [message for message in simulator.sent_to(customer) if message["type"] == "image"]
    assert sent["payload"]["image"]["caption"] == "Yes, this one"
