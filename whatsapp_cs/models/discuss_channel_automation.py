from odoo import fields, models

from odoo.addons.mail.tools.discuss import Store

from .discuss_channel import is_whatsapp_cs


class DiscussChannel(models.Model):
    """Whether automation answers in a chat, and the switch for it (AR6)."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    whatsapp_cs_rest_reason = fields.Selection(
        related="whatsapp_cs_conversation_id.automation_rest_reason", string="WhatsApp Automation Rests"
    )
    whatsapp_cs_rest_until = fields.Datetime(
        related="whatsapp_cs_conversation_id.automation_rest_until", string="WhatsApp Automation Rests Until"
    )

    def _whatsapp_cs_get_store_fields(self):
        # sudo: whatsapp.cs.conversation - who may see the thread may see whether automation answers in it
        return [
            *super()._whatsapp_cs_get_store_fields(),
            Store.Attr("whatsapp_cs_rest_reason", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_rest_until", predicate=is_whatsapp_cs, sudo=True),
        ]

    def whatsapp_cs_rest_automation(self):
        """Switch automation off in this chat (see ``whatsapp.cs.conversation.action_rest_automation``)."""
        self._whatsapp_cs_get_conversation().action_rest_automation()

    def whatsapp_cs_wake_automation(self):
        """Let automation answer in this chat again."""
        self._whatsapp_cs_get_conversation().action_wake_automation()
