from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import message_payload
from .whatsapp_cs_conversation import GROUP_AGENT

PALETTE_LIMIT = 500  # replies offered to one agent; the palette searches among them


class MailCannedResponse(models.Model):
    """Canned replies in WhatsApp chats: besides text they carry files or buttons, and are counted (CO6).

    Whose they are, and with whom they are shared, is as Discuss has it.
    """

    _inherit = "mail.canned.response"

    whatsapp_cs_lang_id = fields.Many2one(
        "res.lang", "Language", ondelete="set null", help="Offered for customers of this language; empty: for all."
    )
    whatsapp_cs_attachment_ids = fields.Many2many(
        "ir.attachment", "whatsapp_cs_canned_response_attachment_rel", string="Files", help="Sent with the text."
    )
    whatsapp_cs_buttons = fields.Text(
        "Buttons", help="One on each line, at most 3: the customer answers by pressing one."
    )
    whatsapp_cs_use_ids = fields.One2many("whatsapp.cs.reply.use", "canned_response_id", groups=GROUP_AGENT)
    whatsapp_cs_use_count = fields.Integer("Used", compute="_compute_whatsapp_cs_use_count")

    @api.depends("whatsapp_cs_use_ids")
    def _compute_whatsapp_cs_use_count(self):
        # sudo: whatsapp.cs.reply.use - how often, for those who see the reply
        uses = self.env["whatsapp.cs.reply.use"].sudo()
        counts = dict(uses._read_group([("canned_response_id", "in", self.ids)], ["canned_response_id"], ["__count"]))
        for response in self:
            response.whatsapp_cs_use_count = counts.get(response, 0)

    @api.constrains("substitution", "whatsapp_cs_buttons", "whatsapp_cs_attachment_ids")
    def _check_whatsapp_cs_content(self):
        for response in self:
            response.whatsapp_cs_attachment_ids._whatsapp_cs_check_sendable()
            if not response.whatsapp_cs_buttons:
                continue
            if response.whatsapp_cs_attachment_ids:
                raise ValidationError(self.env._("WhatsApp has no message with files and buttons: choose one of both."))
            try:
                message_payload.build("buttons", response._whatsapp_cs_get_rich_values(response.substitution))
            except message_payload.InvalidContent as error:
                raise ValidationError(error.get_text(self.env)) from error

    @api.model_create_multi
    def create(self, vals_list):
        responses = super().create(vals_list)
        responses._whatsapp_cs_own_files()
        return responses

    def write(self, vals):
        result = super().write(vals)
        if "whatsapp_cs_attachment_ids" in vals:
            self._whatsapp_cs_own_files()
        return result

    def _whatsapp_cs_own_files(self):
        """Let everybody who reads the reply read its files: they were uploaded before it was there."""
        for response in self:
            # sudo: ir.attachment - its own new files
            files_sudo = response.whatsapp_cs_attachment_ids.sudo().filtered(lambda file: not file.res_id)
            files_sudo.write({"res_model": self._name, "res_id": response.id})

    # === IN THE CHAT === #

    @api.model
    def _whatsapp_cs_find_for(self, conversation):
        """Return the replies that the user may use for this customer: all shared ones and the own, in the right language."""
        lang = conversation.partner_id.lang
        domain = [("whatsapp_cs_lang_id", "in", (False, self.env["res.lang"]._lang_get(lang).id))] if lang else []
        return self.search(domain, limit=PALETTE_LIMIT)

    def _whatsapp_cs_render(self, conversation):
        """Return the text with the values of this customer in it."""
        self.ensure_one()
        return conversation._render_variables(self.substitution)

    def _whatsapp_cs_get_buttons(self):
        self.ensure_one()
        return [line.strip() for line in (self.whatsapp_cs_buttons or "").splitlines() if line.strip()]

    def _whatsapp_cs_get_rich_values(self, text):
        """Return what ``discuss.channel.whatsapp_cs_send_rich`` takes for a reply with buttons."""
        return {"body": text, "buttons": self._whatsapp_cs_get_buttons()}

    def _whatsapp_cs_copy_files(self):
        """Return copies of the files for one message of the current user, as if they had just been uploaded."""
        # sudo: ir.attachment - who may use the reply may send its files; the copies are the user's
        return self.sudo().whatsapp_cs_attachment_ids.copy({"res_model": "mail.compose.message", "res_id": 0})

    # === BUTTONS === #

    def action_view_whatsapp_cs_uses(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_reply_use_action")
        return {**action, "domain": [("canned_response_id", "=", self.id)], "context": {}}
