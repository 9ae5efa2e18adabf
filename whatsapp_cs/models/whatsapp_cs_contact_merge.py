# pylint: disable=consider-merging-classes-inherited
"""Two contacts who are one person: everything that is linked with one of them goes over to the other (CR1)."""

from psycopg2.errors import ForeignKeyViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from .whatsapp_cs_conversation import GROUP_EDITOR
from .whatsapp_cs_former_identity import KINDS


class Base(models.AbstractModel):
    _inherit = "base"

    def _whatsapp_cs_move_to_contact(self, field_name, contact):
        """Let these records, whose field points to a contact that is about to go, be those of ``contact``.

        Models where a contact may have one record only say here what becomes of a second one.
        """
        self.write({field_name: contact.id})


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"

    # === BY HAND === #

    def action_merge(self):
        """Open the dialog that asks which one remains."""
        self._check_can_merge()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_contact_merge_action"),
            "context": {"default_contact_ids": self.ids},
        }

    def _check_can_merge(self):
        if not self.env.user.has_group(GROUP_EDITOR):
            raise AccessError(self.env._("Contacts are merged by editors. Ask one of them."))
        self.check_access("write")
        if len(self) != 2:
            raise UserError(self.env._("Select the two contacts that are one person."))
        if len(self.company_id) > 1:
            raise UserError(self.env._("Contacts of different companies stay apart."))
        if len(self.channel_id) > 1:
            raise UserError(
                self.env._(
                    "They have written to two of your numbers, and are one contact for each. Link both with the same partner "
                    "instead: their conversations can then be merged."
                )
            )

    def _merge(self, other):
        """Make ``other`` part of this contact for an editor who says that they are one person."""
        self.ensure_one()
        (self | other)._check_can_merge()
        # sudo: whatsapp.cs.* - the right was checked; contacts, cases and messages are written by nobody else
        contact, other = self.sudo(), other.sudo()
        now = fields.Datetime.now()
        name, gone = other.name, other._get_audit_name()
        try:
            (contact | other)._lock_rows()
            held = {
                kind: {one[field]: now if one == contact else False for one in other | contact if one[field]}
                for kind, field in KINDS.items()
            }
            contact._merge_in(other)
        except ForeignKeyViolation as error:
            raise UserError(
                self.env._("%s is writing at this very moment. Wait a moment and merge again.", name)
            ) from error
        contact._take_identities(held, now)
        self.env["whatsapp.cs.audit"]._log(contact, "unlink", old=gone, new=contact._get_audit_name())
        contact._note_in_chat(
            self.env._(
                "%(by)s merged the contact %(name)s into this one. Reload the page to see both chats.",
                by=self.env.user.name,
                name=name,
            )
        )

    def _get_audit_name(self):
        """By number: a customer's name is not to outlive the customer's record here."""
        self.ensure_one()
        return self.env._("Contact %s", self.id)

    # === WHAT GOES OVER === #

    def _merge_in(self, others):
        """Take over everything from ``others``, who are this person too, and remove them; the rows are locked.

        What they were known by is left to the caller.
        """
        self.ensure_one()
        values = self._prepare_merge_values(others)
        partners = {contact.partner_id: contact.created_partner for contact in others if contact.partner_id}
        self.env["whatsapp.cs.conversation"]._move_to_contact(self, others)
        self._merge_threads(others)
        for model_name, field_name, domain in self._get_links(others):
            found = self.env[model_name].with_context(active_test=False).search(domain)
            if found:
                found._whatsapp_cs_move_to_contact(field_name, self)
        self.env.flush_all()
        others.unlink()
        self.write(values)
        self._merge_partners(partners)
        self._merge_leads()
        self._on_merged()

    @api.model
    def _get_links(self, contacts):
        """Return ``(model, field, domain)`` of everything that may point to ``contacts``, also by model and id."""
        links = []
        for name, Model in self.env.registry.items():
            if not Model._auto or Model._abstract or Model._transient:
                continue
            for field in Model._fields.values():
                if not field.store or field.related or field.inherited:
                    continue
                domain = [(field.name, "in", contacts.ids)]
                if field.type == "many2one" and field.comodel_name == self._name:
                    links.append((name, field.name, domain))
                elif field.type == "many2one_reference":
                    links.append((name, field.name, [(field.model_field, "=", self._name), *domain]))
        return links

    def _prepare_merge_values(self, others):
        """Return what the contact that remains learns from the others; the one who wrote last knows the names."""
        newest = (self | others).sorted(lambda contact: (contact.last_message_date or contact.create_date, contact.id))
        return {
            **{name: next(filter(None, reversed(newest.mapped(name))), False) for name in ("profile_name", "username")},
            **{
                name: max(filter(None, newest.mapped(name)), default=False)
                for name in ("window_end_date", "last_message_date")
            },
            "unreachable_date": newest[-1].unreachable_date,
            "blocked_date": min(filter(None, newest.mapped("blocked_date")), default=False),
        }

    def _on_merged(self):
        """Follow up what the merge has brought together."""
        if consent := self.consent_ids.sorted(lambda consent: (consent.date, consent.id))[-1:]:
            self.write({"consent": consent.consent, "consent_date": consent.date, "consent_source": consent.source})
            self._sync_blacklist()
        if self.consent == "out":
            self.env["whatsapp.cs.follow.up.job"]._on_opted_out(self)
        if self.blocked_date:
            self._queue_block("to_block")
        self.env["whatsapp.cs.message"].search([("contact_id", "=", self.id), ("wamid", "!=", False)])._link_quoting()
        self._show_notices()

    def _merge_threads(self, others):
        """Make one chat of theirs; the messages of both stand in it in the order in which they came."""
        thread = (self | others).discuss_channel_id[:1]
        cases = self.env["whatsapp.cs.conversation"]._find_newest(self.ids)
        for other in others.discuss_channel_id - thread:
            # sudo: mail.message, ir.attachment - of a chat that becomes part of another one; see _merge
            for model_name, model_field in (("mail.message", "model"), ("ir.attachment", "res_model")):
                domain = [(model_field, "=", other._name), ("res_id", "=", other.id)]
                self.env[model_name].sudo().search(domain).write({"res_id": thread.id})
            self.env.flush_all()
            other.unlink()
        self.discuss_channel_id = thread
        if thread:
            thread.write({"whatsapp_cs_contact_id": self.id, "whatsapp_cs_conversation_id": cases.id})
            for case in cases:
                case._sync_members()

    # === PARTNER AND LEAD === #

    def _merge_partners(self, partners):
        """Keep one partner of theirs: one that people have made, else the own one. What a first message made goes into it.

        :param partners: ``{partner: was it made by a first message?}`` of the contacts that are gone
        """
        own = self.partner_id
        partners = {partner: created for partner, created in partners.items() if partner != own}
        if not own or (self.created_partner and not all(partners.values())):
            keep = next((partner for partner, created in partners.items() if not created), next(iter(partners), own))
            made = own if own and self.created_partner else own.browse()
            self.write({"partner_id": keep.id, "created_partner": partners.get(keep, self.created_partner)})
        else:
            keep, made = own, own.browse()
        made |= own.union(*(partner for partner, created in partners.items() if created)) - keep
        for partner in made - keep:
            both = partner | keep
            if not partner.with_context(active_test=False).user_ids and not both.parent_id & both:
                # sudo: Odoo's own tool, which moves what any app has linked with it; see _merge for who may
                self.env["base.partner.merge.automatic.wizard"].sudo()._merge(both.ids, keep)
                self.env.invalidate_all()
                self.env.add_to_compute(self._fields["name"], keep.whatsapp_cs_contact_ids)
        if not self.created_partner:
            self.partner_id.whatsapp_cs_contact_ids.created_partner = False

    def _merge_leads(self):
        """Make one of the open leads that their first messages opened, as long as nobody has taken one on."""
        cases = self.env["whatsapp.cs.conversation"].with_context(active_test=False)
        cases = cases.search([("contact_id", "=", self.id)])
        leads = cases.lead_id.filtered(lambda lead: lead.won_status == "pending" and lead.active)
        untouched = leads.filtered(lambda lead: not lead.user_id and lead.create_uid.id == SUPERUSER_ID)
        together = (leads - untouched)[:1] | untouched
        if len(together) > 1:
            theirs = cases.filtered(lambda case: case.lead_id in together)
            theirs.lead_id = together._merge_opportunity()


