from . import webclient, whatsapp_cs
