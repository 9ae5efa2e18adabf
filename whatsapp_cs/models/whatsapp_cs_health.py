from odoo import api, fields, models
from odoo.tools import SQL

# Figures of many rows look at the newest of them only, so that a screen never costs more than a moment.
RECENT_ROWS = 10000
DELIVERY_MINUTES = 5  # a younger message need not have arrived yet
WAITING = SQL("state IN ('queued', 'retry', 'sending')")
NOW = SQL("(now() AT TIME ZONE 'UTC')")


class WhatsappCsHealth(models.AbstractModel):
    """Measures whether messages flow. One statement each, on an index; millions of rows don't make it slower (KP12).

    ``companies`` limits a figure to these; without it, it is that of the whole database.
    """

    _name = "whatsapp.cs.health"
    _description = "WhatsApp Technical Health"

    # === RECEIVING === #

    @api.model
    def _measure_inbox(self, companies=None):
        """Return how many webhooks wait, and since how many seconds the oldest does. A replayed one waits anew."""
        return self._query_row(
            SQL(
                "SELECT count(*), %s FROM whatsapp_cs_event WHERE state = 'new' AND %s",
                self._age(SQL("coalesce(state_date, create_date)")),
                self._scope(companies),
            )
        )

    @api.model
    def _measure_failed_webhooks(self, companies=None):
        """Return ``{failure type: number of webhooks}``."""
        return self._query_dict(
            SQL(
                "SELECT failure_type, count(*) FROM whatsapp_cs_event WHERE state = 'failed' AND %s GROUP BY 1",
                self._scope(companies),
            )
        )

    @api.model
    def _measure_received(self, since, companies=None):
        """Return how many webhooks have come since."""
        [count] = self._query_row(
            SQL("SELECT count(*) FROM whatsapp_cs_event WHERE create_date > %s AND %s", since, self._scope(companies))
        )
        return count

    @api.model
    def _measure_lag(self, since, companies=None):
        """Return the median and the 95th percentile, in ms, between arrival and end of processing; ``None`` without any."""
        return self._query_percentiles(
            SQL(
                """
                SELECT greatest(0, EXTRACT(epoch FROM state_date - create_date) * 1000) AS value
                  FROM whatsapp_cs_event WHERE state = 'done' AND create_date > %s AND %s
                 ORDER BY create_date DESC LIMIT %s
                """,
                since,
                self._scope(companies),
                RECENT_ROWS,
            )
        )

    @api.model
    def _measure_refusals(self, since, companies=None):
        """Return ``{reason: number of refused calls}``."""
        return self._query_dict(
            SQL(
                """
                SELECT reason, count(*)
                  FROM (SELECT r.reason FROM whatsapp_cs_webhook_refusal r JOIN whatsapp_cs_account a ON a.id = r.account_id
                         WHERE r.create_date > %s AND %s ORDER BY r.create_date DESC LIMIT %s) AS newest
                 GROUP BY 1
                """,
                since,
                self._scope(companies, "a"),
                RECENT_ROWS,
            )
        )

    # === SENDING === #

    @api.model
    def _measure_outbox(self, companies=None):
        """Return ``{channel id: (waiting messages, seconds since the oldest is due)}``."""
        rows = self._query(
            SQL(
                "SELECT channel_id, count(*), %s FROM whatsapp_cs_outbox WHERE %s AND %s GROUP BY 1",
                self._age(SQL("coalesce(next_try_date, create_date)")),
                WAITING,
                self._scope(companies),
            )
        )
        return {channel_id: (count, age) for channel_id, count, age in rows}

    @api.model
    def _measure_sent(self, since, companies=None):
        """Return how many messages WhatsApp has accepted since, and by how many calls."""
        return self._query_row(
            SQL(
                """
                SELECT count(*) FILTER (WHERE state = 'gone'), coalesce(sum(try_count), 0)
                  FROM whatsapp_cs_outbox WHERE state IN ('gone', 'failed', 'unknown') AND state_date > %s AND %s
                """,
                since,
                self._scope(companies),
            )
        )

    @api.model
    def _measure_api_latency(self, since, companies=None):
        """Return the median and the 95th percentile, in ms, of WhatsApp's answers; ``None`` without any."""
        return self._query_percentiles(
            SQL(
                """
                SELECT latency_ms AS value FROM whatsapp_cs_outbox WHERE state = 'gone' AND state_date > %s AND %s
                 ORDER BY state_date DESC LIMIT %s
                """,
                since,
                self._scope(companies),
                RECENT_ROWS,
            )
        )

    @api.model
    def _measure_delivery(self, companies=None):
        """Return how many messages WhatsApp accepted in the last 24 hours and how many of them have arrived.

        Without the last minutes', which are on their way.
        """
        return self._query_row(
            SQL(
                # LATERAL: one look-up for each, where PostgreSQL would rather read all messages
                """
                SELECT count(*), count(*) FILTER (WHERE m.state IN ('delivered', 'read'))
                  FROM (SELECT message_id FROM whatsapp_cs_outbox
                         WHERE state = 'gone' AND state_date > %(now)s - interval '24 hours'
                           AND state_date <= %(now)s - %(minutes)s * interval '1 minute' AND %(scope)s
                         ORDER BY state_date DESC LIMIT %(limit)s) AS o,
                       LATERAL (SELECT state FROM whatsapp_cs_message WHERE id = o.message_id LIMIT 1) AS m
                """,
                now=NOW,
                minutes=DELIVERY_MINUTES,
                scope=self._scope(companies),
                limit=RECENT_ROWS,
            )
        )

    @api.model
    def _measure_errors(self, since, companies=None):
        """Return ``{error code: number of messages that failed with it}``."""
        return self._query_dict(
            SQL(
                """
                SELECT error_code, count(*) FROM whatsapp_cs_message
                 WHERE state = 'failed' AND failed_date > %s AND %s GROUP BY 1
                """,
                since,
                self._scope(companies),
            )
        )

    @api.model
    def _measure_unknown(self, companies=None):
        """Return how many messages of unknown outcome people were asked about, and how many wait for a report yet."""
        [asked] = self._query_row(
            SQL("SELECT count(*) FROM whatsapp_cs_message WHERE is_unknown AND %s", self._scope(companies))
        )
        [waiting] = self._query_row(
            SQL(
                "SELECT count(*) FROM whatsapp_cs_outbox WHERE state = 'unknown' AND is_settled IS NOT TRUE AND %s",
                self._scope(companies),
            )
        )
        return asked, waiting

    # === THE SYSTEM === #

    @api.model
    def _measure_storage(self):
        """Return the megabytes that the addon's tables take, with their indexes."""
        [size] = self._query_row(
            SQL(
                """
                SELECT coalesce(sum(pg_total_relation_size(oid)), 0) / 1048576.0 FROM pg_class
                 WHERE relkind = 'r' AND relname LIKE %s AND pg_table_is_visible(oid)
                """,
                "whatsapp\\_cs\\_%",
            )
        )
        return float(size)

    @api.model
    def _find_jobs(self):
        """Return the scheduled jobs of this addon and those of its companions, switched off or not."""
        ids = self._query(
            SQL(
                "SELECT DISTINCT res_id FROM ir_model_data WHERE model = 'ir.cron' AND module LIKE %s",
                "%whatsapp\\_cs%",
            )
        )
        # sudo: ir.cron - its figures are for WhatsApp administrators, who need not be the system's
        Cron = self.env["ir.cron"].sudo().with_context(active_test=False)
        return Cron.search([("id", "in", [cron_id for (cron_id,) in ids])])

    @api.model
    def _get_overdue_seconds(self, job):
        """Return for how long a job should have run, or has failed; 0 for one that is switched off."""
        since = min(job.nextcall, job.first_failure_date or job.nextcall)
        return max(0, (fields.Datetime.now() - since).total_seconds()) if job.active else 0

    # === QUERIES === #

    @api.model
    def _query(self, query):
        self.env.flush_all()
        return self.env.execute_query(query)

    @api.model
    def _query_row(self, query):
        return self._query(query)[0]

    @api.model
    def _query_dict(self, query):
        return dict(self._query(query))

    @api.model
    def _query_percentiles(self, query):
        [percentiles] = self._query_row(
            SQL("SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY value) FROM (%s) AS newest", query)
        )
        return percentiles or (None, None)

    @api.model
    def _age(self, date):
        return SQL("coalesce(greatest(0, EXTRACT(epoch FROM %s - min(%s))), 0)::float", NOW, date)

    @api.model
    def _scope(self, companies, alias=None):
        if companies is None:
            return SQL("TRUE")
        column = SQL.identifier(alias, "company_id") if alias else SQL.identifier("company_id")
        return SQL("%s = ANY(%s)", column, companies.ids)


class WhatsappCsOutbox(models.Model):
    _inherit = "whatsapp.cs.outbox"  # pylint: disable=consider-merging-classes-inherited

    # A row enters it once, when it is settled.
    _settled_idx = models.Index("(state_date) WHERE state IN ('gone', 'failed', 'unknown')")


class WhatsappCsMessage(models.Model):
    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    _failed_date_idx = models.Index("(failed_date) WHERE state = 'failed'")
    _unknown_idx = models.Index("(channel_id) WHERE is_unknown")
