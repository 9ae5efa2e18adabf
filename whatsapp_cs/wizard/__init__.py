from . import whatsapp_cs_auto_reply_try
from . import whatsapp_cs_channel_replace
from . import whatsapp_cs_routing_try
from . import whatsapp_cs_template_send
