from odoo import api, models
from odoo.exceptions import UserError

from .whatsapp_cs_conversation import GROUP_AGENT


class DiscussChannelMember(models.Model):
    _inherit = "discuss.channel.member"

    @api.model_create_multi
    def create(self, vals_list):
        """Let only WhatsApp agents into a WhatsApp thread: never guests, customers or colleagues without the role."""
        members = super().create(vals_list)
        for member in members.filtered(lambda member: member.channel_id.channel_type == "whatsapp_cs"):
            if not any(user.has_group(GROUP_AGENT) for user in member.sudo().partner_id.user_ids):
                raise UserError(
                    self.env._(
                        "%s is no WhatsApp agent and can't be added to a chat with a customer.",
                        member.partner_id.name or member.guest_id.name,
                    )
                )
        return members
