from datetime import timedelta

from odoo import api, fields, models

from ..tools import template_text
from ..tools.text_format import get_length

_OFFER_HEADERS = ("none", "image", "video")


class WhatsappCsTemplate(models.Model):
    """What sells: a limited-time offer that the phone counts down, and buttons that show products of the catalogue."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    offer_text = fields.Char("Offer", help="A headline of at most 16 characters, such as “Ends soon!”.")
    offer_ends = fields.Boolean(help="The phone shows how much time is left.")
    offer_hours = fields.Integer("Ends After (Hours)", default=48, help="Counted from when a message is sent.")

    _offer_hours_bounds = models.Constraint(
        "CHECK(offer_hours BETWEEN 1 AND 8760)", "An offer ends 1 to 8,760 hours (a year) after it was sent."
    )

    def _check_offer(self):
        """Return what WhatsApp would refuse about the offer, as sentences."""
        if not self.offer_text:
            return []
        problems = self._check_size(self.env._("The offer"), self.offer_text, template_text.OFFER_LIMIT)
        if template_text.find_variables(self.offer_text):
            problems.append(self.env._("The offer can't have variables."))
        if self.category != "marketing":
            problems.append(self.env._("An offer is marketing: choose that category."))
        if self.header_type not in _OFFER_HEADERS or self.footer or self.card_ids:
            problems.append(self.env._("Beside an offer there is at most a picture or a video: no footer, no cards."))
        if not self.button_ids.filtered(lambda button: button.kind in ("url", "copy_code")):
            problems.append(self.env._("An offer needs a button that copies a code or opens a web page."))
        return problems

    def _prepare_offer(self):
        """Return the offer's part of a message that is sent now; none when it has no end."""
        if not self.offer_text or not self.offer_ends:
            return []
        end = fields.Datetime.now() + timedelta(hours=self.offer_hours)
        offer = {"expiration_time_ms": template_text.to_milliseconds(end)}
        return [
            {"type": "limited_time_offer", "parameters": [{"type": "limited_time_offer", "limited_time_offer": offer}]}
        ]


class WhatsappCsTemplateButton(models.Model):
    _inherit = "whatsapp.cs.template.button"  # pylint: disable=consider-merging-classes-inherited

    product_codes = fields.Char(
        "Products",
        help="Content ids of the catalogue, separated by commas; the first one gives the picture. "
        "They go with each message and can be changed without a new review.",
    )

    def _get_product_codes(self):
        return list(dict.fromkeys(filter(None, map(str.strip, (self.product_codes or "").split(",")))))

    def _check_products(self, label):
        """Return what is wrong with the products of a button that shows some, as sentences."""
        codes = self._get_product_codes()
        if self.kind != "mpm":
            return []
        if not 1 <= len(codes) <= template_text.PRODUCT_COUNT:
            return [
                self.env._("%(label)s needs 1 to %(most)s products.", label=label, most=template_text.PRODUCT_COUNT)
            ]
        return self._check_section(label)

    @api.model
    def _check_section(self, label):
        if get_length(self.text or "") > template_text.SECTION_LIMIT:
            return [
                self.env._(
                    "%(label)s: its label is the list's title too, and has at most %(limit)s characters then.",
                    label=label,
                    limit=template_text.SECTION_LIMIT,
                )
            ]
        return []

    def _prepare_products(self):
        """Return the parameters of a button that shows the catalogue, or some products of it."""
        codes = self._get_product_codes()
        if not codes:
            return []
        action = {"thumbnail_product_retailer_id": codes[0]}
        if self.kind == "mpm":
            items = [{"product_retailer_id": code} for code in codes]
            action["sections"] = [{"title": self.text, "product_items": items}]
        return [{"type": "action", "action": action}]
