from odoo import models

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class ResUsers(models.Model):
    _inherit = "res.users"

    def _init_store_data(self, store):
        result = super()._init_store_data(store)
        store.add_global_values(
            has_whatsapp_cs_agent=self.env.user.has_group(GROUP_AGENT),
            has_whatsapp_cs_editor=self.env.user.has_group(GROUP_EDITOR),
        )
        return result
