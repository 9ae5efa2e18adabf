from . import whatsapp_cs_automation_report
from . import whatsapp_cs_bot_report
from . import whatsapp_cs_conversation_report
from . import whatsapp_cs_cost_report
