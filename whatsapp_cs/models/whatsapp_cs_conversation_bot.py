from functools import partial

from odoo import fields, models

from ..tools import bot_engine, message_payload
from .whatsapp_cs_related import count_by, get_list_action


class WhatsappCsConversation(models.Model):
    """A case that a bot is in: what it says there, and how it comes to an end (AR9)."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    bot_run_ids = fields.One2many("whatsapp.cs.bot.run", "conversation_id", "Bot Runs")
    bot_run_count = fields.Integer(compute="_compute_bot_run_count")

    def _compute_bot_run_count(self):
        counts = count_by(self, "whatsapp.cs.bot.run", "conversation_id")
        for conversation in self:
            conversation.bot_run_count = counts.get(conversation, 0)

    def action_view_bot_runs(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_bot_run_action", "conversation_id")

    def _update_state(self, state, **values):
        """End the bot's run when a case leaves the bot in whatever way."""
        left = self.filtered(lambda conversation: conversation.state == "bot") if state != "bot" else self.browse()
        result = super()._update_state(state, **values)
        if left:
            self.env["whatsapp.cs.bot.run"]._find_active(left)._on_taken(state)
        return result

    # === INBOUND === #

    def _plan_automation(self, messages):
        """Let bots that are in progress take in what was written, before any rule is asked."""
        runs = {run.conversation_id: run for run in self.env["whatsapp.cs.bot.run"]._find_active(self)}
        now = fields.Datetime.now()
        talking = self.filtered(
            lambda conversation: conversation in runs and not conversation._get_automation_rest(now)
        )
        by_conversation = messages.grouped("conversation_id")
        plan = [
            (conversation, partial(runs[conversation]._answer_messages, by_conversation[conversation]))
            for conversation in talking
        ]
        return plan + super(WhatsappCsConversation, self - talking)._plan_automation(messages)

    # === FOR THE BOT === #

    def _get_bot_lead(self):
        """Return the lead that answers are written to; one is opened when there is none."""
        self.ensure_one()
        self._link_open_lead()
        self._open_lead()
        return self.lead_id

    def _say_as_bot(self, step, said, counts):
        """Send what a bot says; recommended products with pictures where the number has a catalogue.

        :param counts: the customer has not brought it about by an answer (AR6)
        """
        said = {**said, "body": self._render_variables(said["body"])}
        message_type, content, text = *bot_engine.to_api(said), said["body"]
        if said.get("codes") and self.channel_id.catalog_id:
            message_type, content = self._build_products(step, said)
        self._answer_automatically(
            "bot", text, bot_step=step, message_type=message_type, content=content, counts=counts
        )

    def _build_products(self, step, said):
        values = {
            "catalog": self.channel_id.catalog_id,
            "products": said["codes"],
            "header": bot_engine.clip(step.name, message_payload.HEADER_LIMIT),
            "body": bot_engine.clip(self._render_variables(said["lead"]) or step.name, message_payload.BODY_LIMIT),
        }
        message_type, content, _text = message_payload.build("products", values)
        return message_type, content

    def _hand_over_from_bot(self, reason, run, team_id=None, skill_id=None):
        """Give the case to a person, with what the customer has answered so far.

        :param team_id: who is to go on; None: as routing decides
        :param skill_id: what that person has to be able to do, or None
        """
        skill = self.env["whatsapp.cs.skill"].browse(skill_id or ()).exists()
        self.skill_ids |= skill
        self._rest_automation("handed_over")
        self._hand_over(reason, answers=run._get_answer_lines(), skill=skill)
        if team := self.env["whatsapp.cs.team"].browse(team_id or ()).exists():
            self._set_team(team, self.env._("The bot hands over to this team."))
