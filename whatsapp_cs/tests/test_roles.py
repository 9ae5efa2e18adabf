"""Each role on each model, over the doors that clients use: RPC, menus and screens, exports. Printed as docs/roles.md.

``WHATSAPP_CS_WRITE_DOCS=1`` renews that file.
"""

import json
import os
from pathlib import Path

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.bus.models.ir_websocket import IrWebsocket
from odoo.addons.whatsapp_cs.models.base import is_figures

from .common import WhatsappCsCommon
from .test_access import MATRIX, OPERATIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"
ROLES = ("analyst", "agent", "editor", "administrator")
SECRET = "Zanzibar-4711"  # what a customer writes, and analysts must find nowhere
TEXT_TYPES = ("char", "text", "html", "json")
# What editors may delete: lines of something that they edit, and templates WhatsApp never saw.
EDITED_WITHIN = (
    "whatsapp.cs.auto.reply.variant", "whatsapp.cs.macro.step", "whatsapp.cs.team.member", "whatsapp.cs.template", "whatsapp.cs.template.button", "whatsapp.cs.template.card",
    "whatsapp.cs.template.variable",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestRoles(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.receive(self.text_body(f"My password is {SECRET}"))
        self.conversation = self.get_conversation()
        self.users = {role: getattr(self, role) for role in ROLES} | {"employee": self.employee}

    def call(self, user, model, method, *args, **kwargs):
        """Call a method as RPC does, with its checks; nothing of it stays."""
        self.env.flush_all()
        savepoint = self.cr.savepoint(flush=False)
        try:
            with mute_logger("odoo.sql_db"):
                return call_kw(self.env[model].with_user(user), method, list(args), kwargs)
        finally:
            self.env.transaction.clear()  # what a refused call has left to be written
            savepoint.close(rollback=True)

    def is_refused(self, user, model, method, *args, **kwargs):
        """Tell whether the call is refused for want of rights; what fails for another reason was let through."""
        try:
            self.call(user, model, method, *args, **kwargs)
        except AccessError:
            return True
        except Exception:
            return False
        return False

    # === RPC === #

    def test_every_role_can_do_over_rpc_what_the_matrix_says_and_no_more(self):
        wrong = []
        for model in MATRIX:
            if self.env[model]._abstract or self.env[model]._transient:
                continue
            record = self.env[model].search([], limit=1)
            for role, user in self.users.items():
                for letter, method, args in self.get_calls(model, record, user):
                    refused = self.is_refused(user, model, method, *args)
                    if refused == (letter in MATRIX[model].get(role, "")):
                        wrong.append((model, role, method, "refused" if refused else "allowed"))
        self.assertFalse(wrong)

    def get_calls(self, model, record, user):
        """Return ``[(right, method, arguments)]`` by which a client would use each right."""
        calls = [
            ("r", "search_read", ([], ["id"])),
            ("r", "formatted_read_group", ([], [], ["__count"])),
            ("r", "name_search", ("",)),
        ]
        # Those are refused, or break, without what they belong to before any right is asked for.
        if model not in ("whatsapp.cs.automation.event", "whatsapp.cs.bot.condition", "whatsapp.cs.consent"):
            calls.append(("c", "create", ([{}],)))
        # Of what a user does not see at all nothing can be changed, whatever the right.
        if record and self.env[model]._auto and record.with_user(user).has_access("read"):
            calls += [("w", "write", (record.ids, {})), ("d", "unlink", (record.ids,))]
        return calls

    def test_what_agents_do_not_have_is_not_there_for_them(self):
        self.get_thread().with_user(self.agent).whatsapp_cs_take()
        message = self.conversation.message_ids
        for model, record in (
            ("whatsapp.cs.conversation", self.conversation),
            ("whatsapp.cs.message", message),
            ("whatsapp.cs.contact", self.get_contact()),
            ("discuss.channel", self.get_thread()),
            ("mail.message", message.mail_message_id),
        ):
            with self.subTest(model=model):
                self.assertFalse(self.call(self.agent_2, model, "search", [("id", "=", record.id)]))
                for user, refused in ((self.agent_2, True), (self.agent, False), (self.editor, False)):
                    self.assertEqual(self.is_refused(user, model, "read", record.ids, ["create_date"]), refused)

    def test_a_sensitive_conversation_is_for_editors_and_for_whom_it_is_given_to(self):
        team = self.create_team("Sales", self.agent, self.agent_2)
        self.conversation._set_team(team, "words")
        self.go("available", self.agent_2)
        refund = self.env["whatsapp.cs.tag"].create({"name": "Refund", "is_sensitive": True})
        self.assertTrue(self.call(self.agent, "whatsapp.cs.conversation", "search", []))
        self.conversation.tag_ids = refund
        found = {
            user.login: bool(self.call(user, "whatsapp.cs.conversation", "search", []))
            and bool(self.call(user, "discuss.channel", "search", [("id", "=", self.get_thread().id)]))
            and bool(self.call(user, "whatsapp.cs.message", "search", [("body", "like", SECRET)]))
            for user in (self.agent, self.editor, self.administrator)
        }
        self.assertEqual(found, {"wa_agent": False, "wa_editor": True, "wa_administrator": True})
        self.run_cron("assign")
        self.assertEqual(self.conversation.state, "queued", "nobody gets it by itself")
        self.conversation.with_user(self.editor)._transfer(user=self.agent, reason="You know this customer")
        self.assertTrue(self.call(self.agent, "whatsapp.cs.conversation", "search", []))
        self.assertFalse(self.call(self.agent_2, "whatsapp.cs.conversation", "search", []))

    def test_editors_delete_nothing(self):
        letters = {model: roles.get("editor", "") for model, roles in MATRIX.items()}
        deletable = {model for model, allowed in letters.items() if "d" in allowed and not self.env[model]._transient}
        self.assertFalse(
            {model for model in deletable if model not in EDITED_WITHIN},
            "an editor may delete the lines of something, and drafts of templates; nothing else",
        )

    # === EXPORTS === #

    def test_exports_by_role(self):
        self.env.ref("base.group_allow_export").user_ids += self.analyst | self.agent | self.editor
        wrong = []
        for model in MATRIX:
            if self.env[model]._abstract or self.env[model]._transient:
                continue
            for role, user in self.users.items():
                refused = self.is_refused(user, model, "export_data", [], ["id"])
                if refused == self.may_export(model, role):
                    wrong.append((model, role, "refused" if refused else "allowed"))
        self.assertFalse(wrong)

    def may_export(self, model, role):
        if role == "employee" or "r" not in MATRIX[model].get(role, ""):
            return False
        return is_figures(model) or role in ("editor", "administrator")

    # === SCREENS === #

    def get_menus(self, role):
        """Return ``{full name: action}`` of what a role sees below WhatsApp."""
        menus = self.env["ir.ui.menu"].with_user(self.users[role])
        ours = menus.search([("id", "child_of", self.env.ref("whatsapp_cs.whatsapp_cs_menu").id)])
        visible = ours.browse(menus._visible_menu_ids()) & ours
        return {menu.complete_name: menu.sudo().action for menu in visible if menu.sudo().action}

    def test_every_menu_opens_for_everybody_who_sees_it(self):
        for role in ROLES:
            for name, action in self.get_menus(role).items():
                if action._name != "ir.actions.act_window":
                    continue
                with self.subTest(role=role, menu=name):
                    views = [(view_id, kind) for view_id, kind in action.views]
                    user = self.users[role]
                    self.call(user, action.res_model, "get_views", views, {"toolbar": True})
                    if not self.env[action.res_model]._transient:
                        self.call(user, action.res_model, "web_search_read", [], {"display_name": {}}, limit=1)
        self.assertFalse(self.get_menus("employee"))

    # === ANALYSTS === #

    def test_analysts_find_no_message_text_anywhere(self):
        """Every text that a table of the database holds is searched for the secret, as the analyst."""
        self.env.flush_all()
        tried = 0
        for name in sorted(self.env.registry):
            model = self.env[name].with_user(self.analyst)
            if model._abstract or model._transient or not model._auto or not model.has_access("read"):
                continue
            for field in model._fields.values():
                if field.type not in TEXT_TYPES or not field.store or not model._has_field_access(field, "read"):
                    continue
                tried += 1
                with self.subTest(model=name, field=field.name):
                    self.assertFalse(self.find_secret(model, field))
        self.assertGreater(tried, 250)

    def find_secret(self, model, field):
        if field.type == "json":
            return any(SECRET in json.dumps(record[field.name]) for record in model.search([], limit=200))
        return model.with_context(active_test=False).search([(field.name, "like", SECRET)], limit=1)

    def test_analysts_see_no_chat_by_any_other_door(self):
        thread, message = self.get_thread(), self.conversation.message_ids
        analyst = self.analyst
        for model, method, args in (
            ("discuss.channel", "message_post", (thread.ids,)),
            ("discuss.channel", "whatsapp_cs_get_palette", (thread.ids,)),
            ("discuss.channel", "read", (thread.ids, ["name"])),
            ("mail.message", "read", (message.mail_message_id.ids, ["body"])),
            ("whatsapp.cs.conversation", "formatted_read_group", ([], ["message_ids"], ["__count"])),
            ("whatsapp.cs.message", "search_read", ([("body", "ilike", SECRET)], ["body"])),
        ):
            with self.subTest(model=model, method=method), self.assertRaises(UserError):
                self.call(analyst, model, method, *args)
        found = self.call(analyst, "mail.message", "search_read", [("body", "ilike", SECRET)], ["body"])
        self.assertFalse(found)
        self.patch(IrWebsocket, "_build_bus_channel_list", lambda _self, names: names)  # it needs a websocket
        names = [f"discuss.channel_{thread.id}", "whatsapp_cs.queue"]
        channels = self.env["ir.websocket"].with_user(analyst)._build_bus_channel_list(names)
        self.assertFalse([channel for channel in channels if thread in channel or "whatsapp_cs_queue" in channel])

    def test_analysts_see_no_files_of_customers(self):
        file = self.env["ir.attachment"].create(
            {
                "name": "proof.txt",
                "raw": SECRET.encode(),
                "res_model": "discuss.channel",
                "res_id": self.get_thread().id,
            }
        )
        for user in (self.analyst, self.employee):
            with self.subTest(user=user.login):
                self.assertTrue(self.is_refused(user, "ir.attachment", "read", file.ids, ["raw"]))
                self.assertFalse(self.call(user, "ir.attachment", "search", [("id", "=", file.id)]))

    # === HIDDEN NUMBERS === #

    def hide_numbers(self):
        self.env["res.config.settings"].create({"whatsapp_cs_hides_numbers": True}).set_values()

    def test_agents_see_numbers_unless_they_are_hidden(self):
        contact = self.get_contact()
        contact.partner_id.phone = "+1 555-010-0001"
        reads = (
            ("whatsapp.cs.contact", contact, "wa_id"),
            ("whatsapp.cs.contact", contact, "phone"),
            ("res.partner", contact.partner_id, "phone"),
            ("whatsapp.cs.message", self.conversation.message_ids, "wamid"),
        )
        shown = {(m, f): self.call(self.agent, m, "read", r.ids, [f])[0][f] for m, r, f in reads}
        self.assertEqual(shown["res.partner", "phone"], "+1 555-010-0001")
        self.hide_numbers()
        for model, record, name in reads:
            with self.subTest(model=model, field=name):
                for method, args in (("read", (record.ids, [name])), ("web_read", (record.ids, {name: {}}))):
                    value = self.call(self.agent, model, method, *args)[0][name]
                    self.assertTrue(value is False or "•" in value)
                found = self.call(self.agent, model, "search_read", [("id", "=", record.id)], [name])[0][name]
                self.assertTrue(found is False or "•" in found)
                self.assertTrue(self.is_refused(self.agent, model, "formatted_read_group", [], [name], ["__count"]))
                self.assertEqual(self.call(self.editor, model, "read", record.ids, [name])[0][name], shown[model, name])
        self.assertEqual(
            self.call(self.agent, "res.partner", "read", contact.partner_id.ids, ["phone"])[0]["phone"],
            "+1 55•-•••-••01",
        )
        colleague = self.employee.partner_id
        colleague.phone = "+1 555-010-0099"
        self.assertEqual(
            self.call(self.agent, "res.partner", "read", colleague.ids, ["phone"])[0]["phone"], colleague.phone
        )

    def test_hidden_numbers_are_not_exported_and_name_nobody(self):
        self.agent.group_ids += self.env.ref("base.group_allow_export")
        self.receive(self.text_body("Hi", "wamid.N1", wa_id="15550100009"))
        nameless = self.get_contact("15550100009")
        self.assertEqual(nameless.name, "+1 555-010-0009")
        self.hide_numbers()
        self.assertEqual((nameless.name, nameless.discuss_channel_id.name), ("+1 55•-•••-••09",) * 2)
        partner = nameless.partner_id
        self.assertTrue(self.is_refused(self.agent, "res.partner", "export_data", partner.ids, ["phone"]))
        self.assertFalse(self.is_refused(self.agent, "res.partner", "export_data", partner.ids, ["name"]))
        self.env["res.config.settings"].create({"whatsapp_cs_hides_numbers": False}).set_values()
        self.assertEqual(nameless.name, "+1 555-010-0009")

    # === SETTINGS === #

    def test_the_settings_show_the_mix_of_roles_beside_the_usual_one(self):
        users = self.env["res.users"]
        for role in ROLES:
            self.env.ref(f"whatsapp_cs.whatsapp_cs_group_{role}").user_ids = [Command.clear()]
        for role, count in (("agent", 7), ("editor", 2), ("administrator", 1)):
            group = self.env.ref(f"whatsapp_cs.whatsapp_cs_group_{role}")
            for number in range(count):
                users.create({"name": role, "login": f"{role}{number}", "group_ids": [Command.link(group.id)]})
        mix = self.env["res.config.settings"]._get_whatsapp_cs_role_mix()
        self.assertEqual(
            [(count, percent, usual) for _name, count, percent, usual in mix], [(7, 70, 70), (2, 20, 20), (1, 10, 10)]
        )
        html = self.env["res.config.settings"].create({}).whatsapp_cs_role_mix
        self.assertIn("usually 70 %", html)

    # === THE DOCUMENT === #

    def test_the_document_shows_what_was_tried(self):
        if not DOCUMENT.parent.is_dir():
            self.skipTest("the addon stands alone: no docs beside it")
        text = self.get_document()
        if os.environ.get("WHATSAPP_CS_WRITE_DOCS"):
            DOCUMENT.write_text(text)
        self.assertEqual(DOCUMENT.read_text(), text, "docs/roles.md is old: WHATSAPP_CS_WRITE_DOCS=1 renews it")

    def get_document(self):
        rows = [
            "# Who may do what",
            "",
            "Written by `whatsapp_cs/tests/test_roles.py` from what it tries over RPC, in exports and on screens; each role",
            "includes fewer rights than the next. Agents see their own conversations and the queues of their teams only, editors",
            "all; nobody sees another company's. What has no sign can't even be read. Most records change by buttons, which",
            "check more than this table: so conversations are *read* here, and taken, answered and resolved there.",
            "",
            "| records | " + " | ".join(ROLES) + " |",
            "|---|" + "---|" * len(ROLES),
        ]
        names = {"r": "read", "w": "change", "c": "create", "d": "delete"}
        for model in sorted(MATRIX, key=lambda name: self.env[name]._description):
            if not any(MATRIX[model].values()) or self.env[model]._transient:
                continue
            cells = []
            for role in ROLES:
                words = [names[letter] for letter in OPERATIONS if letter in MATRIX[model].get(role, "")]
                cells.append(", ".join(words + ["export"] * self.may_export(model, role)))
            description = self.env[model]._description.removeprefix("WhatsApp ")
            rows.append(f"| {description} (`{model}`) | " + " | ".join(cells) + " |")
        rows += ["", "| menu | " + " | ".join(ROLES) + " |", "|---|" + "---|" * len(ROLES)]
        menus = {role: self.get_menus(role) for role in ROLES}
        for name in menus["administrator"]:
            rows.append(
                f"| {name.removeprefix('WhatsApp/').replace('/', ' › ')} | "
                + " | ".join("✓" if name in menus[role] else "" for role in ROLES)
                + " |"
            )
        return "\n".join(rows) + "\n"
