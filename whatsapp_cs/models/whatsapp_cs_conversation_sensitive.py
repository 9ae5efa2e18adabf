# pylint: disable=consider-merging-classes-inherited
"""Refunds, complaints and the like: not for everybody who looks at a queue (CO1)."""

from odoo import api, fields, models

from odoo.addons.mail.tools.discuss import Store


class WhatsappCsTag(models.Model):
    _inherit = "whatsapp.cs.tag"

    is_sensitive = fields.Boolean(
        "Sensitive",
        help="Conversations with this tag are seen by editors and administrators, and by the agent who is given one; "
        "no agent finds them in a queue, and none gets one by itself.",
    )


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"

    is_sensitive = fields.Boolean(compute="_compute_is_sensitive", store=True, help="One of its tags is.")

    @api.depends("tag_ids.is_sensitive")
    def _compute_is_sensitive(self):
        for conversation in self:
            is_sensitive = any(conversation.tag_ids.mapped("is_sensitive"))
            if conversation.is_sensitive != is_sensitive:
                conversation._broadcast()
            conversation.is_sensitive = is_sensitive


class DiscussChannel(models.Model):
    _inherit = "discuss.channel"

    def _whatsapp_cs_tell_queue(self, queue):
        """Tell those who look at a queue of a sensitive conversation only that it is none of theirs."""
        sensitive = self.filtered(lambda channel: channel.whatsapp_cs_conversation_id.is_sensitive)
        if sensitive:
            store = Store(bus_channel=queue, bus_subchannel="whatsapp_cs_queue")
            store.add(sensitive, [Store.Attr("whatsapp_cs_is_sensitive", True)])
            self.env["bus.bus"]._sendone((queue, "whatsapp_cs_queue"), "mail.record/insert", store.get_result())
        others = self - sensitive
        return super(DiscussChannel, others)._whatsapp_cs_tell_queue(queue) if others else None

    def _whatsapp_cs_get_store_fields(self):
        return [
            *super()._whatsapp_cs_get_store_fields(),
            # sudo: as for the other fields there
            Store.Attr(
                "whatsapp_cs_is_sensitive",
                lambda channel: channel.sudo().whatsapp_cs_conversation_id.is_sensitive,
                predicate=lambda channel: channel.channel_type == "whatsapp_cs",
            ),
        ]
