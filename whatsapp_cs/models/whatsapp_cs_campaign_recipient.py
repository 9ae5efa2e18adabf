import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import phone
from .whatsapp_cs_send_policy import RULES, Verdict

_logger = logging.getLogger(__name__)

ANSWER_DAYS = 7  # what a customer writes within it counts as an answer to the campaign
PAUSE = timedelta(minutes=15)  # until a paused campaign's row is looked at again; resuming it does so at once


class WhatsappCsCampaignRecipient(models.Model):
    """One person of a campaign's audience: gets the template once, or is excluded for a reason."""

    _name = "whatsapp.cs.campaign.recipient"
    _description = "WhatsApp Campaign Recipient"
    _order = "id"
    _rec_name = "contact_id"

    campaign_id = fields.Many2one("whatsapp.cs.campaign", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="campaign_id.company_id", store=True)
    contact_id = fields.Many2one("whatsapp.cs.contact", readonly=True, ondelete="restrict")
    wa_id = fields.Char("WhatsApp Number", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    name = fields.Char(readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("queued", "Queued"), ("excluded", "Excluded"), ("refused", "Refused")],
        default="waiting",
        required=True,
        readonly=True,
        help="Excluded before it started; refused when its turn came.",
    )
    rule = fields.Selection(
        [
            *RULES,
            ("no_number", "No Number"),
            ("no_value", "Value Missing"),
            ("double", "Same Number"),
            ("cancelled", "Campaign Cancelled"),
            ("refused", "Refused in Its Turn"),
            ("bug", "Internal Error"),
        ],
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    message_id = fields.Many2one("whatsapp.cs.message", readonly=True, ondelete="set null")
    message_state = fields.Selection(related="message_id.state", string="Delivery")
    message_error = fields.Char(related="message_id.error", string="Error")
    cost = fields.Float(related="message_id.cost")
    queued_date = fields.Datetime(readonly=True)
    answered_date = fields.Datetime(readonly=True)
    opted_out_date = fields.Datetime(readonly=True)

    # One send per person, whatever happens.
    _contact_uniq = models.UniqueIndex("(campaign_id, contact_id) WHERE contact_id IS NOT NULL")
    _message_uniq = models.UniqueIndex("(message_id) WHERE message_id IS NOT NULL")
    _waiting_idx = models.Index("(campaign_id, id) WHERE state = 'waiting'")
    _queued_idx = models.Index("(campaign_id, queued_date) WHERE queued_date IS NOT NULL")
    _unanswered_idx = models.Index("(contact_id) WHERE state = 'queued' AND answered_date IS NULL")

    # === AUDIENCE === #

    @api.model
    def _prepare_values(self, campaign, record):
        """Return the values of the recipient that ``record`` of the audience is; excluded when it has no number."""
        values = {
            "campaign_id": campaign.id,
            "company_id": campaign.company_id.id,
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "state": "waiting",
        }
        try:
            campaign._check_values(record)
        except UserError as error:
            values.update(state="excluded", rule="no_value", reason=str(error))
        if record._name == "whatsapp.cs.contact":
            return {**values, "contact_id": record.id, "wa_id": record.wa_id, "country_id": record.country_id.id}
        try:
            _channel, owner, number = campaign.template_id._find_address(record, campaign.channel_id)
            wa_id = number and self.env["whatsapp.cs.contact"]._get_wa_id(owner, number)
        except UserError as error:
            return {**values, "state": "excluded", "rule": "no_number", "reason": str(error)}
        if not wa_id:
            contact = owner.whatsapp_cs_contact_ids.filtered(lambda contact: contact.channel_id == campaign.channel_id)[
                :1
            ]
            return {**values, "contact_id": contact.id}
        country_id = self.env["whatsapp.cs.contact"]._get_country_id(phone.get_country_code(wa_id))
        return {**values, "wa_id": wa_id, "country_id": country_id}

    def _exclude(self, rule, reason):
        self.write({"state": "excluded", "rule": rule, "reason": reason})

    def _get_record(self):
        """Return the record that the template's variables are taken from."""
        return self.campaign_id._get_document(self.env[self.res_model].browse(self.res_id).exists())

    # === SENDING === #

    @api.model
    def _claim(self, campaign, limit):
        """Lock the next recipients until the transaction ends, which makes them “queued” or leaves them as they were."""
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_campaign_recipient WHERE campaign_id = %s AND state = 'waiting'
             ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            campaign.id,
            limit,
        )
        return self.browse(row[0] for row in self.env.execute_query(query))

    def _send(self):
        """Queue the template for all, at once where nothing is wrong; what is wrong with one recipient stays with it."""
        try:
            with self.env.cr.savepoint():
                self._queue()
                self.env.flush_all()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # somebody was faster, or the database is gone: the batch is tried again
        except Exception as error:
            if len(self) > 1:
                for recipient in self:
                    recipient._send()
            elif isinstance(error, psycopg2.errors.UniqueViolation):
                self._exclude("double", self.env._("Somebody else in the audience has the same number."))
            else:  # without the error's text, which may hold what customers wrote
                _logger.error("WhatsApp campaign recipient %s: %s", self.id, type(error).__name__)
                self._refuse("bug", self.env._("An internal error; see the server's log."))

    def _queue(self):
        """Queue the template for all who may get it, in lists: one by one it costs several times as much."""
        template = self.campaign_id.template_id.with_user(self.campaign_id.user_id).sudo()
        drafts = {}
        for recipient in self:
            try:
                drafts[recipient] = recipient._prepare_draft(template)
            except UserError as error:
                recipient._refuse("refused", str(error))
        for recipient, verdict in template._get_verdicts(drafts).items():
            recipient._refuse("refused", verdict.text)
            del drafts[recipient]
        messages = template._send_drafts(list(drafts.values()), priority="1").sudo() if drafts else ()
        for recipient, message in zip(drafts, messages, strict=True):
            message.campaign_id = recipient.campaign_id
            recipient.write({"state": "queued", "message_id": message.id, "queued_date": fields.Datetime.now()})

    def _prepare_draft(self, template):
        record = self._get_record()
        self.contact_id = self.contact_id or template._find_or_create_recipient(record, self.campaign_id.channel_id)
        return template._prepare_draft(self.contact_id, record)

    def _refuse(self, rule, reason):
        self.write({"state": "refused", "rule": rule, "reason": reason})

    # === RESULTS === #

    @api.model
    def _note_answers(self, contacts):
        """Note for whom of ``contacts``, who have just written, that is the answer to a campaign."""
        recipients = self.search(
            [
                ("contact_id", "in", contacts.ids),
                ("state", "=", "queued"),
                ("answered_date", "=", False),
                ("queued_date", ">", fields.Datetime.now() - timedelta(days=ANSWER_DAYS)),
            ]
        )
        recipients.answered_date = fields.Datetime.now()
        for recipient in recipients:
            lead = recipient.contact_id.conversation_ids.sorted("id")[-1:].lead_id
            if lead and not lead.campaign_id:
                lead.campaign_id = recipient.campaign_id.utm_campaign_id

    @api.model
    def _note_opt_outs(self, contacts):
        """Note which campaigns the contacts who have just opted out had got last."""
        self.search(
            [
                ("contact_id", "in", contacts.ids),
                ("state", "=", "queued"),
                ("opted_out_date", "=", False),
                ("queued_date", ">", fields.Datetime.now() - timedelta(days=ANSWER_DAYS)),
            ]
        ).opted_out_date = fields.Datetime.now()


class WhatsappCsMessage(models.Model):
    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    campaign_id = fields.Many2one("whatsapp.cs.campaign", readonly=True, index="btree_not_null", ondelete="set null")


class WhatsappCsOutbox(models.Model):
    _inherit = "whatsapp.cs.outbox"  # pylint: disable=consider-merging-classes-inherited

    def _get_verdicts(self):
        """Hold back what belongs to a campaign that was paused or cancelled."""
        stopped = {}
        for row in self.filtered(lambda row: row.message_id.campaign_id.state in ("paused", "cancelled")):
            if row.message_id.campaign_id.state == "paused":
                text = self.env._("The campaign is paused.")
                stopped[row] = Verdict("paused", text, fields.Datetime.now() + PAUSE)
            else:
                stopped[row] = Verdict("cancelled", self.env._("The campaign was cancelled."), None)
        return stopped | super(WhatsappCsOutbox, self.filtered(lambda row: row not in stopped))._get_verdicts()
