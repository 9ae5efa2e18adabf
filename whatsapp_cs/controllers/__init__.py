from . import ir_http, thread, webclient, whatsapp_cs
