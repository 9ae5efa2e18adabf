from odoo import api, fields, models
from odoo.exceptions import UserError

from .whatsapp_cs_conversation import HandChange


class WhatsappCsConversation(models.Model):
    """Two cases that are one: the messages and the history of the others go over to the one that remains.

    The others are archived, so that nothing is lost and no figure counts them twice.
    """

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    active = fields.Boolean(default=True, readonly=True)
    merged_into_id = fields.Many2one(
        "whatsapp.cs.conversation", readonly=True, index="btree_not_null", ondelete="restrict"
    )

    def action_merge(self):
        """Open the dialog that asks which ones."""
        for conversation in self:
            conversation._check_may_change()
        return self._get_dialog("whatsapp_cs.whatsapp_cs_merge_action")

    def action_view_merged_into(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.merged_into_id.id,
            "views": [(False, "form")],
        }

    def _get_same_person(self):
        """Return the other cases of the same contact or partner that the user may see, the newest first."""
        self.ensure_one()
        partner = self.partner_id
        domain = fields.Domain("contact_id", "=", self.contact_id.id)
        if partner:
            domain |= fields.Domain("partner_id", "=", partner.id)
        return self.search(domain & fields.Domain("id", "!=", self.id), order="id desc")

    def _merge(self, others):
        """Make ``others`` part of this case."""
        self.ensure_one()
        others -= self
        if not others:
            raise UserError(self.env._("Choose the conversations that are to become part of this one."))
        (self | others)._lock()
        for conversation in self | others:
            conversation._check_may_change()
        self._check_can_merge(others)
        # sudo: whatsapp.cs.* - the rights were checked above; messages and history are written by nobody else
        self.sudo()._take_in(others.sudo())

    def _check_can_merge(self, others):
        """Refuse what is not one person's, or would leave a case open beside the one that remains."""
        for other in others:
            if other.contact_id != self.contact_id and not (self.partner_id and other.partner_id == self.partner_id):
                raise UserError(
                    self.env._(
                        "%(name)s and %(other)s are two people. If they are one, link both contacts with the same partner first.",
                        name=self.contact_id.name,
                        other=other.contact_id.name,
                    )
                )
        everything = self | others
        if len(everything.company_id) > 1:
            raise UserError(self.env._("Conversations of different companies stay apart."))
        if "spam" in everything.mapped("state"):
            raise UserError(self.env._("One of them is spam. Unblock the sender first."))
        if everything.merged_into_id:
            raise UserError(self.env._("One of them is part of another conversation already. Reload the page."))
        self._check_is_newest()
        if self.state == "resolved" and any(other.state != "resolved" for other in others):
            raise UserError(self.env._("Let the open conversation remain, and merge the resolved one into it."))

    def _take_in(self, others):
        self._absorb(others)
        for other in others.sorted("id"):
            text = self.env._(
                "%(by)s merged the conversation with %(name)s (%(channel)s) of %(date)s into this one.",
                by=self.env.user.name,
                name=other.contact_id.name,
                channel=other.channel_id.name,
                date=fields.Date.to_string(other.first_message_date),
            )
            self._post_notice(text)
            if other.contact_id != self.contact_id:
                other._post_notice(
                    self.env._(
                        "%(by)s merged this conversation into the one with %(name)s on %(channel)s: go on there.",
                        by=self.env.user.name,
                        name=self.contact_id.name,
                        channel=self.channel_id.name,
                    )
                )

    def _absorb(self, others):
        values = self._prepare_merge_values(others)
        for other in others.filtered(lambda other: other.state != "resolved"):
            other._close("merged")
        others.message_ids.conversation_id = self
        others.stint_ids.conversation_id = self
        self.write(values)
        others.write({"active": False, "merged_into_id": self.id})
        self._broadcast()

    @api.model
    def _move_to_contact(self, contact, others):
        """Give ``contact`` the cases of ``others``, who are the same person; of several open ones one remains.

        That is the one that was called spam, else the one that an agent has, else the newest.
        """
        cases = self.with_context(active_test=False).search([("contact_id", "in", (contact | others).ids)])
        cases._lock()
        is_open = cases.filtered(lambda case: case.state != "resolved")
        if len(is_open) > 1:
            remains = max(is_open, key=lambda case: (case.state == "spam", bool(case._get_agent()), case.id))
            (is_open - remains).filtered(lambda case: case.state == "spam")._set_queued()  # only so they can be closed
            remains._absorb(is_open - remains)
            if remains.state == "spam":
                remains.unanswered_date = False
            elif remains.unanswered_date:
                remains._on_customer_wrote()
        self.env.flush_all()  # the closed ones before: a contact has one open case at any moment
        cases.filtered(lambda case: case.contact_id in others).contact_id = contact

    def _close(self, ended):
        """End a case that has only been merged or split: nobody has solved it, and nobody is asked how it was."""
        now = fields.Datetime.now()
        self._update_state("resolved", change=HandChange(ended=ended), resolved_date=now, unanswered_date=False)

    def _prepare_merge_values(self, others):
        """Return what the case that remains learns from the others."""
        everything = (self | others).sorted("id")

        def pick(choose, name):
            return choose(filter(None, everything.mapped(name)), default=False)

        return {
            **{name: sum(everything.mapped(name)) for name in ("inbound_count", "outbound_count")},
            **{name: pick(min, name) for name in ("unanswered_date", "first_message_date", "first_response_date")},
            "last_message_date": pick(max, "last_message_date"),
            "tag_ids": [fields.Command.set(everything.tag_ids.ids)],
            "priority": max(everything.mapped("priority")),
            "lead_id": (self.lead_id or everything.lead_id[:1]).id,
            **{
                name: self[name] or next(filter(None, everything.mapped(name)), False)
                for name in ("ad_headline", "ad_source_id", "ad_url", "ad_click_id")
            },
        }

    def _takes_message(self, date):
        return not self.merged_into_id and super()._takes_message(date)

    def _update_state(self, state, change=None, **values):
        for conversation in self:
            if conversation.merged_into_id:
                raise UserError(
                    self.env._(
                        "This conversation is part of the one with %(name)s on %(channel)s: go on there.",
                        name=conversation.merged_into_id.sudo().contact_id.name,
                        channel=conversation.merged_into_id.sudo().channel_id.name,
                    )
                )
        return super()._update_state(state, change=change, **values)
