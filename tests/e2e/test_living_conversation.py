"""The first living conversation: a phone on one side, Discuss on the other, nobody reloads anything."""

from playwright.sync_api import expect


def test_customer_and_agent_talk_live_and_everybody_who_looks_sees_the_ticks(
    simulator, phone_of, discuss_of, thread_id_of, backend_of, rpc_of
):
    customer = simulator.new_customer("Asha")
    agent = discuss_of("agent")
    phone = phone_of(customer)

    phone.type("Hello! Do you have the red kettle?")
    expect(agent.queued(customer["name"])).to_be_visible()
    thread_id = thread_id_of(customer)
    editor = discuss_of("editor", thread_id)

    agent.choose(agent.queued(customer["name"]))
    expect(agent.message("Do you have the red kettle?")).to_be_visible()
    phone.leave()
    agent.type("Yes, two are left.")
    expect(agent.mine(customer["name"])).to_be_visible()
    expect(agent.queued(customer["name"])).to_be_hidden()
    agent.expect_ticks("Yes, two are left.", "delivered")
    editor.expect_ticks("Yes, two are left.", "delivered")

    phone.open()
    expect(phone.received("Yes, two are left.")).to_have_count(1)
    agent.expect_ticks("Yes, two are left.", "read")
    editor.expect_ticks("Yes, two are left.", "read")

    phone.type("Great, I take both!")
    expect(agent.message("Great, I take both!")).to_have_count(1)
    expect(editor.message("Great, I take both!")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["Yes, two are left."]
