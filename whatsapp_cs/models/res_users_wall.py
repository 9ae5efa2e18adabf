from odoo import api, fields, models
from odoo.exceptions import AccessError

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class ResUsers(models.Model):
    """What the supervisors' wall shows: who waits, for how long, and who is there to help."""

    _inherit = "res.users"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _whatsapp_cs_get_wall(self):
        """Return ``{waiting, longest, teams, agents}`` of the user's companies; for editors only.

        ``teams``: ``{id, name, waiting, longest, open, online, free}``, the queue of all with the id False.
        ``agents``: ``{id, partner_id, name, status, reason, since, is_present, load, capacity, team_ids}``.
        Dates are strings in UTC, of the message that waits longest; False when nobody waits.
        """
        if not self.env.user.has_group(GROUP_EDITOR):
            raise AccessError(self.env._("Only editors see the wall."))
        agents = self._whatsapp_cs_get_agents()
        teams = self._whatsapp_cs_get_wall_teams(agents)
        longest = [team["longest"] for team in teams if team["longest"]]
        return {
            "waiting": sum(team["waiting"] for team in teams),
            "longest": min(longest, default=False),
            "teams": teams,
            "agents": [agent._whatsapp_cs_get_wall_agent() for agent in agents],
        }

    @api.model
    def _whatsapp_cs_get_agents(self):
        """Return the agents of the companies that are shown."""
        # sudo: res.users - names and status of colleagues, for editors
        group = self.env.ref(GROUP_AGENT).sudo()
        users = group.all_user_ids.filtered(
            lambda user: user.active and not user.share and user.company_ids & self.env.companies
        )
        return users.sorted(lambda user: (user.name or "", user.id))

    @api.model
    def _whatsapp_cs_get_wall_teams(self, agents):
        Conversation = self.env["whatsapp.cs.conversation"]
        waiting = {
            team: (count, longest)
            for team, count, longest in Conversation._read_group(
                [("state", "=", "queued")], ["team_id"], ["__count", "unanswered_date:min"]
            )
        }
        opened = dict(Conversation._read_group([("state", "not in", ("resolved", "spam"))], ["team_id"], ["__count"]))
        teams = [
            *self.env["whatsapp.cs.team"].search([("company_id", "in", self.env.companies.ids)]),
            self.env["whatsapp.cs.team"],
        ]
        result = []
        for team in teams:
            count, longest = waiting.get(team, (0, False))
            members = agents & team.member_ids.user_id if team else agents
            online = members.filtered(lambda user: user.whatsapp_cs_status != "offline")
            result.append(
                {
                    "id": team.id,
                    "name": team.name or self.env._("No Team"),
                    "waiting": count,
                    "longest": fields.Datetime.to_string(longest) if longest else False,
                    "open": opened.get(team, 0),
                    "online": len(online),
                    "free": len(online.filtered(lambda user: user._whatsapp_cs_is_free())),
                }
            )
        return result

    def _whatsapp_cs_is_free(self):
        return (
            self.whatsapp_cs_status == "available"
            and self.whatsapp_cs_is_present
            and self.whatsapp_cs_load < self.whatsapp_cs_capacity
        )

    def _whatsapp_cs_get_wall_agent(self):
        self.ensure_one()
        return {
            "id": self.id,
            "partner_id": self.partner_id.id,
            "name": self.name,
            "status": self.whatsapp_cs_status,
            "reason": self.whatsapp_cs_status_reason or False,
            "since": fields.Datetime.to_string(self.whatsapp_cs_status_date) if self.whatsapp_cs_status_date else False,
            "is_present": self.whatsapp_cs_is_present,
            "load": self.whatsapp_cs_load,
            "capacity": self.whatsapp_cs_capacity,
            "team_ids": self.whatsapp_cs_member_ids.team_id.ids,
        }
