from itertools import chain

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import phone
from .whatsapp_cs_related import count_by, get_list_action


class ResPartner(models.Model):
    _inherit = "res.partner"

    whatsapp_cs_contact_ids = fields.One2many(
        "whatsapp.cs.contact", "partner_id", string="WhatsApp Contacts", groups="whatsapp_cs.whatsapp_cs_group_agent"
    )
    whatsapp_cs_conversation_count = fields.Integer(
        "WhatsApp Conversations",
        compute="_compute_whatsapp_cs_conversation_count",
        groups="whatsapp_cs.whatsapp_cs_group_agent",
    )
    whatsapp_cs_cost = fields.Float(
        "WhatsApp Cost",
        digits=(16, 4),
        compute="_compute_whatsapp_cs_cost",
        groups="whatsapp_cs.whatsapp_cs_group_editor",
    )

    # Odoo indexes it on leads only; every new person who writes is looked up by it. Declared here and not on the
    # field, so that uninstalling takes it away again.
    _whatsapp_cs_phone_sanitized_idx = models.Index("(phone_sanitized) WHERE phone_sanitized IS NOT NULL")
    # For numbers kept the way people dial them, where Odoo knows no country and so no international form.
    _whatsapp_cs_phone_tail_idx = models.Index(
        r"(right(regexp_replace(phone, '\D', '', 'g'), 7)) WHERE phone IS NOT NULL AND phone_sanitized IS NULL"
    )

    def _compute_whatsapp_cs_conversation_count(self):
        counts = count_by(self, "whatsapp.cs.conversation", "partner_id")
        for partner in self:
            partner.whatsapp_cs_conversation_count = counts.get(partner, 0)

    def _compute_whatsapp_cs_cost(self):
        costs = self.env["whatsapp.cs.message"]._get_costs_by("conversation_id.partner_id", self)
        for partner in self:
            partner.whatsapp_cs_cost = costs.get(partner, 0)

    def _whatsapp_cs_get_value(self, company):
        """Return ``{partner: what the customer has been worth to company}``, in its currency, with all of a firm's people.

        Here that is the revenue of won opportunities; other apps add theirs.
        """
        firms = self.commercial_partner_id
        won = self.env["crm.lead"]._read_group(
            [
                ("partner_id", "child_of", firms.ids),
                ("won_status", "=", "won"),
                ("company_id", "in", (False, company.id)),
            ],
            ["partner_id"],
            ["expected_revenue:sum"],
        )
        revenues = dict.fromkeys(firms, 0)
        for partner, revenue in won:
            revenues[partner.commercial_partner_id] = revenues.get(partner.commercial_partner_id, 0) + revenue
        return {partner: revenues[partner.commercial_partner_id] for partner in self}

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals:
            # sudo: discuss.channel - the thread is named after the customer, whoever may rename the customer
            for contact_sudo in self.sudo().whatsapp_cs_contact_ids:
                contact_sudo.discuss_channel_id.name = contact_sudo.name
        return result

    def action_view_whatsapp_cs_costs(self):
        """Show the messages that cost something."""
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_message_action")
        action["domain"] = [("conversation_id.partner_id", "in", self.ids), ("cost", ">", 0)]
        action["context"] = {}
        return action

    def action_view_whatsapp_cs_conversations(self):
        return get_list_action(self, "whatsapp_cs_conversation_action", "partner_id")

    @api.model
    def _whatsapp_cs_get_card_action(self, person):
        """Return the action that opens the partner of a contact card that a customer has sent, or a filled form for a new one."""
        numbers = [phone.to_digits(entry.get("wa_id") or entry.get("phone")) for entry in person.get("phones", ())]
        known = self._whatsapp_cs_find_by_number(numbers, self.env.company)
        partner = next((known[number] for number in numbers if number in known), self.browse())
        action = {"type": "ir.actions.act_window", "res_model": self._name, "views": [(False, "form")], "target": "new"}
        if partner:
            return action | {"res_id": partner.id, "target": "current"}
        first = next(iter(person.get("phones", ())), {})
        number = first.get("wa_id") and f"+{phone.to_digits(first['wa_id'])}"
        return action | {
            "name": self.env._("New Contact"),
            "context": {
                "default_name": person.get("name"),
                "default_phone": phone.format_international(number) if number else first.get("phone"),
                "default_email": next(iter(person.get("emails", ())), False),
                "default_website": next(iter(person.get("urls", ())), False),
                "default_function": person.get("title"),
                "default_is_company": False,
            },
        }

    # === BY NUMBER === #

    @api.model
    def _whatsapp_cs_find_by_number(self, wa_ids, company):
        """Return ``{wa_id: partner}`` of those who have one of the numbers, in any form it is written in.

        With several, persons come before companies, then the oldest: it does not change from message to message.
        """
        company_domain = Domain("company_id", "in", (False, company.id))
        variants = {wa_id: phone.get_variants(wa_id) for wa_id in wa_ids if wa_id}
        domain = Domain("phone_sanitized", "in", list(chain.from_iterable(variants.values())))
        by_number = self.search(company_domain & domain).grouped("phone_sanitized") if variants else {}
        found = {}
        for wa_id, numbers in variants.items():
            partners = self.union(*(by_number[number] for number in numbers if number in by_number))
            if not partners:
                partners = self.browse(self._whatsapp_cs_find_by_dialled_number(wa_id)).filtered_domain(company_domain)
            if partners:
                found[wa_id] = partners.sorted(lambda partner: (partner.is_company, partner.id))[:1]
        return found

    @api.model
    def _whatsapp_cs_find_by_dialled_number(self, wa_id):
        """Return the ids of active partners whose number has no international form and reads like this one."""
        national = phone.get_national_digits(wa_id)
        spellings = (
            {"0" + digits for digits in national} | national | {number[1:] for number in phone.get_variants(wa_id)}
        )
        spellings |= {"00" + number[1:] for number in phone.get_variants(wa_id)}
        self.flush_model(["phone", "phone_sanitized", "active"])
        self.env.cr.execute(
            r"""
            SELECT id FROM res_partner
             WHERE phone IS NOT NULL AND phone_sanitized IS NULL AND active
               AND right(regexp_replace(phone, '\D', '', 'g'), 7) = ANY(%s)
               AND regexp_replace(phone, '\D', '', 'g') = ANY(%s)
            """,
            (list({spelling[-7:] for spelling in spellings}), list(spellings)),
        )
        return [partner_id for (partner_id,) in self.env.cr.fetchall()]
