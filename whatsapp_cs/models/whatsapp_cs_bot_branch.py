from odoo import api, fields, models


class WhatsappCsBotBranch(models.Model):
    """One way that a branch of a bot can take, and when it does: the first one whose conditions all hold."""

    _name = "whatsapp.cs.bot.branch"
    _description = "WhatsApp Bot Branch"
    _order = "sequence, id"

    step_id = fields.Many2one("whatsapp.cs.bot.step", required=True, index=True, ondelete="cascade")
    bot_id = fields.Many2one(related="step_id.bot_id")
    sequence = fields.Integer(default=10)
    condition_ids = fields.One2many("whatsapp.cs.bot.condition", "branch_id", "All of These Hold", copy=True)
    next_id = fields.Many2one(
        "whatsapp.cs.bot.step",
        "Goes On With",
        domain="[('bot_id', '=', bot_id)]",
        required=True,
        index="btree_not_null",
        ondelete="cascade",
    )

    @api.depends("condition_ids.display_name")
    def _compute_display_name(self):
        for branch in self:
            branch.display_name = self.env._(" and ").join(branch.condition_ids.mapped("display_name"))

    def _prepare_definition(self):
        self.ensure_one()
        return {
            "name": self.display_name or "",
            "conditions": [condition._prepare_definition() for condition in self.condition_ids],
            "next": self.next_id._get_key() if self.next_id else None,
        }
