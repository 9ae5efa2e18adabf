from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from .whatsapp_cs_agent_status import ACTIVE_MINUTES
from .whatsapp_cs_conversation import GROUP_AGENT


class Wanted(NamedTuple):
    """What a conversation needs: skills (ids), the customer's language; and the ids of the agents of last time, and who
    has just given it back.
    """

    skill_ids: frozenset = frozenset()
    lang: str = ""
    last_user_id: int | None = None
    returned_user_id: int | None = None


class Seat(NamedTuple):
    """A member of a team as the choice sees them: what doesn't change while conversations are given out."""

    id: int
    team_id: int
    user_id: int
    name: str
    capacity: int
    skill_ids: frozenset
    langs: frozenset
    state: str  # of the agent; offline, or gone: no agent any more
    reason: str
    is_present: bool


class Judgement(NamedTuple):
    """Whether a seat can get the conversation, and why not: a code of ``get_reason``."""

    seat: Seat
    fits: bool
    code: str


class Verdict(NamedTuple):
    """Who gets the conversation (none: it waits), by what, and how each member was judged."""

    seat: Seat | None
    code: str
    judgements: list


class Roster:
    """All members of some teams with their load, read once; loads are counted on while conversations are given out.

    The choice itself knows no database: a pass of the assigner asks it a thousand times.
    """

    def __init__(self, teams):
        self.env = teams.env
        self.methods = {team.id: team.method for team in teams}
        self.seats = {team.id: [] for team in teams}
        self.loads = {}
        self.idle = {}  # user: since when nothing was given, nothing done
        self.given = {}  # seat: when the team gave something last
        self._read(teams)

    def _read(self, teams):
        teams.env.flush_all()
        query = SQL(
            """
            SELECT member.id, member.team_id, member.user_id, member.capacity, member.given_date, users.active,
                   coalesce(status.state, 'offline'), status.reason,
                   coalesce(status.active_date >= %(now)s - %(minutes)s * interval '1 minute', FALSE),
                   (SELECT count(*) FROM whatsapp_cs_conversation
                     WHERE user_id = member.user_id AND state = 'assigned'),
                   greatest(status.start_date, (SELECT max(state_date) FROM whatsapp_cs_conversation
                                                 WHERE user_id = member.user_id))
              FROM whatsapp_cs_team_member member
              JOIN res_users users ON users.id = member.user_id
              LEFT JOIN whatsapp_cs_agent_status status ON status.user_id = member.user_id AND status.end_date IS NULL
             WHERE member.team_id = ANY(%(teams)s)
             ORDER BY member.id
            """,
            now=fields.Datetime.now(),
            minutes=ACTIVE_MINUTES,
            teams=teams.ids,
        )
        for row in self.env.execute_query(query):
            id_, team_id, user_id, capacity, given, active, state, reason, is_present, load, idle = row
            member = self.env["whatsapp.cs.team.member"].browse(id_).with_prefetch(teams.member_ids.ids)
            is_agent = active and member.user_id.has_group(GROUP_AGENT)
            self.seats[team_id].append(
                Seat(
                    id_,
                    team_id,
                    user_id,
                    member.user_id.name,
                    capacity,
                    frozenset(member.skill_ids.ids),
                    frozenset(get_language(lang.code) for lang in member.lang_ids),
                    state if is_agent else "gone",
                    reason or "",
                    is_present,
                )
            )
            self.loads[user_id] = load
            self.idle[user_id] = idle
            self.given[id_] = given

    # === ASKING === #

    def has_room(self, team_id):
        return any(self._judge(seat).fits for seat in self.seats[team_id])

    def is_at_work(self, team_id):
        """Tell whether anybody of the team is at work, free or not."""
        return any(seat.state not in ("offline", "gone") for seat in self.seats[team_id])

    def select(self, team_id, wanted):
        """Return the ``Verdict`` on who of the team gets a conversation that needs ``wanted``."""
        seats = self.seats[team_id]
        able = {seat.id for seat in seats if wanted.skill_ids <= seat.skill_ids}
        # Nobody waits for skills that nobody at work has.
        is_strict = any(seat.id in able and seat.state == "available" and seat.is_present for seat in seats)
        judgements = [self._judge(seat, wanted, is_strict and seat.id not in able) for seat in seats]
        free = [judgement.seat for judgement in judgements if judgement.fits]
        if not free:
            return Verdict(None, "nobody", judgements)
        for seat in free:
            if seat.user_id == wanted.last_user_id:
                return Verdict(seat, "last", judgements)
        language = get_language(wanted.lang)
        speakers = [seat for seat in free if language and language in seat.langs]
        method = self.methods[team_id]
        rank = self._rank_in_turn if method == "round_robin" else self._rank_balanced
        code = "language" if speakers and len(speakers) < len(free) else method
        return Verdict(min(speakers or free, key=rank), code, judgements)

    def _judge(self, seat, wanted=Wanted(), lacks_skill=False):  # noqa: B008 - it can't be changed
        if seat.state != "available":
            return Judgement(seat, False, seat.state)
        if not seat.is_present:
            return Judgement(seat, False, "away")
        if self.loads[seat.user_id] >= seat.capacity:
            return Judgement(seat, False, "full")
        if lacks_skill:
            return Judgement(seat, False, "skill")
        if seat.user_id == wanted.returned_user_id:
            return Judgement(seat, False, "returned")
        return Judgement(seat, True, "free")

    def _rank_balanced(self, seat):
        idle = self.idle[seat.user_id]
        return (self.loads[seat.user_id], idle is not None, idle, seat.id)

    def _rank_in_turn(self, seat):
        given = self.given[seat.id]
        return (given is not None, given, seat.id)

    # === COUNTING ON === #

    def give(self, seat, date):
        """Count a conversation that ``seat`` has got at ``date``, later than all before."""
        self.loads[seat.user_id] += 1
        self.idle[seat.user_id] = date
        self.given[seat.id] = date

    # === WORDS === #

    def get_reason(self, judgement):
        """Return in words why a member can get the conversation or not."""
        seat = judgement.seat
        load = self.loads[seat.user_id]
        match judgement.code:
            case "gone":
                return self.env._("%s is no WhatsApp agent any more.", seat.name)
            case "offline":
                return self.env._("%s is offline.", seat.name)
            case "busy":
                return self.env._("%s is busy.", seat.name)
            case "break":
                return self.env._("%(name)s is on a break: %(reason)s.", name=seat.name, reason=seat.reason)
            case "away":
                return self.env._(
                    "%(name)s is available, but was not active in the last %(minutes)s minutes.",
                    name=seat.name,
                    minutes=ACTIVE_MINUTES,
                )
            case "full":
                return self.env._(
                    "%(name)s has %(load)s conversations, and can do %(capacity)s at once.",
                    name=seat.name,
                    load=load,
                    capacity=seat.capacity,
                )
            case "returned":
                return self.env._("%s has just given it back.", seat.name)
            case "skill":
                return self.env._("%s lacks a skill that is needed, and somebody at work has it.", seat.name)
            case _:
                return self.env._(
                    "%(name)s is free: %(load)s of %(capacity)s.", name=seat.name, load=load, capacity=seat.capacity
                )

    def get_verdict_reason(self, verdict):
        """Return in words why this agent, or nobody."""
        name = verdict.seat and verdict.seat.name
        match verdict.code:
            case "nobody":
                return self.env._("Nobody is free: it waits in the queue.")
            case "last":
                return self.env._("%s had the customer's last conversation.", name)
            case "language":
                return self.env._("%s speaks the customer's language.", name)
            case "round_robin":
                return self.env._("It is the turn of %s.", name)
            case _:
                return self.env._("Of those who are free %s has least to do, and for the longest time.", name)


def get_language(code):
    """Return the language of a code without the country: somebody who speaks pt_PT can help in pt_BR."""
    return (code or "").split("_")[0].split("@")[0]
