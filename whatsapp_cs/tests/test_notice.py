import time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon

NUMBER = {
    "id": "2001",
    "display_phone_number": "+1 555 0100",
    "verified_name": "Lakeside",
    "name_status": "APPROVED",
    "status": "CONNECTED",
    "quality_rating": "GREEN",
    "whatsapp_business_manager_messaging_limit": "TIER_2K",
    "throughput": {"level": "STANDARD"},
}


class NoticeCommon(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.now = int(time.time())

    def notice_body(self, field, seconds=0, **value):
        """Return the body of an account webhook; ``seconds`` tells it from another one with the same content."""
        entry = {"id": "1001", "time": self.now + seconds, "changes": [{"field": field, "value": value}]}
        return {"object": "whatsapp_business_account", "entry": [entry]}

    def tell(self, field, **value):
        """Let WhatsApp tell something, and return the notice that came of it."""
        self.receive(self.notice_body(field, **value))
        return self.env["whatsapp.cs.notice"].search([("account_id", "=", self.account.id)], order="id desc", limit=1)

    def refresh(self, number=NUMBER, **changes):
        """Run the job that reads numbers again; return the paths that were asked for."""
        with self.mock_graph() as graph:
            graph.answers = {"2001": number if isinstance(number, Exception) else {**number, **changes}}
            self.run_cron("account_refresh")
        return [path for _method, path, _kwargs in graph.calls]

    def connect(self, **answers):
        """Let the account connect, with all well at WhatsApp except what ``answers`` say."""
        scopes = ["whatsapp_business_messaging", "whatsapp_business_management"]
        with self.mock_graph() as graph:
            graph.answers = {
                "debug_token": {"data": {"is_valid": True, "expires_at": 0, "scopes": scopes, "app_id": "3001"}},
                "1001/phone_numbers": {"data": [NUMBER]},
                "1001/subscribed_apps": {"success": True},
                "1001": {"health_status": {"can_send_message": "AVAILABLE"}},
                **answers,
            }
            with self.post_to_ourselves():
                self.run_cron("account_connect")

    def get_activities(self, record, user=None):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", record._name),
                ("res_id", "in", record.ids),
                ("user_id", "=", (user or self.administrator).id),
            ]
        )

    def count_told(self, alert):
        """Return how often the administrator was told of an alert."""
        domain = [("model", "=", alert._name), ("res_id", "=", alert.id)]
        return self.env["mail.message"].search_count(
            [*domain, ("partner_ids", "in", self.administrator.partner_id.ids)]
        )

    def get_alerts(self, kind):
        self.run_cron("health_measure")
        return self.env["whatsapp.cs.alert"].search([("kind", "=", kind), ("account_id", "=", self.account.id)])


