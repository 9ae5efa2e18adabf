import select
from contextlib import contextmanager

from psycopg2.errors import ForeignKeyViolation, LockNotAvailable, UniqueViolation

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.sql_db import db_connect
from odoo.tools import SQL, config

# Another transaction got there first. A unique violation is one of these too: the row that we would have found
# was committed after our snapshot; the next try finds it. So is a row that is gone, or pointed to, since then: two
# contacts who are one person have been merged meanwhile.
CONCURRENCY_ERRORS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, UniqueViolation, ForeignKeyViolation)
MAX_TRIES = 5
LISTEN = True  # tests have one connection only, to which nobody else can speak
LINGER = (
    1.0  # seconds a worker stays awake after its last piece of work: who comes then waits milliseconds, not for a cron
)
FENCE_TIMEOUT = "3s"  # longer than any transaction takes that brings work

# Advisory locks, (key, number) each; they are the database's own and end with the connection that holds them.
_AWAKE = 0x57A001  # shared: a worker that listens. Whoever gets it alone knows that everybody sleeps
_BRINGING = 0x57A002  # shared: a transaction that brings work and has not ended
OWNED = 0x57A004  # a channel that one worker sends for


class WhatsappCsQueue(models.AbstractModel):
    """What inbox and outbox share: workers are crons, and hear of new work while they are awake.

    A trigger of a cron costs more than storing a webhook (it opens a database connection). So whoever brings work only
    sends a NOTIFY in the own transaction, and triggers the cron when no worker is awake. A worker that goes to sleep
    waits for the transactions that still saw it awake, and looks once more: nothing is left unnoticed.
    """

    _name = "whatsapp.cs.queue"
    _description = "WhatsApp Queue"

    _queue_number = 0  # which queue, in the locks and in the name of the notification
    _queue_cron = ""  # XML id of the cron that works on it

    @api.model
    def _get_wake_up_columns(self):
        """Return the columns of a SELECT that tells the workers; the last one is true when all of them sleep.

        In this order: a worker that goes to sleep in between is either still waiting for us, or already asleep.
        """
        return SQL(
            "pg_advisory_xact_lock_shared(%s, %s), pg_notify(%s, ''), pg_try_advisory_xact_lock(%s, %s)",
            _BRINGING,
            self._queue_number,
            self._get_notification(),
            _AWAKE,
            self._queue_number,
        )

    @api.model
    def _get_notification(self):
        return f"whatsapp_cs_queue_{self._queue_number}"

    @api.model
    def _wake_up(self):
        """Have the queue looked at once this transaction is committed."""
        [(*_done, is_asleep)] = self.env.execute_query(SQL("SELECT %s", self._get_wake_up_columns()))
        if is_asleep:
            self._trigger()

    @api.model
    def _trigger(self, cron=None):
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(cron or self._queue_cron, raise_if_not_found=True)
        # sudo: ir.cron - whoever brings work may wake the worker
        self.env["ir.cron"].sudo().browse(cron_id)._trigger()

    @api.model
    def _is_triggered(self):
        """Tell whether the cron is going to start anyway, after this transaction.

        One that has started keeps its trigger locked until it ends, and does not count; one that has ended since our
        transaction began is a SerializationFailure.
        """
        query = SQL(
            "SELECT 1 FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= %s LIMIT 1 FOR KEY SHARE SKIP LOCKED",
            self.env["ir.model.data"]._xmlid_to_res_id(self._queue_cron, raise_if_not_found=True),
            fields.Datetime.now(),
        )
        return bool(self.env.execute_query(query))

    @contextmanager
    def _awake(self):
        """Be a worker that hears of new work; yields the ``Worker``."""
        if not LISTEN:
            yield Worker(None)
            return
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(SQL("SELECT pg_advisory_lock_shared(%s, %s)", _AWAKE, self._queue_number))
            cr.execute(SQL("LISTEN %s", SQL.identifier(self._get_notification())))
            cr.commit()  # pylint: disable=invalid-commit
            try:
                yield Worker(cr)
            finally:
                self._fall_asleep(cr)

    def _fall_asleep(self, cr):
        cr.execute(SQL("UNLISTEN %s", SQL.identifier(self._get_notification())))
        cr.execute("SELECT pg_advisory_unlock_all()")
        cr.commit()  # pylint: disable=invalid-commit
        # Whoever saw us awake has committed once we get this lock; who comes later finds everybody asleep.
        cr.execute(SQL("SET LOCAL lock_timeout = %s", FENCE_TIMEOUT))
        try:
            cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", _BRINGING, self._queue_number), log_exceptions=False)
            cr.commit()  # pylint: disable=invalid-commit
        except LockNotAvailable:  # somebody takes very long to store: look again a little later
            cr.rollback()
            self._trigger()


class Worker:
    """A worker that is awake, with a database connection of its own for what ends when it is killed."""

    def __init__(self, cr):
        self._cr = cr
        self._locked = {}

    def wait(self, seconds=LINGER):
        """Wait for new work, at most so many seconds; tell whether some came."""
        if self._cr is None or config["max_cron_threads"] == 1:  # a lonely cron thread has other jobs to do, too
            return False
        connection = self._cr._cnx
        connection.poll()
        if not connection.notifies:
            select.select([connection], [], [], seconds)
            connection.poll()
        has_work = bool(connection.notifies)
        connection.notifies.clear()
        return has_work

    def owns(self, number):
        """Tell whether this worker is the only one for ``number``, and stays it; asks again when another one was."""
        if not self._locked.get(number) and self._cr is not None:
            self._cr.execute(SQL("SELECT pg_try_advisory_lock(%s, %s)", OWNED, number))
            [self._locked[number]] = self._cr.fetchone()
            self._cr.commit()  # pylint: disable=invalid-commit
        return self._cr is None or self._locked[number]

    def let_go(self):
        """Leave to other workers what this one owns."""
        for number in [number for number, is_owned in self._locked.items() if is_owned]:
            self._cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", OWNED, number))
            self._cr.commit()  # pylint: disable=invalid-commit
        self._locked.clear()
