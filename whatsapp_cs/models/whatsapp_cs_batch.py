import logging
import traceback

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools.private_log import queries_hidden
from .whatsapp_cs_queue import MAX_TRIES

_logger = logging.getLogger(__name__)


class WhatsappCsBatch(models.AbstractModel):
    """Rows that a cron works on, batch by batch, each exactly once.

    What a row leads to is written in the transaction that holds its lock, and with it: a worker that dies leaves the row
    as it was, two workers never have the same one.
    """

    _name = "whatsapp.cs.batch"
    _description = "WhatsApp Batch Work"

    _batch_cron = ""  # XML id of the cron

    @api.model
    def _claim(self):
        """Lock the next rows until the transaction ends, and return them."""
        raise NotImplementedError

    def _work(self):
        """Do what is to be done for this row, and write that it is done."""
        raise NotImplementedError

    def _set_failed(self, error):
        """Keep that ``error`` has stopped this row."""
        raise NotImplementedError

    @api.model
    def _run_batches(self):
        """Work until nothing is due or the time is over; safe to run twice at once."""
        tries = 0
        while tries < MAX_TRIES:
            try:
                with queries_hidden(*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                    rows = self._claim()
                    for row in rows:
                        row._work_safely()
                    seconds_left = self.env["ir.cron"]._commit_progress(len(rows), remaining=0)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # somebody has just done what we were about to do: look again
                tries += 1
                continue
            tries = 0
            if not rows:
                return
            if not seconds_left:
                break
        self._trigger_batches()

    def _work_safely(self):
        """Do one row; what is wrong with it stays with it."""
        try:
            with self.env.cr.savepoint():
                self._work()
                self.env.flush_all()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # somebody was faster, or the database is gone: the batch is tried again
        except UserError as error:  # a refusal, such as of the send policy
            self._set_failed(error)
        except Exception as error:  # without its text, which may hold what customers wrote
            frames = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("%s %s: %s\n%s", self._name, self.id, type(error).__name__, frames)
            self._set_failed(error)

    @api.model
    def _trigger_batches(self, at=None):
        # sudo: ir.cron - whoever brings work may wake the job
        self.env.ref(self._batch_cron).sudo()._trigger(at=at)
