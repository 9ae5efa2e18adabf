from . import thread, webclient, whatsapp_cs
