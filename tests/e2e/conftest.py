"""The demo, a browser and its people. Run by itself: ``scripts/test outside tests/e2e``.

``KEEP_DB=1`` keeps the database of the last run; ``E2E_ODOO_URL`` and ``E2E_PHONE_URL`` use a demo that runs already;
``SCREENSHOTS=1`` also renews the pictures in ``docs/images``.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from .demo import ROOT, Demo, RunningDemo
from .pages import Backend, Discuss, Phone
from .pages import Desk as DeskPage
from .rpc import Rpc
from .simulator_client import Simulator

HERE = Path(__file__).parent
RESULTS = ROOT / "test-results"
SCREEN = {"width": 1280, "height": 800}
SECONDS_TO_APPEAR = 15  # how long a screen may take to show what it must show
ROLES = ("admin", "editor", "agent", "agent2", "analyst", "arabic")  # the login is also the password


# Pictures of the documentation are made on demand, they test nothing.
collect_ignore = [] if os.environ.get("SCREENSHOTS") else ["test_screenshots.py"]


def pytest_collection_modifyitems(items):
    """Give a browser a second chance: on two busy cores a screen is late now and then. The run's end names who needed it."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def demo():
    """The real thing, started by the README's command and stopped by Ctrl-C."""
    if os.environ.get("E2E_ODOO_URL"):
        yield RunningDemo(os.environ["E2E_ODOO_URL"], os.environ["E2E_PHONE_URL"])
        return
    demo = Demo()
    if not os.environ.get("KEEP_DB"):
        demo.clean()
    demo.start()
    yield demo
    complaints = demo.stop()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def browser():
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.fail("There is no Chromium on the PATH. scripts/setup installs it.")
    expect.set_options(timeout=SECONDS_TO_APPEAR * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class Desk:
    """Contexts and pages of one run, and what went wrong in them."""

    def __init__(self, browser, demo):
        self.browser = browser
        self.demo = demo
        self.complaints = []
        self.tolerated = []
        self.pages = []  # of this test: (who, page)
        self._contexts = {}
        self._discuss = {}  # who: the page with Discuss, which stays open all day

    def context(self, who):
        """A browser of its own for each person, logged in once."""
        if who not in self._contexts:
            context = self.browser.new_context(viewport=SCREEN, locale="en-US", timezone_id="UTC")
            context.set_default_timeout(SECONDS_TO_APPEAR * 1000)
            if who in ROLES:
                self._log_in(context, who)
            context.on("console", lambda message: self._on_console(who, message))
            context.on("weberror", lambda error: self.complaints.append(f"{who}: uncaught {error.error}"))
            self._contexts[who] = context
        return self._contexts[who]

    def _log_in(self, context, login):
        page = context.new_page()
        page.goto(f"{self.demo.odoo_url}/web/login")
        page.get_by_label("Email").fill(login)
        page.get_by_label("Password").fill(login)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator(".o_main_navbar")).to_be_visible(timeout=60_000)  # Odoo bundles its assets now
        page.close()

    def _on_console(self, who, message):
        if message.type == "error":
            self.complaints.append(f"{who}: {message.text} ({message.location.get('url', '')})")

    def new_page(self, who):
        page = self.context(who).new_page()
        self.pages.append((who, page))
        return page

    def tolerate(self, pattern):
        """This test provokes an error message of the browser, with this text."""
        self.tolerated.append(re.compile(pattern))

    def get_real_complaints(self):
        return [text for text in self.complaints if not any(pattern.search(text) for pattern in self.tolerated)]

    def get_discuss_page(self, who):
        """Return the one page on which the person keeps Discuss open, and whether it is new."""
        is_new = who not in self._discuss or self._discuss[who].is_closed()
        if is_new:
            self._discuss[who] = self.context(who).new_page()
        page = self._discuss[who]
        if (who, page) not in self.pages:
            self.pages.append((who, page))
        return page, is_new

    def end_test(self, passed):
        """Close what the test opened; Discuss stays open, as with real agents, unless the test broke something."""
        for who, page in self.pages:
            if not passed or page is not self._discuss.get(who):
                page.close()
                if page is self._discuss.get(who):
                    del self._discuss[who]
        self.pages.clear()
        self.complaints.clear()
        self.tolerated.clear()

    def save_screenshots(self, name):
        RESULTS.mkdir(exist_ok=True)
        for index, (who, page) in enumerate(self.pages):
            page.screenshot(path=RESULTS / f"{name}-{index}-{who}.png")


