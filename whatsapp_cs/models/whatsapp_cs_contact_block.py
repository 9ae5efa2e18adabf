from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.graph_client import GraphError
from ..tools.private_log import queries_hidden
from .whatsapp_cs_queue import CONCURRENCY_ERRORS

PAUSES = (1, 5, 30, 120, 720)  # minutes before the next try
OUTSIDE_WINDOW = 131047  # Meta's code, as for messages
BATCH = 20  # calls, one after the other


class WhatsappCsContact(models.Model):
    """Somebody who only disturbs is blocked: here at once, and at WhatsApp by a job of its own, which tries again."""

    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    blocked_date = fields.Datetime(
        "Blocked Since", readonly=True, help="Nothing is sent to them, and nobody is bothered."
    )
    block_state = fields.Selection(
        [
            ("to_block", "Being Blocked at WhatsApp"),
            ("blocked", "Blocked at WhatsApp"),
            ("here", "Blocked Here Only"),
            ("to_unblock", "Being Unblocked at WhatsApp"),
        ],
        "Block",
        readonly=True,
    )
    block_next_date = fields.Datetime("Next Try", readonly=True)
    block_tries = fields.Integer(readonly=True)
    block_error = fields.Char("Why Not Blocked at WhatsApp", readonly=True)

    _block_due_idx = models.Index("(block_next_date) WHERE block_state IN ('to_block', 'to_unblock')")

    def _block(self):
        """Block here, and have it done at WhatsApp too."""
        self.filtered(lambda contact: not contact.blocked_date).blocked_date = fields.Datetime.now()
        self.filtered(lambda contact: contact.block_state != "blocked")._queue_block("to_block")

    def _unblock(self):
        """Let them write, and be written to, again."""
        self.blocked_date = False
        self.filtered(lambda contact: contact.block_state == "here").write({"block_state": False, "block_error": False})
        self.filtered("block_state")._queue_block("to_unblock")

    def _on_blocked_wrote(self):
        """WhatsApp blocks who wrote within 24 hours only: who writes in spite of being blocked here can be blocked now."""
        self.filtered(lambda contact: contact.blocked_date and contact.block_state == "here")._queue_block("to_block")

    def _queue_block(self, task):
        if self:
            self.write({"block_state": task, "block_next_date": fields.Datetime.now(), "block_tries": 0})
            # sudo: ir.cron - whoever blocks wakes the worker that does it
            self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_block").sudo()._trigger()

    # === AT WHATSAPP === #

    @api.model
    def _cron_block(self):
        """Block and unblock at WhatsApp: claim, commit, call, write down. Doing it twice is the same as once."""
        while contacts := self._claim_block():
            for contact in contacts:
                contact._call_block()
            if not self.env["ir.cron"]._commit_progress(len(contacts)):
                break

    @api.model
    def _claim_block(self):
        """Return those whose turn it is; should this worker die, they have another one when their pause is over."""
        self.env.flush_all()
        pauses = SQL(", ").join(SQL("%s", minutes) for minutes in PAUSES)
        query = SQL(
            """
            UPDATE whatsapp_cs_contact
               SET block_tries = coalesce(block_tries, 0) + 1,
                   block_next_date = %(now)s
                       + (ARRAY[%(pauses)s])[least(coalesce(block_tries, 0) + 1, %(most)s)] * interval '1 minute'
             WHERE id IN (SELECT contact.id FROM whatsapp_cs_contact contact
                            JOIN whatsapp_cs_channel channel ON channel.id = contact.channel_id AND channel.state = 'live'
                           WHERE contact.block_state IN ('to_block', 'to_unblock') AND contact.block_next_date <= %(now)s
                           ORDER BY contact.block_next_date LIMIT %(limit)s
                             FOR NO KEY UPDATE OF contact SKIP LOCKED)
            RETURNING id
            """,
            now=fields.Datetime.now(),
            pauses=pauses,
            most=len(PAUSES),
            limit=BATCH,
        )
        try:
            with queries_hidden(*CONCURRENCY_ERRORS):
                ids = [row_id for (row_id,) in self.env.execute_query(query)]
            self.env.cr.commit()  # the claim, before the call  # pylint: disable=invalid-commit
        except CONCURRENCY_ERRORS:
            self.env.cr.rollback()
            return self.browse()  # somebody writes there at this moment: the next run takes it
        self.env.invalidate_all()
        return self.browse(ids)

    def _call_block(self):
        self.ensure_one()
        task = self.block_state
        client, number_id = self.channel_id.account_id._get_graph_client(), self.channel_id.phone_number_id
        call = client.block if task == "to_block" else client.unblock
        recipient = {"user": f"+{self.wa_id}"} if self.wa_id else {"user_id": self.meta_user_id}
        is_last = self.block_tries >= len(PAUSES)
        self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
        try:
            call(number_id, recipient)
        except GraphError as error:
            if not (error.retryable or error.needs_administrator) or is_last:
                self._note_block(task, "here" if task == "to_block" else "", self._get_block_problem(error))
            return
        self._note_block(task, "blocked" if task == "to_block" else "", "")

    def _get_block_problem(self, error):
        if error.code == OUTSIDE_WINDOW:
            return self.env._(
                "WhatsApp blocks only who wrote within 24 hours. Should they write again, it is asked again."
            )
        return self.env["whatsapp.cs.outbox"]._get_meaning(error.code) or error.details

    def _note_block(self, task, state, error):
        """Write down how a call ended, unless people have wanted something else meanwhile."""
        query = SQL(
            "UPDATE whatsapp_cs_contact SET block_state = %s, block_error = %s WHERE id = %s AND block_state = %s",
            state or None,
            error[:200] or None,
            self.id,
            task,
        )
        try:
            with queries_hidden(*CONCURRENCY_ERRORS):
                self.env.execute_query(query)
            self.env.cr.commit()  # what WhatsApp has done  # pylint: disable=invalid-commit
        except CONCURRENCY_ERRORS:
            self.env.cr.rollback()  # the next try finds it done already
        self.env.invalidate_all()
