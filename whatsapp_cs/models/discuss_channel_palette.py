from odoo import models
from odoo.exceptions import UserError

from odoo.addons.mail.tools.discuss import Store


class DiscussChannel(models.Model):
    """What a slash in the composer offers: canned replies and macros (CO6)."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def whatsapp_cs_get_palette(self):
        """Return the replies and macros for this customer, those used most first: ``[{kind, id, name, text, count}]``."""
        conversation = self._whatsapp_cs_get_conversation()
        replies = self.env["mail.canned.response"]._whatsapp_cs_find_for(conversation)
        macros = self.env["whatsapp.cs.macro"]._find_for(conversation)
        items = [
            {
                "kind": "reply",
                "id": reply.id,
                "name": reply.source,
                "text": reply.substitution,
                "count": reply.whatsapp_cs_use_count,
                "has_files": bool(reply.whatsapp_cs_attachment_ids),
                "has_buttons": bool(reply.whatsapp_cs_buttons),
            }
            for reply in replies
        ] + [
            {"kind": "macro", "id": macro.id, "name": macro.name, "text": macro.summary, "count": macro.use_count}
            for macro in macros
        ]
        return sorted(items, key=lambda item: -item["count"])

    def whatsapp_cs_render_reply(self, reply_id):
        """Return a canned reply as it goes to this customer: its text, its buttons, and copies of its files to be sent."""
        conversation = self._whatsapp_cs_get_conversation()
        reply = self.env["mail.canned.response"].browse(reply_id).exists()
        if not reply:
            raise UserError(self.env._("This canned reply was deleted. Choose another one."))
        reply.check_access("read")
        files = reply._whatsapp_cs_copy_files()
        return {
            "text": reply._whatsapp_cs_render(conversation),
            "buttons": reply._whatsapp_cs_get_buttons(),
            "attachment_ids": files.ids,
            "store_data": Store().add(files, extra_fields=files._get_store_ownership_fields()).get_result(),
        }

    def whatsapp_cs_preview_macro(self, macro_id):
        """Return what a macro would do here (see ``whatsapp.cs.macro._preview``). Nothing is done."""
        conversation = self._whatsapp_cs_get_conversation()
        return self._whatsapp_cs_get_macro(macro_id)._preview(conversation)

    def whatsapp_cs_run_macro(self, macro_id):
        """Run a macro in this chat; return the id by which ``whatsapp_cs_undo_macro`` undoes it, or False."""
        macro = self._whatsapp_cs_get_macro(macro_id)
        use_sudo = macro._run(self._whatsapp_cs_get_conversation())
        return use_sudo.id if any(step._can_be_undone() for step in macro.step_ids) else False

    def whatsapp_cs_undo_macro(self, use_id):
        """Undo a macro that the user has just run; return the labels of the steps that stay done."""
        use = self.env["whatsapp.cs.reply.use"].browse(use_id).exists()
        return self.env["whatsapp.cs.macro"]._undo(use).mapped("label")

    def _whatsapp_cs_get_macro(self, macro_id):
        macro = self.env["whatsapp.cs.macro"].browse(macro_id).exists()
        if not macro:
            raise UserError(self.env._("This macro was deleted. Choose another one."))
        macro.check_access("read")
        return macro

    def _whatsapp_cs_note_replies(self, response_ids):
        """Count the canned replies (ids from the client) that a message of the current user was made of."""
        if self.channel_type == "whatsapp_cs":
            responses = self.env["mail.canned.response"].search([("id", "in", response_ids)])
            # sudo: whatsapp.cs.conversation - the post was checked, its conversation may be somebody else's by now
            self.env["whatsapp.cs.reply.use"]._note(self.sudo().whatsapp_cs_conversation_id, responses=responses)
