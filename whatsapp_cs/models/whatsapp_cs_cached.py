from odoo import api, models


class WhatsappCsCached(models.AbstractModel):
    """Records that decisions read from the memory of each server: a change of one makes all servers read them anew."""

    _name = "whatsapp.cs.cached"
    _description = "WhatsApp Cached Records"

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
