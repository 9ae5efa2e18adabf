import re
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import consteq
from odoo.tools.urls import urljoin

from ..tools.graph_client import get_client
from .whatsapp_cs_reminder import GROUP_ADMINISTRATOR

PROBE_MINUTES = 5  # until a blocked account is tried again, doubled each time …
LONGEST_PROBE_MINUTES = 60  # … up to this


class WhatsappCsAccount(models.Model):
    """Meta's business account: the credentials, the webhook address, and the numbers it owns."""

    _name = "whatsapp.cs.account"
    _description = "WhatsApp Business Account"
    _inherit = ["whatsapp.cs.reminder"]
    _order = "name, id"

    def _default_token(self):
        return secrets.token_urlsafe(24)

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    waba_id = fields.Char(
        "Account ID", required=True, copy=False, help="The number Meta calls “WhatsApp Business Account ID”."
    )
    app_id = fields.Char("App ID", copy=False, help="The id of your app in Meta's developer dashboard.")
    app_secret = fields.Char(
        copy=False,
        exportable=False,
        groups=GROUP_ADMINISTRATOR,
        help="App dashboard > App settings > Basic. WhatsApp signs every webhook with it.",
    )
    access_token = fields.Char(
        copy=False,
        exportable=False,
        groups=GROUP_ADMINISTRATOR,
        help="A system user's token that never expires, with the permissions whatsapp_business_messaging and "
        "whatsapp_business_management. The dashboard's temporary token stops after a day.",
    )
    api_version = fields.Char(
        "API Version", required=True, default="v25.0", help="Version of Meta's Graph API, such as v25.0."
    )
    base_url = fields.Char(
        "Base URL",
        required=True,
        default="https://graph.facebook.com",
        help="Where Meta's Graph API answers. Change it for a proxy or a test system only.",
    )
    backup_base_url = fields.Char(
        "Backup Base URL",
        help="Another way to Meta's Graph API, such as a proxy in another place. It is taken while the base URL fails or "
        "takes longer than 1.5 s in three checks in a row.",
    )
    webhook_token = fields.Char(
        default=lambda self: self._default_token(),
        required=True,
        readonly=True,
        copy=False,
        exportable=False,
        groups=GROUP_ADMINISTRATOR,
    )
    verify_token = fields.Char(
        default=lambda self: self._default_token(),
        required=True,
        copy=False,
        exportable=False,
        groups=GROUP_ADMINISTRATOR,
        help="Meta shows this word when it checks the webhook address. Connect passes it on by itself.",
    )
    webhook_url = fields.Char("Webhook URL", compute="_compute_webhook_url", groups=GROUP_ADMINISTRATOR)
    state = fields.Selection(
        [("draft", "Not Connected"), ("connecting", "Connecting"), ("connected", "Connected"), ("blocked", "Blocked")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    blocked_reason = fields.Char(readonly=True, copy=False)
    blocked_count = fields.Integer(
        readonly=True, copy=False, help="How often WhatsApp refused to send since it last took a message."
    )
    probe_date = fields.Datetime(
        "Tried Again On", readonly=True, copy=False, help="The connection is checked again by itself then."
    )
    connection_steps = fields.Json(readonly=True, copy=False)
    token_expiry_date = fields.Datetime(
        "Token Valid Until", readonly=True, copy=False, help="Empty: it does not expire."
    )
    last_event_date = fields.Datetime("Last Webhook", compute="_compute_event_figures")
    failed_event_count = fields.Integer(compute="_compute_event_figures")
    unknown_number_count = fields.Integer(compute="_compute_event_figures")
    refusal_count = fields.Integer("Refused Calls (24 h)", compute="_compute_refusal_count")
    channel_ids = fields.One2many("whatsapp.cs.channel", "account_id", string="Numbers")
    channel_count = fields.Integer(compute="_compute_channel_count")

    _waba_id_uniq = models.UniqueIndex("(waba_id)", "This WhatsApp Business Account is already set up.")
    _webhook_token_uniq = models.UniqueIndex("(webhook_token)")

    @api.depends("webhook_token")
    def _compute_webhook_url(self):
        for account in self:
            account.webhook_url = urljoin(account.get_base_url(), f"/whatsapp_cs/webhook/{account.webhook_token}")

    def _compute_event_figures(self):
        Event = self.env["whatsapp.cs.event"]
        newest = dict(Event._read_group([("account_id", "in", self.ids)], ["account_id"], ["create_date:max"]))
        failed = dict(
            Event._read_group([("account_id", "in", self.ids), ("state", "=", "failed")], ["account_id"], ["__count"])
        )
        unknown = dict(
            Event._read_group(
                [("account_id", "in", self.ids), ("state", "=", "failed"), ("failure_type", "=", "unknown_number")],
                ["account_id"],
                ["__count"],
            )
        )
        for account in self:
            account.last_event_date = newest.get(account)
            account.failed_event_count = failed.get(account, 0)
            account.unknown_number_count = unknown.get(account, 0)

    def _compute_refusal_count(self):
        counts = dict(
            self.env["whatsapp.cs.webhook.refusal"]._read_group(
                [("account_id", "in", self.ids), ("create_date", ">=", "now -24H")], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.refusal_count = counts.get(account, 0)

    @api.depends("channel_ids")
    def _compute_channel_count(self):
        for account in self:
            account.channel_count = len(account.channel_ids)

    @api.constrains("base_url", "backup_base_url")
    def _check_base_url(self):
        for account in self:
            for url in filter(None, (account.base_url, account.backup_base_url)):
                if not _is_safe_url(url):
                    raise ValidationError(
                        self.env._(
                            "The base URL %s is not encrypted: the access token would travel in clear text. "
                            "Enter one that begins with https://.",
                            url,
                        )
                    )
            if account.backup_base_url and account.backup_base_url.rstrip("/") == account.base_url.rstrip("/"):
                raise ValidationError(
                    self.env._("The backup base URL is the base URL itself. Enter another address, or none.")
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_numbers(self):
        self.env.registry.clear_cache()
        if self.with_context(active_test=False).channel_ids:
            raise UserError(
                self.env._(
                    "This account has numbers with conversations. Archive it instead, so that they stay readable."
                )
            )

    # === BUTTONS === #

    def action_view_channels(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_channel_action")

    def action_view_failed_events(self):
        action = self._get_list_action("whatsapp_cs.whatsapp_cs_event_action")
        action["context"] = {"search_default_failed": True}
        return action

    def action_view_refusals(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_webhook_refusal_action")

    def _get_list_action(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = [("account_id", "=", self.id)]
        return action

    # === WEBHOOK === #

    @api.model
    def _find_by_webhook_token(self, token):
        """Return the account whose webhook address carries ``token``, or an empty record."""
        if not re.fullmatch(r"[\w-]+", token, re.ASCII):
            return self.browse()
        try:
            return self.browse(self._get_id_by_webhook_token(token))
        except KeyError:
            return self.browse()

    @api.model
    @tools.ormcache("token")
    def _get_id_by_webhook_token(self, token):
        """Return the account's id. A token that nobody has is a KeyError: guesses must not fill the cache."""
        # sudo: whatsapp.cs.account - the token is known to Meta and us only
        account_sudo = self.sudo().search([("webhook_token", "=", token)], limit=1)
        if not account_sudo:
            raise KeyError(token)
        return account_sudo.id

    @tools.ormcache("self.id")
    def _get_webhook_facts(self):
        """Return ``(app secret, company id)``: what each webhook needs to know, without a query for it."""
        # sudo: whatsapp.cs.account - to check who calls; it goes nowhere
        account_sudo = self.sudo()
        return account_sudo.app_secret, account_sudo.company_id.id

    def _is_verify_token(self, token):
        return consteq(self.verify_token.encode(), (token or "").encode("utf-8", "replace"))

    def _find_channel(self, phone_number_id):
        """Return the account's own channel with Meta's ``phone_number_id``, archived ones too, or empty.

        Only the account's own: its signature says nothing about another account's numbers.
        """
        self.ensure_one()
        channels = self.with_context(active_test=False).channel_ids
        return channels.filtered(lambda channel: channel.phone_number_id == phone_number_id).with_env(self.env)

    # === GRAPH API === #

    def _get_graph_client(self, is_backup=None):
        """Return a client that holds the account's token; it may be handed to another thread.

        :param is_backup: which of the two addresses; without it the one in force
        """
        self.ensure_one()
        # sudo: whatsapp.cs.account - the token is for administrators; here the system itself calls Meta
        account_sudo = self.sudo()
        uses_backup = account_sudo.is_on_backup if is_backup is None else is_backup
        url = (uses_backup and account_sudo.backup_base_url) or account_sudo.base_url
        return get_client(url, account_sudo.api_version, account_sudo.access_token or "")

    def _get_daily_contacts(self):
        """Return how many people the account may write to first within 24 hours; 0: as many as it likes.

        What Meta says of the numbers, which share it (``TIER_250``, ``TIER_2K`` …), else the setting.
        """
        self.ensure_one()
        tiers = {tier for tier in self.channel_ids.mapped("messaging_limit") if tier}
        if "TIER_UNLIMITED" in tiers:
            return 0
        limits = [
            int(number) * (1000 if kilo else 1) for number, kilo in re.findall(r"TIER_(\d+)(K?)", " ".join(tiers))
        ]
        return min(limits, default=0) or self.env["whatsapp.cs.send.policy"]._get_limit("daily_contacts")

    def _set_blocked(self, reason):
        """Stop sending on all numbers of the account, keep what is queued, and say why.

        What an administrator mends at WhatsApp shows nowhere here: the connection is checked again by itself, less and
        less often.
        """
        for account in self.filtered(lambda account: account.state != "blocked"):
            pause = min(PROBE_MINUTES * 2**account.blocked_count, LONGEST_PROBE_MINUTES)
            account.write(
                {
                    "state": "blocked",
                    "blocked_reason": reason,
                    "blocked_count": account.blocked_count + 1,
                    "probe_date": fields.Datetime.now() + timedelta(minutes=pause),
                }
            )
            account.channel_ids._block()

    @api.model
    def _probe_blocked(self):
        """Connect accounts again that are blocked and due for it; what waits for them goes as soon as that works."""
        self.search([("state", "=", "blocked"), ("probe_date", "<=", fields.Datetime.now())])._probe()

    def _probe(self):
        """See now whether blocked accounts work again."""
        blocked = self.filtered(lambda account: account.state == "blocked")
        if blocked:
            blocked.state = "connecting"
            # sudo: ir.cron - the system itself wakes it
            self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_account_connect").sudo()._trigger()

    def _note_sending_works(self):
        """Forget earlier refusals: WhatsApp has taken a message."""
        self.filtered("blocked_count").write({"blocked_count": 0, "probe_date": False})

    def write(self, vals):
        """Connect again when a blocked account gets what it needs to work."""
        result = super().write(vals)
        if {"webhook_token", "app_secret", "company_id", "active"} & set(vals):
            self.env.registry.clear_cache()
        blocked = self.filtered(lambda account: account.state == "blocked")
        if blocked and {"access_token", "app_secret", "app_id", "base_url", "api_version"} & set(vals):
            blocked.action_connect()
        return result


def _is_safe_url(text):
    url = urlsplit(text)
    is_here = url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1", "::1")
    return is_here or bool(url.scheme == "https" and url.hostname)
