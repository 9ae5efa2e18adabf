from odoo import fields, models


class WhatsappCsAutomationEvent(models.Model):
    """Facts of a bot's steps."""

    _inherit = "whatsapp.cs.automation.event"  # pylint: disable=consider-merging-classes-inherited

    bot_step_id = fields.Many2one("whatsapp.cs.bot.step", readonly=True, index="btree_not_null", ondelete="set null")
    bot_id = fields.Many2one(related="bot_step_id.bot_id", store=True)


class WhatsappCsAutoReply(models.Model):
    """A rule that starts a bot (AR4)."""

    _inherit = "whatsapp.cs.auto.reply"  # pylint: disable=consider-merging-classes-inherited

    bot_id = fields.Many2one(
        "whatsapp.cs.bot",
        "Start a Bot",
        check_company=True,
        domain="[('version_id', '!=', False)]",
        ondelete="restrict",
        help="After the reply, if there is one. Only published bots start.",
    )

    def _get_actions(self):
        actions = super()._get_actions()
        if self.bot_id:
            actions.append(("bot", self._start_bot))
        return actions

    def _start_bot(self, conversation):
        self.bot_id._start(conversation, self.env._("rule “%s”", self.name))

    def _answer(self, conversation):
        """A bot that has begun goes on by itself: no person is needed now."""
        return super()._answer(conversation) or conversation.state == "bot"
