"""Who may see and do what, asked on the screen and, past the screen, on the server."""

import pytest
from playwright.sync_api import expect

from .rpc import RpcError

NAMES = {"agent": "Arun Agent", "editor": "Erin Editor"}
SECRET_FIELDS = ("access_token", "app_secret", "verify_token", "webhook_token")


def test_analyst_cannot_open_a_chat_on_the_screen(discuss_of, conversation, thread_id_of):
    customer = conversation("Private", "My card number is 1234")
    thread_id = thread_id_of(customer)
    agent = discuss_of("agent")  # would show it
    expect(agent.queued(customer["name"])).to_be_visible()

    analyst = discuss_of("analyst")
    expect(analyst.page.locator(".o-whatsapp_cs-queue, .o-whatsapp_cs-category")).to_have_count(0)
    analyst.open(thread_id)
    expect(analyst.page.get_by_text("No conversation selected.").or_(analyst.title)).to_be_visible()
    expect(analyst.page.locator("body")).not_to_contain_text(customer["name"])
    expect(analyst.page.locator("body")).not_to_contain_text("My card number")


def test_analyst_gets_no_message_from_the_server(simulator, conversation, rpc_of, thread_id_of):
    customer = conversation("Secret", "My card number is 1234")
    thread_id = thread_id_of(customer)
    analyst = rpc_of("analyst")
    with pytest.raises(RpcError) as refused:
        analyst.route("/discuss/channel/messages", channel_id=thread_id)
    assert refused.value.name.endswith(("NotFound", "AccessError"))
    with pytest.raises(RpcError) as refused:
        analyst.post(thread_id, "Hello from the analyst")
    assert refused.value.name.endswith(("NotFound", "AccessError"))
    with pytest.raises(RpcError) as refused:
        analyst.call("discuss.channel", "message_post", [thread_id], body="Hello from the analyst")
    assert refused.value.name == "odoo.exceptions.AccessError"

    domain = [["model", "=", "discuss.channel"], ["res_id", "=", thread_id]]
    assert rpc_of("agent").call("mail.message", "search_read", domain, ["body"])  # there is something to find
    assert analyst.call("mail.message", "search_read", domain, ["body"]) == []
    assert analyst.call("discuss.channel", "search", [["id", "=", thread_id]]) == []
    for model in ("whatsapp.cs.message", "whatsapp.cs.contact", "whatsapp.cs.conversation", "whatsapp.cs.event"):
        with pytest.raises(RpcError) as refused:
            analyst.call(model, "search_read", [], ["id"])
        assert refused.value.name == "odoo.exceptions.AccessError", model
    assert simulator.sent_to(customer) == []


def test_analyst_reads_the_figures(backend_of, conversation):
    conversation("Counted")
    analyst = backend_of("analyst").open("")
    analyst.open_app("WhatsApp")
    expect(analyst.page.locator(".o_graph_renderer canvas, .o_pivot table").first).to_be_visible()


@pytest.mark.parametrize("login", ["agent", "editor", "analyst"])
def test_secrets_of_the_account_are_for_administrators_only(rpc_of, login):
    [account_id] = rpc_of("admin").call("whatsapp.cs.account", "search", [["waba_id", "=", "101000000000001"]])
    for field in SECRET_FIELDS:
        with pytest.raises(RpcError) as refused:
            rpc_of(login).call("whatsapp.cs.account", "read", [account_id], [field])
        assert refused.value.name == "odoo.exceptions.AccessError", field
    with pytest.raises(RpcError) as refused:
        rpc_of(login).call("whatsapp.cs.account", "action_connect", [account_id])
    assert refused.value.name == "odoo.exceptions.AccessError"


def test_who_answers_second_is_refused_with_a_clear_sentence_and_keeps_the_text(
    simulator, phone_of, discuss_of, conversation, hold_back
):
    customer = conversation("Shared")
    slow, quick, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
    expect(slow.bar).to_contain_text("Answering takes this conversation.")
    release = hold_back(slow.page, "**/mail/message/post")
    slow.write("I can help, from the slow one")
    quick.bar.get_by_role("button", name="Take over").click()
    quick.write("I can help, from the quick one")
    expect(phone.received("from the quick one")).to_have_count(1)

    release()
    expect(slow.notification.first).to_contain_text("Erin Editor is answering this conversation.")
    expect(slow.bar).to_contain_text("Answered by Erin Editor.")
    expect(slow.bar).to_contain_text("I can help, from the slow one")
    assert simulator.texts_sent_to(customer) == ["I can help, from the quick one"]


def test_editor_takes_a_conversation_over_and_the_agent_sees_it_at_once(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Handed")
    agent, editor, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
    agent.write("This is Arun")
    expect(agent.mine(customer["name"])).to_be_visible()
    expect(editor.bar).to_contain_text("Answered by Arun Agent.")
    expect(editor.composer).to_be_hidden()

    editor.bar.get_by_role("button", name="Take over").click()
    editor.write("Erin goes on")
    expect(phone.received("Erin goes on")).to_have_count(1)
    expect(agent.bar).to_contain_text("Answered by Erin Editor.")
    expect(agent.composer).to_be_hidden()
    expect(agent.bar.get_by_role("button", name="Take over")).to_have_count(0)
    assert simulator.texts_sent_to(customer) == ["This is Arun", "Erin goes on"]


def test_agent_who_lost_the_conversation_is_offered_nothing_that_would_be_refused(discuss_of, conversation):
    customer = conversation("Handed")
    agent, editor = discuss_of("agent", customer), discuss_of("editor", customer)
    agent.write("This is Arun")
    editor.bar.get_by_role("button", name="Take over").click()
    expect(agent.bar).to_contain_text("Answered by Erin Editor.")
    expect(agent.bar.get_by_role("button")).to_have_count(0)


def test_agent_cannot_answer_or_take_over_what_a_colleague_answers(simulator, conversation, rpc_of, thread_id_of):
    customer = conversation("Kept")
    thread_id = thread_id_of(customer)
    rpc_of("editor").call("discuss.channel", "whatsapp_cs_take", [thread_id])
    agent = rpc_of("agent")
    for attempt in (
        lambda: agent.call("discuss.channel", "whatsapp_cs_take", [thread_id]),
        lambda: agent.post(thread_id, "Me too"),
        lambda: agent.call("discuss.channel", "message_post", [thread_id], body="Me too"),
    ):
        with pytest.raises(RpcError) as refused:
            attempt()
        assert refused.value.name.endswith(("AccessError", "UserError", "NotFound"))
    [conversation_of] = rpc_of("editor").call(
        "whatsapp.cs.conversation", "search_read", [["discuss_channel_id", "=", thread_id]], ["user_id"]
    )
    assert conversation_of["user_id"][1] == NAMES["editor"]
    simulator.wait_idle()
    assert simulator.sent_to(customer) == []


def test_app_has_its_icon_in_the_apps_list(backend_of):
    admin = backend_of("admin").open("apps")
    search = admin.page.get_by_role("searchbox")
    search.fill("WhatsApp")
    search.press("Enter")
    card = admin.page.locator(".o_kanban_record:not(.o_kanban_ghost)", has_text="WhatsApp Customer Service")
    expect(card).to_have_count(1)
    icon = card.locator("img").first
    expect(icon).to_have_js_property("complete", True)
    assert icon.evaluate("image => image.naturalWidth") > 0
    assert "whatsapp_cs/static/description/icon.png" in icon.get_attribute("src")
