from odoo import models


class DiscussChannel(models.Model):
    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Have desks show a note beside the chat; all other messages change the conversation anyway."""
        result = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        note_id = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note")
        if self.channel_type == "whatsapp_cs" and message.subtype_id.id == note_id:
            # sudo: whatsapp.cs.conversation - which desks look again; nothing is read or changed
            self.sudo().whatsapp_cs_conversation_id._note_desk_change()
        return result
