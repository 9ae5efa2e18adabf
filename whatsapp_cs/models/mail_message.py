from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.mail.tools.discuss import Store


class MailMessage(models.Model):
    _inherit = "mail.message"

    message_type = fields.Selection(
        selection_add=[("whatsapp_cs", "WhatsApp")],
        # What customers wrote stays readable, as a comment of the partner.
        ondelete={"whatsapp_cs": lambda records: records.write({"message_type": "comment"})},
    )
    whatsapp_cs_message_ids = fields.One2many(
        "whatsapp.cs.message", "mail_message_id", groups="whatsapp_cs.whatsapp_cs_group_agent"
    )

    def _to_store_defaults(self, target):
        return super()._to_store_defaults(target) + self._whatsapp_cs_get_store_fields()

    def _whatsapp_cs_get_store_fields(self):
        """Return the delivery state for the client; only messages of WhatsApp threads have one."""

        def is_whatsapp_cs(message):
            return message.model == "discuss.channel" and bool(get(message))

        def get(message):
            # sudo: whatsapp.cs.message - who may see the message may see whether it arrived
            return message.sudo().whatsapp_cs_message_ids[:1]

        def get_state(message):
            return "unknown" if get(message).is_unknown else get(message).state

        return [
            Store.Attr("whatsapp_cs_state", get_state, predicate=is_whatsapp_cs),
            Store.Attr("whatsapp_cs_error", lambda message: get(message).error, predicate=is_whatsapp_cs),
        ]

    def _whatsapp_cs_broadcast_state(self):
        """Send the delivery state to everybody who looks at the threads, not only to the author."""
        for channel_id, messages in self.grouped("res_id").items():
            channel = self.env["discuss.channel"].browse(channel_id)
            Store(bus_channel=channel).add(messages, messages._whatsapp_cs_get_store_fields()).bus_send()

    def _message_reaction(self, content, action, partner, guest, store=None):
        # sudo: whatsapp.cs.message - only whether there is one
        if self.sudo().whatsapp_cs_message_ids:
            raise UserError(self.env._("Reactions can't be sent by WhatsApp yet. The customer would not see yours."))
        return super()._message_reaction(content, action, partner, guest, store)

    def whatsapp_cs_retry(self):
        """Send a failed WhatsApp message again; return the new state for the client."""
        self.check_access("read")
        for message in self:
            # sudo: whatsapp.cs.message - checked here: who may answer the customer may send again
            whatsapp_message_sudo = message.sudo().whatsapp_cs_message_ids
            if not whatsapp_message_sudo:
                raise AccessError(self.env._("This is not a WhatsApp message."))
            conversation = whatsapp_message_sudo.conversation_id.with_env(self.env)
            conversation._check_can_answer(whatsapp_message_sudo.body)
            whatsapp_message_sudo._retry()
        return Store().add(self, self._whatsapp_cs_get_store_fields()).get_result()
