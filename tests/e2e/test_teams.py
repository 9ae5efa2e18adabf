"""Teams: the status switch, and a conversation that comes to the agent by itself."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import RESULTS

SWITCH = ".o-whatsapp_cs-agentStatus"
MENU = ".o-whatsapp_cs-agentStatus-menu"


@pytest.fixture
def team(rpc_of):
    """A team of the demo's agent, for who writes of kites; gone afterwards, so that others find one queue for all."""
    editor, admin = rpc_of("editor"), rpc_of("admin")
    [agent] = admin.call("res.users", "search", [["login", "=", "agent"]])
    # What other tests have left with the agent would leave no room for more.
    left = editor.call("whatsapp.cs.conversation", "search", [["user_id", "=", agent], ["state", "=", "assigned"]])
    editor.call("whatsapp.cs.conversation", "action_resolve", left)
    [team] = editor.call("whatsapp.cs.team", "create", [{"name": "Kites", "member_ids": [[0, 0, {"user_id": agent}]]}])
    editor.call("whatsapp.cs.routing.rule", "create", [{"name": "Kites", "keywords": "kite", "team_id": team}])
    yield team
    rpc_of("agent").call("res.users", "whatsapp_cs_set_status", "offline")
    admin.call("whatsapp.cs.team", "unlink", [team])


def choose(page, text):
    page.locator(SWITCH).click()
    page.locator(MENU).get_by_role("menuitem").filter(has_text=text).click()
    expect(page.locator(MENU)).to_have_count(0)


def test_an_agent_switches_the_status_and_all_tabs_show_it(backend_of, team):
    first, second = backend_of("agent").open("whatsapp"), backend_of("agent").open("whatsapp")
    choose(first.page, "Lunch")
    for tab in (first, second):
        expect(tab.page.locator(f"{SWITCH}[data-state='break']")).to_have_text("Lunch")
    first.page.locator(SWITCH).click()
    expect(first.page.locator(MENU)).to_contain_text(re.compile(r"\d+ of 3 conversations need your answer"))
    first.page.screenshot(path=RESULTS / "agent-status.png")
    first.page.keyboard.press("Escape")
    choose(first.page, "Available")
    expect(second.page.locator(f"{SWITCH}[data-state='available']")).to_be_visible()


def test_a_conversation_comes_to_the_agent_who_is_available(discuss_of, conversation, team):
    agent = discuss_of("agent")
    agent.page.reload()  # whose teams they are is known when the page is loaded
    customer = conversation("Kite", "Where is my kite?")
    expect(agent.queued(customer["name"])).to_be_visible()
    choose(agent.page, "Available")
    expect(agent.queued(customer["name"])).to_have_count(0)
    expect(agent.mine(customer["name"])).to_be_visible()


def test_editors_set_up_teams_and_try_the_rules(backend_of, team):
    editor = backend_of("editor").open_form("action-whatsapp_cs.whatsapp_cs_team_action", team)
    expect(editor.field("member_ids")).to_contain_text("Arun Agent")
    editor.page.screenshot(path=RESULTS / "team-form.png")
    editor.open("action-whatsapp_cs.whatsapp_cs_team_action")
    expect(editor.page.locator(".o_kanban_record", has_text="Kites")).to_be_visible()
    editor.page.screenshot(path=RESULTS / "team-kanban.png")
    editor.open("action-whatsapp_cs.whatsapp_cs_routing_rule_action")
    editor.page.get_by_role("button", name="Try It").click()
    dialog = editor.page.locator(".modal")
    dialog.locator("[name='text'] textarea").fill("A red kite, please")
    dialog.locator("[name='text'] textarea").blur()
    expect(dialog.locator("[name='team_id']")).to_contain_text("Kites")
    editor.page.screenshot(path=RESULTS / "routing-try.png")
    editor.open("action-whatsapp_cs.res_users_action_agents")
    expect(editor.page.locator(".o_data_row", has_text="Arun Agent")).to_be_visible()
    editor.page.screenshot(path=RESULTS / "agents.png")
