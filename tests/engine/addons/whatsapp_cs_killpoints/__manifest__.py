{
    "name": "WhatsApp Customer Service: kill points",
    "summary": "For the crash test only: worker processes that die on command, at a named point",
    "version": "19.0.1.0.0",
    "author": "whatsapp_cs contributors",
    "license": "LGPL-3",
    "category": "Hidden",
    "depends": ["whatsapp_cs"],
    "post_load": "install",  # loaded by server_wide_modules, never installed
}
