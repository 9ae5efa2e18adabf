from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.models import whatsapp_cs_account_connection
from odoo.addons.whatsapp_cs.tools import signature
from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import SECRET, WhatsappCsCommon

SCOPES = ["whatsapp_business_messaging", "whatsapp_business_management"]


@tagged("post_install", "-at_install")
class TestAccount(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.new = (
            self.env["whatsapp.cs.account"]
            .with_user(self.administrator)
            .create({"name": "New", "waba_id": "1005", "app_id": "3005", "app_secret": SECRET, "access_token": "token"})
        )
        self.answers = {
            "debug_token": {"data": {"is_valid": True, "expires_at": 0, "scopes": SCOPES, "app_id": "3005"}},
            "1005/phone_numbers": {"data": [self.number("2005")]},
            "1005/subscribed_apps": {"success": True},
            "1005": {"health_status": {"can_send_message": "AVAILABLE"}},
        }

    def number(self, phone_number_id, **values):
        return {
            "id": phone_number_id,
            "display_phone_number": "+1 555-010-0105",
            "verified_name": "New Shop",
            "status": "CONNECTED",
            "quality_rating": "GREEN",
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "throughput": {"level": "STANDARD"},
            **values,
        }

    def connect(self, **answers):
        """Press *Connect* and let the cron walk through the steps; return ``{step: (state, detail, fix)}``."""
        self.new.action_connect()
        with self.mock_graph() as fake:
            fake.answers = {**self.answers, **answers}
            with patch.object(whatsapp_cs_account_connection, "post_signed", self.post_signed):
                self.run_cron("account_connect")
            self.calls = fake.calls
        return {step["code"]: step for step in self.new.connection_steps}

    def post_signed(self, url, body, header):
        """What our webhook does with the call; a request can't be served while the test runs the cron."""
        self.assertEqual(url, self.new.webhook_url)
        self.assertTrue(signature.is_valid(SECRET, body, header))
        self.env["whatsapp.cs.event"]._store(self.new, body)
        return 200

    def assertFailed(self, steps, code, detail, fix):
        self.assertEqual(steps[code]["state"], "failed", steps)
        self.assertIn(detail, steps[code]["detail"])
        self.assertIn(fix, steps[code]["fix"])
        self.assertEqual(self.new.state, "draft")

    def test_connect_does_everything_by_itself(self):
        token = self.new.verify_token
        steps = self.connect()
        self.assertEqual({code: step["state"] for code, step in steps.items()}, dict.fromkeys(steps, "done"), steps)
        self.assertEqual(self.new.state, "connected")
        channel = self.new.channel_ids
        self.assertEqual(
            (
                channel.name,
                channel.phone_number_id,
                channel.state,
                channel.quality_rating,
                channel.messaging_limit,
                channel.throughput,
            ),
            ("New Shop", "2005", "live", "GREEN", "TIER_2K", "STANDARD"),
        )
        registered = next(kwargs["json"] for _method, path, kwargs in self.calls if path == "1005/subscribed_apps")
        self.assertEqual(registered, {"override_callback_uri": self.new.webhook_url, "verify_token": token})
        self.assertNotEqual(self.new.verify_token, token, "it travelled in an address and is used up")

    def test_connecting_again_refreshes_and_doubles_nothing(self):
        self.connect()
        self.new.channel_ids.name = "My name for it"
        self.connect(
            **{"1005/phone_numbers": {"data": [self.number("2005", quality_rating="RED"), self.number("2006")]}}
        )
        self.assertEqual(self.new.channel_ids.sorted("phone_number_id").mapped("quality_rating"), ["RED", "GREEN"])
        self.assertIn("My name for it", self.new.channel_ids.mapped("name"))

    def test_what_is_not_filled_in_is_asked_for_at_once(self):
        self.new.write({"access_token": False, "app_id": False})
        with self.assertRaisesRegex(UserError, "App ID, Access Token"):
            self.new.action_connect()

    def test_a_wrong_app_secret_is_named(self):
        steps = self.connect(debug_token=GraphError(190, "Error validating application", http_status=400))
        self.assertFailed(steps, "token", "app secret", "Copy both again")
        self.assertEqual(steps["numbers"]["state"], "waiting")

    def test_a_dead_token_is_named(self):
        steps = self.connect(debug_token={"data": {"is_valid": False}})
        self.assertFailed(steps, "token", "not valid any more", "Create a new token")

    def test_a_missing_permission_is_named(self):
        steps = self.connect(debug_token={"data": {"is_valid": True, "scopes": SCOPES[:1], "app_id": "3005"}})
        self.assertFailed(steps, "token", "lacks the permission whatsapp_business_management", "both permissions")

    def test_a_token_of_another_app_is_named(self):
        steps = self.connect(debug_token={"data": {"is_valid": True, "scopes": SCOPES, "app_id": "9"}})
        self.assertFailed(steps, "token", "another app", "whose id and secret")

    def test_an_account_without_numbers_is_named(self):
        self.assertFailed(self.connect(**{"1005/phone_numbers": {"data": []}}), "numbers", "no phone number", "Add one")

    def test_a_number_of_another_account_is_named(self):
        steps = self.connect(**{"1005/phone_numbers": {"data": [self.number("2001")]}})
        self.assertFailed(steps, "numbers", "belongs to the account Account 1001", "go on with that one")
        self.assertEqual(self.channel.account_id, self.account)

    def test_a_step_that_breaks_ends_as_failed_and_not_in_waiting_for_ever(self):
        with self.assertLogs("odoo.addons.whatsapp_cs.models.whatsapp_cs_account_connection", "ERROR"):
            steps = self.connect(**{"1005/phone_numbers": {"data": [{"no": "id"}]}})
        self.assertFailed(steps, "numbers", "internal error", "Connect again")

    def test_a_webhook_that_whatsapp_can_not_reach_is_named(self):
        steps = self.connect(
            **{"1005/subscribed_apps": GraphError(2200, "Callback verification failed", http_status=400)}
        )
        self.assertFailed(steps, "webhook", "Callback verification failed", "reachable from the internet")

    def test_something_in_front_of_odoo_is_named(self):
        self.post_signed = lambda url, body, signature: 502
        self.assertFailed(self.connect(), "test_event", "HTTP 502", "in front of Odoo")

    def test_a_number_that_can_not_send_is_named(self):
        steps = self.connect(**{"1005/phone_numbers": {"data": [self.number("2005", status="PENDING")]}})
        self.assertFailed(steps, "status", "PENDING", "Register the number")

    def test_an_account_that_may_not_send_is_named(self):
        error = {"error_description": "The account is restricted.", "possible_solution": "Ask for a review."}
        health = {"can_send_message": "BLOCKED", "entities": [{"entity_type": "WABA", "errors": [error]}]}
        steps = self.connect(**{"1005": {"health_status": health}})
        self.assertFailed(steps, "status", "The account is restricted.", "Ask for a review.")

    def test_no_network_is_named(self):
        steps = self.connect(debug_token=GraphError("network", "no connection", retryable=True))
        self.assertFailed(steps, "token", "could not be reached", "base URL")

    def test_a_failed_check_does_not_stop_what_works(self):
        self.connect()
        steps = self.connect(**{"1005/subscribed_apps": GraphError("network", "no connection", retryable=True)})
        self.assertEqual(steps["webhook"]["state"], "failed")
        self.assertEqual((self.new.state, self.new.channel_ids.state), ("connected", "live"))

    def test_a_token_that_is_refused_later_stops_the_numbers(self):
        self.connect()
        self.connect(debug_token={"data": {"is_valid": False}})
        self.assertEqual((self.new.state, self.new.channel_ids.state), ("blocked", "blocked"))
        self.assertIn("not valid any more", self.new.blocked_reason)

    def test_connecting_resumes_a_blocked_account(self):
        self.connect()
        self.new.sudo()._set_blocked("token expired")
        self.assertEqual(self.new.channel_ids.state, "blocked")
        self.connect()
        self.assertEqual(
            (self.new.state, self.new.blocked_reason, self.new.channel_ids.state), ("connected", False, "live")
        )

    def test_every_step_is_shown_live_to_the_administrators(self):
        self.connect()
        self.env.cr.precommit.run()
        self.cr.execute("SELECT message FROM bus_bus WHERE message LIKE '%%whatsapp_cs.account/steps%%' AND channel LIKE %s", [f"%{self.administrator.partner_id.id}%"])  # fmt: skip
        states = [row[0] for row in self.cr.fetchall()]
        self.assertGreaterEqual(len(states), 6)
        self.assertIn("running", states[1])
        self.assertNotIn("token-value", "".join(states))

    def test_others_can_not_connect(self):
        with self.assertRaises(AccessError):
            self.new.with_user(self.editor).action_connect()

    def test_an_address_without_encryption_is_refused(self):
        for url in (
            "http://graph.example.com",
            "http://localhost.example.com",
            "graph.facebook.com",
            "https://",
            "ftp://x",
        ):
            with self.assertRaisesRegex(ValidationError, "clear text"):
                self.new.base_url = url
        self.new.base_url = "http://127.0.0.1:8070"

    def test_an_account_with_history_is_not_deleted(self):
        self.connect()
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.new.unlink()
