from odoo import http
from odoo.http import request


class Bare(http.Controller):
    @http.route(
        "/whatsapp_cs_bench/bare",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def bare(self):
        """Answer as the webhook does and do nothing: what Odoo itself costs."""
        return request.make_json_response({})
