import logging
import random
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools import graph_errors
from ..tools.graph_client import GraphError

_logger = logging.getLogger(__name__)

SENDER_THREADS = 16  # enough for 80 messages a second at an API that answers within 200 ms
RETRY_DELAYS = (2, 10, 300, 300, 300)  # seconds: two quick tries, then three with the compensation run
QUICK_RETRY = 15  # seconds: for a try that is due within it the sender stays; Odoo's crons wake by the minute only
POLL_PAUSE = 0.2  # seconds between two looks while it stays
SLOW_CALL = 2  # seconds after which a call is not waited for: others are sent beside it
RUN_SECONDS = 60  # at the most; with the longest call on top it stays below the 120 s after which Odoo kills a cron
CLAIM_MINUTES = 5  # longer than any call takes


class WhatsappCsOutbox(models.Model):
    """The outbox: one row per attempt to send a message. The claim is committed before WhatsApp is called."""

    _name = "whatsapp.cs.outbox"
    _description = "WhatsApp Outbox"
    _order = "id desc"
    _rec_name = "message_id"

    message_id = fields.Many2one("whatsapp.cs.message", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, index=True, ondelete="cascade")
    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    key = fields.Char(
        required=True,
        readonly=True,
        default=lambda self: uuid.uuid4().hex,
        help="Travels with the message and comes back in WhatsApp's reports, also when our note of its id was lost.",
    )
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("sending", "Sending"),
            ("gone", "Accepted by WhatsApp"),
            ("retry", "Will Be Tried Again"),
            ("unknown", "Outcome Unknown"),
            ("failed", "Failed"),
        ],
        default="queued",
        required=True,
        readonly=True,
    )
    state_date = fields.Datetime(readonly=True, default=fields.Datetime.now)
    claim_date = fields.Datetime(readonly=True)
    claim_backend = fields.Char(readonly=True, help="The database connection of the worker that sends it.")
    next_try_date = fields.Datetime("Not Before", readonly=True)
    try_count = fields.Integer("Tries", readonly=True, default=0)
    error = fields.Char("Last Error", readonly=True)

    _key_uniq = models.UniqueIndex("(key)")
    _open_idx = models.Index("(contact_id, id) WHERE state IN ('queued', 'retry', 'sending')")
    _retry_idx = models.Index("(next_try_date) WHERE state = 'retry'")

    # === QUEUEING === #

    @api.model
    def _add(self, message):
        """Queue one attempt to send ``message``."""
        self.create(
            {"message_id": message.id, "channel_id": message.channel_id.id, "contact_id": message.contact_id.id}
        )
        self._wake_up()

    @api.model
    def _wake_up(self):
        # sudo: ir.cron - whoever brings work may wake the worker
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_outbox_send").sudo()._trigger()

    @api.model
    def _find_by_key(self, account, keys):
        """Return ``{(channel, key): row}`` of the account's rows with one of ``keys``; under None an empty row."""
        keys = [key for key in keys if isinstance(key, str)]
        rows = self.search([("key", "in", keys), ("channel_id.account_id", "=", account.id)]) if keys else self.browse()
        return {(row.channel_id, row.key): row for row in rows} | {None: self.browse()}

    @api.model
    def _get_meaning(self, code):
        """Return what an error code of WhatsApp means, as a sentence in the user's language, or ``""``."""
        text = graph_errors.get_meaning(code).text
        return self.env._(text) if text else ""

    # === SENDING === #

    @api.model
    def _cron_send(self):
        """Send what is queued: claim, commit, call in threads, write each result when it is there.

        Only as many rows are claimed as threads are free, so that a call that hangs holds up its own customer alone.
        """
        self._reap()
        has_time, pending, end = True, {}, time.monotonic() + RUN_SECONDS
        with ThreadPoolExecutor(max_workers=SENDER_THREADS) as pool:
            while True:
                if has_time:
                    calls = self._start_calls(pool, SENDER_THREADS - len(pending))
                    pending |= dict.fromkeys(calls, time.monotonic())
                if not pending and not (has_time and self._is_retry_near()):
                    break
                done = self._wait_for_calls(pending)
                self._write_results([future.result() for future in done])
                time_left = self.env["ir.cron"]._commit_progress(len(done), remaining=0)
                now = time.monotonic()
                is_held_up = any(now - started > SLOW_CALL for started in pending.values())
                has_time = bool(time_left) or (is_held_up and now < end)
        if not has_time:
            self._wake_up()  # go on at once, with other jobs in between

    @api.model
    def _wait_for_calls(self, pending):
        """Wait a moment, take the calls that are done out of ``pending`` (future: start) and return them."""
        if not pending:
            time.sleep(POLL_PAUSE)  # for a retry that is near
        done, _not_done = wait(pending, timeout=POLL_PAUSE, return_when=FIRST_COMPLETED)
        for future in done:
            del pending[future]
        return done

    @api.model
    def _start_calls(self, pool, limit):
        """Claim up to ``limit`` rows and call WhatsApp for them in threads; return the futures of the results."""
        rows = self.browse(self._claim(limit) if limit else [])
        calls = rows._prepare_calls()
        self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
        return {pool.submit(_send, call) for call in calls}

    @api.model
    def _is_retry_near(self):
        """Tell whether a quick second try is due so soon that it pays to wait for it."""
        near = fields.Datetime.now() + timedelta(seconds=QUICK_RETRY)
        return bool(
            self.search_count(
                [("state", "=", "retry"), ("next_try_date", "<=", near), ("channel_id.state", "=", "live")], limit=1
            )
        )

    @api.model
    def _claim(self, batch_size):
        """Take due rows, at most one per contact so that order holds, in one committed statement."""
        while True:
            try:
                rows = self.env.execute_query(
                    SQL(
                        """
                        UPDATE whatsapp_cs_outbox
                           SET state = 'sending', try_count = coalesce(try_count, 0) + 1,
                               claim_date = now() AT TIME ZONE 'UTC', state_date = now() AT TIME ZONE 'UTC',
                               claim_backend = (SELECT pid || ' ' || backend_start FROM pg_stat_activity
                                                 WHERE pid = pg_backend_pid())
                         WHERE id = ANY(ARRAY(
                               SELECT o.id
                                 FROM whatsapp_cs_outbox o
                                 JOIN whatsapp_cs_channel c ON c.id = o.channel_id AND c.state = 'live'
                                WHERE o.state IN ('queued', 'retry')
                                  AND (o.next_try_date IS NULL OR o.next_try_date <= now() AT TIME ZONE 'UTC')
                                  AND NOT EXISTS (
                                      SELECT 1 FROM whatsapp_cs_outbox earlier
                                       WHERE earlier.contact_id = o.contact_id AND earlier.id < o.id
                                         AND earlier.state IN ('queued', 'retry', 'sending'))
                                ORDER BY o.id LIMIT %s FOR NO KEY UPDATE OF o SKIP LOCKED))
                        RETURNING id
                        """,
                        batch_size,
                    )
                )
                ids = sorted(row_id for (row_id,) in rows)
                self.env.invalidate_all()
                self.browse(ids).message_id._set_sending()
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return ids
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()

    def _prepare_calls(self):
        """Return what the threads need to send the claimed rows; they know no ORM, so all of it is prepared here."""
        clients = {account: account._get_graph_client() for account in self.channel_id.account_id}
        calls = []
        for row in self:
            try:
                payload = {**row.message_id._prepare_payload(), "biz_opaque_callback_data": row.key}
            except Exception as error:  # one that can't be put into words must not take the others with it
                _logger.exception("WhatsApp outbox row %s has no payload", row.id)
                row._on_error(GraphError("payload", type(error).__name__))
                continue
            calls.append((row.id, clients[row.channel_id.account_id], row.channel_id.phone_number_id, payload))
        return calls

    @api.model
    def _write_results(self, results):
        """Write down what became of the calls. Tried until it is stored: the calls can't be taken back."""
        while True:
            try:
                for row_id, wamid, error in results:
                    self.browse(row_id)._write_result(wamid, error)
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # a status webhook wrote the same message; look again

    def _write_result(self, wamid, error):
        try:
            with self.env.cr.savepoint():
                if error is None:
                    self._set_gone(wamid)
                else:
                    self._on_error(error)
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as bug:  # must not take the other results with it; the reaper says "unknown" for this one
            _logger.error("The result of WhatsApp outbox row %s could not be stored: %s", self.id, type(bug).__name__)

    def _on_error(self, error):
        """Decide by the error's family what becomes of the row."""
        self.ensure_one()
        if self.state != "sending":
            return  # a status webhook has settled it meanwhile
        _logger.info("WhatsApp outbox row %s: error %s, trace %s", self.id, error.code, error.trace)
        if error.outcome_unknown:
            self._set_unknown(error.details)
        elif error.needs_administrator:
            self._update_state("queued", error=str(error))
            self.channel_id.account_id._set_blocked(self._get_meaning(error.code))
        elif error.retryable and self.try_count <= len(RETRY_DELAYS):
            delay = RETRY_DELAYS[self.try_count - 1] * random.uniform(1, 1.3)  # noqa: S311 - jitter, no secret
            self._update_state(
                "retry", error=str(error), next_try_date=fields.Datetime.now() + timedelta(seconds=delay)
            )
        else:
            self._update_state("failed", error=str(error))
            self.message_id._set_failed(error.code, error.details)

    @api.model
    def _reap(self):
        """Note the rows of workers that died between claim and result: nobody knows whether they went.

        A killed worker's database connection is gone at once; the age is for what even that does not show.
        """
        self.env.cr.execute(
            """
            SELECT id FROM whatsapp_cs_outbox
             WHERE state = 'sending'
               AND (claim_date < now() AT TIME ZONE 'UTC' - %s * interval '1 minute'
                    OR claim_backend NOT IN (SELECT pid || ' ' || backend_start FROM pg_stat_activity
                                              WHERE backend_start IS NOT NULL))
            """,
            (CLAIM_MINUTES,),
        )
        try:
            self.browse(row_id for (row_id,) in self.env.cr.fetchall())._set_unknown("worker died")
            self.env.cr.commit()  # pylint: disable=invalid-commit
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # a status webhook is settling one; the next run looks again

    @api.autovacuum
    def _gc_outbox(self):
        """Forget attempts that WhatsApp accepted after 90 days; reports come for at most 30."""
        self.search([("state", "=", "gone"), ("state_date", "<", "now -90d")], limit=10000).unlink()

    # === STATE MACHINE === #

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "queued": ("sending",),
        "sending": ("queued", "retry"),  # by _claim
        "gone": ("sending", "unknown", "queued", "retry"),  # a report may come before the answer
        "retry": ("sending",),
        "unknown": ("sending",),
        "failed": ("sending", "queued", "retry"),  # the latter two when it is no longer needed
    }

    def _set_gone(self, wamid):
        """WhatsApp has it, under the id ``wamid``: its answer says so, or a report that carries our key."""
        for row in self.filtered(lambda row: row.state != "gone"):
            if row._update_state("gone"):
                row.message_id._set_accepted(wamid)

    def _cancel(self, reason):
        """Don't send what still waits: the message has arrived by another try."""
        for row in self.filtered(lambda row: row.state in ("queued", "retry")):
            row._update_state("failed", error=reason)

    def _set_unknown(self, reason):
        for row in self:
            if row._update_state("unknown", error=reason):
                row.message_id._set_unknown()

    def _update_state(self, state, **values):
        """Enter ``state`` if the table allows it; the only method that writes it, beside ``_claim``."""
        self.ensure_one()
        if self.state not in self._STATE_SOURCES[state]:
            return False
        self.write({**values, "state": state, "state_date": fields.Datetime.now()})
        return True


def _send(call):
    row_id, client, phone_number_id, payload = call
    try:
        return row_id, client.send_message(phone_number_id, payload), None
    except GraphError as error:
        return row_id, None, error
    except Exception as error:  # a bug must not take the other results with it; whether the message left is open
        _logger.exception("WhatsApp outbox row %s could not be sent", row_id)
        return row_id, None, GraphError("network", type(error).__name__, outcome_unknown=True)
