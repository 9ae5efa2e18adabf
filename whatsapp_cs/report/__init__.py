from . import whatsapp_cs_conversation_report
