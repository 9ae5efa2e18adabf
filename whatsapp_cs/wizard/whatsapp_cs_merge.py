from odoo import api, fields, models


class WhatsappCsMerge(models.TransientModel):
    """Make one case of several conversations of one person."""

    _name = "whatsapp.cs.merge"
    _description = "Merge WhatsApp Conversations"

    conversation_ids = fields.Many2many("whatsapp.cs.conversation", required=True)
    candidate_ids = fields.Many2many("whatsapp.cs.conversation", compute="_compute_candidate_ids")
    target_id = fields.Many2one(
        "whatsapp.cs.conversation",
        "Remains",
        compute="_compute_target_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', candidate_ids)]",
        help="Its chat goes on; the messages of the others become part of it.",
    )
    other_ids = fields.Many2many(
        "whatsapp.cs.conversation",
        "whatsapp_cs_merge_other_rel",
        string="Become Part of It",
        compute="_compute_other_ids",
        store=True,
        readonly=False,
        domain="[('id', 'in', candidate_ids), ('id', '!=', target_id)]",
    )

    @api.depends("conversation_ids")
    def _compute_candidate_ids(self):
        for wizard in self:
            chosen = wizard.conversation_ids
            # "open chat" offers all that the person has written; a selection is taken as it is
            wizard.candidate_ids = chosen | chosen._get_same_person() if len(chosen) == 1 else chosen

    @api.depends("conversation_ids")
    def _compute_target_id(self):
        for wizard in self:
            is_open = [conversation for conversation in wizard.conversation_ids if conversation.state != "resolved"]
            wizard.target_id = max(is_open or wizard.conversation_ids, key=lambda c: c._origin.id, default=False)

    @api.depends("conversation_ids", "target_id")
    def _compute_other_ids(self):
        for wizard in self:
            chosen = (wizard.other_ids | wizard.conversation_ids) & wizard.candidate_ids
            wizard.other_ids = chosen - wizard.target_id

    def action_merge(self):
        self.ensure_one()
        self.target_id._merge(self.other_ids)
        return {"type": "ir.actions.act_window_close"}
