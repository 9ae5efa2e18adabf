import itertools
import json
import time
from contextlib import contextmanager
from unittest.mock import patch

from markupsafe import Markup

from odoo.tests import HttpCase, new_test_user
from odoo.tools import file_open

from odoo.addons.whatsapp_cs.models import (
    whatsapp_cs_account_connection,
    whatsapp_cs_outbox_sender,
    whatsapp_cs_queue,
)
from odoo.addons.whatsapp_cs.tools import signature
from odoo.addons.whatsapp_cs.tools.graph_client import GraphClient

SECRET = "test-secret"


class FakeGraph:
    """Answers in Meta's place. ``sent`` holds every message payload, ``error`` is raised by the next calls."""

    def __init__(self):
        self.sent = []
        self.wamids = itertools.count(1)
        self.calls = []
        self.error = None
        self.answers = {}  # path: answer, an exception to raise, or a function of the call's arguments

    def request(self, _client, method, path, **kwargs):
        self.calls.append((method, path, kwargs))
        if path in self.answers:
            if isinstance(self.answers[path], Exception):
                raise self.answers[path]
            if callable(self.answers[path]):
                return self.answers[path](method=method, **kwargs)
            return self.answers[path]
        if path.endswith("/messages"):
            if self.error:
                raise self.error
            self.sent.append(kwargs["json"])
            return {"messages": [{"id": f"wamid.OUT{next(self.wamids)}"}]}
        raise AssertionError(f"unexpected call {method} {path}")


