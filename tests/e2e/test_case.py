"""Two agents and an editor at one number: who has a conversation, and what becomes of it (CO2–CO4, CO8)."""

import re

from playwright.sync_api import expect

LOCKED = "Arun Agent has opened this conversation."


def test_of_two_agents_who_open_one_chat_the_first_has_it_and_the_second_sees_who_and_how_long(
    discuss_of, conversation, phone_of, simulator
):
    customer, other = conversation("Claimed"), conversation("Elsewhere")
    first, second = discuss_of("agent", customer), discuss_of("agent2", customer)
    expect(second.bar).to_contain_text(LOCKED)
    expect(second.lock).to_contain_text(re.compile(r"Arun Agent · 2:[0-5]\d"))  # three minutes while the customer waits
    expect(second.composer).to_be_hidden()
    expect(second.bar.get_by_role("button")).to_have_count(0)
    expect(first.lock).to_contain_text(re.compile(r"2:[0-5]\d"))
    expect(first.viewers).to_contain_text("Bela Agent")

    first.composer.press_sequentially("I am looking")
    expect(second.viewers).to_contain_text("Arun Agent (typing…)")
    first.composer.press("Enter")
    expect(phone_of(customer).received("I am looking")).to_have_count(1)
    expect(second.bar).to_contain_text("Answered by Arun Agent.")
    expect(first.lock).to_contain_text(re.compile(r"6:[0-5]\d"))  # an answer renews it

    # who leaves without a word gives it free
    second.choose(other)
    first.choose(other)
    expect(first.bar).to_contain_text("Bela Agent has opened this conversation.")
    second.open()
    second.page.locator(".o-mail-DiscussSidebar").get_by_text("general").click()
    expect(first.composer).to_be_visible()
    assert simulator.texts_sent_to(customer) == ["I am looking"]


def test_an_editor_takes_over_and_the_agents_text_is_kept(discuss_of, conversation, phone_of):
    customer = conversation("Taken")
    agent, editor = discuss_of("agent", customer), discuss_of("editor", customer)
    expect(editor.bar).to_contain_text(LOCKED)
    agent.composer.press_sequentially("A long answer that is not finished")
    editor.bar.get_by_role("button", name="Take over").click()
    expect(agent.bar).to_contain_text("Answered by Erin Editor.")
    expect(agent.bar).to_contain_text("A long answer that is not finished")
    editor.write("Erin here")
    expect(phone_of(customer).received("Erin here")).to_have_count(1)


def test_a_conversation_is_handed_to_a_colleague_who_is_told_why(
    discuss_of, backend_of, conversation, thread_id_of, rpc_of
):
    customer = conversation("Passed")
    agent, colleague = discuss_of("agent", customer), discuss_of("agent2")
    agent.write("One moment")
    expect(agent.mine(customer["name"])).to_be_visible()
    agent.header_button("transfer").click()
    dialog = agent.page.locator(".modal")
    dialog.get_by_label("Agent").fill("Bela")
    dialog.page.get_by_role("option", name="Bela Agent").click()
    dialog.get_by_label("Reason").fill("Knows tents")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()

    expect(colleague.notification.first).to_contain_text(
        "Arun Agent handed the conversation to Bela Agent: Knows tents"
    )
    expect(colleague.mine(customer["name"])).to_be_visible()
    expect(agent.bar).to_contain_text("Answered by Bela Agent.")
    colleague.mine(customer["name"]).locator(".o-mail-DiscussSidebarChannel").click()
    expect(colleague.message("Knows tents")).to_have_count(1)
    colleague.write("Bela here")

    [found] = rpc_of("editor").call(
        "whatsapp.cs.conversation", "search_read", [["discuss_channel_id", "=", thread_id_of(customer)]], ["id"]
    )
    editor = backend_of("editor").open_form("whatsapp", found["id"])
    history = editor.page.locator(".o_field_widget[name='stint_ids'] .o_data_row")
    expect(history).to_have_count(2)
    expect(history.first).to_contain_text("Knows tents")