# === WHERE A PERSON MAY HAVE ONE ONLY === #


class WhatsappCsReceipt(models.Model):
    _inherit = "whatsapp.cs.receipt"

    def _whatsapp_cs_move_to_contact(self, field_name, contact):
        """What is read is told of the newest message: one note is enough."""
        if self.search_count([("contact_id", "=", contact.id)], limit=1):
            self.unlink()
            return None
        self[1:].unlink()
        return super(WhatsappCsReceipt, self[:1])._whatsapp_cs_move_to_contact(field_name, contact)


class WhatsappCsCampaignRecipient(models.Model):
    _inherit = "whatsapp.cs.campaign.recipient"

    def _whatsapp_cs_move_to_contact(self, field_name, contact):
        """Let nobody get a campaign twice; who got it twice already is kept as it was, once without the contact."""
        if field_name != "contact_id":
            return super()._whatsapp_cs_move_to_contact(field_name, contact)
        moved = self.browse()
        own = self.search([("contact_id", "=", contact.id), ("campaign_id", "in", self.campaign_id.ids)])
        taken = {recipient.campaign_id: recipient for recipient in own}
        for recipient in self:
            first = taken.get(recipient.campaign_id)
            if not first:
                moved |= recipient
                taken[recipient.campaign_id] = recipient
                continue
            is_first_open = first.state == "waiting" and recipient.state != "waiting"
            goes, stays = (first, recipient) if is_first_open else (recipient, first)
            if goes.state == "waiting":
                goes._exclude("double", self.env._("Another recipient turned out to be the same person."))
            goes.contact_id = False
            moved = (moved - goes) | (stays & self)
            taken[recipient.campaign_id] = stays
        self.env.flush_all()
        return super(WhatsappCsCampaignRecipient, moved)._whatsapp_cs_move_to_contact(field_name, contact)


