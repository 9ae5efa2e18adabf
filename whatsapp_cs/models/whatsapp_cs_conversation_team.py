from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, OrderedSet

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR, HandChange
from .whatsapp_cs_team_roster import Wanted


class WhatsappCsConversation(models.Model):
    """In whose queue a conversation waits, and to whom it may be given. Without a team it waits in the queue of all."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    team_id = fields.Many2one("whatsapp.cs.team", readonly=True, index="btree_not_null", ondelete="set null")
    team_date = fields.Datetime("In the Team's Queue Since", readonly=True)
    team_reason = fields.Char("Why This Team", readonly=True)
    skill_ids = fields.Many2many(
        "whatsapp.cs.skill", "whatsapp_cs_conversation_skill_rel", string="Needed Skills", readonly=True
    )
    priority = fields.Selection([("0", "Normal"), ("1", "High"), ("2", "Urgent")], default="0", readonly=True)
    last_user_id = fields.Many2one(
        "res.users", "Last Agent", readonly=True, help="Who had it before the customer opened it again."
    )
    returned_user_id = fields.Many2one(
        "res.users", "Given Back By", readonly=True, help="Is not given it again as long as it waits."
    )

    _queue_idx = models.Index("(team_id, priority DESC, unanswered_date, id) WHERE state = 'queued'")
    _load_idx = models.Index("(user_id) WHERE state = 'assigned'")
    _idle_idx = models.Index("(user_id, state_date DESC) WHERE user_id IS NOT NULL")

    # === BUTTONS === #

    def action_assign(self, user):
        """Let editors give conversations to an agent (a user or the id): by hand, whatever the agent has already."""
        agent = self.env["res.users"].browse(user) if isinstance(user, int) else user
        self._lock()
        self._check_is_agent()
        if not self.env.user.has_group(GROUP_EDITOR):
            raise AccessError(self.env._("Only editors give conversations to others. Take it yourself, or ask one."))
        for conversation in self:
            conversation._check_assignable(agent)
            if conversation.user_id != agent or conversation.state != "assigned":
                # sudo: whatsapp.cs.conversation - as in action_take
                conversation.sudo()._set_assigned(agent)

    def _check_assignable(self, agent):
        # sudo: res.users - only role and companies are looked at
        agent_sudo = agent.sudo()
        if not agent_sudo.active or not agent_sudo.has_group(GROUP_AGENT):
            raise UserError(self.env._("%s is no WhatsApp agent: choose somebody else.", agent_sudo.name))
        if self.company_id not in agent_sudo.company_ids:
            raise UserError(
                self.env._(
                    "%(agent)s has no access to %(company)s: choose somebody else.",
                    agent=agent_sudo.name,
                    company=self.company_id.name,
                )
            )

    def action_change_priority(self):
        """Make a conversation more important in its queue; after urgent comes normal again."""
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation.sudo().priority = str((int(conversation.priority or 0) + 1) % 3)

    # === QUEUES === #

    def _set_team(self, team, reason=False, skills=None, change=None):
        """Put each into the queue of ``team`` (of all, when it is empty) and note why.

        :param change: how it changes hands, for the history
        :param skills: what the agent has to be able to do (``whatsapp.cs.skill``); None leaves it as it is
        """
        self._note_left_queue()
        values = {"team_id": team.id, "team_reason": reason, "team_date": fields.Datetime.now()}
        if skills is not None:
            values["skill_ids"] = [fields.Command.set(skills.ids)]
        queued = self.filtered(lambda conversation: conversation.state == "queued")
        holders = {conversation: conversation._get_holder() for conversation in queued}
        self.write(values)
        (self - queued)._set_queued(change=change)
        for conversation, holder in holders.items():
            conversation._note_holder(holder, change or HandChange("queued", "transferred", reason))
        self._broadcast()
        self._wake_assigner()

    def _set_queued(self, change=None):
        """Put each into its team's queue; who has none gets one by the routing rules."""
        for conversation in self.filtered("user_id"):
            is_over = (
                conversation.state == "resolved"
            )  # then the customer comes back, otherwise the agent gives it back
            conversation["last_user_id" if is_over else "returned_user_id"] = conversation.user_id
        result = super()._set_queued(change=change)
        self._route()
        self._wake_assigner()
        return result

    def _hand_over(self, reason, *, answers=None, skill=None):
        """Ask for an agent with ``skill`` (``whatsapp.cs.skill``)."""
        if skill:
            self.skill_ids = [fields.Command.link(skill.id)]
        return super()._hand_over(reason, answers=answers, skill=skill)

    def _route(self):
        """Choose a team for those without one; one that was archived meanwhile is none."""
        self.filtered(lambda conversation: not conversation.team_id.active).team_id = False
        verdicts = self.env["whatsapp.cs.routing.rule"]._select_teams(self.filtered(lambda c: not c.team_id))
        for conversation, verdict in verdicts.items():
            if verdict.team:
                holder = conversation._get_holder()
                conversation.write(verdict.prepare_values())
                conversation._note_holder(holder, HandChange("queued", reason=conversation.team_reason))
        self.filtered("team_id").team_date = fields.Datetime.now()

    def _is_agent_there(self):
        """Let resolved ones of a team that gives them out come back by its queue: to the last agent, if that one is free."""
        comes_by_queue = self.state == "resolved" and self.team_id.method not in (False, "manual")
        return super()._is_agent_there() and not comes_by_queue

    def _update_state(self, state, **values):
        if state == "assigned":
            values.setdefault("returned_user_id", False)
        waited = self.filtered(lambda conversation: conversation.state == "queued")
        busy = self.filtered(lambda conversation: conversation.state == "assigned" and conversation.user_id)
        users = busy.user_id if state != "assigned" else busy.user_id.filtered(lambda u: u.id != values["user_id"])
        result = super()._update_state(state, **values)
        waited._end_escalation()
        if users and self.env["whatsapp.cs.team.member"].search_count([("user_id", "in", users.ids)], limit=1):
            self.env["whatsapp.cs.assigner"]._wake_up()  # somebody has room again
        self._note_wall_change(self.company_id)
        return result

    def _wake_assigner(self):
        """Have those looked at that wait in a team's queue."""
        if any(conversation.team_id and conversation.state == "queued" for conversation in self):
            self.env["whatsapp.cs.assigner"]._wake_up()

    # === WHAT THE CHOICE OF AN AGENT ASKS === #

    @api.model
    def _get_loads(self, users):
        """Return ``{user: conversations}`` that need the agent's answer. Those that wait for the customer don't count."""
        return dict(
            self._read_group([("user_id", "in", users.ids), ("state", "=", "assigned")], ["user_id"], ["__count"])
        )

    def _get_wanted(self):
        """Return ``{id: Wanted}``: what each needs of an agent."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT conversation.id, partner.lang, conversation.returned_user_id,
                   ARRAY(SELECT whatsapp_cs_skill_id FROM whatsapp_cs_conversation_skill_rel
                          WHERE whatsapp_cs_conversation_id = conversation.id),
                   coalesce(conversation.last_user_id,
                            (SELECT user_id FROM whatsapp_cs_conversation earlier
                              WHERE earlier.contact_id = conversation.contact_id AND earlier.user_id IS NOT NULL
                              ORDER BY id DESC LIMIT 1))
              FROM whatsapp_cs_conversation conversation
              LEFT JOIN res_partner partner ON partner.id = conversation.partner_id
             WHERE conversation.id = ANY(%s)
            """,
            self.ids,
        )
        return {
            row_id: Wanted(frozenset(skill_ids), lang or "", last, returned)
            for row_id, lang, returned, skill_ids, last in self.env.execute_query(query)
        }

    # === SCREENS === #

    def _note_left_queue(self):
        """Remember whose screens have to be told that it no longer waits in their queue."""
        left = self.env.cr.precommit.data.setdefault("whatsapp_cs.left_queues", {})
        for conversation in self.filtered(lambda conversation: conversation.state == "queued"):
            queue = conversation.team_id or conversation.company_id
            left.setdefault((queue._name, queue.id), OrderedSet()).add(conversation.id)

    @api.model
    def _broadcast_now(self):
        result = super()._broadcast_now()
        left = self.env.cr.precommit.data.pop("whatsapp_cs.left_queues", {})
        for (model, queue_id), ids in left.items():
            if threads := self.browse(ids).exists().discuss_channel_id:
                threads._whatsapp_cs_tell_queue(self.env[model].browse(queue_id))
        return result

    @api.model
    def _note_wall_change(self, companies):
        """Let the supervisor walls of ``companies`` be read again once this transaction is committed."""
        data = self.env.cr.precommit.data
        if "whatsapp_cs.walls" not in data:
            data["whatsapp_cs.walls"] = OrderedSet()
            # sudo: bus.bus - it only says that something has changed
            self.env.cr.precommit.add(self.sudo()._tell_walls)
        data["whatsapp_cs.walls"].update(companies.ids)

    @api.model
    def _tell_walls(self):
        for company in self.env["res.company"].browse(self.env.cr.precommit.data.pop("whatsapp_cs.walls", ())):
            self.env["bus.bus"]._sendone((company, "whatsapp_cs_wall"), "whatsapp_cs.wall", {})
