from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.mail.tools.discuss import Store

from .whatsapp_cs_conversation import GROUP_AGENT
from .whatsapp_cs_message import STATE_RANK

# What a message says and who said it
_CONTENT = {
    "attachment_ids", "author_guest_id", "author_id", "body", "date", "email_from", "message_type", "model",
    "parent_id", "res_id", "subtype_id",
}  # fmt: skip


def _get_progress(message):
    return -1 if message.state == "failed" or message.is_unknown else STATE_RANK.get(message.state, 0)


class MailMessage(models.Model):
    _inherit = "mail.message"

    message_type = fields.Selection(
        selection_add=[("whatsapp_cs", "WhatsApp")],
        # What customers wrote stays readable, as a comment of the partner.
        ondelete={"whatsapp_cs": lambda records: records.write({"message_type": "comment"})},
    )
    whatsapp_cs_message_ids = fields.One2many(
        "whatsapp.cs.message", "mail_message_id", groups="whatsapp_cs.whatsapp_cs_group_agent"
    )

    # === A RECORD OF WHAT WAS SAID === #

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        messages._whatsapp_cs_check_may_change()
        return messages

    def write(self, vals):
        if _CONTENT & set(vals):
            self._whatsapp_cs_check_may_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_whatsapp_cs(self):
        self._whatsapp_cs_check_may_change()

    def _whatsapp_cs_check_may_change(self):
        """Refuse to forge, change or delete what was said in a WhatsApp thread; posting goes through the thread."""
        if self.env.su:
            return
        # sudo: discuss.channel - only the type
        threads_sudo = (
            self.env["discuss.channel"]
            .sudo()
            .browse(message.res_id for message in self if message.model == "discuss.channel")
        )
        if any(channel.channel_type == "whatsapp_cs" for channel in threads_sudo.exists()):
            raise AccessError(
                self.env._("What was said in a WhatsApp chat can't be changed or deleted, and is written there only.")
            )

    # === DELIVERY STATE === #

    def _to_store_defaults(self, target):
        return super()._to_store_defaults(target) + self._whatsapp_cs_get_store_fields()

    def _whatsapp_cs_get_store_fields(self):
        """Return the delivery state for the client; only messages of WhatsApp threads have one."""

        def is_whatsapp_cs(message):
            return message.model == "discuss.channel" and bool(get(message))

        def get(message):
            # sudo: whatsapp.cs.message - who may see the message may see whether it arrived
            messages = message.sudo().whatsapp_cs_message_ids
            # With several files it has come as far as the one that is least far; a failure shows first.
            return messages if len(messages) < 2 else messages.sorted(_get_progress)[0]

        def get_state(message):
            return "unknown" if get(message).is_unknown else get(message).state

        return [
            Store.Attr("whatsapp_cs_state", get_state, predicate=is_whatsapp_cs),
            Store.Attr("whatsapp_cs_error", lambda message: get(message).error, predicate=is_whatsapp_cs),
            Store.Attr("whatsapp_cs_card", lambda message: get(message)._get_card(), predicate=is_whatsapp_cs),
            Store.Attr("whatsapp_cs_error_code", lambda message: get(message).error_code, predicate=is_whatsapp_cs),
        ]

    def _whatsapp_cs_broadcast_state(self):
        """Send the delivery state to everybody who looks at the threads, not only to the author."""
        for channel_id, messages in self.grouped("res_id").items():
            channel = self.env["discuss.channel"].browse(channel_id)
            Store(bus_channel=channel).add(messages, messages._whatsapp_cs_get_store_fields()).bus_send()

    def _whatsapp_cs_broadcast_content(self):
        """Show text, files and card anew to everybody who looks at the threads."""
        for message in self:
            store = Store(bus_channel=message._bus_channel())
            store.add(
                message, ["body", Store.Many("attachment_ids"), *message._whatsapp_cs_get_store_fields()]
            ).bus_send()

    # === REACTIONS === #

    def _whatsapp_cs_set_reaction(self, partner, emoji):
        """Show ``emoji`` as the one reaction of ``partner``; an empty one takes it back."""
        self.ensure_one()
        reactions = self.env["mail.message.reaction"].search(
            [("message_id", "=", self.id), ("partner_id", "=", partner.id)]
        )
        before = set(reactions.mapped("content"))
        if before == ({emoji} if emoji else set()):
            return
        reactions.unlink()
        if emoji:
            self.env["mail.message.reaction"].create(
                {"message_id": self.id, "content": emoji, "partner_id": partner.id}
            )
        for content in before | ({emoji} if emoji else set()):
            self._bus_send_reaction_group(content)

    def _message_reaction(self, content, action, partner, guest, store=None):
        # sudo: whatsapp.cs.message - whether the customer has this message, and where to send the reaction
        message_sudo = self.sudo().whatsapp_cs_message_ids.sorted("id")[:1]
        if not message_sudo:
            return super()._message_reaction(content, action, partner, guest, store)
        # As the user, not in the superuser mode of Discuss's route, with all companies of the user
        user_context = {"allowed_company_ids": self.env.user._get_company_ids()}
        message_sudo._check_can_react(self.sudo(False).with_context(**user_context).env)
        if action == "add":
            # The customer sees one reaction of the company on each message: the newest.
            agents = self.sudo().reaction_ids.filtered(
                lambda reaction: reaction.partner_id != message_sudo.contact_id.partner_id
            )
            for earlier in agents.filtered(
                lambda reaction: (reaction.content, reaction.partner_id) != (content, partner)
            ):
                super()._message_reaction(earlier.content, "remove", earlier.partner_id, earlier.guest_id)
        super()._message_reaction(content, action, partner, guest, store)
        message_sudo._queue_reaction(content if action == "add" else "")

    def whatsapp_cs_retry(self):
        """Send a failed WhatsApp message again; return the new state for the client."""
        self.check_access("read")
        for message in self:
            # sudo: whatsapp.cs.message, ir.attachment - checked here: who may answer the customer may send again
            whatsapp_message_sudo = message.sudo().whatsapp_cs_message_ids
            if not whatsapp_message_sudo:
                raise AccessError(self.env._("This is not a WhatsApp message."))
            again_sudo = whatsapp_message_sudo.filtered(lambda sent: sent.state == "failed" or sent.is_unknown)
            conversation = whatsapp_message_sudo.conversation_id.with_env(self.env)
            if template_sudo := whatsapp_message_sudo.template_id:
                conversation._check_can_send_template()
                template_sudo._check_sendable()
            elif again_sudo:
                conversation._check_can_answer(again_sudo[:1].body or "", message.sudo().attachment_ids)
            (again_sudo or whatsapp_message_sudo)._retry()
        return Store().add(self, self._whatsapp_cs_get_store_fields()).get_result()

    # === CALLED BY THE CLIENT === #

    def whatsapp_cs_save_contact(self, index):
        """Return the action that opens the partner of a contact card, or a form for a new one."""
        self.ensure_one()
        self.check_access("read")
        # sudo: whatsapp.cs.message - only the card that the user sees anyway
        card = self.sudo().whatsapp_cs_message_ids[:1].content or {}
        people = card.get("people", [])
        if not 0 <= index < len(people):
            raise UserError(self.env._("This contact card does not exist any more. Reload the page."))
        return self.env["res.partner"]._whatsapp_cs_get_card_action(people[index])

    def whatsapp_cs_load_media(self):
        """Load a customer's file again; return the new state for the client."""
        self.check_access("read")
        if not self.env.user.has_group(GROUP_AGENT):
            raise AccessError(self.env._("Only WhatsApp agents can do this."))
        # sudo: whatsapp.cs.media - who may read the message may have its file
        self.sudo().whatsapp_cs_message_ids.media_ids.action_load()
        return Store().add(self, self._whatsapp_cs_get_store_fields()).get_result()
