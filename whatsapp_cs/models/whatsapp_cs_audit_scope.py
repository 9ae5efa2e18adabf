# pylint: disable=consider-merging-classes-inherited
"""What of which record the audit follows (CO5): one list, so that nothing is followed twice or forgotten."""

from odoo import models


class WhatsappCsConversation(models.Model):
    _name = "whatsapp.cs.conversation"
    _inherit = ["whatsapp.cs.conversation", "whatsapp.cs.audited"]

    _audited_fields = ("state", "user_id", "team_id", "priority", "tag_ids", "automation_rest_reason")
    _audits_system = False

    def write(self, vals):
        """Note also who takes over what a colleague has reserved."""
        locker = vals.get("lock_user_id")
        taken = {
            conversation: conversation.lock_user_id.sudo().name  # sudo: res.users - for the audit
            for conversation in self
            if locker and conversation.lock_end and conversation.lock_user_id.id != locker
        }
        result = super().write(vals)
        for conversation, name in taken.items():
            new = self.env["res.users"].sudo().browse(locker).name  # sudo: as above
            self.env["whatsapp.cs.audit"]._log(conversation, "take_over", name, new, "lock_user_id")
        return result

    def _get_audit_name(self):
        """By number: a customer's name is not to outlive the customer's record here."""
        self.ensure_one()
        return self.env._("Conversation %s", self.id)


class WhatsappCsAccount(models.Model):
    _name = "whatsapp.cs.account"
    _inherit = ["whatsapp.cs.account", "whatsapp.cs.audited"]

    # By name: a field with a secret that comes later must not be followed by mistake.
    _audited_fields = (
        "name", "active", "company_id", "waba_id", "app_id", "api_version", "base_url", "backup_base_url", "state",
        "monthly_budget",
    )  # fmt: skip
    _audited_secrets = ("access_token", "app_secret", "verify_token", "webhook_token")


class WhatsappCsChannel(models.Model):
    _name = "whatsapp.cs.channel"
    _inherit = ["whatsapp.cs.channel", "whatsapp.cs.audited"]

    _audited_too = ("state", "replaced_by_id")


class WhatsappCsTemplate(models.Model):
    _name = "whatsapp.cs.template"
    _inherit = ["whatsapp.cs.template", "whatsapp.cs.audited"]

    _audited_too = ("state",)


class WhatsappCsAutoReply(models.Model):
    _name = "whatsapp.cs.auto.reply"
    _inherit = ["whatsapp.cs.auto.reply", "whatsapp.cs.audited"]


class WhatsappCsAutoReplyVariant(models.Model):
    _name = "whatsapp.cs.auto.reply.variant"
    _inherit = ["whatsapp.cs.auto.reply.variant", "whatsapp.cs.audited"]


class WhatsappCsBot(models.Model):
    _name = "whatsapp.cs.bot"
    _inherit = ["whatsapp.cs.bot", "whatsapp.cs.audited"]

    _audited_too = ("version_id",)  # what customers get: the version that was published


class WhatsappCsFollowUp(models.Model):
    _name = "whatsapp.cs.follow.up"
    _inherit = ["whatsapp.cs.follow.up", "whatsapp.cs.audited"]


class WhatsappCsTag(models.Model):
    _name = "whatsapp.cs.tag"
    _inherit = ["whatsapp.cs.tag", "whatsapp.cs.audited"]


class WhatsappCsTeam(models.Model):
    _name = "whatsapp.cs.team"
    _inherit = ["whatsapp.cs.team", "whatsapp.cs.audited"]


class WhatsappCsTeamMember(models.Model):
    _name = "whatsapp.cs.team.member"
    _inherit = ["whatsapp.cs.team.member", "whatsapp.cs.audited"]


class WhatsappCsSkill(models.Model):
    _name = "whatsapp.cs.skill"
    _inherit = ["whatsapp.cs.skill", "whatsapp.cs.audited"]


class WhatsappCsWaitingClass(models.Model):
    _name = "whatsapp.cs.waiting.class"
    _inherit = ["whatsapp.cs.waiting.class", "whatsapp.cs.audited"]


class WhatsappCsRoutingRule(models.Model):
    _name = "whatsapp.cs.routing.rule"
    _inherit = ["whatsapp.cs.routing.rule", "whatsapp.cs.audited"]


class WhatsappCsPrice(models.Model):
    _name = "whatsapp.cs.price"
    _inherit = ["whatsapp.cs.price", "whatsapp.cs.audited"]


class WhatsappCsMacroStep(models.Model):
    _name = "whatsapp.cs.macro.step"
    _inherit = ["whatsapp.cs.macro.step", "whatsapp.cs.audited"]
