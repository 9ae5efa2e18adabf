from odoo import api, models


class ResGroups(models.Model):
    """Who gets or loses a WhatsApp role by a change of groups is noted in the audit; some include one of ours."""

    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        before = self.env["res.users"]._whatsapp_cs_get_roles()
        groups = super().create(vals_list)
        self.env["res.users"]._whatsapp_cs_note_roles(before)
        return groups

    def write(self, vals):
        if not {"user_ids", "implied_ids", "implied_by_ids"} & set(vals):
            return super().write(vals)
        before = self.env["res.users"]._whatsapp_cs_get_roles()
        result = super().write(vals)
        self.env["res.users"]._whatsapp_cs_note_roles(before)
        return result
