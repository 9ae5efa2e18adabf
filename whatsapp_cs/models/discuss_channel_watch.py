from odoo import fields, models

from odoo.addons.mail.tools.discuss import Store

from .discuss_channel import is_whatsapp_cs
from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class DiscussChannel(models.Model):
    """Who looks at a chat, types in it, and has it reserved, is shown to everybody who looks at it."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    whatsapp_cs_lock_user_id = fields.Many2one(
        related="whatsapp_cs_conversation_id.lock_user_id", string="WhatsApp Conversation Opened By"
    )
    whatsapp_cs_lock_end = fields.Datetime(
        related="whatsapp_cs_conversation_id.lock_end", string="WhatsApp Conversation Reserved"
    )

    whatsapp_cs_snooze_until = fields.Datetime(
        related="whatsapp_cs_conversation_id.snooze_until", string="WhatsApp Conversation Snoozed Until"
    )

    def _whatsapp_cs_get_store_fields(self):
        # sudo: whatsapp.cs.conversation - as for the agent
        return super()._whatsapp_cs_get_store_fields() + [
            Store.One(
                "whatsapp_cs_lock_user_id",
                [Store.One("partner_id", ["name"], sudo=True)],
                predicate=is_whatsapp_cs,
                sudo=True,
            ),
            Store.Attr("whatsapp_cs_lock_end", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_snooze_until", predicate=is_whatsapp_cs, sudo=True),
        ]

    def whatsapp_cs_watch(self, sign="here"):
        """Tell who else looks at this chat that the user opens it, is here, types, or leaves; return it as it is now.

        Opening and typing reserve a conversation that nobody has; editors, who look into many, do so by typing only.
        Nothing is stored about who looks: the client
        forgets those from whom it has not heard for a while.
        """
        conversation = self._whatsapp_cs_get_conversation()
        if not self.env.user.has_group(GROUP_AGENT):
            return {}
        # sudo: whatsapp.cs.conversation - agents reserve by this method only; _reserve looks who may
        conversation_sudo = conversation.sudo()
        if sign == "typing" or (sign == "open" and not self.env.user.has_group(GROUP_EDITOR)):
            conversation_sudo._reserve()
        elif sign == "leave":
            conversation_sudo._unreserve()
        self._bus_send(
            "whatsapp_cs.watch",
            {
                "thread_id": self.id,
                "partner": {"id": self.env.user.partner_id.id, "name": self.env.user.name},
                "sign": sign,
            },
        )
        return Store().add(self, self._whatsapp_cs_get_store_fields()).get_result()
