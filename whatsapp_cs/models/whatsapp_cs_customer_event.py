from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from .whatsapp_cs_related import count_by, get_list_action

BUFFER = timedelta(seconds=5)  # AR8: what happens together is known together before anything follows from it
BATCH_SIZE = 50


class WhatsappCsCustomerEvent(models.Model):
    """Something a customer did, or that happened to them: a link clicked, an order won. Rules and follow-ups react (AR8).

    Stored at once by whoever learns of it; a job does the thinking, after a short buffer.
    """

    _name = "whatsapp.cs.customer.event"
    _inherit = ["whatsapp.cs.batch"]
    _batch_cron = "whatsapp_cs.ir_cron_whatsapp_cs_customer_event_process"
    _description = "WhatsApp Customer Event"
    _order = "date desc, id desc"
    _rec_name = "name"

    name = fields.Selection(lambda self: self._get_names(), "Event", required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="contact_id.channel_id", store=True)
    company_id = fields.Many2one(related="contact_id.company_id", store=True)
    conversation_id = fields.Many2one("whatsapp.cs.conversation", readonly=True, ondelete="set null")
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    detail = fields.Char(readonly=True, help="Such as the address of the link.")
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
        default="waiting",
        required=True,
        readonly=True,
    )
    error = fields.Char(readonly=True)
    job_ids = fields.One2many("whatsapp.cs.follow.up.job", "event_id", "Follow-Ups")

    # The same about the same record is one event, whoever tells it, and however often.
    _record_uniq = models.UniqueIndex("(contact_id, name, res_model, res_id) WHERE res_model IS NOT NULL")
    _waiting_idx = models.Index("(date) WHERE state = 'waiting'")

    @api.model
    def _get_names(self):
        """Return ``[(name, label)]`` of the events there are; bridge addons add theirs."""
        return [
            ("bot_finished", self.env._("A bot was gone through")),
            ("link_clicked", self.env._("A link was clicked")),
            ("resolved", self.env._("The conversation was resolved")),
            ("ordered", self.env._("Something was ordered")),
        ]

    def action_open_record(self):
        """Open what the event is about, with the rights of the user."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    # === STORING === #

    @api.model
    def _is_awaited(self, name):
        """Tell whether anything reacts to such an event; extend it together with ``_process``."""
        # sudo: whatsapp.cs.follow.up - only whether there is one
        return bool(self.env["whatsapp.cs.follow.up"].sudo().search_count([("event", "=", name)], limit=1))

    @api.model
    def _store(self, contact, name, record=None, date=None, detail=False):
        """Keep one event, and have it processed after the buffer; one that is known changes nothing."""
        # sudo: whatsapp.cs.customer.event - who brings the news has no right on them, and needs none
        values = {
            "contact_id": contact.id,
            # sudo: whatsapp.cs.conversation - the present case, for whoever may read the event
            "conversation_id": contact.sudo().conversation_ids.sorted("id")[-1:].id,
            "name": name,
            "date": min(filter(None, [date, fields.Datetime.now()])),
            "res_model": record._name if record else False,
            "res_id": record.id if record else False,
            "detail": detail,
        }
        try:
            with self.env.cr.savepoint():
                event_sudo = self.sudo().create(values)
                self.env.flush_all()
        except psycopg2.errors.UniqueViolation:
            return self.browse()
        self._trigger_batches(at=fields.Datetime.now() + BUFFER)
        return event_sudo.with_env(self.env)

    # === PROCESSING === #

    @api.model
    def _cron_process(self):
        """Let follow-ups and rules react to each event once."""
        self._run_batches()

    @api.model
    def _claim(self):
        self.env.flush_all()
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_customer_event WHERE state = 'waiting' AND date <= %s
             ORDER BY date, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            fields.Datetime.now() - BUFFER,
            BATCH_SIZE,
        )
        return self.browse(row[0] for row in self.env.execute_query(query))

    def _work(self):
        self._process()
        self.state = "done"

    def _set_failed(self, error):
        self.write({"state": "failed", "error": type(error).__name__})

    def _process(self):
        """React to the event; extend it for another reaction."""
        self.ensure_one()
        self.env["whatsapp.cs.follow.up"]._plan(self)

    @api.autovacuum
    def _gc_events(self):
        """Forget what is older than a year."""
        self.search([("date", "<", "-1y"), ("state", "!=", "waiting")], limit=10000).unlink()


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    event_ids = fields.One2many("whatsapp.cs.customer.event", "contact_id", "Events")
    event_count = fields.Integer(compute="_compute_event_count")

    @api.depends("event_ids")
    def _compute_event_count(self):
        counts = count_by(self, "whatsapp.cs.customer.event", "contact_id")
        for contact in self:
            contact.event_count = counts.get(contact, 0)

    def action_view_events(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_customer_event_action", "contact_id")

    def _on_customer_event(self, name, record=None, date=None, detail=False):
        """Take note of something that customers did; bridge addons call it, for instance when an order is confirmed.

        :param name: a key of ``whatsapp.cs.customer.event._get_names()``
        :param record: what it is about; the same about the same record counts once
        :param date: when it happened; now by default
        """
        for contact in self:
            contact.env["whatsapp.cs.customer.event"]._store(contact, name, record, date, detail)
        if name in self._get_purchase_events():
            self._on_purchase(date or fields.Datetime.now())

    @api.model
    def _get_purchase_events(self):
        """Return the names of events that mean that the customer has bought; bridge addons add theirs."""
        return {"ordered"}

    def _on_purchase(self, date):
        """Stop what was meant for those who have not bought."""
        # sudo: whatsapp.cs.follow.up.job - follows from the purchase, whoever notes that
        self.env["whatsapp.cs.follow.up.job"].sudo()._on_purchase(self, date)

    def _has_ordered_since(self, date):
        """Tell whether the customer has bought something since ``date``; bridge addons know of orders, CRM of won leads."""
        self.ensure_one()
        # sudo: crm.lead - only whether there is one
        return bool(
            self.env["crm.lead"]
            .sudo()
            .search_count(
                [
                    ("partner_id", "child_of", self.partner_id.commercial_partner_id.ids),
                    ("won_status", "=", "won"),
                    ("date_closed", ">=", date),
                    ("company_id", "in", (False, self.company_id.id)),
                ],
                limit=1,
            )
            if self.partner_id
            else 0
        )


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _set_resolved(self, change=None):
        """A case in which the customer has written, and that is resolved, is an event for who waits for it."""
        result = super()._set_resolved(change=change)
        written = self.filtered("inbound_count")
        if written and self.env["whatsapp.cs.customer.event"]._is_awaited("resolved"):
            written.contact_id._on_customer_event("resolved")
        return result
