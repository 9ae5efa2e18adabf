from odoo import models


class DiscussChannel(models.Model):
    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Have desks show a note beside the chat; all other messages change the conversation anyway."""
        result = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        if self.channel_type == "whatsapp_cs" and message.subtype_id == self.env.ref("mail.mt_note"):
            # sudo: whatsapp.cs.conversation - which desks look again; nothing is read or changed
            self.sudo().whatsapp_cs_conversation_id._note_desk_change()
        return result
