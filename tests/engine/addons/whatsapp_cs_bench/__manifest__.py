{
    "name": "WhatsApp Customer Service: benchmarks",
    "summary": "What the benchmarks compare with; never installed in production",
    "version": "19.0.1.0.0",
    "author": "whatsapp_cs team",
    "license": "LGPL-3",
    "depends": ["whatsapp_cs"],
}
