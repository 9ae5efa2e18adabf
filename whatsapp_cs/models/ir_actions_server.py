from odoo import api, fields, models
from odoo.exceptions import UserError


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("whatsapp_cs", "Send WhatsApp"), ("followers",)], ondelete={"whatsapp_cs": "cascade"}
    )
    whatsapp_cs_template_id = fields.Many2one(
        "whatsapp.cs.template",
        "WhatsApp Template",
        domain="['|', ('model_id', '=', False), ('model_id.model', 'in', (model_name, 'res.partner'))]",
        ondelete="restrict",
    )

    def _name_depends(self):
        return [*super()._name_depends(), "whatsapp_cs_template_id"]

    def _generate_action_name(self):
        self.ensure_one()
        if self.state == "whatsapp_cs" and self.whatsapp_cs_template_id:
            return self.env._("Send WhatsApp: %s", self.whatsapp_cs_template_id.name)
        return super()._generate_action_name()

    @api.depends("state")
    def _compute_available_model_ids(self):
        """Documents with a chatter: there it is noted what was sent, or why not."""
        ours = self.filtered(lambda action: action.state == "whatsapp_cs")
        if ours:
            ours.available_model_ids = self.env["ir.model"].search(
                [("is_mail_thread", "=", True), ("transient", "=", False)]
            )
        return super(IrActionsServer, self - ours)._compute_available_model_ids()

    @api.model
    def _warning_depends(self):
        return super()._warning_depends() + ["whatsapp_cs_template_id"]

    def _get_warning_messages(self):
        self.ensure_one()
        warnings = super()._get_warning_messages()
        if self.state == "whatsapp_cs":
            typed = self.whatsapp_cs_template_id.variable_ids.filtered(
                lambda variable: variable.source == "free" and not variable.fallback
            )
            if typed:
                warnings.append(
                    self.env._(
                        "The template asks a person to type %s. Let it take a field, or give it a text for empty values.",
                        ", ".join(variable._get_label() for variable in typed),
                    )
                )
        return warnings

    def _run_action_whatsapp_cs_multi(self, eval_context=None):
        """Send the template for each document; what can't be sent is noted there and stops nothing else."""
        # sudo: whatsapp.cs.template - who made the action decided that it is sent, whoever's work sets it off
        template_sudo = self.sudo().whatsapp_cs_template_id
        if not template_sudo or self._is_recompute():
            return False
        for record in eval_context.get("records") or eval_context.get("record") or ():
            try:
                with self.env.cr.savepoint():
                    template_sudo._send_to_record(record)
            except UserError as error:
                # sudo: mail.message - a note of the system
                record.sudo()._message_log(body=self.env._("WhatsApp was not sent: %s", error))
        return False
