import json
import logging
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import LazyTranslate

from ..tools import signature
from ..tools.graph_client import GraphError, post_signed
from .whatsapp_cs_channel_check import NUMBER_FIELDS
from .whatsapp_cs_queue import MAX_TRIES

_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)

_PERMISSIONS = ("whatsapp_business_messaging", "whatsapp_business_management")


class StepFailed(Exception):
    """One step of the connection failed: what was found (``detail``) and what to do about it (``fix``)."""

    def __init__(self, detail, fix=""):
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


class WhatsappCsAccount(models.Model):
    """Connecting: five steps, run by a cron because Meta is asked, shown live in the form."""

    _inherit = "whatsapp.cs.account"  # pylint: disable=consider-merging-classes-inherited

    # code, label, method
    _CONNECTION_STEPS = (
        ("token", _lt("Access token and permissions"), "_connect_token"),
        ("numbers", _lt("Phone numbers"), "_connect_numbers"),
        ("webhook", _lt("Webhook registered at WhatsApp"), "_connect_webhook"),
        ("test_event", _lt("Signed test event received"), "_connect_test_event"),
        ("status", _lt("Quality, tier and throughput"), "_connect_status"),
    )

    def action_connect(self):
        """Check the credentials, fetch the numbers and register the webhook; the form shows each step live."""
        self.check_access("write")
        for account in self:
            missing = [
                account._fields[name].get_description(self.env)["string"]
                for name in ("waba_id", "app_id", "app_secret", "access_token")
                if not account[name]
            ]
            if missing:
                raise UserError(
                    self.env._(
                        "To connect, fill in: %(fields)s. You find them in Meta's app dashboard and Business Manager.",
                        fields=", ".join(missing),
                    )
                )
            account.state = "connecting"
            account._set_connection_steps(account._get_waiting_steps())
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_account_connect").sudo()._trigger()

    def _get_waiting_steps(self):
        return [
            {"code": code, "label": self.env._(label), "state": "waiting", "detail": "", "fix": ""}
            for code, label, _method in self._CONNECTION_STEPS
        ]

    def _set_connection_steps(self, steps):
        """Store the step list and show it to everybody who may look at the account."""
        self.ensure_one()
        self.connection_steps = steps
        group = self.env.ref("whatsapp_cs.whatsapp_cs_group_administrator")
        for user in group.sudo().all_user_ids.filtered(lambda user: self.company_id in user.company_ids):
            user._bus_send("whatsapp_cs.account/steps", {"id": self.id, "steps": steps, "state": self.state})

    @api.model
    def _cron_connect(self):
        """Run the steps of every account somebody wants to connect; each step's result is committed at once."""
        for account in self.search([("state", "=", "connecting")]):
            account.with_company(account.company_id).with_context(lang=account.write_uid.lang)._connect_safely()

    def _connect_safely(self):
        """Run the steps; from the start when somebody writes on the account meanwhile. They may run any number of times."""
        for _try in range(MAX_TRIES):
            try:
                return self._connect()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
        return None

    def _connect(self):
        steps = self._get_waiting_steps()
        for step, (_code, _label, method) in zip(steps, self._CONNECTION_STEPS, strict=True):
            step["state"] = "running"
            self._commit_steps(steps)  # no open write transaction while Meta is asked
            try:
                step["detail"] = getattr(self, method)(self._get_graph_client()) or ""
                step["state"] = "done"
            except (GraphError, StepFailed) as error:
                step.update(state="failed", **self._describe_failure(error))
                break
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:  # the form must not wait for ever for a step that can't end
                self.env.cr.rollback()
                _logger.exception("WhatsApp account %s: step %s failed", self.id, step["code"])
                step.update(state="failed", **self._describe_failure(StepFailed(*self._get_internal_error(error))))
                break
        self._finish_connection(steps)

    def _commit_steps(self, steps):
        self._set_connection_steps([dict(step) for step in steps])
        self.env["ir.cron"]._commit_progress()

    def _finish_connection(self, steps):
        failed = next((step for step in steps if step["state"] == "failed"), None)
        if failed:
            # What worked before keeps working: only a token that WhatsApp refuses stops the numbers.
            has_live = any(channel.state == "live" for channel in self.channel_ids)
            if self.blocked_reason or (has_live and failed["code"] == "token" and not failed.get("is_network")):
                self._set_blocked(failed["detail"])
            else:
                self.state = "connected" if has_live else "draft"
        else:
            self.write({"state": "connected", "blocked_reason": False, "probe_date": False})
            self.channel_ids._activate()
            self._close_restrictions()
        self._commit_steps(steps)

    def _get_internal_error(self, error):
        return (
            self.env._("An internal error stopped this step (%s).", type(error).__name__),
            self.env._("Connect again. If it stays, the server's log says more."),
        )

    def _describe_failure(self, error):
        if isinstance(error, StepFailed):
            return {"detail": error.detail, "fix": error.fix}
        if error.code == "network":
            return {
                "is_network": True,
                "detail": self.env._("WhatsApp could not be reached: %s", error.details),
                "fix": self.env._(
                    "Check the base URL and whether this server may call the internet, then connect again."
                ),
            }
        return {
            "detail": self.env._(
                "WhatsApp answered with error %(code)s: %(details)s", code=error.code, details=error.details
            ),
            "fix": self.env["whatsapp.cs.outbox"]._get_meaning(error.code),
        }

    # === STEPS === #

    def _connect_token(self, client):
        try:
            token = client.debug_token(self.app_id, self.app_secret)
        except GraphError as error:
            if error.code == "network":
                raise
            raise StepFailed(
                self.env._("WhatsApp does not know this app id with this app secret: %s", error.details),
                self.env._("Copy both again from App dashboard > App settings > Basic."),
            ) from error
        if not token.get("is_valid"):
            raise StepFailed(
                self.env._("The access token is not valid any more."),
                self.env._("Create a new token for a system user in Meta's Business Manager and paste it here."),
            )
        if str(token.get("app_id") or self.app_id) != self.app_id:
            raise StepFailed(
                self.env._("The access token belongs to another app (%s).", token["app_id"]),
                self.env._("Create the token for the app whose id and secret you entered."),
            )
        missing = [permission for permission in _PERMISSIONS if permission not in (token.get("scopes") or [])]
        if missing:
            raise StepFailed(
                self.env._("The access token lacks the permission %s.", ", ".join(missing)),
                self.env._("Create a token for the system user with both permissions: %s.", ", ".join(_PERMISSIONS)),
            )
        self._note_token(token)
        if not self.token_expiry_date:
            return self.env._("Valid, does not expire.")
        return self.env._("Valid until %s (UTC).", fields.Datetime.to_string(self.token_expiry_date))

    def _connect_numbers(self, client):
        numbers = client.get_phone_numbers(self.waba_id, NUMBER_FIELDS)
        if not numbers:
            raise StepFailed(
                self.env._("The account has no phone number."),
                self.env._("Add one in Meta's WhatsApp Manager, then connect again."),
            )
        self._check_numbers_are_free(numbers)
        channels = self.env["whatsapp.cs.channel"]._update_from_graph(self, numbers)
        return ", ".join(channels.mapped("display_phone_number"))

    def _check_numbers_are_free(self, numbers):
        taken = (
            self.env["whatsapp.cs.channel"]
            .with_context(active_test=False)
            .search(
                [("phone_number_id", "in", [number["id"] for number in numbers]), ("account_id", "!=", self.id)],
                limit=1,
            )
        )
        if taken:
            raise StepFailed(
                self.env._(
                    "The number %(number)s belongs to the account %(account)s already.",
                    number=taken.display_phone_number,
                    account=taken.account_id.name,
                ),
                self.env._("A number has one account: go on with that one."),
            )

    def _connect_webhook(self, client):
        try:
            client.subscribe_app(self.waba_id, self.webhook_url, self.verify_token)
        except GraphError as error:
            if error.code == "network" or error.needs_administrator:
                raise
            raise StepFailed(
                self.env._(
                    "WhatsApp could not register %(url)s: %(details)s", url=self.webhook_url, details=error.details
                ),
                self.env._(
                    "The address must be reachable from the internet by https. Check the system parameter web.base.url "
                    "and that your proxy passes /whatsapp_cs/ on to Odoo."
                ),
            ) from error
        # WhatsApp sends the verify token in an address, which web servers write to their logs: it is used up.
        self.verify_token = self._default_token()
        return self.webhook_url

    def _connect_test_event(self, _client):
        """Post a signed event to our own public address: it must arrive unchanged, and be stored."""
        nonce = secrets.token_hex(8)
        body = json.dumps(
            {
                "object": "whatsapp_business_account",
                "entry": [{"id": self.waba_id, "changes": [{"field": "whatsapp_cs_test", "value": {"nonce": nonce}}]}],
            }
        ).encode()
        status = post_signed(self.webhook_url, body, signature.sign(self.app_secret, body))
        self.env["ir.cron"]._commit_progress()  # a new snapshot: the event was stored by another transaction
        stored = self.env["whatsapp.cs.event"]._find_by_body(self, body)
        if status != 200 or not stored:
            raise StepFailed(
                self.env._("A test event was posted to the webhook address; the answer was HTTP %s.", status),
                self.env._(
                    "Something in front of Odoo answers in its place. With several databases on this server the address "
                    "must lead to this one: let the proxy set the header X-Odoo-Database."
                ),
            )
        return self.env._("Received and its signature checked.")

    def _connect_status(self, client):
        channels = self.channel_ids
        offline = channels.filtered(lambda channel: channel.number_status != "CONNECTED")
        if offline == channels:
            raise StepFailed(
                self.env._(
                    "No number can send: %s.",
                    ", ".join(f"{c.display_phone_number} ({c.number_status})" for c in offline),
                ),
                self.env._("Register the number in Meta's WhatsApp Manager, then connect again."),
            )
        self._check_health(client.get_health(self.waba_id))
        return "; ".join(
            f"{c.display_phone_number}: {c.quality_rating or '–'}, {c.messaging_limit or '–'}, {c.throughput or '–'}"
            for c in channels
        )

    def _check_health(self, health):
        """Raise what WhatsApp says when it lets nothing be sent from the account."""
        if health.get("can_send_message") != "BLOCKED":
            return
        errors = [error for entity in health.get("entities") or [] for error in entity.get("errors") or []]
        raise StepFailed(
            self.env._(
                "WhatsApp lets nothing be sent from this account: %s",
                " ".join(error.get("error_description") or "" for error in errors) or "–",
            ),
            " ".join(error.get("possible_solution") or "" for error in errors)
            or self.env._("Look for the reason in Meta's Business Manager. It is tried again by itself."),
        )
