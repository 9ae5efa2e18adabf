# pylint: disable=consider-merging-classes-inherited
"""Customers' numbers, hidden from who is no editor where a company wants that (CO1).

Code reads the true numbers as before: they are hidden where values leave the server, over RPC and on screens alike.
"""

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.mail.tools.discuss import Store

from ..tools import phone
from .whatsapp_cs_conversation import GROUP_EDITOR


class WhatsappCsMasking(models.AbstractModel):
    _name = "whatsapp.cs.masking"
    _inherit = ["whatsapp.cs.limits"]
    _description = "WhatsApp Hidden Numbers"
    _limits = "masking"

    @api.model
    def _is_on(self):
        return bool(self._get_limit("numbers"))

    @api.model
    def _applies(self):
        """Tell whether numbers are hidden from the current user."""
        user = self.env.user
        return not self.env.su and self._is_on() and user._is_internal() and not user.has_group(GROUP_EDITOR)

    @api.model
    def _set_limit(self, name, value):
        """Switch it; who has no other name than the number is called by the hidden one from then on, everywhere."""
        was_on = self._is_on()
        result = super()._set_limit(name, value)
        if self._is_on() != was_on:
            self._rename_nameless()
        return result

    @api.model
    def _rename_nameless(self):
        # sudo: whatsapp.cs.contact, res.partner - the setting is for all customers
        contacts = self.env["whatsapp.cs.contact"].sudo()
        for contact in contacts.search(
            [("profile_name", "=", False), ("username", "=", False), ("wa_id", "!=", False)]
        ):
            full = phone.format_international(contact.wa_id)
            partner = contact.partner_id
            if contact.created_partner and partner.name in (full, phone.mask(full)):
                partner.name = contact._get_own_name()


class WhatsappCsMasked(models.AbstractModel):
    """A model with fields that hold customers' numbers."""

    _name = "whatsapp.cs.masked"
    _description = "WhatsApp Record With Numbers"

    _masked_fields = ()  # of their digits only the first and the last are shown
    _hidden_fields = ()  # shown not at all: the number is somewhere in them

    def _whatsapp_cs_filter_masked(self):
        """Return those whose numbers are hidden from the current user."""
        return self if self.env["whatsapp.cs.masking"]._applies() else self.browse()

    def _read_format(self, fnames, load="_classic_read"):
        values_list = super()._read_format(fnames, load)
        names = [name for name in fnames if name in (*self._masked_fields, *self._hidden_fields)]
        masked = set(self._whatsapp_cs_filter_masked().ids) if names else ()
        for values in values_list:
            if values["id"] in masked:
                values.update({name: self._whatsapp_cs_mask(name, values[name]) for name in names})
        return values_list

    def _whatsapp_cs_mask(self, name, value):
        return phone.mask(value) if value and name in self._masked_fields else False

    # What clients group by; code of other apps, which groups by numbers for its own ends, goes on.

    @api.model
    def formatted_read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        self._whatsapp_cs_check_not_masked([*groupby, *aggregates])
        return super().formatted_read_group(domain, groupby, aggregates, *args, **kwargs)

    @api.model
    def formatted_read_grouping_sets(self, domain, grouping_sets, aggregates=(), **kwargs):
        self._whatsapp_cs_check_not_masked([*(name for names in grouping_sets for name in names), *aggregates])
        return super().formatted_read_grouping_sets(domain, grouping_sets, aggregates, **kwargs)

    @api.model
    def read_group(self, domain, fields, groupby, *args, **kwargs):
        self._whatsapp_cs_check_not_masked([*fields, *([groupby] if isinstance(groupby, str) else groupby)])
        return super().read_group(domain, fields, groupby, *args, **kwargs)

    @api.model
    def _whatsapp_cs_check_not_masked(self, specs):
        names = {spec.split(":")[0] for spec in specs}
        if names & {*self._masked_fields, *self._hidden_fields} and self.env["whatsapp.cs.masking"]._applies():
            raise AccessError(self.env._("The numbers of customers are hidden: nothing can be grouped by them."))


class WhatsappCsContact(models.Model):
    _name = "whatsapp.cs.contact"
    _inherit = ["whatsapp.cs.contact", "whatsapp.cs.masked"]

    _masked_fields = ("wa_id", "phone")

    def _get_own_name(self):
        """Call who has no name by the hidden number where numbers are hidden."""
        name = super()._get_own_name()
        if self.wa_id and self.env["whatsapp.cs.masking"]._is_on() and name == phone.format_international(self.wa_id):
            return phone.mask(name)
        return name


class WhatsappCsMessage(models.Model):
    _name = "whatsapp.cs.message"
    _inherit = ["whatsapp.cs.message", "whatsapp.cs.masked"]

    _hidden_fields = ("raw", "wamid", "quoted_wamid")  # WhatsApp's ids have the number in them, too


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "whatsapp.cs.masked"]

    _masked_fields = ("phone", "phone_sanitized")

    def _whatsapp_cs_filter_masked(self):
        """Hide those of customers who are on WhatsApp: colleagues and suppliers are none."""
        masked = super()._whatsapp_cs_filter_masked()
        # sudo: whatsapp.cs.contact - only whether there is one
        return masked and masked & masked.sudo().whatsapp_cs_contact_ids.partner_id.sudo(False)

    def _get_store_avatar_card_fields(self, target):
        """Hide the number on the card that Discuss shows of a person."""
        names = super()._get_store_avatar_card_fields(target)
        if "phone" not in names:
            return names
        masked = self._whatsapp_cs_filter_masked()
        hidden = Store.Attr("phone", lambda partner: phone.mask(partner.phone) if partner in masked else partner.phone)
        return [hidden if name == "phone" else name for name in names]


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "whatsapp.cs.masked"]

    _masked_fields = ("phone", "phone_sanitized")

    def _whatsapp_cs_filter_masked(self):
        masked = super()._whatsapp_cs_filter_masked()
        customers = masked.partner_id._whatsapp_cs_filter_masked()
        return masked.filtered(lambda lead: lead.partner_id in customers)
