from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import format_amount, format_date, format_datetime, formatLang, html2plaintext

from ..tools import template_text
from ..tools.template_text import Slot


class WhatsappCsTemplateVariable(models.Model):
    """What a place in a template is filled with. The lines follow the text: nobody adds or removes one."""

    _name = "whatsapp.cs.template.variable"
    _description = "WhatsApp Template Variable"
    _order = "sequence, id"

    template_id = fields.Many2one("whatsapp.cs.template", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer()
    component = fields.Selection([("header", "Header"), ("body", "Text"), ("button", "Button")], required=True)
    card = fields.Integer(help="Number of the card; 0: no card.")
    button = fields.Integer(help="Position of the button; the first is 0.")
    name = fields.Char(required=True)
    source = fields.Selection(
        [
            ("free", "Typed when sending"),
            ("field", "Field of the document"),
            ("partner_name", "Customer's name"),
            ("user_name", "Sender's name"),
            ("company_name", "Company's name"),
            ("fixed", "Fixed text"),
        ],
        "Filled With",
        default="free",
        required=True,
    )
    model = fields.Char(related="template_id.model")
    field_path = fields.Char("Field")
    fixed_text = fields.Char()
    fallback = fields.Char(
        "If Empty", help="Stands there when there is no value. Without it such a message is refused."
    )
    sample = fields.Char(help="An example for WhatsApp's review. Never a real person's data.")

    _slot_uniq = models.UniqueIndex("(template_id, component, card, button, name)")

    @api.depends("component", "card", "button", "name")
    def _compute_display_name(self):
        for variable in self:
            variable.display_name = variable._get_label()

    def _get_slot(self):
        return Slot(self.component, self.card, self.button, self.name)

    def _get_label(self):
        """Return where the value goes to, in words."""
        component = dict(self._fields["component"]._description_selection(self.env)).get(self.component, "")
        label = {
            "code": self.env._("Code of button %s", self.button + 1),
            "latitude": self.env._("Latitude"),
            "longitude": self.env._("Longitude"),
        }.get(self.name)
        if not label:
            place = f"{component} {self.button + 1}" if self.component == "button" else component
            label = f"{place} {{{{{self.name}}}}}"
        return self.env._("Card %(card)s: %(label)s", card=self.card, label=label) if self.card else label

    def _get_description(self):
        """Return the place, and what should stand there as far as the template says it."""
        path = self.source == "field" and self.field_path
        return f"{self._get_label()} ({path})" if path else self._get_label()

    @api.constrains("source", "field_path", "template_id")
    def _check_field_path(self):
        for variable in self.filtered(lambda variable: variable.source == "field"):
            variable._check_one_field_path()

    def _check_one_field_path(self):
        """Refuse a path that does not exist, or that the user who chooses it may not read."""
        if not self.model or not self.field_path:
            raise ValidationError(
                self.env._("Choose for %s what the template applies to, and the field to take.", self.display_name)
            )
        model = self.env[self.model]
        for name in self.field_path.split("."):
            if model is None or name not in model.fields_get([name], attributes=["type"]):
                raise ValidationError(
                    self.env._(
                        "%(label)s: there is no field “%(path)s” that you may read. Choose another one.",
                        label=self.display_name,
                        path=self.field_path,
                    )
                )
            comodel = model._fields[name].comodel_name
            model = self.env[comodel] if comodel else None

    # === VALUES === #

    def _get_value(self, record, contact, user):
        """Return the text of this variable for ``record``, ``""`` when there is none.

        :param record: the document, or None
        :param contact: the WhatsApp contact who gets it, or None
        :param user: who sends it, or None: the system
        """
        self.ensure_one()
        if self.source == "field":
            value = self._get_field_value(record)
        elif self.source == "partner_name":
            value = self._get_partner_name(record, contact)
        elif self.source == "user_name":
            value = user.name if user else ""
        elif self.source == "company_name":
            value = self.template_id.company_id.name
        else:
            value = self.fixed_text if self.source == "fixed" else ""
        return template_text.clean(value) or template_text.clean(self.fallback)

    @api.model
    def _get_partner_name(self, record, contact):
        if contact and contact.partner_id:
            return contact.partner_id.name
        if record and record._name == "res.partner":
            return record.name
        if record:
            partners = record._mail_get_partners()[record.id]
            if partners:
                return partners[0].name
        return contact.name if contact else ""

    def _get_field_value(self, record):
        if not record or record._name != self.model or not self.field_path:
            return ""
        record = record.with_context(lang=self.template_id._get_lang())
        *path, name = self.field_path.split(".")
        try:
            for step in path:
                record = record[step]
            return ", ".join(filter(None, (self._format(owner, name) for owner in record)))
        except (AccessError, KeyError):  # not for this user, or the field is gone: a person may type it
            return ""

    def _format(self, record, name):
        """Return the value as people of the template's language write it."""
        field, value, lang = record._fields[name], record[name], record.env.context.get("lang")
        if field.type == "boolean":
            return record.env._("Yes") if value else record.env._("No")
        if field.type in ("integer", "float", "monetary"):
            return self._format_number(record, field, value, lang)
        if not value:
            return ""
        if field.type == "date":
            return format_date(record.env, value, lang_code=lang)
        if field.type == "datetime":
            return format_datetime(record.env, value, tz=self._get_timezone(), dt_format="short", lang_code=lang)
        if field.type in ("selection", "reference") and not isinstance(value, models.BaseModel):
            return dict(field._description_selection(record.env)).get(value, value)
        if isinstance(value, models.BaseModel):
            return ", ".join(value.mapped("display_name"))
        return html2plaintext(value) if field.type == "html" else str(value)

    @api.model
    def _format_number(self, record, field, value, lang):
        if field.type == "integer":
            return str(value)
        currency = record[field.get_currency_field(record)] if field.type == "monetary" else None
        if currency:
            return format_amount(record.env, value, currency, lang_code=lang)
        digits = field.get_digits(record.env) if field.type == "float" else None
        return formatLang(record.env, value, digits=digits[1] if digits else 2)

    def _get_timezone(self):
        """Return the time zone that customers read: the company's, else the sender's."""
        return self.template_id.company_id.partner_id.tz or self.env.user.tz or "UTC"
