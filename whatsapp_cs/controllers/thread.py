from odoo.http import request

from odoo.addons.mail.controllers.thread import ThreadController


class WhatsappCsThreadController(ThreadController):
    @classmethod
    def _get_thread_with_access_for_post(cls, thread_model, thread_id, **kwargs):
        thread = super()._get_thread_with_access_for_post(thread_model, thread_id, **kwargs)
        if not thread and thread_model == "discuss.channel":
            request.env[thread_model].browse(int(thread_id))._whatsapp_cs_explain_no_access()
        return thread
