from odoo import models

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class ResUsers(models.Model):
    _inherit = "res.users"

    def _init_store_data(self, store):
        result = super()._init_store_data(store)
        store.add_global_values(
            has_whatsapp_cs_agent=self.env.user.has_group(GROUP_AGENT),
            has_whatsapp_cs_editor=self.env.user.has_group(GROUP_EDITOR),
            whatsapp_cs_team_ids=self.env.user._whatsapp_cs_get_queue_teams().ids,
        )
        return result

    def _whatsapp_cs_get_queue_teams(self):
        """Return the teams whose queues are the user's: the own ones; for editors who are in no team, all."""
        self.ensure_one()
        if not self.has_group(GROUP_AGENT):
            return self.env["whatsapp.cs.team"]
        # sudo: whatsapp.cs.team - the own ones; of all companies, whichever the client shows at the moment
        Team = self.env["whatsapp.cs.team"].sudo()
        companies = ("company_id", "in", self.company_ids.ids)
        teams = Team.search([("member_ids.user_id", "=", self.id), companies])
        if not teams and self.has_group(GROUP_EDITOR):
            teams = Team.search([companies])
        return teams.sudo(False)
