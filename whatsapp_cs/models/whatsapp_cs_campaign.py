from ast import literal_eval
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools.private_log import queries_hidden
from ..tools.webhook_payload import Identity
from .whatsapp_cs_related import get_list_action
from .whatsapp_cs_send_policy import Request

MESSAGES_PER_CUSTOMER = 3  # expected: the promotion, an answer and what is said to it
SHARE = 0.8  # of the channel's daily limit; above it a promotion is spread over days
BATCH_SIZE = 50  # recipients of one transaction
BACKLOG_SECONDS = 120  # of sending that a campaign keeps in the outbox: more would make pausing it take long
# Recipients whose message WhatsApp has not got yet
IN_OUTBOX = [
    "&", ("message_id.state", "in", ("queued", "sending")),
    "&", ("message_id.wamid", "=", False), ("message_id.is_unknown", "=", False),
]  # fmt: skip
CONTENT = {"audience_model", "channel_id", "domain", "template_id"}
WRITABLE = CONTENT | {
    "hour_from",
    "hour_to",
    "name",
    "start_date",
    "user_id",
    "utm_campaign_id",
}  # by people; the rest comes of what happens


class WhatsappCsCampaign(models.Model):
    """A template for many: who gets it, when, what it costs, and what came of it (MS11).

    A cron moves recipients into the outbox, a batch in each transaction: message, outbox row and the recipient's state
    are committed together, so that a killed worker leaves nobody with two.
    """

    _name = "whatsapp.cs.campaign"
    _inherit = ["mail.thread"]
    _description = "WhatsApp Campaign"
    _order = "id desc"

    name = fields.Char(required=True)
    channel_id = fields.Many2one(
        "whatsapp.cs.channel",
        "Number",
        required=True,
        default=lambda self: self._default_channel(),
        ondelete="restrict",
    )
    account_id = fields.Many2one(related="channel_id.account_id")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user)
    template_id = fields.Many2one(
        "whatsapp.cs.template",
        required=True,
        domain="[('account_id', '=', account_id), ('state', '=', 'approved')]",
        ondelete="restrict",
    )
    category = fields.Selection(related="template_id.category")
    audience_model = fields.Selection(
        [
            ("res.partner", "Partners"),
            ("crm.lead", "Leads"),
            ("whatsapp.cs.contact", "WhatsApp Contacts"),
        ],
        "Audience",
        default="whatsapp.cs.contact",
        required=True,
    )
    domain = fields.Char("Filter", default="[]", required=True)
    start_date = fields.Datetime("Start On", help="Empty: as soon as you start it.")
    hour_from = fields.Float("Send From", help="Hours of the day in the responsible's time zone, such as quiet ones.")
    hour_to = fields.Float("Send Until", help="The same as from: the whole day.")
    utm_campaign_id = fields.Many2one("utm.campaign", "Campaign Tracker", readonly=True, ondelete="set null")
    recipient_ids = fields.One2many("whatsapp.cs.campaign.recipient", "campaign_id")

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "draft": ("ready",),
        "ready": ("draft", "ready"),
        "scheduled": ("ready",),
        "running": ("ready", "scheduled", "paused"),
        "paused": ("running", "scheduled"),
        "done": ("running",),
        "cancelled": ("ready", "scheduled", "running", "paused"),
    }
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("ready", "Checked"),
            ("scheduled", "Scheduled"),
            ("running", "Running"),
            ("paused", "Paused"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    state_date = fields.Datetime("In This State Since", readonly=True, copy=False)
    pause_reason = fields.Char(readonly=True, copy=False)
    estimated_cost = fields.Float("Expected Cost", digits=(16, 4), readonly=True, copy=False)
    cost = fields.Float("Cost So Far", digits=(16, 4), compute="_compute_cost")
    currency_id = fields.Many2one(related="company_id.currency_id")
    daily_customers = fields.Integer(
        "Customers a Day", readonly=True, copy=False, help="The size of a batch when it is spread; 0: all at once."
    )
    forecast = fields.Text(compute="_compute_forecast")

    recipient_count = fields.Integer("Recipients", compute="_compute_figures")
    waiting_count = fields.Integer("Waiting", compute="_compute_figures")
    excluded_count = fields.Integer("Excluded", compute="_compute_figures")
    sent_count = fields.Integer("Sent", compute="_compute_figures")
    delivered_count = fields.Integer("Delivered", compute="_compute_figures")
    read_count = fields.Integer("Read", compute="_compute_figures")
    failed_count = fields.Integer("Failed", compute="_compute_figures")
    answered_count = fields.Integer("Answered", compute="_compute_figures")
    opted_out_count = fields.Integer("Opted Out", compute="_compute_figures")
    progress = fields.Float(compute="_compute_figures")

    _hours = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours of the day are between 0:00 and 24:00.",
    )

    @api.model
    def _default_channel(self):
        return self.env["whatsapp.cs.channel"].search([("state", "=", "live")], limit=1)

    # === FIGURES === #

    def _compute_figures(self):
        figures = self._get_figures()
        for campaign in self:
            own = figures.get(campaign.id, {})
            for name in (*self._get_figure_domains(), "recipient"):
                campaign[f"{name}_count"] = own.get(name, 0)
            total = campaign.recipient_count
            campaign.progress = 100 * (total - campaign.waiting_count) / total if total else 0

    def _get_figures(self):
        """Return ``{campaign id: {figure: number}}``; those of messages in one query."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT r.campaign_id,
                   count(*) FILTER (WHERE r.state != 'excluded'),
                   count(*) FILTER (WHERE r.state = 'waiting' OR (m.state IN ('queued', 'sending') AND m.wamid IS NULL
                                                                  AND m.is_unknown IS NOT TRUE)),
                   count(*) FILTER (WHERE r.state = 'excluded'),
                   count(*) FILTER (WHERE m.state IN ('sent', 'delivered', 'read')),
                   count(*) FILTER (WHERE m.state IN ('delivered', 'read')), count(*) FILTER (WHERE m.state = 'read'),
                   count(*) FILTER (WHERE r.state = 'refused' OR m.state = 'failed'),
                   count(r.answered_date), count(r.opted_out_date)
              FROM whatsapp_cs_campaign_recipient r LEFT JOIN whatsapp_cs_message m ON m.id = r.message_id
             WHERE r.campaign_id = ANY(%s) GROUP BY 1
            """,
            self.ids,
        )
        names = ("recipient", *self._get_figure_domains())
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in self.env.execute_query(query)}

    @api.model
    def _get_figure_domains(self):
        """Return ``{figure: domain of its recipients}``, in the order of the query above."""
        return {
            "waiting": ["|", ("state", "=", "waiting"), *IN_OUTBOX],
            "excluded": [("state", "=", "excluded")],
            "sent": [("message_id.state", "in", ("sent", "delivered", "read"))],
            "delivered": [("message_id.state", "in", ("delivered", "read"))],
            "read": [("message_id.state", "=", "read")],
            "failed": ["|", ("state", "=", "refused"), ("message_id.state", "=", "failed")],
            "answered": [("answered_date", "!=", False)],
            "opted_out": [("opted_out_date", "!=", False)],
        }

    def _compute_cost(self):
        groups = self.env["whatsapp.cs.message"]._read_group(
            [("campaign_id", "in", self.ids), ("state", "in", ("sent", "delivered", "read"))],
            ["campaign_id"],
            ["cost:sum"],
        )
        costs = dict(groups)
        for campaign in self:
            campaign.cost = costs.get(campaign, 0)

    @api.depends("state", "daily_customers", "channel_id")
    def _compute_forecast(self):
        for campaign in self:
            campaign.forecast = campaign._get_forecast_text() if campaign.state != "draft" else False

    def _get_forecast_text(self):
        count, limit = self.recipient_count, self.account_id._get_daily_contacts()
        text = self.env._(
            "%(count)s customers × %(factor)s = %(volume)s messages expected.",
            count=count,
            factor=MESSAGES_PER_CUSTOMER,
            volume=count * MESSAGES_PER_CUSTOMER,
        )
        if not self.daily_customers:
            return text
        spread = self.env._(
            "That is more than %(share)s %% of the %(limit)s people a day that the number may write to first: it is spread "
            "over %(days)s days, %(batch)s customers a day.",
            share=round(SHARE * 100),
            limit=limit,
            days=-(-count // self.daily_customers),
            batch=self.daily_customers,
        )
        return f"{text} {spread}"

    # === CHANGES === #

    @api.constrains("domain", "audience_model")
    def _check_domain(self):
        for campaign in self:
            try:
                campaign._get_audience_domain().validate(self.env[campaign.audience_model])
            except (ValueError, SyntaxError, TypeError, KeyError) as error:
                raise ValidationError(
                    self.env._("The filter of the audience can't be understood: %s", error)
                ) from error

    @api.constrains("template_id", "channel_id", "audience_model")
    def _check_template(self):
        for campaign in self:
            if campaign.template_id.account_id != campaign.channel_id.account_id:
                raise ValidationError(
                    self.env._("The template belongs to another account than the number: choose one of its own.")
                )
            if campaign.template_id.model not in (False, campaign._get_record_model()):
                raise ValidationError(
                    self.env._(
                        "The template is filled from %(model)s: choose an audience of these, or another template.",
                        model=campaign.template_id.model_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_writable(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Keep who gets what as it was confirmed; before that a change needs another check."""
        self._check_writable(vals)
        if CONTENT & set(vals):
            if self.filtered(lambda campaign: campaign.state not in ("draft", "ready")):
                raise UserError(
                    self.env._("A campaign that was started can't get another audience or template: duplicate it.")
                )
            self.filtered(lambda campaign: campaign.state == "ready")._reset()
        return super().write(vals)

    def _check_writable(self, vals):
        own = {name for name in vals if name in self._fields and not name.startswith(("message_", "activity_"))}
        if not self.env.su and own - WRITABLE:
            raise AccessError(
                self.env._("State and figures of a campaign follow from its buttons and from what happens.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if self.filtered(lambda campaign: campaign.state not in ("draft", "ready")):
            raise UserError(self.env._("A campaign that was started is kept for its figures."))

    # === BUTTONS === #

    def action_check_audience(self):
        """Find out who would get it and who not, why, and what it costs; nothing is sent."""
        for campaign in self:
            campaign._check_startable()
            campaign._update_state("ready")
            campaign.sudo()._collect()  # sudo: whatsapp.cs.campaign.recipient - made by this check only

    def action_start(self):
        """Start it, now or at its date."""
        for campaign in self:
            campaign._check_startable()
            if not campaign.waiting_count:
                raise UserError(self.env._("Nobody would get it: see below why each is excluded, and check again."))
            # sudo: utm.campaign - what comes of the campaign is counted by it; who may start one needs no other right
            campaign.utm_campaign_id = campaign.utm_campaign_id or self.env["utm.campaign"].sudo().create(
                {"title": campaign.name, "user_id": campaign.user_id.id or self.env.uid}
            )
            is_later = campaign.start_date and campaign.start_date > fields.Datetime.now()
            campaign._update_state("scheduled" if is_later else "running")
        self._trigger_run()

    def action_pause(self):
        """Stop it; what is in the outbox stays there."""
        self._update_state("paused", pause_reason=self.env._("Paused by %s.", self.env.user.name))

    def action_resume(self):
        """Go on where it stopped."""
        for campaign in self:
            campaign._check_startable()
        self._update_state("running", pause_reason=False)
        self._release_outbox()
        self._trigger_run()

    def action_cancel(self):
        """End it for good; who has not got it, gets nothing."""
        self._update_state("cancelled")
        waiting = self.recipient_ids.filtered(lambda recipient: recipient.state == "waiting")
        # sudo: whatsapp.cs.campaign.recipient - written by the campaign only
        waiting.sudo()._exclude("cancelled", self.env._("The campaign was cancelled."))
        self._release_outbox()

    def action_view_recipients(self):
        return self._get_recipient_action([])

    def action_view_figure(self):
        """Show the recipients of the figure that the button's context names."""
        figure = self.env.context["whatsapp_cs_figure"]
        action = self._get_recipient_action(self._get_figure_domains()[figure])
        if figure == "excluded":
            action["context"] = {"search_default_group_reason": 1}
        return action

    def _get_recipient_action(self, domain):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_campaign_recipient_action")
        action["domain"] = [("campaign_id", "=", self.id), *domain]
        action["context"] = {}
        return action

    def action_view_costs(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_message_action", "campaign_id")

    def _check_startable(self):
        """Refuse what can't be sent by its template or number."""
        self.ensure_one()
        self.check_access("write")
        if self.template_id.refusal:
            raise UserError(self.template_id.refusal)
        if self.channel_id.state != "live":
            raise UserError(self.env._("The number %s is not live: nothing can be sent.", self.channel_id.display_name))

    # === AUDIENCE === #

    def _get_audience_domain(self):
        self.ensure_one()
        domain = Domain(literal_eval(self.domain or "[]"))
        if self.audience_model == "whatsapp.cs.contact":
            domain &= Domain("channel_id", "=", self.channel_id.id)
        return domain

    def _get_record_model(self):
        """Return the model that a template for this audience takes its values from."""
        return "res.partner" if self.audience_model == "whatsapp.cs.contact" else self.audience_model

    def _get_document(self, record):
        """Return what the template's variables are taken from for a record of the audience."""
        return record.partner_id if record._name == "whatsapp.cs.contact" else record

    def _check_values(self, record):
        """Raise a UserError that names what the template's variables miss for a record of the audience."""
        if self.template_id.variable_ids:
            template = self.template_id.with_user(self.user_id or self.env.user).sudo()
            contact = record if record._name == "whatsapp.cs.contact" else None
            template._get_complete_texts(self._get_document(record), contact=contact)

    def _reset(self):
        # sudo: whatsapp.cs.campaign.recipient - made by the check only
        self.sudo().recipient_ids.unlink()
        self._update_state("draft", estimated_cost=0, daily_customers=0)

    def _collect(self):
        """Make a recipient of each person in the audience: waiting, or excluded with the reason."""
        self.ensure_one()
        self.recipient_ids.unlink()
        # As the user, whose rights say whom they may write to
        records = self.env[self.audience_model].sudo(False).search(self._get_audience_domain()).sudo()
        self.env["whatsapp.cs.campaign.recipient"].create(self._prepare_recipients(records))
        self.env.flush_all()
        self.invalidate_recordset()  # the figures
        self._plan()

    def _prepare_recipients(self, records):
        Recipient = self.env["whatsapp.cs.campaign.recipient"]
        vals_list = [Recipient._prepare_values(self, record) for record in records]
        self._find_contacts(vals_list)
        self._exclude_doubles(vals_list)
        self._exclude_refused(vals_list)
        return vals_list

    def _find_contacts(self, vals_list):
        """Add the contacts who are known already, found in one query."""
        Contact = self.env["whatsapp.cs.contact"]
        numbers = {vals["wa_id"] for vals in vals_list if vals.get("wa_id") and not vals.get("contact_id")}
        people = {wa_id: (self.channel_id, Identity(wa_id, "", "", "", "")) for wa_id in numbers}
        known = Contact._find_all(people.values())
        for vals in vals_list:
            if vals.get("wa_id") in people and not vals.get("contact_id"):
                keys = Contact._get_keys(*people[vals["wa_id"]])
                vals["contact_id"] = next((known[key].id for key in keys if key in known), False)

    def _exclude_doubles(self, vals_list):
        """Let each person get it once, however many records of the audience have the number."""
        seen = set()
        for vals in vals_list:
            key = vals.get("contact_id") or vals.get("wa_id")
            if vals["state"] == "waiting" and key in seen:
                reason = self.env._("Somebody else in the audience has the same number.")
                vals.update(state="excluded", rule="double", reason=reason, contact_id=False)
            seen.add(key)

    def _exclude_refused(self, vals_list):
        """Exclude whom the send policy refuses; somebody who is no contact yet has not opted in."""
        policy = self.env["whatsapp.cs.send.policy"]
        waiting = [vals for vals in vals_list if vals["state"] == "waiting"]
        Contact = self.env["whatsapp.cs.contact"]
        contacts = Contact.browse(filter(None, (vals.get("contact_id") for vals in waiting))).grouped("id")
        requests = [
            Request(contacts.get(vals.get("contact_id"), Contact), "template", self.category) for vals in waiting
        ]
        for vals, verdict in zip(waiting, policy._check_all(requests), strict=True):
            if verdict:
                vals.update(state="excluded", rule=verdict.rule, reason=verdict.text)

    def _plan(self):
        """Forecast volume and cost; spread it when the number could not take it in a day."""
        count, limit = self.waiting_count, self.account_id._get_daily_contacts()
        batch = max(1, int(SHARE * limit / MESSAGES_PER_CUSTOMER))
        is_spread = bool(limit) and count * MESSAGES_PER_CUSTOMER > SHARE * limit
        self.write({"daily_customers": batch if is_spread else 0, "estimated_cost": self._estimate_cost()})

    def _estimate_cost(self):
        """Return what those who wait will cost by the price card, in the company's currency."""
        countries = self.env["whatsapp.cs.campaign.recipient"]._read_group(
            [("campaign_id", "=", self.id), ("state", "=", "waiting")], ["country_id"], ["__count"]
        )
        price, today = self.env["whatsapp.cs.price"], fields.Date.today()
        return sum(
            count * (price._get_amount(country.id, self.category, today, self.company_id.id) or 0)
            for country, count in countries
        )

    # === RUNNING === #

    @api.model
    def _cron_run(self):
        """Move recipients of running campaigns into the outbox, batch by batch; safe to run twice at once."""
        due = self.search([("state", "=", "scheduled"), ("start_date", "<=", fields.Datetime.now())])
        due._update_state("running")
        self.env["ir.cron"]._commit_progress(len(due), remaining=0)
        for campaign in self.search([("state", "=", "running")], order="id"):
            campaign._run()

    def _run(self):
        """Queue batches until the outbox holds enough, the day's share is reached, or the time is over."""
        while True:
            try:
                with queries_hidden(*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                    count = self._queue_batch() if self._lock() else 0
                    seconds_left = self.env["ir.cron"]._commit_progress(count, remaining=0)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # another worker has just done what we were about to do: look again
                continue
            if not count:
                return
            if not seconds_left:
                self._trigger_run()
                return

    def _lock(self):
        """Be the only worker for this campaign until the transaction ends; tell whether it is to be run."""
        self.env.invalidate_all()
        query = SQL(
            "SELECT 1 FROM whatsapp_cs_campaign WHERE id = %s AND state = 'running' FOR NO KEY UPDATE SKIP LOCKED",
            self.id,
        )
        return bool(self.env.execute_query(query))

    def _queue_batch(self):
        """Queue the next recipients and return how many.

        Ends the campaign when the last one's message has left the outbox, pauses it when it can't go on.
        """
        if self.template_id.refusal:
            self._update_state("paused", pause_reason=self.template_id.refusal)
            self.message_post(body=self.template_id.refusal)
            return 0
        room = self._get_room() if self._is_hour() else 0
        recipients = self.env["whatsapp.cs.campaign.recipient"]._claim(self, min(room, BATCH_SIZE))
        if recipients:
            recipients._send()
        if not recipients and not self.waiting_count:
            self._update_state("done")
        return len(recipients)

    def _is_hour(self):
        """Tell whether it may send at this hour of the responsible's day."""
        if self.hour_from == self.hour_to:
            return True
        now = pytz.utc.localize(fields.Datetime.now()).astimezone(pytz.timezone(self.user_id.tz or "UTC"))
        hour = now.hour + now.minute / 60
        if self.hour_from < self.hour_to:
            return self.hour_from <= hour < self.hour_to
        return hour >= self.hour_from or hour < self.hour_to  # over midnight

    def _get_room(self):
        """Return how many recipients may be queued now: by the outbox of the number, and by the day's share."""
        Outbox = self.env["whatsapp.cs.outbox"]
        backlog = Outbox.search_count(
            [("channel_id", "=", self.channel_id.id), ("priority", "=", "1"), ("state", "=", "queued")]
        )
        room = self.channel_id._get_send_rate() * BACKLOG_SECONDS - backlog
        if self.daily_customers:
            day = fields.Datetime.now() - timedelta(hours=24)
            done = [("campaign_id", "=", self.id), ("queued_date", ">", day)]
            room = min(room, self.daily_customers - self.env["whatsapp.cs.campaign.recipient"].search_count(done))
        return max(0, room)

    def _release_outbox(self):
        """Have the rows looked at again that were held back while it was paused."""
        rows = self.env["whatsapp.cs.outbox"].sudo()  # sudo: whatsapp.cs.outbox - only these rows of the own campaign
        held = [("message_id.campaign_id", "in", self.ids), ("state", "=", "retry"), ("error_code", "=", "paused")]
        rows.search(held).next_try_date = False
        rows._wake_up()

    @api.model
    def _trigger_run(self):
        # sudo: ir.cron - whoever may start a campaign may wake the job
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_campaign_run").sudo()._trigger()

    def _update_state(self, state, **values):
        """Enter ``state``; the only method that writes it."""
        self.check_access("write")
        labels = dict(self._fields["state"]._description_selection(self.env))
        for campaign in self:
            if campaign.state not in self._STATE_SOURCES[state]:
                raise UserError(
                    self.env._(
                        "A campaign that is “%(state)s” can't become “%(new_state)s”. Reload the page.",
                        state=labels[campaign.state],
                        new_state=labels[state],
                    )
                )
        # sudo: whatsapp.cs.campaign - people change the state by the buttons only; their right was checked above
        self.sudo().write({**values, "state": state, "state_date": fields.Datetime.now()})
