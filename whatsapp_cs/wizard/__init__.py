from . import whatsapp_cs_channel_replace
