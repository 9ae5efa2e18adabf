from markupsafe import Markup

from odoo import api, fields, models

# How many of a desk's people usually have each role, in percent.
USUAL_MIX = {"agent": 70, "editor": 20, "administrator": 10}


class ResConfigSettings(models.TransientModel):
    """Who may do what: the mix of roles, and what agents see of customers."""

    _inherit = "res.config.settings"  # pylint: disable=consider-merging-classes-inherited

    whatsapp_cs_hides_numbers = fields.Boolean("Hide Numbers From Agents")
    whatsapp_cs_role_mix = fields.Html(compute="_compute_whatsapp_cs_role_mix", sanitize=False)

    @api.model
    def get_values(self):
        return {**super().get_values(), "whatsapp_cs_hides_numbers": self.env["whatsapp.cs.masking"]._is_on()}

    def set_values(self):
        result = super().set_values()
        self.env["whatsapp.cs.masking"]._set_limit("numbers", int(self.whatsapp_cs_hides_numbers))
        return result

    @api.depends("company_id")
    def _compute_whatsapp_cs_role_mix(self):
        rows = [
            Markup(
                "<tr><td>{}</td><td class='text-end px-3'>{}</td><td class='text-end px-3'>{} %</td><td class='text-muted'>{}</td></tr>"
            ).format(name, count, percent, self.env._("usually %s %%", usual))
            for name, count, percent, usual in self._get_whatsapp_cs_role_mix()
        ]
        self.whatsapp_cs_role_mix = Markup("<table>{}</table>").format(Markup().join(rows))

    @api.model
    def _get_whatsapp_cs_role_mix(self):
        """Return ``[(role, people, percent, usual percent)]`` of those who answer customers, by their highest role."""
        held = [
            group for user, group in self.env["res.users"]._whatsapp_cs_get_roles().items() if not user._is_superuser()
        ]
        groups = {role: self.env.ref(f"whatsapp_cs.whatsapp_cs_group_{role}") for role in USUAL_MIX}
        counts = {role: held.count(group.sudo()) for role, group in groups.items()}
        total = sum(counts.values()) or 1
        return [
            (groups[role].name, counts[role], round(100 * counts[role] / total), usual)
            for role, usual in USUAL_MIX.items()
        ]
