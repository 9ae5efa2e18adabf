from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..tools import template_text, text_format

_BUTTON_ICONS = {
    "quick_reply": "fa-reply", "url": "fa-external-link", "phone": "fa-phone", "copy_code": "fa-copy", "otp": "fa-copy",
    "catalog": "fa-shopping-bag", "mpm": "fa-shopping-bag", "flow": "fa-list-alt", "voice_call": "fa-whatsapp", "request_contact_info": "fa-id-card-o",
}  # fmt: skip
_MEDIA_ICONS = {
    "image": "fa-image", "video": "fa-video-camera", "document": "fa-file-text-o", "location": "fa-map-marker",
}  # fmt: skip


class WhatsappCsTemplate(models.Model):
    """What a template says: the values of its variables, the message for the API, the text, the preview."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    # === VALUES === #

    def _get_texts(self, record=None, values=None, contact=None, user=None):
        """Return ``{slot: text}`` of all variables; an empty text where there is no value.

        :param record: what the message is about; only one of the template's own model, or whose customer is, gives values
        :param values: ``{slot.key: text}`` of what a person typed; goes first, also when it was emptied
        :param contact: the WhatsApp contact who gets it, or None
        :param user: who sends it, or None: the system
        """
        self.ensure_one()
        record = self._find_record(record, contact)
        texts = {}
        for variable in self.variable_ids:
            slot = variable._get_slot()
            if slot.key in (values or {}):
                texts[slot] = template_text.clean(values[slot.key]) or template_text.clean(variable.fallback)
            else:
                texts[slot] = variable._get_value(record, contact, user)
        return texts

    def _find_record(self, record=None, contact=None):
        """Return the record that the template's fields are read from, or None.

        ``record`` when it is of the template's model; else the customer, the lead or the case that goes with it.
        """
        if not self.model:
            return record
        conversation = contact.conversation_ids.sorted("id")[-1:] if contact else self.env["whatsapp.cs.conversation"]
        candidates = [record, conversation, conversation.lead_id]
        partners = record._mail_get_partners()[record.id] if record and record._name != "res.partner" else record
        candidates += [partners, contact and contact.partner_id]
        for candidate in candidates:
            if candidate and candidate._name == self.model:
                return candidate[:1].with_env(self.env)  # read with the rights of who sends
        return None

    def _get_lang(self):
        """Return the active Odoo language next to the template's, for dates and amounts."""
        self.ensure_one()
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        same = [code for code in installed if code.split("_")[0] == (self.language or "").split("_")[0]]
        return self.language if self.language in installed else (same or [self.env.lang or "en_US"])[0]

    def _get_complete_texts(self, record=None, values=None, contact=None, user=None):
        """Return ``_get_texts``; a value that is missing is a UserError that names it."""
        texts = self._get_texts(record, values, contact, user)
        missing = [variable for variable in self.variable_ids if not texts[variable._get_slot()]]
        if missing:
            raise UserError(
                self.env._(
                    "%(template)s: there is nothing to put in for %(variables)s. Fill it in, or give the template a text for "
                    "such cases.",
                    template=self.display_name,
                    variables=", ".join(variable._get_description() for variable in missing),
                )
            )
        self._check_length(texts)
        return texts

    def _check_length(self, texts):
        length = text_format.get_length(self._fill(self._get_body(), texts, "body"))
        if length > template_text.BODY_LIMIT:
            raise UserError(
                self.env._(
                    "%(template)s has %(length)s characters with these values; WhatsApp takes at most %(limit)s. Shorten them.",
                    template=self.display_name,
                    length=length,
                    limit=template_text.BODY_LIMIT,
                )
            )

    @api.model
    def _fill(self, text, texts, component, card=0, button=0):
        values = {
            slot.name: value
            for slot, value in texts.items()
            if (slot.component, slot.card, slot.button) == (component, card, button)
        }
        return template_text.fill(text, values)

    # === FOR THE API === #

    def _prepare_content(self, record=None, values=None, contact=None, user=None):
        """Return the ``template`` object of a message to the Graph API. See ``_get_texts`` for the parameters."""
        self.ensure_one()
        self._check_sendable()
        texts = self._get_complete_texts(record, values, contact, user)
        channel = contact.channel_id if contact else self.env["whatsapp.cs.channel"]
        components = self._prepare_part(texts, 0, self, "header_media", channel) + self._prepare_offer()
        if self.card_ids:
            components.append({"type": "carousel", "cards": self._prepare_cards(texts, channel)})
        content = {"name": self.name, "language": {"code": self.language}}
        return {**content, "components": components} if components else content

    def _prepare_cards(self, texts, channel):
        return [
            {
                "card_index": number - 1,
                "components": self._prepare_part(texts, number, card, "media", channel),
            }
            for number, card in enumerate(self.card_ids.sorted("sequence"), 1)
        ]

    def _prepare_part(self, texts, card, owner, media_field, channel):
        """Return the components of the message itself (card 0) or of one card; those without variables are left out.

        :param owner: the template or the card
        :param channel: the number that sends it
        """
        components = []
        if parameters := self._prepare_header(texts, card, owner, media_field, channel):
            components.append({"type": "header", "parameters": parameters})
        if parameters := self._prepare_texts(texts, "body", card):
            components.append({"type": "body", "parameters": parameters})
        for index, button in enumerate(owner.button_ids.sorted("sequence")):
            if parameters := self._prepare_button(texts, card, index, button):
                sub_type = "url" if button.kind in ("url", "otp") else button.kind
                components.append(
                    {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": parameters}
                )
        return components

    def _prepare_header(self, texts, card, owner, media_field, channel):
        header_type = owner.header_type
        if header_type == "location":
            location = {slot.name: text for slot, text in texts.items() if slot[:2] == ("header", card)}
            return [{"type": "location", "location": location}]
        if header_type in template_text.MEDIA_HEADERS:
            media = {"id": self._get_media_id(owner, media_field, channel)}
            if header_type == "document":
                media["filename"] = self.header_media_name or self.name
            return [{"type": header_type, header_type: media}]
        return self._prepare_texts(texts, "header", card)

    def _prepare_texts(self, texts, component, card):
        slots = [slot for slot in texts if (slot.component, slot.card) == (component, card)]
        named = self._is_named()
        return [
            {"type": "text", **({"parameter_name": slot.name} if named else {}), "text": texts[slot]} for slot in slots
        ]

    def _is_named(self):
        """Tell whether the variables have names; then WhatsApp wants them with each value."""
        return template_text.is_named(
            variable.name
            for variable in self.variable_ids
            if variable.component == "body" or (variable.component == "header" and self.header_type == "text")
        )

    def _prepare_button(self, texts, card, index, button):
        if self.category == "authentication" and button.kind in ("url", "otp"):
            return [{"type": "text", "text": text} for slot, text in texts.items() if slot.component == "body"][:1]
        if button.kind in ("catalog", "mpm"):
            return button._prepare_products()
        if button.kind == "flow":
            return [{"type": "action", "action": {"flow_token": "unused"}}]
        for slot, text in texts.items():
            if slot[:3] == ("button", card, index):
                if button.kind == "copy_code":
                    return [{"type": "coupon_code", "coupon_code": text[: template_text.CODE_LIMIT]}]
                return [{"type": "text", "text": template_text.clean_url_part(text)}]
        return []

    # === FOR PEOPLE === #

    def _render_text(self, record=None, values=None, contact=None, user=None):
        """Return what the customer sees, as text in WhatsApp's marks; a variable without a value stays as it is."""
        self.ensure_one()
        texts = self._get_texts(record, values, contact, user)
        offer = f"*{self.offer_text}*" if self.offer_text else ""
        parts = [self._get_header_text(texts), offer, self._fill(self._get_body(), texts, "body"), self.footer]
        for number, card in enumerate(self.card_ids.sorted("sequence"), 1):
            parts.append(f"{number}. {self._fill(card.body, texts, 'body', number)}")
        if self.button_ids:
            parts.append(
                "  ".join(f"[{label}]" for label in self.button_ids.sorted("sequence").mapped(self._get_label))
            )
        return "\n".join(filter(None, parts))

    @api.model
    def _get_label(self, button):
        return button.text or dict(button._fields["kind"]._description_selection(self.env))[button.kind]

    def _get_header_text(self, texts):
        if self.header_type == "text":
            return f"*{self._fill(self.header_text, texts, 'header')}*"
        if self.header_type == "none":
            return ""
        label = dict(self._fields["header_type"]._description_selection(self.env))[self.header_type]
        name = self.header_media_name or next((text for slot, text in texts.items() if slot.name == "name"), "")
        return f"[{label}: {name}]" if name else f"[{label}]"

    def _render_preview(self, texts):
        """Return the message as a bubble on a phone, as HTML.

        :param texts: ``{slot: text}``; what has none shows its variable
        """
        self.ensure_one()
        return self.env["ir.qweb"]._render(
            "whatsapp_cs.template_bubble",
            {
                "header": self._prepare_header_preview(texts),
                "offer": self.offer_text,
                "offer_hours": self.offer_ends and self.offer_hours,
                "body": self._to_html(self._fill(self._get_body(), texts, "body")),
                "footer": self.footer,
                "buttons": self._prepare_button_previews(self.button_ids),
                "cards": [
                    {
                        "header": self._prepare_media_preview(card, "media", card.header_type, card.media_name),
                        "body": self._to_html(self._fill(card.body, texts, "body", number)),
                        "buttons": self._prepare_button_previews(card.button_ids),
                    }
                    for number, card in enumerate(self.card_ids.sorted("sequence"), 1)
                ],
                "extra": [component.get("type") for component in self.extra_components or []],
            },
        )

    @api.model
    def _to_html(self, text):
        return text_format.whatsapp_to_html(text) if text else Markup()

    def _prepare_header_preview(self, texts):
        if self.header_type == "text":
            return {"text": self._fill(self.header_text, texts, "header")}
        if self.header_type == "location":
            place = {slot.name: text for slot, text in texts.items() if slot.component == "header"}
            text = ", ".join(filter(None, (place.get("name"), place.get("address"))))
            return {"icon": _MEDIA_ICONS["location"], "label": text}
        return self._prepare_media_preview(self, "header_media", self.header_type, self.header_media_name)

    @api.model
    def _prepare_media_preview(self, owner, field, header_type, filename):
        if header_type not in template_text.MEDIA_HEADERS:
            return {}
        is_shown = header_type == "image" and owner[field] and isinstance(owner.id, int)
        return {
            "icon": _MEDIA_ICONS[header_type],
            "label": filename or "",
            "image": f"/web/image/{owner._name}/{owner.id}/{field}" if is_shown else False,
        }

    def _prepare_button_previews(self, buttons):
        return [
            {"icon": _BUTTON_ICONS.get(button.kind, "fa-circle-o"), "text": self._get_label(button)}
            for button in buttons.sorted("sequence")
        ]

    # === LIVE PREVIEW === #

    @api.model
    def _get_preview_models(self):
        # sudo: ir.model - the names of models are no secret
        models_sudo = self.env["ir.model"].sudo().search([("is_mail_thread", "=", True), ("transient", "=", False)])
        return [(model.model, model.name) for model in models_sudo]

    @api.depends("model_id")
    def _compute_preview_record(self):
        for template in self:
            record = None
            if template.model and self.env[template.model].has_access("read"):
                record = self.env[template.model].search([], limit=1)
            template.preview_record = f"{record._name},{record.id}" if record else False

    @api.depends(
        "category", "header_type", "header_text", "header_media", "header_media_name", "body", "footer", "preview_record",
        "button_ids.kind", "button_ids.text", "button_ids.sequence", "card_ids.body", "card_ids.header_type", "card_ids.media",
        "card_ids.button_ids.text", "variable_ids.source", "variable_ids.field_path", "variable_ids.fixed_text",
        "variable_ids.fallback", "variable_ids.sample", "language", "extra_components", "offer_text", "offer_ends", "offer_hours",
    )  # fmt: skip
    def _compute_preview(self):
        """Show the message for a real document; where that gives nothing, the samples."""
        for template in self:
            template.preview_error = False
            try:
                texts = template._get_texts(template.preview_record or None, user=self.env.user)
            except AccessError as error:
                template.preview_error, texts = str(error), {}
            samples = {variable._get_slot(): variable.sample for variable in template.variable_ids}
            template.preview = template._render_preview({slot: texts.get(slot) or samples[slot] for slot in samples})
