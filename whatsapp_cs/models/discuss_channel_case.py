from odoo import models


class DiscussChannel(models.Model):
    """What agents do with the case of a chat, called by the client; see the methods of the conversation."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def whatsapp_cs_transfer(self):
        """Return the dialog that hands the conversation on."""
        return self._whatsapp_cs_get_conversation().action_transfer()

    def whatsapp_cs_snooze(self):
        """Return the dialog that asks until when it sleeps."""
        return self._whatsapp_cs_get_conversation().action_snooze()

    def whatsapp_cs_wake(self):
        """End the sleep."""
        self._whatsapp_cs_get_conversation().action_wake()

    def whatsapp_cs_merge(self):
        """Return the dialog that asks what is merged into it."""
        return self._whatsapp_cs_get_conversation().action_merge()

    def whatsapp_cs_spam(self):
        """Put it aside as spam, and block the sender."""
        self._whatsapp_cs_get_conversation().action_spam()

    def whatsapp_cs_unblock(self):
        """Take the sender back."""
        self._whatsapp_cs_get_conversation().action_unblock()

    def whatsapp_cs_split(self, message_id):
        """Let a new conversation begin with a message of this chat."""
        conversation = self._whatsapp_cs_get_conversation()
        message = self.env["mail.message"].search(
            [("id", "=", message_id), ("model", "=", self._name), ("res_id", "=", self.id)]
        )
        conversation._split(message)
