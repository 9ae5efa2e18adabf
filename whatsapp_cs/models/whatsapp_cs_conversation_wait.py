from odoo import api, fields, models
from odoo.tools import SQL

from .whatsapp_cs_conversation import HandChange

BATCH_SIZE = 50  # conversations of one transaction


class WhatsappCsConversation(models.Model):
    """While a conversation waits in a team's queue: position, overflow, escalation; each once as long as the customer waits."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    position_date = fields.Datetime("Told the Position On", readonly=True)
    overflow_date = fields.Datetime("Passed On On", readonly=True)
    escalation_date = fields.Datetime("Editors Alerted On", readonly=True)

    @api.model
    def _claim_waiting(self, field_name, condition):
        """Return waiting conversations that fulfil ``condition``, and note in ``field_name`` that it is done now.

        What is done is committed together with the note: when the process dies in between neither has happened.
        """
        self.env.flush_all()
        query = SQL(
            """
            UPDATE whatsapp_cs_conversation claimed SET %(field)s = %(now)s
              FROM (SELECT conversation.id
                      FROM whatsapp_cs_conversation conversation
                      JOIN whatsapp_cs_team team ON team.id = conversation.team_id
                     WHERE conversation.state = 'queued' AND (%(condition)s)
                       AND (conversation.%(field)s IS NULL OR conversation.%(field)s
                            < coalesce(conversation.unanswered_date, conversation.state_date))
                     ORDER BY conversation.priority DESC, conversation.unanswered_date, conversation.id
                     LIMIT %(limit)s FOR NO KEY UPDATE OF conversation SKIP LOCKED) AS found
             WHERE claimed.id = found.id
            RETURNING claimed.id
            """,
            field=SQL.identifier(field_name),
            now=fields.Datetime.now(),
            condition=condition,
            limit=BATCH_SIZE,
        )
        ids = sorted(row_id for (row_id,) in self.env.execute_query(query))
        self.env.invalidate_all()
        return self.browse(ids)

    # === POSITION === #

    @api.model
    def _tell_positions(self, teams):
        """Tell who waits in the queues of ``teams`` the position; return the conversations."""
        claimed = self._claim_waiting(
            "position_date",
            SQL("team.sends_position AND conversation.unanswered_date IS NOT NULL AND team.id = ANY(%s)", teams.ids),
        )
        positions = claimed._get_positions()
        for conversation in claimed:
            conversation._tell_position(positions[conversation.id])
        return claimed

    def _get_positions(self):
        """Return ``{id: position}`` of each in its team's queue."""
        query = SQL(
            """
            SELECT id, position
              FROM (SELECT id, row_number() OVER (
                               PARTITION BY team_id ORDER BY priority DESC, unanswered_date, id) AS position
                      FROM whatsapp_cs_conversation WHERE state = 'queued' AND team_id = ANY(%s)) AS ranked
             WHERE id = ANY(%s)
            """,
            self.team_id.ids,
            self.ids,
        )
        return dict(self.env.execute_query(query))

    def _tell_position(self, position):
        self.ensure_one()
        team = self.team_id.with_context(lang=self._get_customer_lang())
        text = team.position_text.replace("{{position}}", str(position))
        self._answer_automatically("queue", self._render_variables(text))

    # === OVERFLOW === #

    @api.model
    def _pass_on(self):
        """Pass on who has waited too long in a team's queue; return the conversations."""
        claimed = self._claim_waiting(
            "overflow_date",
            SQL(
                """
                team.overflow_minutes > 0
                AND EXISTS (SELECT 1 FROM whatsapp_cs_team WHERE id = team.overflow_team_id AND active)
                AND conversation.team_date < %s - team.overflow_minutes * interval '1 minute'
                """,
                fields.Datetime.now(),
            ),
        )
        for team, conversations in claimed.grouped("team_id").items():
            reason = self.env._(
                "Waited %(minutes)s minutes in %(team)s.", minutes=team.overflow_minutes, team=team.name
            )
            conversations._set_team(team.overflow_team_id, reason)
        return claimed

    # === ESCALATION === #

    @api.model
    def _escalate(self):
        """Alert editors to who has waited too long for an agent; return the conversations."""
        claimed = self._claim_waiting(
            "escalation_date",
            SQL(
                """
                team.escalation_minutes > 0
                AND conversation.state_date < %s - team.escalation_minutes * interval '1 minute'
                """,
                fields.Datetime.now(),
            ),
        )
        for conversation in claimed:
            conversation._alert_editors()
        return claimed

    def _alert_editors(self):
        """Tell all editors on the screen, and give the team's responsible, or all of them, a task about its queue."""
        self.ensure_one()
        for user in self.team_id._get_editors() | self.team_id.user_id:
            text = self.with_context(lang=user.lang).env._(
                "%(name)s has waited for %(minutes)s minutes in the queue of %(team)s, and nobody is free.",
                name=self.contact_id.name,
                minutes=self.team_id.escalation_minutes,
                team=self.team_id.name,
            )
            user._bus_send("simple_notification", {"type": "warning", "message": text, "sticky": True})
        self.team_id._remind_of_queue()

    def _end_escalation(self):
        """End the task of editors about a queue when the last one has left it who waited too long."""
        teams = self.filtered("escalation_date").team_id
        if teams:
            waiting = self.search(
                [("team_id", "in", teams.ids), ("state", "=", "queued"), ("escalation_date", "!=", False)]
            )
            (teams - waiting.team_id)._take_reminders_back()

    # === TAKING BACK === #

    @api.model
    def _take_back(self):
        """Put back into the queue whom an agent left waiting who went offline; return the conversations."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT conversation.id
              FROM whatsapp_cs_conversation conversation
              JOIN whatsapp_cs_team team
                ON team.id = conversation.team_id AND team.release_minutes > 0 AND team.method != 'manual'
              JOIN LATERAL (SELECT end_date FROM whatsapp_cs_agent_status WHERE user_id = conversation.user_id
                             ORDER BY start_date DESC, id DESC LIMIT 1) AS last ON last.end_date IS NOT NULL
             WHERE conversation.state = 'assigned' AND conversation.unanswered_date IS NOT NULL
               AND greatest(last.end_date, conversation.state_date) < %s - team.release_minutes * interval '1 minute'
             ORDER BY conversation.id LIMIT %s
               FOR NO KEY UPDATE OF conversation SKIP LOCKED
            """,
            fields.Datetime.now(),
            BATCH_SIZE,
        )
        conversations = self.browse(row_id for (row_id,) in self.env.execute_query(query))
        for conversation in conversations:
            text = self.env._("%s went offline; the customer is back in the queue.", conversation.user_id.name)
            conversation._set_queued(change=HandChange(ended="idle", reason=text))
            conversation.returned_user_id = False  # it was not given back: who comes online again may go on with it
            conversation.discuss_channel_id.message_post(body=text, subtype_xmlid="mail.mt_note")
        return conversations
