import json
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.mail.tools.discuss import Store

from ..tools import message_payload, text_format
from .whatsapp_cs_conversation import GROUP_AGENT

QUEUE_LIMIT = 50  # conversations shown in the sidebar's queue, the longest waiting first


def is_whatsapp_cs(channel):
    return channel.channel_type == "whatsapp_cs"


def get_team(channel):
    team = channel.sudo().whatsapp_cs_conversation_id.team_id  # sudo: as _whatsapp_cs_get_store_fields
    return {"id": team.id, "name": team.name} if team else False


class RichContent(NamedTuple):
    """A checked message with more than text on its way through ``message_post``: the API's type, and the object under it."""

    message_type: str
    content: dict | list | None


class DiscussChannel(models.Model):
    _inherit = "discuss.channel"

    channel_type = fields.Selection(selection_add=[("whatsapp_cs", "WhatsApp")], ondelete={"whatsapp_cs": "cascade"})
    whatsapp_cs_contact_id = fields.Many2one(
        "whatsapp.cs.contact", "WhatsApp Contact", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    whatsapp_cs_conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", "WhatsApp Conversation", readonly=True, index="btree_not_null", ondelete="set null"
    )
    whatsapp_cs_partner_id = fields.Many2one(related="whatsapp_cs_contact_id.partner_id", string="WhatsApp Customer")
    whatsapp_cs_user_id = fields.Many2one(related="whatsapp_cs_conversation_id.user_id", string="WhatsApp Agent")
    whatsapp_cs_state = fields.Selection(related="whatsapp_cs_conversation_id.state", string="WhatsApp State")
    whatsapp_cs_unanswered_date = fields.Datetime(
        related="whatsapp_cs_conversation_id.unanswered_date", string="WhatsApp Customer Waiting Since"
    )
    whatsapp_cs_window_end = fields.Datetime(
        related="whatsapp_cs_contact_id.window_end_date", string="WhatsApp Window Closes"
    )
    whatsapp_cs_channel_name = fields.Char(related="whatsapp_cs_contact_id.channel_id.name", string="WhatsApp Channel")

    _whatsapp_cs_contact = models.Constraint(
        "CHECK(channel_type != 'whatsapp_cs' OR whatsapp_cs_contact_id IS NOT NULL)",
        "A WhatsApp thread belongs to a WhatsApp contact.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._whatsapp_cs_check_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._whatsapp_cs_check_values(vals)
        return super().write(vals)

    def _whatsapp_cs_check_values(self, vals):
        """Let only the system make and change a WhatsApp thread: Odoo lets members write the record itself."""
        if not self.env.su and "whatsapp_cs" in (vals.get("channel_type"), *self.sudo().mapped("channel_type")):
            raise AccessError(self.env._("WhatsApp chats are made and changed by the messages of customers only."))

    # === WHAT THE CLIENT IS SENT === #

    def _to_store_defaults(self, target):
        return super()._to_store_defaults(target) + self._whatsapp_cs_get_store_fields()

    def _whatsapp_cs_get_store_fields(self):
        # sudo: whatsapp.cs.* - who may see the thread may see whose it is and what state it is in
        return [
            Store.One("whatsapp_cs_partner_id", ["avatar_128", "name"], predicate=is_whatsapp_cs, sudo=True),
            Store.One(
                "whatsapp_cs_user_id",
                [Store.One("partner_id", ["name"], sudo=True)],
                predicate=is_whatsapp_cs,
                sudo=True,
            ),
            Store.Attr("whatsapp_cs_state", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_unanswered_date", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_window_end", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_channel_name", predicate=is_whatsapp_cs, sudo=True),
            Store.Attr("whatsapp_cs_team", get_team, predicate=is_whatsapp_cs, sudo=True),
        ]

    def _types_allowing_unfollow(self):
        return super()._types_allowing_unfollow() + ["whatsapp_cs"]

    def _whatsapp_cs_broadcast(self):
        """Show state, agent and window to everybody who looks at a thread, and keep the queues of all agents true."""
        for channel in self:
            Store(bus_channel=channel).add(channel, channel._whatsapp_cs_get_store_fields()).bus_send()
        for queue, channels in self.grouped(
            lambda channel: channel.whatsapp_cs_conversation_id.team_id or channel.whatsapp_cs_contact_id.company_id
        ).items():
            channels._whatsapp_cs_tell_queue(queue)

    def _whatsapp_cs_tell_queue(self, queue):
        """Send the threads to who looks at a queue: that of a team, or of a company's agents."""
        store = Store(bus_channel=queue, bus_subchannel="whatsapp_cs_queue")
        # Only those that wait for somebody are described in full: the others leave the list.
        waiting = self.filtered(lambda channel: channel._whatsapp_cs_waits_in(queue))
        store.add(waiting)
        store.add(self - waiting, self._whatsapp_cs_get_store_fields())
        self.env["bus.bus"]._sendone((queue, "whatsapp_cs_queue"), "mail.record/insert", store.get_result())

    def _whatsapp_cs_waits_in(self, queue):
        self.ensure_one()
        return self.whatsapp_cs_state == "queued" and queue == (
            self.whatsapp_cs_conversation_id.team_id or self.whatsapp_cs_contact_id.company_id
        )

    @api.model
    def _whatsapp_cs_get_queue(self):
        """Return the threads that wait for an agent in the user's queues, the longest waiting first."""
        teams = self.env.user._whatsapp_cs_get_queue_teams()
        conversations = self.env["whatsapp.cs.conversation"].search(
            [("state", "=", "queued"), ("team_id", "in", [False, *teams.ids])],
            order="unanswered_date, id",
            limit=QUEUE_LIMIT,
        )
        return conversations.discuss_channel_id

    # === MEMBERS === #

    def _whatsapp_cs_set_agent(self, agent):
        """Make ``agent`` (a user, or none) the only member: what is pinned is what the agent has to do."""
        self.ensure_one()
        channel = self.sudo()  # sudo: discuss.channel.member - membership follows from the conversation's agent
        for member in channel.channel_member_ids.filtered(lambda member: member.partner_id != agent.partner_id):
            # Personally, too: the thread's own notifications end for who may not see it any more.
            Store(bus_channel=member._bus_channel()).add(channel, channel._whatsapp_cs_get_store_fields()).bus_send()
            channel._action_unfollow(member.partner_id, member.guest_id, post_leave_message=False)
        if agent:
            # Who takes a conversation has read it; for whom it is given to, everything in it is new.
            newest = channel._whatsapp_cs_get_newest_message() if agent == self.env.user else self.env["mail.message"]
            channel._add_members(
                users=agent,
                create_member_params={"seen_message_id": newest.id, "new_message_separator": newest.id + 1}
                if newest
                else None,
                post_joined_message=False,
            )
            if newest:
                self.env["whatsapp.cs.receipt"]._note_read(channel.whatsapp_cs_contact_id, newest)

    def _whatsapp_cs_get_newest_message(self):
        return self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "=", self.id)], order="id desc", limit=1
        )

    def _find_or_create_member_for_self(self):
        """Make nobody a member who only types or looks: answering or taking does that."""
        if self.channel_type == "whatsapp_cs":
            return self.self_member_id
        return super()._find_or_create_member_for_self()

    def _find_or_create_persona_for_channel(self, *args, **kwargs):
        """Let nobody in by an invitation link."""
        if self.channel_type == "whatsapp_cs" and not self.self_member_id:
            raise UserError(self.env._("Nobody can be invited to a chat with a customer."))
        return super()._find_or_create_persona_for_channel(*args, **kwargs)

    # === POSTING === #

    def message_post(self, **kwargs):
        """Check who posts into a WhatsApp thread before anything is written."""
        if self.channel_type != "whatsapp_cs":
            return super().message_post(**kwargs)
        kwargs["body"] = self._whatsapp_cs_check_post(**kwargs)
        if self.env.uid != api.SUPERUSER_ID:
            for name in ("author_id", "author_guest_id", "email_from", "date"):
                kwargs.pop(name, None)  # who writes here writes in the own name, now
        # sudo: mail.message - the post was checked; nobody may create a message in a WhatsApp thread otherwise
        return super(DiscussChannel, self.sudo()).message_post(**kwargs).with_env(self.env)

    def _whatsapp_cs_post_received(self, received):
        """Show messages of customers (``whatsapp.cs.message``, in order) in their threads, which are those of ``self``.

        In lists and not by ``message_post``: one of those costs ten times as much. What it does beside is done here:
        the thread moves up, the screens learn of each message, members who asked for it get a push.
        """
        if not received:
            return
        mail_messages = self.env["mail.message"].create(received._prepare_mail_values())
        for message, mail_message in zip(received, mail_messages, strict=True):
            message.mail_message_id = mail_message
        received._link_quoting()
        # Past Discuss's own write, which would send each thread's date by itself; it travels with the messages.
        models.BaseModel.write(self, {"last_interest_dt": fields.Datetime.now()})
        self._whatsapp_cs_push(mail_messages.filtered(lambda message: message.message_type == "whatsapp_cs"))
        for channel_id, messages in mail_messages.grouped("res_id").items():
            self.browse(channel_id).with_prefetch(self._prefetch_ids)._whatsapp_cs_show_received(messages)

    def _whatsapp_cs_show_received(self, mail_messages):
        """Send new messages to everybody who looks at the thread, with what has changed of the thread itself."""
        self.ensure_one()
        store = Store(bus_channel=self)
        store.add(mail_messages, msg_vals={"scheduled_date": False})  # spares a query: they are shown now
        store.add(self, ["last_interest_dt", *self._whatsapp_cs_get_store_fields()])
        data = store.get_result()
        for message in mail_messages:
            # Discuss's client takes the first message of the data as the new one.
            self._bus_send("discuss.channel/new_message", {"data": data, "id": self.id})
            data = {
                "mail.message": [{"id": following.id} for following in mail_messages if following.id > message.id][:1]
            }

    def _whatsapp_cs_show_sent(self, mail_messages):
        """Show messages that no ``message_post`` posted but are there already, with ticks; who sent them has read them."""
        models.BaseModel.write(self, {"last_interest_dt": fields.Datetime.now()})  # as in _whatsapp_cs_post_received
        for channel_id, messages in mail_messages.grouped("res_id").items():
            channel = self.browse(channel_id).with_prefetch(self._prefetch_ids)
            if member := channel.channel_member_ids.filtered(lambda m: m.partner_id == messages.author_id):  # noqa: B023
                member._set_last_seen_message(messages[-1], notify=False)
                member._set_new_message_separator(messages[-1].id + 1)
            channel._whatsapp_cs_show_received(messages)

    def _whatsapp_cs_push(self, mail_messages):
        """Tell members by push whose browser asked for it; queued, because a browser's server may be slow to answer."""
        partners = self.channel_member_ids.partner_id
        devices, *_keys = self._web_push_get_partners_parameters(partners.ids)
        pushes = []
        for mail_message in mail_messages if devices else ():
            channel = self.browse(mail_message.res_id)
            recipients = channel._notify_get_recipients(mail_message)
            partner_ids = channel._notify_get_recipients_for_extra_notifications(
                mail_message, recipients, msg_vals={"message_type": "comment"}
            )
            payload = channel._notify_by_web_push_prepare_payload(mail_message)
            pushes += [
                {"mail_push_device_id": device.id, "payload": json.dumps(self._web_push_truncate_payload(payload))}
                for device in devices.filtered(lambda device: device.partner_id.id in partner_ids)  # noqa: B023
            ]
        if pushes:
            # sudo: mail.push, ir.cron - as Discuss itself does for many devices
            self.env["mail.push"].sudo().create(pushes)
            self.env.ref("mail.ir_cron_web_push_notification").sudo()._trigger()

    def _whatsapp_cs_explain_no_access(self):
        """Tell an agent, who has just lost a chat to a colleague, who answers it; others learn nothing."""
        self.ensure_one()
        # sudo: discuss.channel - only the name of the colleague is told, and only to agents of the same company
        channel_sudo = self.sudo().exists()
        user = self.env.user
        if (
            channel_sudo.channel_type == "whatsapp_cs"
            and channel_sudo.whatsapp_cs_user_id
            and channel_sudo.whatsapp_cs_contact_id.company_id in user.company_ids
            and user.has_group(GROUP_AGENT)
        ):
            raise UserError(
                self.env._(
                    "%s is answering this conversation. Nothing was sent or changed.",
                    channel_sudo.whatsapp_cs_user_id.name,
                )
            )

    def _whatsapp_cs_check_post(
        self,
        *,
        body="",
        message_type="notification",
        subtype_xmlid=None,
        subtype_id=None,
        attachment_ids=None,
        attachments=None,
        body_is_html=False,
        partner_ids=None,
        **_kwargs,
    ):
        """Refuse a post of somebody who may not; for a message to the customer, also when it can't be sent.

        :return: the body to show: what goes to a customer is shown as the customer sees it
        """
        if message_type == "whatsapp_cs":
            raise AccessError(self.env._("Only WhatsApp itself brings messages of customers."))
        if self.env.uid == api.SUPERUSER_ID:
            return body  # the system's own notices; they stay inside
        # With all companies of the user: the chat is the same whichever of them the client shows at the moment.
        user_channel = self.sudo(False).with_context(allowed_company_ids=self.env.user._get_company_ids())
        if not self.env.user.has_group(GROUP_AGENT) or not user_channel.has_access("read"):
            raise AccessError(
                self.env._(
                    "Only WhatsApp agents write in this chat. An administrator gives the role in your user's settings."
                )
            )
        comment_id = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        is_comment = subtype_xmlid == "mail.mt_comment" or str(subtype_id) == str(comment_id)
        if message_type != "comment":
            return body
        self._whatsapp_cs_check_mentions(partner_ids)
        # As everywhere in Odoo: Markup is HTML, a plain string is text.
        is_html = isinstance(body, Markup) or body_is_html
        if not is_comment:
            self._whatsapp_cs_check_note(body, is_html)
            return body
        self.whatsapp_cs_conversation_id._lock()
        text = text_format.html_to_whatsapp(body) if is_html else (body or "").strip()
        # sudo: ir.attachment - Discuss has checked that they are the user's; here only type and size are looked at
        files = self.env["ir.attachment"].sudo().browse(attachment_ids or ())
        self.whatsapp_cs_conversation_id.with_env(user_channel.env)._check_can_answer(text, files)
        if attachments:
            raise UserError(self.env._("Files are sent to customers from Discuss only. Nothing was sent."))
        # Noted before Discuss notes the first thing to tell, so that all of it is told by one statement at the end.
        self.sudo().whatsapp_cs_conversation_id._broadcast()
        self.sudo().whatsapp_cs_conversation_id._note_desk_change()
        return text_format.whatsapp_to_html(text)

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        # Before super: it sends the message to the screens, with its ticks.
        if self.channel_type == "whatsapp_cs" and self._whatsapp_cs_goes_out(message):
            text = text_format.html_to_whatsapp(message.body)
            # sudo: whatsapp.cs.conversation - the post was checked by _whatsapp_cs_check_post
            self.sudo().whatsapp_cs_conversation_id._on_agent_message(message, text, *self._whatsapp_cs_get_rich())
        return super()._notify_thread(message, msg_vals=msg_vals, **kwargs)

    def whatsapp_cs_send_rich(self, kind, values):
        """Send a message with more than text: a place, contacts, buttons, a list, a link, products, a form.

        :param kind: a key of ``message_payload.BUILDERS``
        :param values: what was entered in the client's dialog
        """
        self._whatsapp_cs_get_conversation()
        if kind == "contacts":
            values = {"people": self._whatsapp_cs_get_people(values.get("partner_ids"))}
        elif kind == "products":
            values = {**values, "catalog": self.whatsapp_cs_contact_id.channel_id.catalog_id or ""}
        try:
            message_type, content, text = message_payload.build(kind, values)
        except message_payload.InvalidContent as error:
            raise UserError(error.get_text(self.env)) from error
        rich = RichContent(message_type, content)
        # sudo: discuss.channel - as Discuss's own route; message_post checks who posts
        self.sudo().with_context(whatsapp_cs_rich=rich).message_post(
            body=text, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        if isinstance(values.get("canned_response_id"), int):
            self._whatsapp_cs_note_replies([values["canned_response_id"]])

    def _whatsapp_cs_get_people(self, partner_ids):
        """Return the contact cards of partners whom the user may see."""
        ids = (
            [partner_id for partner_id in partner_ids if isinstance(partner_id, int)]
            if isinstance(partner_ids, list)
            else ()
        )
        partners = self.env["res.partner"].browse(ids).exists()
        partners.check_access("read")
        return [
            {
                "name": partner.name or partner.display_name,
                "phones": [partner.phone] if partner.phone else [],
                "email": partner.email,
                "company": partner.parent_id.name if partner.parent_id.is_company else False,
            }
            for partner in partners
        ]

    def _whatsapp_cs_get_rich(self):
        """Return ``(type, content)`` of the message that is being posted; of plain text ``(text, None)``.

        What comes from the client's context is none: only the server makes a ``RichContent``.
        """
        rich = self.env.context.get("whatsapp_cs_rich")
        return rich if isinstance(rich, RichContent) else RichContent("text", None)

    def _whatsapp_cs_goes_out(self, message):
        """Tell whether a posted message is meant for the customer: an agent's comment. All else stays inside."""
        return (
            message.message_type == "comment"
            and message.subtype_id.id == self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
            and self.env.uid != api.SUPERUSER_ID
        )

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        if self.channel_type == "whatsapp_cs" and message.message_type == "whatsapp_cs":
            # A customer's message notifies the members like a colleague's.
            msg_vals = {**(msg_vals or {}), "message_type": "comment"}
        return super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)

    def _message_update_content(self, message, /, **kwargs):
        if self.channel_type == "whatsapp_cs" and message.sudo().whatsapp_cs_message_ids:
            raise UserError(
                self.env._(
                    "The customer has this message on the phone already: it can't be changed or deleted there. Send a correction."
                )
            )
        return super()._message_update_content(message, **kwargs)

    # === CALLED BY THE CLIENT === #

    def whatsapp_cs_take(self):
        """Take the thread's conversation (see ``whatsapp.cs.conversation.action_take``)."""
        self._whatsapp_cs_get_conversation().action_take()

    def whatsapp_cs_release(self):
        """Give the thread's conversation back to the queue."""
        self._whatsapp_cs_get_conversation().action_release()

    def whatsapp_cs_resolve(self):
        """Resolve the thread's conversation."""
        self._whatsapp_cs_get_conversation().action_resolve()

    def whatsapp_cs_open_conversation(self):
        """Return the action that opens the thread's conversation record."""
        conversation = self._whatsapp_cs_get_conversation()
        return {
            "type": "ir.actions.act_window",
            "res_model": conversation._name,
            "res_id": conversation.id,
            "views": [(False, "form")],
        }

    def whatsapp_cs_get_price(self, kind="text", category=False):
        """Return what a message to the customer will probably cost, for the composer: ``{price, text, category, reason}``.

        :param kind: ``text`` (anything free-form) or ``template``; ``category`` is the template's
        """
        contact = self._whatsapp_cs_get_conversation().contact_id
        price = self.env["whatsapp.cs.price"]._get_expected_price(contact, kind, category)
        return self.env["whatsapp.cs.price"]._format(price, contact.company_id.currency_id)

    def _whatsapp_cs_get_conversation(self):
        self.ensure_one()
        if not self.has_access("read"):
            self._whatsapp_cs_explain_no_access()
        self.check_access("read")
        if self.channel_type != "whatsapp_cs":
            raise UserError(self.env._("This is not a WhatsApp chat."))
        return self.whatsapp_cs_conversation_id
