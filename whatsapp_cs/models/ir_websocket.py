from odoo import models

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Subscribe agents to the queues of their companies and teams, editors to the wall; others get nothing."""
        channels = list(channels)
        if "whatsapp_cs.queue" in channels:
            channels.remove("whatsapp_cs.queue")
            if self.env.user.has_group(GROUP_AGENT):
                queues = [*self.env.user.company_ids, *self.env.user._whatsapp_cs_get_queue_teams()]
                channels += [(queue, "whatsapp_cs_queue") for queue in queues]
        if "whatsapp_cs.desk" in channels:
            channels.remove("whatsapp_cs.desk")
            if self.env.user.has_group(GROUP_AGENT):
                channels += [(company, "whatsapp_cs_desk") for company in self.env.user.company_ids]
        if "whatsapp_cs.wall" in channels:
            channels.remove("whatsapp_cs.wall")
            if self.env.user.has_group(GROUP_EDITOR):
                channels += [(company, "whatsapp_cs_wall") for company in self.env.user.company_ids]
        return super()._build_bus_channel_list(channels)
