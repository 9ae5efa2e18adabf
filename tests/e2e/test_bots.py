"""An administrator builds a bot, sees what is wrong with it, and talks with it before any customer does."""

import pytest
from playwright.sync_api import expect

CHOICES = ("Dry", "Oily", "Mixed")


@pytest.fixture
def bot_id(rpc_of):
    """A bot with a fault: nothing leads to its island, and the last step is no end."""
    rpc = rpc_of("admin")
    bot_id = rpc.call("whatsapp.cs.bot", "create", {"name": "Find Your Skin Care"})

    def add(kind, name, text, choices=(), **values):
        titles = [[0, 0, {"title": title}] for title in choices]
        values = {"bot_id": bot_id, "kind": kind, "name": name, "text": text, "choice_ids": titles, **values}
        return rpc.call("whatsapp.cs.bot.step", "create", values)

    add("message", "Welcome", "Hello! Five short questions, then we know what is good for you.")
    add("buttons", "Skin Type", "What is your skin like?", CHOICES, variable="skin")
    add("list", "Concern", "What bothers you most?", [f"Concern {number}" for number in range(1, 13)])
    add("text", "Age", "How old are you?", format="number", min_value=10, max_value=99)
    end = add("end", "Goodbye", "For {{skin}} skin we recommend our *Rich Cream*. Thank you!")
    island = add("message", "Island", "Nobody ever reads this.", next_id=end)
    rpc.call("whatsapp.cs.bot.step", "write", [island], {"sequence": 5})
    [first] = rpc.call("whatsapp.cs.bot.step", "search", [["bot_id", "=", bot_id], ["name", "=", "Welcome"]])
    rpc.call("whatsapp.cs.bot.step", "write", [first], {"sequence": 1})
    rpc.call("whatsapp.cs.bot.step", "write", [first], {"next_id": first + 1})
    return bot_id


def test_a_bot_is_mended_by_its_map_and_run_through(backend_of, bot_id):
    form = backend_of("admin").open_form("whatsapp-bots", bot_id)
    page = form.page
    node = page.locator(".o-whatsapp_cs-BotMap-node")
    expect(node).to_have_count(6)
    expect(node.filter(has_text="Island")).to_contain_text("No step leads here")
    page.get_by_role("button", name="Publish", exact=True).click()
    refusal = page.locator(".o_dialog")
    expect(refusal).to_contain_text("Island: no step leads to it")
    refusal.get_by_role("button", name="Close").first.click()

    node.filter(has_text="Welcome").click()
    step = page.locator(".o_dialog")
    step.locator("[name='next_id'] input").fill("Island")
    page.locator(".o-autocomplete--dropdown-item").filter(has_text="Island").click()
    step.get_by_role("button", name="Save").click()
    expect(page.locator(".o-whatsapp_cs-BotMap-unreachable.o-whatsapp_cs-BotMap-node")).to_have_count(3)
    node.filter(has_text="Island").click()
    step.locator("[name='next_id'] input").fill("Skin Type")
    page.locator(".o-autocomplete--dropdown-item").filter(has_text="Skin Type").click()
    step.get_by_role("button", name="Save").click()
    expect(page.locator(".o-whatsapp_cs-BotMap-unreachable.o-whatsapp_cs-BotMap-node")).to_have_count(0)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Published")

    page.get_by_role("button", name="Run Through").click()
    phone = page.locator(".o-whatsapp_cs-BotRunThrough")
    said = phone.locator(".o-whatsapp_cs-BotRunThrough-said")
    phone.get_by_role("button", name="Dry").click()
    expect(said.last).to_contain_text("What bothers you most?")
    said.last.locator("button").first.click()
    said.last.get_by_role("button", name="More…").click()
    expect(said).to_have_count(5)
    said.last.locator("button").first.click()
    said.last.get_by_role("button", name="Concern 12").click()
    expect(said.last).to_contain_text("How old are you?")
    phone.get_by_placeholder("Message").fill("five")
    phone.get_by_placeholder("Message").press("Enter")
    expect(said.last).to_contain_text("Please answer with a number from 10 to 99.")
    phone.get_by_placeholder("Message").fill("34")
    phone.get_by_placeholder("Message").press("Enter")
    expect(said.last).to_contain_text("For Dry skin we recommend our Rich Cream.")
    expect(phone.locator(".o-whatsapp_cs-BotRunThrough-path")).to_have_text(
        "Path taken: Welcome → Island → Skin Type → Concern → Age → Goodbye"
    )
    expect(page.locator(".o-whatsapp_cs-BotMap-takenLine")).to_have_count(5)
