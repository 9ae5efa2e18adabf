from odoo import api, fields, models

from ..tools import phone
from .whatsapp_cs_channel_check import STATES, Call
from .whatsapp_cs_related import count_by

# What WhatsApp says of a number that can't send. The others may (FLAGGED, RATE_LIMITED), or say nothing (UNKNOWN).
OFFLINE = ("BANNED", "DELETED", "DISCONNECTED", "MIGRATED", "PENDING", "RESTRICTED", "UNVERIFIED")


class WhatsappCsChannel(models.Model):
    """One business number. Its facts come from WhatsApp and are never typed."""

    _name = "whatsapp.cs.channel"
    _description = "WhatsApp Channel"
    _inherit = ["whatsapp.cs.reminder"]
    _order = "name, id"
    _rec_names_search = ["name", "display_phone_number"]

    name = fields.Char(required=True, help="As customers see it.")
    active = fields.Boolean(default=True)
    account_id = fields.Many2one("whatsapp.cs.account", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    phone_number_id = fields.Char("Phone Number ID", required=True, readonly=True, help="Meta's id of the number.")
    display_phone_number = fields.Char("Phone Number", readonly=True)
    state = fields.Selection(
        [("draft", "Preparation"), ("live", "Live"), ("blocked", "Blocked")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    state_date = fields.Datetime("In This State Since", readonly=True, copy=False)
    verified_name = fields.Char("Name at WhatsApp", readonly=True, tracking=True, help="As customers see it there.")
    name_status = fields.Char("Review of the Name", readonly=True)
    number_status = fields.Char(
        "Status at WhatsApp", readonly=True, tracking=True, help="Only a CONNECTED number can send."
    )
    quality_rating = fields.Char(
        readonly=True, tracking=True, help="GREEN, YELLOW or RED, from blocks and reports of seven days."
    )
    messaging_limit = fields.Char(
        "Tier", readonly=True, tracking=True, help="People you may write to first, in 24 hours."
    )
    throughput = fields.Char(readonly=True, help="STANDARD: 80 messages a second; HIGH: up to 1,000.")
    opens_lead = fields.Boolean(
        "Open a Lead for New People",
        default=True,
        help="Somebody who writes for the first time, and is no contact yet, gets a lead with the source WhatsApp.",
    )
    crm_team_id = fields.Many2one(
        "crm.team", string="Sales Team", check_company=True, help="Sales team of the leads that this number opens."
    )
    team_id = fields.Many2one(
        "whatsapp.cs.team",
        "Default Team",
        check_company=True,
        ondelete="restrict",
        help="Gets the conversations that no routing rule gives to another team. Empty: they wait in the queue of all.",
    )
    team_ids = fields.Many2many(
        "whatsapp.cs.team", "whatsapp_cs_team_channel_rel", "channel_id", "team_id", string="Teams", check_company=True
    )
    reopen_hours = fields.Integer(
        "Reopen Within (Hours)",
        default=24,
        help="A message that comes within this time after a conversation was resolved reopens it; later a new one begins.",
    )
    lock_minutes = fields.Integer(
        "Reserve When Opened (Minutes)",
        default=7,
        required=True,
        help="Whoever opens a conversation that nobody has keeps it for so long; an answer renews it.",
    )
    idle_minutes = fields.Integer(
        "Give Back After (Minutes)",
        default=3,
        required=True,
        help="An agent who does nothing for so long while the customer waits gives the conversation back to the queue; 0: never.",
    )
    send_rate = fields.Integer(
        "Messages per Second",
        default=15,
        required=True,
        help="How fast this number sends at most; never faster than WhatsApp allows it: 80, or 1,000 with throughput HIGH.",
    )
    unknown_minutes = fields.Integer(
        "Wait for a Report (Minutes)",
        default=2,
        required=True,
        help="When WhatsApp does not answer, a message may have gone or not. A report usually says so within seconds; "
        "after this time without one, the outcome counts as unknown.",
    )
    unknown_policy = fields.Selection(
        [("ask", "Ask the agent"), ("retry", "Send it again")],
        "Unknown Outcome",
        default="ask",
        required=True,
        help="Sending again may bring the customer the same message twice.",
    )
    reminder_hours = fields.Integer(
        "Remind Before the Window Closes (Hours)",
        default=2,
        help="The agent of a customer who waits for an answer is told so long before free text ends; 0: never.",
    )
    nudges_customer = fields.Boolean(
        "Ask Customers Who Don't Answer",
        help="At the same time a customer who owes an answer gets the text below, once. If they write, the window stays open.",
    )
    nudge_text = fields.Char(
        "Text to the Customer",
        translate=True,
        default=lambda self: self.env._("Do you still need our help? Just write back, and we go on."),
    )
    sends_read_receipts = fields.Boolean(
        "Show Customers What Was Read",
        default=True,
        help="Blue ticks, as soon as the agent who answers has seen a message.",
    )
    sends_typing = fields.Boolean(
        "Show Customers That Somebody Types", default=True, help="While the agent who answers is typing."
    )
    catalog_id = fields.Char("Catalogue ID", help="Meta's id of the catalogue whose products agents may send.")
    scales_images = fields.Boolean(
        "Scale Pictures",
        default=True,
        help="Pictures that agents send are made to fit into 800 × 600 pixels: they arrive sooner and cost less data.",
    )
    compresses_inbound = fields.Boolean(
        "Compress Large Pictures",
        default=True,
        help="Customers' pictures above 5 MB are made smaller before they are stored.",
    )
    check_state = fields.Selection(STATES, "Connection", readonly=True, copy=False)
    check_date = fields.Datetime("Last Checked", readonly=True, copy=False)
    latency_ms = fields.Integer("Latency (ms)", readonly=True, copy=False, help="Normal: less than 800 ms.")
    contact_count = fields.Integer(compute="_compute_counts")
    conversation_count = fields.Integer("Open Conversations", compute="_compute_counts")

    _phone_number_id_uniq = models.UniqueIndex("(phone_number_id)", "This phone number is already set up.")
    _reopen_hours_positive = models.Constraint(
        "CHECK(reopen_hours BETWEEN 0 AND 720)", "Conversations can be reopened within 0 to 720 hours."
    )

    _lock_minutes_bounds = models.Constraint(
        "CHECK(lock_minutes BETWEEN 5 AND 15)", "An opened conversation can be reserved for 5 to 15 minutes."
    )
    _idle_minutes_bounds = models.Constraint(
        "CHECK(idle_minutes BETWEEN 0 AND 60)",
        "Conversations are given back after 1 to 60 minutes without activity; 0 means never.",
    )
    _reminder_hours_bounds = models.Constraint(
        "CHECK(reminder_hours BETWEEN 0 AND 23)",
        "The reminder comes 1 to 23 hours before the window closes; 0 means never.",
    )
    _send_rate_bounds = models.Constraint(
        "CHECK(send_rate BETWEEN 1 AND 1000)", "A number can send 1 to 1,000 messages per second."
    )
    _unknown_minutes_bounds = models.Constraint(
        "CHECK(unknown_minutes BETWEEN 1 AND 1440)", "Wait between 1 minute and 1,440 minutes (a day) for a report."
    )

    @api.depends("display_phone_number")
    def _compute_display_name(self):
        for channel in self:
            channel.display_name = f"{channel.name} ({channel.display_phone_number})"

    def _compute_counts(self):
        contacts = count_by(self, "whatsapp.cs.contact", "channel_id")
        conversations = dict(
            self.env["whatsapp.cs.conversation"]._read_group(
                [("channel_id", "in", self.ids), ("state", "!=", "resolved")], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.contact_count = contacts.get(channel, 0)
            channel.conversation_count = conversations.get(channel, 0)

    # === BUTTONS === #

    def action_view_contacts(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_contact_action")

    def action_view_conversations(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_conversation_action")

    def action_view_checks(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_channel_check_action")

    def action_view_notices(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_notice_action")

    def _get_list_action(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = [("channel_id", "=", self.id)]
        return action

    # === CONNECTION === #

    @api.model
    def _update_from_graph(self, account, numbers):
        """Create or refresh the account's channels from what Meta says of its numbers, and return them."""
        channels = self.browse()
        for number in numbers:
            values = self._prepare_values_from_graph(number)
            channel = account._find_channel(number["id"])
            if channel:
                # The name may have been changed by people, the number can't change: both are taken once.
                channel.write(
                    {key: value for key, value in values.items() if key not in ("name", "display_phone_number")}
                )
            else:
                channel = self.create({**values, "account_id": account.id, "phone_number_id": number["id"]})
                self.env["whatsapp.cs.event"]._replay_unknown_number(account, number["id"])
            channels |= channel
        return channels

    def _prepare_values_from_graph(self, number):
        return {
            "name": number.get("verified_name") or number.get("display_phone_number") or number["id"],
            "display_phone_number": phone.format_international(number.get("display_phone_number") or ""),
            "verified_name": number.get("verified_name"),
            "name_status": number.get("name_status"),
            "number_status": number.get("status"),
            "quality_rating": number.get("quality_rating"),
            "messaging_limit": number.get("whatsapp_business_manager_messaging_limit"),
            "throughput": (number.get("throughput") or {}).get("level"),
        }

    # === CARE === #

    def _prepare_checks(self, is_backup):
        """Return a ``Call`` for each number, to be made in a thread."""
        return [
            Call(channel.id, is_backup, channel.account_id._get_graph_client(is_backup), channel.phone_number_id)
            for channel in self
        ]

    def _note_check(self, state, ms, number):
        """Keep how WhatsApp answered, and what it said of the number."""
        self.ensure_one()
        self.write({"check_state": state, "check_date": fields.Datetime.now(), "latency_ms": ms})
        self._note_number(number)

    def _note_number(self, number):
        """Take over what WhatsApp says of the number, as far as it says something; stop or go on accordingly."""
        self.ensure_one()
        if not number:
            return
        values = self._prepare_values_from_graph(number)
        for name in ("name", "display_phone_number"):
            del values[name]
        changed = {name: value for name, value in values.items() if value and value != self[name]}
        if changed:
            self.write(changed)
        if self.number_status in OFFLINE and self.state == "live":
            self._block()
            self.env["whatsapp.cs.alert"]._check_soon()
        elif self.state == "blocked" and self.account_id.state == "connected":
            self._activate()

    # === SENDING === #

    def _get_send_rate(self):
        """Return the messages per second this number may send: its setting, or less when WhatsApp allows less."""
        self.ensure_one()
        return min(self.send_rate, 1000 if self.throughput == "HIGH" else 80)

    # === STATE MACHINE === #

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "live": ("draft", "blocked"),
        "blocked": ("draft", "live"),
    }

    def _activate(self):
        """Let the numbers send that WhatsApp says are connected, and send what waits for them."""
        ready = self.filtered(lambda channel: channel.number_status == "CONNECTED")
        ready._update_state("live")
        self.env["whatsapp.cs.outbox"]._wake_up()

    def _block(self):
        """Stop sending; what is queued stays queued."""
        self._update_state("blocked")

    def _update_state(self, state):
        """Enter ``state``; the only method that writes it. Channels that can't enter it stay as they are."""
        entering = self.filtered(lambda channel: channel.state in self._STATE_SOURCES[state])
        entering.write({"state": state, "state_date": fields.Datetime.now()})