class WhatsappCsCustomerEvent(models.Model):
    _inherit = "whatsapp.cs.customer.event"

    def _whatsapp_cs_move_to_contact(self, field_name, contact):
        """What happened is known once."""
        if field_name != "contact_id":
            return super()._whatsapp_cs_move_to_contact(field_name, contact)

        def get_key(event):
            return event.name, event.res_model, event.res_id

        known = set(map(get_key, contact.event_ids.filtered("res_model")))
        doubles = self.browse()
        for event in self.filtered("res_model"):
            if get_key(event) in known:
                doubles |= event
            known.add(get_key(event))
        rest = self - doubles
        doubles.unlink()
        return super(WhatsappCsCustomerEvent, rest)._whatsapp_cs_move_to_contact(field_name, contact)


class WhatsappCsFollowUpJob(models.Model):
    _inherit = "whatsapp.cs.follow.up.job"

    def _whatsapp_cs_move_to_contact(self, field_name, contact):
        """One follow-up of a kind waits for a person at a time."""
        waits = contact.follow_up_job_ids.filtered(lambda job: job.state == "waiting").follow_up_id
        for job in self.filtered(lambda job: job.state == "waiting"):
            if job.follow_up_id in waits:
                job._end("cancelled", self.env._("The same follow-up waits for this person already."))
            waits |= job.follow_up_id
        return super()._whatsapp_cs_move_to_contact(field_name, contact)
