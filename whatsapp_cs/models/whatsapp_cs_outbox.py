import logging
import random
import uuid
from datetime import timedelta

from odoo import api, fields, models

from ..tools import graph_errors

_logger = logging.getLogger(__name__)

RETRY_DELAYS = (2, 10, 300, 300, 300)  # seconds: two quick tries, then three with the compensation run
THROTTLE_DELAY = 2  # seconds, doubled with each try: it came too fast, and was not refused for what it is
PAIR_DELAY = 4  # seconds to the power of the try: Meta's own advice when one customer gets too many (131056)
WAIT_DELAY = 90  # seconds: the number is being moved, which takes Meta minutes
LONGEST_DELAY = 3600  # seconds


class WhatsappCsOutbox(models.Model):
    """The outbox: one row per attempt to send a message. The claim is committed before WhatsApp is called."""

    _name = "whatsapp.cs.outbox"
    _inherit = ["whatsapp.cs.queue"]
    _description = "WhatsApp Outbox"
    _queue_number = 2
    _queue_cron = "whatsapp_cs.ir_cron_whatsapp_cs_outbox_send"
    _order = "id desc"
    _rec_name = "message_id"

    message_id = fields.Many2one("whatsapp.cs.message", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, index=True, ondelete="cascade")
    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    priority = fields.Selection(
        [("0", "Service"), ("1", "Promotion")],
        default="0",
        required=True,
        readonly=True,
        help="An answer to somebody who waits overtakes what many get at once.",
    )
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
    error_code = fields.Char("Last Error Code", readonly=True)
    is_settled = fields.Boolean(readonly=True, help="Its unknown outcome was given to a person, or to another try.")
    latency_ms = fields.Integer("Answered After (ms)", readonly=True, aggregator="avg")

    _key_uniq = models.UniqueIndex("(key)")
    _open_idx = models.Index("(contact_id, id) WHERE state IN ('queued', 'retry', 'sending')")
    _due_idx = models.Index("(channel_id, priority, id) WHERE state IN ('queued', 'retry')")
    _retry_idx = models.Index("(next_try_date) WHERE state = 'retry'")
    _sending_idx = models.Index("(claim_date) WHERE state = 'sending'")
    _unknown_idx = models.Index("(state_date) WHERE state = 'unknown'")
    _contact_idx = models.Index("(contact_id, claim_date)")  # how much a customer got lately

    def init(self):
        """Have the table vacuumed often: the claim walks indexes from which most entries have just gone."""
        self.env.cr.execute(
            "ALTER TABLE whatsapp_cs_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"
        )

    # === QUEUEING === #

    @api.model
    def _add(self, messages, priority="0"):
        """Queue one attempt to send each of ``messages``."""
        self.create(
            [
                {
                    "message_id": message.id,
                    "channel_id": message.channel_id.id,
                    "contact_id": message.contact_id.id,
                    "company_id": message.company_id.id,  # given, not computed: spares an UPDATE
                    "priority": priority,
                }
                for message in messages
            ]
        )
        self._wake_up()

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

    # === RESULTS === #

    def _on_error(self, error):
        """Decide by the error's family what becomes of the row."""
        self.ensure_one()
        if self.state != "sending":
            return  # a status webhook has settled it meanwhile
        _logger.info("WhatsApp outbox row %s: error %s, trace %s", self.id, error.code, error.trace)
        values = {"error": str(error), "error_code": str(error.code)}
        if error.outcome_unknown:
            self._update_state("unknown", **values)
        elif error.needs_administrator:
            self._update_state("queued", **values)
            self.channel_id.account_id._set_blocked(self._get_meaning(error.code))
        elif (delay := self._get_retry_delay(error)) is not None:
            delay *= random.uniform(1, 1.3)  # noqa: S311 - jitter, no secret
            self._update_state("retry", next_try_date=fields.Datetime.now() + timedelta(seconds=delay), **values)
        else:
            self._update_state("failed", **values)
            self.message_id._set_failed(error.code, error.details)

    def _get_retry_delay(self, error):
        """Return after how many seconds to try again, or None: never.

        What is only too fast, or too early, is tried until it goes; a temporary error five times more.
        """
        family = error.meaning.family
        if family == graph_errors.THROTTLE:
            return min(THROTTLE_DELAY * 2 ** (self.try_count - 1), LONGEST_DELAY)
        if family == graph_errors.PAIR:
            return min(PAIR_DELAY ** min(self.try_count, 10), LONGEST_DELAY)
        if family == graph_errors.WAIT:
            return WAIT_DELAY
        if error.retryable and self.try_count <= len(RETRY_DELAYS):
            return RETRY_DELAYS[self.try_count - 1]
        return None

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
            if row._update_state("gone", error=False, error_code=False):
                row.message_id._set_accepted(wamid)

    def _cancel(self, reason):
        """Don't send what still waits: the message has arrived by another try."""
        for row in self.filtered(lambda row: row.state in ("queued", "retry")):
            row._update_state("failed", error=reason)

    def _update_state(self, state, **values):
        """Enter ``state`` if the table allows it; the only method that writes it, beside ``_claim``."""
        self.ensure_one()
        if self.state not in self._STATE_SOURCES[state]:
            return False
        self.write({**values, "state": state, "state_date": fields.Datetime.now()})
        return True
