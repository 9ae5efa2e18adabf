import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .whatsapp_cs_customer_event import BUFFER
from .whatsapp_cs_follow_up import LATEST
from .whatsapp_cs_related import count_by, get_list_action

BATCH_SIZE = 20


class WhatsappCsFollowUpJob(models.Model):
    """One follow-up for one customer: waits for its time, is sent once, or says why it was not (AR8)."""

    _name = "whatsapp.cs.follow.up.job"
    _inherit = ["whatsapp.cs.batch"]
    _batch_cron = "whatsapp_cs.ir_cron_whatsapp_cs_follow_up_run"
    _description = "WhatsApp Planned Follow-Up"
    _order = "due_date desc, id desc"
    _rec_name = "follow_up_id"

    follow_up_id = fields.Many2one(
        "whatsapp.cs.follow.up", required=True, readonly=True, index=True, ondelete="cascade"
    )
    event_id = fields.Many2one("whatsapp.cs.customer.event", "Cause", readonly=True, index=True, ondelete="set null")
    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="contact_id.channel_id", store=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    cause_date = fields.Datetime("Happened On", required=True, readonly=True)
    planned_date = fields.Datetime("Planned For", required=True, readonly=True)
    due_date = fields.Datetime("Due", required=True, readonly=True, help="When it is sent, or looked at again.")
    tz = fields.Char("Time Zone", required=True, readonly=True, help="The customer's; the hours to send at are in it.")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("cancelled", "Cancelled"),
            ("refused", "Refused"),
            ("failed", "Failed"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True, help="Why it was not sent, or not yet.")
    done_date = fields.Datetime("Ended On", readonly=True)
    message_id = fields.Many2one("whatsapp.cs.message", readonly=True, ondelete="set null")
    message_state = fields.Selection(related="message_id.state", string="Delivery")

    # One for each cause, whatever happens; and one at a time.
    _cause_uniq = models.UniqueIndex("(follow_up_id, contact_id, event_id) WHERE event_id IS NOT NULL")
    _waiting_uniq = models.UniqueIndex("(follow_up_id, contact_id) WHERE state = 'waiting'")
    _due_idx = models.Index("(due_date) WHERE state = 'waiting'")
    _waiting_idx = models.Index("(contact_id) WHERE state = 'waiting'")

    # === BUTTONS === #

    def action_cancel(self):
        """Take back what has not been sent yet."""
        self.follow_up_id.check_access("write")
        # sudo: whatsapp.cs.follow.up.job - who may change the rule may cancel; nobody writes the rows themselves
        waiting_sudo = self.sudo().filtered(lambda job: job.state == "waiting")
        if not waiting_sudo:
            raise UserError(self.env._("Nothing to cancel: it has ended already. Reload the page."))
        waiting_sudo._end("cancelled", self.env._("Cancelled by %s.", self.env.user.name))

    def action_open_contact(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.contact",
            "res_id": self.contact_id.id,
            "views": [(False, "form")],
        }

    # === RUNNING === #

    @api.model
    def _cron_run(self):
        """Send what is due, each once, or note why it is not sent."""
        self._run_batches()

    @api.model
    def _claim(self):
        self.env.flush_all()
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_follow_up_job WHERE state = 'waiting' AND due_date <= %s
             ORDER BY due_date, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            fields.Datetime.now() - BUFFER,
            BATCH_SIZE,
        )
        return self.browse(row[0] for row in self.env.execute_query(query))

    def _work(self):
        decision = self.follow_up_id._decide(self)
        match decision.action:
            case "later":
                self._postpone(decision)
            case "text" | "template":
                self._send(decision.action)
            case _:
                self._end(decision.action, decision.reason)

    def _postpone(self, decision):
        """Look again when it may be possible; what would come too late is refused."""
        if decision.until > self.planned_date + LATEST:
            self._end("refused", decision.reason)
        else:
            self.write({"due_date": decision.until, "reason": decision.reason})
            self._trigger_batches(at=decision.until + BUFFER)

    def _set_failed(self, error):
        is_refusal = isinstance(error, UserError)  # such as a template that is not approved any more
        self._end("refused" if is_refusal else "failed", str(error) if is_refusal else self._get_failure_text())

    def _get_failure_text(self):
        return self.env._("An internal error; see the server's log.")

    def _end(self, state, reason=False, **values):
        self.write({**values, "state": state, "reason": reason, "done_date": fields.Datetime.now()})

    # === SENDING === #

    def _send(self, action):
        """Put the message into the outbox; the outbox row and the state are committed together."""
        self.ensure_one()
        message = self._send_template() if action == "template" else self._send_text()
        message.event_key = self.follow_up_id._get_event_key()
        self._end("sent", message_id=message.id)

    def _send_template(self):
        message = self.follow_up_id.template_id._send(self.contact_id, self._get_record(), priority="1").sudo()
        message.conversation_id._note_automation(
            "follow_up", outcome="sent", message_id=message.id, counts=True, follow_up_id=self.follow_up_id.id
        )
        return message

    def _get_record(self):
        """Return what the follow-up is about, for the variables of a template, or None."""
        event = self.event_id
        record = event.res_model and event.res_model in self.env and self.env[event.res_model].browse(event.res_id)
        return record.exists() if record else None

    def _send_text(self):
        [conversation] = self.contact_id._open_all_for_outgoing({self.contact_id: None}).values()
        rule = self.follow_up_id.with_context(lang=conversation._get_customer_lang())
        text = conversation._render_variables(rule.text)
        message = conversation._answer_automatically("follow_up", text, follow_up=self.follow_up_id)
        if conversation.state == "new":
            conversation._set_resolved()  # nobody has to do anything until the customer answers, which opens it again
        return message

    # === WHAT CANCELS === #

    @api.model
    def _on_customer_wrote(self, messages):
        """Cancel what was meant for customers who say nothing."""
        dates = {contact: max(own.mapped("date")) for contact, own in messages.grouped("contact_id").items()}
        jobs = self.search(
            [
                ("contact_id", "in", messages.contact_id.ids),
                ("state", "=", "waiting"),
                ("follow_up_id.only_silent", "=", True),
            ]
        )
        late = jobs.filtered(lambda job: dates[job.contact_id] > job.cause_date)
        late._end("cancelled", self.env._("The customer has written."))

    @api.model
    def _on_purchase(self, contacts, date):
        """Cancel what was meant for customers who have not bought."""
        jobs = self.search(
            [
                ("contact_id", "in", contacts.ids),
                ("state", "=", "waiting"),
                ("follow_up_id.only_not_bought", "=", True),
                ("cause_date", "<=", date),
            ]
        )
        jobs._end("cancelled", self.env._("The customer has bought."))

    @api.model
    def _on_opted_out(self, contacts):
        """Cancel everything that waits for customers who want no more messages."""
        jobs = self.search([("contact_id", "in", contacts.ids), ("state", "=", "waiting")])
        jobs._end("cancelled", self.env._("The customer has opted out."))

    @api.autovacuum
    def _gc_jobs(self):
        """Forget what ended a year ago."""
        self.search([("done_date", "<", "-1y")], limit=10000).unlink()


