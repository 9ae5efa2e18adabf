import json

from odoo.tests import tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestWebhook(WhatsappCsCommon):
    def get_refusals(self):
        return self.env["whatsapp.cs.webhook.refusal"].search([("account_id", "=", self.account.id)]).mapped("reason")

    def get_events(self):
        return self.env["whatsapp.cs.event"].search([("account_id", "=", self.account.id)])

    def verify(self, token, mode="subscribe"):
        url = f"/whatsapp_cs/webhook/{self.account.webhook_token}"
        return self.url_open(f"{url}?hub.mode={mode}&hub.challenge=1158201444&hub.verify_token={token}")

    def test_handshake_answers_the_bare_challenge(self):
        response = self.verify(self.account.verify_token)
        self.assertEqual((response.status_code, response.text), (200, "1158201444"))
        self.assertTrue(response.headers["Content-Type"].startswith("text/plain"))

    def test_handshake_with_a_wrong_token_is_refused(self):
        self.assertEqual(self.verify("wrong").status_code, 403)
        self.assertEqual(self.verify(self.account.verify_token, mode="unsubscribe").status_code, 403)
        self.assertEqual(self.get_refusals(), ["verify_token", "verify_token"])

    def test_a_signed_body_is_stored_as_it_came_and_acknowledged(self):
        body = json.dumps(self.text_body("Grüße 😀 नमस्ते")).encode()
        response = self.post_webhook(body)
        self.assertEqual(response.status_code, 200)
        self.assertNotIn("session_id", response.cookies)
        self.assertEqual(self.get_events().body, body.decode())
        self.assertEqual(self.get_events().state, "new")

    def test_the_same_body_twice_is_stored_once(self):
        payload = self.text_body()
        self.assertEqual(self.post_webhook(payload).status_code, 200)
        self.assertEqual(self.post_webhook(payload).status_code, 200)
        self.assertEqual(len(self.get_events()), 1)

    def test_an_unsigned_or_wrongly_signed_body_changes_nothing(self):
        payload = self.text_body()
        self.assertEqual(self.post_webhook(payload, secret=None).status_code, 403)
        self.assertEqual(self.post_webhook(payload, secret="other").status_code, 403)
        signed_otherwise = {"X-Hub-Signature-256": "sha256=ÄÖÜ".encode().decode("latin-1")}
        self.assertEqual(self.post_webhook(payload, secret=None, headers=signed_otherwise).status_code, 403)
        self.assertFalse(self.get_events())
        self.assertEqual(sorted(self.get_refusals()), ["unsigned", "wrong_signature", "wrong_signature"])
        self.assertEqual(self.account.refusal_count, 3)

    def test_an_account_without_a_secret_accepts_nothing(self):
        self.account.app_secret = False
        self.assertEqual(self.post_webhook(self.text_body(), secret="x").status_code, 403)
        self.assertFalse(self.get_events())

    def test_the_signature_of_another_account_does_not_open_this_one(self):
        other = self._create_account("1002")
        other.app_secret = "other-secret"
        self.assertEqual(self.post_webhook(self.text_body(), account=other).status_code, 403)

    def test_what_is_no_json_object_is_refused(self):
        for body in (b"hello", b"[1, 2]", b"", b'{"a": ', b"\xff\xfe{", ('{"a":' * 100000).encode()):
            self.assertEqual(self.post_webhook(body).status_code, 400, body[:20])
        self.assertFalse(self.get_events())
        self.assertEqual(set(self.get_refusals()), {"malformed"})

    def test_four_megabytes_are_refused(self):
        body = json.dumps(self.text_body("x" * 4 * 1024 * 1024)).encode()
        self.assertEqual(self.post_webhook(body).status_code, 413)
        self.assertFalse(self.get_events())
        self.assertEqual(self.get_refusals(), ["too_large"])

    def test_odd_tokens_are_refused_without_an_error(self):
        self.assertEqual(self.verify("%C3%BC").status_code, 403)
        for token in ("%00abc", "%F0%9F%98%80", "a.b"):
            self.assertEqual(self.url_open(f"/whatsapp_cs/webhook/{token}").status_code, 404)
            self.assertEqual(self.url_open(f"/whatsapp_cs/webhook/{token}", data=b"{}").status_code, 404)

    def test_an_unknown_address_does_not_exist(self):
        response = self.url_open("/whatsapp_cs/webhook/nobody", data=b"{}")
        self.assertEqual(response.status_code, 404)

    def test_refusals_are_forgotten_after_thirty_days(self):
        self.post_webhook(self.text_body(), secret=None)
        refusal = self.env["whatsapp.cs.webhook.refusal"].search([("account_id", "=", self.account.id)])
        self.env.cr.execute(
            "UPDATE whatsapp_cs_webhook_refusal SET create_date = now() - interval '31 days' WHERE id = %s", refusal.ids
        )
        refusal._gc_refusals()
        self.assertFalse(refusal.exists())
