from odoo import api, models

from .whatsapp_cs_conversation import GROUP_AGENT


class IrActionsActions(models.Model):
    _inherit = "ir.actions.actions"

    @api.model
    def get_bindings(self, model_name):
        """Offer *Send WhatsApp* to agents in the Action menu of every kind of document that is about a customer."""
        bindings = super().get_bindings(model_name)
        if self.env.user.has_group(GROUP_AGENT) and self._whatsapp_cs_has_customer(model_name):
            # sudo: ir.actions.act_window - its id and name
            action_sudo = self.env.ref("whatsapp_cs.whatsapp_cs_template_send_action").sudo()
            bindings.setdefault("action", []).append(
                {"id": action_sudo.id, "name": action_sudo.name, "binding_view_types": "list,form,kanban"}
            )
        return bindings

    @api.model
    def _whatsapp_cs_has_customer(self, model_name):
        model = self.env[model_name]
        if (
            model._transient
            or not hasattr(model, "_message_log")
            or model_name.startswith(("whatsapp.cs.", "discuss."))
        ):
            return False
        return model_name == "res.partner" or bool(model._mail_get_partner_fields() or model._phone_get_number_fields())
