from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.tools import SQL, formatLang

from .whatsapp_cs_message_policy import CATEGORIES

# How WhatsApp prices a message; of these it tells all but the second.
PRICING_TYPES = [
    ("regular", "Billed"),
    ("free_allowance", "Free Messages of the Month"),
    ("free_customer_service", "Free Customer Service"),
    ("free_entry_point", "Free After an Advertisement"),
    ("free_group_customer_service", "Free Customer Service in a Group"),
]
PRICE_DIGITS = 4  # shown: a message costs a fraction of a cent
FREE_TYPES = {pricing_type for pricing_type, _label in PRICING_TYPES} - {"regular"}


class Price(NamedTuple):
    """What a message costs, in the company's currency, and why. ``price`` is WhatsApp's, ``surcharge`` our own."""

    price: float
    surcharge: float
    category: str
    pricing_type: str
    reason: str


class WhatsappCsPrice(models.Model):
    """The price card: what a message costs by market, category and date (KP7)."""

    _name = "whatsapp.cs.price"
    _inherit = ["whatsapp.cs.cached", "whatsapp.cs.limits"]
    _limits = "price"
    _description = "WhatsApp Price"
    _order = "country_group_id, category, valid_from desc, id"
    _rec_name = "category"

    country_group_id = fields.Many2one(
        "res.country.group", "Market", ondelete="cascade", help="Empty: all countries that no other line is for."
    )
    category = fields.Selection(
        [*CATEGORIES, ("surcharge", "Own Surcharge")],
        required=True,
        help="The own surcharge is added when a message goes long after the customer's last one (see the settings).",
    )
    valid_from = fields.Date(required=True, default=fields.Date.context_today)
    # Not Monetary, which rounds to cents: a message costs a fraction of one.
    price = fields.Float("Price per Message", digits=(16, 6), required=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)

    _price_uniq = models.UniqueIndex(
        "(COALESCE(country_group_id, 0), category, valid_from)", "There is a price for this market, category and date."
    )
    _price_positive = models.Constraint("CHECK(price >= 0)", "A price can't be negative.")

    # === WHAT A MESSAGE COSTS === #

    @api.model
    def _get_expected_price(self, contact, kind, category=None, date=None):
        """Return the ``Price`` that a message to ``contact`` will probably have; WhatsApp's own report wins later.

        :param kind: ``text`` (anything free-form), ``reaction`` or ``template``
        :param category: the template's
        """
        category = "service" if kind != "template" else category or "marketing"
        if kind == "reaction":
            return Price(0, 0, category, "free_customer_service", self.env._("Reactions are free."))
        if category == "service" and (verdict := self._get_free_price(contact.channel_id, date)):
            return verdict._replace(surcharge=self._get_surcharge(contact, date))
        return self._get_price(contact, category, "regular", date)

    @api.model
    def _get_price(self, contact, category, pricing_type, date=None):
        """Return the ``Price`` of a message of which category and pricing type are known."""
        date = date or fields.Datetime.now()
        surcharge = self._get_surcharge(contact, date)
        if pricing_type in FREE_TYPES:
            label = dict(self.env["whatsapp.cs.message"]._fields["pricing_type"]._description_selection(self.env))
            return Price(0, surcharge, category, pricing_type, label[pricing_type])
        amount = self._get_amount(contact.country_id.id, category, date.date(), contact.company_id.id)
        if amount is None:
            reason = self.env._("The price card has no price for it: an administrator enters it.")
            return Price(0, surcharge, category, "regular", reason)
        country = contact.country_id.name or self.env._("unknown country")
        return Price(amount, surcharge, category, "regular", self.env._("Price card, %s.", country))

    @api.model
    def _get_free_price(self, channel, date=None):
        """Return a price of nothing when one of the month's free service messages is left, else None."""
        allowance = self._get_limit("free_messages")
        used = self._count_service_messages(channel, date or fields.Datetime.now(), allowance) if allowance else 0
        if used < allowance:
            reason = self.env._(
                "One of %(allowance)s free ones this month, %(used)s are used.", allowance=allowance, used=used
            )
            return Price(0, 0, "service", "free_allowance", reason)
        return None

    @api.model
    def _count_service_messages(self, channel, date, limit):
        """Return how many service messages the number has sent in the month of ``date`` (UTC), counted up to ``limit``."""
        self.env["whatsapp.cs.message"].flush_model(["channel_id", "category", "date", "state", "pricing_type"])
        query = SQL(
            """
            SELECT count(*) FROM (
                   SELECT 1 FROM whatsapp_cs_message WHERE channel_id = %s AND category = 'service' AND direction = 'out'
                      AND date >= date_trunc('month', %s) AND state != 'failed' LIMIT %s) AS enough
            """,
            channel.id,
            date,
            limit,
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _get_surcharge(self, contact, date=None):
        """Return the own surcharge of a message that goes long after the customer's last one, else 0."""
        date, hours = date or fields.Datetime.now(), self._get_limit("surcharge_hours")
        if not hours or not contact.last_message_date or date <= contact.last_message_date + timedelta(hours=hours):
            return 0
        return self._get_amount(contact.country_id.id, "surcharge", date.date(), contact.company_id.id) or 0

    @api.model
    def _format(self, price, currency):
        """Return a ``Price`` as the client shows it."""
        total = price.price + price.surcharge
        label = dict(self.env["whatsapp.cs.message"]._fields["category"]._description_selection(self.env))
        reason = price.reason
        if price.surcharge:
            reason = self.env._("%s It goes long after the customer's last message: our surcharge is added.", reason)
        amount = formatLang(self.env, total, digits=PRICE_DIGITS)
        return {
            "price": total,
            "text": f"{amount} {currency.name}" if total else self.env._("Free"),
            "category": label[price.category],
            "reason": reason,
        }

    # === CARD === #

    @api.model
    @tools.ormcache("country_id", "category", "date", "company_id")
    def _get_amount(self, country_id, category, date, company_id):
        """Return the price in the company's currency, or None: the newest line of the smallest market that holds it."""
        price = self._find(country_id, category, date)
        if not price:
            return None
        company = self.env["res.company"].browse(company_id)
        return price.currency_id._convert(price.price, company.currency_id, company, date, round=False)

    @api.model
    def _find(self, country_id, category, date):
        # sudo: whatsapp.cs.price - whoever sends a message may know its price
        prices_sudo = self.sudo().search(
            [
                ("category", "=", category),
                ("valid_from", "<=", date),
                "|",
                ("country_group_id", "=", False),
                ("country_group_id.country_ids", "in", [country_id or 0]),
            ]
        )
        return prices_sudo.sorted(
            lambda price: (
                not price.country_group_id,
                len(price.country_group_id.country_ids),
                -price.valid_from.toordinal(),
            )
        )[:1]
