from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from .whatsapp_cs_conversation import HandChange

LONGEST = timedelta(days=366)
BATCH = 200


class WhatsappCsConversation(models.Model):
    """A conversation sleeps until a time, or until the customer writes; it stays with whom it is."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    snooze_until = fields.Datetime("Snoozed Until", readonly=True, index="btree_not_null")

    def action_snooze(self):
        """Open the dialog that asks until when."""
        for conversation in self:
            conversation._check_may_change()
            conversation._check_is_open()
        return self._get_dialog("whatsapp_cs.whatsapp_cs_snooze_action")

    def action_wake(self):
        """End the sleep now."""
        self._lock()
        for conversation in self.filtered(lambda conversation: conversation.state == "snoozed"):
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation.sudo()._wake()

    def _snooze(self, until):
        """Let each sleep until ``until`` (UTC)."""
        now = fields.Datetime.now()
        if not until or not now < until <= now + LONGEST:
            raise UserError(self.env._("Choose a time that is to come, within a year."))
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            conversation._check_is_open()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation.sudo()._update_state("snoozed", snooze_until=until)
            conversation.sudo()._post_notice(
                self.env._(
                    "%(name)s snoozed the conversation until %(time)s.",
                    name=self.env.user.name,
                    time=format_datetime(self.env, until, dt_format="short"),
                )
            )
        # sudo: ir.cron - it wakes them at that time; without it, within a minute after
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_snooze").sudo()._trigger(until)

    def _update_state(self, state, change=None, **values):
        if state != "snoozed":
            values["snooze_until"] = False
        return super()._update_state(state, change=change, **values)

    @api.model
    def _cron_snooze(self):
        """Wake what has slept until now; running twice at once is harmless."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT id FROM whatsapp_cs_conversation WHERE state = 'snoozed' AND snooze_until <= %s
             ORDER BY snooze_until LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            fields.Datetime.now(),
            BATCH,
        )
        for conversation in self.browse(self._claim_ids(query)):
            conversation._wake()

    def _wake(self):
        """Give it back to its agent, who is told so, or to the queue."""
        self.ensure_one()
        agent = self.user_id
        if not (agent and self._is_agent_there()):
            self._set_queued(change=HandChange(ended="released"))
            return
        self._set_assigned(agent)
        env = self.with_context(lang=agent.lang).env
        agent._bus_send(
            "simple_notification",
            {
                "type": "info",
                "title": self.contact_id.name,
                "message": env._("The conversation you snoozed is back: go on with it."),
            },
        )
