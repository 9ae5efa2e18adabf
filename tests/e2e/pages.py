"""What a person sees and does: the phone page, Discuss, the forms. Tests speak of people, this file of selectors."""

import re

from playwright.sync_api import expect

from .simulator_client import NUMBER

# The category's header and its threads stand beside each other; a thread belongs to the header before it.
_IN_CATEGORY = (
    "xpath=//div[contains(concat(' ', @class, ' '), ' o-mail-DiscussSidebarChannel-container ')]"
    "[preceding-sibling::div[contains(concat(' ', @class, ' '), ' o-mail-DiscussSidebarCategory ')][1]"
    "[contains(concat(' ', @class, ' '), ' {} ')]]"
)


class Phone:
    """The page on which a person plays the customer."""

    def __init__(self, page, url, customer):
        self.page = page
        self.customer = customer
        self._url = url

    def open(self):
        self.page.goto(f"{self._url}/#customer={self.customer['id']}&number={NUMBER}")
        expect(self.page.get_by_test_id("composer")).to_be_visible()
        return self

    def leave(self):
        """Put the phone away: what arrives now stays unread."""
        self.page.goto(f"{self._url}/#number={NUMBER}")
        expect(self.page.get_by_test_id("composer")).to_be_hidden()

    def type(self, text):
        self.page.get_by_test_id("composer").press_sequentially(text)
        self.page.get_by_test_id("send").click()

    def write(self, text):
        self.page.get_by_test_id("composer").fill(text)
        self.page.get_by_test_id("send").click()

    def quote(self, text, answer):
        row = self.page.locator(".row", has=self.bubble(text))
        row.hover()
        row.get_by_test_id("reply").click()
        expect(self.page.get_by_test_id("reply-preview")).to_contain_text(text)
        self.write(answer)

    def bubble(self, text):
        return self.page.get_by_test_id("bubble").filter(
            has=self.page.get_by_test_id("bubble-text").filter(has_text=text)
        )

    def received(self, text=None):
        bubbles = self.page.locator("[data-testid=bubble][data-from=business]")
        return bubbles if text is None else bubbles.filter(has_text=text)


class Discuss:
    """Odoo's Discuss, as one of the users."""

    def __init__(self, page, url):
        self.page = page
        self._url = url

    def open(self, thread_id=None):
        self.page.goto(f"{self._url}/odoo/discuss" + (f"?active_id=discuss.channel_{thread_id}" if thread_id else ""))
        expect(self.page.locator(".o-mail-DiscussSidebarCategory").first).to_be_visible()
        # It opens the last thread by itself: what is chosen before that would be undone.
        restored = self.page.locator(".o-mail-Thread").or_(self.page.get_by_text("No conversation selected."))
        expect(restored.first).to_be_visible()
        return self

    # === SIDEBAR === #

    def queued(self, name):
        return self._in_category("o-whatsapp_cs-queue", name)

    def mine(self, name):
        return self._in_category("o-whatsapp_cs-category", name)

    def _in_category(self, category, name):
        return self.page.locator(_IN_CATEGORY.format(category)).filter(has_text=name)

    def choose(self, customer):
        """Open the chat of a customer who waits in the queue."""
        thread = self.queued(customer["name"]).locator(".o-mail-DiscussSidebarChannel")
        thread.click()
        expect(thread).to_contain_class("o-active")
        expect(self.title).to_have_value(customer["name"])
        expect(self.page.locator(".o-mail-Thread .o-mail-Message").first).to_be_visible()

    # === THREAD === #

    @property
    def title(self):
        return self.page.locator(".o-mail-DiscussContent-threadName")

    def message(self, text):
        return self.page.locator(".o-mail-Thread .o-mail-Message").filter(
            has=self.page.locator(".o-mail-Message-body").filter(has_text=text)
        )

    def body(self, text):
        return self.message(text).locator(".o-mail-Message-richBody")

    def ticks(self, text):
        return self.message(text).locator(".o-whatsapp_cs-MessageDelivery")

    def expect_ticks(self, text, state, timeout=None):
        expect(self.ticks(text)).to_have_attribute("data-state", re.compile(f"^({state})$"), timeout=timeout)

    def retry(self, text):
        return self.message(text).locator(".o-whatsapp_cs-MessageDelivery-retry")

    def act(self, text, action):
        """Choose an action (Reply …) of one message."""
        message = self.message(text)
        message.hover()
        button = message.locator(".o-mail-Message-actions").get_by_label(action, exact=True)
        button.first.click()

    def header_button(self, name):
        return self.page.locator(f".o-mail-DiscussContent-header button[name='whatsapp-cs-{name}']")

    # === COMPOSER === #

    @property
    def composer(self):
        return self.page.locator(".o-mail-DiscussContent .o-mail-Composer-input:not(.o-mail-Composer-fake)")

    @property
    def bar(self):
        return self.page.locator(".o-whatsapp_cs-ComposerBar")

    @property
    def lock(self):
        return self.page.locator(".o-whatsapp_cs-LockChip")

    @property
    def viewers(self):
        return self.page.locator(".o-whatsapp_cs-ComposerBar-viewers")

    def type(self, text):
        self.composer.click()
        self.composer.press_sequentially(text)
        self.composer.press("Enter")

    def write(self, text):
        self.composer.fill(text)
        self.composer.press("Enter")

    def write_note(self, text):
        self.page.locator(".o-whatsapp_cs-noteToggle").click()
        expect(self.page.locator(".o-whatsapp_cs-noteMode")).to_be_visible()
        self.write(text)

    @property
    def notification(self):
        return self.page.locator(".o_notification")

    def close_notifications(self):
        for button in self.notification.locator(".o_notification_close").all():
            button.click()


