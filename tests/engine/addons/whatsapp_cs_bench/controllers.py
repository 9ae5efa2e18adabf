import time

from odoo import fields, http
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

    @http.route(
        "/whatsapp_cs_bench/decide", type="http", auth="public", methods=["POST"], csrf=False, save_session=False
    )
    def decide(self, text, count="200"):
        """Return how many seconds each of ``count`` decisions took which rule answers, the first one not counted."""
        env = request.env(user=1)
        conversation = env["whatsapp.cs.conversation"].search([], limit=1)
        message = conversation.message_ids.filtered(lambda message: message.direction == "in")[:1]
        message.body = text
        seconds = []
        for _turn in range(int(count) + 1):
            start = time.perf_counter()
            selection = env["whatsapp.cs.auto.reply"]._select(conversation, message, fields.Datetime.now())
            seconds.append(time.perf_counter() - start)
        env.cr.rollback()
        return request.make_json_response({"seconds": seconds[1:], "rule": selection.rule.id})
