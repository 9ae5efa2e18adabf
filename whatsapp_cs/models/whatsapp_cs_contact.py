from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools import phone

WINDOW = timedelta(hours=24)  # Meta: free-form messages are allowed for 24 h after the customer's last message


class WhatsappCsContact(models.Model):
    """A person as one business number knows them: by phone number, by Meta's user id, or both."""

    _name = "whatsapp.cs.contact"
    _description = "WhatsApp Contact"
    _order = "last_message_date desc, id desc"
    _rec_names_search = ["name", "wa_id", "username"]

    name = fields.Char(compute="_compute_name", store=True)
    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    wa_id = fields.Char("WhatsApp Number", readonly=True, help="International digits as WhatsApp gives them.")
    phone = fields.Char(compute="_compute_phone")
    meta_user_id = fields.Char("WhatsApp User ID", readonly=True, help="Meta's id of this person for this business.")
    parent_user_id = fields.Char("Parent User ID", readonly=True)
    username = fields.Char(readonly=True, help="May change and be taken over by somebody else: shown, never relied on.")
    profile_name = fields.Char("Name at WhatsApp", readonly=True, help="What the person typed there.")
    partner_id = fields.Many2one("res.partner", index=True, ondelete="set null")
    created_partner = fields.Boolean(readonly=True, help="The partner was created by this contact's first message.")
    discuss_channel_id = fields.Many2one("discuss.channel", readonly=True, index="btree_not_null", ondelete="set null")
    conversation_ids = fields.One2many("whatsapp.cs.conversation", "contact_id")
    conversation_count = fields.Integer(compute="_compute_conversation_count")
    window_end_date = fields.Datetime(
        "Window Closes",
        readonly=True,
        help="Until then free text may be sent; it opens with each message of the customer.",
    )
    is_window_open = fields.Boolean(compute="_compute_is_window_open", search="_search_is_window_open")
    last_message_date = fields.Datetime("Last Wrote", readonly=True, index=True)

    _wa_id_uniq = models.UniqueIndex("(channel_id, wa_id) WHERE wa_id IS NOT NULL")
    _meta_user_id_uniq = models.UniqueIndex("(channel_id, meta_user_id) WHERE meta_user_id IS NOT NULL")
    _has_identity = models.Constraint(
        "CHECK(wa_id IS NOT NULL OR meta_user_id IS NOT NULL)", "A contact needs a number or a user id."
    )

    @api.depends("partner_id.name", "profile_name", "username", "wa_id")
    def _compute_name(self):
        for contact in self:
            contact.name = contact.partner_id.name or contact._get_own_name()

    @api.depends("wa_id")
    def _compute_phone(self):
        for contact in self:
            contact.phone = phone.format_international(contact.wa_id) if contact.wa_id else False

    @api.depends("conversation_ids")
    def _compute_conversation_count(self):
        counts = dict(
            self.env["whatsapp.cs.conversation"]._read_group(
                [("contact_id", "in", self.ids)], ["contact_id"], ["__count"]
            )
        )
        for contact in self:
            contact.conversation_count = counts.get(contact, 0)

    @api.depends("window_end_date")
    def _compute_is_window_open(self):
        now = fields.Datetime.now()
        for contact in self:
            contact.is_window_open = bool(contact.window_end_date and contact.window_end_date > now)

    def _search_is_window_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("window_end_date", ">", fields.Datetime.now())
        return domain if True in value else ~domain

    def write(self, vals):
        """Let people change the linked partner only: number, window and the rest come from WhatsApp."""
        if not self.env.su and set(vals) - {"partner_id"}:
            raise AccessError(self.env._("Only the partner of a WhatsApp contact can be changed."))
        return super().write(vals)

    # === BUTTONS === #

    def action_view_conversations(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_conversation_action")
        action["domain"] = [("contact_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_open_chat(self):
        self.ensure_one()
        return self.discuss_channel_id._get_access_action()

    # === IDENTITY === #

    @api.model
    def _find_or_create(self, channel, identity):
        """Return the contact behind ``identity``; learn what it says anew, create the contact if there is none."""
        contact = self._find(channel, identity)
        if contact:
            contact._learn(identity)
        else:
            contact = self.create({"channel_id": channel.id, **self._prepare_identity_values(identity)})
        if not contact.partner_id:
            contact._link_partner()
        return contact

    @api.model
    def _find(self, channel, identity):
        """Return the contact with the user id, else with the number in any form it has, or empty."""
        contact = self.browse()
        if identity.user_id:
            contact = self.search([("channel_id", "=", channel.id), ("meta_user_id", "=", identity.user_id)])
        if not contact and identity.wa_id:
            wa_ids = [number.removeprefix("+") for number in phone.get_variants(identity.wa_id)]
            found = self.search([("channel_id", "=", channel.id), ("wa_id", "in", wa_ids)])
            contact = found.sorted(lambda contact: wa_ids.index(contact.wa_id))[:1]
        return contact

    @api.model
    def _prepare_identity_values(self, identity):
        return {
            "wa_id": identity.wa_id or False,
            "meta_user_id": identity.user_id or False,
            "parent_user_id": identity.parent_user_id or False,
            "username": identity.username or False,
            "profile_name": identity.profile_name or False,
        }

    def _learn(self, identity):
        """Take over what ``identity`` says anew. An id that another contact holds stays there: they may be two people."""
        self.ensure_one()
        had_number = bool(self.wa_id)
        values = {
            name: value
            for name, value in self._prepare_identity_values(identity).items()
            if value and value != self[name]
        }
        for name in ("wa_id", "meta_user_id"):
            if name in values and self.search_count(
                [("channel_id", "=", self.channel_id.id), (name, "=", values[name]), ("id", "!=", self.id)], limit=1
            ):
                del values[name]
        had_user_id = self.meta_user_id
        if values:
            self.write(values)
        if self.wa_id and not had_number:
            self._on_number_known()
        if had_user_id and self.meta_user_id != had_user_id and self.discuss_channel_id:
            self._warn_about_other_person()

    def _warn_about_other_person(self):
        """Say in the chat that the number shows another user id: it may have been given to somebody else."""
        self.discuss_channel_id.message_post(
            body=self.env._(
                "This number shows another WhatsApp user than before: it may belong to another person now. "
                "Check who it is before you speak about earlier orders."
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _get_own_name(self):
        """Return the best name WhatsApp gives."""
        self.ensure_one()
        return (
            self.profile_name
            or (self.username and f"@{self.username}")
            or (self.wa_id and phone.format_international(self.wa_id))
            or self.env._("Unknown person")
        )

    def _prepare_recipient(self):
        """Return the part of a payload that names the recipient; the plus keeps a number international."""
        self.ensure_one()
        return {"to": f"+{self.wa_id}"} if self.wa_id else {"recipient": self.meta_user_id}

    # === PARTNER === #

    def _link_partner(self):
        """Link the partner with this number, else a new one. Without a number nobody is guessed."""
        self.ensure_one()
        Partner = self.env["res.partner"]
        partner = Partner._whatsapp_cs_find_by_number(self.wa_id, self.company_id) if self.wa_id else Partner
        if partner:
            self.write({"partner_id": partner.id, "created_partner": False})
        else:
            # tracking_disable: nobody needs a log line "created" by the system for each person who writes
            partner = Partner.with_context(tracking_disable=True).create(self._prepare_partner_values())
            self.write({"partner_id": partner.id, "created_partner": True})

    def _prepare_partner_values(self):
        self.ensure_one()
        country = (
            self.env["res.country"].search([("code", "=", phone.get_country_code(self.wa_id))]) if self.wa_id else False
        )
        return {
            "name": self._get_own_name(),
            "phone": phone.format_international(self.wa_id) if self.wa_id else False,
            "country_id": country.id if country else False,
            "company_id": self.company_id.id,
        }

    def _on_number_known(self):
        """A contact who hid the number shows it now: the partner who has it is theirs, else ours gets it."""
        self.ensure_one()
        partner = self.env["res.partner"]._whatsapp_cs_find_by_number(self.wa_id, self.company_id)
        if partner and self.created_partner:
            self.write({"partner_id": partner.id, "created_partner": False})
        elif self.partner_id and not self.partner_id.phone:
            self.partner_id.phone = phone.format_international(self.wa_id)

    # === WINDOW === #

    def _on_inbound(self, date):
        """Open or extend the window: 24 hours from the message, counted from when it was written."""
        self.ensure_one()
        values = {}
        if not self.window_end_date or date + WINDOW > self.window_end_date:
            values["window_end_date"] = date + WINDOW
        if not self.last_message_date or date > self.last_message_date:
            values["last_message_date"] = date
        if values:
            self.write(values)

    # === DISCUSS === #

    def _get_discuss_channel(self):
        """Return the contact's thread in Discuss, created when there is none."""
        self.ensure_one()
        if not self.discuss_channel_id:
            # install_mode: whoever runs this (a cron) must not become a member; the customer never is one
            self.discuss_channel_id = (
                self.env["discuss.channel"]
                .with_context(install_mode=True)
                .create({"name": self.name, "channel_type": "whatsapp_cs", "whatsapp_cs_contact_id": self.id})
                .with_context(install_mode=False)
            )
        return self.discuss_channel_id