class WhatsappCsAutomationEvent(models.Model):
    _inherit = "whatsapp.cs.automation.event"  # pylint: disable=consider-merging-classes-inherited

    follow_up_id = fields.Many2one("whatsapp.cs.follow.up", readonly=True, index="btree_not_null", ondelete="set null")


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    follow_up_job_ids = fields.One2many("whatsapp.cs.follow.up.job", "contact_id", "Follow-Ups")
    follow_up_count = fields.Integer(compute="_compute_follow_up_count")

    @api.depends("follow_up_job_ids")
    def _compute_follow_up_count(self):
        counts = count_by(self, "whatsapp.cs.follow.up.job", "contact_id")
        for contact in self:
            contact.follow_up_count = counts.get(contact, 0)

    def action_view_follow_ups(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_follow_up_job_action", "contact_id")

    def _get_zone(self):
        """Return the name of the customer's time zone: the partner's, that of the phone's country, or our number's."""
        self.ensure_one()
        of_country = pytz.country_timezones.get(self.country_id.code or "", [])
        zones = [self.partner_id.tz, of_country[0] if len(of_country) == 1 else None, self.channel_id.tz]
        return next((zone for zone in zones if zone in pytz.all_timezones_set), "UTC")


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _get_desk_cards(self):
        """Show what will be written to the customer by itself."""
        cards = super()._get_desk_cards()
        domain = [("contact_id", "=", self.contact_id.id), ("state", "=", "waiting")]
        if jobs := self.env["whatsapp.cs.follow.up.job"].search(domain, order="due_date"):
            cards["follow_ups"] = [
                {
                    "id": job.id,
                    "name": job.follow_up_id.name,
                    "date": fields.Datetime.to_string(job.due_date),
                    "reason": job.reason,
                }
                for job in jobs
            ]
        return cards
