from odoo.tests import HttpCase, tagged

from odoo.addons.web.tests import test_js


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    """Run the JavaScript unit tests of this addon, and of this addon only."""

    def test_discuss_in_the_browser(self):
        # by its module, so that the tests of Odoo's own class are not collected here
        suite = test_js.HOOTCommon._generate_hash(self, "@whatsapp_cs")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            login="admin",
            timeout=180,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
