from odoo.tests import no_retry, tagged

from odoo.addons.web.tests.test_js import HOOTCommon, unit_test_error_checker


@tagged("post_install", "-at_install")
class TestHoot(HOOTCommon):
    """Run the JavaScript unit tests of this addon, and of this addon only."""

    @no_retry
    def test_discuss_in_the_browser(self):
        suite = self._generate_hash("@whatsapp_cs")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            login="admin",
            timeout=120,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=unit_test_error_checker,
        )
