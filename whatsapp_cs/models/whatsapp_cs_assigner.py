import logging
import time
from datetime import UTC, datetime

from odoo import api, models
from odoo.tools import SQL

from .whatsapp_cs_conversation import HandChange
from .whatsapp_cs_queue import CONCURRENCY_ERRORS, MAX_TRIES
from .whatsapp_cs_team_roster import Roster

_logger = logging.getLogger(__name__)

ASSIGNER = 0  # what the one worker owns; channels, which senders own, have ids from 1
BATCH_SIZE = 20  # conversations of one transaction
LOOKED_AT = 2000  # of the waiting ones, in one pass: more than anybody has free agents for
CARE_SECONDS = 30  # how often lost agents, overflow and escalation are looked at while the worker stays awake
BUSY_SECONDS = 0.1  # until what somebody else is changing is looked at again


class WhatsappCsAssigner(models.AbstractModel):
    """Gives waiting conversations to free agents: one worker for all servers, never two (RT2, RT3).

    It owns a lock of the database and looks at everything anew after each commit. Who brings something – a conversation
    that waits, an agent who has room or comes online – wakes it, in the own transaction.
    """

    _name = "whatsapp.cs.assigner"
    _inherit = "whatsapp.cs.queue"
    _description = "WhatsApp Assigner"

    _queue_number = 3
    _queue_cron = "whatsapp_cs.ir_cron_whatsapp_cs_assign"

    @api.model
    def _cron_assign(self):
        """Give out what waits, then stay a moment for more; every minute, look at who waits too long."""
        with self._awake() as worker:
            is_owner = worker.owns(ASSIGNER)  # otherwise the one who is at work was woken, too
            if is_owner:
                self._work(worker)
        if is_owner and self._is_work_left():
            self._trigger()

    @api.model
    def _work(self, worker):
        end, next_care = float("inf"), 0
        while time.monotonic() < end:
            if time.monotonic() >= next_care:
                self._take_care()
                next_care = time.monotonic() + CARE_SECONDS
            count, is_contended = self._try(self._assign_batch) or (0, True)
            while not count and not is_contended and self._try(self._tell_positions):
                pass
            end = min(end, time.monotonic() + self.env["ir.cron"]._commit_progress(count, remaining=0))
            if count:
                continue
            if is_contended:
                time.sleep(BUSY_SECONDS)
            elif not worker.wait():
                return

    @api.model
    def _take_care(self):
        """Do what depends on the clock, each kind in transactions of its own."""
        Conversation = self.env["whatsapp.cs.conversation"]
        for step in (
            self.env["whatsapp.cs.agent.status"]._end_lost,
            Conversation._take_back,
            Conversation._pass_on,
            Conversation._escalate,
        ):
            while self._try(step):
                pass

    @api.model
    def _try(self, step):
        """Run and commit ``step``; again, with a new snapshot, when somebody else was at the same records."""
        for _number in range(MAX_TRIES):
            self.env.cr.rollback()  # see what others have done up to now
            self.env.invalidate_all(flush=False)
            try:
                result = step()
                self.env["ir.cron"]._commit_progress(remaining=0)
                return result
            except CONCURRENCY_ERRORS:
                continue
        self.env.cr.rollback()
        _logger.warning("WhatsApp conversations are contended; they are assigned a little later")
        return None

    # === GIVING OUT === #

    @api.model
    def _assign_batch(self):
        """Give the first of each queue to free agents; return how many, and whether others were being changed."""
        roster = self._get_roster()
        chosen = self._choose(roster)
        locked = self._lock_waiting([conversation_id for conversation_id, _verdict, _date in chosen])
        given = {}
        for conversation_id, verdict, date in chosen:
            if conversation_id in locked:
                conversation = self.env["whatsapp.cs.conversation"].browse(conversation_id)
                change = HandChange(began="assigned", reason=roster.get_verdict_reason(verdict))
                conversation._set_assigned(self.env["res.users"].browse(verdict.seat.user_id), change=change)
                given[verdict.seat.id] = date
        self._note_given(given)
        return len(locked), len(locked) < len(chosen)

    @api.model
    def _get_roster(self):
        """Return the ``Roster`` of the teams that give out and have something to give."""
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_team WHERE method != 'manual'
               AND EXISTS (SELECT 1 FROM whatsapp_cs_conversation WHERE team_id = whatsapp_cs_team.id AND state = 'queued')
            """
        )
        return Roster(self.env["whatsapp.cs.team"].browse(row_id for (row_id,) in self.env.execute_query(query)))

    @api.model
    def _choose(self, roster):
        """Return ``[(conversation id, Verdict, date)]`` of the next batch: the most important first, then the oldest."""
        team_ids = [team_id for team_id in roster.seats if roster.has_room(team_id)]
        if not team_ids:
            return []
        query = SQL(
            """
            SELECT id, team_id FROM whatsapp_cs_conversation
             WHERE state = 'queued' AND team_id = ANY(%s) AND %s AND is_sensitive IS NOT TRUE
             ORDER BY priority DESC, unanswered_date, id LIMIT %s
            """,
            team_ids,
            self.env["whatsapp.cs.conversation"]._get_free_condition(),  # an agent who has it open takes it
            LOOKED_AT,
        )
        waiting = self.env.execute_query(query)
        wanted = self.env["whatsapp.cs.conversation"].browse(row_id for row_id, _team_id in waiting)._get_wanted()
        chosen, hopeless = [], set()
        for conversation_id, team_id in waiting:
            kind = (team_id, wanted[conversation_id])
            if kind in hopeless:
                continue
            verdict = roster.select(team_id, wanted[conversation_id])
            if not verdict.seat:
                hopeless.add(kind)
                if not roster.has_room(team_id):
                    team_ids.remove(team_id)
            else:
                date = datetime.now(UTC).replace(tzinfo=None)
                roster.give(verdict.seat, date)
                chosen.append((conversation_id, verdict, date))
            if len(chosen) == BATCH_SIZE or not team_ids:
                break
        return chosen

    @api.model
    def _lock_waiting(self, ids):
        """Return which of ``ids`` still wait and are ours until the end; what somebody is changing is left for later."""
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_conversation WHERE id = ANY(%s) AND state = 'queued'
             ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
            """,
            ids,
        )
        return {row_id for (row_id,) in self.env.execute_query(query)} if ids else set()

    @api.model
    def _note_given(self, given):
        """Keep to the microsecond when each member was given something last: whose turn it is depends on it."""
        for member_id, date in given.items():
            self.env.execute_query(
                SQL("UPDATE whatsapp_cs_team_member SET given_date = %s WHERE id = %s RETURNING id", date, member_id)
            )
        self.env["whatsapp.cs.team.member"].browse(given).invalidate_recordset(["given_date"], flush=False)

    # === WHO STAYS IN THE QUEUE === #

    @api.model
    def _tell_positions(self):
        """Tell customers who have to wait, while somebody of the team is at work, their position."""
        teams = self.env["whatsapp.cs.team"].search([("sends_position", "=", True)])
        if not teams:
            return teams
        roster = Roster(teams)
        at_work = teams.filtered(lambda team: roster.is_at_work(team.id))
        return self.env["whatsapp.cs.conversation"]._tell_positions(at_work) if at_work else at_work

    @api.model
    def _is_work_left(self):
        """Tell whether somebody is free for whom something waits."""
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        return bool(self._choose(self._get_roster()))
