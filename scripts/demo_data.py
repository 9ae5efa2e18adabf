"""Fills the demo's database and connects its accounts to the simulator. Read by ``odoo shell``, which gives ``env``.

Every part may run again: what is there is brought to what it should be, nothing is made twice. Odoo runs beside it and
does the connecting, so what it must see is committed at once.
"""

import os
import sys
import time

import requests

from odoo.fields import Command

ODOO_URL = os.environ["ODOO_URL"]
PHONE_URL = os.environ["PHONE_URL"]  # also where the simulator answers in Meta's place
SECONDS_TO_CONNECT = 60

# login -> name, groups. The password is the login.
USERS = {
    "admin": ("Administrator", ["whatsapp_cs.whatsapp_cs_group_administrator"]),
    "editor": ("Erin Editor", ["whatsapp_cs.whatsapp_cs_group_editor", "sales_team.group_sale_salesman"]),
    "agent": ("Arun Agent", ["whatsapp_cs.whatsapp_cs_group_agent", "sales_team.group_sale_salesman"]),
    "agent2": ("Bela Agent", ["whatsapp_cs.whatsapp_cs_group_agent", "sales_team.group_sale_salesman"]),
    "analyst": ("Nadia Analyst", ["whatsapp_cs.whatsapp_cs_group_analyst"]),
}
# Written on the very first start, so that nobody meets an empty desk.
FIRST_MESSAGES = [
    ("emily", "Hi! I ordered a tent on Monday. Has it been shipped yet?"),
    ("priya", "Hello, do you have the blue rain jacket in size M?"),
    ("nuria", "Hola, ¿hacéis envíos a Mallorca?"),
]
# Title, text and buttons; with a slash in the chat they are found by each of these words.
REPLIES = [
    (
        "delivery time",
        "Hello {{first_name}}, parcels leave us on the same day and are with you after two to four days.",
        "",
    ),
    (
        "send back",
        "Hello {{first_name}}, you can send it back within 30 days. May we send you the label?",
        "Yes, please\nNot yet",
    ),
    ("which size", "Hello {{first_name}}, tell me how tall you are, and I will find the size that fits you.", ""),
]


def say(text):
    print(text, flush=True)


def set_up_company(world):
    company = env.ref("base.main_company")
    usd = env.ref("base.USD")
    usd.active = True
    company.write(
        {
            "name": world["accounts"][0]["name"],
            "country_id": env.ref("base.us").id,
            "currency_id": usd.id,
            "primary_color": "#0B7A5B",
            "secondary_color": "#124E66",
        }
    )


def set_up_users():
    Users = env["res.users"].with_context(active_test=False, no_reset_password=True)
    for login, (name, groups) in USERS.items():
        user = Users.search([("login", "=", login)])
        values = {
            "name": name,
            "email": f"{login}@example.com",
            "password": login,
            "group_ids": [Command.link(env.ref(group).id) for group in ["base.group_user", *groups]],
            "odoobot_state": "disabled",  # no lesson by OdooBot in the middle of the customers
            "tour_enabled": False,
        }
        values = {name: value for name, value in values.items() if name in Users._fields}
        if user:
            user.write(values)
        else:
            Users.create({**values, "login": login})


def set_up_addresses():
    """On every start: the ports may have changed."""
    set_param = env["ir.config_parameter"].set_param
    set_param("web.base.url", ODOO_URL)
    set_param("web.base.url.freeze", "True")
    set_param("report.url", ODOO_URL)


def set_up_accounts(world):
    Account = env["whatsapp.cs.account"].with_context(active_test=False)
    accounts = Account.browse()
    for entry in world["accounts"]:
        account = Account.search([("waba_id", "=", entry["waba_id"])])
        values = {
            "app_id": entry["app_id"],
            "app_secret": entry["app_secret"],
            "access_token": entry["tokens"][0]["token"],
            "base_url": PHONE_URL,
        }
        if account:
            account.write(values)
        else:
            account = Account.create({**values, "name": entry["name"], "waba_id": entry["waba_id"]})
        accounts += account
    return accounts


def get_step(account, state):
    return next((step for step in account.connection_steps or [] if step["state"] == state), None)


