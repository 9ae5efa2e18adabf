from odoo import api, models
from odoo.exceptions import UserError

from .whatsapp_cs_conversation import GROUP_AGENT, HandChange


class WhatsappCsConversation(models.Model):
    """A conversation is handed to a colleague or to a team, with a word why."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def action_transfer(self):
        """Open the dialog that asks for whom, and why."""
        for conversation in self:
            conversation._check_can_transfer()
        return self._get_dialog("whatsapp_cs.whatsapp_cs_transfer_action")

    def _get_dialog(self, xmlid):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["context"] = {"default_conversation_ids": self.ids}
        return action

    def _check_can_transfer(self):
        self._check_may_change()
        self._check_is_open()

    def _check_is_open(self):
        if self.state in ("resolved", "spam"):
            raise UserError(
                self.env._(
                    "The conversation with %(name)s is “%(state)s”: there is nothing to hand on. Reopen it first.",
                    name=self.contact_id.name,
                    state=self._get_state_label(self.state),
                )
            )

    def _transfer(self, user=None, team=None, reason=""):
        """Give each to ``user``, who is told so, or into the queue of ``team``; the history and the chat say why."""
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say in a few words why you hand it on: your colleague reads it first."))
        if bool(user) == bool(team):
            raise UserError(self.env._("Choose an agent or a team."))
        change = HandChange("transferred", "transferred", reason)
        self._lock()
        for conversation in self:
            conversation._check_can_transfer()
            # sudo: whatsapp.cs.conversation - as in action_take
            conversation_sudo = conversation.sudo()
            before = conversation_sudo._get_agent()
            if user:
                conversation._check_receiver(user)
                conversation_sudo._set_assigned(user, change=change)
            else:
                conversation._check_receiving_team(team)
                conversation_sudo._set_team(team, reason, change=change)
            conversation_sudo._announce_transfer(user or team, before, reason)

    def _check_receiver(self, user):
        """Refuse somebody who could not answer."""
        # sudo: res.users - rights and companies of a colleague
        user_sudo = user.sudo()
        if not user_sudo.active or not user_sudo.has_group(GROUP_AGENT):
            raise UserError(
                self.env._("%s does not answer customers by WhatsApp. Choose one of the agents.", user_sudo.name)
            )
        if self.company_id not in user_sudo.company_ids:
            raise UserError(
                self.env._(
                    "%(name)s does not work for %(company)s, to which this customer wrote. Choose somebody who does.",
                    name=user_sudo.name,
                    company=self.company_id.name,
                )
            )
        if user == self._get_agent():
            raise UserError(self.env._("%s has this conversation already.", user_sudo.name))

    def _check_receiving_team(self, team):
        if team.company_id != self.company_id:
            raise UserError(self.env._("%s belongs to another company. Choose another team.", team.name))
        if team == self._get_holder()[1]:
            raise UserError(self.env._("The conversation waits in the queue of %s already.", team.name))

    def _announce_transfer(self, receiver, before, reason):
        """Say it in the chat, and tell the receiver in the way they want to be told, and at once on the screen."""
        text = self.env._(
            "%(by)s handed the conversation to %(to)s: %(reason)s",
            by=self.env.user.name,
            to=receiver.name,
            reason=reason,
        )
        users = (receiver if receiver._name == "res.users" else before.browse()) - self.env.user
        self._post_notice(text, users.partner_id)
        for told in (users | before) - self.env.user:
            told._bus_send("simple_notification", {"type": "info", "title": self.contact_id.name, "message": text})

    def _post_notice(self, text, partners=None):
        """Say in the chat what has happened to the case, in the system's name.

        :param partners: colleagues who are notified of it
        """
        self.ensure_one()
        if self.discuss_channel_id:
            self.discuss_channel_id.with_user(api.SUPERUSER_ID).message_post(
                body=text,
                message_type="comment" if partners else "notification",
                subtype_xmlid="mail.mt_note",
                partner_ids=partners.ids if partners else None,
            )
