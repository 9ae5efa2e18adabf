import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

_logger = logging.getLogger(__name__)

REOPEN_MINUTES = 10  # what comes back so soon was not over: the same alert goes on and nobody is told again
SMALL_MB = 100  # a database below it grows by any percentage


class WhatsappCsAlert(models.Model):
    """Something is out of its bounds. Opened once, told once, closed by itself when it is over (KP12)."""

    _name = "whatsapp.cs.alert"
    _inherit = ["whatsapp.cs.limits"]
    _limits = "alert"
    _description = "WhatsApp Alert"
    _order = "id desc"

    kind = fields.Selection(
        [
            ("inbox", "Webhooks wait too long"),
            ("failed", "Webhooks failed"),
            ("outbox", "Messages wait too long"),
            ("delivery", "Few messages arrive"),
            ("api_calls", "API calls run out"),
            ("storage", "Storage grows fast"),
            ("jobs", "A job does not run"),
            ("blocked", "Nothing is sent"),
            ("backup", "The backup address is used"),
            ("slow", "WhatsApp answers slowly or not at all"),
            ("notice", "WhatsApp asks for attention"),
        ],
        required=True,
        readonly=True,
    )
    account_id = fields.Many2one("whatsapp.cs.account", readonly=True, index="btree_not_null", ondelete="cascade")
    since = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    closed_date = fields.Datetime("Over Since", readonly=True)
    value = fields.Float("Measured", readonly=True, help="As long as the alert was open.")
    limit_value = fields.Float("Limit", readonly=True)
    subject = fields.Char("Where", readonly=True)
    detail = fields.Char(compute="_compute_words")
    advice = fields.Char("What to Do", compute="_compute_words")

    _open_uniq = models.UniqueIndex("(kind, coalesce(account_id, 0)) WHERE closed_date IS NULL")

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            alert.display_name = labels.get(alert.kind)

    @api.depends("kind", "value", "limit_value", "subject")
    @api.depends_context("lang")
    def _compute_words(self):
        for alert in self:
            alert.detail, alert.advice = alert._get_words()

    def _get_words(self):
        """Return what is wrong and what to do about it, in the user's language."""
        values = {
            "waited": self.env["whatsapp.cs.health"]._format_seconds(self.value),
            "limit": round(self.limit_value),
            "number": round(self.value),
            "subject": self.subject,
        }
        match self.kind:
            case "inbox":
                return (
                    self.env._("A webhook has waited for %(waited)s; the limit is %(limit)s min.", **values),
                    self.env._(
                        "See below when each job ran last. If they don't run, start Odoo with cron threads. If they do, "
                        "more comes than this server can process: add cron threads or a server."
                    ),
                )
            case "failed":
                return (
                    self.env._("%(number)s webhooks could not be processed.", **values),
                    self.env._(
                        "Open them, read the error, mend its cause and press Replay. Nothing is lost: each call is kept "
                        "as it came."
                    ),
                )
            case "outbox":
                return (
                    self.env._(
                        "A message of %(subject)s has waited for %(waited)s; the limit is %(limit)s min.", **values
                    ),
                    self.env._(
                        "Open the outbox and see what WhatsApp answered. A blocked number keeps its messages until its "
                        "account is connected again."
                    ),
                )
            case "delivery":
                return (
                    self.env._(
                        "%(number)s %% of the messages of 24 hours arrived; the limit is %(limit)s %%.", **values
                    ),
                    self.env._("See the error codes below. Stop promotions until the cause is known."),
                )
            case "api_calls":
                return (
                    self.env._(
                        "%(number)s %% of the calls granted in 24 hours are used; the limit is %(limit)s %%.", **values
                    ),
                    self.env._("Send less, or ask Meta for more calls and enter the new number in the settings."),
                )
            case "storage":
                return (
                    self.env._("WhatsApp's tables grow by %(number)s %% a month; the limit is %(limit)s %%.", **values),
                    self.env._(
                        "Plan the disk's size for this growth, or raise the limit in the settings if it is expected."
                    ),
                )
            case "jobs":
                return (
                    self.env._("“%(subject)s” has not run for %(waited)s; the limit is %(limit)s min.", **values),
                    self.env._(
                        "Start Odoo with cron threads (--max-cron-threads) and look for errors of this job in its log."
                    ),
                )
            case "blocked":
                return (
                    self.env._("%(subject)s sends nothing; messages wait in the outbox.", **values),
                    self.account_id.blocked_reason
                    or self.env._("Look at the number's status in Meta's WhatsApp Manager; sending goes on by itself."),
                )
            case "backup":
                return (
                    self.env._("%(subject)s is reached by its backup base URL.", **values),
                    self.env._("Nothing to do for sending: it goes back by itself. See why the base URL fails."),
                )
            case "slow":
                return (
                    self.env._(
                        "At %(subject)s three checks in a row failed or took longer than %(limit)s ms.", **values
                    ),
                    self.env._("Check this server's way to the internet, or enter a backup base URL in the account."),
                )
            case "notice":
                return (
                    self.env._("%(number)s notices about %(subject)s wait to be looked at.", **values),
                    self.env._("Open the notices, do what they say and mark them as looked at."),
                )
        return False, False

    # === JUDGING === #

    @api.model
    def _check(self):
        """Open an alert for everything that is out of its bounds now, close those that are over."""
        nobody = self.env["whatsapp.cs.account"]
        problems = {(kind, nobody): values for kind, values in self._find_problems().items()}
        for account in nobody.search([("active", "=", True)]):
            problems |= {(kind, account): values for kind, values in account._find_problems().items()}
        opened = self.search([("closed_date", "=", False)])
        opened.filtered(lambda alert: (alert.kind, alert.account_id) not in problems)._close()
        for (kind, account), values in problems.items():
            self._open(kind, values, account)

    @api.model
    def _check_soon(self):
        """Have alerts opened and closed as soon as this transaction is committed."""
        # sudo: ir.cron - whoever brings news may wake the job
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_health_measure").sudo()._trigger()

    @api.model
    def _find_problems(self):
        """Return ``{kind: values of the alert}``; extend it to watch something else."""
        found = {
            "inbox": self._judge_inbox(),
            "failed": self._judge_failed(),
            "outbox": self._judge_outbox(),
            "delivery": self._judge_delivery(),
            "api_calls": self._judge_api_calls(),
            "storage": self._judge_storage(),
            "jobs": self._judge_jobs(),
        }
        return {kind: values for kind, values in found.items() if values}

    @api.model
    def _judge_inbox(self):
        _depth, age = self.env["whatsapp.cs.health"]._measure_inbox()
        return self._judge_age(age, "inbox_minutes")

    @api.model
    def _judge_outbox(self):
        waiting = self.env["whatsapp.cs.health"]._measure_outbox()
        if waiting:
            channel_id = max(waiting, key=lambda channel_id: waiting[channel_id][1])
            subject = self.env["whatsapp.cs.channel"].browse(channel_id).name
            return self._judge_age(waiting[channel_id][1], "outbox_minutes", subject)

    @api.model
    def _judge_jobs(self):
        health = self.env["whatsapp.cs.health"]
        overdue = {job: health._get_overdue_seconds(job) for job in health._find_jobs()}
        if overdue:
            job = max(overdue, key=overdue.get)
            return self._judge_age(overdue[job], "job_minutes", job.name)

    @api.model
    def _judge_age(self, seconds, limit_name, subject=False):
        limit = self._get_limit(limit_name)
        if limit and seconds > limit * 60:
            return {"value": seconds, "limit_value": limit, "subject": subject}

    @api.model
    def _judge_failed(self):
        count = sum(self.env["whatsapp.cs.health"]._measure_failed_webhooks().values())
        limit = self._get_limit("failed_webhooks")
        if limit and count >= limit:
            return {"value": count, "limit_value": limit}

    @api.model
    def _judge_delivery(self):
        accepted, delivered = self.env["whatsapp.cs.health"]._measure_delivery()
        limit = self._get_limit("delivery_percent")
        if accepted and accepted >= self._get_limit("delivery_messages") and 100 * delivered / accepted < limit:
            return {"value": 100 * delivered / accepted, "limit_value": limit}

    @api.model
    def _judge_api_calls(self):
        granted, limit = self._get_limit("api_calls_granted"), self._get_limit("api_calls_percent")
        used = 100 * self.env["whatsapp.cs.health.sample"]._get_api_calls() / granted if granted else 0
        if limit and used >= limit:
            return {"value": used, "limit_value": limit}

    @api.model
    def _judge_storage(self):
        sample, limit = self.env["whatsapp.cs.health.sample"], self._get_limit("growth_percent")
        growth = sample._get_growth()
        if limit and growth is not None and growth > limit and sample._find_last().storage_mb >= SMALL_MB:
            return {"value": growth, "limit_value": limit}

    # === OPENING AND CLOSING === #

    @api.model
    def _open(self, kind, values, account=None):
        """Open an alert and tell the administrators; one that is open already, or was until a moment ago, goes on."""
        values = {**values, "account_id": account.id if account else False}
        domain = [("kind", "=", kind), ("account_id", "=", values["account_id"])]
        if open_alert := self.search([*domain, ("closed_date", "=", False)], limit=1):
            open_alert.write(values)
            return
        recent = self.search([*domain, ("closed_date", ">", f"-{REOPEN_MINUTES}M")], limit=1)
        try:
            with self.env.cr.savepoint():
                if recent:
                    recent.write({**values, "closed_date": False})
                else:
                    self.create({"kind": kind, **values})._notify()
                self.env.flush_all()
        except psycopg2.errors.UniqueViolation:
            _logger.info("WhatsApp alert %s: another worker has opened it meanwhile, and told", kind)

    def _close(self):
        self.closed_date = fields.Datetime.now()

    def _notify(self):
        """Tell the administrators: on their screens, and in their inbox or by e-mail as each has chosen."""
        group = self.env.ref("whatsapp_cs.whatsapp_cs_group_administrator")
        administrators = group.all_user_ids.filtered(
            lambda user: (
                user.active
                and user.id != SUPERUSER_ID
                and (not self.account_id or self.account_id.company_id in user.company_ids)
            )
        )
        for lang, users in administrators.grouped("lang").items():
            alert = self.with_context(lang=lang)
            users._bus_send(
                "simple_notification",
                {
                    "type": "danger",
                    "title": alert.env._("WhatsApp: %s", alert.display_name),
                    "message": f"{alert.detail} {alert.advice}",
                    "sticky": True,
                },
            )
            alert.env["mail.thread"].message_notify(
                model=self._name,
                res_id=self.id,
                partner_ids=users.partner_id.ids,
                subject=alert.env._("WhatsApp: %s", alert.display_name),
                body=f"{alert.detail} {alert.advice}",
            )

    @api.autovacuum
    def _gc_alerts(self):
        """Forget alerts that are over since a year."""
        self.search([("closed_date", "<", "-1y")], limit=10000).unlink()
