"""Installing, updating and uninstalling leave everybody else's data alone (NF6).

A database with other people's data gets the addon, a conversation happens, the addon is updated and uninstalled from
the Apps menu's own method. The schema must be the one from before, nothing may point to the addon any more, and
partners, leads and sources must not have changed by uninstalling.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from engine.stack import Postgres

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "whatsapp_cs_test_uninstall"
MODULE = "whatsapp_cs"
# Rows of other apps that uninstalling must not touch. (Tables of Odoo's own bookkeeping change with every module.)
KEPT_TABLES = ("res_partner", "crm_lead", "utm_source", "res_users", "crm_team", "res_company")

BEFORE = """
partner = env["res.partner"].create({"name": "Priya Nair", "phone": "+91 98000 20001"})
env["crm.lead"].create({"name": "Asked at the fair", "partner_id": partner.id})
env["utm.source"].create([{"name": "WhatsApp"}, {"name": "Fair"}])
env.cr.commit()
"""

CONVERSATION = """
import json

account = env["whatsapp.cs.account"].create({
    "name": "Lakeside", "waba_id": "1", "app_id": "2", "app_secret": "secret", "access_token": "token",
})
channel = env["whatsapp.cs.channel"].create({
    "name": "Lakeside", "account_id": account.id, "phone_number_id": "3", "display_phone_number": "+1 555-010-0100",
    "state": "live",
})
for index, (wa_id, name) in enumerate([("919800020001", "Priya"), ("4915550050007", "Jonas")]):
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100100", "phone_number_id": "3"},
        "contacts": [{"profile": {"name": name}, "wa_id": wa_id}],
        "messages": [{"from": wa_id, "id": f"wamid.{index}", "timestamp": "1790000000", "type": "text",
                      "text": {"body": "Good morning"}}],
    }
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}
    env["whatsapp.cs.event"]._store(account, json.dumps(body).encode())
