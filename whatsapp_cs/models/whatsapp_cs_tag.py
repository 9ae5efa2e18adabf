from random import randint

from odoo import fields, models


class WhatsappCsTag(models.Model):
    """A word by which conversations are sorted; set by people, automatic replies and bots."""

    _name = "whatsapp.cs.tag"
    _description = "WhatsApp Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))  # noqa: S311 - no secret
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a tag with this name already.")
