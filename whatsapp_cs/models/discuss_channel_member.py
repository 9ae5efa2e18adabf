from odoo import api, models
from odoo.exceptions import UserError

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class DiscussChannelMember(models.Model):
    _inherit = "discuss.channel.member"

    @api.model_create_multi
    def create(self, vals_list):
        """Let only the agent who answers, and editors, into a WhatsApp thread: a member reads everything in it."""
        members = super().create(vals_list)
        for member in members.filtered(lambda member: member.channel_id.channel_type == "whatsapp_cs"):
            if not any(member._whatsapp_cs_may_join(user) for user in member.sudo().partner_id.user_ids):
                raise UserError(
                    self.env._(
                        "%s can't be added to this chat: only the agent who answers the customer, and editors, are in it.",
                        member.partner_id.name or member.guest_id.name,
                    )
                )
        return members

    def _whatsapp_cs_may_join(self, user):
        # sudo: whatsapp.cs.* - only whose chat it is
        channel_sudo = self.channel_id.sudo()
        return (
            user.has_group(GROUP_AGENT)
            and channel_sudo.whatsapp_cs_contact_id.company_id in user.company_ids
            and (channel_sudo.whatsapp_cs_user_id == user or user.has_group(GROUP_EDITOR))
        )
