from odoo import fields, models
from odoo.tools import SQL

GROUP_EDITOR = "whatsapp_cs.whatsapp_cs_group_editor"


class WhatsappCsAutomationReport(models.Model):
    """Figures of automatic answers for pivot and graph: how many, how good, what came of them. No text, no customer."""

    _name = "whatsapp.cs.automation.report"
    _description = "WhatsApp Automation Analysis"
    _auto = False
    _order = "date desc"
    _rec_name = "id"
    _depends = {
        "whatsapp.cs.automation.event": [
            "bot_id", "channel_id", "company_id", "conversation_id", "date", "is_answer", "is_followed", "is_question", "is_wrong",
            "kind", "ordered_date", "rule_id",
        ],
        "whatsapp.cs.auto.reply": ["name"],
        "whatsapp.cs.bot": ["name"],
    }  # fmt: skip

    date = fields.Datetime(readonly=True)
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    kind = fields.Selection(
        lambda self: self.env["whatsapp.cs.automation.event"]._fields["kind"].selection, readonly=True
    )
    subject = fields.Char("Rule or Bot", readonly=True)
    conversation_id = fields.Many2one("whatsapp.cs.conversation", readonly=True, groups=GROUP_EDITOR)
    rule_id = fields.Many2one("whatsapp.cs.auto.reply", readonly=True, groups=GROUP_EDITOR)
    answer_count = fields.Integer("Automatic Answers", readonly=True)
    accuracy = fields.Float(
        "Accuracy (%)",
        readonly=True,
        aggregator="avg",
        help="Share of answers after which the customer did not ask for a person, and that no agent has rated wrong.",
    )
    followed_count = fields.Integer("Person Asked For", readonly=True)
    wrong_count = fields.Integer("Rated Wrong", readonly=True)
    question_count = fields.Integer("Questions", readonly=True, help="Conversations that automation has answered in.")
    order_count = fields.Integer(
        "Orders", readonly=True, help="Questions that an order followed within the goal's days."
    )
    conversion = fields.Float(
        "Conversion (%)", readonly=True, aggregator="avg", help="Share of questions that led to an order."
    )
    hours_saved = fields.Float(
        readonly=True, help="Automatic answers, times what a person would have needed for each (in the settings)."
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT event.id, event.date, event.channel_id, event.company_id, event.kind, event.conversation_id,
                   event.rule_id, coalesce(rule.name, bot.name) AS subject, 1 AS answer_count,
                   CASE WHEN event.is_followed OR event.is_wrong THEN 0 ELSE 100 END AS accuracy,
                   CASE WHEN event.is_followed THEN 1 ELSE 0 END AS followed_count,
                   CASE WHEN event.is_wrong THEN 1 ELSE 0 END AS wrong_count,
                   CASE WHEN event.is_question THEN 1 ELSE 0 END AS question_count,
                   CASE WHEN event.is_question AND event.ordered_date IS NOT NULL THEN 1 ELSE 0 END AS order_count,
                   CASE WHEN event.is_question THEN CASE WHEN event.ordered_date IS NULL THEN 0 ELSE 100 END END
                        AS conversion,
                   %s / 60.0 AS hours_saved
              FROM whatsapp_cs_automation_event event
              LEFT JOIN whatsapp_cs_auto_reply rule ON rule.id = event.rule_id
              LEFT JOIN whatsapp_cs_bot bot ON bot.id = event.bot_id
             WHERE event.is_answer
            """,
            self.env["whatsapp.cs.automation.goal"]._get_limit("handling_minutes"),
        )

    def action_open_conversation(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.conversation",
            "res_id": self.conversation_id.id,
            "views": [(False, "form")],
        }