def connect(accounts):
    """Ask for the connection, then look on while Odoo's cron walks through the steps."""
    accounts.action_connect()
    env.cr.commit()
    deadline = time.monotonic() + SECONDS_TO_CONNECT
    waiting, shown, round_ = accounts, {}, 0
    while waiting and time.monotonic() < deadline:
        time.sleep(0.2)
        round_ += 1
        env.cr.rollback()  # a new look at what Odoo has committed
        env.invalidate_all()
        if round_ % 15 == 0:
            env["ir.cron"]._notifydb()  # Odoo may have been too young to hear the first call
        for account in waiting:
            step = get_step(account, "running")
            if step and shown.get(account) != step["label"]:
                shown[account] = step["label"]
                say(f"    {account.name}: {step['label']}")
            if account.state == "connecting":
                continue
            failed = get_step(account, "failed")
            if failed or account.state != "connected":
                failed = failed or {"label": account.state, "detail": account.blocked_reason or "", "fix": ""}
                sys.exit(
                    f"✗ {account.name} could not be connected. Step “{failed['label']}”: {failed['detail']} {failed['fix']}"
                )
            waiting -= account
            say(f"  ✓ {account.name}: {', '.join(account.channel_ids.mapped('display_phone_number'))}")
    if waiting:
        sys.exit(f"✗ Not connected within {SECONDS_TO_CONNECT} s: {', '.join(waiting.mapped('name'))}.")


def write_first_messages(world):
    phone_number_id = world["accounts"][0]["numbers"][0]["phone_number_id"]
    for customer, text in FIRST_MESSAGES:
        message = {
            "phone_number_id": phone_number_id,
            "customer_id": customer,
            "type": "text",
            "text": {"body": text},
        }
        requests.post(f"{PHONE_URL}/control/inbound", json=message, timeout=10).raise_for_status()


def set_up_replies():
    """A few answers that all agents share, and a macro that begins with one of them."""
    group = env.ref("whatsapp_cs.whatsapp_cs_group_agent")
    editor = env["res.users"].search([("login", "=", "editor")])
    replies = (
        env["mail.canned.response"]
        .with_user(editor)
        .create(
            [
                {"source": source, "substitution": text, "whatsapp_cs_buttons": buttons, "group_ids": group.ids}
                for source, text, buttons in REPLIES
            ]
        )
    )
    tag = env["whatsapp.cs.tag"].create({"name": "Return"})
    steps = [
        {"kind": "reply", "canned_response_id": replies[1].id},
        {"kind": "tag", "tag_ids": tag.ids},
        {"kind": "snooze", "snooze_hours": 48},
    ]
    step_ids = [Command.create({"sequence": number, **step}) for number, step in enumerate(steps)]
    env["whatsapp.cs.macro"].create({"name": "Return agreed on", "step_ids": step_ids})


def build_assets():
    """Scripts and styles are bundled when a page asks for them first; here, so that nobody waits for it."""
    for name in ("web.assets_frontend_minimal", "web.assets_frontend", "web.assets_frontend_lazy", "web.assets_web"):
        bundle = env["ir.qweb"]._get_asset_bundle(name)
        bundle.css()
        bundle.js()


def is_done(part):
    return bool(env["ir.config_parameter"].get_param(f"whatsapp_cs_demo.{part}"))


def set_done(part):
    env["ir.config_parameter"].set_param(f"whatsapp_cs_demo.{part}", "done")
    env.cr.commit()


def main():
    response = requests.get(f"{PHONE_URL}/control/world", timeout=10)
    response.raise_for_status()
    world = response.json()
    if not is_done("data"):
        say("▸ Company, users and pages")
        set_up_company(world)
        set_up_users()
        build_assets()
        set_done("data")
    if not is_done("replies"):
        set_up_replies()
        set_done("replies")
    set_up_addresses()
    accounts = set_up_accounts(world)
    env.cr.commit()
    say("▸ Connecting the WhatsApp accounts")
    connect(accounts)
    if not is_done("first_messages"):
        write_first_messages(world)
        set_done("first_messages")


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
