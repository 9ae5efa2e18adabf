import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.graph_client import GraphClient, GraphError
from ..tools.private_log import queries_hidden
from .whatsapp_cs_account_care import SLOW_MS
from .whatsapp_cs_queue import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

NORMAL_MS = 800  # Meta's API answers faster as a rule
TIMEOUT = 10  # seconds for one answer; far beyond what counts as slow
THREADS = 16  # numbers asked at once
BATCH_SIZE = 20  # accounts claimed at once
INTERVAL = 50  # minutes after which an account is due; the job comes every hour, sometimes a little early
DAYS = 30
STATES = [
    ("good", "Normal"),
    ("slow", "Slow"),
    ("bad", "Too Slow"),
    ("refused", "Refused"),
    ("failed", "No Answer"),
]
NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "name_status",
    "status",
    "quality_rating",
    "whatsapp_business_manager_messaging_limit",
    "throughput",
)


class Call(NamedTuple):
    """One question to WhatsApp, prepared for a thread that knows no ORM."""

    channel_id: int
    is_backup: bool
    client: GraphClient
    phone_number_id: str


class Answer(NamedTuple):
    """What became of a ``Call``: the number as WhatsApp describes it, or the error; and how long it took."""

    call: Call
    number: dict
    error: GraphError | None
    ms: int

    @property
    def is_answered(self):
        """Meta itself spoke, be it to refuse; anything else may be the way there."""
        return self.error is None or (self.error.code != "network" and not self.error.retryable)

    @property
    def state(self):
        if self.error:
            return "refused" if self.is_answered else "failed"
        return "good" if self.ms < NORMAL_MS else "slow" if self.ms <= SLOW_MS else "bad"


