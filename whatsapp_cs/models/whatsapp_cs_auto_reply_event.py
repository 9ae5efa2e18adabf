from odoo import api, fields, models


class WhatsappCsCustomerEvent(models.Model):
    """Events of customers are answered by the rules that wait for them (AR1)."""

    _inherit = "whatsapp.cs.customer.event"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _is_awaited(self, name):
        # sudo: whatsapp.cs.auto.reply - only whether there is one
        rules_sudo = self.env["whatsapp.cs.auto.reply"].sudo()
        return super()._is_awaited(name) or bool(rules_sudo.search_count([("event", "=", name)], limit=1))

    def _process(self):
        result = super()._process()
        conversation = self.contact_id.conversation_ids.sorted("id")[-1:]
        if conversation:
            conversation._answer_event(self.name)
        return result


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _answer_event(self, event):
        """Let the rules answer that something has happened, as long as free text may be sent.

        :param event: a name of ``whatsapp.cs.customer.event``
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if not self.is_window_open or self._get_automation_rest(now):
            return
        Rule = self.env["whatsapp.cs.auto.reply"]
        selection = Rule._choose(self.company_id, Rule._get_single_situation(self, now, event=event))
        if selection.acts:
            selection.carry_out(self)
