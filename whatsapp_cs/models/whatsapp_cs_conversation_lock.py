from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_time

from ..tools.private_log import queries_hidden
from .whatsapp_cs_conversation import GROUP_EDITOR, HandChange
from .whatsapp_cs_queue import CONCURRENCY_ERRORS

ACTIVE_MINUTES = 3  # that somebody who types keeps at least, where nothing else is set
QUIET_SECONDS = 15  # between two notes of one agent's activity
BATCH = 200


class WhatsappCsConversation(models.Model):
    """Whoever opens a conversation has it reserved for a while, so that no two people answer.

    A reservation is a deadline: it ends by itself, whichever server lives. The cron only tidies up, and gives back what
    an agent has left lying.
    """

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    lock_user_id = fields.Many2one(
        "res.users",
        "Opened By",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Who has it reserved.",
    )
    lock_until = fields.Datetime("Reserved Until", readonly=True, help="Without the customer's waiting, see Reserved.")
    lock_active_date = fields.Datetime(
        "Last Activity", readonly=True, help="When the person who has it reserved last opened it, typed or wrote."
    )
    lock_end = fields.Datetime("Reserved", compute="_compute_lock_end", help="The moment at which others may answer.")

    @api.depends("lock_user_id", "lock_until", "lock_active_date", "unanswered_date", "channel_id.idle_minutes")
    def _compute_lock_end(self):
        now = fields.Datetime.now()
        for conversation in self:
            end = conversation._get_lock_end() if conversation.lock_user_id and conversation.lock_until else False
            conversation.lock_end = end and end > now and end

    def _get_lock_end(self):
        """Return when the reservation ends: its deadline, or earlier when the customer waits and nothing happens."""
        idle = self.channel_id.idle_minutes
        if not (self.unanswered_date and idle):
            return self.lock_until
        since = max(self.lock_active_date or self.unanswered_date, self.unanswered_date)
        return min(self.lock_until, since + timedelta(minutes=idle))

    def _is_reserved_for_other(self):
        """Tell whether somebody else has this conversation open, and nobody has taken it."""
        self.invalidate_recordset(["lock_end"])  # the clock has gone on
        return bool(self.lock_end and self.lock_user_id != self.env.user and not self._get_agent())

    def _check_lock(self, consequence, *, is_answer=False):
        """Refuse what would cross another agent who has the conversation open; editors may, except answer into it.

        :param consequence: what it means for the user, as a sentence
        """
        self.ensure_one()
        if not self._is_reserved_for_other() or (not is_answer and self.env.user.has_group(GROUP_EDITOR)):
            return
        raise UserError(
            self.env._(
                "%(name)s has opened this conversation and has it reserved until %(time)s. %(consequence)s",
                # sudo: res.users - the name of the colleague
                name=self.lock_user_id.sudo().name,
                time=format_time(self.env, self.lock_end, time_format="HH:mm:ss"),
                consequence=consequence,
            )
        )

    # === RESERVING === #

    def _reserve(self):
        """Reserve a conversation for the current user, unless somebody has it or it is done; also note the activity.

        Of two at the same moment one waits for the other's commit, and then finds it taken.
        """
        self.ensure_one()
        if self._is_noted():
            return
        self._lock()
        if self.state in ("resolved", "snoozed", "spam") or (self._get_agent() or self.env.user) != self.env.user:
            return
        if self._is_reserved_for_other():
            return
        if self.lock_user_id == self.env.user and self.lock_end:
            self._note_activity()
        else:
            self._renew_lock()
        self._broadcast()

    def _is_noted(self):
        """Tell whether it is reserved for the user, and known to be at work a few seconds ago."""
        recently = fields.Datetime.now() - timedelta(seconds=QUIET_SECONDS)
        return bool(
            self.lock_user_id == self.env.user and self.lock_end and (self.lock_active_date or recently) > recently
        )

    def _renew_lock(self):
        """Let the reservation begin anew, for the current user."""
        self.write(self._prepare_new_lock())

    def _prepare_new_lock(self):
        now = fields.Datetime.now()
        return {
            "lock_user_id": self.env.uid,
            "lock_until": now + timedelta(minutes=self.channel_id.lock_minutes),
            "lock_active_date": now,
        }

    def _note_activity(self):
        """Who is at work keeps the conversation for some minutes at least."""
        now = fields.Datetime.now()
        least = now + timedelta(minutes=self.channel_id.idle_minutes or ACTIVE_MINUTES)
        self.write({"lock_active_date": now, "lock_until": max(self.lock_until, least)})

    def _unreserve(self):
        """Give up the current user's reservation of a conversation that nobody has taken."""
        self.ensure_one()
        if self.lock_user_id == self.env.user and self.lock_end and not self._get_agent():
            self._lock()
            self.write({"lock_user_id": False, "lock_until": False, "lock_active_date": False})
            self._broadcast()
            self._wake_assigner()

    def _prepare_lock_values(self, state, user_id):
        """Return what a new state means for the reservation: who takes a conversation has it, who has it keeps it."""
        if state == "waiting" or (state == "assigned" and self.lock_user_id.id == user_id):
            return {}
        if state == "assigned" and user_id == self.env.uid:
            return self._prepare_new_lock()
        return {"lock_user_id": False, "lock_until": False, "lock_active_date": False} if self.lock_user_id else {}

    @api.model
    def _get_free_condition(self):
        """Return the condition in SQL that nobody has a conversation reserved, as ``_get_lock_end`` says."""
        return SQL(
            """
            (lock_user_id IS NULL OR %(now)s >= least(lock_until, CASE WHEN unanswered_date IS NOT NULL THEN
                greatest(lock_active_date, unanswered_date) + (SELECT nullif(idle_minutes, 0) FROM whatsapp_cs_channel
                 WHERE id = whatsapp_cs_conversation.channel_id) * interval '1 minute' END))
            """,
            now=fields.Datetime.now(),
        )

    # === LEFT LYING === #

    @api.model
    def _cron_lock(self):
        """Give back what agents have left lying while the customer waits; forget reservations that have ended."""
        for conversation in self._claim_idle():
            conversation._give_back()
        self.env["ir.cron"]._commit_progress()  # what was given back stays so, whatever comes next
        self._forget_ended_locks()

    @api.model
    def _claim_idle(self):
        """Return conversations whose customer waits and whose agent has done nothing, in none of them, for the channel's time."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT conversation.id
              FROM whatsapp_cs_conversation conversation
              JOIN whatsapp_cs_channel channel ON channel.id = conversation.channel_id AND channel.idle_minutes > 0
             WHERE conversation.state = 'assigned' AND conversation.user_id IS NOT NULL
               AND greatest(conversation.unanswered_date, conversation.state_date)
                   <= %(now)s - channel.idle_minutes * interval '1 minute'
               AND NOT EXISTS (SELECT 1 FROM whatsapp_cs_conversation own
                                WHERE own.lock_user_id = conversation.user_id
                                  AND own.lock_active_date > %(now)s - channel.idle_minutes * interval '1 minute')
               AND conversation.unanswered_date IS NOT NULL
             ORDER BY conversation.unanswered_date LIMIT %(limit)s
               FOR NO KEY UPDATE OF conversation SKIP LOCKED
            """,
            now=fields.Datetime.now(),
            limit=BATCH,
        )
        return self.browse(self._claim_ids(query))

    @api.model
    def _claim_ids(self, query):
        """Return the ids that a job's first query takes; none when somebody has just changed one: the next run takes them."""
        try:
            with queries_hidden(*CONCURRENCY_ERRORS):
                return [row_id for (row_id,) in self.env.execute_query(query)]
        except CONCURRENCY_ERRORS:
            self.env.cr.rollback()
            return []

    def _give_back(self):
        """Put it back into the queue and tell the agent who did not come to it."""
        self.ensure_one()
        agent, minutes = self.user_id, self.channel_id.idle_minutes
        env = self.with_context(lang=agent.lang).env
        agent._bus_send(
            "simple_notification",
            {
                "type": "warning",
                "message": env._(
                    "%(name)s waited for you for %(minutes)s minutes and is in the queue again.",
                    name=self.contact_id.name,
                    minutes=minutes,
                ),
            },
        )
        self._set_queued(change=HandChange(ended="idle"))

    @api.model
    def _forget_ended_locks(self):
        query = SQL(
            """
            UPDATE whatsapp_cs_conversation SET lock_user_id = NULL, lock_until = NULL, lock_active_date = NULL
             WHERE id IN (SELECT id FROM whatsapp_cs_conversation
                           WHERE lock_user_id IS NOT NULL AND (lock_until <= %(now)s OR (state = 'queued' AND %(free)s))
                             FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id
            """,
            now=fields.Datetime.now(),
            free=self._get_free_condition(),
        )
        self.env.flush_all()
        ids = self._claim_ids(query)
        self.env.invalidate_all()
        self.browse(ids)._wake_assigner()