class WhatsappCsChannelCheck(models.Model):
    """How WhatsApp answered for a number, hour by hour (CH7). The same answer refreshes what is known of the number."""

    _name = "whatsapp.cs.channel.check"
    _description = "WhatsApp Connection Check"
    _order = "date desc, id desc"
    _rec_name = "date"
    _log_access = False

    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Many2one(related="channel_id.account_id", store=True, index=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    route = fields.Selection(
        [("main", "Base URL"), ("backup", "Backup Base URL")], "Address", required=True, readonly=True
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    latency_ms = fields.Integer("Latency (ms)", readonly=True, aggregator="avg", help="Empty: no answer came.")
    failure_count = fields.Integer("Failed", readonly=True)
    error = fields.Char(readonly=True)

    _channel_idx = models.Index("(channel_id, date)")
    _date_idx = models.Index("(date)")

    # === JOBS === #

    @api.model
    def _cron_check(self):
        """Check every account that is due: its live numbers at the address in force, and its token.

        Accounts are claimed by a committed statement, so running twice at once asks nobody twice.
        """
        while accounts := self._claim():
            self._check(accounts)
            if not self.env["ir.cron"]._commit_progress(len(accounts), remaining=0):
                break
        self.env["whatsapp.cs.account"].search([("state", "!=", "draft")])._remind_of_token()

    @api.model
    def _cron_refresh(self):
        """Read the numbers of accounts of which WhatsApp said that something has changed."""
        for account in self.env["whatsapp.cs.account"].search([("refresh_date", "!=", False)]):
            date, calls = account.refresh_date, account.channel_ids._prepare_checks(account.is_on_backup)
            self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
            answers = self._ask(calls)
            self._store(self._write_refreshed, account, date, answers)

    @api.model
    def _claim(self):
        query = SQL(
            """
            UPDATE whatsapp_cs_account SET check_date = now() AT TIME ZONE 'UTC'
             WHERE id = ANY(ARRAY(
                   SELECT id FROM whatsapp_cs_account
                    WHERE active AND state IN ('connected', 'blocked')
                      AND (check_date IS NULL OR check_date < now() AT TIME ZONE 'UTC' - %s * interval '1 minute')
                    ORDER BY check_date NULLS FIRST, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED))
            RETURNING id
            """,
            INTERVAL,
            BATCH_SIZE,
        )
        ids = self._store(lambda: [row[0] for row in self.env.execute_query(query)])
        return self.env["whatsapp.cs.account"].browse(ids)

    @api.model
    def _check(self, accounts):
        calls, tokens = [], []
        for account in accounts:
            channels = account.channel_ids.filtered(lambda channel: channel.state != "draft")
            calls += channels._prepare_checks(is_backup=False)
            if account.is_on_backup:
                calls += channels._prepare_checks(is_backup=True)
            if account.app_id and account.app_secret and account.access_token:
                tokens.append((account.id, account._get_graph_client(), account.app_id, account.app_secret))
        self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
        answers, tokens = self._ask(calls), self._ask(tokens, _ask_token)
        self._store(self._write_checks, accounts, answers, dict(filter(None, tokens)))

    @api.model
    def _ask(self, calls, ask=None):
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            return list(pool.map(ask or _ask, calls))

    @api.model
    def _store(self, write, *args):
        """Write results down and commit; again when somebody else writes on the same records, for they can't be had twice."""
        while True:
            try:
                with queries_hidden(*CONCURRENCY_ERRORS):
                    result = write(*args)
                    self.env.flush_all()
                    self.env.cr.commit()  # pylint: disable=invalid-commit
                return result
            except CONCURRENCY_ERRORS:
                self.env.cr.rollback()

    # === RESULTS === #

    @api.model
    def _write_checks(self, accounts, answers, tokens):
        checks = self.create([self._prepare_values(answer) for answer in answers])
        self._forget_times_without_answer(checks)
        channels = self.env["whatsapp.cs.channel"]
        for account in accounts.exists():
            own = [answer for answer in answers if channels.browse(answer.call.channel_id).account_id == account]
            for answer in own:
                if answer.call.is_backup == account.is_on_backup:
                    latency = answer.ms if answer.is_answered else 0
                    channels.browse(answer.call.channel_id)._note_check(answer.state, latency, answer.number)
            account._judge_round(
                [answer.ms if answer.is_answered else float("inf") for answer in own if not answer.call.is_backup]
            )
            if account.id in tokens:
                account._note_token(tokens[account.id])

    @api.model
    def _prepare_values(self, answer):
        return {
            "channel_id": answer.call.channel_id,
            "route": "backup" if answer.call.is_backup else "main",
            "state": answer.state,
            "latency_ms": answer.ms,
            "failure_count": int(answer.state == "failed"),
            "error": str(answer.error) if answer.error else False,
        }

    @api.model
    def _forget_times_without_answer(self, checks):
        """Have no latency where none was measured: how long a refused connection took says nothing, and bends the graph."""
        failed = checks.filtered(lambda check: check.state == "failed")
        failed.flush_recordset()
        self.env.execute_query(
            SQL("UPDATE whatsapp_cs_channel_check SET latency_ms = NULL WHERE id = ANY(%s) RETURNING id", failed.ids)
        )
        failed.invalidate_recordset(["latency_ms"], flush=False)

    @api.model
    def _write_refreshed(self, account, date, answers):
        for answer in answers:
            self.env["whatsapp.cs.channel"].browse(answer.call.channel_id)._note_number(answer.number)
        # What came meanwhile, or did not answer, is read with the next run.
        if account.refresh_date == date and all(answer.is_answered for answer in answers):
            account.refresh_date = False

    @api.autovacuum
    def _gc_checks(self):
        """Forget checks after 30 days."""
        self.search([("date", "<", f"-{DAYS}d")], limit=10000).unlink()


def _ask(call):
    started = time.monotonic()
    number, failure = {}, None
    try:
        number = call.client.get_phone_number(call.phone_number_id, NUMBER_FIELDS, timeout=TIMEOUT)
    except GraphError as error:
        failure = error
    except Exception as error:  # a bug must not take the other results with it
        _logger.exception("WhatsApp channel %s could not be checked", call.channel_id)
        failure = GraphError("network", type(error).__name__, retryable=True)
    return Answer(call, number, failure, round((time.monotonic() - started) * 1000))


def _ask_token(call):
    """Return ``(account id, what WhatsApp says of its token)``, or None: no answer says nothing about a token."""
    account_id, client, app_id, app_secret = call
    try:
        return account_id, client.debug_token(app_id, app_secret)
    except GraphError:
        return None
    except Exception:  # a bug must not take the other results with it
        _logger.exception("The token of WhatsApp account %s could not be checked", account_id)
        return None
