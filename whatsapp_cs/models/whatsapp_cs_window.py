from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..tools import text_format


class WhatsappCsConversation(models.Model):
    """Before the 24-hour window closes: the agent is reminded, and by choice the customer is asked to write."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    reminded_window = fields.Datetime(readonly=True, help="The end of the window that the agent was reminded of.")
    nudged_window = fields.Datetime(readonly=True, help="The end of the window that the customer was asked before.")

    @api.model
    def _cron_window(self):
        """Remind of windows that close soon, each once; running twice at once is harmless."""
        for conversation in self._claim_window(
            "reminded_window", SQL("unanswered_date IS NOT NULL AND user_id IS NOT NULL")
        ):
            conversation._remind_agent()
        for conversation in self._claim_window(
            "nudged_window",
            SQL("conversation.state = 'waiting' AND channel.nudges_customer AND unanswered_date IS NULL"),
        ):
            conversation._nudge_customer()

    @api.model
    def _claim_window(self, field_name, condition):
        """Return open cases that fulfil ``condition``, whose window closes within the channel's hours, and note it."""
        self.env.flush_all()
        query = SQL(
            """
            UPDATE whatsapp_cs_conversation claimed SET %(field)s = found.window_end_date
              FROM (SELECT conversation.id, contact.window_end_date
                      FROM whatsapp_cs_conversation conversation
                      JOIN whatsapp_cs_contact contact ON contact.id = conversation.contact_id
                      JOIN whatsapp_cs_channel channel ON channel.id = contact.channel_id AND channel.state = 'live'
                     WHERE conversation.state IN ('assigned', 'waiting') AND (%(condition)s)
                       AND contact.window_end_date > now() AT TIME ZONE 'UTC'
                       AND contact.window_end_date < now() AT TIME ZONE 'UTC' + channel.reminder_hours * interval '1 hour'
                       AND conversation.%(field)s IS DISTINCT FROM contact.window_end_date
                     ORDER BY contact.window_end_date LIMIT 500
                       FOR UPDATE OF conversation SKIP LOCKED) AS found
             WHERE claimed.id = found.id
            RETURNING claimed.id
            """,
            field=SQL.identifier(field_name),
            condition=condition,
        )
        ids = [row_id for (row_id,) in self.env.execute_query(query)]
        self.env.invalidate_all()
        return self.browse(ids)

    def _remind_agent(self):
        """Tell the agent in the chat, and on the screen, until when the customer can be answered freely."""
        self.ensure_one()
        env = self.with_context(lang=self.user_id.lang, tz=self.user_id.tz).env
        text = env._(
            "%(name)s waits for an answer, and the window for free text closes at %(time)s. After that only templates can be sent.",
            name=self.contact_id.name,
            time=format_datetime(env, self.window_end_date, dt_format="short"),
        )
        self.discuss_channel_id.message_post(body=text, subtype_xmlid="mail.mt_note")
        self.user_id._bus_send("simple_notification", {"type": "warning", "message": text, "sticky": True})

    def _nudge_customer(self):
        """Ask a customer who has not answered whether they still need us, while free text is allowed."""
        self.ensure_one()
        channel = self.channel_id.with_context(lang=self.partner_id.lang or self.company_id.partner_id.lang)
        if channel.nudge_text:
            self._answer_automatically("nudge", channel.nudge_text)

    def _post_automatic(self, text, message_type="text", content=None):
        """Send a message that no person wrote; it answers nobody, so waiting times go on. Return the ``whatsapp.cs.message``.

        :param text: in WhatsApp's marks
        :param content: for other types than text, the object that the API has under the type's name
        """
        self.ensure_one()
        mail_message = self.discuss_channel_id.with_user(api.SUPERUSER_ID).message_post(
            body=text_format.whatsapp_to_html(text),
            author_id=self.company_id.partner_id.id,
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.write({"outbound_count": self.outbound_count + 1, "last_message_date": fields.Datetime.now()})
        message = self.env["whatsapp.cs.message"]._queue(self, mail_message, text, message_type, content, user_id=False)
        message._broadcast_state()
        return message
