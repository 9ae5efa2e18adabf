import json
from contextlib import contextmanager

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WhatsappCsCommon

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@tagged("post_install", "-at_install")
class TestAudit(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.audit = self.env["whatsapp.cs.audit"].with_user(self.administrator)
        self.last = self.audit.search([], limit=1).id or 0

    def get_entries(self, **values):
        """Return what was noted since the test began, oldest first."""
        domain = [("id", ">", self.last), *((name, "=", value) for name, value in values.items())]
        return self.audit.search(domain, order="id")

    def get_changes(self, model, field_name):
        return [
            (entry.user_id, entry.old_value, entry.new_value)
            for entry in self.get_entries(res_model=model, field_name=field_name)
        ]

    # === WHAT IS NOTED === #

    def test_who_took_a_conversation_over_from_whom_is_noted(self):
        self.receive(self.text_body())
        conversation = self.get_conversation()
        self.assertFalse(self.get_entries(res_model=conversation._name), "what the system does itself is routine")
        conversation.with_user(self.agent).action_take()
        conversation.with_user(self.editor).action_take()
        self.assertEqual(
            self.get_changes(conversation._name, "user_id"),
            [(self.agent, False, "Arun"), (self.editor, "Arun", "Erin")],
        )
        self.assertEqual(self.get_changes(conversation._name, "state"), [(self.agent, "In the Queue", "Assigned")])
        entry = self.get_entries(res_model=conversation._name)[0]
        self.assertEqual((entry.res_id, entry.origin, entry.company_id), (conversation.id, "job", self.company))
        self.assertAlmostEqual(entry.date.timestamp(), fields.Datetime.now().timestamp(), delta=60)
        self.assertNotIn(
            "Ana", f"{entry.record_name}{entry.new_value}", "no customer's name outlives the customer here"
        )
        self.assertEqual(entry.action_open_record()["res_id"], conversation.id)

    def test_who_takes_over_what_a_colleague_has_opened_is_noted(self):
        self.receive(self.text_body())
        conversation = self.get_conversation()
        conversation.with_user(self.agent).sudo()._reserve()
        conversation.with_user(self.editor).action_take()
        entry = self.get_entries(action="take_over")
        self.assertEqual((entry.user_id, entry.old_value, entry.new_value), (self.editor, "Arun", "Erin"))

    def test_a_changed_setting_is_noted_with_both_values(self):
        self.channel.with_user(self.administrator).write({"reopen_hours": 48, "send_rate": self.channel.send_rate})
        self.assertEqual(self.get_changes("whatsapp.cs.channel", "reopen_hours"), [(self.administrator, "24", "48")])
        self.assertFalse(self.get_changes("whatsapp.cs.channel", "send_rate"), "what stays is no change")
        self.assertEqual(self.get_entries(field_name="reopen_hours").field_label, "Reopen Within (Hours)")

    def test_a_secret_is_noted_without_its_value(self):
        self.account.with_user(self.administrator).access_token = "new-secret"
        self.assertEqual(
            self.get_changes("whatsapp.cs.account", "access_token"), [(self.administrator, False, "(changed)")]
        )

    def test_created_and_deleted_records_are_noted_by_name(self):
        template = self.env["whatsapp.cs.template"].with_user(self.editor)
        template = template.create({"name": "thanks", "account_id": self.account.id, "language": "en_US", "body": "Hi"})
        template.unlink()
        entries = self.get_entries(res_model="whatsapp.cs.template")
        self.assertEqual(entries.mapped("action"), ["create", "unlink"])
        self.assertEqual(entries[1].record_name, "thanks (en_US)")
        with self.assertRaisesRegex(UserError, "not there any more"):
            entries[1].action_open_record()

    def test_roles_given_and_taken_are_noted(self):
        agents = self.env.ref("whatsapp_cs.whatsapp_cs_group_agent")
        crew = self.env["res.groups"].create({"name": "Shop", "implied_ids": [(4, agents.id)]})
        self.last = self.audit.search([], limit=1).id
        crew.user_ids = self.employee  # by a group that includes the role
        self.analyst.group_ids += agents
        self.agent_2.active = False
        self.assertEqual(
            [(entry.record_name, entry.old_value, entry.new_value) for entry in self.get_entries(action="role")],
            [("Employee", False, "Agent"), ("Nadia", "Analyst", "Agent"), ("Bela", "Agent", False)],
        )

    def test_from_where_it_was_done_is_noted(self):
        self.receive(self.text_body())
        conversation = self.get_conversation()
        self.authenticate("wa_agent", "wa_agent")
        call = {"model": conversation._name, "method": "action_take", "args": [conversation.ids], "kwargs": {}}
        answer = self.url_open(
            f"/web/dataset/call_kw/{conversation._name}/action_take",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": call}),
            headers={"Content-Type": "application/json", "User-Agent": BROWSER},
        )
        self.assertNotIn("error", answer.json())
        entry = self.get_entries(field_name="user_id")
        self.assertEqual(
            (entry.origin, entry.ip_address, entry.browser, entry.platform),
            ("screen", "127.0.0.1", "chrome", "linux"),
        )

    # === APPEND-ONLY === #

    @contextmanager
    def refused_by_the_database(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(psycopg2.errors.InsufficientPrivilege, "append-only"),
            self.cr.savepoint(),
        ):
            yield

    def test_nobody_changes_or_deletes_it(self):
        self.account.monthly_budget = 5
        entry = self.get_entries(field_name="monthly_budget")
        for user in (self.administrator, self.editor):
            with self.subTest(user=user.login):
                for call in (lambda e: e.write({"new_value": "1"}), lambda e: e.unlink(), lambda e: e.copy()):
                    with self.assertRaises(UserError):
                        call(entry.with_user(user))
        with self.assertRaisesRegex(UserError, "only ever added"):
            entry.sudo().new_value = "1"
        with self.assertRaisesRegex(UserError, "only ever added"):
            entry.sudo().unlink()
        for statement in (
            "UPDATE whatsapp_cs_audit SET new_value = '1'",
            "DELETE FROM whatsapp_cs_audit",
            "TRUNCATE whatsapp_cs_audit",
        ):
            with self.subTest(statement=statement), self.refused_by_the_database():
                self.cr.execute(statement)
        self.env.invalidate_all()
        self.assertEqual(entry.new_value, "5.0")

    def test_only_administrators_read_it(self):
        for user in (self.editor, self.agent, self.analyst, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.audit.with_user(user).search([])

    # === RETENTION === #

    def add_old(self, **ago):
        return self.audit.sudo().create(
            {
                "date": fields.Datetime.subtract(fields.Datetime.now(), **ago),
                "user_id": self.env.uid,
                "action": "write",
                "res_model": "whatsapp.cs.account",
                "origin": "job",
            }
        )

    def test_what_is_older_than_two_years_is_deleted(self):
        old, young = self.add_old(months=24, days=1), self.add_old(months=23)
        self.audit._gc_old()
        self.env.invalidate_all()
        self.assertEqual((old.exists(), young.exists()), (old.browse(), young))

    def test_no_flag_opens_what_is_younger_than_three_months(self):
        self.add_old(days=80)
        with self.refused_by_the_database():
            self.cr.execute("SET LOCAL whatsapp_cs.audit_retention = 'on'")
            self.cr.execute("DELETE FROM whatsapp_cs_audit")
        with self.assertRaisesRegex(UserError, "at least 3 months"):
            self.env["res.config.settings"].create({"whatsapp_cs_audit_months": 2}).set_values()

    # === EXPORTS === #

    def allow_export(self):
        self.env.ref("base.group_allow_export").user_ids += self.agent | self.editor | self.analyst

    def test_editors_export_conversations_and_that_is_noted(self):
        self.allow_export()
        self.receive(self.text_body())
        conversation = self.get_conversation()
        conversation.with_user(self.editor).export_data(["contact_id/name", "state"])
        entry = self.get_entries(action="export")
        self.assertEqual(
            (entry.user_id, entry.res_model, entry.new_value),
            (self.editor, conversation._name, "1 records: contact_id/name, state"),
        )

    def test_agents_export_nothing_about_customers_not_even_by_a_detour(self):
        self.allow_export()
        self.receive(self.text_body())
        conversation = self.get_conversation().with_user(self.agent)
        thread = self.get_thread().with_user(self.agent)
        for records, names in (
            (conversation, ["state"]),
            (conversation.contact_id, ["name"]),
            (conversation.message_ids, ["body"]),
            (thread, ["whatsapp_cs_conversation_id/message_ids/body"]),
        ):
            with self.subTest(model=records._name, names=names):
                self.assertTrue(records)
                with self.assertRaisesRegex(AccessError, "by editors only"):
                    records.export_data(names)
        self.env["whatsapp.cs.conversation.report"].with_user(self.agent).search([]).export_data(["state"])

    def test_administrators_export_the_audit(self):
        self.account.monthly_budget = 5
        rows = self.get_entries(field_name="monthly_budget").export_data(["user_id", "old_value", "new_value"])
        self.assertEqual(rows["datas"], [[self.env.user.name, "0.0", "5.0"]])
        with self.assertRaises(UserError):
            self.get_entries().with_user(self.editor).export_data(["new_value"])
