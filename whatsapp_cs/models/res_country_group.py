from odoo import models


class ResCountryGroup(models.Model):
    _inherit = "res.country.group"

    def write(self, vals):
        """Forget the price card that is kept in memory: groups of countries are its markets."""
        if "country_ids" in vals:
            self.env.registry.clear_cache()
        return super().write(vals)
