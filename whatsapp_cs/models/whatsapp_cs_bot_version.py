from odoo import api, fields, models

from .whatsapp_cs_related import count_by, get_list_action


class WhatsappCsBotVersion(models.Model):
    """A bot as it was published. It never changes: who began with it ends with it."""

    _name = "whatsapp.cs.bot.version"
    _description = "WhatsApp Bot Version"
    _order = "id desc"

    bot_id = fields.Many2one("whatsapp.cs.bot", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="bot_id.company_id", store=True, index=True)
    number = fields.Integer("Version", required=True, readonly=True)
    definition = fields.Json(required=True, readonly=True)
    date = fields.Datetime("Published On", required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "Published By", readonly=True, default=lambda self: self.env.user)
    run_ids = fields.One2many("whatsapp.cs.bot.run", "version_id")
    run_count = fields.Integer("Runs", compute="_compute_run_count")
    is_current = fields.Boolean("Current", compute="_compute_is_current")
    map = fields.Json(compute="_compute_map")

    _number_uniq = models.UniqueIndex("(bot_id, number)", "Somebody has published this bot just now. Reload the page.")

    @api.depends("number", "bot_id.name")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(bot)s, version %(number)s", bot=version.bot_id.name, number=version.number
            )

    @api.depends("bot_id.version_id")
    def _compute_is_current(self):
        for version in self:
            version.is_current = version.bot_id.version_id == version

    def _compute_run_count(self):
        counts = count_by(self, "whatsapp.cs.bot.run", "version_id")
        for version in self:
            version.run_count = counts.get(version, 0)

    def _compute_map(self):
        for version in self:
            version.map = self.env["whatsapp.cs.bot"]._get_map(version.definition)

    def action_view_runs(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_bot_run_action", "version_id")

    def _get_step_keys(self):
        """Return the keys of all steps that were ever published."""
        return {key for version in self for key in version.definition["steps"]}