class Desk:
    """The desk: the list of conversations, the chat and the cards beside it."""

    def __init__(self, page, url):
        self.page = page
        self._url = url

    def open(self, query=""):
        self.page.goto(f"{self._url}/odoo/whatsapp-desk{query}")
        expect(self.page.locator(".o-whatsapp_cs-DeskConversations[aria-busy=false]")).to_be_visible()
        return self

    def tab(self, key):
        return self.page.locator(f".o-whatsapp_cs-Desk-tabs [data-tab='{key}']")

    def choose_tab(self, key):
        self.tab(key).click()
        expect(self.tab(key)).to_have_attribute("aria-selected", "true")

    def row(self, name):
        return self.page.locator(".o-whatsapp_cs-DeskRow").filter(has_text=name)

    def choose(self, name):
        self.row(name).click()
        expect(self.title).to_have_value(name)
        expect(self.page.locator(".o-mail-Thread .o-mail-Message").first).to_be_visible()

    @property
    def title(self):
        return self.page.locator(".o-mail-DiscussContent-threadName")

    @property
    def composer(self):
        return self.page.locator(".o-whatsapp_cs-Desk .o-mail-Composer-input:not(.o-mail-Composer-fake)")

    def write(self, text):
        self.composer.fill(text)
        self.composer.press("Enter")

    def message(self, text):
        return self.page.locator(".o-mail-Thread .o-mail-Message").filter(
            has=self.page.locator(".o-mail-Message-body").filter(has_text=text)
        )

    def header_button(self, name):
        return self.page.locator(f".o-mail-DiscussContent-header button[name='whatsapp-cs-{name}']")

    def card(self, name):
        return self.page.locator(f".o-whatsapp_cs-DeskCard[data-card='{name}']")


class Backend:
    """The rest of Odoo: menus, lists and forms."""

    def __init__(self, page, url):
        self.page = page
        self._url = url

    def open(self, path):
        self.page.goto(f"{self._url}/odoo/{path}")
        expect(self.page.locator(".o_main_navbar")).to_be_visible()
        return self

    def open_form(self, path, record_id):
        self.open(f"{path}/{record_id}")
        expect(self.page.locator(".o_form_view")).to_be_visible()
        return self

    def open_app(self, name):
        self.page.locator(".o_navbar_apps_menu button").click()
        self.page.locator(".o-dropdown--menu").get_by_role("menuitem", name=name, exact=True).click()
        expect(self.page.locator(".o_menu_brand")).to_have_text(name)

    def field(self, name):
        return self.page.locator(f".o_field_widget[name='{name}']")

    def stat_button(self, label):
        text = self.page.locator(".o_stat_text", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))
        return self.page.locator(".o-form-buttonbox .oe_stat_button").filter(has=text)

    def save(self):
        self.page.locator(".o_form_button_save").click()
        expect(self.page.locator(".o_form_status_indicator_buttons.invisible")).to_be_attached()

    def step(self, code):
        return self.page.locator(f".o-whatsapp_cs-ConnectionSteps li[data-code='{code}']")
