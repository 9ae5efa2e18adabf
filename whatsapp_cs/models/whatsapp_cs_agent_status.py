from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

ACTIVE_MINUTES = 5  # RT2: who was active so recently is there
LOST_MINUTES = 5  # without a sign of the browser: it, the network or the server died without saying so
CLOSED_SECONDS = (
    90  # the same when Odoo saw the browser's connection close; another tab or device would have given a sign
)
# Hours without a key or click after which somebody is not at work any more, although the browser is open
INACTIVE_HOURS = {"available": 0.5, "busy": 4, "break": 4}
RESUME_MINUTES = 60  # who was lost and gives a sign again so soon goes on as before


class WhatsappCsAgentStatus(models.Model):
    """What an agent was, from when to when. Nobody at work has an open row: being offline is having none (KP1).

    The browser gives a sign every minute. When there is none any more, the row ends at the last one, whatever died.
    """

    _name = "whatsapp.cs.agent.status"
    _description = "WhatsApp Agent Status"
    _order = "start_date desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one("res.users", "Agent", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    state = fields.Selection(
        [("available", "Available"), ("busy", "Busy"), ("break", "On a Break")], required=True, readonly=True
    )
    reason = fields.Char(readonly=True)
    start_date = fields.Datetime("From", required=True, readonly=True, default=fields.Datetime.now)
    end_date = fields.Datetime("Until", readonly=True)
    seen_date = fields.Datetime("Last Sign", required=True, readonly=True, default=fields.Datetime.now)
    active_date = fields.Datetime("Last Active", required=True, readonly=True, default=fields.Datetime.now)
    hours = fields.Float("Time Online", readonly=True, help="Up to the last sign while it goes on.")
    is_lost = fields.Boolean(
        "Lost", readonly=True, help="Ended because the browser gave no sign any more, or nobody used it."
    )

    _open_uniq = models.UniqueIndex("(user_id) WHERE end_date IS NULL")
    _user_idx = models.Index("(user_id, start_date DESC)")

    # === READING === #

    @api.model
    def _get_current(self, users):
        """Return ``{user: open row}`` of those who are at work."""
        return {row.user_id: row for row in self.search([("user_id", "in", users.ids), ("end_date", "=", False)])}

    def _is_present(self):
        """Tell whether the agent was active in the last minutes."""
        return bool(self) and self.active_date >= fields.Datetime.now() - timedelta(minutes=ACTIVE_MINUTES)

    # === WRITING === #

    @api.model
    def _set(self, user, state, reason=False):
        """Let ``user`` be in ``state`` from now on (``offline``: in none); two at once: the later one wins."""
        current = self._lock_current(user)
        if current and (current.state, current.reason or False) == (state, reason or False):
            current._note_sign(0)
            return
        current._end(fields.Datetime.now())
        if state != "offline":
            self._open(user, state, reason)
        user._whatsapp_cs_on_status()

    @api.model
    def _lock_current(self, user):
        """Return the open row, and let others who change it at the same moment come afterwards."""
        self.flush_model()
        query = SQL(
            "SELECT id FROM whatsapp_cs_agent_status WHERE user_id = %s AND end_date IS NULL FOR NO KEY UPDATE", user.id
        )
        return self.browse(row_id for (row_id,) in self.env.execute_query(query))

    @api.model
    def _open(self, user, state, reason):
        # By SQL: of two at once, the one that ON CONFLICT meets is a serialization failure, which Odoo tries again.
        self.env.execute_query(
            SQL(
                """
                INSERT INTO whatsapp_cs_agent_status
                       (user_id, company_id, state, reason, start_date, seen_date, active_date, hours, create_date)
                VALUES (%(user)s, %(company)s, %(state)s, %(reason)s, %(now)s, %(now)s, %(now)s, 0, %(now)s)
                    ON CONFLICT (user_id) WHERE end_date IS NULL DO NOTHING
                RETURNING id
                """,
                user=user.id,
                company=user.company_id.id,
                state=state,
                reason=reason or None,
                now=fields.Datetime.now(),
            )
        )

    def _end(self, date, is_lost=False):
        for row in self:
            hours = max(0, (date - row.start_date).total_seconds() / 3600)
            row.write({"end_date": max(date, row.start_date), "hours": hours, "is_lost": is_lost})
        self.flush_recordset()  # before the next one opens

    def _note_sign(self, inactive_seconds):
        """Take a sign of the agent's browser; tell whether an agent who was away is back."""
        self.ensure_one()
        was_present = self._is_present()
        now = fields.Datetime.now()
        self.write(
            {
                "seen_date": now,
                "active_date": max(self.active_date, now - timedelta(seconds=max(0, inactive_seconds))),
                "hours": (now - self.start_date).total_seconds() / 3600,
            }
        )
        return not was_present and self._is_present()

    @api.model
    def _take_sign(self, user, inactive_seconds):
        """Note that the browser of ``user`` lives; go on as before when it had been given up a short while ago."""
        if current := self._lock_current(user):
            if current._note_sign(inactive_seconds):
                user._whatsapp_cs_on_status()
            return
        last = self.search([("user_id", "=", user.id)], limit=1)
        resumable = fields.Datetime.now() - timedelta(minutes=RESUME_MINUTES)
        if last.is_lost and last.end_date >= resumable and inactive_seconds < ACTIVE_MINUTES * 60:
            self._set(user, last.state, last.reason)

    # === CARE === #

    @api.model
    def _end_lost(self):
        """End the rows of agents whose browser gave no sign any more, at the last one; and of those nobody uses."""
        now = fields.Datetime.now()
        query = SQL(
            """
            SELECT status.id, status.seen_date >= %(lost)s AND (presence.status != 'offline' OR status.seen_date >= %(closed)s
                                                                OR presence.status IS NULL) AS is_seen
              FROM whatsapp_cs_agent_status status
              LEFT JOIN mail_presence presence ON presence.user_id = status.user_id
             WHERE status.end_date IS NULL
               AND (status.seen_date < %(lost)s
                    OR (status.seen_date < %(closed)s AND presence.status = 'offline')
                    OR status.active_date < %(now)s
                       - CASE status.state WHEN 'available' THEN %(available)s ELSE %(other)s END * interval '1 hour')
               FOR NO KEY UPDATE OF status SKIP LOCKED
            """,
            now=now,
            lost=now - timedelta(minutes=LOST_MINUTES),
            closed=now - timedelta(seconds=CLOSED_SECONDS),
            available=INACTIVE_HOURS["available"],
            other=INACTIVE_HOURS["busy"],
        )
        self.flush_model()
        ended = self.browse()
        for row_id, is_seen in self.env.execute_query(query):
            row = self.browse(row_id)
            row._end(row.active_date if is_seen else row.seen_date, is_lost=True)
            ended |= row
        ended.user_id._whatsapp_cs_on_status()
        return ended
