import re
from typing import NamedTuple

from babel.dates import format_date, format_time, format_timedelta

from odoo import fields, models
from odoo.tools.misc import babel_locale_parse

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}")  # {{name}}, or {{name|what stands there if it is empty}}
_GAP = re.compile(r"[ \t]*\0")  # where a value is empty, the blank before it goes, too


class Variable(NamedTuple):
    """A place in an automatic text: what people call it, an example, and the function of a conversation that fills it."""

    label: str
    example: str
    get: object


class WhatsappCsConversation(models.Model):
    """What the texts of automation say of the customer: ``{{first_name|there}}`` and the like (AR3)."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _get_auto_reply_variables(self):
        """Return ``{name: Variable}``; addons that know orders, deliveries or stores extend it, or fill one of these.

        A function that returns nothing leaves the place to the text's own words for that: ``{{order_state|on its way}}``.
        """
        nothing = lambda _conversation: ""  # noqa: E731 - known to bridge addons only
        return {
            "first_name": Variable(self.env._("First name"), self.env._("Maria"), type(self)._get_first_name),
            "name": Variable(self.env._("Full name"), self.env._("Maria Lopez"), type(self)._get_full_name),
            "company": Variable(self.env._("Our company"), self.env.company.name, lambda c: c.company_id.name),
            "phone": Variable(self.env._("Our number"), "+1 555 0100", lambda c: c.channel_id.display_phone_number),
            "last_purchase": Variable(
                self.env._("Time since the last purchase"), self.env._("3 days ago"), type(self)._get_last_purchase
            ),
            "next_opening": Variable(self.env._("When somebody is there again"), "8:00", type(self)._get_next_opening),
            "nearest_store": Variable(self.env._("Nearest store"), self.env._("Main Street 1"), nothing),
            "order_state": Variable(self.env._("State of the last order"), self.env._("confirmed"), nothing),
            "delivery_state": Variable(self.env._("State of the last delivery"), self.env._("on its way"), nothing),
        }

    def _render_variables(self, text):
        """Return ``text`` with its variables filled in, in the customer's language; what has no value leaves no gap."""
        self.ensure_one()
        if "{{" not in (text or ""):
            return text or ""
        conversation = self.with_context(lang=self._get_customer_lang(), tz=self.channel_id.tz)
        variables = conversation._get_auto_reply_variables()

        def fill(match):
            variable = variables.get(match[1])
            return (variable and variable.get(conversation)) or (match[2] or "").strip() or "\0"

        return _GAP.sub("", _VARIABLE.sub(fill, text.replace("\0", ""))).strip()

    def _find_unknown_variables(self, text):
        """Return the names in ``text`` that stand for nothing."""
        known = self._get_auto_reply_variables()
        return [match[1] for match in _VARIABLE.finditer(text or "") if match[1] not in known]

    def _get_customer_lang(self):
        """Return the code of the language in which the customer is written to."""
        return (
            self.partner_id.lang
            or self.channel_id.lang
            or self.company_id.partner_id.lang
            or self.env.user.lang
            or "en_US"
        )

    def _get_full_name(self):
        """Return the customer's name; a mere number is none."""
        name = (self.partner_id.name or self.contact_id.profile_name or "").strip()
        return name if any(map(str.isalpha, name)) else ""

    def _get_first_name(self):
        """Return what a person is called; a company has no first name."""
        return "" if self.partner_id.is_company else next(iter(self._get_full_name().split()), "")

    def _get_last_purchase(self):
        """Return how long ago the customer bought something, as people say it: the last deal won."""
        # sudo: crm.lead - the customer is told something of the own purchase
        domain = [("partner_id", "=", self.partner_id.id), ("won_status", "=", "won"), ("date_closed", "!=", False)]
        lead = self.partner_id and self.env["crm.lead"].sudo().search(domain, order="date_closed desc", limit=1)
        return self._format_ago(lead.date_closed) if lead else ""

    def _format_ago(self, date):
        """Return how long ago ``date`` was, in spoken form and the language of the context: “3 days ago”."""
        delta = date - fields.Datetime.now()
        return format_timedelta(delta, add_direction=True, locale=babel_locale_parse(self.env.context.get("lang")))

    def _get_next_opening(self):
        """Return the hour, and the day unless it is today or tomorrow, at which somebody is there again."""
        channel, now = self.channel_id, fields.Datetime.now()
        opening = channel._get_next_opening(now)
        if not opening:
            return ""
        local = channel._get_local_time(opening)
        is_soon = (local.date() - channel._get_local_time(now).date()).days < 2
        locale = babel_locale_parse(self.env.context.get("lang"))
        time = format_time(local.time(), "short", locale=locale)
        return time if is_soon else f"{format_date(local.date(), 'EEEE', locale=locale)} {time}"
