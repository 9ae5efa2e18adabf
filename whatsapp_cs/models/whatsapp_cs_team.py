from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _lang_get

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR
from .whatsapp_cs_reminder import ACTIVITY
from .whatsapp_cs_team_roster import Roster


class WhatsappCsTeam(models.Model):
    """Agents who share a queue, and how its conversations come to them (RT1–RT4)."""

    _name = "whatsapp.cs.team"
    _description = "WhatsApp Team"
    _inherit = ["whatsapp.cs.reminder"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        tracking=True,
        help="Is asked to do something about customers who wait too long; empty: all editors.",
    )
    member_ids = fields.One2many("whatsapp.cs.team.member", "team_id", "Members")
    channel_ids = fields.Many2many(
        "whatsapp.cs.channel",
        "whatsapp_cs_team_channel_rel",
        "team_id",
        "channel_id",
        string="Numbers",
        check_company=True,
        help="Conversations on these numbers may come to the team; empty: on all numbers.",
    )
    lang = fields.Selection(
        _lang_get,
        "Language",
        help="Customers with this language come to the team when no routing rule says otherwise.",
    )
    method = fields.Selection(
        [
            ("balanced", "To the least busy agent"),
            ("round_robin", "In turn"),
            ("manual", "Agents take them from the queue"),
        ],
        "Assignment",
        default="balanced",
        required=True,
        help="Only to agents who are available, were active in the last 5 minutes and have not as many as they can do at "
        "once. A customer who comes back gets the agent of last time if that one is free.",
    )
    sends_position = fields.Boolean(
        "Tell Customers Their Position",
        help="Who has to wait while agents of the team are at work gets the text below, once.",
    )
    position_text = fields.Text(
        "Text",
        translate=True,
        default=lambda self: self.env._(
            "All our agents are busy at the moment. You are number {{position}} in the queue; we will be with you soon."
        ),
        help="{{position}} is the number in the team's queue; {{first_name}} and the like work here, too.",
    )
    overflow_minutes = fields.Integer(
        "Pass on After (Minutes)", help="So long in this team's queue, then in the other team's; 0: never."
    )
    overflow_team_id = fields.Many2one("whatsapp.cs.team", "Pass on To", check_company=True, ondelete="restrict")
    escalation_minutes = fields.Integer(
        "Alert Editors After (Minutes)",
        default=15,
        help="When a customer has waited so long in the queue, editors are told, once; 0: never.",
    )
    release_minutes = fields.Integer(
        "Take Back After (Minutes)",
        default=10,
        help="Customers who wait for an agent who went offline come back into the queue after this time; 0: never.",
    )
    waiting_count = fields.Integer("In the Queue", compute="_compute_counts", groups=GROUP_AGENT)
    waiting_date = fields.Datetime("Longest Waiting", compute="_compute_counts", groups=GROUP_AGENT)
    open_count = fields.Integer("Open Conversations", compute="_compute_counts", groups=GROUP_AGENT)
    online_count = fields.Integer("Agents Online", compute="_compute_online_count", groups=GROUP_AGENT)
    member_count = fields.Integer("Agents", compute="_compute_online_count", groups=GROUP_AGENT)

    _minutes_bounds = models.Constraint(
        "CHECK(overflow_minutes BETWEEN 0 AND 1440 AND escalation_minutes BETWEEN 0 AND 1440 AND release_minutes BETWEEN 0 AND 1440)",
        "Times of a team are 0 (never) to 1,440 minutes (a day).",
    )

    def _compute_counts(self):
        Conversation = self.env["whatsapp.cs.conversation"]
        own = ("team_id", "in", self.ids)
        waiting = {
            team: (count, date)
            for team, count, date in Conversation._read_group(
                [own, ("state", "=", "queued")], ["team_id"], ["__count", "unanswered_date:min"]
            )
        }
        opened = dict(
            Conversation._read_group([own, ("state", "not in", ("resolved", "spam"))], ["team_id"], ["__count"])
        )
        for team in self:
            team.waiting_count, team.waiting_date = waiting.get(team, (0, False))
            team.open_count = opened.get(team, 0)

    def _compute_online_count(self):
        for team in self:
            users = team.member_ids.user_id
            team.member_count = len(users)
            team.online_count = len(users.filtered(lambda user: user.whatsapp_cs_status != "offline"))

    @api.constrains("overflow_team_id", "overflow_minutes")
    def _check_overflow_team_id(self):
        for team in self:
            if team.overflow_team_id == team:
                raise ValidationError(self.env._("A team can't pass conversations on to itself: choose another team."))
            if team.overflow_minutes and not team.overflow_team_id:
                raise ValidationError(self.env._("Choose the team that waiting conversations are passed on to."))

    @api.constrains("sends_position", "position_text")
    def _check_position_text(self):
        for team in self:
            if team.sends_position and not team.position_text:
                raise ValidationError(self.env._("Write the text that tells customers their position."))

    # === BUTTONS === #

    def action_view_waiting(self):
        return self._get_conversation_action(search_default_queued=True)

    def action_view_open(self):
        return self._get_conversation_action(search_default_open=True)

    def action_view_agents(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.res_users_action_agents")
        action["domain"] = [("id", "in", self.member_ids.user_id.ids)]
        return action

    def _get_conversation_action(self, **context):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_conversation_action")
        action["domain"] = [("team_id", "=", self.id)]
        action["context"] = context
        return action

    # === CHOOSING AN AGENT === #

    def _select_agent(self, conversation):
        """Return the ``Verdict`` on who of the team would get the conversation now; reads only. ``Roster`` has the words."""
        self.ensure_one()
        return Roster(self).select(self.id, conversation._get_wanted()[conversation.id])

    # === QUEUE === #

    def _get_editors(self):
        """Return the editors who may see the team's company."""
        # sudo: res.users - who the editors are is no secret; they are only told
        users = self.env.ref(GROUP_EDITOR).sudo().all_user_ids
        return users.filtered(
            lambda user: user.active and user.id != SUPERUSER_ID and self.company_id in user.company_ids
        ).sudo(False)

    def _remind_of_queue(self):
        """Give the responsible, or all editors, a task about the queue; who has one gets no other."""
        self.ensure_one()
        busy = self.activity_ids.filtered(lambda activity: activity.activity_type_id == self.env.ref(ACTIVITY)).user_id
        for user in (self.user_id or self._get_editors()) - busy:
            record = self.with_context(lang=user.lang, mail_activity_quick_update=True)
            summary = record.env._("Customers wait too long in the queue of %s", record.name)
            record.activity_schedule(ACTIVITY, summary=summary, user_id=user.id)

    def write(self, vals):
        """Give what waits in the queue of an archived team to the queue of all."""
        result = super().write(vals)
        if vals.get("active") is False:
            # sudo: whatsapp.cs.conversation - who may archive a team may empty its queue
            waiting = (
                self.env["whatsapp.cs.conversation"]
                .sudo()
                .search([("team_id", "in", self.ids), ("state", "=", "queued")])
            )
            waiting._set_team(self.browse(), self.env._("The team was archived."))
        return result
