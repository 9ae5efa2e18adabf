from odoo import api, models

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR

# From the least to the most; each includes the one before.
ROLES = ("analyst", "agent", "editor", "administrator")


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

    # === ROLES IN THE AUDIT === #

    @api.model_create_multi
    def create(self, vals_list):
        before = self._whatsapp_cs_get_roles()
        users = super().create(vals_list)
        self._whatsapp_cs_note_roles(before)
        return users

    def write(self, vals):
        if not {"group_ids", "active"} & set(vals):
            return super().write(vals)
        before = self._whatsapp_cs_get_roles()
        result = super().write(vals)
        self._whatsapp_cs_note_roles(before)
        return result

    @api.model
    def _whatsapp_cs_get_roles(self):
        """Return ``{user: group}``: the highest WhatsApp role of everybody who has one."""
        roles = {}
        for role in ROLES:
            if group := self.env.ref(f"whatsapp_cs.whatsapp_cs_group_{role}", raise_if_not_found=False):
                # sudo: res.groups - who has which role, for the audit and the settings
                roles |= dict.fromkeys(group.sudo().all_user_ids.filtered("active"), group.sudo())
        return roles

    @api.model
    def _whatsapp_cs_note_roles(self, before):
        """Write down whose role is another one than ``before``."""
        after = self._whatsapp_cs_get_roles()
        self.env["whatsapp.cs.audit"]._append(
            [
                (user, "role", None, *(roles[user].name if user in roles else None for roles in (before, after)))
                for user in before | after
                if before.get(user) != after.get(user)
            ]
        )
