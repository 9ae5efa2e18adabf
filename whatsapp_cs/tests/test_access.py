from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import WhatsappCsCommon

# What each role may do with our models over RPC: r(ead), w(rite), c(reate), d(elete).
MATRIX = {
    "whatsapp.cs.account": {"administrator": "rwcd"},
    "whatsapp.cs.alert": {"administrator": "r"},
    "whatsapp.cs.auto.reply": {"agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.auto.reply.try": {"editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.auto.reply.variant": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.automation.event": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.bot": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.answer": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.bot.branch": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.choice": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.condition": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.product": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.step": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.bot.run": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.bot.version": {"editor": "r", "administrator": "r"},
    "whatsapp.cs.audit": {"administrator": "r"},
    "whatsapp.cs.audited": {},
    "whatsapp.cs.campaign": {"editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.campaign.recipient": {"editor": "r", "administrator": "r"},
    "whatsapp.cs.channel": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "rw"},
    "whatsapp.cs.consent": {"agent": "rc", "editor": "rc", "administrator": "rc"},
    "whatsapp.cs.consent.language": {"administrator": "rwcd"},
    "whatsapp.cs.channel.check": {"administrator": "r"},
    "whatsapp.cs.channel.registration": {"administrator": "rwcd"},
    "whatsapp.cs.channel.replace": {"administrator": "rwc"},
    "whatsapp.cs.contact": {"agent": "r", "editor": "rw", "administrator": "rw"},
    "whatsapp.cs.conversation": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.conversation.agent": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.conversation.report": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.cost.report": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.automation.figures": {"analyst": "rwc", "agent": "rwc", "editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.automation.goal": {},
    "whatsapp.cs.bot.report": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.automation.report": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.batch": {},
    "whatsapp.cs.customer.event": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.follow.up": {"agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.follow.up.job": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.early.status": {"administrator": "r"},
    "whatsapp.cs.event": {"administrator": "r"},
    "whatsapp.cs.health": {},
    "whatsapp.cs.health.sample": {"administrator": "r"},
    "whatsapp.cs.cached": {},
    "whatsapp.cs.limits": {},
    "whatsapp.cs.macro": {"agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.macro.step": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.masked": {},
    "whatsapp.cs.masking": {},
    "whatsapp.cs.media": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.former.identity": {"editor": "r", "administrator": "r"},
    "whatsapp.cs.contact.merge": {"editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.merge": {"agent": "rwc", "editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.message": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.notice": {"administrator": "r"},
    "whatsapp.cs.outbox": {"administrator": "r"},
    "whatsapp.cs.price": {"editor": "r", "administrator": "rwcd"},
    "whatsapp.cs.queue": {},
    "whatsapp.cs.rating": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.reply.use": {"analyst": "r", "agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.send.policy": {},
    "whatsapp.cs.reminder": {},
    "whatsapp.cs.tag": {"agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.agent.status": {"agent": "r", "editor": "r", "administrator": "r"},
    "whatsapp.cs.assigner": {},
    "whatsapp.cs.routing.rule": {"editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.routing.try": {"editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.routing.try.line": {"editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.skill": {"agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.team": {"analyst": "r", "agent": "r", "editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.team.member": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.snooze": {"agent": "rwc", "editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.template": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.button": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.card": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.send": {"agent": "rwcd", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.send.line": {"agent": "rwcd", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.send.value": {"agent": "rwcd", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.template.variable": {"agent": "r", "editor": "rwcd", "administrator": "rwcd"},
    "whatsapp.cs.transfer": {"agent": "rwc", "editor": "rwc", "administrator": "rwc"},
    "whatsapp.cs.receipt": {"administrator": "r"},
    "whatsapp.cs.waiting.alert": {"editor": "r", "administrator": "r"},
    "whatsapp.cs.waiting.class": {"editor": "rwc", "administrator": "rwcd"},
    "whatsapp.cs.webhook.refusal": {"administrator": "r"},
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}


@tagged("post_install", "-at_install")
class TestAccess(WhatsappCsCommon):
    def test_the_roles_are_a_ladder(self):
        group = "whatsapp_cs.whatsapp_cs_group_"
        ladder = ["analyst", "agent", "editor", "administrator"]
        for user, height in ((self.analyst, 1), (self.agent, 2), (self.editor, 3), (self.administrator, 4)):
            held = [name for name in ladder if user.has_group(group + name)]
            self.assertEqual(held, ladder[:height], user.login)

    def test_every_role_has_exactly_its_rights_on_every_model(self):
        ours = {name for name in self.registry if name.startswith("whatsapp.cs.")}
        self.assertEqual(ours, set(MATRIX), "a new model needs a line in the matrix")
        users = {
            "analyst": self.analyst,
            "agent": self.agent,
            "editor": self.editor,
            "administrator": self.administrator,
            "employee": self.employee,
        }
        for model, roles in MATRIX.items():
            for role, user in users.items():
                for letter, operation in OPERATIONS.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        allowed = self.env[model].with_user(user).has_access(operation)
                        self.assertEqual(allowed, letter in roles.get(role, ""))

    def test_secrets_are_for_administrators_only(self):
        for user in (self.editor, self.agent, self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.account.with_user(user).read(["name"])
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.channel.with_user(user).account_id.read(["access_token"])
        self.assertEqual(
            self.account.with_user(self.administrator).read(["access_token"])[0]["access_token"], "secret-token"
        )

    def test_secrets_are_not_exported(self):
        fields = self.env["whatsapp.cs.account"].with_user(self.administrator).fields_get()
        for name in ("access_token", "app_secret", "verify_token", "webhook_token"):
            self.assertFalse(fields[name]["exportable"], name)

    def test_a_copy_of_an_account_has_no_secrets(self):
        copy = self.account.copy({"waba_id": "1009"})
        self.assertFalse(copy.access_token or copy.app_secret)
        self.assertNotEqual(copy.webhook_token, self.account.webhook_token)

    def test_a_neutralized_database_can_not_send(self):
        from odoo.tools import file_open

        with file_open("whatsapp_cs/data/neutralize.sql") as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertFalse(self.account.access_token or self.account.app_secret)
        self.assertEqual((self.account.state, self.channel.state), ("draft", "blocked"))
