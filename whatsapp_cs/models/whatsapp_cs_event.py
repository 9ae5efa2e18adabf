import hashlib
import json
import logging
import random
import time
import traceback
from collections import Counter
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools import webhook_payload
from ..tools.private_log import queries_hidden
from ..tools.webhook_payload import PayloadError

_logger = logging.getLogger(__name__)

# Another transaction got there first. A unique violation is one of these too: the row that we would have found
# was committed after our snapshot; the next try finds it.
CONCURRENCY_ERRORS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, psycopg2.errors.UniqueViolation)
MAX_TRIES = 5
PART_SIZE = 50  # updates processed in one transaction; Meta sends up to 1,000 in one body


class UnknownNumber(Exception):
    """The update is for a phone number that no channel of the account has."""


class WhatsappCsEvent(models.Model):
    """The inbox: every signed webhook body, stored before anything is done with it."""

    _name = "whatsapp.cs.event"
    _description = "WhatsApp Webhook Event"
    _order = "id desc"

    account_id = fields.Many2one("whatsapp.cs.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    body = fields.Text(required=True, readonly=True, help="As WhatsApp sent it.")
    body_pretty = fields.Text("Content", compute="_compute_body_pretty")
    body_hash = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [("new", "Waiting"), ("done", "Processed"), ("failed", "Failed")],
        default="new",
        required=True,
        readonly=True,
    )
    state_date = fields.Datetime(readonly=True)
    next_try_date = fields.Datetime("Not Before", readonly=True)
    update_count = fields.Integer("Updates", readonly=True)
    failure_type = fields.Selection(
        [("unknown_number", "Unknown Number"), ("malformed", "Not Understood"), ("bug", "Internal Error")],
        readonly=True,
    )
    error = fields.Char(readonly=True)
    phone_number_id = fields.Char("Phone Number ID", readonly=True)
    parent_id = fields.Many2one(
        "whatsapp.cs.event", "Part Of", readonly=True, index="btree_not_null", ondelete="set null",
        help="The call this update came in; the rest of that call was processed.",
    )  # fmt: skip

    _body_uniq = models.UniqueIndex("(account_id, body_hash)")
    # A part of a large body stands where the whole stood.
    _new_idx = models.Index("(coalesce(parent_id, id), id) WHERE state = 'new'")
    _failed_idx = models.Index("(account_id, failure_type) WHERE state = 'failed'")
    _create_date_idx = models.Index("(create_date)")
    _account_idx = models.Index("(account_id, create_date)")

    @api.depends("create_date", "phone_number_id")
    def _compute_display_name(self):
        for event in self:
            event.display_name = self.env._("Webhook %s", event.id)

    @api.depends("body")
    def _compute_body_pretty(self):
        for event in self:
            try:
                event.body_pretty = json.dumps(json.loads(event.body), indent=2, ensure_ascii=False)
            except ValueError:
                event.body_pretty = event.body

    # === STORING === #

    @api.model
    def _store(self, account, body):
        """Keep a webhook body (bytes) and wake the processor; the same body a second time changes nothing."""
        query = SQL(
            """
            INSERT INTO whatsapp_cs_event (account_id, company_id, body, body_hash, state, create_date, write_date)
                 VALUES (%s, %s, %s, %s, 'new', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
            ON CONFLICT (account_id, body_hash) DO NOTHING
              RETURNING id
            """,
            account.id,
            account.company_id.id,
            body.decode(),
            self._hash(body),
        )
        try:
            with queries_hidden():
                is_new = self.env.execute_query(query)
        except psycopg2.errors.SerializationFailure:
            # Another transaction has committed the same body since ours began: it is stored.
            self.env.cr.rollback()
            return
        if is_new:
            self._wake_up()

    @api.model
    def _hash(self, body):
        return hashlib.sha256(body).hexdigest()

    @api.model
    def _find_by_body(self, account, body):
        return self.search([("account_id", "=", account.id), ("body_hash", "=", self._hash(body))], limit=1)

    @api.model
    def _wake_up(self):
        # sudo: ir.cron - whoever brings work may wake the worker
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_event_process").sudo()._trigger()

    # === PROCESSING === #

    @api.model
    def _get_handlers(self):
        """Return ``{kind of update: method(account, update)}``; extend it to listen to one more.

        Kinds are ``"message"``, ``"status"``, and ``"field:<webhook field>"`` for all the others.

        A field without a handler is kept and counts as processed.
        """
        Message = self.env["whatsapp.cs.message"]
        return {"message": Message._receive, "status": Message._receive_status}

    @api.model
    def _cron_process(self):
        """Process waiting events, the oldest first, each in a transaction of its own; a bad one never holds up the next."""
        tries = Counter()
        while event := self._lock_next():
            tries[event.id] += 1
            event._process_safely(is_last_try=tries[event.id] >= MAX_TRIES)
            if not self.env["ir.cron"]._commit_progress(1, remaining=0):
                self._wake_up()  # go on at once, with other jobs in between
                return

    @api.model
    def _lock_next(self):
        """Take the next event by a row lock, which ends with the transaction: also when the worker is killed."""
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_event
             WHERE state = 'new' AND (next_try_date IS NULL OR next_try_date <= now() AT TIME ZONE 'UTC')
             ORDER BY coalesce(parent_id, id), id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
            """
        )
        while True:
            try:
                rows = self.env.execute_query(query)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # another worker has just finished one that we still saw as new
                continue
            self.invalidate_model()
            return self.browse(row[0] for row in rows)

    def _process_safely(self, is_last_try=False):
        """Process one event in a transaction that the caller commits; what goes wrong is written on the event."""
        contention = PG_CONCURRENCY_EXCEPTIONS_TO_RETRY if is_last_try else CONCURRENCY_ERRORS
        try:
            with queries_hidden(), self.env.cr.savepoint():
                self._process(contention)
        except contention:
            self.env.cr.rollback()  # a new snapshot, which sees what the other one did
            if is_last_try:
                _logger.warning("WhatsApp event %s is contended and will be tried again", self.id)
                self.next_try_date = fields.Datetime.now() + timedelta(minutes=1)
            else:
                time.sleep(random.uniform(0, 0.1))  # noqa: S311 - only to get out of each other's way
        except Exception as error:
            self._log_failure(error)
            self._set_failed(error)

    def _process(self, contention=CONCURRENCY_ERRORS):
        updates = list(webhook_payload.split(webhook_payload.parse(self.body)))
        if len(updates) > PART_SIZE and not self.parent_id:
            self._take_apart(updates)
        else:
            account = self.account_id.with_company(self.company_id)
            handlers = self._get_handlers()
            for update in updates:
                if handler := handlers.get(update.kind):
                    self._process_update(handler, account, update, contention, is_alone=len(updates) == 1)
        self._set_done(len(updates))

    def _take_apart(self, updates):
        """Queue a large body as parts, in its own place: none takes long, and a conflict costs one part only."""
        for start in range(0, len(updates), PART_SIZE):
            self._add_part(updates[start : start + PART_SIZE])

    def _process_update(self, handler, account, update, contention, is_alone):
        """Process one update; a bad one becomes an event of its own, so that the others are done once and for all."""
        try:
            with self.env.cr.savepoint():
                handler(account, update)
                self.env.flush_all()
        except contention:
            raise
        except Exception as error:
            if is_alone:
                raise
            self._log_failure(error)
            self._add_part([update])._set_failed(error)

    def _add_part(self, updates):
        """Return the event that holds ``updates`` alone, created when there is none yet."""
        body = webhook_payload.join(updates)
        return self._find_by_body(self.account_id, body.encode()) or self.create(
            {
                "account_id": self.account_id.id,
                "body": body,
                "body_hash": self._hash(body.encode()),
                "parent_id": self.id,
                "update_count": len(updates),
            }
        )

    def _log_failure(self, error):
        # Without the error's text and values: they may hold what a customer wrote.
        if not isinstance(error, (PayloadError, UnknownNumber)):
            frames = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("WhatsApp event %s: %s\n%s", self.id, type(error).__name__, frames)

    # === STATE MACHINE === #

    def _set_done(self, update_count):
        self.write(
            {
                "state": "done",
                "state_date": fields.Datetime.now(),
                "update_count": update_count,
                "failure_type": False,
                "error": False,
            }
        )

    def _set_failed(self, error):
        failure_type = (
            "unknown_number"
            if isinstance(error, UnknownNumber)
            else "malformed"
            if isinstance(error, PayloadError)
            else "bug"
        )
        values = {
            "state": "failed",
            "state_date": fields.Datetime.now(),
            "failure_type": failure_type,
            "error": f"{type(error).__name__}: {error}"[:500] if failure_type == "bug" else str(error),
        }
        if failure_type == "unknown_number":
            values["phone_number_id"] = error.args[0]
            values["error"] = self.env._(
                "No channel has the phone number id %s. Open the account and connect again: the number is fetched and "
                "this call is processed by itself.",
                error.args[0],
            )
        self.write(values)

    def action_replay(self):
        """Process failed events again; what was done before is not done twice. For those who may read events."""
        self.check_access("read")
        failed = self.filtered(lambda event: event.state == "failed")
        # sudo: whatsapp.cs.event - nobody may write one, so that a body stays as it came; a replay changes its state only
        failed.sudo().write({"state": "new", "state_date": fields.Datetime.now(), "next_try_date": False})
        self._wake_up()

    @api.model
    def _replay_unknown_number(self, account, phone_number_id):
        self.search(
            [
                ("account_id", "=", account.id),
                ("state", "=", "failed"),
                ("failure_type", "=", "unknown_number"),
                ("phone_number_id", "=", phone_number_id),
            ]
        ).action_replay()

    @api.autovacuum
    def _gc_events(self):
        """Forget processed bodies after 30 days: WhatsApp delivers the same one again for at most seven."""
        self.search([("state", "=", "done"), ("create_date", "<", "now -30d")], limit=10000).unlink()
