from odoo import http
from odoo.http import request

from odoo.addons.mail.controllers.thread import ThreadController


class WhatsappCsThreadController(ThreadController):
    @classmethod
    def _get_thread_with_access_for_post(cls, thread_model, thread_id, **kwargs):
        thread = super()._get_thread_with_access_for_post(thread_model, thread_id, **kwargs)
        if not thread and thread_model == "discuss.channel":
            request.env[thread_model].browse(int(thread_id))._whatsapp_cs_explain_no_access()
        return thread

    @http.route()
    def mail_message_post(self, thread_model, thread_id, post_data, context=None, **kwargs):
        """Count the canned replies that a WhatsApp message was made of."""
        result = super().mail_message_post(thread_model, thread_id, post_data, context=context, **kwargs)
        ids = [response_id for response_id in kwargs.get("canned_response_ids", ()) if isinstance(response_id, int)]
        if ids and thread_model == "discuss.channel" and not request.env.user._is_public():
            request.env[thread_model].browse(int(thread_id))._whatsapp_cs_note_replies(ids)
        return result