@tagged("post_install", "-at_install")
class TestNotice(NoticeCommon):
    def test_every_field_of_an_account_is_kept_as_it_came(self):
        told = {
            "phone_number_quality_update": {"display_phone_number": "15550100", "event": "ONBOARDING"},
            "phone_number_name_update": {"decision": "APPROVED", "requested_verified_name": "Lakeside"},
            "account_update": {"event": "PARTNER_ADDED"},
            "account_review_update": {"decision": "APPROVED"},
            "account_alerts": {"entity_type": "WABA", "alert_info": {"alert_type": "OBA_APPROVED"}},
            "business_capability_update": {"max_daily_conversations_per_business": 2000},
            "security": {"event": "PIN_CHANGED", "requester": "1"},
            "business_username_updates": {"username": "lakeside", "status": "approved"},
        }
        for field, value in told.items():
            with self.subTest(field=field):
                notice = self.tell(field, **value)
                self.assertEqual((notice.kind, notice.value), (field, value))
                self.assertTrue(notice.title)
        self.assertEqual(set(self.env["whatsapp.cs.event"].search([]).mapped("state")), {"done"})
        self.assertEqual(self.account.with_user(self.administrator).notice_count, len(told))

    def test_an_error_that_belongs_to_no_message_is_shown(self):
        error = {"code": 130429, "title": "Rate limit hit", "error_data": {"details": "Send less."}}
        metadata = {"phone_number_id": "2001", "display_phone_number": "15550100"}
        notice = self.tell("messages", metadata=metadata, errors=[error])
        self.assertEqual((notice.channel_id, notice.severity, notice.advice), (self.channel, "warning", "Send less."))
        self.assertIn("130429", notice.title)
        for errors in ([], None, "x"):
            self.receive(self.notice_body("messages", metadata=metadata, errors=errors))
        self.receive(self.notice_body("messages", errors=[None]))
        self.assertEqual(len(self.env["whatsapp.cs.notice"].search([])), 2)

    def test_nonsense_is_kept_too(self):
        for value in ({}, {"event": ["x"]}, {"event": {"a": 1}, "restriction_info": "x", "ban_info": 3}):
            for field in (
                "account_update",
                "account_alerts",
                "business_capability_update",
                "phone_number_quality_update",
            ):
                with self.subTest(field=field, value=value):
                    notice = self.tell(field, **value)
                    self.assertEqual(notice.value or {}, value)
                    self.assertTrue(notice.title)
        self.assertEqual(self.account.state, "connected")

    def test_the_same_notice_in_another_body_changes_nothing(self):
        body = self.notice_body("security", event="PIN_CHANGED")
        self.receive(body)
        body["entry"].append({"id": "1001", "time": self.now, "changes": [{"field": "account_update", "value": {}}]})
        self.receive(body)
        self.assertEqual(
            self.env["whatsapp.cs.notice"].search([], order="id").mapped("kind"), ["security", "account_update"]
        )

    def test_what_comes_again_another_day_is_told_again(self):
        for seconds in (0, 86400):
            extra = self.notice_body("account_review_update", seconds=seconds, decision="APPROVED")["entry"]
            body = self.notice_body("security", seconds=seconds, event="PIN_CHANGED")
            body["entry"] += extra
            self.receive(body)
        self.assertEqual(len(self.env["whatsapp.cs.notice"].search([("kind", "=", "security")])), 2)

    def test_a_restriction_stops_sending_until_whatsapp_allows_it_again(self):
        self.receive(self.text_body())
        self.answer()
        restriction = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": "1790000000"}
        notice = self.tell("account_update", event="ACCOUNT_RESTRICTION", restriction_info=[restriction])
        self.assertEqual((self.account.state, self.channel.state), ("blocked", "blocked"))
        self.assertIn("RESTRICTED_BIZ_INITIATED_MESSAGING", self.account.blocked_reason)
        self.assertFalse(self.send(), "it waits")
        self.assertEqual(len(self.get_alerts("blocked")), 1)
        self.assertEqual(len(self.get_activities(notice)), 1)

        blocked = {
            "can_send_message": "BLOCKED",
            "entities": [{"errors": [{"error_description": "Still restricted."}]}],
        }
        self.account._probe()
        self.connect(**{"1001": {"health_status": blocked}})
        self.assertEqual((self.account.state, self.channel.state), ("blocked", "blocked"))
        self.assertIn("Still restricted.", self.account.blocked_reason)

        self.account._probe()
        self.connect()
        self.assertEqual((self.account.state, self.channel.state), ("connected", "live"))
        self.assertEqual(len(self.send()), 1)
        self.assertFalse(notice.is_open or self.get_activities(notice))
        self.assertTrue(self.get_alerts("blocked").closed_date)

    def test_a_ban_stops_and_its_end_resumes(self):
        self.tell("account_update", event="DISABLED_UPDATE", ban_info={"waba_ban_state": "SCHEDULE_FOR_DISABLE"})
        self.assertEqual(self.channel.state, "live", "it is only announced")
        self.tell("account_update", event="DISABLED_UPDATE", ban_info={"waba_ban_state": "DISABLE"})
        self.assertEqual(self.channel.state, "blocked")
        self.tell("account_update", event="DISABLED_UPDATE", ban_info={"waba_ban_state": "REINSTATE"})
        self.assertEqual(self.account.state, "connecting")
        self.connect()
        self.assertEqual(self.channel.state, "live")

    def test_a_deleted_account_sends_nothing(self):
        self.tell("account_update", event="ACCOUNT_DELETED")
        self.assertEqual(self.channel.state, "blocked")

    def test_what_stops_no_sending_stops_none(self):
        self.tell("account_update", event="ACCOUNT_VIOLATION", violation_info={"violation_type": "ADULT"})
        self.tell(
            "account_update",
            event="ACCOUNT_RESTRICTION",
            restriction_info=[{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}],
        )
        self.assertEqual((self.account.state, self.channel.state), ("connected", "live"))
        self.assertEqual(self.get_alerts("notice").value, 2)

    def test_quality_is_read_again_from_whatsapp(self):
        notice = self.tell(
            "phone_number_quality_update",
            display_phone_number="15550100",
            event="FLAGGED",
            max_daily_conversations_per_business="TIER_250",
        )
        self.assertEqual((notice.channel_id, notice.severity), (self.channel, "warning"))
        self.assertEqual(self.channel.messaging_limit, "TIER_250")
        self.assertEqual(self.refresh(quality_rating="RED", verified_name="Lakeside 2"), ["2001"])
        self.assertEqual((self.channel.quality_rating, self.channel.verified_name), ("RED", "Lakeside 2"))
        self.assertEqual(self.refresh(), [], "once is enough")

    def test_what_could_not_be_read_is_read_later(self):
        self.tell("account_review_update", decision="APPROVED")
        self.refresh(GraphError("network", "no connection", retryable=True))
        self.assertEqual(self.refresh(), ["2001"])

    def test_a_number_that_is_banned_stops_and_goes_on_by_itself(self):
        self.tell("account_review_update", decision="APPROVED")
        self.refresh(status="BANNED")
        self.assertEqual((self.account.state, self.channel.state), ("connected", "blocked"))
        self.assertIn("Shop 2001", self.get_alerts("blocked").detail)
        self.account._request_refresh()
        self.refresh()
        self.assertEqual(self.channel.state, "live")

    def test_a_new_limit_is_taken_over(self):
        for limit, tier in ((2000, "TIER_2K"), (-1, "TIER_UNLIMITED"), ("TIER_10K", "TIER_10K")):
            self.tell("business_capability_update", max_daily_conversations_per_business=limit)
            self.assertEqual(self.channel.messaging_limit, tier)
        self.tell("business_capability_update", max_daily_conversations_per_business=77)
        self.assertEqual(self.channel.messaging_limit, "TIER_10K", "nobody knows that tier; it is read again")

    def test_a_change_of_the_pin_is_told_once_and_until_somebody_has_looked(self):
        notice = self.tell("security", event="PIN_CHANGED", display_phone_number="15550100")
        self.assertEqual(len(self.get_activities(notice)), 1)
        alert = self.get_alerts("notice")
        self.assertEqual(self.get_alerts("notice"), alert)
        self.assertEqual(self.count_told(alert), 1)
        notice.with_user(self.administrator).action_handle()
        self.assertEqual((notice.is_open, notice.handled_user_id), (False, self.administrator))
        self.assertFalse(self.get_activities(notice))
        self.assertTrue(self.get_alerts("notice").closed_date)

    def test_technical_health_leads_to_what_is_wrong(self):
        notice = self.tell("account_update", event="ACCOUNT_DELETED")
        self.get_alerts("notice")
        alerts = self.env["whatsapp.cs.health"].with_user(self.administrator).get_screen()["alerts"]
        links = {alert["title"]: alert["link"] for alert in alerts}
        link = links["WhatsApp asks for attention"]
        self.assertEqual(self.env["whatsapp.cs.notice"].search(link["domain"]), notice)
        link = links["Nothing is sent"]
        self.assertEqual(self.env["whatsapp.cs.account"].search(link["domain"]), self.account)

    def test_what_comes_again_while_it_is_open_is_kept_and_not_told_again(self):
        first = self.tell("security", event="PIN_RESET_REQUEST", display_phone_number="15550100")
        second = self.tell("security", event="PIN_RESET_REQUEST", display_phone_number="15550100", requester="2")
        self.assertTrue(second != first and second.is_open)
        self.assertEqual(len(self.get_activities(first + second)), 1)
        (first + second).with_user(self.administrator).action_handle()
        third = self.tell("security", event="PIN_RESET_REQUEST", display_phone_number="15550100", requester="3")
        self.assertEqual(len(self.get_activities(third)), 1)

    def test_an_administrator_of_another_company_hears_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.administrator.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        notice = self.tell("security", event="PIN_CHANGED")
        self.assertFalse(self.get_activities(notice))
        self.assertFalse(self.env["whatsapp.cs.notice"].with_user(self.administrator).search([]))
        alert = self.get_alerts("notice")
        self.assertFalse(self.env["whatsapp.cs.alert"].with_user(self.administrator).search([("id", "=", alert.id)]))

    def test_others_can_not_read_or_handle_notices(self):
        notice = self.tell("security", event="PIN_CHANGED")
        with self.assertRaises(AccessError):
            notice.with_user(self.editor).action_handle()
