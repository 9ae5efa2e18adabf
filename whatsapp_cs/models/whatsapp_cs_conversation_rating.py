from odoo import api, fields, models

from .whatsapp_cs_conversation import GROUP_EDITOR, REGROUPED
from .whatsapp_cs_related import get_list_action


class WhatsappCsConversation(models.Model):
    """Resolving a case asks the customer how it was; the answer is no new question (KP2)."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    rating_ids = fields.One2many("whatsapp.cs.rating", "conversation_id", groups=GROUP_EDITOR)
    rating_value = fields.Integer("Stars", compute="_compute_rating_value", search="_search_rating_value")

    @api.depends("rating_ids.value")
    def _compute_rating_value(self):
        # sudo: whatsapp.cs.rating - who sees the conversation sees how it was rated
        ratings_sudo = self.env["whatsapp.cs.rating"].sudo().search([("conversation_id", "in", self.ids)])
        values = {rating.conversation_id.id: rating.value for rating in ratings_sudo}
        for conversation in self:
            conversation.rating_value = values.get(conversation.id, 0)

    def _search_rating_value(self, operator, value):
        # sudo: whatsapp.cs.rating - as above; the conversations found are those the user sees
        found = self.env["whatsapp.cs.rating"].sudo()._search([("value", operator, value)])
        return [("id", "in", found.subselect("conversation_id"))]

    def action_view_ratings(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_rating_action", "conversation_id")

    def _update_state(self, state, *args, **values):
        result = super()._update_state(state, *args, **values)
        change = values.get("change")
        if state == "resolved" and not (change and change.ended in REGROUPED):
            # sudo: whatsapp.cs.rating - the question follows from the case, whoever resolves it
            self.env["whatsapp.cs.rating"].sudo()._plan(self.filtered(lambda c: c._asks_rating()).sudo())
        return result

    def _asks_rating(self):
        """Tell whether the customer is asked how this case was: one that the customer had written in."""
        return self.channel_id.asks_rating and self.inbound_count > 0

    @api.model
    def _on_customer_messages(self, messages):
        others = messages - self.env["whatsapp.cs.rating"]._take_answers(messages)
        return super()._on_customer_messages(others) if others else None
