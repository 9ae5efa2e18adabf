import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from odoo.addons.whatsapp_cs.tools import graph_client, graph_errors
from odoo.addons.whatsapp_cs.tools.graph_client import GraphClient, GraphError


class Answer(BaseHTTPRequestHandler):
    """Answers each call with what the test put into ``script``: (status, body) or a callable(handler)."""

    script = []
    seen = []

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.seen.append((self.command, self.path, self.headers.get("Authorization"), self.rfile.read(length)))
        answer = self.script.pop(0)
        if callable(answer):
            answer(self)
            return
        status, body = answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_args):
        pass


@tagged("post_install", "-at_install")
class TestGraphClient(BaseCase):
    """Against a real HTTP server on this machine."""

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # Odoo's tests lengthen short time-outs; ours are what is tested, and the server is on this machine.
        return _super_send(session, request, **kwargs)

    def setUp(self):
        super().setUp()
        Answer.script, Answer.seen = [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.client = GraphClient(f"http://127.0.0.1:{self.server.server_port}", "v25.0", "secret-token")

    def send(self, *script):
        Answer.script = list(script)
        with self.assertRaises(GraphError) as raised:
            self.client.send_message("2001", {"type": "text"})
        return raised.exception

    def test_a_message_is_posted_once_with_the_token_in_the_header(self):
        Answer.script = [(200, {"messages": [{"id": "wamid.1"}]})]
        self.assertEqual(self.client.send_message("2001", {"a": "é"}), "wamid.1")
        [(method, path, authorization, body)] = Answer.seen
        self.assertEqual((method, path, authorization), ("POST", "/v25.0/2001/messages", "Bearer secret-token"))
        self.assertEqual(json.loads(body), {"a": "é"})

    def test_an_error_of_meta_keeps_its_code_and_words(self):
        error = self.send((400, {"error": {"code": 131047, "message": "m", "error_data": {"details": "too late"}, "fbtrace_id": "T"}}))  # fmt: skip
        self.assertEqual((error.code, error.details, error.trace), (131047, "too late", "T"))
        self.assertFalse(error.retryable or error.outcome_unknown or error.needs_administrator)

    def test_families_decide(self):
        self.assertTrue(self.send((401, {"error": {"code": 190}})).needs_administrator)
        self.assertTrue(self.send((429, {"error": {"code": 130429}})).retryable)
        self.assertTrue(self.send((500, {"error": {"code": 131000}})).retryable)
        self.assertTrue(self.send((500, {"error": {"code": 987654}})).retryable, "unknown code, but HTTP 5xx")
        self.assertTrue(self.send((400, {"error": {"code": 987654, "is_transient": True}})).retryable)
        self.assertFalse(self.send((400, {"error": {"code": 987654}})).retryable)

    def test_a_connection_that_breaks_after_sending_leaves_the_outcome_open(self):
        def hang_up(handler):
            handler.connection.shutdown(socket.SHUT_RDWR)

        error = self.send(hang_up)
        self.assertTrue(error.outcome_unknown)
        self.assertFalse(error.retryable)
        self.assertEqual(len(Answer.seen), 1)

    def test_a_time_out_leaves_the_outcome_open(self):
        self.patch(graph_client, "READ_TIMEOUT", 0.2)
        done = threading.Event()
        self.addCleanup(done.set)
        error = self.send(lambda handler: done.wait(5))
        self.assertTrue(error.outcome_unknown)
        self.assertEqual(len(Answer.seen), 1)

    def test_nobody_there_is_safe_to_try_again(self):
        with contextlib.closing(socket.socket()) as unused:
            unused.bind(("127.0.0.1", 0))
            self.client.base_url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            error = self.send()
        self.assertTrue(error.retryable)
        self.assertFalse(error.outcome_unknown)

    def test_a_proxys_page_is_no_answer(self):
        self.assertTrue(self.send((502, b"<html>Bad gateway</html>")).outcome_unknown)
        self.assertTrue(self.send((200, b"<html>Welcome</html>")).outcome_unknown)
        self.assertTrue(self.send((200, {"messages": []})).outcome_unknown)
        self.assertFalse(self.send((404, b"nothing here")).outcome_unknown)

    def test_a_redirect_is_not_followed_with_the_token(self):
        def redirect(handler):
            handler.send_response(302)
            handler.send_header("Location", "http://127.0.0.1:1/")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.send(redirect)
        self.assertEqual(len(Answer.seen), 1)

    def test_every_page_of_numbers_is_read(self):
        page = {"data": [{"id": "1"}], "paging": {"cursors": {"after": "X"}, "next": "http://next"}}
        Answer.script = [(200, page), (200, {"data": [{"id": "2"}], "paging": {"cursors": {"after": "Y"}}})]
        self.assertEqual(self.client.get_phone_numbers("1001", ["id"]), [{"id": "1"}, {"id": "2"}])
        self.assertIn("after=X", Answer.seen[1][1])

    def test_an_error_text_never_holds_the_token(self):
        error = self.send((400, {"error": {"code": 100, "message": "bad"}}))
        self.assertNotIn("secret-token", f"{error!r} {error}")

    def test_every_known_code_has_a_family_and_a_sentence(self):
        for code, meaning in graph_errors._MEANINGS.items():
            self.assertTrue(meaning.family and meaning.text, code)
