from odoo import models
from odoo.exceptions import AccessError

from .whatsapp_cs_conversation import GROUP_EDITOR

# Beside the reports: figures of whom nobody's name or words can be read without being an editor.
FIGURES = ("whatsapp.cs.rating", "whatsapp.cs.reply.use")


def is_figures(model_name):
    return model_name.endswith(".report") or model_name in FIGURES


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        """Let customers' data leave by the hands of editors only, figures by everybody's who sees them; note each (CO5)."""
        exported = self._whatsapp_cs_get_exported(fields_to_export)
        for name in exported:
            self.env[name].check_access("read")
        if any(not is_figures(name) for name in exported) and not (
            self.env.su or self.env.user.has_group(GROUP_EDITOR)
        ):
            raise AccessError(
                self.env._(
                    "Records of WhatsApp are exported by editors only. Ask one of them, or export figures under Reporting."
                )
            )
        self._whatsapp_cs_check_hidden_numbers(fields_to_export)
        result = super().export_data(fields_to_export)
        for name in exported:
            detail = self.env._("%(count)s records: %(fields)s", count=len(self), fields=", ".join(fields_to_export))
            self.env["whatsapp.cs.audit"]._log([self.env[name]], "export", new=detail)
        return result

    def _whatsapp_cs_check_hidden_numbers(self, paths):
        """Refuse to export what is hidden on screens."""
        if not self.env["whatsapp.cs.masking"]._applies():
            return
        for path in paths:
            model = self
            for name in path.split("/"):
                if name in (*getattr(model, "_masked_fields", ()), *getattr(model, "_hidden_fields", ())):
                    raise AccessError(
                        self.env._("The numbers of customers are hidden, and not exported. Leave “%s” out.", path)
                    )
                field = model._fields.get(name)
                if not field or not field.relational:
                    break
                model = self.env[field.comodel_name]

    def _whatsapp_cs_get_exported(self, paths):
        """Return the names of our models that an export of these fields (``user_id/name``) draws data from."""
        if self._name.startswith("whatsapp.cs."):
            return [self._name]
        found = set()
        for path in paths:
            model = self
            for name in path.split("/"):
                field = model._fields.get(name)
                if not field or not field.relational:
                    break
                model = self.env[field.comodel_name]
                if model._name.startswith("whatsapp.cs."):
                    found.add(model._name)
        return sorted(found)
