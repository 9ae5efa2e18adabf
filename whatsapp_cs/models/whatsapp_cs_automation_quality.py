from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# Answers to what a customer wrote: what accuracy, conversion and hours saved are about.
ANSWERS = ("greeting", "keyword", "off_hours", "segment", "no_match", "event", "bot")
FOLLOWED = timedelta(hours=24)  # who asks for a person later than that does not do so because of the answer
PERIOD_DAYS = 30  # that alerts, and marks on steps, look back


class WhatsappCsAutomationGoal(models.AbstractModel):
    """What automation should reach, as set in the settings (AR11, AR12)."""

    _name = "whatsapp.cs.automation.goal"
    _inherit = ["whatsapp.cs.limits"]
    _limits = "automation"
    _description = "WhatsApp Automation Goals"


class WhatsappCsAutomationEvent(models.Model):
    """What became of an automatic answer, noted when it happens (AR11)."""

    _inherit = "whatsapp.cs.automation.event"  # pylint: disable=consider-merging-classes-inherited

    is_answer = fields.Boolean(readonly=True, help="It answers what a customer wrote.")
    is_question = fields.Boolean(readonly=True, help="The first answer in its conversation: a question has been asked.")
    is_followed = fields.Boolean(
        "Person Asked For", readonly=True, help="The next that the customer did was to ask for one."
    )
    is_wrong = fields.Boolean("Rated Wrong", readonly=True, help="An agent says that the answer did not fit.")
    ordered_date = fields.Datetime("Ordered On", readonly=True, help="The customer has bought after the question.")

    _answer_idx = models.Index("(conversation_id, id) WHERE is_answer")
    _question_idx = models.Index("(contact_id, date) WHERE is_question AND ordered_date IS NULL")

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create([self._complete(vals) for vals in vals_list])
        events.filtered(lambda event: event.kind == "person_asked")._mark_followed()
        return events

    @api.model
    def _complete(self, vals):
        """Return the values of a fact with whether it is an answer, and the first one of its conversation."""
        if vals["kind"] not in ANSWERS or vals.get("outcome") != "sent":
            return vals
        earlier = [("conversation_id", "=", vals.get("conversation_id")), ("is_answer", "=", True)]
        return {**vals, "is_answer": True, "is_question": not self.search_count(earlier, limit=1)}

    def _mark_followed(self):
        """Mark the answers after which a customer has asked for a person."""
        for event in self:
            last = self.search(
                [
                    ("conversation_id", "=", event.conversation_id.id),
                    ("is_answer", "=", True),
                    ("id", "<", event.id),
                    ("date", ">", event.date - FOLLOWED),
                ],
                limit=1,
            )
            last.is_followed = True

    @api.model
    def _note_order(self, contacts, date):
        """Note for questions of the last days that an order followed: the goal's days, in the settings."""
        days = self.env["whatsapp.cs.automation.goal"]._get_limit("order_days")
        questions = self.search(
            [
                ("contact_id", "in", contacts.ids),
                ("is_question", "=", True),
                ("ordered_date", "=", False),
                ("date", ">=", date - timedelta(days=days)),
                ("date", "<=", date),
            ]
        )
        questions.ordered_date = date

    # === MEASURING === #

    @api.model
    def _measure_accuracy(self):
        """Return ``(share of right answers in percent, answers)`` of the last days; None without any."""
        self.flush_model()
        query = SQL(
            """
            SELECT 100.0 * count(*) FILTER (WHERE NOT coalesce(is_followed, FALSE) AND NOT coalesce(is_wrong, FALSE))
                   / nullif(count(*), 0), count(*)
              FROM whatsapp_cs_automation_event WHERE is_answer AND date > %s
            """,
            fields.Datetime.now() - timedelta(days=PERIOD_DAYS),
        )
        return self.env.execute_query(query)[0]


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    def _on_purchase(self, date):
        result = super()._on_purchase(date)
        # sudo: whatsapp.cs.automation.event - a figure that follows from it
        self.env["whatsapp.cs.automation.event"].sudo()._note_order(self, date)
        return result


class WhatsappCsMessage(models.Model):
    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    automation_event_ids = fields.One2many("whatsapp.cs.automation.event", "message_id")
