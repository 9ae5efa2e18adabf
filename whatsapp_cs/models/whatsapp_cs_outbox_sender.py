import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools import graph_errors
from ..tools.graph_client import GraphClient, GraphError
from ..tools.media import NotSendable, Upload
from ..tools.rate import Bucket
from .whatsapp_cs_queue import OWNED

_logger = logging.getLogger(__name__)

SENDER_THREADS = 128  # calls under way at once; they cost little while they wait, and start as they are needed
TICK = 0.05  # seconds between two looks at calls under way: results and claims go in lists
SLOW_CALL = 2  # seconds after which a call is not waited for: others are sent beside it
RUN_SECONDS = (
    60  # at the most, while calls are slow; with the longest call on top it stays below Odoo's 120 s for a cron
)
QUICK_RETRY = 15  # seconds: for a try that is due within it the sender stays; Odoo's crons wake by the minute only
PAIR_BURST = 45  # messages to one customer that WhatsApp takes at once …
PAIR_SECONDS = 270  # … and so long after that the next burst (one every 6 s): faster is refused with 131056

_buckets = {}  # (database, channel): Bucket; how fast this process has sent of late


class WhatsappCsOutbox(models.Model):
    """Sending: claim, commit, call in threads, write each result down.

    One worker sends for a number at a time, which makes its rate and its customers' order simple; it is replaced the
    moment it dies. Of one customer's messages one is under way at a time.
    """

    _inherit = "whatsapp.cs.outbox"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_send(self):
        """Send what is queued, then stay a moment for more."""
        self._settle(self._reap, self._settle_unknown)
        with self._awake() as worker, ThreadPoolExecutor(max_workers=SENDER_THREADS) as pool:
            self._send_all(worker, pool)
        self._look_once_more()

    @api.model
    def _send_all(self, worker, pool):
        """Send until nothing is due, or the time is over."""
        pending, started = {}, time.monotonic()
        end = started + self.env["ir.cron"]._commit_progress()
        while self._has_time(pending, started, end):
            pending |= dict.fromkeys(self._start_calls(worker, pool, SENDER_THREADS - len(pending)), time.monotonic())
            if not pending and not self._wait_for_work(worker):
                return
            self._write_results(self._wait_for_calls(pending))
        worker.let_go()
        if pending:  # others may send for our numbers while the last calls end
            self._trigger("whatsapp_cs.ir_cron_whatsapp_cs_outbox_help")
            self.env.cr.commit()  # pylint: disable=invalid-commit
        while pending:
            self._write_results(self._wait_for_calls(pending))

    @api.model
    def _has_time(self, pending, started, end):
        """Tell whether to go on claiming; longer than others get while calls hang, which must hold up nobody else."""
        now = time.monotonic()
        is_held_up = any(now - since > SLOW_CALL for since in pending.values())
        return now < end or (is_held_up and now < started + RUN_SECONDS)

    @api.model
    def _wait_for_work(self, worker):
        """Stay while something is likely to come; tell whether there is anything to look for."""
        has_work = self._find_due(self._get_due_channels().filtered(lambda channel: worker.owns(channel.id)))
        is_near = has_work or self._is_retry_near()
        self.env.cr.rollback()  # no transaction stays open while we wait
        if is_near:
            time.sleep(TICK)
        return is_near or worker.wait()

    @api.model
    def _wait_for_calls(self, pending):
        """Wait a tick, take the calls that are done out of ``pending`` ({future: start}) and return their results."""
        if not pending:
            return []
        time.sleep(TICK)
        done = [future for future in pending if future.done()]
        for future in done:
            del pending[future]
        return [future.result() for future in done]

    @api.model
    def _is_retry_near(self):
        """Tell whether a quick second try is due so soon that it pays to wait for it."""
        near = fields.Datetime.now() + timedelta(seconds=QUICK_RETRY)
        domain = [("state", "=", "retry"), ("next_try_date", "<=", near), ("channel_id.state", "=", "live")]
        return bool(QUICK_RETRY and self.search_count(domain, limit=1))

    @api.model
    def _look_once_more(self):
        """Wake ourselves when something is due for a number that nobody sends for."""
        self.env.cr.rollback()
        channels = self._get_due_channels()
        free = [
            channel
            for channel in channels
            if self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", OWNED, channel.id))[0][0]
        ]
        has_work = self._find_due(channels.browse(channel.id for channel in free))
        self.env.cr.rollback()
        if has_work:
            self._trigger()

    @api.model
    def _find_due(self, channels):
        """Return the ids of the rows that could go next if it were not for the rate, one for each channel."""
        return [row[0] for row in self.env.execute_query(self._get_due_query(dict.fromkeys(channels, 1)))]

    # === CLAIMING === #

    @api.model
    def _start_calls(self, worker, pool, limit):
        """Claim up to ``limit`` rows and call WhatsApp for them in threads; return the futures of the results."""
        allowed = self._get_allowances(worker, limit)
        rows = self.browse(self._claim(allowed) if allowed else [])
        for channel, own in rows.grouped("channel_id").items():
            self._get_bucket(channel).take(len(own))
        rows = rows._hold_back()
        calls = rows._prepare_calls()
        self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
        return [pool.submit(_send, call) for call in calls]

    @api.model
    def _get_allowances(self, worker, limit):
        """Return ``{channel: how many may go now}``: by the rate of each, and a fair share of the free threads."""
        channels = self._get_due_channels().filtered(lambda channel: worker.owns(channel.id)) if limit else ()
        allowed = {channel: self._get_bucket(channel).get_allowance() for channel in channels}
        result = {}
        for waiting, channel in zip(range(len(allowed), 0, -1), sorted(allowed, key=allowed.get), strict=True):
            result[channel] = min(allowed[channel], -(-limit // waiting))
            limit -= result[channel]
        return {channel: count for channel, count in result.items() if count > 0}

    @api.model
    def _get_due_channels(self):
        """Return the live channels for which something waits to be sent."""
        channels = self.env["whatsapp.cs.channel"].with_context(active_test=False).search([("state", "=", "live")])
        query = SQL(
            """
            SELECT number FROM unnest(%s::int[]) AS number
             WHERE EXISTS (SELECT 1 FROM whatsapp_cs_outbox WHERE channel_id = number AND state IN ('queued', 'retry')
                                     AND (next_try_date IS NULL OR next_try_date <= now() AT TIME ZONE 'UTC'))
            """,
            channels.ids,
        )
        return channels.browse(row[0] for row in self.env.execute_query(query))

    @api.model
    def _get_bucket(self, channel):
        rate = channel._get_send_rate()
        bucket = _buckets.setdefault((self.env.cr.dbname, channel.id), Bucket(rate))
        bucket.rate = rate
        return bucket

    @api.model
    def _get_due_query(self, allowed):
        """Return the query for the ids of rows that may go now, at most ``allowed[channel]`` of each channel.

        Service goes before promotion, then the oldest first; a customer's next message only when the one before has
        gone, and not more than WhatsApp takes for one customer.
        """
        return SQL(
            """
            SELECT o.id FROM unnest(%(channels)s::int[], %(counts)s::int[]) AS allowed(channel_id, count), LATERAL (
                   SELECT o.id FROM whatsapp_cs_outbox o
                    WHERE o.channel_id = allowed.channel_id AND o.state IN ('queued', 'retry')
                      AND (o.next_try_date IS NULL OR o.next_try_date <= now() AT TIME ZONE 'UTC')
                      AND NOT EXISTS (
                          SELECT 1 FROM whatsapp_cs_outbox other
                           WHERE other.contact_id = o.contact_id AND other.id <> o.id
                             AND other.state IN ('queued', 'retry', 'sending')
                             AND (other.state = 'sending' OR (other.priority, other.id) < (o.priority, o.id)))
                      AND (SELECT count(*) FROM whatsapp_cs_outbox recent WHERE recent.contact_id = o.contact_id
                              AND recent.claim_date > now() AT TIME ZONE 'UTC' - %(seconds)s * interval '1 second') < %(burst)s
                    ORDER BY o.priority, o.id LIMIT allowed.count) AS o
            """,
            channels=[channel.id for channel in allowed],
            counts=list(allowed.values()),
            seconds=PAIR_SECONDS,
            burst=PAIR_BURST,
        )

    @api.model
    def _claim(self, allowed):
        """Take rows that may go now in one committed statement; return their ids."""
        query = SQL(
            """
            WITH claimed AS (
                UPDATE whatsapp_cs_outbox
                   SET state = 'sending', try_count = coalesce(try_count, 0) + 1,
                       claim_date = now() AT TIME ZONE 'UTC', state_date = now() AT TIME ZONE 'UTC',
                       claim_backend = (SELECT pid || ' ' || backend_start FROM pg_stat_activity
                                         WHERE pid = pg_backend_pid())
                 WHERE id = ANY(ARRAY(%s)) AND state IN ('queued', 'retry')
                RETURNING id, message_id
            ), message AS (
                UPDATE whatsapp_cs_message SET state = 'sending' FROM claimed
                 WHERE whatsapp_cs_message.id = claimed.message_id AND whatsapp_cs_message.state = 'queued'
            )
            SELECT id FROM claimed ORDER BY id
            """,
            self._get_due_query(allowed),
        )
        while True:
            try:
                self.env.flush_all()
                rows = self.env.execute_query(query)
                self.env.cr.commit()  # pylint: disable=invalid-commit
                self.env.invalidate_all()
                return [row_id for (row_id,) in rows]
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()

    def _prepare_calls(self):
        """Return what the threads need to send the claimed rows; they know no ORM, so all of it is prepared here."""
        clients = {account: account._get_graph_client() for account in self.channel_id.account_id}
        calls = []
        for row in self:
            try:
                message = row.message_id
                payload = {**message._prepare_payload(), "biz_opaque_callback_data": row.key}
                upload = message.media_ids._prepare_upload() if message.media_ids else None
            except Exception as error:  # one that can't be put into words must not take the others with it
                _logger.exception("WhatsApp outbox row %s has no payload", row.id)
                row._on_error(GraphError("payload", type(error).__name__))
                continue
            client = clients[row.channel_id.account_id]
            calls.append(Call(row.id, client, row.channel_id.phone_number_id, payload, upload))
        return calls

    # === RESULTS === #

    @api.model
    def _write_results(self, results):
        """Write down what became of the calls. Tried until it is stored: the calls can't be taken back."""
        if not results:
            return
        accepted = sorted((result for result in results if result.error is None), key=lambda result: result.row_id)
        refused = [result for result in results if result.error is not None]
        while True:
            try:
                self._write_uploaded([result for result in results if result.media_id])
                self._write_accepted(accepted)
                for result in refused:
                    self.browse(result.row_id)._write_refused(result.error, result.latency)
                self.env["ir.cron"]._commit_progress(len(results), remaining=0)
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # a status webhook wrote the same message; look again

    @api.model
    def _write_uploaded(self, results):
        """Remember the files WhatsApp has now: another try need not hand them over again."""
        for result in results:
            media = self.browse(result.row_id).message_id.media_ids
            media.write({"media_id": result.media_id, "uploaded_date": fields.Datetime.now()})

    @api.model
    def _write_accepted(self, results):
        """Note the ids WhatsApp has given, in lists: at a thousand messages a second there is no time for each."""
        if not results:
            return
        rows = self.env.execute_query(
            SQL(
                """
                WITH gone AS (
                    UPDATE whatsapp_cs_outbox
                       SET state = 'gone', state_date = clock_timestamp() AT TIME ZONE 'UTC', error = NULL,
                           error_code = NULL, latency_ms = result.latency
                      FROM unnest(%s, %s, %s) AS result(id, wamid, latency)
                     WHERE whatsapp_cs_outbox.id = result.id AND state IN ('sending', 'unknown')
                    RETURNING message_id, channel_id, wamid
                )
                UPDATE whatsapp_cs_message SET wamid = gone.wamid, is_unknown = false FROM gone
                 WHERE whatsapp_cs_message.id = gone.message_id
                RETURNING whatsapp_cs_message.id, whatsapp_cs_message.channel_id
                """,
                [result.row_id for result in results],
                [result.wamid for result in results],
                [result.latency for result in results],
            )
        )
        self.env.invalidate_all()
        messages = self.env["whatsapp.cs.message"].browse(message_id for message_id, _channel_id in rows)
        self.env["whatsapp.cs.early.status"]._apply(messages)
        self.env["whatsapp.cs.channel"].browse(
            {channel_id for _id, channel_id in rows}
        ).account_id._note_sending_works()

    def _write_refused(self, error, latency):
        try:
            with self.env.cr.savepoint():
                self.latency_ms = latency
                self._on_error(error)
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as bug:  # must not take the other results with it; the reaper says "unknown" for this one
            _logger.error("The result of WhatsApp outbox row %s could not be stored: %s", self.id, type(bug).__name__)
        if error.meaning.family == graph_errors.THROTTLE:
            self._get_bucket(self.channel_id).slow_down()


class Call(NamedTuple):
    """What a thread needs to send a message; it knows no ORM. ``upload``: a file that WhatsApp does not have yet."""

    row_id: int
    client: GraphClient
    phone_number_id: str
    payload: dict
    upload: Upload | None


class Result(NamedTuple):
    """What became of a call: WhatsApp's id of the message or an error; how long it took (ms); the id of a file handed over."""

    row_id: int
    wamid: str | None
    error: GraphError | None
    latency: int
    media_id: str | None


def _send(call):
    started = time.monotonic()
    wamid, failure, media_id = None, None, None
    try:
        payload = call.payload
        if call.upload:
            media_id = _upload(call)
            kind = payload["type"]
            payload = {**payload, kind: {**payload[kind], "id": media_id}}
            started = time.monotonic()  # how fast WhatsApp answers, not how large the file is
        wamid = call.client.send_message(call.phone_number_id, payload)
    except NotSendable as error:
        failure = GraphError("file", str(error))
    except GraphError as error:
        failure = error
    except Exception as error:  # a bug must not take the other results with it; whether the message left is open
        _logger.exception("WhatsApp outbox row %s could not be sent", call.row_id)
        failure = GraphError("network", type(error).__name__, outcome_unknown=True)
    return Result(call.row_id, wamid, failure, int((time.monotonic() - started) * 1000), media_id)


def _upload(call):
    """Make the file what WhatsApp wants, hand it over, and return its id."""
    try:
        file, mimetype, filename = call.upload.prepare()
    except OSError as error:  # the message has not left: nothing is in doubt
        raise NotSendable(type(error).__name__) from error
    with file:
        return call.client.upload_media(call.phone_number_id, file, mimetype, filename)
