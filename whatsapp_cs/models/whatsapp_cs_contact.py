from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError

from ..tools import phone, webhook_payload
from .whatsapp_cs_related import count_by, get_list_action

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
    country_id = fields.Many2one("res.country", compute="_compute_country_id", store=True, help="The number's.")
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
    unreachable_date = fields.Datetime(
        "Not Reached Since",
        readonly=True,
        help="WhatsApp could not deliver a message: the number may not be on WhatsApp any more, or its app is too old. "
        "It counts as reachable again as soon as a message arrives, in either direction.",
    )

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

    @api.depends("wa_id")
    def _compute_country_id(self):
        for contact in self:
            contact.country_id = self._get_country_id(phone.get_country_code(contact.wa_id)) if contact.wa_id else False

    @api.depends("conversation_ids")
    def _compute_conversation_count(self):
        counts = count_by(self, "whatsapp.cs.conversation", "contact_id")
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
        return get_list_action(self, "whatsapp_cs_conversation_action", "contact_id")

    def action_open_chat(self):
        self.ensure_one()
        return self.discuss_channel_id._get_access_action()

    # === IDENTITY === #

    @api.model
    def _find_or_create(self, people):
        """Return the contact of each ``(channel, identity)`` in ``people``; learn what is new, create who is missing."""
        known = self._find_all(people)
        values, news = {}, {}  # of those who are missing, by a number; and their numbers by what they are known by
        for channel, identity in people:
            keys = self._get_keys(channel, identity)
            if contact := next((known[key] for key in keys if key in known), None):
                known = dict.fromkeys(keys, contact) | known
            else:
                number = next((news[key] for key in keys if key in news), len(values))
                values.setdefault(number, {"channel_id": channel.id, **self._prepare_identity_values(identity)})
                news = dict.fromkeys(keys, number) | news
        created = self.create(list(values.values()))
        known |= {key: created[number] for key, number in news.items()}
        contacts = []
        for channel, identity in people:
            contact = next(known[key] for key in self._get_keys(channel, identity) if key in known)
            contact._learn(identity)
            contacts.append(contact)
        self.union(*contacts).filtered(lambda contact: not contact.partner_id)._link_partner()
        return contacts

    @api.model
    def _get_keys(self, channel, identity):
        """Return what a contact may be known by, the surest first: the user id, then the number in any form it has."""
        keys = [(channel.id, "user", identity.user_id)] if identity.user_id else []
        return keys + [(channel.id, "number", wa_id) for wa_id in self._get_wa_ids(identity)]

    @api.model
    def _get_wa_ids(self, identity):
        return [number.removeprefix("+") for number in phone.get_variants(identity.wa_id)] if identity.wa_id else []

    @api.model
    def _find_all(self, people):
        """Return ``{key: contact}`` of those of ``people`` who are known."""
        keys = {key for person in people for key in self._get_keys(*person)}
        contacts = self.search(
            fields.Domain("channel_id", "in", [channel_id for channel_id, _kind, _value in keys])
            & (
                fields.Domain("meta_user_id", "in", [value for _channel_id, kind, value in keys if kind == "user"])
                | fields.Domain("wa_id", "in", [value for _channel_id, kind, value in keys if kind == "number"])
            )
        )
        known = {(contact.channel_id.id, "number", contact.wa_id): contact for contact in contacts if contact.wa_id}
        return known | {
            (contact.channel_id.id, "user", contact.meta_user_id): contact
            for contact in contacts
            if contact.meta_user_id
        }

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
            if value and value != self[name] and not self._had(name, value)
        }
        for name in ("wa_id", "meta_user_id"):
            if name in values and self.search_count(
                [("channel_id", "=", self.channel_id.id), (name, "=", values[name]), ("id", "!=", self.id)], limit=1
            ):
                del values[name]
        had_user_id, makeshift = self.meta_user_id, not self.profile_name and self._get_own_name()
        if values:
            self.write(values)
        if makeshift and self.profile_name:
            self._rename_what_was_made(makeshift)
        if self.wa_id and not had_number:
            self._on_number_known()
        if had_user_id and self.meta_user_id != had_user_id and self.discuss_channel_id:
            self._warn_about_other_person()

    def _rename_what_was_made(self, makeshift):
        """Give partner and lead, which were made when no name was known, the one that is known now."""
        name = self._get_own_name()
        if self.created_partner and self.partner_id.name == makeshift:
            self.partner_id.name = name
        for lead in self.conversation_ids.lead_id:
            if lead.name == self.env._("WhatsApp: %s", makeshift):
                lead.name = self.env._("WhatsApp: %s", name)

    def _warn_about_other_person(self):
        """Say in the chat that the number shows another user id: it may have been given to somebody else."""
        self._note_in_chat(
            self.env._(
                "This number shows another WhatsApp user than before: it may belong to another person now. "
                "Check who it is before you speak about earlier orders."
            )
        )

    def _note_in_chat(self, text):
        if self.discuss_channel_id:
            self.discuss_channel_id.message_post(body=text, subtype_xmlid="mail.mt_note")

    def _get_own_name(self):
        """Return the best name WhatsApp gives."""
        self.ensure_one()
        return (
            self.profile_name
            or (self.username and f"@{self.username}")
            or (self.wa_id and phone.format_international(self.wa_id))
            or self.env._("Unknown person")
        )

    @api.model
    def _find_or_create_for_partner(self, channel, partner):
        """Return the contact of a partner's number on ``channel``, created when the number is new there.

        A partner without a number is found by the chat they have with us; else, and with a number that can't be
        understood, it is a UserError that says what to do.
        """
        if partner.phone:
            return self._find_or_create_for_number(channel, partner, partner.phone)
        contact = partner.sudo().whatsapp_cs_contact_ids.filtered(lambda contact: contact.channel_id == channel)[:1]
        if not contact:
            raise UserError(self.env._("%s has no phone number.", partner.display_name))
        return contact.with_env(self.env)

    @api.model
    def _find_or_create_for_number(self, channel, owner, number):
        """Return the contact of a number that is written on ``owner`` (a partner, a lead …), in any form.

        The number decides: when it is another partner's chat already, that stays so.
        """
        if contact := self._find_for_number(channel, owner, number):
            return contact
        # sudo: whatsapp.cs.contact - agents see the contacts of their cases; who gets a message may be new to them
        contacts_sudo = self.sudo()
        identity = webhook_payload.Identity(self._get_wa_id(owner, number), "", "", "", "")
        partner = owner if owner._name == "res.partner" else owner._mail_get_partners()[owner.id][:1]
        if partner:
            return contacts_sudo.create(
                {**self._prepare_identity_values(identity), "channel_id": channel.id, "partner_id": partner.id}
            ).with_env(self.env)
        [contact] = contacts_sudo._find_or_create([(channel, identity)])
        return contact.with_env(self.env)

    @api.model
    def _find_for_number(self, channel, owner, number):
        """Return the contact of a number that is written on ``owner``, or an empty record."""
        identity = webhook_payload.Identity(self._get_wa_id(owner, number), "", "", "", "")
        # sudo: whatsapp.cs.contact - whether there is one; agents see the contacts of their cases
        found = self.sudo()._find_all([(channel, identity)])
        return next(iter(found.values()), self).with_env(self.env)

    @api.model
    def _get_wa_id(self, owner, number):
        """Return the international digits of a number as people wrote it on ``owner``; a UserError when there are none."""
        international = owner._phone_format(number=number)
        # Numbers that the library does not know, such as Meta's test numbers, are taken as they are written.
        wa_id = phone.to_digits(international or (number.strip().startswith("+") and number) or "")
        if not 7 <= len(wa_id) <= 15:  # E.164
            raise UserError(
                self.env._(
                    "The number %(number)s of %(name)s can't be used: write it with + and country code, or set the country.",
                    number=number,
                    name=owner.display_name,
                )
            )
        return wa_id

    def _prepare_recipient(self):
        """Return the part of a payload that names the recipient; the plus keeps a number international."""
        self.ensure_one()
        return {"to": f"+{self.wa_id}"} if self.wa_id else {"recipient": self.meta_user_id}

    @api.model
    def _copy_to_channel(self, channel, successor):
        """Have the people of ``channel`` known at ``successor`` as well, with their partners.

        What they agreed to, and the window, belong to the old number and stay there.
        """
        names = ("wa_id", "meta_user_id", "parent_user_id", "username", "profile_name", "partner_id")
        # sudo: whatsapp.cs.contact - contacts come from WhatsApp and nobody may create one; these are known already
        people = self.sudo().search_fetch([("channel_id", "=", channel.id)], names)
        known = self.sudo().search_fetch([("channel_id", "=", successor.id)], names)
        ids = {*known.mapped("wa_id"), *known.mapped("meta_user_id")} - {False}
        self.sudo().create(
            [
                {
                    "channel_id": successor.id,
                    **{name: person._fields[name].convert_to_write(person[name], person) for name in names},
                }
                for person in people
                if person.wa_id not in ids and person.meta_user_id not in ids
            ]
        )

    # === PARTNER === #

    def _link_partner(self):
        """Link each with the partner of the number, else with a new one. Without a number nobody is guessed."""
        for company, contacts in self.grouped("company_id").items():
            found = self.env["res.partner"]._whatsapp_cs_find_by_number(contacts.mapped("wa_id"), company)
            unknown = contacts.filtered(lambda contact: contact.wa_id not in found)  # noqa: B023 - used at once
            # One person who writes to two of our numbers for the first time is one partner.
            firsts = self.browse(
                same[0].id
                for wa_id, people in unknown.grouped("wa_id").items()
                for same in ([people] if wa_id else people)
            )
            found |= firsts._create_partner()
            for contact in contacts - firsts:
                contact.write({"partner_id": found[contact.wa_id].id, "created_partner": False})

    def _create_partner(self):
        """Give each a partner of its own; return ``{wa_id: partner}``."""
        # tracking_disable: nobody needs a log line "created" by the system for each person who writes
        Partner = self.env["res.partner"].with_context(tracking_disable=True)
        partners = Partner.create([contact._prepare_partner_values() for contact in self])
        for contact, partner in zip(self, partners, strict=True):
            contact.write({"partner_id": partner.id, "created_partner": True})
        return dict(zip(self.mapped("wa_id"), partners, strict=True))

    def _prepare_partner_values(self):
        self.ensure_one()
        return {
            "name": self._get_own_name(),
            "phone": phone.format_international(self.wa_id) if self.wa_id else False,
            "country_id": self._get_country_id(phone.get_country_code(self.wa_id)) if self.wa_id else False,
            "company_id": self.company_id.id,
            **({"lang": self.channel_id.lang} if self.channel_id.lang else {}),
        }

    @api.model
    @tools.ormcache("code")
    def _get_country_id(self, code):
        return self.env["res.country"].search([("code", "=", code)]).id

    def _on_number_known(self):
        """A contact who hid the number shows it now: the partner who has it is theirs, else ours gets it."""
        self.ensure_one()
        partner = self.env["res.partner"]._whatsapp_cs_find_by_number([self.wa_id], self.company_id).get(self.wa_id)
        if partner and self.created_partner:
            self.write({"partner_id": partner.id, "created_partner": False})
        elif self.partner_id and not self.partner_id.phone:
            values = self._prepare_partner_values()
            self.partner_id.write(
                {"phone": values["phone"], "country_id": self.partner_id.country_id.id or values["country_id"]}
            )

    # === WINDOW === #

    def _on_inbound(self, date):
        """Open or extend the window: 24 hours from the message, counted from when it was written."""
        self.ensure_one()
        values = {}
        if not self.window_end_date or date + WINDOW > self.window_end_date:
            values["window_end_date"] = date + WINDOW
        if not self.last_message_date or date > self.last_message_date:
            values["last_message_date"] = date
        if self.unreachable_date:
            values["unreachable_date"] = False
        self.write(values)

    def _note_unreachable(self):
        """Remember since when messages could not be delivered."""
        self.filtered(lambda contact: not contact.unreachable_date).unreachable_date = fields.Datetime.now()

    # === OUTGOING === #

    @api.model
    def _open_all_for_outgoing(self, records):
        """Return ``{contact: case}`` that messages of ours to these contacts belong to, shown in their threads.

        That is the open one, the one resolved a short while ago, or a new one.

        :param records: ``{contact: what the message is about, or None}``; a lead becomes the lead of the case
        """
        Conversation = self.env["whatsapp.cs.conversation"]
        found = Conversation._find_or_open(dict.fromkeys(records, fields.Datetime.now()))
        for contact, record in records.items():
            if record and record._name == "crm.lead" and not found[contact].lead_id:
                found[contact].lead_id = record.id
        conversations = Conversation.union(*found.values())
        conversations._link_open_lead()  # whom we write to first has asked for nothing yet
        earlier = conversations._show_in_thread()
        conversations.discuss_channel_id._whatsapp_cs_post_received(earlier)
        return found
