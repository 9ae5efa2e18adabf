from odoo import api, models
from odoo.http import request

API_PATHS = ("/xmlrpc/", "/jsonrpc", "/json/")


class IrHttp(models.AbstractModel):
    """The one place where models learn of the request they run in: they themselves know of none."""

    _inherit = "ir.http"

    @api.model
    def _whatsapp_cs_get_origin(self):
        """Return from where what is happening now was asked for: ``{origin, ip_address, browser, platform}``."""
        if not request:
            return {"origin": "job"}
        user_agent = request.httprequest.user_agent
        return {
            "origin": "api" if request.httprequest.path.startswith(API_PATHS) else "screen",
            "ip_address": request.httprequest.remote_addr,
            "browser": user_agent.browser,
            "platform": user_agent.platform,
        }
