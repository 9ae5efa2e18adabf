from odoo import api, models


class WhatsappCsLimits(models.AbstractModel):
    """Whole numbers that administrators change in the settings, each kept as a parameter of the system."""

    _name = "whatsapp.cs.limits"
    _description = "WhatsApp Limits"

    _limits = ""  # the parameters are named whatsapp_cs.<this>_<name>

    @api.model
    def _get_limit(self, name):
        """Return a limit from the settings; 0 means that there is none."""
        # sudo: ir.config_parameter - limits are no secret
        text = self.env["ir.config_parameter"].sudo().get_param(f"whatsapp_cs.{self._limits}_{name}") or ""
        return int(text) if text.isdecimal() else 0

    @api.model
    def _set_limit(self, name, value):
        # As text: a 0 would remove the parameter, and with it its owner, who takes it along when uninstalled.
        self.env["ir.config_parameter"].set_param(f"whatsapp_cs.{self._limits}_{name}", str(value))
