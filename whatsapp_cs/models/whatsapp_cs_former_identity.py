# pylint: disable=consider-merging-classes-inherited
"""Numbers and user ids that people had before: a contact is found by them as well, and never takes them again (CR1)."""

from odoo import api, fields, models

from ..tools import phone
from .whatsapp_cs_conversation import GROUP_EDITOR

KINDS = {"number": "wa_id", "user": "meta_user_id"}  # kind: the contact's field for the present one


class WhatsappCsFormerIdentity(models.Model):
    """A number or user id that a contact has no more: what still comes from it, or goes to it, is this person's."""

    _name = "whatsapp.cs.former.identity"
    _description = "Former WhatsApp Identity"
    _order = "date desc, id desc"
    _rec_name = "value"

    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="contact_id.channel_id", store=True)
    company_id = fields.Many2one(related="contact_id.company_id", store=True)
    kind = fields.Selection([("number", "Number"), ("user", "WhatsApp User ID")], required=True, readonly=True)
    value = fields.Char("Former Number or ID", required=True, readonly=True)
    date = fields.Datetime("Until", required=True, readonly=True)

    _value_uniq = models.UniqueIndex("(channel_id, kind, value)")


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"

    former_ids = fields.One2many(
        "whatsapp.cs.former.identity", "contact_id", "Former Numbers", readonly=True, groups=GROUP_EDITOR
    )

    @api.model
    def _find_all(self, people):
        """Find people by what they had before, too."""
        known = super()._find_all(people)
        missing = {key for person in people for key in self._get_keys(*person)} - known.keys()
        if not missing:
            return known
        domain = [
            ("channel_id", "in", list({channel_id for channel_id, _kind, _value in missing})),
            ("value", "in", list({value for _channel_id, _kind, value in missing})),
        ]
        formers = self.env["whatsapp.cs.former.identity"].search(domain)
        former = {(row.channel_id.id, row.kind, row.value): row.contact_id for row in formers}
        former = {key: contact for key, contact in former.items() if key in missing}
        found = known | former
        for channel, identity in people if former else ():
            user_key = (channel.id, "user", identity.user_id)
            if not identity.user_id or user_key in found:
                continue
            # A number that shows a user whom its former owner never was has been given to somebody else since.
            for key in self._get_keys(channel, identity)[1:]:
                if key in former and former[key]._get_identities("user"):
                    found.pop(key, None)
        return found

    def _get_identities(self, kind):
        """Return all that the contact is or was known by, of one kind."""
        formers = self.former_ids.filtered(lambda former: former.kind == kind).mapped("value")
        return {*formers, self[KINDS[kind]]} - {False}

    def _had(self, name, value):
        """Tell whether the field ``name`` had this value before it changed: what comes late does not bring it back."""
        kinds = [kind for kind, field_name in KINDS.items() if field_name == name]
        if not kinds or not self.former_ids:
            return False
        values = {form.removeprefix("+") for form in phone.get_variants(value)} if name == "wa_id" else {value}
        return bool(values & set(self.former_ids.filtered(lambda former: former.kind == kinds[0]).mapped("value")))

    def _set_former(self, kind, values, date):
        """Keep ``values`` as what the contact had until ``date``; what it has now is no former one."""
        present = self[KINDS[kind]]
        values = values - {present, ""}
        # sudo: whatsapp.cs.former.identity - nobody writes one; it follows from a notice, or a merge that was checked
        Former = self.env["whatsapp.cs.former.identity"].sudo()
        domain = [("channel_id", "=", self.channel_id.id), ("kind", "=", kind), ("value", "in", [*values, present])]
        known = Former.search(domain)
        known.filtered(lambda former: former.value == present).unlink()
        known = known.exists()
        known.contact_id = self
        Former.create(
            [
                {"contact_id": self.id, "kind": kind, "value": value, "date": date}
                for value in sorted(values - set(known.mapped("value")))
            ]
        )
