from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

CARD_LIMIT = 5  # past conversations, notes and activities shown on a card; the rest is one click away


class WhatsappCsConversation(models.Model):
    """What the cards beside a chat show: who it is, what is open, what was before (CO7)."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    # === CALLED BY THE CLIENT === #

    def get_desk_data(self):
        """Return ``{row, cards}`` of one conversation; each card's data under its name in the client's registry."""
        self.ensure_one()
        self.check_access("read")
        [row] = self._prepare_desk_rows()
        return {"row": row, "cards": self._get_desk_cards()}

    def action_set_lead_stage(self, stage_id):
        """Move the conversation's lead to another stage, with the user's own rights on leads."""
        self.ensure_one()
        self.check_access("read")
        if not self.lead_id:
            raise UserError(self.env._("This conversation has no lead. Create one first."))
        self.lead_id.stage_id = stage_id

    def action_create_lead(self):
        """Open a lead for the customer; the one that is open already when there is one."""
        self.ensure_one()
        self._check_may_change()
        self.env["crm.lead"].check_access("create")
        self._lock()
        # sudo: whatsapp.cs.conversation - agents change it by such methods only, the rights were checked above
        conversation = self.sudo()
        conversation._link_open_lead()
        if not conversation.lead_id:
            lead = self.env["crm.lead"].create({**conversation._prepare_lead_values(), "user_id": self.env.uid})
            conversation.lead_id = lead.id

    def action_set_tags(self, tag_ids):
        """Replace the conversation's tags by those of ``tag_ids``."""
        self.ensure_one()
        self._check_may_change()
        tags = self.env["whatsapp.cs.tag"].browse(tag_ids).exists()
        # sudo: whatsapp.cs.conversation - as in action_create_lead
        self.sudo().tag_ids = [fields.Command.set(tags.ids)]

    # === CARDS === #

    def _get_desk_cards(self):
        """Return ``{card: data}``; extend it, and the client's registry ``whatsapp_cs.desk_cards``, to add a card.

        A card without data is not shown.
        """
        self.ensure_one()
        cards = {
            "contact": self._prepare_desk_contact(),
            "tags": {"ids": self.tag_ids.ids},
            "notes": self._prepare_desk_notes(),
            "past": self._prepare_desk_past(),
        }
        if self.env["crm.lead"].has_access("read"):
            cards["lead"] = self._prepare_desk_lead()
        if activities := self._prepare_desk_activities():
            cards["activities"] = activities
        return cards

    def _prepare_desk_contact(self):
        contact, partner = self.contact_id, self.partner_id
        return {
            "contact_id": contact.id,
            "partner_id": partner.id,
            "name": contact.name,
            "phone": contact.phone,
            "username": contact.username,
            "country": contact.country_id.name,
            "language": dict(self.env["res.lang"].get_installed()).get(partner.lang, False),
            "consent": contact.consent,
            "consent_text": contact._get_desk_label("consent"),
            "consent_date": fields.Datetime.to_string(contact.consent_date),
            "window_end_date": fields.Datetime.to_string(contact.window_end_date),
            "unreachable_date": fields.Datetime.to_string(contact.unreachable_date),
            "ad": self.ad_headline,
        }

    def _prepare_desk_lead(self):
        """Return the lead with the stages it may be moved to; without a lead, whether the user may create one."""
        lead = self.lead_id.sudo(False)
        if not lead or not lead.has_access("read"):
            return {"id": False, "can_create": not lead and self.env["crm.lead"].has_access("create")}
        stages = self.env["crm.stage"].search([("team_ids", "in", (False, *lead.team_id.ids))])
        return {
            "id": lead.id,
            "name": lead.name,
            "stage_id": lead.stage_id.id,
            "is_lost": lead.won_status == "lost",
            "stages": [
                {"id": stage.id, "name": stage.name, "is_won": stage.is_won} for stage in stages | lead.stage_id
            ],
            "revenue": lead.expected_revenue
            and format_amount(self.env, lead.expected_revenue, lead.company_currency or self.company_id.currency_id),
            "user": lead.user_id.name,
            "can_change": lead.has_access("write"),
        }

    def _prepare_desk_notes(self):
        """Return the newest internal notes of colleagues in this chat."""
        notes = self.env["mail.message"].search(
            [
                ("model", "=", "discuss.channel"),
                ("res_id", "=", self.discuss_channel_id.id),
                ("subtype_id", "=", self.env.ref("mail.mt_note").id),
                ("message_type", "=", "comment"),
            ],
            order="id desc",
            limit=CARD_LIMIT,
        )
        return [
            {
                "id": note.id,
                "text": note.preview,
                "author": note.author_id.name,
                "date": fields.Datetime.to_string(note.date),
            }
            for note in notes
        ]

    def _prepare_desk_past(self):
        """Return the person's other conversations that the user may see: on this number, and on others."""
        same_person = fields.Domain("contact_id", "=", self.contact_id.id)
        if self.partner_id:
            same_person |= fields.Domain("partner_id", "=", self.partner_id.id)
        domain = same_person & fields.Domain("id", "!=", self.id)
        others = self.search(domain, order="id desc", limit=CARD_LIMIT)
        first_messages = others._get_desk_first_messages()
        return {
            "count": self.search_count(domain) if len(others) == CARD_LIMIT else len(others),
            "conversations": [
                {
                    "id": other.id,
                    "thread_id": other.discuss_channel_id.id,
                    "message_id": first_messages.get(other, False),
                    "date": fields.Datetime.to_string(other.first_message_date),
                    "state": other.state,
                    "state_text": other._get_state_label(other.state),
                    "user": other.user_id.name,
                    "channel": other.channel_id != self.channel_id and other.channel_id.name,
                    "messages": other.inbound_count + other.outbound_count,
                }
                for other in others
            ],
        }

    def _get_desk_first_messages(self):
        """Return ``{conversation: id of the first message in Discuss}``."""
        groups = self.env["whatsapp.cs.message"]._read_group(
            [("conversation_id", "in", self.ids), ("mail_message_id", "!=", False)],
            ["conversation_id"],
            ["mail_message_id:min"],
        )
        return dict(groups)

    def _prepare_desk_activities(self):
        """Return what is planned for the customer and the lead; None when there is nothing it could be planned on."""
        target = self.lead_id.sudo(False) if self.env["crm.lead"].has_access("read") else self.env["crm.lead"]
        records = [record for record in (target, self.partner_id.sudo(False)) if record and record.has_access("read")]
        if not records:
            return None
        domain = fields.Domain.OR(
            [fields.Domain([("res_model", "=", record._name), ("res_id", "=", record.id)]) for record in records]
        )
        activities = self.env["mail.activity"].search(domain, order="date_deadline, id", limit=CARD_LIMIT)
        return {
            "res_model": records[0]._name,
            "res_id": records[0].id,
            "activities": [
                {
                    "id": activity.id,
                    "res_model": activity.res_model,
                    "res_id": activity.res_id,
                    "text": activity.summary or activity.activity_type_id.name,
                    "icon": activity.icon or "fa-tasks",
                    "date": fields.Date.to_string(activity.date_deadline),
                    "state": activity.state,
                    "user": activity.user_id.name,
                }
                for activity in activities
            ],
        }


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    def _get_desk_label(self, name):
        """Return the user's word for the value of a selection field."""
        self.ensure_one()
        return dict(self._fields[name]._description_selection(self.env)).get(self[name])


class CrmLead(models.Model):
    _inherit = "crm.lead"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _get_whatsapp_cs_desk_fields(self):
        """Return the fields of a lead that the desk's card shows."""
        return {"stage_id", "name", "expected_revenue", "user_id", "active", "probability"}

    def write(self, vals):
        result = super().write(vals)
        if not self._get_whatsapp_cs_desk_fields().isdisjoint(vals):
            # sudo: whatsapp.cs.conversation - which desks look again; nothing is read or changed
            Conversation = self.env["whatsapp.cs.conversation"].sudo()
            Conversation.search(
                [("lead_id", "in", self.ids), ("state", "not in", ("resolved", "spam"))]
            )._note_desk_change()
        return result
