from odoo import api, fields, models

from .whatsapp_cs_conversation import HandChange

HELD = ("assigned", "waiting", "snoozed")  # the states in which a conversation is its agent's


class WhatsappCsConversationAgent(models.Model):
    """Who had a conversation, from when to when, and why it went on. Written by the state machine only."""

    _name = "whatsapp.cs.conversation.agent"
    _description = "WhatsApp Conversation: Who Had It"
    _order = "id desc"
    _rec_name = "user_id"

    conversation_id = fields.Many2one("whatsapp.cs.conversation", required=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="conversation_id.channel_id", store=True)
    company_id = fields.Many2one(related="conversation_id.company_id", store=True)
    user_id = fields.Many2one("res.users", "Agent", index="btree_not_null")
    team_id = fields.Many2one("whatsapp.cs.team", help="In whose queue it waited, or whose agent had it.")
    date_from = fields.Datetime("From", required=True, default=fields.Datetime.now)
    date_to = fields.Datetime("Until")
    minutes = fields.Float("Time", compute="_compute_minutes", help="In minutes; until now when it goes on.")
    began = fields.Selection(
        [
            ("queued", "In the Queue"),
            ("taken", "Taken"),
            ("assigned", "Assigned"),
            ("transferred", "Transferred"),
            ("returned", "Came Back"),
        ],
        "How It Began",
        required=True,
    )
    by_user_id = fields.Many2one("res.users", "By", help="Who took it, or gave it.")
    reason = fields.Char()
    ended = fields.Selection(
        [
            ("given", "Given to an Agent"),
            ("released", "Given Back"),
            ("transferred", "Transferred"),
            ("taken_over", "Taken Over"),
            ("idle", "Left Lying"),
            ("resolved", "Resolved"),
            ("spam", "Marked as Spam"),
            ("merged", "Merged"),
            ("split", "Split"),
        ],
        "How It Ended",
    )

    _open_uniq = models.UniqueIndex("(conversation_id) WHERE date_to IS NULL")

    @api.depends("date_from", "date_to")
    def _compute_minutes(self):
        now = fields.Datetime.now()
        for stint in self:
            stint.minutes = ((stint.date_to or now) - stint.date_from).total_seconds() / 60


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    # What each state says of the stint that it ends
    _ENDED_BY_STATE = {"queued": "released", "assigned": "taken_over", "resolved": "resolved", "spam": "spam"}

    stint_ids = fields.One2many("whatsapp.cs.conversation.agent", "conversation_id", "Who Had It", readonly=True)

    def _get_agent(self):
        """Return the agent who has the conversation now, or an empty record."""
        return self._get_holder()[0]

    def _get_holder(self):
        """Return who has the conversation now, as ``(agent, team)``: the team is the one in whose queue it waits."""
        self.ensure_one()
        agent = self.user_id if self.state in HELD else self.env["res.users"]
        return agent, self.team_id if self.state == "queued" else self.env["whatsapp.cs.team"]

    def _note_holder(self, before, change):
        """Keep in the history that the conversation has changed hands; ``before`` is who had it."""
        agent, team = self._get_holder()
        if (agent, team) == before:
            return
        change = change or HandChange()
        # sudo: whatsapp.cs.conversation.agent - the history is written by what happens
        Stint = self.env["whatsapp.cs.conversation.agent"].sudo()
        now = fields.Datetime.now()
        if any(before):
            running = Stint.search([("conversation_id", "=", self.id), ("date_to", "=", False)])
            running.write({"date_to": now, "ended": change.ended or self._get_usual_end(*before)})
            running.flush_recordset()  # before the next one begins: only one is open
        if agent or team:
            Stint.create(
                {
                    "conversation_id": self.id,
                    "user_id": agent.id,
                    "team_id": self.team_id.id,
                    "date_from": now,
                    "began": change.began or self._get_usual_beginning(agent),
                    "by_user_id": self.env.uid,
                    "reason": change.reason or False,
                }
            )

    def _get_usual_beginning(self, agent):
        if not agent:
            return "queued"
        return "taken" if agent == self.env.user else "assigned"

    def _get_usual_end(self, agent, _team):
        if self.state == "assigned" and not agent:
            return "given"
        return self._ENDED_BY_STATE.get(self.state, "released")
