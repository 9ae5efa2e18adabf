from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.tools import SQL, OrderedSet

from ..tools.text_format import TEXT_LIMIT, get_length
from .whatsapp_cs_related import get_list_action

GROUP_AGENT = "whatsapp_cs.whatsapp_cs_group_agent"
GROUP_EDITOR = "whatsapp_cs.whatsapp_cs_group_editor"


REGROUPED = ("merged", "split")  # ends of a case that nobody has solved: nothing follows from them


class HandChange(NamedTuple):
    """How and why a conversation changes hands, as the history keeps it."""

    began: str = ""  # of ``whatsapp.cs.conversation.agent``; empty: taken, or assigned by somebody else
    ended: str = ""  # of the stint before; empty: what the new state says
    reason: str = ""


class WhatsappCsConversation(models.Model):
    """One case with a contact, from the first message to the resolution. The next case is the next record."""

    _name = "whatsapp.cs.conversation"
    _description = "WhatsApp Conversation"
    _order = "last_message_date desc, id desc"
    _rec_name = "contact_id"

    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, ondelete="restrict")
    channel_id = fields.Many2one(related="contact_id.channel_id", store=True, index=True)
    company_id = fields.Many2one(related="contact_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="contact_id.partner_id", store=True, index=True, string="Partner")
    discuss_channel_id = fields.Many2one(related="contact_id.discuss_channel_id")
    window_end_date = fields.Datetime(related="contact_id.window_end_date")
    is_window_open = fields.Boolean(related="contact_id.is_window_open")
    lead_id = fields.Many2one("crm.lead", readonly=True, index="btree_not_null", ondelete="set null")
    message_ids = fields.One2many("whatsapp.cs.message", "conversation_id", string="Messages")
    ad_headline = fields.Char("Ad", readonly=True, help="The ad or post that led the customer to the chat.")
    ad_source_id = fields.Char("Ad ID", readonly=True, help="Meta's id of the ad or post.")
    ad_url = fields.Char("Ad Link", readonly=True)
    ad_click_id = fields.Char(
        "Click ID", readonly=True, help="Meta's id of the click (ctwa_clid), for its Conversions API."
    )

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "bot": ("new", "queued", "waiting", "snoozed", "resolved"),
        "queued": ("new", "bot", "assigned", "waiting", "snoozed", "resolved", "spam"),
        "assigned": ("new", "bot", "queued", "assigned", "waiting", "snoozed", "resolved"),
        # but for assigned: somebody has answered from the phone, or an automatic reply was enough
        "waiting": ("new", "bot", "queued", "assigned", "snoozed", "resolved"),
        "snoozed": ("new", "bot", "queued", "assigned", "waiting", "snoozed"),
        "resolved": ("new", "bot", "queued", "assigned", "waiting", "snoozed"),
        "spam": ("new", "bot", "queued", "assigned", "waiting", "snoozed", "resolved"),
    }
    state = fields.Selection(
        [
            ("new", "New"),
            ("bot", "With the Bot"),
            ("queued", "In the Queue"),
            ("assigned", "Assigned"),
            ("waiting", "Waiting for Customer"),
            ("snoozed", "Snoozed"),
            ("resolved", "Resolved"),
            ("spam", "Spam"),
        ],
        default="new",
        required=True,
        readonly=True,
        index=True,
        group_expand="_group_expand_state",
    )
    state_date = fields.Datetime("In This State Since", readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "Agent", readonly=True, index=True)
    unanswered_date = fields.Datetime(
        "Waiting Since", readonly=True, index=True, help="The customer's first message that nobody has answered yet."
    )
    first_message_date = fields.Datetime("Started", readonly=True)
    last_message_date = fields.Datetime("Last Message", readonly=True, index=True)
    first_response_date = fields.Datetime("First Answered", readonly=True)
    resolved_date = fields.Datetime("Resolved On", readonly=True)
    inbound_count = fields.Integer("Received", readonly=True)
    outbound_count = fields.Integer("Sent", readonly=True)
    failed_count = fields.Integer(compute="_compute_failed_count", search="_search_failed_count")

    # Two messages of one person at the same moment must not open two cases.
    _one_open = models.UniqueIndex("(contact_id) WHERE state != 'resolved'")
    _contact_idx = models.Index("(contact_id, id DESC)")

    @api.depends("contact_id.name")
    def _compute_display_name(self):
        for conversation in self:
            conversation.display_name = conversation.contact_id.name

    def _compute_failed_count(self):
        counts = dict(
            self.env["whatsapp.cs.message"]._read_group(
                [("conversation_id", "in", self.ids), ("state", "=", "failed")], ["conversation_id"], ["__count"]
            )
        )
        for conversation in self:
            conversation.failed_count = counts.get(conversation, 0)

    def _search_failed_count(self, operator, value):
        if operator != ">" or value != 0:
            return NotImplemented
        failed = self.env["whatsapp.cs.message"]._search([("state", "=", "failed")])
        return [("id", "in", failed.subselect("conversation_id"))]

    @api.model
    def _group_expand_state(self, states, _domain):
        """Order the columns of the kanban as a case goes through them; the queue first."""
        always = ("queued", "assigned", "waiting")
        order = ("bot", *always, "snoozed", "resolved", "spam")
        return [state for state in order if state in always or state in states]

    # === BUTTONS === #

    def action_open_chat(self):
        self.ensure_one()
        return self.discuss_channel_id._get_access_action()

    def action_take(self):
        """Take the conversation; what another agent has can only be taken over by an editor."""
        self._lock()
        for conversation in self:
            conversation._check_is_agent()
            if (
                conversation.user_id
                and conversation.user_id != self.env.user
                and not self.env.user.has_group(GROUP_EDITOR)
            ):
                raise UserError(
                    self.env._(
                        "%s is answering this conversation. Ask an editor to hand it over to you.",
                        conversation.user_id.name,
                    )
                )
            conversation._check_lock(self.env._("Ask an editor to take it over, or wait."))
            # sudo: whatsapp.cs.conversation - agents change state by these methods only, the right was checked above
            conversation.sudo()._set_assigned(self.env.user)

    def action_release(self):
        """Give the conversation back to the queue."""
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation.sudo()._set_queued()

    def action_resolve(self):
        """Close the case. A message that comes soon after reopens it."""
        self._lock()
        for conversation in self:
            conversation._check_may_change()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation.sudo()._set_resolved()

    def action_view_lead(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }

    def action_view_messages(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_message_action", "conversation_id")

    def _lock(self):
        """Let two who act on a case at the same moment come one after the other; Odoo repeats the later one's request."""
        self.env.cr.execute(
            "SELECT 1 FROM whatsapp_cs_conversation WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            (self.ids,),
            log_exceptions=False,
        )

    def _check_is_agent(self):
        if not self.has_access("read") and self.env.user.has_group(GROUP_AGENT):
            # sudo: discuss.channel - see the method: it tells agents who has what they can no longer see
            self.sudo().discuss_channel_id.with_env(self.env)._whatsapp_cs_explain_no_access()
        self.check_access("read")
        if not self.env.user.has_group(GROUP_AGENT):
            raise AccessError(
                self.env._("Only WhatsApp agents can do this. An administrator gives the role in your user's settings.")
            )

    def _check_may_change(self):
        """Allow the agent who has it, anybody for one that nobody has, and editors."""
        self._check_is_agent()
        if self.user_id and self.user_id != self.env.user and not self.env.user.has_group(GROUP_EDITOR):
            raise UserError(
                self.env._(
                    "%s is answering this conversation; only they or an editor can change it.", self.user_id.name
                )
            )
        self._check_lock(self.env._("Nothing was changed."))

    # === INBOUND === #

    @api.model
    def _on_customer_messages(self, messages):
        """Take in customers' messages, of many people at once: window, case, lead, and what people see."""
        conversations = self.browse()
        opened = self._find_or_open(
            {contact: min(own.mapped("date")) for contact, own in messages.grouped("contact_id").items()}
        )
        for contact, own in messages.grouped("contact_id").items():
            contact._on_inbound(max(own.mapped("date")))
            own.conversation_id = opened[contact]
            opened[contact]._note_customer_messages(own)
            conversations |= opened[contact]
        conversations._link_lead()
        self._note_ads(messages)
        earlier = conversations._show_in_thread()
        # Where an agent has answered lately, the agent goes on, and learns of the message itself.
        resting = conversations.filtered(lambda conversation: conversation._get_automation_rest())
        resting._on_customer_wrote()
        conversations.discuss_channel_id._whatsapp_cs_post_received(earlier | messages)
        self.env["whatsapp.cs.campaign.recipient"]._note_answers(messages.contact_id)
        self.env["whatsapp.cs.follow.up.job"]._on_customer_wrote(messages)
        # Who has just opted out or in is answered to that, and to nothing else.
        confirmed = self.env["whatsapp.cs.contact"]._apply_consent_words(messages).conversation_id
        handled = (conversations - resting - confirmed)._run_automation(messages)
        (conversations - resting - handled)._on_customer_wrote()

    @api.model
    def _find_or_open(self, dates):
        """Return ``{contact: case}`` for the first message of each at ``dates[contact]``.

        That is the contact's open case, the one resolved a short while ago, or a new one.
        """
        newest = self._find_newest([contact.id for contact in dates])
        newest._lock()  # who has changed one meanwhile makes us begin anew at once, and not after all the work
        found = {
            conversation.contact_id: conversation
            for conversation in newest
            if conversation._takes_message(dates[conversation.contact_id])
        }
        missing = [contact for contact in dates if contact not in found]
        created = self.create([{"contact_id": contact.id, "first_message_date": dates[contact]} for contact in missing])
        return found | dict(zip(missing, created, strict=True))

    @api.model
    def _find_newest(self, contact_ids):
        """Return the open case of each contact, or the newest: of two contacts in one, an older case may be the open one."""
        self.flush_model(["contact_id", "state", "active"])
        query = SQL(
            """
            SELECT DISTINCT ON (contact_id) id FROM whatsapp_cs_conversation
             WHERE contact_id = ANY(%s) ORDER BY contact_id, state = 'resolved', active DESC, id DESC
            """,
            contact_ids,
        )
        return self.browse(row[0] for row in self.env.execute_query(query))

    def _takes_message(self, date):
        """Tell whether a message of ``date`` belongs to this case: it is open, or was resolved a short while before."""
        return self.state != "resolved" or date <= self.resolved_date + timedelta(hours=self.channel_id.reopen_hours)

    def _note_customer_messages(self, messages):
        self.ensure_one()
        dates = messages.mapped("date")
        if not self.unanswered_date:
            self._broadcast()  # the waiting time begins; what else has changed is sent with the messages
        self.write(
            {
                "inbound_count": self.inbound_count + len(messages),
                "last_message_date": max([*dates, self.last_message_date or dates[0]]),
                "unanswered_date": self.state != "spam" and min([*dates, self.unanswered_date or dates[0]]),
                "first_message_date": min([*dates, self.first_message_date or dates[0]]),
            }
        )

    def _on_customer_wrote(self):
        """Give each back to its agent, or to the queue when nobody has it any more."""
        agents = self.filtered(
            lambda c: (
                c.user_id and (c.state == "waiting" or (c.state in ("snoozed", "resolved") and c._is_agent_there()))
            )
        )
        for agent, conversations in agents.grouped("user_id").items():
            conversations._set_assigned(agent, change=HandChange(began="returned"))
        others = (self - agents).filtered(
            # a bot that has not taken the message in is no help: a person has to look
            lambda c: c.state in ("new", "bot", "snoozed", "resolved") or (c.state == "waiting" and not c.user_id)
        )
        others._set_queued()

    @api.model
    def _on_echo(self, message):
        """Show what was sent from the phone; the customer has been answered, by nobody of ours here."""
        conversation = self._find_or_open({message.contact_id: message.date})[message.contact_id]
        message.conversation_id = conversation
        conversation._note_answer(message.date)
        if conversation.state == "resolved":
            conversation._set_queued()
        if conversation.state in ("new", "bot", "queued", "assigned"):
            conversation._set_waiting()
        earlier = conversation._show_in_thread()
        conversation.discuss_channel_id._whatsapp_cs_post_received(earlier | message)

    def _is_agent_there(self):
        """Tell whether the agent who had the case still works as one."""
        return bool(self.user_id.active and self.user_id.has_group(GROUP_AGENT))

    # === LEAD === #

    def _link_lead(self):
        """Link the open lead of each person, or open one for somebody new who wrote (setting of the channel)."""
        without = self._link_open_lead()
        news = without.filtered(lambda c: not c.lead_id and c.channel_id._opens_lead())._filter_new_people()
        # mail_create_nosubscribe: the system is no follower; tracking_disable: nothing has changed yet
        Lead = self.env["crm.lead"].with_context(tracking_disable=True, mail_create_nosubscribe=True)
        leads = Lead.create([conversation._prepare_lead_values() for conversation in news])
        for conversation, lead in zip(news, leads.with_env(self.env), strict=True):
            conversation.lead_id = lead

    def _link_open_lead(self):
        """Link the open lead of each person; return the cases that had none."""
        without = self.filtered(lambda conversation: not conversation.lead_id)
        for company, conversations in without.grouped("company_id").items():
            leads = self._find_open_lead(conversations.partner_id, company)
            for conversation in conversations:
                conversation.lead_id = leads.get(conversation.partner_id)
        return without

    @api.model
    def _find_open_lead(self, partners, company):
        """Return ``{partner: newest open lead}``."""
        leads = self.env["crm.lead"].search(
            [
                ("partner_id", "in", partners.ids),
                ("won_status", "=", "pending"),
                ("company_id", "in", (False, company.id)),
            ],
            order="id",
        )
        return {lead.partner_id: lead for lead in leads}

    def _filter_new_people(self):
        """Return those whose contact has written for the first time and was nobody we knew."""
        new = self.filtered("contact_id.created_partner")
        known = (
            self.with_context(active_test=False)
            .search([("contact_id", "in", new.contact_id.ids), ("id", "not in", new.ids)])
            .contact_id
        )
        return new.filtered(lambda conversation: conversation.contact_id not in known)

    def _open_lead(self):
        """Open a lead for a case that has none."""
        for conversation in self.filtered(lambda conversation: not conversation.lead_id):
            Lead = self.env["crm.lead"].with_context(tracking_disable=True, mail_create_nosubscribe=True)  # as above
            conversation.lead_id = Lead.create(conversation._prepare_lead_values())

    def _prepare_lead_values(self):
        self.ensure_one()
        team = self.channel_id.crm_team_id
        # By name and without an XML id: an id of this module would be deleted, and leads changed, at uninstalling.
        source = self.env["utm.mixin"]._find_or_create_record("utm.source", "WhatsApp")
        return {
            "name": self.env._("WhatsApp: %s", self.contact_id.name),
            "type": "lead" if team.use_leads else "opportunity",
            "partner_id": self.partner_id.id,
            "source_id": source.id,
            "team_id": team.id,
            "user_id": False,
            "company_id": self.company_id.id,
        }

    @api.model
    def _note_ads(self, messages):
        """Remember on case and lead which ad led to the chat; the first one keeps the lead."""
        for message in messages.filtered(lambda message: message.context and "ad" in message.context):
            ad = message.context["ad"]
            conversation = message.conversation_id
            texts = [ad.get(name, "").strip() for name in ("headline", "body", "source_id")]
            headline = next(filter(None, texts), "").split("\n")[0].strip()[:128]
            conversation.write(
                {
                    "ad_headline": headline,
                    "ad_source_id": ad.get("source_id"),
                    "ad_url": ad.get("source_url"),
                    "ad_click_id": ad.get("ctwa_clid"),
                }
            )
            if conversation.lead_id and not conversation.lead_id.campaign_id:
                conversation.lead_id.write(conversation._prepare_lead_ad_values())

    def _prepare_lead_ad_values(self):
        self.ensure_one()
        find = self.env["utm.mixin"]._find_or_create_record
        values = {"referred": self.ad_url, "medium_id": find("utm.medium", self.env._("WhatsApp ad")).id}
        if self.ad_headline:
            values["campaign_id"] = find("utm.campaign", self.ad_headline).id
        return values

    # === OUTGOING === #

    def _check_can_reach(self):
        """Refuse to send anything without a template while somebody else has the case, or the window is closed."""
        self._check_can_send_template()
        if verdict := self.env["whatsapp.cs.send.policy"]._check(self.contact_id, "text"):
            raise UserError(self.env._("%s Your message was not sent.", verdict.text))

    def _check_can_send_template(self):
        """Refuse to write to the customer while somebody else has the case; templates don't need the window."""
        self.ensure_one()
        self._check_is_agent()
        if self.user_id and self.user_id != self.env.user and self.state != "resolved":
            raise UserError(
                self.env._(
                    "%s is answering this conversation. Your message was not sent. Take the conversation over first.",
                    self.user_id.name,
                )
            )
        self._check_lock(self.env._("Your message was not sent."), is_answer=True)

    def _check_can_answer(self, text, files=()):
        """Refuse what can't be sent to the customer, with the way out: other agent, closed window, length, files.

        :param files: attachments to be sent (``ir.attachment``)
        """
        self._check_can_reach()
        if files:
            files._whatsapp_cs_check_sendable()
        elif not text:
            raise UserError(self.env._("There is nothing to send: the message has no text."))
        if get_length(text) > TEXT_LIMIT:
            raise UserError(
                self.env._(
                    "The message has %(length)s characters; WhatsApp takes at most %(limit)s. Send it in parts.",
                    length=get_length(text),
                    limit=TEXT_LIMIT,
                )
            )

    def _on_agent_message(self, mail_message, text, message_type="text", content=None):
        """Queue an agent's message for WhatsApp; answering takes a conversation that nobody has."""
        self.ensure_one()
        self._take_by_answering()
        if mail_message.attachment_ids:
            self.env["whatsapp.cs.message"]._queue_files(self, mail_message, text)
        else:
            self.env["whatsapp.cs.message"]._queue(self, mail_message, text, message_type, content)
        self._broadcast()

    def _on_agent_template(self):
        """Take note that the current user sends a template to the customer: like an answer, it takes the conversation."""
        self.ensure_one()
        self._take_by_answering()
        self._broadcast()

    def _take_by_answering(self):
        if self.user_id != self.env.user or self.state not in ("assigned", "waiting"):
            self._set_assigned(self.env.user)
        self._renew_lock()
        self._note_answer(fields.Datetime.now())
        if self.state == "assigned":
            self._set_waiting()

    def _on_system_template(self):
        """Take note that the system, or somebody to many, sends a template: the case stays with whom it is.

        A new case is closed at once: nobody has to do anything until the customer answers, which opens it again.
        """
        self.ensure_one()
        self.write({"outbound_count": self.outbound_count + 1, "last_message_date": fields.Datetime.now()})
        if self.state == "new":
            self._set_resolved()
        self._broadcast()

    def _note_answer(self, date):
        self.ensure_one()
        self.write(
            {
                "outbound_count": self.outbound_count + 1,
                "last_message_date": max(date, self.last_message_date or date),
                "first_response_date": self.first_response_date or date,
                "unanswered_date": False,
            }
        )

    # === STATE MACHINE === #

    def _set_bot(self, change=None):
        self._update_state("bot", change=change, user_id=False, resolved_date=False)

    def _set_queued(self, change=None):
        self._update_state("queued", change=change, user_id=False, resolved_date=False)

    def _set_assigned(self, user, change=None):
        self._update_state("assigned", change=change, user_id=user.id, resolved_date=False)

    def _set_waiting(self):
        self._update_state("waiting")

    def _set_resolved(self, change=None):
        self._update_state("resolved", change=change, resolved_date=fields.Datetime.now(), unanswered_date=False)

    def _update_state(self, state, change=None, **values):
        """Enter ``state``; the only method that writes it. Two at once: the later transaction is refused or retried.

        :param change: how and why it changes hands (``HandChange``), for the history; the usual when there is none
        """
        for conversation in self:
            if conversation.state not in self._STATE_SOURCES[state]:
                raise UserError(
                    self.env._(
                        "A conversation that is “%(state)s” can't become “%(new_state)s”. Reload the page: somebody may have changed it.",
                        state=conversation._get_state_label(conversation.state),
                        new_state=conversation._get_state_label(state),
                    )
                )
            if conversation.state == "resolved":
                conversation._check_is_newest()
            holder = conversation._get_holder()
            lock = conversation._prepare_lock_values(state, values.get("user_id"))
            conversation.write({**values, **lock, "state": state, "state_date": fields.Datetime.now()})
            conversation._note_holder(holder, change)
            conversation._sync_members()
        self._broadcast()

    def _check_is_newest(self):
        """Refuse to reopen a case that another one of the same contact has followed."""
        if self.search_count([("contact_id", "=", self.contact_id.id), ("id", ">", self.id)], limit=1):
            raise UserError(
                self.env._("A newer conversation with %s exists: go on with that one.", self.contact_id.name)
            )

    def _get_state_label(self, state):
        return dict(self._fields["state"]._description_selection(self.env))[state]

    # === DISCUSS === #

    def _show_in_thread(self):
        """Make each the present case of its contact's thread in Discuss, which is created when there is none.

        :return: what WhatsApp said of new contacts before they wrote, to be shown in their threads
        """
        without = self.filtered(lambda conversation: not conversation.discuss_channel_id)
        # install_mode: whoever runs this (a cron) must not become a member; the customer never is one
        threads = (
            self.env["discuss.channel"]
            .with_context(install_mode=True)
            .create([conversation._prepare_thread_values() for conversation in without])
            .with_context(install_mode=False)
        )
        for conversation, thread in zip(without, threads, strict=True):
            conversation.contact_id.discuss_channel_id = thread
        for conversation in self - without:
            if conversation.discuss_channel_id.whatsapp_cs_conversation_id != conversation:
                conversation.discuss_channel_id.whatsapp_cs_conversation_id = conversation
                conversation._sync_members()
        notices = [("contact_id", "in", without.contact_id.ids), ("message_type", "=", "system")]
        return self.env["whatsapp.cs.message"].search(notices, order="id")

    def _prepare_thread_values(self):
        self.ensure_one()
        return {
            "name": self.contact_id.name,
            "channel_type": "whatsapp_cs",
            "whatsapp_cs_contact_id": self.contact_id.id,
            "whatsapp_cs_conversation_id": self.id,
        }

    def _sync_members(self):
        """Let exactly the agent who has the open case be a member of the thread, so that only that is pinned."""
        self.ensure_one()
        agent = self.user_id if self.state in ("assigned", "waiting") else self.env["res.users"]
        if self.discuss_channel_id.whatsapp_cs_conversation_id == self:
            self.discuss_channel_id._whatsapp_cs_set_agent(agent)

    def _broadcast(self):
        """Show state and agent to everybody who looks at the thread or at the queue: once, when all is written."""
        data = self.env.cr.precommit.data
        if "whatsapp_cs.broadcast" not in data:
            data["whatsapp_cs.broadcast"] = OrderedSet()
            # sudo: whatsapp.cs.conversation - who may see what is decided by who listens
            self.env.cr.precommit.add(self.sudo()._broadcast_now)
        data["whatsapp_cs.broadcast"].update(self.ids)

    @api.model
    def _broadcast_now(self):
        self._take_noted("whatsapp_cs.broadcast").filtered(
            lambda conversation: conversation.discuss_channel_id.whatsapp_cs_conversation_id == conversation
        ).discuss_channel_id._whatsapp_cs_broadcast()

    @api.model
    def _take_noted(self, key):
        """Return the cases noted under ``key`` in this transaction that still exist; only a deleted one costs a query."""
        noted = self.browse(self.env.cr.precommit.data.pop(key, ()))
        try:
            noted.mapped("company_id")
        except MissingError:
            return noted.exists()
        return noted
