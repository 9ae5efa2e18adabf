import logging
from concurrent.futures import ThreadPoolExecutor

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.graph_client import GraphError
from ..tools.private_log import queries_hidden
from .whatsapp_cs_queue import CONCURRENCY_ERRORS, MAX_TRIES

_logger = logging.getLogger(__name__)

TYPING_SECONDS = 20  # between two signs that an agent types; WhatsApp shows one for 25 s
BATCH = 50  # calls at a time
THREADS = 16


class WhatsappCsReceipt(models.Model):
    """What the customer is told of the agent: that messages were read, and that somebody types.

    One row for each contact. A receipt that is lost with its worker is made up for by the next one: it covers all earlier
    messages (Meta).
    """

    _name = "whatsapp.cs.receipt"
    _description = "WhatsApp Read Receipt"

    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, ondelete="cascade")
    wamid = fields.Char(
        "Read Up To", required=True, readonly=True, help="WhatsApp's id of the newest message that was read."
    )
    is_typing = fields.Boolean(readonly=True)
    typing_date = fields.Datetime(readonly=True)
    is_due = fields.Boolean(readonly=True)

    _contact_uniq = models.UniqueIndex("(contact_id)")
    _due_idx = models.Index("(id) WHERE is_due")

    @api.model
    def _note_read(self, contact, mail_message, is_typing=False):
        """Have the customer told that everything up to ``mail_message`` was read, and, if so, that somebody types."""
        channel = contact.channel_id
        if not (channel.sends_typing if is_typing else channel.sends_read_receipts):
            return
        wamid, known = self._find_newest(contact, mail_message)
        if not wamid or (wamid == known and not is_typing):
            return  # the customer has been told: nothing new was read
        query = SQL(
            """
            INSERT INTO whatsapp_cs_receipt AS known (contact_id, wamid, is_typing, typing_date, is_due)
            VALUES (%(contact)s, %(wamid)s, %(typing)s, CASE WHEN %(typing)s THEN now() AT TIME ZONE 'UTC' END, true)
            ON CONFLICT (contact_id) DO UPDATE
               SET wamid = excluded.wamid, is_typing = excluded.is_typing, is_due = true,
                   typing_date = coalesce(excluded.typing_date, known.typing_date)
             WHERE known.wamid <> excluded.wamid
                OR (excluded.is_typing AND (known.typing_date IS NULL
                    OR known.typing_date < now() AT TIME ZONE 'UTC' - %(pause)s * interval '1 second'))
            RETURNING id
            """,
            contact=contact.id,
            wamid=wamid,
            typing=is_typing,
            pause=TYPING_SECONDS,
        )
        self.env.flush_all()  # before the savepoint: only the receipt may be given up
        try:
            with queries_hidden(*CONCURRENCY_ERRORS), self.env.cr.savepoint(flush=False):
                is_due = bool(self.env.execute_query(query))
        except CONCURRENCY_ERRORS:
            return  # somebody tells this customer so at this very moment
        if is_due:
            # sudo: ir.cron - reading wakes the worker that says so
            self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_receipt_send").sudo()._trigger()

    @api.model
    def _find_newest(self, contact, mail_message):
        """Return the id of the customer's newest message up to ``mail_message``, and of the one that is known as read."""
        self.env["whatsapp.cs.message"].flush_model(["contact_id", "direction", "mail_message_id", "wamid"])
        query = SQL(
            """
            SELECT wamid, (SELECT wamid FROM whatsapp_cs_receipt WHERE contact_id = %(contact)s)
              FROM whatsapp_cs_message
             WHERE contact_id = %(contact)s AND direction = 'in' AND mail_message_id <= %(message)s AND wamid IS NOT NULL
             ORDER BY id DESC LIMIT 1
            """,
            contact=contact.id,
            message=mail_message.id,
        )
        return next(iter(self.env.execute_query(query)), (None, None))

    @api.model
    def _cron_send(self):
        """Send what is due: claim, commit, call."""
        with ThreadPoolExecutor(THREADS) as pool:
            while calls := self._claim():
                list(pool.map(_send, calls))
                self.env["ir.cron"]._commit_progress(len(calls))

    @api.model
    def _claim(self):
        query = SQL(
            """
            UPDATE whatsapp_cs_receipt SET is_due = false
             WHERE id IN (SELECT id FROM whatsapp_cs_receipt WHERE is_due ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id, is_typing
            """,
            BATCH,
        )
        for _try in range(MAX_TRIES):
            try:
                with queries_hidden(*CONCURRENCY_ERRORS):
                    rows = dict(self.env.execute_query(query))
                    self.env.cr.commit()  # pylint: disable=invalid-commit
                self.env.invalidate_all()
                break
            except CONCURRENCY_ERRORS:
                self.env.cr.rollback()
        else:
            return []
        calls = []
        for receipt in self.browse(rows).filtered(lambda receipt: receipt.contact_id.channel_id.state == "live"):
            channel = receipt.contact_id.channel_id
            calls.append(
                (channel.account_id._get_graph_client(), channel.phone_number_id, receipt.wamid, rows[receipt.id])
            )
        self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
        return calls


def _send(call):
    client, phone_number_id, wamid, is_typing = call
    try:
        client.mark_read(phone_number_id, wamid, is_typing)
    except GraphError as error:  # nothing depends on it; the next one covers this message too
        _logger.info("A WhatsApp read receipt was not taken: %s", error.code)
