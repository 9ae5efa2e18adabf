from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .whatsapp_cs_conversation import GROUP_AGENT


class WhatsappCsTeamMember(models.Model):
    """An agent in a team: how many conversations at once, and what they are good at."""

    _name = "whatsapp.cs.team.member"
    _description = "WhatsApp Team Member"
    _order = "team_id, id"
    _rec_name = "user_id"

    team_id = fields.Many2one("whatsapp.cs.team", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="team_id.company_id", store=True, index=True)
    user_id = fields.Many2one("res.users", "Agent", required=True, index=True, ondelete="cascade")
    capacity = fields.Integer(
        "At Once",
        default=3,
        required=True,
        help="The team gives this agent no further conversation while so many, from whatever team, need an answer. Those "
        "that wait for the customer don't count. What agents take by hand is up to them.",
    )
    skill_ids = fields.Many2many("whatsapp.cs.skill", "whatsapp_cs_team_member_skill_rel", string="Skills")
    lang_ids = fields.Many2many(
        "res.lang",
        "whatsapp_cs_team_member_lang_rel",
        string="Languages",
        help="Customers with one of these languages come to this agent first. Empty: no preference.",
    )
    status = fields.Selection(related="user_id.whatsapp_cs_status", string="Now")
    load = fields.Integer(related="user_id.whatsapp_cs_load", string="Has Now")
    given_date = fields.Datetime("Last Given", readonly=True, help="When the team gave this agent a conversation last.")

    _once = models.UniqueIndex("(team_id, user_id)", "This agent is in the team already.")
    _capacity_bounds = models.Constraint(
        "CHECK(capacity BETWEEN 1 AND 10)", "An agent can be given 1 to 10 conversations at once."
    )

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        self.env["whatsapp.cs.assigner"]._wake_up()
        return members

    def write(self, vals):
        """Have the queue looked at by who gives it out: somebody may have room now."""
        result = super().write(vals)
        self.env["whatsapp.cs.assigner"]._wake_up()
        return result

    @api.constrains("user_id", "team_id")
    def _check_user_id(self):
        for member in self:
            # sudo: res.users - only the role and the companies are looked at
            user = member.user_id.sudo()
            if not user.has_group(GROUP_AGENT):
                raise ValidationError(
                    self.env._(
                        "%s is no WhatsApp agent. An administrator gives the role in the user's settings.", user.name
                    )
                )
            if member.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s has no access to %(company)s, whose team this is.",
                        user=user.name,
                        company=member.company_id.name,
                    )
                )
