import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools.graph_client import GraphError

_logger = logging.getLogger(__name__)

DAY = timedelta(hours=24)
LONGEST_WAIT = DAY + timedelta(minutes=1)  # what may go only later than this is not waited for
TIER_SECONDS = 10  # between two counts of whom an account has written to; in between this process counts along

_reached = {}  # (database, account): (when counted, {contact id: when a message began a conversation with them})


class WhatsappCsOutbox(models.Model):
    """The second look at a message, just before it is sent: what was allowed when it was queued may not be any more.

    It comes after the claim is committed and before WhatsApp is called, so a row that is held back was not sent.
    """

    _inherit = "whatsapp.cs.outbox"  # pylint: disable=consider-merging-classes-inherited

    is_initiated = fields.Boolean(
        "Begins a Conversation",
        readonly=True,
        help="It counts in the number of people you may write to first in 24 hours.",
    )

    _initiated_idx = models.Index("(channel_id, claim_date) WHERE is_initiated")

    def _hold_back(self):
        """Return the claimed rows that may go; the others are postponed, or failed, with the sentence that says why."""
        while True:
            try:
                verdicts = self._get_verdicts()
                for row, verdict in verdicts.items():
                    row._refuse(verdict)
                self.env.flush_all()
                return self.filtered(lambda row: row not in verdicts)  # noqa: B023 - used at once
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # only our own notes are lost: the claim is committed
            except Exception as error:
                self.env.cr.rollback()
                return self._hold_back_alone(error)

    def _hold_back_alone(self, error):
        """Look at each row by itself, so that what is wrong with one does not take the others with it."""
        if len(self) > 1:
            going = self.browse()
            for row in self:
                going |= row._hold_back()
                self.env.cr.commit()  # what is noted stays, whatever the next one does  # pylint: disable=invalid-commit
            return going
        _logger.error("WhatsApp outbox row %s could not be checked: %s", self.id, type(error).__name__)
        self._on_error(GraphError("policy", type(error).__name__))
        return self.browse()

    def _get_verdicts(self):
        """Return ``{row: verdict}`` of those that may not go now."""
        requests = [row.message_id._prepare_policy_request() for row in self]
        checked = self.env["whatsapp.cs.send.policy"]._check_all(requests, is_sending=True)
        refused = {row: verdict for row, verdict in zip(self, checked, strict=True) if verdict}
        begins = self.filtered(lambda row: row not in refused and row._begins_conversation())
        return {row: row._say_again(verdict) for row, verdict in refused.items()} | begins._judge_tier()

    def _say_again(self, verdict):
        """Return a verdict in the words of whoever sent the message; only of the few that are refused, it costs queries."""
        return self._get_policy()._check_all([self.message_id._prepare_policy_request()], is_sending=True)[0] or verdict

    def _get_policy(self):
        """Return the send policy in language and time zone of the person who sent the message."""
        user = self.message_id.user_id
        return self.env["whatsapp.cs.send.policy"].with_context(lang=user.lang, tz=user.tz)

    def _begins_conversation(self):
        return self.message_id.message_type == "template" and not self.contact_id.is_window_open

    def _refuse(self, verdict):
        """Postpone the row when waiting helps, else give up."""
        values = {"error": verdict.text, "error_code": verdict.rule}
        if verdict.until and verdict.until <= fields.Datetime.now() + LONGEST_WAIT:
            # priority: what others send to the same customer meanwhile does not wait for it
            self._update_state(
                "retry", next_try_date=verdict.until, try_count=self.try_count - 1, priority="1", **values
            )
            self.message_id.write({"state": "queued", "error": verdict.text})
        else:
            self._update_state("failed", **values)
            self.message_id._set_refused(verdict)
        self.message_id._broadcast_state()

    # === DAILY TIER === #

    def _judge_tier(self):
        """Return ``{row: verdict}`` of the rows beyond the number of people an account may write to first (MS9)."""
        verdicts = {}
        for account, rows in self.grouped(lambda row: row.channel_id.account_id).items():
            limit = account._get_daily_contacts()
            reached = self._get_reached(account) if limit else {}
            waiting = self.browse()
            for row in rows:
                if not limit or row.contact_id.id in reached or len(reached) < limit:
                    reached[row.contact_id.id] = fields.Datetime.now()
                    row.is_initiated = True
                else:
                    waiting |= row
            for row, until in zip(waiting, self._get_free_places(account, reached, len(waiting)), strict=True):
                verdicts[row] = row._get_policy()._get_tier_verdict(limit, until)
        return verdicts

    @api.model
    def _get_reached(self, account):
        """Return ``{contact id: when}`` of those the account has begun a conversation with in 24 hours.

        Another process that sends for another number of the account is seen with the next count only.
        """
        key, now = (self.env.cr.dbname, account.id), time.monotonic()
        if key not in _reached or now - _reached[key][0] > TIER_SECONDS:
            query = SQL(
                """
                SELECT contact_id, max(claim_date) FROM whatsapp_cs_outbox
                 WHERE channel_id = ANY(%s) AND is_initiated AND claim_date > now() AT TIME ZONE 'UTC' - interval '24 hours'
                   AND state IN ('sending', 'gone', 'unknown')
                 GROUP BY contact_id
                """,
                account.with_context(active_test=False).channel_ids.ids,
            )
            _reached[key] = (now, dict(self.env.execute_query(query)))
        return _reached[key][1]

    @api.model
    def _get_free_places(self, account, reached, count):
        """Return when each of the next ``count`` places becomes free that nobody waits for yet, one after the other."""
        if not count:
            return []
        ahead = self.search_count(
            [
                ("channel_id.account_id", "=", account.id),
                ("state", "=", "retry"),
                ("error_code", "=", "tier"),
                ("next_try_date", ">", fields.Datetime.now()),
            ]
        )
        dates = sorted(reached.values())
        return [dates[min(ahead + number, len(dates) - 1)] + DAY for number in range(count)]
