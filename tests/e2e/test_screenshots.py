"""Renews the pictures of the documentation: ``SCREENSHOTS=1 scripts/test outside tests/e2e/test_screenshots.py``.

Three go to ``docs/images``; all others, for whoever looks over the screens, to ``test-results``.
"""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .demo import ROOT

DOCUMENTED = ROOT / "docs/images"
LOOKED_OVER = ROOT / "test-results/screens"
PHONE_WIDTH = {"width": 390, "height": 780}


@pytest.fixture
def shoot():
    def shoot(page, name, folder=LOOKED_OVER):
        Path(folder).mkdir(parents=True, exist_ok=True)
        expect(page.locator(".o_loading_indicator")).to_have_count(0)
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled", caret="hide")

    return shoot


def test_living_conversation_is_shot_on_both_sides(simulator, desk_of, discuss_of, phone_of, shoot):
    customer = simulator.post("customers", name="Meera Iyer", wa_id=f"9198{secrets.randbelow(10**8):08}")
    agent = discuss_of("agent")
    phone = phone_of(customer)
    phone.write("Hello, do you have the blue rain jacket in size M?")
    agent.choose(customer)
    agent.write("Hello Meera! Yes, size M is in stock, in *ocean blue* and in navy. Which one do you like?")
    phone.quote("size M is in stock", "Ocean blue please! Can I have it by Friday? 🙏")
    expect(agent.message("Ocean blue please!")).to_have_count(1)
    agent.write_note("Warehouse says: leaves tomorrow morning, arrives on Thursday.")
    expect(agent.message("leaves tomorrow morning")).to_have_count(1)
    agent.page.locator(".o-whatsapp_cs-noteToggle").click()
    agent.write("It leaves tomorrow morning, so you have it on Thursday. Shall I reserve it for you?")
    phone.write("Yes, wonderful, thank you!")
    expect(agent.message("Yes, wonderful")).to_have_count(1)
    agent.expect_ticks("you have it on Thursday", "read")
    expect(phone.received("you have it on Thursday")).to_have_count(1)
    agent.page.bring_to_front()
    agent.page.locator(".o-mail-DiscussSidebar").evaluate("sidebar => sidebar.scrollTo(0, 0)")
    agent.page.mouse.move(600, 200)
    shoot(agent.page, "discuss", DOCUMENTED)
    shoot(phone.page, "phone", DOCUMENTED)

    on_desk = desk_of("agent")
    on_desk.choose_tab("mine")
    on_desk.choose(customer["name"])
    expect(on_desk.message("Yes, wonderful")).to_have_count(1)
    expect(on_desk.card("contact")).to_be_visible()
    shoot(on_desk.page, "desk", DOCUMENTED)

    agent.page.set_viewport_size(PHONE_WIDTH)
    agent.page.reload()
    expect(
        agent.message("Yes, wonderful").or_(agent.page.locator(".o-mail-NotificationItem").first).first
    ).to_be_visible()
    shoot(agent.page, "discuss-narrow")
    agent.page.close()


@pytest.mark.parametrize(
    ("login", "path", "ready", "name"),
    [
        ("editor", "whatsapp-wall", ".o-whatsapp_cs-WallAgent", "wall"),
        ("editor", "whatsapp", ".o_view_controller", "conversations"),
        ("editor", "whatsapp?view_type=kanban", ".o_view_controller", "conversations-kanban"),
        ("admin", "whatsapp-accounts", ".o_list_view", "accounts"),
        ("analyst", "action-whatsapp_cs.whatsapp_cs_conversation_report_action", ".o_graph_renderer canvas", "report"),
        ("admin", "action-whatsapp_cs.whatsapp_cs_event_action", ".o_data_row", "events"),
        ("admin", "action-whatsapp_cs.whatsapp_cs_outbox_action", ".o_list_renderer", "outbox"),
        ("editor", "action-whatsapp_cs.whatsapp_cs_message_action", ".o_list_view", "messages"),
        ("editor", "action-whatsapp_cs.whatsapp_cs_contact_action", ".o_view_controller", "contacts"),
        ("editor", "action-whatsapp_cs.whatsapp_cs_conversation_action", ".o_view_controller", "conversation-list"),
    ],
)
def test_view_is_shot(backend_of, shoot, login, path, ready, name):
    screen = backend_of(login).open(path)
    expect(screen.page.locator(ready).first).to_be_visible()
    shoot(screen.page, name)


@pytest.mark.parametrize(
    ("login", "model", "action", "domain", "name"),
    [
        ("admin", "whatsapp.cs.account", "whatsapp_cs.whatsapp_cs_account_action", [], "account-form"),
        ("admin", "whatsapp.cs.channel", "whatsapp_cs.whatsapp_cs_channel_action", [], "channel-form"),
        ("editor", "whatsapp.cs.contact", "whatsapp_cs.whatsapp_cs_contact_action", [], "contact-form"),
        ("editor", "whatsapp.cs.conversation", "whatsapp_cs.whatsapp_cs_conversation_action", [], "conversation-form"),
        ("editor", "res.partner", "contacts.action_contacts", [["name", "=", "Emily Carter"]], "partner-form"),
        ("editor", "crm.lead", "crm.crm_lead_action_pipeline", [["partner_id.name", "=", "Emily Carter"]], "lead-form"),
    ],
)
def test_form_is_shot(backend_of, rpc_of, shoot, login, model, action, domain, name):
    [record_id] = rpc_of(login).call(model, "search", domain, limit=1)
    screen = backend_of(login).open_form(f"action-{action}", record_id)
    shoot(screen.page, name)
