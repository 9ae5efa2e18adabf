"""The first living conversation: a phone on one side, Discuss on the other, nobody reloads anything."""

from playwright.sync_api import expect


def test_customer_and_agent_talk_live_and_everybody_who_looks_sees_the_ticks(simulator, phone_of, discuss_of):
    customer = simulator.new_customer("Asha")
    agent = discuss_of("agent")
    phone = phone_of(customer)

    phone.type("Hello! Do you have the red kettle?")
    expect(agent.queued(customer["name"])).to_be_visible()
    editor = discuss_of("editor", customer)

    agent.choose(customer)
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


def test_new_customer_becomes_partner_and_lead_from_which_the_conversation_opens(
    conversation, thread_id_of, backend_of, rpc_of
):
    customer = conversation("Ravi")
    thread_id_of(customer)  # Odoo knows the customer now
    rpc = rpc_of("editor")
    [partner] = rpc.call("res.partner", "search_read", [["name", "=", customer["name"]]], ["id", "phone"])
    assert "".join(filter(str.isdigit, partner["phone"])) == customer["wa_id"]
    [lead] = rpc.call("crm.lead", "search_read", [["partner_id", "=", partner["id"]]], ["source_id", "name"])
    assert lead["source_id"][1] == "WhatsApp"
    assert customer["name"] in lead["name"]

    editor = backend_of("editor")
    for path, record_id in (("contacts", partner["id"]), ("crm", lead["id"])):
        editor.open_form(path, record_id)
        editor.stat_button("WhatsApp").click()
        row = editor.page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)")
        expect(row).to_have_count(1)
        expect(row).to_contain_text(customer["name"])
        row.locator("td.o_data_cell").first.click()
        expect(editor.page.locator(".o_form_view")).to_be_visible()
        editor.page.get_by_role("button", name="Open Chat").click()
        expect(editor.page.locator(".o-mail-Thread")).to_contain_text("Hello, is somebody there?")


def test_customer_who_hides_the_number_gets_an_answer(simulator, phone_of, discuss_of, conversation):
    customer = conversation("Hidden", hide_number=True)
    assert not customer.get("wa_id")
    agent = discuss_of("agent", customer)
    phone = phone_of(customer)
    agent.write("We are here.")
    expect(phone.received("We are here.")).to_have_count(1)
    agent.expect_ticks("We are here.", "read")
    [sent] = simulator.sent_to(customer)
    assert sent["recipient"] == customer["user_id"]
