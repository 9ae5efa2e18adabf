from odoo import models

from .whatsapp_cs_conversation import GROUP_AGENT


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Subscribe agents to the queue of their companies; others who ask get nothing."""
        channels = list(channels)
        if "whatsapp_cs.queue" in channels:
            channels.remove("whatsapp_cs.queue")
            if self.env.user.has_group(GROUP_AGENT):
                channels += [(company, "whatsapp_cs_queue") for company in self.env.user.company_ids]
        return super()._build_bus_channel_list(channels)