class WhatsappCsCommon(HttpCase):
    """An account with one live number, a user per role, and the two doors: the webhook and the crons."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.account = cls._create_account("1001")
        cls.channel = cls._create_channel(cls.account, "2001", "+1 555 0100")
        group = "whatsapp_cs.whatsapp_cs_group_"
        cls.agent = new_test_user(cls.env, "wa_agent", f"{group}agent", name="Arun")
        cls.agent_2 = new_test_user(cls.env, "wa_agent_2", f"{group}agent", name="Bela")
        cls.editor = new_test_user(cls.env, "wa_editor", f"{group}editor,sales_team.group_sale_salesman", name="Erin")
        cls.analyst = new_test_user(cls.env, "wa_analyst", f"{group}analyst", name="Nadia")
        cls.administrator = new_test_user(cls.env, "wa_administrator", f"{group}administrator", name="Admin")
        cls.employee = new_test_user(cls.env, "wa_employee", "base.group_user", name="Employee")

    def setUp(self):
        super().setUp()
        self.wamids = itertools.count(1)
        self.patch(whatsapp_cs_outbox_sender, "QUICK_RETRY", 0)  # tests don't wait, except the one about it
        self.patch(whatsapp_cs_queue, "LISTEN", False)
        self.patch(whatsapp_cs_outbox_sender, "_buckets", {})
        self.patch(whatsapp_cs_outbox_sender, "TICK", 0.005)

    @classmethod
    def _create_account(cls, waba_id, company=None):
        return cls.env["whatsapp.cs.account"].create(
            {
                "name": f"Account {waba_id}",
                "waba_id": waba_id,
                "app_id": "3001",
                "app_secret": SECRET,
                "access_token": "secret-token",
                "state": "connected",
                "company_id": (company or cls.env.company).id,
            }
        )

    @classmethod
    def _create_channel(cls, account, phone_number_id, number):
        return cls.env["whatsapp.cs.channel"].create(
            {
                "name": f"Shop {phone_number_id}",
                "account_id": account.id,
                "phone_number_id": phone_number_id,
                "display_phone_number": number,
                "number_status": "CONNECTED",
                "state": "live",
            }
        )

    # === BODIES === #

    def text_body(self, text="Hello", wamid="wamid.A1", **sender):
        """Return a body with one text message; without a sender it is Ana's, written now."""
        with file_open("whatsapp_cs/tests/data/text.json") as file:
            payload = json.load(file)
        value = payload["entry"][0]["changes"][0]["value"]
        message, contact = value["messages"][0], value["contacts"][0]
        message.update(id=wamid, timestamp=str(int(time.time())), text={"body": text})
        if sender:
            self._set_sender(message, contact, **sender)
        return payload

    @staticmethod
    def _set_sender(message, contact, wa_id=None, user_id=None, name=None, timestamp=None, phone_number_id=None):
        for target, key, value in (
            (message, "from", wa_id),
            (message, "from_user_id", user_id),
            (contact, "wa_id", wa_id),
            (contact, "user_id", user_id),
        ):
            target.pop(key, None)
            if value:
                target[key] = value
        contact["profile"] = {"name": name} if name else {}
        if timestamp:
            message["timestamp"] = str(timestamp)

    def status_body(self, status, wamid=None, key=None, **extra):
        item = {
            "id": wamid or "wamid.OUT1",
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": "15550100001",
        }
        if key:
            item["biz_opaque_callback_data"] = key
        return self.envelope(statuses=[{**item, **extra}])

    def envelope(self, phone_number_id="2001", waba_id="1001", **lists):
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": phone_number_id}, **lists}
        return {
            "object": "whatsapp_business_account",
            "entry": [{"id": waba_id, "changes": [{"field": "messages", "value": value}]}],
        }

    def field_body(self, field, waba_id="1001", **value):
        """Return a body of another webhook field than ``messages``."""
        return {
            "object": "whatsapp_business_account",
            "entry": [{"id": waba_id, "changes": [{"field": field, "value": value}]}],
        }

    # === DOORS === #

    def post_webhook(self, payload, account=None, secret=SECRET, headers=None):
        """Post a body (dict or bytes) as WhatsApp does and return the response."""
        account = account or self.account
        body = payload if isinstance(payload, bytes) else json.dumps(payload).replace("/", "\\/").encode()
        headers = {"Content-Type": "application/json"} | ({} if headers is None else headers)
        if secret:
            headers["X-Hub-Signature-256"] = signature.sign(secret, body)
        return self.url_open(f"/whatsapp_cs/webhook/{account.webhook_token}", data=body, headers=headers, method="POST")

    def run_cron(self, name):
        """Run one of our crons: ``event_process``, ``outbox_send`` or ``account_connect``."""
        with self.enter_registry_test_mode():
            self.env.ref(f"whatsapp_cs.ir_cron_whatsapp_cs_{name}").method_direct_trigger()
        self.env.invalidate_all()

    def receive(self, payload, account=None):
        """Post a body that is accepted, and process it."""
        self.assertEqual(self.post_webhook(payload, account).status_code, 200)
        self.run_cron("event_process")

    @contextmanager
    def mock_graph(self):
        graph = FakeGraph()
        graph.wamids = self.wamids
        with patch.object(GraphClient, "_request", autospec=True, side_effect=graph.request):
            yield graph

    @contextmanager
    def post_to_ourselves(self):
        """Let the test event of *Connect* arrive; a request can't be served while the test runs the cron."""

        def post_signed(_url, body, _header):
            self.env["whatsapp.cs.event"]._store(self.account, body)
            return 200

        with patch.object(whatsapp_cs_account_connection, "post_signed", post_signed):
            yield

    def send(self):
        """Run the outbox and return what WhatsApp got."""
        with self.mock_graph() as graph:
            self.run_cron("outbox_send")
        return graph.sent

    # === TEMPLATES === #

    def template_data(self, meta_id="7001", **values):
        """Return a template as Meta's list has it: a greeting with a name and an order."""
        return {
            "id": meta_id,
            "name": "order_shipped",
            "language": "en_US",
            "status": "APPROVED",
            "category": "UTILITY",
            "parameter_format": "POSITIONAL",
            "quality_score": {"score": "GREEN"},
            "components": [
                {
                    "type": "BODY",
                    "text": "Hello {{1}}, your order {{2}} is on its way to you today.",
                    "example": {"body_text": [["Ana", "S00042"]]},
                }
            ],
            **values,
        }

    def sync_templates(self, *data, user=None):
        """Press *Fetch from WhatsApp* while Meta has these templates; return those of the account."""
        with self.mock_graph() as graph:
            graph.answers["1001/message_templates"] = {"data": list(data)}
            self.env["whatsapp.cs.template"].with_user(user or self.administrator).action_sync()
        return self.env["whatsapp.cs.template"].search([("account_id", "=", self.account.id)])

    # === PEOPLE === #

    def get_contact(self, wa_id="15550100001", channel=None):
        return self.env["whatsapp.cs.contact"].search(
            [("wa_id", "=", wa_id), ("channel_id", "=", (channel or self.channel).id)]
        )

    def get_conversation(self, wa_id="15550100001"):
        return self.get_contact(wa_id).conversation_ids.sorted("id")[-1:]

    def get_thread(self, wa_id="15550100001"):
        return self.get_contact(wa_id).discuss_channel_id

    def answer(self, text="On its way", user=None, wa_id="15550100001", **kwargs):
        """Post in the thread as ``user``, the way Discuss does it: in superuser mode, as that user."""
        thread = self.get_thread(wa_id).with_user(user or self.agent)
        return thread.sudo().message_post(
            body=Markup(text), message_type="comment", **{"subtype_xmlid": "mail.mt_comment", **kwargs}
        )

    # === TEAMS === #

    def create_team(self, name, *agents, capacity=3, **values):
        """Return a team of these agents, each with the same capacity."""
        members = [(0, 0, {"user_id": agent.id, "capacity": capacity}) for agent in agents]
        return self.env["whatsapp.cs.team"].create(
            {"name": name, "company_id": self.company.id, "member_ids": members, **values}
        )

    def go(self, state, *agents, reason=False):
        """Let agents set their status in the browser."""
        for agent in agents:
            self.env["res.users"].with_user(agent).whatsapp_cs_set_status(state, reason)
        self.env.flush_all()

    def get_texts(self, thread):
        return [str(message.body) for message in thread.message_ids.sorted("id")]
