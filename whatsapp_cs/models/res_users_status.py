from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR

STATES = ("available", "busy", "break", "offline")


class ResUsers(models.Model):
    """An agent's status, load and capacity, as colleagues see them, and the switch (RT2)."""

    _inherit = "res.users"  # pylint: disable=consider-merging-classes-inherited

    whatsapp_cs_member_ids = fields.One2many("whatsapp.cs.team.member", "user_id", "WhatsApp Teams")
    whatsapp_cs_status = fields.Selection(
        [("available", "Available"), ("busy", "Busy"), ("break", "On a Break"), ("offline", "Offline")],
        "WhatsApp Status",
        compute="_compute_whatsapp_cs_status",
        search="_search_whatsapp_cs_status",
    )
    whatsapp_cs_status_reason = fields.Char("WhatsApp Break", compute="_compute_whatsapp_cs_status")
    whatsapp_cs_status_date = fields.Datetime("In This WhatsApp Status Since", compute="_compute_whatsapp_cs_status")
    whatsapp_cs_is_present = fields.Boolean(
        "Active on WhatsApp", compute="_compute_whatsapp_cs_status", help="Active in the last 5 minutes."
    )
    whatsapp_cs_load = fields.Integer(
        "WhatsApp Load", compute="_compute_whatsapp_cs_load", help="Conversations that need an answer of this agent."
    )
    whatsapp_cs_capacity = fields.Integer(
        "WhatsApp Capacity",
        compute="_compute_whatsapp_cs_load",
        help="How many conversations at once teams give to this agent.",
    )
    whatsapp_cs_team_names = fields.Char("Names of the WhatsApp Teams", compute="_compute_whatsapp_cs_team_names")

    def _compute_whatsapp_cs_team_names(self):
        for user in self:
            # sudo: whatsapp.cs.team - names only, of the companies that are shown
            teams = user.sudo().whatsapp_cs_member_ids.team_id
            names = teams.filtered(lambda team: team.active and team.company_id in self.env.companies).mapped("name")
            user.whatsapp_cs_team_names = ", ".join(names)

    def _compute_whatsapp_cs_status(self):
        # sudo: whatsapp.cs.agent.status - what somebody is at the moment is for all colleagues
        current = self.env["whatsapp.cs.agent.status"].sudo()._get_current(self)
        for user in self:
            row = current.get(user, self.env["whatsapp.cs.agent.status"])
            user.whatsapp_cs_status = row.state or "offline"
            user.whatsapp_cs_status_reason = row.reason
            user.whatsapp_cs_status_date = row.start_date
            user.whatsapp_cs_is_present = row._is_present()

    def _search_whatsapp_cs_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: as above
        rows = self.env["whatsapp.cs.agent.status"].sudo().search([("end_date", "=", False)])
        domain = fields.Domain("id", "in", rows.filtered(lambda row: row.state in value).user_id.ids)
        if "offline" in value:
            domain |= fields.Domain("id", "not in", rows.user_id.ids)
        return domain

    def _compute_whatsapp_cs_load(self):
        # sudo: whatsapp.cs.* - numbers only
        loads = self.env["whatsapp.cs.conversation"].sudo()._get_loads(self)
        capacities = dict(
            self.env["whatsapp.cs.team.member"]
            .sudo()
            ._read_group([("user_id", "in", self.ids), ("team_id.active", "=", True)], ["user_id"], ["capacity:max"])
        )
        for user in self:
            user.whatsapp_cs_load = loads.get(user, 0)
            user.whatsapp_cs_capacity = capacities.get(user, 0)

    # === CALLED BY THE CLIENT === #

    @api.model
    def whatsapp_cs_set_status(self, state, reason=False):
        """Set the own status; return what the switch shows (see ``_whatsapp_cs_get_status``)."""
        self._whatsapp_cs_check_is_agent()
        reason = (reason or "").strip()[:64] if state == "break" else False
        if state not in STATES:
            raise UserError(self.env._("Choose one of: available, busy, break, offline."))
        if state == "break" and not reason:
            raise UserError(self.env._("Say what kind of break it is."))
        # sudo: whatsapp.cs.agent.status - only the own status, by this method
        self.env["whatsapp.cs.agent.status"].sudo()._set(self.env.user, state, reason)
        return self.env.user._whatsapp_cs_get_status()

    @api.model
    def whatsapp_cs_sign(self, inactive_seconds=0):
        """Note that the own browser lives, and for how long nobody has used it; return what the switch shows."""
        self._whatsapp_cs_check_is_agent()
        # sudo: as in whatsapp_cs_set_status
        self.env["whatsapp.cs.agent.status"].sudo()._take_sign(self.env.user, float(inactive_seconds or 0))
        return self.env.user._whatsapp_cs_get_status()

    def action_whatsapp_cs_set_offline(self):
        """Let editors end the status of agents who have forgotten to."""
        if not self.env.user.has_group(GROUP_EDITOR):
            raise AccessError(self.env._("Only editors change the status of others."))
        for user in self:
            # sudo: whatsapp.cs.agent.status - the right was checked
            self.env["whatsapp.cs.agent.status"].sudo()._set(user, "offline")

    def action_whatsapp_cs_view_conversations(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_conversation_action")
        action["domain"] = [("user_id", "=", self.id)]
        return action

    def _whatsapp_cs_check_is_agent(self):
        if not self.env.user.has_group(GROUP_AGENT):
            raise AccessError(
                self.env._(
                    "Only WhatsApp agents have a status. An administrator gives the role in your user's settings."
                )
            )

    # === TELLING === #

    def _whatsapp_cs_get_status(self):
        """Return what the switch shows: state, reason, since when, load and capacity."""
        self.ensure_one()
        self.invalidate_recordset(["whatsapp_cs_status", "whatsapp_cs_load"], flush=False)
        return {
            "state": self.whatsapp_cs_status,
            "reason": self.whatsapp_cs_status_reason,
            "since": fields.Datetime.to_string(self.whatsapp_cs_status_date),
            "load": self.whatsapp_cs_load,
            "capacity": self.whatsapp_cs_capacity,
        }

    def _whatsapp_cs_on_status(self):
        """Tell the agents' own screens and the wall; have the queues looked at by who gives them out."""
        for user in self:
            user._bus_send("whatsapp_cs.status", user._whatsapp_cs_get_status())
        self.env["whatsapp.cs.conversation"]._note_wall_change(self.company_ids)
        self.env["whatsapp.cs.assigner"]._wake_up()
