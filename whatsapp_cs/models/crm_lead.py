from odoo import fields, models

from .whatsapp_cs_related import count_by, get_list_action


class CrmLead(models.Model):
    _inherit = "crm.lead"

    whatsapp_cs_conversation_ids = fields.One2many(
        "whatsapp.cs.conversation",
        "lead_id",
        string="WhatsApp Conversations",
        groups="whatsapp_cs.whatsapp_cs_group_agent",
    )
    whatsapp_cs_conversation_count = fields.Integer(
        compute="_compute_whatsapp_cs_conversation_count", groups="whatsapp_cs.whatsapp_cs_group_agent"
    )
    whatsapp_cs_cost = fields.Float(
        "WhatsApp Cost",
        digits=(16, 4),
        compute="_compute_whatsapp_cs_cost",
        groups="whatsapp_cs.whatsapp_cs_group_editor",
    )

    def _compute_whatsapp_cs_conversation_count(self):
        counts = count_by(self, "whatsapp.cs.conversation", "lead_id")
        for lead in self:
            lead.whatsapp_cs_conversation_count = counts.get(lead, 0)

    def _compute_whatsapp_cs_cost(self):
        costs = self.env["whatsapp.cs.message"]._get_costs_by("conversation_id.lead_id", self)
        for lead in self:
            lead.whatsapp_cs_cost = costs.get(lead, 0)

    def action_view_whatsapp_cs_costs(self):
        """Show the messages that cost something."""
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_message_action")
        action["domain"] = [("conversation_id.lead_id", "in", self.ids), ("cost", ">", 0)]
        action["context"] = {}
        return action

    def action_view_whatsapp_cs_conversations(self):
        return get_list_action(self, "whatsapp_cs_conversation_action", "lead_id")

    def _handle_won_lost(self, old_status_by_lead, new_status_by_lead):
        """A lead that is won is an order, for who waits for one (follow-ups, figures of automation)."""
        result = super()._handle_won_lost(old_status_by_lead, new_status_by_lead)
        for lead in self:
            is_won, was_won = (
                status.get(lead.id, {}).get("is_won") for status in (new_status_by_lead, old_status_by_lead)
            )
            if is_won and not was_won:
                # sudo: whatsapp.cs.* - salespeople need no right on them to win a lead
                lead_sudo = lead.sudo()
                contacts_sudo = (
                    lead_sudo.whatsapp_cs_conversation_ids.contact_id | lead_sudo.partner_id.whatsapp_cs_contact_ids
                )
                contacts_sudo._on_customer_event("ordered", record=lead_sudo)
        return result
