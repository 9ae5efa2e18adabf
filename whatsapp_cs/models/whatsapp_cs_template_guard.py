from odoo import api, models
from odoo.exceptions import AccessError, UserError

# What only WhatsApp can say of a template: written by the synchronisation, its webhooks and the answer to a submission
META_FIELDS = (
    "meta_id", "state", "state_reason", "quality", "submit_date", "is_changed", "components", "extra_components", "uploads",
)  # fmt: skip


class WhatsappCsTemplate(models.Model):
    """Nobody can approve a template but WhatsApp: what it says of one is written by the system only (MS6)."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    @api.model_create_multi
    def create(self, vals_list):
        """Let people make drafts only, also where a default or a copy says otherwise."""
        templates = super().create(vals_list)
        if not self.env.su:
            for template in templates:
                if template.state != "draft" or template.quality != "unknown" or template.components:
                    template._refuse_meta_fields(["state"])
                template._refuse_meta_fields(
                    name for name in ("meta_id", "submit_date", "state_reason", "uploads") if template[name]
                )
        return templates

    def write(self, vals):
        """Refuse what is WhatsApp's to say; the category is, from the submission until a rejection."""
        if not self.env.su:
            self._refuse_meta_fields(name for name in META_FIELDS if name in vals)
            if "category" in vals:
                self._check_category(vals["category"])
        return super().write(vals)

    def _refuse_meta_fields(self, names):
        labels = [self._fields[name]._description_string(self.env) for name in names]
        if labels:
            raise AccessError(
                self.env._(
                    "Only WhatsApp says this of a template: %s. Submit the template, or fetch the templates to see how it stands.",
                    ", ".join(labels),
                )
            )

    def _check_category(self, category):
        for template in self:
            if template.meta_id and template.state != "rejected" and template.category != category:
                raise UserError(
                    self.env._(
                        "WhatsApp has %(template)s in the category “%(category)s”, which can be changed after a rejection only. "
                        "Duplicate the template to submit it in another one.",
                        template=template.display_name,
                        category=dict(self._fields["category"]._description_selection(self.env))[template.category],
                    )
                )
