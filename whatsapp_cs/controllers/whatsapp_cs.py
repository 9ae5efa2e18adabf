from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from ..tools import signature, webhook_payload

BODY_LIMIT = 3 * 1024 * 1024  # bytes; Meta sends at most 3 MB


class WhatsappCsController(http.Controller):
    """The address WhatsApp calls. It checks the caller, stores, and answers; nothing is decided here."""

    @http.route(
        "/whatsapp_cs/webhook/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def webhook_verify(self, token, **_kwargs):
        """Answer WhatsApp's question whether this address is ours: the bare challenge, or 403."""
        account_sudo = self._get_account_sudo(token)
        arguments = request.httprequest.args
        if arguments.get("hub.mode") != "subscribe" or not account_sudo._is_verify_token(
            arguments.get("hub.verify_token")
        ):
            return self._refuse(account_sudo, 403, "verify_token")
        return request.make_response(arguments.get("hub.challenge", ""), [("Content-Type", "text/plain")])

    @http.route(
        "/whatsapp_cs/webhook/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def webhook_receive(self, token):
        """Keep a signed webhook call and acknowledge it; a cron does the work."""
        account_sudo = self._get_account_sudo(token)
        size = request.httprequest.content_length
        if size is None or size > BODY_LIMIT:
            return self._refuse(account_sudo, 413, "too_large", size)
        body = request.httprequest.get_data()
        header = request.httprequest.headers.get("X-Hub-Signature-256")
        app_secret, _company_id = account_sudo._get_webhook_facts()
        if not signature.is_valid(app_secret, body, header):
            return self._refuse(account_sudo, 403, "wrong_signature" if header else "unsigned", len(body))
        try:
            account_sudo.env["whatsapp.cs.event"]._store(account_sudo, body)
        except webhook_payload.PayloadError:
            return self._refuse(account_sudo, 400, "malformed", len(body))
        return request.make_json_response({})

    def _get_account_sudo(self, token):
        # sudo: whatsapp.cs.account - WhatsApp is not logged in, the signature or verify token proves who calls
        account_sudo = request.env["whatsapp.cs.account"].sudo()._find_by_webhook_token(token)
        if not account_sudo:
            raise NotFound()
        return account_sudo

    def _refuse(self, account_sudo, status, reason, size=0):
        """Answer ``status`` and nothing else; written down, so that an administrator sees attacks and mistakes."""
        account_sudo.env["whatsapp.cs.webhook.refusal"]._note(
            account_sudo, reason, size or 0, request.httprequest.remote_addr
        )
        return request.make_response("", status=status)
