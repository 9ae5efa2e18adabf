from odoo import api, fields, models

from .whatsapp_cs_price import FREE_TYPES, PRICING_TYPES

BILLED_STATES = ("sent", "delivered", "read")  # of these a cost counts
# What WhatsApp calls categories that are priced like one of ours. Source: its webhook reference, November 2026.
CATEGORY_ALIASES = {
    "marketing_lite": "marketing",
    "group_marketing": "marketing",
    "group_utility": "utility",
    "group_service": "service",
    "referral_conversion": "service",
    "authentication_international": "authentication",
    "authentication-international": "authentication",
}


class WhatsappCsMessage(models.Model):
    """What a message costs: expected when it is queued, and as WhatsApp reports it from then on (KP7)."""

    _inherit = "whatsapp.cs.message"  # pylint: disable=consider-merging-classes-inherited

    currency_id = fields.Many2one(related="company_id.currency_id")
    # Not Monetary, which rounds to cents: a message costs a fraction of one.
    price = fields.Float(digits=(16, 6), readonly=True, help="What WhatsApp bills.")
    surcharge = fields.Float(
        digits=(16, 6), readonly=True, help="Our own, for a message long after the customer's last."
    )
    cost = fields.Float(digits=(16, 6), compute="_compute_cost", store=True)
    pricing_type = fields.Selection(PRICING_TYPES, "Pricing", readonly=True)
    is_price_reported = fields.Boolean(
        "Reported by WhatsApp", readonly=True, help="Until then the price is the one that the price card lets expect."
    )

    _service_idx = models.Index("(channel_id, date) WHERE category = 'service' AND direction = 'out'")
    _cost_idx = models.Index("(channel_id, date) WHERE cost > 0")

    @api.depends("price", "surcharge")
    def _compute_cost(self):
        for message in self:
            message.cost = message.price + message.surcharge

    @api.model
    def _prepare_cost_values(self, contact, message_type, category):
        """Return what a new message will probably cost."""
        kind = message_type if message_type in ("template", "reaction") else "text"
        price = self.env["whatsapp.cs.price"]._get_expected_price(contact, kind, category)
        return {
            "price": price.price,
            "surcharge": price.surcharge,
            "cost": price.price + price.surcharge,  # given, not computed: spares an UPDATE
            "pricing_type": price.pricing_type,
        }

    def _on_report(self, row, item):
        changed = super()._on_report(row, item)
        if isinstance(item.get("pricing"), dict):
            self._note_pricing(item["pricing"])
        return changed

    def _note_pricing(self, pricing):
        """Take over what WhatsApp says of category and price; it wins over what was expected."""
        self.ensure_one()
        category = pricing.get("category")
        category = CATEGORY_ALIASES.get(category, category) if isinstance(category, str) else None
        if category not in self._fields["category"].get_values(self.env):
            category = self.category or "service"
        pricing_type = pricing.get("type")
        if pricing_type not in FREE_TYPES:
            pricing_type = "regular" if pricing.get("billable") is not False else "free_customer_service"
        if self.is_price_reported and (self.category, self.pricing_type) == (category, pricing_type):
            return
        amount = self.env["whatsapp.cs.price"]._get_amount(
            self.contact_id.country_id.id, category, self.date.date(), self.company_id.id
        )
        self.write(
            {
                "category": category,
                "pricing_type": pricing_type,
                "price": amount if amount and pricing_type == "regular" else 0,
                "is_price_reported": True,
            }
        )

    @api.model
    def _get_costs_by(self, path, records):
        """Return ``{record: cost}`` of the messages that ``path`` connects with ``records``."""
        groups = self._read_group(
            [(path, "in", records.ids), ("cost", ">", 0), ("state", "in", BILLED_STATES)],
            ["conversation_id"],
            ["cost:sum"],
        )
        costs = {}
        for conversation, cost in groups:
            for record in conversation.mapped(path.removeprefix("conversation_id.")) if "." in path else conversation:
                costs[record] = costs.get(record, 0) + cost
        return costs
