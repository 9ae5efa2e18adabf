from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

LOCK = 7267001  # one sample at a time, whoever takes it
LONGEST_INTERVAL = timedelta(hours=1)  # after a longer pause the past is not counted any more
DAYS = 30
GROWTH_DAYS = 7  # the least history that says something about a month


class WhatsappCsHealthSample(models.Model):
    """How things stood, minute by minute. Numbers only: no text, no customer."""

    _name = "whatsapp.cs.health.sample"
    _description = "WhatsApp Health History"
    _order = "date desc"
    _rec_name = "date"
    _log_access = False

    date = fields.Datetime(required=True, readonly=True, index=True)
    inbox_depth = fields.Integer("Waiting Webhooks", readonly=True, aggregator="max")
    inbox_oldest_s = fields.Integer("Oldest Webhook (s)", readonly=True, aggregator="max")
    failed_webhooks = fields.Integer(readonly=True, aggregator="max")
    received = fields.Integer("Webhooks Received", readonly=True)
    processed = fields.Integer("Webhooks Processed", readonly=True)
    lag_p95_ms = fields.Integer("Webhook Lag, 95 % (ms)", readonly=True, aggregator="max")
    outbox_depth = fields.Integer("Waiting Messages", readonly=True, aggregator="max")
    outbox_oldest_s = fields.Integer("Oldest Message (s)", readonly=True, aggregator="max")
    sent = fields.Integer("Messages Sent", readonly=True)
    failed = fields.Integer("Messages Failed", readonly=True)
    delivery_rate = fields.Float("Delivered in 24 Hours (%)", readonly=True, aggregator="avg")
    api_calls = fields.Integer("API Calls", readonly=True)
    api_latency_p95_ms = fields.Integer("API Latency, 95 % (ms)", readonly=True, aggregator="max")
    storage_mb = fields.Float("Storage (MB)", readonly=True, aggregator="max")

    @api.model
    def _cron_measure(self):
        """Note how things stand, then open and close alerts; beside another worker that does so, do nothing."""
        [(is_mine,)] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", LOCK))
        if is_mine:
            self._take()
            self.env["whatsapp.cs.alert"]._check()

    @api.model
    def _take(self):
        """Write one sample, of now and of what happened since the last one."""
        values = self._prepare_values()
        # By SQL: what could not be measured is NULL and no zero.
        names = SQL(", ").join(map(SQL.identifier, values))
        self.env.execute_query(
            SQL("INSERT INTO %s (%s) VALUES %s", SQL.identifier(self._table), names, tuple(values.values()))
        )
        self.invalidate_model()

    @api.model
    def _prepare_values(self):
        health, now, last = self.env["whatsapp.cs.health"], fields.Datetime.now(), self._find_last()
        since = max(last.date, now - LONGEST_INTERVAL) if last else now - timedelta(minutes=1)
        inbox_depth, inbox_oldest = health._measure_inbox()
        outbox = health._measure_outbox().values()
        received = health._measure_received(since)
        sent, api_calls = health._measure_sent(since)
        accepted, delivered = health._measure_delivery()
        return {
            "date": now,
            "inbox_depth": inbox_depth,
            "inbox_oldest_s": inbox_oldest,
            "failed_webhooks": sum(health._measure_failed_webhooks().values()),
            "received": received,
            # What came and waits no longer; no index by time of processing needs to be kept for it.
            "processed": max(0, received + last.inbox_depth - inbox_depth),
            "lag_p95_ms": health._measure_lag(since)[1],
            "outbox_depth": sum(count for count, _age in outbox),
            "outbox_oldest_s": max((age for _count, age in outbox), default=0),
            "sent": sent,
            "failed": sum(health._measure_errors(since).values()),
            "delivery_rate": 100 * delivered / accepted if accepted else None,
            "api_calls": api_calls,
            "api_latency_p95_ms": health._measure_api_latency(since)[1],
            "storage_mb": health._measure_storage(),
        }

    @api.model
    def _find_last(self):
        return self.search([], limit=1)

    # === READING === #

    @api.model
    def _get_api_calls(self):
        """Return the number of calls in the last 24 hours, as far as samples tell."""
        [[count]] = self._read_group([("date", ">", "-24H")], [], ["api_calls:sum"])
        return count or 0

    @api.model
    def _get_growth(self):
        """Return by how many percent our tables grow in 30 days, or ``None`` when the history is too short."""
        last = self._find_last()
        first = self.search([("storage_mb", ">", 0)], order="date", limit=1)
        days = (last.date - first.date).total_seconds() / 86400 if first else 0
        if days < GROWTH_DAYS:
            return None
        return 100 * (last.storage_mb - first.storage_mb) / first.storage_mb * DAYS / days

    @api.model
    def _get_points(self, hours, minutes):
        """Return one dict per ``minutes`` of the last ``hours``, oldest first, ``None`` where nothing was measured."""
        seconds = minutes * 60
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT floor(EXTRACT(epoch FROM date) / %(seconds)s)::bigint * %(seconds)s AS start,
                       sum(received) AS received, sum(processed) AS processed, sum(sent) AS sent, sum(failed) AS failed,
                       max(inbox_depth) AS inbox_depth, max(outbox_depth) AS outbox_depth,
                       max(lag_p95_ms) AS lag_p95_ms, max(api_latency_p95_ms) AS api_latency_p95_ms
                  FROM whatsapp_cs_health_sample
                 WHERE date > %(now)s - %(hours)s * interval '1 hour' GROUP BY 1
                """,
                seconds=seconds,
                hours=hours,
                now=fields.Datetime.now(),
            )
        )
        measured = {row["start"]: row for row in rows}
        end = int(fields.Datetime.now().replace(tzinfo=UTC).timestamp()) // seconds * seconds
        starts = range(end - hours * 3600 + seconds, end + 1, seconds)
        return [measured.get(start, {"start": start}) for start in starts]

    @api.autovacuum
    def _gc_samples(self):
        """Forget samples after 30 days."""
        self.search([("date", "<", f"-{DAYS}d")], limit=10000).unlink()
