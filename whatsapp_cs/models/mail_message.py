from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.mail.tools.discuss import Store

# What a message says and who said it
_CONTENT = {
    "attachment_ids", "author_guest_id", "author_id", "body", "date", "email_from", "message_type", "model",
    "parent_id", "res_id", "subtype_id",
}  # fmt: skip


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
            return message.sudo().whatsapp_cs_message_ids[:1]

        def get_state(message):
            return "unknown" if get(message).is_unknown else get(message).state

        return [
            Store.Attr("whatsapp_cs_state", get_state, predicate=is_whatsapp_cs),
            Store.Attr("whatsapp_cs_error", lambda message: get(message).error, predicate=is_whatsapp_cs),
        ]

    def _whatsapp_cs_broadcast_state(self):
        """Send the delivery state to everybody who looks at the threads, not only to the author."""
        for channel_id, messages in self.grouped("res_id").items():
            channel = self.env["discuss.channel"].browse(channel_id)
            Store(bus_channel=channel).add(messages, messages._whatsapp_cs_get_store_fields()).bus_send()

    def _message_reaction(self, content, action, partner, guest, store=None):
        # sudo: whatsapp.cs.message - only whether there is one
        if self.sudo().whatsapp_cs_message_ids:
            raise UserError(self.env._("Reactions can't be sent by WhatsApp yet. The customer would not see yours."))
        return super()._message_reaction(content, action, partner, guest, store)

    def whatsapp_cs_retry(self):
        """Send a failed WhatsApp message again; return the new state for the client."""
        self.check_access("read")
        for message in self:
            # sudo: whatsapp.cs.message - checked here: who may answer the customer may send again
            whatsapp_message_sudo = message.sudo().whatsapp_cs_message_ids
            if not whatsapp_message_sudo:
                raise AccessError(self.env._("This is not a WhatsApp message."))
            conversation = whatsapp_message_sudo.conversation_id.with_env(self.env)
            conversation._check_can_answer(whatsapp_message_sudo.body)
            whatsapp_message_sudo._retry()
        return Store().add(self, self._whatsapp_cs_get_store_fields()).get_result()
