from datetime import datetime, time, timedelta
from typing import NamedTuple

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .whatsapp_cs_contact import WINDOW
from .whatsapp_cs_customer_event import BUFFER

UNITS = {"minutes": 60, "hours": 3600, "days": 86400}
LATEST = timedelta(days=3)  # a follow-up that could not be sent for so long comes too late to be of use
SOON = timedelta(hours=1)  # until it is looked at again who waits for a person
STATES = ("waiting", "sent", "cancelled", "refused", "failed")


class Decision(NamedTuple):
    """What is to be done with a follow-up that is due: text, template, later, cancelled or refused; why; when again (UTC)."""

    action: str
    reason: str | None = None
    until: datetime | None = None


class WhatsappCsFollowUp(models.Model):
    """A rule for what is written some time after something has happened, unless it is not needed any more (AR8)."""

    _name = "whatsapp.cs.follow.up"
    _description = "WhatsApp Follow-Up"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    channel_ids = fields.Many2many("whatsapp.cs.channel", string="Numbers", help="Empty: all of the company.")
    event = fields.Selection(
        lambda self: self.env["whatsapp.cs.customer.event"]._get_names(), "After", required=True, default="resolved"
    )
    url_part = fields.Char("Address Contains", help="Only links whose address contains this. Empty: all.")
    delay = fields.Integer("Wait", default=48, required=True)
    delay_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days")], default="hours", required=True
    )
    only_not_bought = fields.Boolean("Only Who Has Not Bought", default=True, help="Neither an order nor a won lead.")
    only_silent = fields.Boolean(
        "Only Who Has Not Written", default=True, help="What the customer writes meanwhile cancels the follow-up."
    )
    text = fields.Text(translate=True, help="Sent while the 24-hour window is open.")
    template_id = fields.Many2one(
        "whatsapp.cs.template",
        domain="[('state', '=', 'approved'), ('company_id', '=', company_id)]",
        ondelete="restrict",
        help="Sent when the window is closed, or when there is no text.",
    )
    hour_from = fields.Float("Send From", default=9, help="Hours of the customer's own day.")
    hour_to = fields.Float("Send Until", default=20, help="The same as from: the whole day.")
    job_ids = fields.One2many("whatsapp.cs.follow.up.job", "follow_up_id")
    waiting_count = fields.Integer(compute="_compute_counts")
    sent_count = fields.Integer(compute="_compute_counts")
    cancelled_count = fields.Integer(compute="_compute_counts")
    refused_count = fields.Integer("Not Sent", compute="_compute_counts")

    _delay = models.Constraint("CHECK(delay >= 0)", "The time to wait can't be below 0.")
    _hours = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours of the day go from 0:00 to 24:00.",
    )

    @api.depends("job_ids.state")
    def _compute_counts(self):
        rows = self.env["whatsapp.cs.follow.up.job"]._read_group(
            [("follow_up_id", "in", self.ids)], ["follow_up_id", "state"], ["__count"]
        )
        counts = {(follow_up, state): count for follow_up, state, count in rows}
        for follow_up in self:
            follow_up.waiting_count = counts.get((follow_up, "waiting"), 0)
            follow_up.sent_count = counts.get((follow_up, "sent"), 0)
            follow_up.cancelled_count = counts.get((follow_up, "cancelled"), 0)
            follow_up.refused_count = counts.get((follow_up, "refused"), 0) + counts.get((follow_up, "failed"), 0)

    @api.constrains("text", "template_id")
    def _check_content(self):
        for follow_up in self:
            if not follow_up.text and not follow_up.template_id:
                raise ValidationError(
                    self.env._("Enter the text of “%s”, a template, or both: there is nothing to send.", follow_up.name)
                )

    @api.constrains("active", "delay", "delay_unit", "template_id")
    def _check_template(self):
        """Refuse to switch on what could hardly ever be sent: after 24 hours WhatsApp takes templates only."""
        for follow_up in self:
            is_late = follow_up.delay * UNITS[follow_up.delay_unit] >= WINDOW.total_seconds()
            if follow_up.active and is_late and not follow_up.template_id:
                raise ValidationError(
                    self.env._(
                        "“%s” is sent when the 24-hour window has closed: choose an approved template for it before you "
                        "switch it on.",
                        follow_up.name,
                    )
                )

    # === BUTTONS === #

    def action_view_jobs(self):
        """Show the jobs of the follow-up; the context says which."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_follow_up_job_action")
        action["domain"] = [("follow_up_id", "=", self.id)]
        state = self.env.context.get("whatsapp_cs_filter")
        action["context"] = {f"search_default_{state}": True} if state in (*STATES, "not_sent") else {}
        return action

    # === PLANNING === #

    @api.model
    def _plan(self, event):
        """Plan the follow-ups of a customer event. One that waits already for this customer goes on as it is."""
        Job = self.env["whatsapp.cs.follow.up.job"]
        rules = self.search([("event", "=", event.name), ("company_id", "=", event.company_id.id)])
        rules = rules.filtered(lambda rule: rule._applies_to(event))
        waiting = Job.search([("contact_id", "=", event.contact_id.id), ("state", "=", "waiting")]).follow_up_id
        for rule in rules - waiting:
            rule._plan_one(event)

    def _applies_to(self, event):
        """Tell whether the follow-up is meant for this event; extend it for further conditions."""
        self.ensure_one()
        if self.channel_ids and event.channel_id not in self.channel_ids:
            return False
        is_about_link = event.name == "link_clicked" and self.url_part
        return not is_about_link or self.url_part.casefold() in (event.detail or "").casefold()

    def _plan_one(self, event):
        zone = event.contact_id._get_zone()
        date = event.date + timedelta(seconds=self.delay * UNITS[self.delay_unit])
        date = self._get_allowed_date(date, zone)
        job = self.env["whatsapp.cs.follow.up.job"].create(
            {
                "follow_up_id": self.id,
                "event_id": event.id,
                "contact_id": event.contact_id.id,
                "company_id": event.company_id.id,
                "cause_date": event.date,
                "tz": zone,
                "planned_date": date,
                "due_date": date,
            }
        )
        job._trigger_batches(at=job.due_date + BUFFER)

    def _get_allowed_date(self, date, zone):
        """Return ``date``, or the next moment after it within the allowed hours of the customer's day (both in UTC)."""
        self.ensure_one()
        if self.hour_from == self.hour_to:
            return date
        tz = pytz.timezone(zone)
        local = pytz.utc.localize(date).astimezone(tz)
        hour = local.hour + local.minute / 60
        if self.hour_from < self.hour_to:
            is_allowed, is_past = self.hour_from <= hour < self.hour_to, hour >= self.hour_to
        else:  # over midnight
            is_allowed, is_past = hour >= self.hour_from or hour < self.hour_to, False
        if is_allowed:
            return date
        # By the wall clock: a day on which the clocks change begins at the same hour as others.
        minutes = round(self.hour_from * 60)
        start = datetime.combine(local.date() + timedelta(days=is_past), time(minutes // 60, minutes % 60))
        return tz.localize(start).astimezone(pytz.utc).replace(tzinfo=None)

    # === DECIDING === #

    def _decide(self, job, date=None):
        """Return the ``Decision`` about a job that is due; reads only."""
        self.ensure_one()
        date = date or fields.Datetime.now()
        if reason := self._get_cancel_reason(job):
            return Decision("cancelled", reason)
        until = self._get_allowed_date(date, job.tz)
        if until > date:
            return Decision("later", self.env._("It is not sent at this hour of the customer's day."), until)
        conversation = job.contact_id.conversation_ids.sorted("id")[-1:]
        return self._decide_for_person(conversation, date) or self._decide_by_policy(job, date)

    def _get_cancel_reason(self, job):
        """Return why the job is not needed any more, or None; extend it for further conditions."""
        contact = job.contact_id
        if not self.active:
            return self.env._("The follow-up was switched off.")
        if contact.consent == "out":
            return self.env._("The customer has opted out.")
        if contact.blocked_date:
            return self.env._("The customer is blocked.")
        if self.only_not_bought and contact._has_ordered_since(job.cause_date):
            return self.env._("The customer has bought.")
        if self.only_silent and contact.last_message_date and contact.last_message_date > job.cause_date:
            return self.env._("The customer has written.")
        return None

    def _decide_for_person(self, conversation, date):
        """Return the decision to wait while a person has to do with the customer, or AR6 says so; or None."""
        if rest := conversation and conversation._get_automation_rest(date):
            return Decision("later", rest.text, rest.until or date + SOON)
        if conversation and conversation._count_automatic(date) >= conversation.channel_id.automation_cap:
            reason = self.env._("The customer has got as many automatic messages as are allowed in 24 hours.")
            return Decision("later", reason, date + SOON)
        if conversation.unanswered_date and conversation.state != "resolved":
            return Decision("later", self.env._("The customer waits for an answer."), date + SOON)
        return None

    def _decide_by_policy(self, job, date):
        """Return whether text or a template goes, or what the send policy says against it."""
        policy, key = self.env["whatsapp.cs.send.policy"], self._get_event_key()
        contact = job.contact_id
        if self.text and contact.window_end_date and contact.window_end_date > date:
            verdict, action = policy._check(contact, "text", event=key, date=date), "text"
        elif self.template_id:
            verdict = policy._check(contact, "template", self.template_id.category, event=key, date=date)
            action = "template"
        else:
            return Decision(
                "refused", self.env._("The 24-hour window is closed, and the follow-up has no template for that.")
            )
        if not verdict:
            return Decision(action)
        return Decision("later" if verdict.until else "refused", verdict.text, verdict.until)

    def _get_event_key(self):
        return f"follow_up,{self.id}"
