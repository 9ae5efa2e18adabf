"""The desk: two people at their screens and a customer on the phone, nobody reloads anything."""

from playwright.sync_api import expect

from .conftest import RESULTS, SCREEN

PHONE = {"width": 390, "height": 844}


def save(page, name):
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(path=RESULTS / f"{name}.png", animations="disabled")


def test_a_customer_goes_from_list_to_list_on_both_screens(simulator, phone_of, desk_of):
    customer = simulator.new_customer("Asha")
    name = customer["name"]
    agent, editor = desk_of("agent"), desk_of("editor")
    for screen in (agent, editor):
        screen.choose_tab("queue")
    phone = phone_of(customer)
    phone.type("Hello! Do you have the red kettle?")
    for screen in (agent, editor):
        expect(screen.row(name)).to_contain_text("Do you have the red kettle?")
        expect(screen.row(name).locator("[data-level=fine]")).to_be_visible()

    agent.choose(name)
    editor.choose(name)
    expect(agent.card("contact")).to_contain_text(name)
    agent.write("Yes, two are left.")
    expect(phone.received("Yes, two are left.")).to_have_count(1)
    for screen in (agent, editor):
        expect(screen.row(name)).to_have_count(0)  # it has left the queue
        expect(screen.message("Yes, two are left.")).to_have_count(1)
    agent.choose_tab("mine")
    expect(agent.row(name)).to_contain_text("Yes, two are left.")
    editor.choose_tab("all")
    phone.type("Great, I take both!")
    for screen in (agent, editor):
        expect(screen.row(name)).to_contain_text("Great, I take both!")
        expect(screen.message("Great, I take both!")).to_have_count(1)
    agent.header_button("resolve").click()
    expect(agent.row(name)).to_have_count(0)
    expect(editor.row(name)).to_have_count(0)
    agent.choose_tab("resolved")
    expect(agent.row(name)).to_be_visible()


def test_a_whole_case_without_a_mouse(conversation, thread_id_of, desk_of, phone_of):
    customer = conversation("Keya")
    thread_id_of(customer)
    phone = phone_of(customer)
    agent = desk_of("agent")
    keyboard = agent.page.keyboard
    keyboard.press("2")  # the queue
    expect(agent.tab("queue")).to_have_attribute("aria-selected", "true")
    expect(agent.row(customer["name"])).to_be_visible()
    keyboard.press("/")
    keyboard.type(customer["name"])
    keyboard.press("Enter")
    expect(agent.page.locator(".o-whatsapp_cs-DeskRow")).to_have_count(1)
    keyboard.press("Escape")
    agent.page.evaluate("document.activeElement.blur()")
    keyboard.press("n")
    expect(agent.title).to_have_value(customer["name"])
    expect(agent.composer).to_be_focused()
    keyboard.type("What can I do for you?")
    keyboard.press("Enter")
    expect(phone.received("What can I do for you?")).to_have_count(1)
    agent.page.evaluate("document.activeElement.blur()")
    keyboard.press("e")
    expect(agent.page.locator(".o-whatsapp_cs-ComposerBar")).to_contain_text("opens this conversation again")
    keyboard.press("?")
    expect(agent.page.locator(".o-whatsapp_cs-DeskShortcuts")).to_be_visible()
    save(agent.page, "desk-shortcuts")


def test_words_of_a_message_find_it_and_a_reload_comes_back(conversation, thread_id_of, desk_of):
    customer = conversation("Mira", text="My turquoise umbrella has a hole")
    thread_id_of(customer)
    editor = desk_of("editor")
    editor.choose_tab("all")
    search = editor.page.locator(".o_searchview_input")
    search.fill("turquoise umbrella")
    search.press("Enter")
    expect(editor.row(customer["name"])).to_be_visible()
    editor.choose(customer["name"])
    editor.page.reload()
    expect(editor.title).to_have_value(customer["name"])
    expect(editor.message("turquoise umbrella")).to_be_visible()


def test_the_lead_moves_and_notes_are_kept_beside_the_chat(conversation, thread_id_of, desk_of, rpc_of):
    customer = conversation("Noor")
    thread_id_of(customer)
    editor = desk_of("editor")
    editor.choose_tab("queue")
    editor.choose(customer["name"])
    stage = editor.card("lead").locator(".o-whatsapp_cs-DeskLeadCard-stages button", has_text="Qualified")
    stage.click()
    expect(stage).to_have_attribute("aria-pressed", "true")
    [lead] = rpc_of("editor").call(
        "crm.lead", "search_read", [["partner_id.name", "=", customer["name"]]], ["stage_id"]
    )
    assert lead["stage_id"][1] == "Qualified"
    editor.card("notes").get_by_role("button", name="Add note").click()
    editor.write("Prefers to be called in the morning")
    expect(editor.card("notes")).to_contain_text("Prefers to be called in the morning")


def test_one_pane_at_a_time_on_a_phone(conversation, thread_id_of, desk_of):
    customer = conversation("Pia")
    thread_id_of(customer)
    agent = desk_of("agent")
    agent.page.set_viewport_size(PHONE)
    agent.choose_tab("queue")
    expect(agent.row(customer["name"])).to_be_visible()
    save(agent.page, "desk-phone-list")
    agent.row(customer["name"]).click()
    expect(agent.message("Hello, is somebody there?")).to_be_visible()
    expect(agent.row(customer["name"])).to_have_count(0)
    save(agent.page, "desk-phone-chat")
    agent.page.get_by_role("button", name="Customer and case").click()
    expect(agent.card("contact")).to_contain_text(customer["name"])
    save(agent.page, "desk-phone-card")
    agent.page.get_by_role("button", name="Back to the chat").click()
    agent.page.get_by_role("button", name="Back to the list").click()
    expect(agent.row(customer["name"])).to_be_visible()
    assert agent.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    agent.page.set_viewport_size(SCREEN)


def open_wall(backend):
    backend.open("whatsapp-wall")
    expect(backend.page.locator(".o-whatsapp_cs-WallAgent").first).to_be_visible()
    return backend


def figure(wall, key):
    return wall.page.locator(f".o-whatsapp_cs-WallFigure[data-figure='{key}']")


def waiting(wall, customer):
    return wall.page.locator(".o-whatsapp_cs-WallCase").filter(has_text=customer["name"])


def test_a_customer_is_given_to_an_agent_from_the_wall(conversation, backend_of, desk_of, rpc_of):
    [me] = rpc_of("editor").call("res.users", "search_read", [["login", "=", "agent"]], ["name"])
    wall = open_wall(backend_of("editor"))
    agent = desk_of("agent")
    agent.choose_tab("mine")
    by_menu = conversation("Menu")
    expect(waiting(wall, by_menu)).to_be_visible()  # by itself
    save(wall.page, "wall")
    waiting(wall, by_menu).get_by_role("button", name="Assign to…").click()
    wall.page.get_by_role("menuitem", name=me["name"]).click()
    expect(waiting(wall, by_menu)).to_have_count(0)
    expect(agent.row(by_menu["name"])).to_be_visible()

    figure(wall, "unanswered").click()
    expect(wall.page.locator(".o_breadcrumb")).to_contain_text("Unanswered with agents")
    expect(wall.page.locator(".o_data_row").filter(has_text=by_menu["name"])).to_be_visible()


def test_who_is_no_editor_has_no_wall(backend_of):
    agent = backend_of("agent").open("whatsapp-wall")
    expect(agent.page.get_by_text("The wall is for WhatsApp editors")).to_be_visible()
