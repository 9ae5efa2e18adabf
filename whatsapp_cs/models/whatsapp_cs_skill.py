from odoo import fields, models


class WhatsappCsSkill(models.Model):
    """What some agents can do and others can't: returns, a language, a product line."""

    _name = "whatsapp.cs.skill"
    _description = "WhatsApp Skill"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer()
    active = fields.Boolean(default=True)

    _name_uniq = models.UniqueIndex("(name)", "This skill exists already.")
