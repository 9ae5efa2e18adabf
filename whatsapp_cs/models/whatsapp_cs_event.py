import hashlib
import json
import logging
import random
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from itertools import chain

import psycopg2

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools import webhook_payload
from ..tools.private_log import queries_hidden
from ..tools.webhook_payload import PayloadError
from .whatsapp_cs_queue import CONCURRENCY_ERRORS, MAX_TRIES

_logger = logging.getLogger(__name__)

BATCH_SIZE = 40  # updates processed in one transaction; an agent who writes to one of their customers waits for it
PART_SIZE = 40  # updates of one person in one row; Meta sends up to 1,000 updates in one body
HELPER_SECONDS = 2  # that a second worker helps at a time; then others get its cron thread
_LANE = 0x57A003  # first key of the advisory lock of a lane


class UnknownNumber(Exception):
    """The update is for a phone number that no channel of the account has."""


class WhatsappCsEvent(models.Model):
    """The inbox: every signed webhook body, stored before anything is done with it.

    What concerns one person has one lane, hashed from the person's id. A worker takes some lanes by locks that end with
    its transaction, and processes their oldest events in lists within the same transaction: messages of one person in
    order and one after the other, different persons in parallel, and a killed worker leaves nothing behind.
    """

    _name = "whatsapp.cs.event"
    _inherit = ["whatsapp.cs.queue"]
    _queue_number = 1
    _queue_cron = "whatsapp_cs.ir_cron_whatsapp_cs_event_process"
    _description = "WhatsApp Webhook Event"
    _order = "id desc"

    account_id = fields.Many2one("whatsapp.cs.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    body = fields.Text(required=True, readonly=True, help="As WhatsApp sent it.")
    body_pretty = fields.Text("Content", compute="_compute_body_pretty")
    body_hash = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [("new", "Waiting"), ("done", "Processed"), ("split", "Taken Apart"), ("failed", "Failed")],
        default="new",
        required=True,
        readonly=True,
    )
    state_date = fields.Datetime(readonly=True)
    lane = fields.Integer(
        required=True,
        default=0,
        readonly=True,
        help="Events of one lane are processed in their order, one after the other.",
    )
    update_count = fields.Integer("Updates", readonly=True)
    failure_type = fields.Selection(
        [("unknown_number", "Unknown Number"), ("malformed", "Not Understood"), ("bug", "Internal Error")],
        readonly=True,
    )
    error = fields.Char(readonly=True)
    phone_number_id = fields.Char("Phone Number ID", readonly=True)
    parent_id = fields.Many2one(
        "whatsapp.cs.event", "Part Of", readonly=True, index="btree_not_null", ondelete="set null",
        help="The call it came in; the rest of that call is processed by itself.",
    )  # fmt: skip

    _body_uniq = models.UniqueIndex("(account_id, body_hash)")
    _lane_idx = models.Index("(lane, id) WHERE state = 'new'")
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

    def init(self):
        """Have the table vacuumed often: the claim walks an index from which most entries have just gone."""
        self.env.cr.execute(
            "ALTER TABLE whatsapp_cs_event SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"
        )

    # === STORING === #

    @api.model
    def _store(self, account, body):
        """Keep a webhook body (bytes) and wake a worker; the same body a second time changes nothing.

        A body about several people is kept as it came, and beside it one part for each of them, in one statement.
        Raises PayloadError for what is no JSON object.
        """
        query = self._get_store_query(account, body, self._take_apart(webhook_payload.parse(body)))
        for is_last_try in (False, False, False, False, True):
            try:
                with queries_hidden(psycopg2.errors.SerializationFailure):
                    rows = self.env.execute_query(query)
                    if rows and rows[0][-1] and not self._is_triggered():
                        self._trigger()
                return
            except psycopg2.errors.SerializationFailure:
                # Another transaction has committed the same body, or one of its parts, since ours began: we see it now.
                self.env.cr.rollback()
                if is_last_try:
                    raise

    @api.model
    def _take_apart(self, payload):
        """Return ``[(lane, updates)]`` of a body: one pair for each row that it takes."""
        return [
            (lane, updates[start : start + PART_SIZE])
            for lane, updates in webhook_payload.split_by_lane(payload)
            for start in range(0, len(updates), PART_SIZE)
        ]

    @api.model
    def _get_store_query(self, account, body, parts):
        _app_secret, company_id = account._get_webhook_facts()
        whole = (account.id, company_id, body.decode(), self._hash(body), sum(len(part) for _, part in parts))
        if len(parts) <= 1:
            whole = SQL(
                "%s, 'new', %s", SQL(", ").join(SQL("%s", value) for value in whole), parts[0][0] if parts else 0
            )
            rest = SQL()
        else:
            whole = SQL("%s, 'split', 0", SQL(", ").join(SQL("%s", value) for value in whole))
            bodies = [webhook_payload.join(updates) for _lane, updates in parts]
            rest = SQL(
                """
                , part AS (
                    INSERT INTO whatsapp_cs_event (account_id, company_id, body, body_hash, update_count, state, lane,
                                                   parent_id, create_date, write_date)
                         SELECT %(account)s, %(company)s, p.body, p.hash, p.count, 'new', p.lane,
                                whole.id, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                           FROM whole, unnest(%(bodies)s, %(hashes)s, %(counts)s, %(lanes)s)
                                       WITH ORDINALITY AS p(body, hash, count, lane, number)
                          ORDER BY p.number
                    ON CONFLICT (account_id, body_hash) DO NOTHING
                )
                """,
                account=account.id,
                company=company_id,
                bodies=bodies,
                hashes=[self._hash(body.encode()) for body in bodies],
                counts=[len(updates) for _lane, updates in parts],
                lanes=[lane for lane, _updates in parts],
            )
        return SQL(
            """
            WITH whole AS (
                INSERT INTO whatsapp_cs_event (account_id, company_id, body, body_hash, update_count, state, lane,
                                               create_date, write_date)
                     VALUES (%s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                ON CONFLICT (account_id, body_hash) DO NOTHING
                  RETURNING id
            ) %s
            SELECT id, %s FROM whole
            """,
            whole,
            rest,
            self._get_wake_up_columns(),
        )

    @api.model
    def _hash(self, body):
        return hashlib.sha256(body).hexdigest()

    @api.model
    def _find_by_body(self, account, body):
        return self.search([("account_id", "=", account.id), ("body_hash", "=", self._hash(body))], limit=1)

    # === WORKING === #

    @api.model
    def _cron_process(self):
        """Process waiting events batch by batch, then stay a moment for more; a bad one never holds up the others."""
        with self._awake() as worker:
            avoided = self._process_all(worker, call_helper=True)
        self._look_once_more(avoided)

    @api.model
    def _cron_help(self):
        """Process beside the first worker while there is more than it can take at once; not long, and never waiting."""
        self._process_all(seconds=HELPER_SECONDS)
        if self._is_deep() and self._is_claimable():
            self._trigger("whatsapp_cs.ir_cron_whatsapp_cs_event_help")

    @api.model
    def _process_all(self, worker=None, seconds=float("inf"), call_helper=False):
        """Process until nothing is left or the time is over; return the lanes that could not be processed now.

        After a conflict it takes half as much, so that little is done in vain while somebody else writes on the same
        cases, down to one person alone; after each success twice as much again.
        """
        end = time.monotonic() + seconds
        size, tries, avoided = BATCH_SIZE, Counter(), set()
        while time.monotonic() < end:
            events = self._claim(avoided, size)
            if not events:
                self.env.cr.rollback()  # no transaction stays open while we wait
                if worker and worker.wait():
                    continue
                break
            if call_helper and self._is_deep():
                self._trigger("whatsapp_cs.ir_cron_whatsapp_cs_event_help")
                call_helper = False
            try:
                events._process(is_last_try=tries[events[0].lane] == MAX_TRIES - 1)
                end = min(end, time.monotonic() + self.env["ir.cron"]._commit_progress(len(events), remaining=0))
                size = min(BATCH_SIZE, size * 2)
            except CONCURRENCY_ERRORS:
                lanes = set(events.mapped("lane"))
                self.env.cr.rollback()  # a new snapshot, which sees what the other one did
                size = max(1, size // 2)
                if len(lanes) == 1:
                    avoided |= self._note_contention(lanes.pop(), tries)
        return avoided

    @api.model
    def _note_contention(self, lane, tries):
        """Get out of the way of who writes the same records; return the lane, as a set, when it has been enough."""
        tries[lane] += 1
        if tries[lane] >= MAX_TRIES:
            _logger.warning("WhatsApp events of lane %s are contended and will be tried again", lane)
            return {lane}
        time.sleep(random.uniform(0, 0.05) * tries[lane])  # noqa: S311 - no secret
        return set()

    @api.model
    def _look_once_more(self, avoided):
        """Wake ourselves when there is more to do; the contended lanes wait for the cron's next minute."""
        self.env.cr.rollback()
        if self._is_claimable(avoided):
            self._trigger()

    @api.model
    def _is_claimable(self, avoided=()):
        """Tell whether there is something to do that no other worker is at."""
        has_work = bool(self._claim(avoided, 1))
        self.env.cr.rollback()
        return has_work

    @api.model
    def _is_deep(self):
        """Tell whether more is waiting than a worker takes at once."""
        query = SQL("SELECT 1 FROM whatsapp_cs_event WHERE state = 'new' OFFSET %s LIMIT 1", 2 * BATCH_SIZE)
        return bool(self.env.execute_query(query))

    @api.model
    def _claim(self, avoided=(), size=BATCH_SIZE):
        """Lock lanes, those of the oldest events first, and return their first events, about ``size`` updates of them.

        When there is more than one worker can take at once, half of the lanes is left to others.

        The locks end with the transaction, also when the worker is killed. A lane that another worker has just left
        behind still looks new to our snapshot: locking its rows notices that, and we look again.
        """
        query = SQL(
            """
            WITH RECURSIVE lane(n) AS (
                -- from one lane to the next by the index, however many events each of them has
                (SELECT lane FROM whatsapp_cs_event WHERE state = 'new' ORDER BY lane LIMIT 1)
                UNION ALL
                SELECT (SELECT lane FROM whatsapp_cs_event WHERE state = 'new' AND lane > lane.n ORDER BY lane LIMIT 1)
                  FROM lane WHERE n IS NOT NULL
            ), head AS MATERIALIZED (
                SELECT n, (SELECT id FROM whatsapp_cs_event WHERE state = 'new' AND lane = n ORDER BY lane, id LIMIT 1) AS id
                  FROM lane WHERE n IS NOT NULL AND n <> ALL(%(avoided)s) ORDER BY id
            ), mine AS MATERIALIZED (
                SELECT n FROM head WHERE pg_try_advisory_xact_lock(%(key)s, n) LIMIT least(%(size)s, (
                       SELECT CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM whatsapp_cs_event WHERE state = 'new'
                                                                LIMIT %(size)s + 1) AS enough) > %(size)s
                                   THEN ceil(count(*) / 2.0) ELSE count(*) END
                         FROM head))
            ), ranked AS (
                SELECT event.id, sum(update_count) OVER (ORDER BY rank, event.id) - update_count AS before
                  FROM mine, LATERAL (
                       SELECT id, coalesce(update_count, 1) AS update_count, row_number() OVER (ORDER BY id) AS rank
                         FROM whatsapp_cs_event WHERE state = 'new' AND lane = n ORDER BY lane, id LIMIT %(size)s) AS event
            )
            SELECT id FROM whatsapp_cs_event
             WHERE id = ANY(ARRAY(SELECT id FROM ranked WHERE before < %(size)s)) AND state = 'new'
             ORDER BY id FOR NO KEY UPDATE
            """,
            avoided=list(avoided),
            key=_LANE,
            size=size,
        )
        while True:
            try:
                with queries_hidden(*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                    rows = self.env.execute_query(query)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                continue
            self.env.invalidate_all()
            return self.browse(row[0] for row in rows)

    # === PROCESSING === #

    @api.model
    def _get_handlers(self):
        """Return ``{kind of update: method(account, updates)}``; extend it to listen to one more.

        Kinds are ``"message"``, ``"status"``, and ``"field:<webhook field>"`` for all the others. The updates come in
        lists, in order; a method that raises is called again with each of them alone.

        A field without a handler is kept and counts as processed.
        """
        Message, Template = self.env["whatsapp.cs.message"], self.env["whatsapp.cs.template"]
        Notice = self.env["whatsapp.cs.notice"]
        return {
            "message": Message._receive,
            "status": Message._receive_statuses,
            "field:calls": Message._receive_calls,
            "field:message_template_components_update": Template._receive_components,
            "field:message_template_quality_update": Template._receive_quality,
            "field:message_template_status_update": Template._receive_status,
            "field:smb_message_echoes": Message._receive_echoes,
            "field:template_category_update": Template._receive_category,
            "field:user_preferences": self.env["whatsapp.cs.contact"]._receive_preferences,
            **{f"field:{kind}": Notice._receive for kind, _label in Notice._fields["kind"].selection},
        }

    def _process(self, is_last_try=False):
        """Process claimed events, in lists as long as nothing is wrong with one; the caller commits.

        :param is_last_try: a unique violation is no sign of somebody who was faster any more, but the event's own fault
        """
        # Neither is the event's fault: somebody was faster, or the database is gone.
        contention = (psycopg2.OperationalError, psycopg2.InterfaceError, *(() if is_last_try else CONCURRENCY_ERRORS))
        with queries_hidden(*CONCURRENCY_ERRORS):
            unreadable = self._filter_unreadable()
            (self - unreadable)._process_list(contention)
            for event in unreadable:
                event._process_one(contention)

    def _filter_unreadable(self):
        """Return the events with which something is wrong by reading alone: they must not cost the others their list."""
        unreadable = self.browse()
        accounts = self.account_id.with_context(active_test=False)
        numbers = {account.id: set(account.channel_ids.mapped("phone_number_id")) for account in accounts}
        for event in self:
            try:
                for update in webhook_payload.split(webhook_payload.parse(event.body)):
                    self.env["whatsapp.cs.message"]._check_readable(numbers[event.account_id.id], update)
            except (PayloadError, UnknownNumber):
                unreadable |= event
        return unreadable

    def _process_list(self, contention):
        """Process events together; when something goes wrong, by halves, until what is wrong is alone."""
        try:
            with self._all_or_nothing():
                self._process_together()
        except contention:
            raise
        except Exception:
            if len(self) == 1:
                self._process_one(contention)
            else:
                self[: len(self) // 2]._process_list(contention)
                self[len(self) // 2 :]._process_list(contention)

    @contextmanager
    def _all_or_nothing(self):
        """Take back, when something fails, what was written, and what was to be shown on screens."""
        notifications = self.env.cr.precommit.data.get("bus.bus.values", [])
        count = len(notifications)
        try:
            with self.env.cr.savepoint():
                yield
        except Exception:
            del self.env.cr.precommit.data.get("bus.bus.values", [])[count:]
            raise

    def _process_together(self):
        handlers = self._get_handlers()
        for account, events in self.grouped("account_id").items():
            updates = chain.from_iterable(webhook_payload.split(webhook_payload.parse(event.body)) for event in events)
            by_kind = {}
            for update in updates:
                by_kind.setdefault(update.kind, []).append(update)
            for kind in handlers.keys() & by_kind.keys():
                handlers[kind](account.with_company(account.company_id), by_kind[kind])
        self._set_done()

    def _process_one(self, contention):
        """Process one event update by update, so that what is wrong with one stays with it."""
        try:
            with self._all_or_nothing():
                self._process_updates(contention)
        except contention:
            raise
        except Exception as error:
            self._log_failure(error)
            self._set_failed(error)

    def _process_updates(self, contention):
        updates = list(webhook_payload.split(webhook_payload.parse(self.body)))
        account = self.account_id.with_company(self.company_id)
        handlers = self._get_handlers()
        for update in updates:
            if handler := handlers.get(update.kind):
                self._process_update(handler, account, update, contention, is_alone=len(updates) == 1)
        self._set_done()

    def _process_update(self, handler, account, update, contention, is_alone):
        """Process one update; a bad one becomes an event of its own, so that the others are done once and for all."""
        try:
            with self._all_or_nothing():
                handler(account, [update])
                self.env.flush_all()
        except contention:
            raise
        except Exception as error:
            if is_alone:
                raise
            self._log_failure(error)
            self._put_aside(update)._set_failed(error)

    def _put_aside(self, update):
        """Return the event that holds ``update`` alone, created when there is none yet."""
        body = webhook_payload.join([update])
        return self._find_by_body(self.account_id, body.encode()) or self.create(
            {
                "account_id": self.account_id.id,
                "body": body,
                "body_hash": self._hash(body.encode()),
                "lane": self.lane,
                "parent_id": self.id,
                "update_count": 1,
            }
        )

    def _log_failure(self, error):
        # Without the error's text and values: they may hold what a customer wrote.
        if not isinstance(error, (PayloadError, UnknownNumber)):
            frames = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("WhatsApp event %s: %s\n%s", self.id, type(error).__name__, frames)

    # === STATE MACHINE === #

    def _set_done(self):
        self.flush_recordset()
        # By SQL for the fraction of the second: the lag from arrival to here is one of the figures.
        self.env.cr.execute(
            """
            UPDATE whatsapp_cs_event SET state = 'done', state_date = clock_timestamp() AT TIME ZONE 'UTC',
                   failure_type = NULL, error = NULL
             WHERE id = ANY(%s)
            """,
            (self.ids,),
        )
        self.invalidate_recordset(["state", "state_date", "failure_type", "error"], flush=False)

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
        failed.sudo().write({"state": "new", "state_date": fields.Datetime.now()})
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
        self.search([("state", "in", ("done", "split")), ("create_date", "<", "now -30d")], limit=10000).unlink()
