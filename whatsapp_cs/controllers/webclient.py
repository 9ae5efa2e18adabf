from odoo.http import request

from odoo.addons.mail.controllers.webclient import WebclientController


class WhatsappCsWebclientController(WebclientController):
    @classmethod
    def _process_request_for_internal_user(cls, store, name, params):
        result = super()._process_request_for_internal_user(store, name, params)
        if name == "/whatsapp_cs/queue":
            # The user's own rights decide what is in it.
            request.update_context(
                channels=request.env.context["channels"] | request.env["discuss.channel"]._whatsapp_cs_get_queue()
            )
        return result
