# pylint: disable=consider-merging-classes-inherited
"""The average rating of a customer, and of an agent, on their forms."""

from odoo import fields, models

from .whatsapp_cs_conversation import GROUP_AGENT, GROUP_EDITOR
from .whatsapp_cs_related import get_list_action


def get_averages(records, field_name):
    """Return ``{record: average stars}`` by a field of ``whatsapp.cs.rating``; who was not rated is left out."""
    # sudo: whatsapp.cs.rating - an average only, for those who see the record and its button
    ratings_sudo = records.env["whatsapp.cs.rating"].sudo()
    return dict(
        ratings_sudo._read_group([(field_name, "in", records.ids), ("value", ">", 0)], [field_name], ["value:avg"])
    )


class WhatsappCsContact(models.Model):
    _inherit = "whatsapp.cs.contact"

    rating_average = fields.Float(
        "Average Stars", compute="_compute_rating_average", digits=(2, 1), groups=GROUP_EDITOR
    )

    def _compute_rating_average(self):
        averages = get_averages(self, "contact_id")
        for contact in self:
            contact.rating_average = averages.get(contact, 0)

    def action_view_ratings(self):
        self.ensure_one()
        return {
            **get_list_action(self, "whatsapp_cs_rating_action", "contact_id"),
            "context": {"search_default_rated": True},
        }


class ResUsers(models.Model):
    _inherit = "res.users"

    whatsapp_cs_rating_average = fields.Float(
        "WhatsApp: Average Stars", compute="_compute_whatsapp_cs_rating_average", digits=(2, 1), groups=GROUP_AGENT
    )

    def _compute_whatsapp_cs_rating_average(self):
        averages = get_averages(self, "user_id")
        for user in self:
            user.whatsapp_cs_rating_average = averages.get(user, 0)

    def action_view_whatsapp_cs_ratings(self):
        self.ensure_one()
        return {
            **get_list_action(self, "whatsapp_cs_rating_action", "user_id"),
            "context": {"search_default_rated": True},
        }
