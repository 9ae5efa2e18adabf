"""Calls to Odoo's server as a logged-in browser makes them."""


class RpcError(Exception):
    """The server refused: ``name`` is the exception's full Python name, the text is what it says."""

    def __init__(self, error):
        data = error.get("data") or {}
        self.name = data.get("name", "")
        super().__init__(data.get("message") or error.get("message"))


class Rpc:
    def __init__(self, request, url):
        self._request = request
        self._url = url

    def route(self, path, **params):
        """Call a JSON route and return its result; raises ``RpcError``."""
        response = self._request.post(f"{self._url}{path}", data={"jsonrpc": "2.0", "method": "call", "params": params})
        answer = response.json()
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer.get("result")

    def call(self, model, method, *args, **kwargs):
        return self.route("/web/dataset/call_kw", model=model, method=method, args=list(args), kwargs=kwargs)

    def post(self, thread_id, body, **post_data):
        """Post into a thread as the composer does."""
        data = {"body": body, "message_type": "comment", "subtype_xmlid": "mail.mt_comment", **post_data}
        return self.route("/mail/message/post", thread_model="discuss.channel", thread_id=thread_id, post_data=data)
