"""Message templates: fetched from WhatsApp, written, and sent in a chat whose window has closed."""

import secrets

from playwright.sync_api import expect


def sync(backend):
    """Press the button that fetches the templates."""
    backend.open("whatsapp-templates")
    backend.page.get_by_role("button", name="Fetch from WhatsApp").click()
    expect(backend.page.locator(".o_notification")).to_contain_text("templates are as at WhatsApp")


def test_template_reaches_a_customer_whose_window_is_closed(simulator, backend_of, discuss_of, phone_of, thread_id_of):
    admin = backend_of("admin")
    sync(admin)
    expect(admin.page.locator(".o_data_row", has_text="order_update_named")).to_contain_text("Approved")

    customer = simulator.new_customer("Late")
    simulator.write_long_ago(customer, "Where is my order?", hours=30)
    agent, phone = discuss_of("agent", customer), phone_of(customer)
    expect(agent.bar).to_contain_text("The 24-hour window closed")
    agent.bar.get_by_role("button", name="Send a template").click()
    picker = agent.page.locator(".o-whatsapp_cs-TemplatePicker")
    picker.get_by_placeholder("Search templates").fill("order_update_named")
    expect(picker.locator(".list-group-item")).to_have_count(1)
    expect(picker.get_by_label("Text {{first_name}}")).to_have_value(customer["name"])
    picker.get_by_label("Text {{order}}").fill("S00042")
    picker.get_by_label("Text {{day}}").fill("Friday")
    expect(picker.locator(".o-whatsapp_cs-TemplateBubble")).to_contain_text("your order S00042 is ready")
    picker.get_by_role("button", name="Send", exact=True).click()
    expect(picker).to_have_count(0)

    agent.expect_ticks("your order S00042 is ready", "sent|delivered|read")
    expect(phone.received("your order S00042 is ready")).to_have_count(1)


def test_template_is_written_and_submitted(backend_of):
    name = f"e2e_{secrets.token_hex(4)}"
    editor = backend_of("editor")
    editor.open("whatsapp-templates/new")
    editor.field("name").locator("input").fill(name)
    editor.field("body").locator("textarea").fill("Hello {{1}}, your table for tonight is reserved.")
    editor.field("footer").locator("input").click()
    expect(editor.field("preview")).to_contain_text("your table for tonight")
    expect(editor.field("problems")).to_contain_text("sample of: Text {{1}}")
    editor.page.get_by_role("tab", name="Variables").click()
    row = editor.field("variable_ids").locator(".o_data_row")
    row.locator("td[name='sample']").click()
    row.locator("td[name='sample'] input").fill("Ana")
    editor.save()
    expect(editor.field("problems")).to_have_count(0)
    editor.page.get_by_role("button", name="Submit to WhatsApp").click()
    expect(editor.page.locator(".o_statusbar_status .o_arrow_button_current")).to_contain_text("In Review")
