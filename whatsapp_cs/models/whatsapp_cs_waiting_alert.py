from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import text_match

BANDS = (5, 15)  # minutes; between them customers wait long, above too long
WAITING = ("new", "queued", "assigned", "waiting")  # the states in which somebody has to answer
BATCH = 500


class WhatsappCsWaitingAlert(models.Model):
    """A customer has waited too long: told once for each class and each time they wait. Written by the cron only."""

    _name = "whatsapp.cs.waiting.alert"
    _description = "WhatsApp Waiting Alert"
    _order = "id desc"
    _rec_name = "class_id"

    conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", required=True, readonly=True, index=True, ondelete="cascade"
    )
    channel_id = fields.Many2one(related="conversation_id.channel_id", store=True)
    company_id = fields.Many2one(related="conversation_id.company_id", store=True)
    class_id = fields.Many2one(
        "whatsapp.cs.waiting.class", required=True, readonly=True, index=True, ondelete="cascade"
    )
    unanswered_date = fields.Datetime("Waiting Since", required=True, readonly=True)
    date = fields.Datetime("Told", required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "Agent", readonly=True, help="Who had the conversation then.")
    told_ids = fields.Many2many("res.users", string="Told To", readonly=True)
    reason = fields.Char(readonly=True)

    _once_uniq = models.UniqueIndex("(conversation_id, class_id, unanswered_date)")

    def _notify(self):
        """Tell the right people, on the screen and as the class says."""
        self.ensure_one()
        conversation, waiting_class = self.conversation_id, self.class_id
        self.told_ids = waiting_class._get_recipients(conversation)
        for user in self.told_ids:
            env = self.with_context(lang=user.lang).env
            text = env._(
                "%(name)s has waited for %(minutes)s minutes (%(waiting_class)s).",
                name=conversation.contact_id.name,
                minutes=int((self.date - self.unanswered_date).total_seconds() // 60),
                waiting_class=waiting_class.with_env(env).name,
            )
            user._bus_send("simple_notification", {"type": "warning", "message": text, "sticky": True})
            if waiting_class.creates_activity and conversation.partner_id:
                conversation.partner_id.activity_schedule(
                    "mail.mail_activity_data_todo", user_id=user.id, summary=text, date_deadline=fields.Date.today()
                )
            if waiting_class.sends_email and user.email:
                self._send_email(user, text)

    def _send_email(self, user, text):
        link = f"{self.conversation_id.get_base_url()}/odoo/whatsapp/{self.conversation_id.id}"
        self.env["mail.mail"].create(
            {
                "subject": text,
                "email_to": user.email_formatted,
                "body_html": Markup('<p>%s</p><p><a href="%s">%s</a></p>') % (text, link, link),
                "auto_delete": True,
            }
        )


class WhatsappCsConversation(models.Model):
    """How long a customer has waited, in bands, and who is told of it."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    waiting_band = fields.Selection(
        [("short", "Below 5 Minutes"), ("long", "5 to 15 Minutes"), ("too_long", "Above 15 Minutes")],
        "Waiting",
        compute="_compute_waiting_band",
        search="_search_waiting_band",
    )
    waiting_judged_date = fields.Datetime(
        readonly=True, help="When it was last looked at whether somebody is to be told."
    )

    @api.depends("unanswered_date")
    def _compute_waiting_band(self):
        now = fields.Datetime.now()
        for conversation in self:
            since = conversation.unanswered_date
            minutes = since and (now - since).total_seconds() / 60
            conversation.waiting_band = since and (
                "short" if minutes < BANDS[0] else "long" if minutes <= BANDS[1] else "too_long"
            )

    def _search_waiting_band(self, operator, value):
        if operator != "in":
            return NotImplemented
        middle, late = (fields.Datetime.now() - timedelta(minutes=minutes) for minutes in BANDS)
        domains = {
            "short": fields.Domain("unanswered_date", ">", middle),
            "long": fields.Domain("unanswered_date", "<=", middle) & fields.Domain("unanswered_date", ">=", late),
            "too_long": fields.Domain("unanswered_date", "<", late),
            False: fields.Domain("unanswered_date", "=", False),
        }
        return fields.Domain.OR(domains[band] for band in value if band in domains)

    def _note_customer_messages(self, messages):
        self.waiting_judged_date = False  # new words may make it another class
        return super()._note_customer_messages(messages)

    @api.model
    def _cron_waiting(self):
        """Tell of customers who wait too long, each once for each class; running twice at once is harmless."""
        due = self._claim_overdue()
        now = fields.Datetime.now()
        for conversation, verdicts in self.env["whatsapp.cs.waiting.class"]._judge_all(due).items():
            for verdict in verdicts:
                limit = timedelta(minutes=verdict.waiting_class.minutes)
                if verdict.matches and conversation.unanswered_date + limit <= now:
                    conversation._alert_waiting(verdict)

    @api.model
    def _claim_overdue(self):
        """Return those for whom a limit has passed, or the customer has written, since they were last looked at."""
        self.env.flush_all()
        query = SQL(
            """
            UPDATE whatsapp_cs_conversation SET waiting_judged_date = %(now)s
             WHERE id IN (SELECT conversation.id FROM whatsapp_cs_conversation conversation
                           WHERE conversation.unanswered_date IS NOT NULL AND conversation.state = ANY(%(states)s)
                             AND EXISTS (SELECT 1 FROM whatsapp_cs_waiting_class class
                                          WHERE class.active
                                            AND conversation.unanswered_date + class.minutes * interval '1 minute' <= %(now)s
                                            AND (conversation.waiting_judged_date IS NULL
                                                 OR greatest(class.write_date,
                                                             conversation.unanswered_date + class.minutes * interval '1 minute')
                                                    > conversation.waiting_judged_date))
                           ORDER BY conversation.unanswered_date LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id
            """,
            now=fields.Datetime.now(),
            states=list(WAITING),
            limit=BATCH,
        )
        ids = self._claim_ids(query)
        self.env.invalidate_all()
        return self.browse(ids)

    def _alert_waiting(self, verdict):
        """Write down and tell that this customer waits too long, unless that was told before."""
        self.ensure_one()
        Alert = self.env["whatsapp.cs.waiting.alert"]
        known = [
            ("conversation_id", "=", self.id),
            ("class_id", "=", verdict.waiting_class.id),
            ("unanswered_date", "=", self.unanswered_date),
        ]
        if not Alert.search_count(known, limit=1):
            Alert.create(
                {
                    **{name: value for name, _operator, value in known},
                    "user_id": self._get_agent().id,
                    "reason": verdict.reason,
                }
            )._notify()

    def _get_unanswered_texts(self):
        """Return ``{conversation: what the customer has written since somebody answered}``, normalized."""
        since = min(self.filtered("unanswered_date").mapped("unanswered_date"), default=fields.Datetime.now())
        messages = self.env["whatsapp.cs.message"].search_fetch(
            [
                ("conversation_id", "in", self.ids),
                ("direction", "=", "in"),
                ("date", ">=", since),
                ("body", "!=", False),
            ],
            ["conversation_id", "date", "body"],
            order="id",
        )
        texts = {}
        for message in messages:
            conversation = message.conversation_id
            if conversation.unanswered_date and message.date >= conversation.unanswered_date:
                # a line of its own each, so that no phrase is found across two messages
                texts.setdefault(conversation, []).append(text_match.normalize(message.body))
        return {conversation: " \n ".join(lines) for conversation, lines in texts.items()}
