import random

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools.message_payload import get_reply_content


class WhatsappCsAutoReply(models.Model):
    """What a rule does: its reply and its actions (AR2–AR5)."""

    _inherit = "whatsapp.cs.auto.reply"  # pylint: disable=consider-merging-classes-inherited

    def _answer(self, conversation):
        """Send the reply and run the actions; tell whether no person is needed now."""
        self.ensure_one()
        text, variant = self._choose_text(conversation)
        if text:
            text, message_type, content = self._prepare_reply(conversation, text)
            conversation._answer_automatically(
                self.trigger,
                text,
                rule=self,
                message_type=message_type,
                content=content,
                files=self.attachment_ids,
                variant_id=variant.id,
            )
        else:
            conversation._note_automation(self.trigger, rule_id=self.id)
        self._run_actions(conversation)
        if self.hands_over:
            return conversation._need_person("rule")
        return self.settles and self.trigger != "event" and conversation._settle()

    # === REPLY === #

    def _choose_text(self, conversation):
        """Return ``(text, variant)`` in the customer's language: by chance, but never the same as the last time."""
        rule = self.with_context(lang=conversation._get_customer_lang())
        if rule.second_text and rule.second_condition and rule._holds_condition(conversation):
            return rule.second_text, self.env["whatsapp.cs.auto.reply.variant"]
        options = [rule.variant_ids.browse(), *rule.variant_ids]
        if len(options) > 1:
            last = self._get_last_fact(conversation)
            options = [variant for variant in options if not last or variant != last.variant_id]
        variant = self._pick(options)
        return (variant.text if variant else rule.text) or "", variant

    def _get_last_fact(self, conversation):
        """Return the fact of the last time this rule answered the contact."""
        domain = [("contact_id", "=", conversation.contact_id.id), ("rule_id", "=", self.id), ("outcome", "=", "sent")]
        # sudo: whatsapp.cs.automation.event - Try It shows the wording that would come next
        return self.env["whatsapp.cs.automation.event"].sudo().search(domain, limit=1)

    def _pick(self, options):
        return random.choice(options)  # noqa: S311 - no secret

    def _holds_condition(self, conversation):
        """Tell whether ``second_condition`` holds now; who adds a condition answers for it here."""
        return False

    def _prepare_reply(self, conversation, text):
        """Return ``(text, type, content)`` of the reply as it is sent, its variables filled in."""
        rule = self.with_context(lang=conversation._get_customer_lang())
        text = conversation._render_variables(text)
        choices = [(f"whatsapp_cs.rule:{self.id}:{n}", title) for n, title in enumerate(rule._get_button_titles(), 1)]
        content, message_type = None, "text"
        if choices:
            opener = rule.env._("Choose")
            message_type, content = "interactive", get_reply_content(text, choices, opener)
        if self.has_person_button:
            message_type, content = conversation._add_person_button(text, message_type, content)
        return text, message_type, content

    # === ACTIONS === #

    def _run_actions(self, conversation):
        """Run each action by itself: one that fails leaves nothing behind, and the others are none the worse for it."""
        for name, action in self._get_actions():
            try:
                with self.env["whatsapp.cs.event"]._all_or_nothing():
                    action(conversation)
                    self.env.flush_all()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:
                conversation._note_automation_failure(error, step=name, rule_id=self.id)

    def _get_actions(self):
        """Return ``[(name, function of the conversation)]``; extend it to let rules do more."""
        self.ensure_one()
        actions = []
        if self.tag_ids:
            actions.append(("tags", self._set_tags))
        if self.team_id:
            actions.append(("team", self._give_to_team))
        if self.opens_lead:
            actions.append(("lead", lambda conversation: conversation._open_lead()))
        if self.sudo().server_action_id:  # sudo: ir.actions.server - the system's administrator has chosen it
            actions.append((self.sudo().server_action_id.name, self._run_server_action))
        return actions

    def _set_tags(self, conversation):
        conversation.tag_ids |= self.tag_ids

    def _give_to_team(self, conversation):
        conversation._set_team(self.team_id, self.env._("Automatic reply “%s”", self.name))

    def _run_server_action(self, conversation):
        """Run the server action on the conversation, its partner or its lead; the last two are nothing when missing."""
        action = self.sudo().server_action_id  # sudo: as in _get_actions
        record = {
            "res.partner": conversation.partner_id,
            "crm.lead": conversation.lead_id,
        }.get(action.model_id.model, conversation)
        if record:
            action.with_context(active_model=record._name, active_id=record.id, active_ids=record.ids).run()
