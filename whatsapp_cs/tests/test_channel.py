import base64
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.whatsapp_cs.tools.graph_client import GraphError

from .common import WhatsappCsCommon
from .test_channel_registration import PDF, get_image


@tagged("post_install", "-at_install")
class TestChannel(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.own = self.channel.with_user(self.administrator)

    def replace(self, channel=None, **values):
        wizard = Form(
            self.env["whatsapp.cs.channel.replace"]
            .with_user(self.administrator)
            .with_context(default_channel_id=(channel or self.channel).id)
        )
        for name, value in values.items():
            setattr(wizard, name, value)
        return wizard.save()

    # === NUMBER === #

    def test_the_number_of_a_live_channel_can_not_be_changed(self):
        for values in ({"phone_number_id": "9"}, {"display_phone_number": "+1 555 0999"}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "Use Replace Number"):
                self.own.write(values)
        self.own.write({"display_phone_number": "+1 (555) 01-00"})

    def test_another_number_takes_over_and_history_stays(self):
        self.receive(self.text_body())
        self.answer()
        self.send()
        contact, conversation = self.get_contact(), self.get_conversation()
        self.own.write({"send_rate": 33, "reopen_hours": 5, "opens_lead": False})
        successor = self._create_channel(self.account, "2002", "+1 555 0102")
        wizard = self.replace()
        self.assertEqual(wizard.successor_id, successor, "it is proposed")
        self.assertEqual(wizard.action_replace()["res_id"], successor.id)

        self.assertEqual((self.channel.active, self.channel.replaced_by_id), (False, successor))
        self.assertEqual(
            (successor.send_rate, successor.reopen_hours, successor.opens_lead, successor.active), (33, 5, False, True)
        )
        twin = self.get_contact(channel=successor)
        self.assertEqual((twin.partner_id, twin.name), (contact.partner_id, contact.name))
        self.assertFalse(twin.window_end_date, "the window belongs to the old number")
        editor_view = conversation.with_user(self.editor)
        self.assertEqual((editor_view.channel_id, len(editor_view.message_ids)), (self.channel, 2))

    def test_who_writes_to_the_new_number_is_known_there(self):
        self.receive(self.text_body())
        successor = self._create_channel(self.account, "2002", "+1 555 0102")
        self.replace().action_replace()
        body = self.text_body("Hello again", "wamid.N")
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2002"
        self.receive(body)
        [twin] = self.get_contact(channel=successor)
        self.assertEqual(twin.partner_id, self.get_contact().partner_id)
        self.assertTrue(twin.conversation_ids)

    def test_a_late_message_to_the_old_number_is_not_lost(self):
        self._create_channel(self.account, "2002", "+1 555 0102")
        self.replace().action_replace()
        self.receive(self.text_body())
        self.assertTrue(self.get_conversation())

    def test_a_number_is_replaced_once(self):
        successor = self._create_channel(self.account, "2002", "+1 555 0102")
        third = self._create_channel(self.account, "2003", "+1 555 0103")
        self.replace(successor_id=successor).action_replace()
        for channel, other in ((self.channel, third), (third, successor)):
            with self.subTest(channel=channel.name), self.assertRaisesRegex(UserError, "replaced already"):
                self.env["whatsapp.cs.channel.replace"].with_user(self.administrator).create(
                    {"channel_id": channel.id, "successor_id": other.id}
                ).action_replace()

    def test_a_test_number_does_not_take_over(self):
        successor = self._create_channel(self.account, "2002", "+1 555 0102")
        successor.is_test = True
        self.assertFalse(self.replace().successor_id)
        with self.assertRaisesRegex(UserError, "is a test number"):
            self.env["whatsapp.cs.channel.replace"].with_user(self.administrator).create(
                {"channel_id": self.channel.id, "successor_id": successor.id}
            ).action_replace()

    def test_without_another_number_it_is_told_where_to_get_one(self):
        with self.assertRaisesRegex(UserError, "add it in Meta's WhatsApp Manager and fetch it"):
            self.replace().action_replace()
        self.replace().action_fetch()
        self.assertEqual(self.account.state, "connecting")

    def test_others_can_not_replace_a_number(self):
        with self.assertRaises(AccessError):
            self.env["whatsapp.cs.channel.replace"].with_user(self.editor).create({"channel_id": self.channel.id})

    # === LANGUAGE === #

    def test_who_writes_for_the_first_time_gets_the_language_of_the_number(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.own.lang = "fr_FR"
        self.receive(self.text_body())
        self.assertEqual(self.get_contact().partner_id.lang, "fr_FR")

    # === TEST AND PRODUCTION === #

    def test_who_writes_to_a_test_number_gets_no_lead(self):
        self.own.action_use_as_test()
        self.receive(self.text_body())
        self.assertFalse(self.get_conversation().lead_id)

    def test_going_to_production_is_refused_with_everything_that_is_missing(self):
        self.own.action_use_as_test()
        self.channel.write({"number_status": "PENDING", "name_status": "DECLINED", "check_state": "failed"})
        self.account.token_expiry_date = fields.Datetime.now() + timedelta(days=3)
        with self.assertRaises(UserError) as caught:
            self.own.action_go_to_production()
        for step in ("registered at WhatsApp", "display name", "access token", "answers in time"):
            self.assertIn(step, str(caught.exception))
        self.assertTrue(self.channel.is_test)

    def test_a_number_goes_to_production(self):
        self.own.action_use_as_test()
        self.channel.write({"name_status": "APPROVED", "check_state": "good"})
        self.own.action_go_to_production()
        self.assertEqual((self.channel.is_test, bool(self.channel.production_date)), (False, True))
        self.receive(self.text_body())
        self.assertTrue(self.get_conversation().lead_id)

    def test_others_can_not_go_to_production(self):
        with self.assertRaises(AccessError):
            self.channel.with_user(self.editor).action_go_to_production()

    # === BADGE === #

    def get_badge(self):
        self.own.invalidate_recordset(["badge_steps"])
        return {step["code"]: (step["state"], step["detail"]) for step in self.own.badge_steps}

    def test_the_badge_shows_what_is_missing(self):
        badge = self.get_badge()
        self.assertEqual(badge["messages"], ("waiting", "0 so far, 200 are missing."))
        self.assertEqual(badge["licence"], ("waiting", "No registration is linked to this number."))
        self.assertIn("Industry", badge["fields"][1])

    def test_the_badge_counts_what_was_sent_this_month(self):
        self.receive(self.text_body())
        self.answer()
        self.send()
        self.receive(self.status_body("sent"))
        self.assertEqual(self.get_badge()["messages"][1], "1 so far, 199 are missing.")
        self.env["whatsapp.cs.message"].search([("direction", "=", "out")]).date = fields.Datetime.now() - timedelta(
            days=40
        )
        self.assertEqual(self.get_badge()["messages"][1], "0 so far, 200 are missing.")

    def test_the_badge_compares_licence_and_channel(self):
        self.channel.verified_name = "Lakeside"
        registration = self.env["whatsapp.cs.channel.registration"].create(
            {
                "business_name": "Lakeside Ltd.",
                "industry": "RETAIL",
                "phone": "+1 555 0199",
                "email": "desk@lakeside.example",
                "proof": base64.b64encode(PDF),
                "channel_id": self.channel.id,
            }
        )
        self.assertEqual(self.get_badge()["licence"], ("waiting", "Different: Name at WhatsApp, Phone Number."))
        self.assertEqual(self.get_badge()["fields"][0], "done")
        registration.write({"business_name": "LAKESIDE", "phone": "+1 5550100"})
        self.assertEqual(self.get_badge()["licence"][0], "done")

    # === PROFILE === #

    def run_profile_job(self, answer):
        with self.mock_graph() as graph:
            graph.answers = {"2001/whatsapp_business_profile": answer}
            self.run_cron("channel_profile")
        return graph.calls

    def test_the_profile_is_read_from_whatsapp(self):
        self.own.action_read_profile()
        profile = {"about": "Hi", "websites": ["https://a.example"], "vertical": "RETAIL", "email": "a@b.example"}
        self.run_profile_job({"data": [profile]})
        self.assertEqual(
            (self.own.profile_about, self.own.profile_website, self.own.profile_vertical, self.own.profile_state),
            ("Hi", "https://a.example", "RETAIL", "done"),
        )
        self.assertFalse(self.run_profile_job({}), "once is enough")

    def test_what_is_changed_is_saved_at_whatsapp(self):
        self.own.write({"profile_about": "Open till six", "profile_website": "https://a.example"})
        self.assertEqual(self.own.profile_state, "saving")
        [(method, _path, kwargs)] = self.run_profile_job({"success": True})
        self.assertEqual(
            (method, kwargs["json"]["about"], kwargs["json"]["websites"]),
            ("POST", "Open till six", ["https://a.example"]),
        )
        self.assertEqual(self.own.profile_state, "done")

    def test_a_new_picture_is_uploaded_once(self):
        self.own.profile_picture = base64.b64encode(get_image())
        with self.mock_graph() as graph:
            graph.answers = {
                "3001/uploads": {"id": "upload:1?sig=x"},
                "upload:1?sig=x": {"h": "handle"},
                "2001/whatsapp_business_profile": {"success": True},
            }
            self.run_cron("channel_profile")
            self.assertEqual(graph.calls[-1][2]["json"]["profile_picture_handle"], "handle")
            self.own.profile_about = "Open till six"
            graph.calls.clear()
            self.run_cron("channel_profile")
            self.assertNotIn("profile_picture_handle", graph.calls[-1][2]["json"])
        self.assertEqual(self.own.profile_state, "done")
        with self.assertRaisesRegex(ValidationError, "must be a JPG or a PNG"):
            self.own.profile_picture = base64.b64encode(get_image("GIF"))

    def test_what_whatsapp_refuses_is_shown_and_what_it_did_not_hear_is_said_again(self):
        self.own.profile_about = "Open till six"
        self.run_profile_job(GraphError("network", "no connection", retryable=True))
        self.assertEqual(self.own.profile_state, "saving")
        self.run_profile_job(GraphError(100, "Not that word.", http_status=400))
        self.assertEqual((self.own.profile_state, self.own.profile_error), ("failed", "Not that word."))

    def test_a_profile_that_whatsapp_would_not_take_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "“About” has 140 characters; WhatsApp takes at most 139"):
            self.own.profile_about = "x" * 140
        with self.assertRaisesRegex(ValidationError, "Begin it with https://"):
            self.own.write({"profile_about": False, "profile_website": "lakeside.example"})
