from . import whatsapp_cs_auto_reply_try
from . import whatsapp_cs_automation_figures
from . import whatsapp_cs_channel_replace
from . import whatsapp_cs_routing_try
from . import whatsapp_cs_merge
from . import whatsapp_cs_snooze
from . import whatsapp_cs_template_send
from . import whatsapp_cs_transfer
