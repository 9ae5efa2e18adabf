from odoo import models


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"

    def _on_customer_messages(self, messages):
        """Answer messages that begin with “ping” as automatic replies would be: through the outbox."""
        result = super()._on_customer_messages(messages)
        for message in messages.filtered(lambda message: (message.body or "").startswith("ping")):
            self.env["whatsapp.cs.message"]._queue(message.conversation_id, message.mail_message_id, message.body)
        return result
