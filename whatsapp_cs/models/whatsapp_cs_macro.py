from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

UNDO_MINUTES = 5


class WhatsappCsMacro(models.Model):
    """Several steps in one click: shown before they are done, done in order, all or none (CO6)."""

    _name = "whatsapp.cs.macro"
    _description = "WhatsApp Macro"
    _inherit = ["whatsapp.cs.audited"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: of all companies.")
    step_ids = fields.One2many("whatsapp.cs.macro.step", "macro_id", "Steps", copy=True)
    summary = fields.Char("What It Does", compute="_compute_summary")
    use_ids = fields.One2many("whatsapp.cs.reply.use", "macro_id")
    use_count = fields.Integer("Used", compute="_compute_uses")
    last_use_date = fields.Datetime("Last Used", compute="_compute_uses")

    @api.depends("step_ids.sequence", "step_ids.label")
    def _compute_summary(self):
        for macro in self:
            macro.summary = " → ".join(step.label or "" for step in macro.step_ids)

    @api.depends("use_ids")
    def _compute_uses(self):
        # sudo: whatsapp.cs.reply.use - how often, for those who see the macro
        uses = self.env["whatsapp.cs.reply.use"].sudo()
        found = {
            macro: (count, date)
            for macro, count, date in uses._read_group(
                [("macro_id", "in", self.ids)], ["macro_id"], ["__count", "date:max"]
            )
        }
        for macro in self:
            macro.use_count, macro.last_use_date = found.get(macro, (0, False))

    def action_view_uses(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_reply_use_action")
        return {**action, "domain": [("macro_id", "=", self.id)], "context": {}}

    # === IN A CONVERSATION === #

    @api.model
    def _find_for(self, conversation):
        """Return the macros that have something to do, for conversations like this one."""
        return self.search([("company_id", "in", (False, conversation.company_id.id)), ("step_ids", "!=", False)])

    def _preview(self, conversation):
        """Return what each step would do here, and why it can't: ``[{label, text, refusal, undo}]``. Changes nothing."""
        self.ensure_one()
        earlier, steps = self.env["whatsapp.cs.macro.step"], []
        for step in self.step_ids:
            steps.append(
                {
                    "id": step.id,
                    "label": step.label,
                    "text": step._describe(conversation),
                    "refusal": step._get_refusal(conversation, earlier),
                    "undo": step._can_be_undone(),
                }
            )
            earlier |= step
        return steps

    def _run(self, conversation):
        """Do all steps in their order. The first that can't be done is named, and nothing of all is done.

        :return: the ``whatsapp.cs.reply.use`` by which it can be undone
        """
        self.ensure_one()
        conversation._lock()
        before = self._take_picture(conversation)
        for number, step in enumerate(self.step_ids, 1):
            try:
                step._run(conversation)
            except UserError as error:
                raise UserError(
                    self.env._(
                        "“%(macro)s” stopped at step %(number)s (%(step)s), and nothing of it was done. %(reason)s",
                        macro=self.name,
                        number=number,
                        step=step.label,
                        reason=error,
                    )
                ) from error
        after = self._take_picture(conversation)
        return self.env["whatsapp.cs.reply.use"]._note(conversation, macro=self, before=before, after=after)

    # === UNDO === #

    @api.model
    def _take_picture(self, conversation):
        """Return what a macro may change of a conversation and undoing brings back."""
        # sudo: whatsapp.cs.conversation - it may have just gone to somebody else
        conversation_sudo = conversation.sudo()
        return {
            "state": conversation_sudo.state,
            "user_id": conversation_sudo.user_id.id,
            "team_id": conversation_sudo.team_id.id,
            "tag_ids": sorted(conversation_sudo.tag_ids.ids),
        }

    @api.model
    def _undo(self, use):
        """Bring back what a macro has changed, for who ran it, a few minutes long; return what stays as it is."""
        use_sudo = use.sudo()  # sudo: whatsapp.cs.reply.use - checked next: only the own
        conversation_sudo = use_sudo.conversation_id
        if use_sudo.user_id != self.env.user or not use_sudo.macro_id:
            raise UserError(self.env._("Only who ran a macro can undo it."))
        conversation_sudo._lock()
        too_late = use_sudo.date < fields.Datetime.now() - timedelta(minutes=UNDO_MINUTES)
        if use_sudo.undone_date or too_late or self._take_picture(conversation_sudo) != use_sudo.after:
            raise UserError(
                self.env._(
                    "“%s” can't be undone any more: the conversation has gone on since. Change it by hand.",
                    use_sudo.macro_id.name,
                )
            )
        self._bring_back(conversation_sudo, use_sudo.before, use_sudo.after)
        use_sudo.undone_date = fields.Datetime.now()
        return use_sudo.macro_id.step_ids.filtered(lambda step: not step._can_be_undone())

    @api.model
    def _bring_back(self, conversation_sudo, before, after):
        """Change a conversation from ``after`` back to ``before``, through its state machine."""
        changed = {name for name in before if before[name] != after[name]}
        if "tag_ids" in changed:
            conversation_sudo.tag_ids = [fields.Command.set(before["tag_ids"])]
        if "team_id" in changed:
            conversation_sudo._set_team(self.env["whatsapp.cs.team"].browse(before["team_id"]), self.env._("Undone"))
        if changed & {"state", "user_id", "team_id"}:
            if before["state"] in ("assigned", "waiting") and before["user_id"]:
                conversation_sudo._set_assigned(self.env["res.users"].browse(before["user_id"]))
                if before["state"] == "waiting":
                    conversation_sudo._set_waiting()
            elif before["state"] == "resolved":
                conversation_sudo._set_resolved()
            else:
                conversation_sudo._set_queued()
