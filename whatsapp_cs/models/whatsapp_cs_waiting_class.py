from typing import NamedTuple

from odoo import api, fields, models

from ..tools import text_match
from .whatsapp_cs_related import count_by


class Verdict(NamedTuple):
    """Whether a conversation belongs to a class, and why."""

    waiting_class: models.Model
    matches: bool
    reason: str


class WhatsappCsWaitingClass(models.Model):
    """A kind of conversation whose customer should not wait longer than a limit, and who is told when one does."""

    _name = "whatsapp.cs.waiting.class"
    _description = "WhatsApp Waiting Class"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Without one it is for all companies.")
    minutes = fields.Integer(
        "Limit (Minutes)", default=15, required=True, help="Since the first message that nobody has answered."
    )

    for_important = fields.Boolean("Important Customers", help="The lead has two stars or more.")
    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Tags", help="The conversation has one of them.")
    category_ids = fields.Many2many("res.partner.category", string="Contact Tags", help="The partner has one of them.")
    keywords = fields.Text(
        help="One word or phrase a line, in any language: what the customer has written since then contains one of them."
    )

    tells_agent = fields.Boolean("Tell the Agent", default=True, help="Who has the conversation, if somebody has it.")
    user_ids = fields.Many2many(
        "res.users",
        string="Tell Also",
        domain="[('share', '=', False)]",
        help="When there is nobody here, and no agent who has the conversation, the responsible of the team is told, or the "
        "editors.",
    )
    creates_activity = fields.Boolean("Create an Activity", help="On the customer, for each of them.")
    sends_email = fields.Boolean("Send an E-Mail")
    alert_ids = fields.One2many("whatsapp.cs.waiting.alert", "class_id")
    alert_count = fields.Integer("Alerts", compute="_compute_alert_count")

    _minutes_bounds = models.Constraint(
        "CHECK(minutes BETWEEN 1 AND 1440)", "The limit must be between 1 and 1,440 minutes (a day)."
    )

    def _compute_alert_count(self):
        counts = count_by(self, "whatsapp.cs.waiting.alert", "class_id")
        for waiting_class in self:
            waiting_class.alert_count = counts.get(waiting_class, 0)

    def action_view_alerts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_waiting_alert_action")
        action["domain"] = [("class_id", "=", self.id)]
        return action

    @api.model
    def _judge_all(self, conversations):
        """Return ``{conversation: verdicts}`` of all classes; a constant number of queries whatever their number."""
        classes = self.search([("active", "=", True)])
        texts = conversations._get_unanswered_texts()
        return {
            conversation: [
                waiting_class._judge(conversation, texts.get(conversation, ""))
                for waiting_class in classes
                if waiting_class.company_id in (self.env["res.company"], conversation.company_id)
            ]
            for conversation in conversations
        }

    def _judge(self, conversation, text):
        """Tell whether a conversation is of this class.

        :param text: what its customer has written since somebody answered, normalized
        """
        self.ensure_one()
        phrases = [text_match.normalize(line) for line in (self.keywords or "").splitlines()]
        for phrase in filter(None, phrases):
            if f" {phrase} " in f" {text} ":
                return Verdict(self, True, self.env._("The customer wrote “%s”.", phrase))
        if tags := conversation.partner_id.category_id & self.category_ids:
            return Verdict(self, True, self.env._("The customer has the tag “%s”.", tags[0].name))
        if labels := conversation.tag_ids & self.tag_ids:
            return Verdict(self, True, self.env._("The conversation has the tag “%s”.", labels[0].name))
        if self.for_important and conversation.lead_id.priority in ("2", "3"):
            return Verdict(self, True, self.env._("The lead is marked as important."))
        if self.for_important or self.category_ids or self.tag_ids or any(phrases):
            return Verdict(self, False, self.env._("None of the conditions holds."))
        return Verdict(self, True, self.env._("The class has no conditions: it is for everybody."))

    def _get_recipients(self, conversation):
        """Return who is told of a conversation that waits too long."""
        self.ensure_one()
        users = self.user_ids.filtered("active")
        if self.tells_agent:
            users |= conversation._get_agent()
        return (
            users
            or conversation.team_id.user_id
            or self.env.ref("whatsapp_cs.whatsapp_cs_group_editor").all_user_ids.filtered(
                lambda user: user.active and not user.share and conversation.company_id in user.company_ids
            )
        )
