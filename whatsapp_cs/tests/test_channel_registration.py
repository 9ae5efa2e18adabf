import base64
from io import BytesIO

from PIL import Image

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import WhatsappCsCommon

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def get_image(kind="JPEG"):
    buffer = BytesIO()
    Image.new("RGB", (20, 20), "white").save(buffer, kind)
    return buffer.getvalue()


@tagged("post_install", "-at_install")
class TestChannelRegistration(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.Registration = self.env["whatsapp.cs.channel.registration"].with_user(self.administrator)

    def register(self, **values):
        return self.Registration.create(
            {
                "business_name": "Lakeside",
                "industry": "RETAIL",
                "phone": "+1 555 0199",
                "email": "desk@lakeside.example",
                "proof": base64.b64encode(PDF),
                "proof_name": "licence.pdf",
                **values,
            }
        )

    def test_the_way_to_a_live_number_is_stamped_stage_by_stage(self):
        registration = self.register()
        self.assertIn("10 to 30 minutes", registration.usual_duration)
        registration.action_submit()
        self.assertEqual((registration.state, bool(registration.submitted_date)), ("submitted", True))
        registration.action_start_review()
        self.assertIn("2 hours to 3 days", registration.usual_duration)
        with self.assertRaisesRegex(UserError, "is not here yet.*connect it"):
            registration.action_go_live()
        channel = self._create_channel(self.account, "2009", "+1 555-0199")
        registration.action_go_live()
        self.assertEqual((registration.state, registration.channel_id), ("live", channel))
        self.assertTrue(registration.live_date and registration.review_date and registration.preparation_date)

    def test_one_message_lists_everything_that_is_missing(self):
        registration = self.register(industry=False, phone="555 0199", email="desk", proof=False)
        with self.assertRaises(UserError) as caught:
            registration.action_submit()
        text = str(caught.exception)
        for missing in ("the industry", "with its country code", "“desk” is none", "a scan of the licence"):
            self.assertIn(missing, text)
        self.assertNotIn("name of the business", text)
        self.assertEqual(registration.state, "preparation")
        empty = self.register(phone=False, email=False)
        with self.assertRaisesRegex(UserError, "the phone number.\n• Contact data: the e-mail address."):
            empty.action_submit()

    def test_proof_is_a_jpg_or_a_pdf_by_its_content(self):
        self.register(proof=base64.b64encode(get_image()), proof_name="licence.jpg").action_submit()
        for number, content in enumerate(
            (
                b"MZ\x90 no scan",
                b"\xff\xd8\xff cut off",
                b"%PDF-1.4 without an end",
                b"<html>",
                get_image()[:200],
            )
        ):
            with self.subTest(content=content[:12]), self.assertRaisesRegex(ValidationError, "neither a JPG"):
                self.register(phone=f"+1 555 020{number}", proof=base64.b64encode(content))

    def test_proof_has_at_most_5_mb(self):
        limit = 5 * 1024 * 1024
        self.register(proof=base64.b64encode(PDF[:-7] + b" " * (limit - len(PDF)) + PDF[-7:]))
        with self.assertRaisesRegex(ValidationError, "at most 5 MB"):
            self.register(phone="+1 555 0198", proof=base64.b64encode(PDF[:-7] + b" " * limit + PDF[-7:]))

    def test_a_number_that_is_bound_already_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "bound to another channel already \\(Shop 2001\\)"):
            self.register(phone="+1 (555) 01-00")
        registration = self.register()
        with self.assertRaisesRegex(ValidationError, "is being registered already"):
            self.register(phone="+15550199")
        self._create_channel(self.account, "2009", "+1 555-0199")
        with self.assertRaisesRegex(ValidationError, "bound to another channel already"):
            registration.action_submit()

    def test_a_number_of_another_company_is_refused_without_telling_whose(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._create_channel(self._create_account("1002", other), "2002", "+1 555 0177")
        with self.assertRaisesRegex(ValidationError, "already\\. Register another"):
            self.register(phone="+1 555 0177")

    def test_a_rejection_needs_its_reason_and_can_be_corrected(self):
        registration = self.register()
        registration.action_submit()
        with self.assertRaisesRegex(UserError, "Write down the reason"):
            registration.action_reject()
        registration.rejection_reason = "The licence is not readable."
        registration.action_reject()
        self.assertTrue(registration.state == "rejected" and registration.rejected_date)
        with self.assertRaisesRegex(UserError, "was submitted"):
            registration.email = "other@lakeside.example"
        registration.action_prepare_again()
        registration.email = "other@lakeside.example"
        registration.action_submit()
        self.assertEqual(registration.state, "submitted")

    def test_stages_can_not_be_skipped(self):
        registration = self.register()
        for action in ("action_start_review", "action_prepare_again"):
            with self.subTest(action=action), self.assertRaisesRegex(UserError, "can't go from “Preparation”"):
                getattr(registration, action)()
        registration.action_submit()
        with self.assertRaisesRegex(UserError, "can't go from “Submitted” to “Submitted”"):
            registration.action_submit()

    def test_what_was_submitted_is_kept(self):
        registration = self.register()
        registration.action_submit()
        with self.assertRaisesRegex(UserError, "is kept"):
            registration.unlink()
        self.register(phone="+1 555 0198").unlink()

    def test_others_can_not_see_registrations(self):
        registration = self.register()
        with self.assertRaises(AccessError):
            registration.with_user(self.editor).read(["business_name"])
        other = self.env["res.company"].create({"name": "Other"})
        self.administrator.write({"company_ids": [(4, other.id)]})
        self.assertFalse(self.Registration.with_company(other).with_context(allowed_company_ids=other.ids).search([]))
