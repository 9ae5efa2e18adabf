from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .whatsapp_cs_reminder import GROUP_ADMINISTRATOR

# The kinds that change the conversation itself, and can be taken back
STATE_KINDS = ("tag", "assign", "team", "snooze", "resolve")


class WhatsappCsMacroStep(models.Model):
    """One step of a macro. What a kind does stands in ``_run_<kind>``."""

    _name = "whatsapp.cs.macro.step"
    _description = "WhatsApp Macro Step"
    _order = "sequence, id"
    _rec_name = "label"

    macro_id = fields.Many2one("whatsapp.cs.macro", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("reply", "Send a Reply"),
            ("note", "Write a Note"),
            ("tag", "Set Tags"),
            ("assign", "Assign"),
            ("team", "Give to a Team"),
            ("snooze", "Snooze"),
            ("resolve", "Resolve"),
            ("lead", "Open a Lead"),
            ("action", "Run an Action"),
        ],
        required=True,
        default="reply",
    )
    label = fields.Char(compute="_compute_label")
    canned_response_id = fields.Many2one(
        "mail.canned.response", "Canned Reply", domain=[("is_shared", "=", True)], ondelete="restrict"
    )
    text = fields.Text(help="Variables such as {{first_name}} are filled in.")
    user_id = fields.Many2one(
        "res.users", "Agent", help="Empty: who runs the macro.", ondelete="restrict",
        domain=lambda self: [("all_group_ids", "in", self.env.ref("whatsapp_cs.whatsapp_cs_group_agent").ids)],
    )  # fmt: skip
    team_id = fields.Many2one("whatsapp.cs.team", ondelete="restrict")
    snooze_hours = fields.Integer("Hours", default=4)
    tag_ids = fields.Many2many("whatsapp.cs.tag", string="Tags")
    action_id = fields.Many2one(
        "ir.actions.server",
        domain=[("model_id.model", "=", "whatsapp.cs.conversation"), ("usage", "=", "ir_actions_server")],
        ondelete="restrict",
        groups=GROUP_ADMINISTRATOR,
    )

    @api.depends(
        "kind", "user_id.name", "team_id.name", "tag_ids.name", "canned_response_id.source", "action_id.name"
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_label(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for step in self:
            step_sudo = step.sudo()  # sudo: names of what the step is about
            name = {
                "reply": step_sudo.canned_response_id.source,
                "tag": ", ".join(step_sudo.tag_ids.mapped("name")),
                "assign": step_sudo.user_id.name,
                "team": step_sudo.team_id.name,
                "action": step_sudo.action_id.name,
            }.get(step.kind)
            step.label = f"{kinds.get(step.kind, '')}: {name}" if name else kinds.get(step.kind)

    @api.constrains("kind", "text", "canned_response_id", "team_id", "tag_ids", "snooze_hours", "action_id")
    def _check_is_complete(self):
        for step in self.sudo():  # sudo: the action is for administrators' eyes
            if step.kind == "reply" and not (step.text or step.canned_response_id):
                raise ValidationError(self.env._("A step that sends a reply needs a text or a canned reply."))
            if step.kind == "note" and not step.text:
                raise ValidationError(self.env._("A step that writes a note needs its text."))
            if step.kind == "tag" and not step.tag_ids:
                raise ValidationError(self.env._("Choose the tags that the step sets."))
            if step.kind == "team" and not step.team_id:
                raise ValidationError(self.env._("Choose the team that gets the conversation."))
            if step.kind == "snooze" and step.snooze_hours <= 0:
                raise ValidationError(self.env._("Say for how many hours the conversation sleeps."))
            if step.kind == "action" and not step.action_id:
                raise ValidationError(self.env._("Choose the action that the step runs; administrators may."))

    # === BEFORE === #

    def _can_be_undone(self):
        return self.kind in STATE_KINDS

    def _describe(self, conversation):
        """Return what the step would do here, beyond its label."""
        self.ensure_one()
        if self.kind in ("reply", "note"):
            return self._get_text(conversation)
        if self.kind == "assign":
            return (self.user_id or self.env.user).name
        if self.kind == "snooze":
            return self.env._("for %s hours", self.snooze_hours)
        if self.kind == "lead" and conversation.lead_id:
            return self.env._("There is one already: nothing will change.")
        return ""

    def _get_refusal(self, conversation, earlier):
        """Return why the step can't be done here, as a sentence, or an empty text.

        :param earlier: the steps before it: who gets the conversation by one of them may answer in the next
        """
        try:
            if self.kind == "reply" and "assign" not in earlier.mapped("kind"):
                conversation._check_can_answer(self._get_text(conversation), self._get_files())
            elif self.kind in STATE_KINDS:
                conversation._check_may_change()
        except UserError as error:
            return str(error)
        return ""

    def _get_text(self, conversation):
        if self.canned_response_id and self.kind == "reply":
            # sudo: mail.canned.response - who may run the macro may send what it sends
            return self.canned_response_id.sudo()._whatsapp_cs_render(conversation)
        return conversation._render_variables(self.text)

    def _get_files(self):
        return self.canned_response_id.sudo().whatsapp_cs_attachment_ids  # sudo: as in _get_text

    # === DOING === #

    def _run(self, conversation):
        self.ensure_one()
        getattr(self, f"_run_{self.kind}")(conversation)

    def _run_reply(self, conversation):
        reply_sudo = self.canned_response_id.sudo()  # sudo: as in _get_text
        thread = conversation.discuss_channel_id
        text = self._get_text(conversation)
        if reply_sudo and reply_sudo._whatsapp_cs_get_buttons():
            thread.whatsapp_cs_send_rich("buttons", reply_sudo._whatsapp_cs_get_rich_values(text))
        else:
            files = reply_sudo._whatsapp_cs_copy_files()
            # sudo: discuss.channel - as Discuss's own route; message_post checks who posts
            thread.sudo().message_post(
                body=text, message_type="comment", subtype_xmlid="mail.mt_comment", attachment_ids=files.ids
            )
        if reply_sudo:
            reply_sudo.last_used = fields.Datetime.now()
            self.env["whatsapp.cs.reply.use"]._note(conversation, responses=reply_sudo)

    def _run_note(self, conversation):
        # sudo: discuss.channel - as in _run_reply
        conversation.discuss_channel_id.sudo().message_post(
            body=self._get_text(conversation), message_type="comment", subtype_xmlid="mail.mt_note"
        )

    def _run_assign(self, conversation):
        user = self.user_id or self.env.user
        if user == self.env.user:
            conversation.action_take()
        else:
            conversation._transfer(user=user, reason=self.macro_id.name)

    def _run_team(self, conversation):
        conversation._transfer(team=self.team_id, reason=self.macro_id.name)

    def _run_snooze(self, conversation):
        conversation._snooze(fields.Datetime.now() + timedelta(hours=self.snooze_hours))

    def _run_tag(self, conversation):
        conversation._check_may_change()
        # sudo: whatsapp.cs.conversation - agents change it by what is checked only
        conversation.sudo().tag_ids |= self.tag_ids

    def _run_resolve(self, conversation):
        conversation.action_resolve()

    def _run_lead(self, conversation):
        conversation._check_is_agent()
        # sudo: whatsapp.cs.conversation, crm.lead - agents open leads by macros without seeing the others
        conversation_sudo = conversation.sudo()
        conversation_sudo._link_open_lead()
        if not conversation_sudo.lead_id:
            conversation_sudo.lead_id = conversation_sudo.lead_id.create(conversation_sudo._prepare_lead_values())

    def _run_action(self, conversation):
        conversation._check_is_agent()
        context = {"active_model": conversation._name, "active_id": conversation.id, "active_ids": conversation.ids}
        # sudo: ir.actions.server - an administrator has put it into the macro, for agents who can't change records
        self.sudo().action_id.with_context(**context).run()
