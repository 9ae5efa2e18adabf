from datetime import UTC, datetime, timedelta
from statistics import median_high

from odoo import api, fields, models

SLOW_MS = 1500  # an answer that takes longer speaks for the other address
ROUNDS = 3  # checks in a row that change the address
EXPIRY_DAYS = 7  # before a token ends the administrators are told
TOKEN_DAYS = 30  # a token older than that should be replaced


class WhatsappCsAccount(models.Model):
    """What an account does for itself: it watches its token and its address, and reads again what WhatsApp hints at."""

    _inherit = "whatsapp.cs.account"  # pylint: disable=consider-merging-classes-inherited

    is_on_backup = fields.Boolean("Uses the Backup Address", readonly=True, copy=False)
    route_streak = fields.Integer(
        readonly=True, copy=False, help="Checks in a row that speak against the address in force."
    )
    check_date = fields.Datetime("Last Checked", readonly=True, copy=False)
    refresh_date = fields.Datetime(
        readonly=True, copy=False, help="WhatsApp said that something has changed; it is read again since then."
    )
    token_date = fields.Datetime("Token Entered On", readonly=True, copy=False)
    is_expiry_noted = fields.Boolean(readonly=True, copy=False)
    is_age_noted = fields.Boolean(readonly=True, copy=False)
    notice_ids = fields.One2many("whatsapp.cs.notice", "account_id")
    notice_count = fields.Integer("Notices", compute="_compute_notice_counts")
    open_notice_count = fields.Integer(compute="_compute_notice_counts")

    @api.depends("notice_ids.is_open")
    def _compute_notice_counts(self):
        Notice = self.env["whatsapp.cs.notice"]
        counts = dict(Notice._read_group([("account_id", "in", self.ids)], ["account_id"], ["__count"]))
        opened = dict(
            Notice._read_group([("account_id", "in", self.ids), ("is_open", "=", True)], ["account_id"], ["__count"])
        )
        for account in self:
            account.notice_count = counts.get(account, 0)
            account.open_notice_count = opened.get(account, 0)

    @api.model_create_multi
    def create(self, vals_list):
        now = fields.Datetime.now()
        return super().create(
            [{"token_date": now if vals.get("access_token") else False, **vals} for vals in vals_list]
        )

    def write(self, vals):
        """Begin anew with a new token or address: what was wrong with the old one is over."""
        vals = dict(vals)
        news = self.browse()
        if vals.get("access_token"):
            news = self.filtered(lambda account: account.access_token != vals["access_token"])
        if {"base_url", "backup_base_url"} & set(vals):
            vals |= {"is_on_backup": False, "route_streak": 0}
        result = super().write(vals)
        if news:
            news._begin_token()
        return result

    def action_view_notices(self):
        action = self._get_list_action("whatsapp_cs.whatsapp_cs_notice_action")
        action["context"] = {"search_default_open": bool(self.open_notice_count)}
        return action

    # === TOKEN === #

    def _begin_token(self):
        self.write(
            {
                "token_date": fields.Datetime.now(),
                "token_expiry_date": False,
                "is_expiry_noted": False,
                "is_age_noted": False,
            }
        )
        self._take_reminders_back()

    def _note_token(self, token):
        """Take over what WhatsApp says of the token (``debug_token``), and stop sending when it is dead."""
        self.ensure_one()
        expires_at = token.get("expires_at")
        date = datetime.fromtimestamp(expires_at, UTC).replace(tzinfo=None) if expires_at else False
        if date != self.token_expiry_date:
            self.write({"token_expiry_date": date, "is_expiry_noted": False})
        if token.get("is_valid") is False and self.state == "connected":
            self._set_blocked(
                self.env._(
                    "WhatsApp does not accept the access token any more. An administrator has to enter a new one."
                )
            )

    def _remind_of_token(self):
        """Give the administrators an activity before a token ends, and one when it is old; each once."""
        now = fields.Datetime.now()
        for account in self:
            if (
                not account.is_expiry_noted
                and account.token_expiry_date
                and (account.token_expiry_date <= now + timedelta(days=EXPIRY_DAYS))
            ):
                account.is_expiry_noted = True
                account._remind(lambda record: record._get_expiry_words(), account.token_expiry_date.date())
            entered = account.token_date or account.create_date
            if not account.is_age_noted and entered <= now - timedelta(days=TOKEN_DAYS):
                account.is_age_noted = True
                account._remind(lambda record: record._get_age_words())

    def _get_expiry_words(self):
        return (
            self.env._("The access token of %s ends soon", self.name),
            self.env._(
                "After %s (UTC) nothing is sent any more. Create a new token for the system user in Meta's Business "
                "Manager and enter it in the account.",
                fields.Datetime.to_string(self.token_expiry_date),
            ),
        )

    def _get_age_words(self):
        return (
            self.env._(
                "The access token of %(account)s is older than %(days)s days", account=self.name, days=TOKEN_DAYS
            ),
            self.env._(
                "Replace it, so that one that leaked does no harm for long: create a new token for the system user in "
                "Meta's Business Manager and enter it in the account."
            ),
        )

    # === ADDRESS IN FORCE === #

    def _judge_round(self, times):
        """Change to the other address after three checks in a row that speak for it.

        :param times: what each number's answer at the *main* address took, in ms; infinite without one
        """
        self.ensure_one()
        if not times:
            return
        is_good = median_high(times) <= SLOW_MS
        speaks_against = is_good if self.is_on_backup else not is_good
        streak = self.route_streak + 1 if speaks_against else 0
        if streak >= ROUNDS and self.backup_base_url:
            self.write({"is_on_backup": not self.is_on_backup, "route_streak": 0})
            self.env["whatsapp.cs.alert"]._check_soon()
        elif streak != self.route_streak:
            self.route_streak = streak
            if streak >= ROUNDS:
                self.env["whatsapp.cs.alert"]._check_soon()

    # === READING AGAIN === #

    def _request_refresh(self):
        """Have the account's numbers read from the API soon, outside of this transaction."""
        self.refresh_date = fields.Datetime.now()
        # sudo: ir.cron - the system itself wakes it
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_account_refresh").sudo()._trigger()

    def _close_restrictions(self):
        """Note that restrictions are over: WhatsApp lets us send again."""
        notices = self.notice_ids.filtered(lambda notice: notice.is_open and notice.kind == "account_update")
        notices._handle(self.env.user)

    # === ALERTS === #

    def _find_problems(self):
        """Return ``{kind of alert: values}`` of what needs an administrator."""
        self.ensure_one()
        problems = {}
        blocked = self.channel_ids.filtered(lambda channel: channel.state == "blocked")
        if self.blocked_reason or blocked:
            problems["blocked"] = {"subject": self.name if self.blocked_reason else blocked[0].display_name}
        if self.is_on_backup:
            problems["backup"] = {"subject": self.name}
        elif self.route_streak >= ROUNDS:
            problems["slow"] = {"subject": self.name, "limit_value": SLOW_MS}
        if self.open_notice_count:
            problems["notice"] = {"subject": self.name, "value": self.open_notice_count}
        return problems