env.cr.commit()
env.ref("whatsapp_cs.ir_cron_whatsapp_cs_event_process").method_direct_trigger()
env.cr.rollback()  # see what the job has committed
env.invalidate_all()
conversations = env["whatsapp.cs.conversation"].search([])
assert len(conversations) == 2, env["whatsapp.cs.event"].search([]).read(["state", "error"])
user = env["res.users"].create({
    "name": "Arun", "login": "arun",
    "group_ids": [(4, env.ref("base.group_user").id), (4, env.ref("whatsapp_cs.whatsapp_cs_group_administrator").id)],
})
env["ir.attachment"].create({"name": "note.txt", "raw": b"x", "res_model": "whatsapp.cs.account", "res_id": account.id})
env.cr.commit()
"""

UNINSTALL = f"""
env["ir.module.module"].search([("name", "=", "{MODULE}")]).button_immediate_uninstall()
"""


class Workbench:
    def __init__(self, log):
        self.log = log

    def odoo(self, *arguments, script=""):
        """Run Odoo's command line on the database; an error in its log is an error."""
        command = [sys.executable, os.environ["ODOO_BIN"], *arguments, "-d", DATABASE, "--no-http"]
        result = subprocess.run(
            command, input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False
        )
        self.log.write(f"$ {' '.join(arguments)}\n{result.stdout}\n")
        errors = [line for line in result.stdout.splitlines() if " ERROR " in line or " CRITICAL " in line]
        assert not result.returncode and not errors, "\n".join(errors or result.stdout.splitlines()[-25:])

    def query(self, sql, *parameters):
        return query(DATABASE, sql, *parameters)

    def schema(self):
        """Every column, constraint, index and sequence: what uninstalling must restore."""
        return {
            tuple(row)
            for row in self.query(
                """
                SELECT 'column', table_name, column_name, udt_name, is_nullable FROM information_schema.columns
                 WHERE table_schema = 'public'
                 UNION ALL
                SELECT 'constraint', conrelid::regclass::text, conname, contype::text, '' FROM pg_constraint
                 WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
                 UNION ALL
                SELECT 'index', tablename, indexname, '', '' FROM pg_indexes WHERE schemaname = 'public'
                 UNION ALL
                SELECT 'sequence', sequencename, '', '', '' FROM pg_sequences WHERE schemaname = 'public'
                """
            )
        }

    def rows(self, table, columns):
        names = ", ".join(f'"{name}"' for name in columns)
        return {
            row["id"]: row for (row,) in self.query(f"SELECT to_jsonb(kept) FROM (SELECT {names} FROM {table}) AS kept")
        }

    def columns(self, table):
        return sorted(
            name
            for (name,) in self.query(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'",
                table,
            )
            # Taking a group from its users writes on them; that is no change of what they are.
            if name not in ("write_date", "write_uid")
        )

    def counts(self):
        tables = [
            name
            for (name,) in self.query(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'whatsapp\\_cs\\_%%'"
            )
        ]
        return {table: self.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def query(database, sql, *parameters):
    # libpq's own variables (PGHOST …) say where and as whom
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """The whole life of the addon in one database; the tests look at what was noted on the way."""
    if "ODOO_BIN" not in os.environ:
        pytest.fail("Run this with scripts/test outside: it says where Odoo is.")
    manifest = ast.literal_eval((ROOT / MODULE / "__manifest__.py").read_text(encoding="utf-8"))
    Postgres.shared().drop(DATABASE)
    noted = {}
    with open(tmp_path_factory.mktemp("uninstall") / "odoo.log", "w", encoding="utf-8") as log:
        bench = Workbench(log)
        bench.odoo("server", "-i", ",".join([*manifest["depends"], "contacts"]), "--stop-after-init")
        bench.odoo("shell", script=BEFORE)
        noted["schema"] = bench.schema()
        columns = {table: bench.columns(table) for table in KEPT_TABLES}

        bench.odoo("server", "-i", MODULE, "--stop-after-init")
        bench.odoo("shell", script=CONVERSATION)
        noted["counts"] = bench.counts()

        bench.odoo("server", "-u", MODULE, "--stop-after-init")
        noted["counts after update"] = bench.counts()
        noted["rows"] = {table: bench.rows(table, columns[table]) for table in KEPT_TABLES}

        bench.odoo("shell", script=UNINSTALL)
        noted["rows after"] = {table: bench.rows(table, columns[table]) for table in KEPT_TABLES}
        noted["bench"] = bench
        yield noted
    Postgres.shared().drop(DATABASE)


def test_update_keeps_what_is_there(life):
    assert life["counts"]["whatsapp_cs_conversation"] == 2
    assert life["counts after update"] == life["counts"]


def test_module_is_uninstalled(life):
    assert life["bench"].query("SELECT state FROM ir_module_module WHERE name = %s", MODULE) == [("uninstalled",)]


def test_schema_is_as_before(life):
    after = life["bench"].schema()
    assert sorted(after - life["schema"]) == []
    assert sorted(life["schema"] - after) == []


@pytest.mark.parametrize(
    "table, column, pattern",
    [
        ("ir_model", "model", "whatsapp.cs.%"),
        ("ir_model_fields", "name", r"whatsapp\_cs%"),
        ("ir_model_data", "module", MODULE),
        ("ir_model_data", "name", r"%whatsapp\_cs\_%"),
        ("ir_ui_menu", "name::text", "%WhatsApp%"),
        ("ir_ui_menu", "web_icon", f"{MODULE},%"),
        ("ir_cron", "cron_name", "%WhatsApp%"),
        ("ir_act_server", "code", "%whatsapp%"),
        ("ir_ui_view", "name", r"%whatsapp%cs%"),
        ("res_groups_privilege", "name::text", "%WhatsApp%"),
        ("ir_module_category", "name::text", "WhatsApp"),
        ("ir_config_parameter", "key", r"whatsapp\_cs%"),
        ("ir_asset", "path", f"{MODULE}/%"),
        ("discuss_channel", "channel_type", MODULE),
        ("mail_message", "message_type", MODULE),
        ("ir_model_fields_selection", "value", MODULE),
    ],
)
def test_nothing_of_the_addon_is_left(life, table, column, pattern):
    assert life["bench"].query(f"SELECT id, {column} FROM {table} WHERE {column} LIKE %s", pattern) == []


def test_nothing_points_to_a_model_of_the_addon(life):
    bench = life["bench"]
    left = {}
    for table, column in bench.query(
        """
        SELECT table_name, column_name FROM information_schema.columns JOIN pg_tables ON tablename = table_name
         WHERE table_schema = 'public' AND column_name IN ('model', 'res_model', 'model_name', 'model_id', 'relation')
           AND udt_name IN ('varchar', 'text')
        """
    ):
        [(count,)] = bench.query(f'SELECT count(*) FROM "{table}" WHERE "{column}" LIKE \'whatsapp.cs.%%\'')
        if count:
            left[f"{table}.{column}"] = count
    assert left == {}


@pytest.mark.parametrize("table", KEPT_TABLES)
def test_other_apps_rows_are_unchanged(life, table):
    before, after = life["rows"][table], life["rows after"][table]
    assert before, "nothing to compare"
    assert sorted(before) == sorted(after)
    changed = [
        f"{key}.{name}: {value} -> {after[key][name]}"
        for key, row in before.items()
        for name, value in row.items()
        if value != after[key][name]
    ]
    assert changed == []
