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

    # === WHAT THE CUSTOMER IS TOLD === #

    def _set_last_seen_message(self, message, notify=True):
        is_news = self.seen_message_id.id < message.id
        result = super()._set_last_seen_message(message, notify)
        if is_news and self._whatsapp_cs_is_agent():
            self._whatsapp_cs_note_read(message)
        return result

    def _notify_typing(self, is_typing):
        result = super()._notify_typing(is_typing)
        for member in (self if is_typing else self.browse()).filtered(lambda member: member._whatsapp_cs_is_agent()):
            # sudo: whatsapp.cs.conversation - follows from the agent's typing
            member.channel_id.sudo().whatsapp_cs_conversation_id._reserve()
            if member.channel_id.sudo().whatsapp_cs_contact_id.is_window_open:
                member._whatsapp_cs_note_read(member.channel_id._whatsapp_cs_get_newest_message(), is_typing=True)
        return result

    def _whatsapp_cs_is_agent(self):
        """Tell whether this is the agent who answers the customer: nobody else's reading or typing is told."""
        # sudo: whatsapp.cs.conversation - only whose it is
        channel_sudo = self.channel_id.sudo()
        return (
            channel_sudo.channel_type == "whatsapp_cs"
            and self.partner_id in channel_sudo.whatsapp_cs_user_id.partner_id
        )

    def _whatsapp_cs_note_read(self, message, is_typing=False):
        # sudo: whatsapp.cs.receipt - follows from the agent's reading
        contact_sudo = self.channel_id.sudo().whatsapp_cs_contact_id
        contact_sudo.env["whatsapp.cs.receipt"]._note_read(contact_sudo, message, is_typing)