@pytest.fixture(scope="session")
def session_desk(browser, demo):
    return Desk(browser, demo)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_FAILED] = not report.passed
        desk = item.funcargs.get("desk")
        if desk and report.failed:
            name = re.sub(r"\W+", "-", item.name)
            desk.save_screenshots(name)
            report.sections.append(("screenshots", f"{RESULTS.name}/{name}-*.png"))
            if desk.demo.report:
                report.sections.append(("demo", desk.demo.report))


_FAILED = pytest.StashKey()


@pytest.fixture(autouse=True)
def desk(session_desk, simulator, request):
    """The pages of this test. None of them may log an error, whatever the test looks at."""
    yield session_desk
    complaints = session_desk.get_real_complaints()
    failed = request.node.stash.get(_FAILED, True)
    if complaints and not failed:
        session_desk.save_screenshots(re.sub(r"\W+", "-", request.node.name))
    session_desk.end_test(passed=not failed and not complaints)
    simulator.remove_faults()
    assert not complaints, "The browser reported errors:\n" + "\n".join(complaints)


@pytest.fixture(scope="session")
def simulator(demo):
    return Simulator(demo.phone_url)


@pytest.fixture
def phone_of(desk, demo):
    """``phone_of(customer)``: the customer's phone, open at the chat with the business."""
    return lambda customer: Phone(desk.new_page("customer"), demo.phone_url, customer).open()


@pytest.fixture
def discuss_of(desk, demo):
    """``discuss_of("agent", customer)``: Discuss on the user's screen, with the customer chosen from the queue."""

    def discuss_of(login, customer=None):
        page, is_new = desk.get_discuss_page(login)
        discuss = Discuss(page, demo.odoo_url)
        if is_new:
            discuss.open()
        discuss.close_notifications()
        if customer:
            discuss.choose(customer)
        return discuss

    return discuss_of


@pytest.fixture
def desk_of(desk, demo):
    """``desk_of("agent")``: the desk on the user's screen."""
    return lambda login: DeskPage(desk.new_page(login), demo.odoo_url).open()


@pytest.fixture
def backend_of(desk, demo):
    """``backend_of("admin")``: the rest of Odoo on the user's screen; it has to be opened somewhere."""
    return lambda login: Backend(desk.new_page(login), demo.odoo_url)


@pytest.fixture
def rpc_of(desk, demo):
    """``rpc_of("analyst")``: what the user's browser may ask the server, with or without a screen for it."""
    return lambda login: Rpc(desk.context(login).request, demo.odoo_url)


@pytest.fixture
def thread_id_of(rpc_of):
    """``thread_id_of(customer)``: the id of the customer's thread in Discuss, as soon as there is one."""

    def thread_id_of(customer):
        domain = [["profile_name", "=", customer["name"]], ["discuss_channel_id", "!=", False]]
        deadline = time.monotonic() + SECONDS_TO_APPEAR
        while time.monotonic() < deadline:
            found = rpc_of("admin").call("whatsapp.cs.contact", "search_read", domain, ["discuss_channel_id"])
            if found:
                return found[0]["discuss_channel_id"][0]
            time.sleep(0.1)
        raise AssertionError(f"Odoo has heard nothing of {customer['name']}.")

    return thread_id_of


@pytest.fixture
def conversation(simulator):
    """``conversation("Asha")``: a new customer who has written; nobody has answered yet."""

    def conversation(first_name, text="Hello, is somebody there?", **values):
        customer = simulator.new_customer(first_name, **values)
        simulator.write(customer, text)
        return customer

    return conversation


@pytest.fixture
def hold_back():
    """``release = hold_back(page, pattern)``: requests of the page wait, as in a slow network, until ``release()``."""

    def hold_back(page, pattern):
        held = []
        page.route(pattern, lambda route: held.append(route))

        def release():
            for route in held:
                route.continue_()
            page.unroute(pattern)

        return release

    return hold_back
