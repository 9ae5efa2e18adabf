from odoo import fields, models

GROUP_EDITOR = "whatsapp_cs.whatsapp_cs_group_editor"


class WhatsappCsConversation(models.Model):
    """What a case costs."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    cost = fields.Float(digits=(16, 4), compute="_compute_cost", groups=GROUP_EDITOR)

    def _compute_cost(self):
        costs = self.env["whatsapp.cs.message"]._get_costs_by("conversation_id", self)
        for conversation in self:
            conversation.cost = costs.get(conversation, 0)

    def action_view_costs(self):
        """Show the messages that cost something."""
        action = self.action_view_messages()
        action["domain"] = [*action["domain"], ("cost", ">", 0)]
        return action
