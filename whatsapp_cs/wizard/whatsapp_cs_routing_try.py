from odoo import api, fields, models

from ..models.whatsapp_cs_routing_rule import Facts, clean
from ..models.whatsapp_cs_team_roster import Roster, Wanted


class WhatsappCsRoutingTry(models.TransientModel):
    """*Try it*: what the routing rules would do with a message, by the very methods that decide in production (RT1)."""

    _name = "whatsapp.cs.routing.try"
    _description = "Try the WhatsApp Routing Rules"

    channel_id = fields.Many2one(
        "whatsapp.cs.channel",
        "Number",
        required=True,
        default=lambda self: self.env["whatsapp.cs.channel"].search([], limit=1),
        ondelete="cascade",
    )
    contact_id = fields.Many2one("whatsapp.cs.contact", "Customer", help="Empty: somebody new.", ondelete="cascade")
    text = fields.Text("The Customer Writes")
    lang_id = fields.Many2one("res.lang", "Language", compute="_compute_lang_id", store=True, readonly=False)
    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Conversation Tags")
    is_from_ad = fields.Boolean("Came From an Ad")
    ad = fields.Char("Headline of the Ad")
    team_id = fields.Many2one("whatsapp.cs.team", compute="_compute_verdict")
    reason = fields.Char("Why", compute="_compute_verdict")
    agent_reason = fields.Text("Agent", compute="_compute_verdict")
    line_ids = fields.One2many("whatsapp.cs.routing.try.line", "try_id", compute="_compute_verdict")

    @api.depends("contact_id")
    def _compute_lang_id(self):
        for attempt in self:
            attempt.lang_id = self.env["res.lang"]._lang_get(attempt.contact_id.partner_id.lang or "")

    @api.depends("channel_id", "contact_id", "text", "lang_id", "tag_ids", "is_from_ad", "ad")
    def _compute_verdict(self):
        for attempt in self:
            verdict = self.env["whatsapp.cs.routing.rule"]._select(attempt._get_facts())
            attempt.team_id = verdict.team
            attempt.reason = verdict.reason
            attempt.agent_reason = attempt._get_agent_reason(verdict)
            attempt.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        {"rule_id": judgement.rule.id, "fires": judgement.fires, "reason": judgement.reason}
                    )
                    for judgement in verdict.judgements
                ),
            ]

    def _get_facts(self):
        partner = self.contact_id.partner_id
        company = self.channel_id.company_id or self.env.company
        return Facts(
            company_id=company.id,
            channel_id=self.channel_id.id,
            text=clean(self.text),
            lang=self.lang_id.code or "",
            category_ids=frozenset(partner.category_id.ids),
            tag_ids=frozenset(self.tag_ids.ids),
            value=partner._whatsapp_cs_get_value(company).get(partner, 0),
            ad=clean(self.ad) if self.is_from_ad else None,
        )

    def _get_agent_reason(self, verdict):
        """Return how each member of the team is judged now, and who would get the conversation."""
        if not verdict.team or verdict.team.method == "manual":
            return False
        # sudo: whatsapp.cs.* - who is there and how busy; editors may know
        roster = Roster(verdict.team.sudo())
        newest = self.contact_id.conversation_ids.filtered("user_id").sorted("id")[-1:]
        wanted = Wanted(frozenset(verdict.rule.skill_ids.ids), self.lang_id.code or "", newest.user_id.id)
        choice = roster.select(verdict.team.id, wanted)
        lines = [roster.get_verdict_reason(choice), *(roster.get_reason(judgement) for judgement in choice.judgements)]
        return "\n".join(lines)


class WhatsappCsRoutingTryLine(models.TransientModel):
    """What one rule says."""

    _name = "whatsapp.cs.routing.try.line"
    _description = "What a WhatsApp Routing Rule Says"

    try_id = fields.Many2one("whatsapp.cs.routing.try", index=True, ondelete="cascade")
    rule_id = fields.Many2one("whatsapp.cs.routing.rule", readonly=True, ondelete="cascade")
    fires = fields.Boolean("Fits", readonly=True)
    reason = fields.Char("Why", readonly=True)