def test_a_note_is_short_has_the_teams_form_and_stays_inside(discuss_of, conversation, phone_of, simulator):
    customer = conversation("Noted")
    agent, editor, phone = discuss_of("agent", customer), discuss_of("editor", customer), phone_of(customer)
    agent.page.locator(".o-whatsapp_cs-noteToggle").click()
    expect(agent.page.locator(".o-mail-Composer-coreHeader")).to_contain_text("0 / 300")
    agent.page.locator("[name='whatsapp-cs-skeleton']").click()
    expect(agent.composer).to_have_value(re.compile(r"\d+:\d\d .*\| kind of problem \| progress"))
    agent.composer.press_sequentially("late delivery")  # what is to be filled in is selected
    expect(agent.composer).to_have_value(re.compile(r"\| late delivery \| progress"))
    agent.composer.press("Enter")
    expect(editor.message("late delivery")).to_have_count(1)

    agent.composer.fill("x" * 301)
    expect(agent.page.locator(".o-mail-Composer-coreHeader .text-danger")).to_contain_text("301 / 300")
    agent.composer.press("Enter")
    expect(agent.notification.first).to_contain_text("notes have at most 300")
    expect(agent.composer).to_have_value("x" * 301)
    agent.composer.fill("")
    agent.composer.press_sequentially("@Erin")
    agent.page.locator(".o-mail-Composer-suggestion").filter(has_text="Erin Editor").click()
    agent.composer.press("Enter")
    expect(agent.message("@Erin Editor")).to_have_count(1)
    agent.page.locator(".o-whatsapp_cs-noteToggle").click()
    agent.write("It is on its way")
    expect(phone.received("It is on its way")).to_have_count(1)
    assert simulator.texts_sent_to(customer) == ["It is on its way"]


def test_a_snoozed_conversation_wakes_when_the_customer_writes(discuss_of, conversation, phone_of):
    customer = conversation("Sleepy")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    agent.write("I ask the warehouse")
    expect(agent.mine(customer["name"])).to_be_visible()
    agent.header_button("snooze").click()
    dialog = agent.page.locator(".modal")
    dialog.get_by_label("Tomorrow, 9:00").check()
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog).to_be_hidden()
    expect(agent.header_button("wake")).to_be_visible()
    expect(agent.page.get_by_text("Arun Agent snoozed the conversation until")).to_be_visible()
    expect(agent.bar).to_contain_text("Snoozed until")
    phone.type("Any news?")
    expect(agent.header_button("snooze")).to_be_visible()
    expect(agent.mine(customer["name"])).to_be_visible()


def test_who_is_blocked_is_not_heard_until_unblocked(discuss_of, conversation, phone_of, simulator, backend_of, rpc_of):
    customer = conversation("Spammer", "BUY NOW")
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    agent.header_button("spam").click()
    agent.page.locator(".modal").get_by_role("button", name="Block").click()
    expect(agent.bar).to_contain_text("Spam: the sender is blocked.")
    expect(agent.composer).to_be_hidden()
    contact = [["profile_name", "=", customer["name"]]]
    rpc = rpc_of("admin")

    def is_done(state):
        agent.page.wait_for_timeout(200)
        return rpc.call("whatsapp.cs.contact", "search_read", contact, ["block_state"])[0]["block_state"] == state

    assert any(is_done("blocked") for _try in range(75))
    phone.type("BUY NOW!!")
    simulator.wait_idle()
    expect(agent.message("BUY NOW!!")).to_have_count(0)

    agent.header_button("unblock").click()
    expect(agent.header_button("take")).to_be_visible()
    assert any(is_done(False) for _try in range(75))
    phone.type("Sorry, wrong number")
    expect(agent.message("Sorry, wrong number")).to_have_count(1)
