import logging

from odoo import api, models
from odoo.tools import SQL

from .whatsapp_cs_queue import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

CLAIM_MINUTES = 5  # longer than any call takes


class WhatsappCsOutbox(models.Model):
    """Every five minutes: what a crash, a time-out or a lost report has left open. Running twice at once is harmless."""

    _inherit = "whatsapp.cs.outbox"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_compensate(self):
        """Settle what is left open, and have both queues looked at."""
        self._settle(
            self._reap,
            self._settle_unknown,
            self.env["whatsapp.cs.early.status"]._apply_all,
            self.env["whatsapp.cs.account"]._probe_blocked,
        )
        self._wake_up()
        self.env["whatsapp.cs.event"]._wake_up()

    @api.model
    def _settle(self, *steps):
        """Take each of the steps in a transaction of its own; one that fails holds up neither the others nor sending."""
        for step in steps:
            try:
                step()
                self.env["ir.cron"]._commit_progress(1, remaining=0)
            except CONCURRENCY_ERRORS:
                self.env.cr.rollback()  # somebody else is settling it; the next run looks again
            except Exception as error:  # without its text, which may hold what was written
                self.env.cr.rollback()
                _logger.error("WhatsApp: %s failed: %s", step.__name__, type(error).__name__)

    @api.model
    def _reap(self):
        """Note the rows of workers that died between claim and result: nobody knows whether they went.

        A killed worker's database connection is gone at once; the age is for what even that does not show.
        """
        rows = self._lock(
            SQL(
                """
                state = 'sending'
                AND (claim_date < now() AT TIME ZONE 'UTC' - %s * interval '1 minute'
                     OR claim_backend NOT IN (SELECT pid || ' ' || backend_start FROM pg_stat_activity
                                               WHERE backend_start IS NOT NULL))
                """,
                CLAIM_MINUTES,
            )
        )
        for row in rows:
            row._update_state("unknown", error="worker died", error_code="network")

    @api.model
    def _settle_unknown(self):
        """Ask a person about, or send again, what has been unknown for too long (setting of the channel)."""
        rows = self._lock(
            SQL(
                """
                state = 'unknown' AND is_settled IS NOT TRUE AND state_date < now() AT TIME ZONE 'UTC' - interval '1 minute' * (
                    SELECT unknown_minutes FROM whatsapp_cs_channel channel WHERE channel.id = channel_id)
                """
            )
        )
        for row in rows:
            row.is_settled = True
            if row.message_id.outbox_ids.sorted("id")[-1:] != row:
                continue  # somebody has sent it again already
            if row.channel_id.unknown_policy == "retry":
                self._add(row.message_id, row.priority)
            else:
                row.message_id._set_unknown()

    @api.model
    def _lock(self, condition):
        """Return the rows that fulfil ``condition`` (SQL) and that nobody else is working on."""
        query = SQL(
            "SELECT id FROM whatsapp_cs_outbox WHERE %s ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED", condition
        )
        self.env.flush_all()
        rows = self.browse(row_id for (row_id,) in self.env.execute_query(query))
        rows.invalidate_recordset()
        return rows
