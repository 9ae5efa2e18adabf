"""What exists: apps, accounts, numbers, tokens and customers; and what time it is."""

import base64
import re
import secrets
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .strict import UserId

GRANTS = ["whatsapp_business_management", "whatsapp_business_messaging"]

WaId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{6,14}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Token(Model):
    token: str
    scopes: list[str] = GRANTS
    expires_at: int = 0  # 0: never
    data_access_expires_at: int = 0
    waba_ids: list[str] = []  # empty: the account it is listed under


class Number(Model):
    """A sender. The fields that Meta's API can be asked for have Meta's names."""

    phone_number_id: Id
    display_phone_number: str
    verified_name: str
    status: str = "CONNECTED"
    quality_rating: Literal["GREEN", "YELLOW", "RED", "NA", "UNKNOWN"] = "GREEN"
    throughput: Literal["STANDARD", "HIGH", "NOT_APPLICABLE"] = "STANDARD"
    name_status: str = "APPROVED"
    new_name_status: str = "NONE"
    code_verification_status: str = "VERIFIED"
    platform_type: str = "CLOUD_API"
    account_mode: str = "LIVE"
    country_dial_code: str = ""
    last_onboarded_time: str = "2026-01-15T09:30:00+0000"
    is_on_biz_app: bool = False
    is_official_business_account: bool = False
    is_pin_enabled: bool = True
    identity_key_check: bool = False
    profile: dict[str, Any] = {}  # what customers see of the business
    allowed_recipients: list[WaId] | None = None  # a test number reaches these only
    callback_url: str | None = None  # the number's own override

    @property
    def digits(self):
        return re.sub(r"\D", "", self.display_phone_number)


class Template(Model):
    """A message template. The components are as Meta returns them."""

    id: Id
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
    language: str
    category: Literal["MARKETING", "UTILITY", "AUTHENTICATION"]
    components: list[dict]
    status: str = "APPROVED"
    parameter_format: Literal["POSITIONAL", "NAMED"] = "POSITIONAL"
    quality_score: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"] = "UNKNOWN"
    rejected_reason: str = "NONE"
    previous_category: str | None = None
    correct_category: str | None = None  # announced by Meta, from tomorrow on
    message_send_ttl_seconds: int | None = None
    last_updated_time: float = 0.0
    edits: list[float] = []  # when it was edited while approved


class Account(Model):
    """A WABA with the app that its tokens belong to."""

    waba_id: Id
    name: str
    app_id: Id
    app_secret: str
    app_name: str = "Simulated app"
    app_callback_url: str | None = None  # where this app's webhooks go without an override
    portfolio_id: str = "900000000000001"
    currency: str = "USD"
    timezone_id: str = "1"
    country: str = "US"
    messaging_limit: str = "TIER_2K"
    business_verification_status: str = "verified"
    account_review_status: str = "APPROVED"
    can_send_message: Literal["AVAILABLE", "LIMITED", "BLOCKED"] = "AVAILABLE"
    primary_funding_id: str | None = "800000000000001"
    subscribed: bool = False
    override_callback_uri: str | None = None
    tokens: list[Token] = []
    numbers: list[Number] = []
    templates: list[Template] = []
    deleted_templates: dict[str, float] = {}  # "name/language" or "name/*": when


class Customer(Model):
    """A person on WhatsApp. ``user_ids`` holds ids that differ per portfolio, as Meta's do."""

    id: Id
    name: str
    wa_id: WaId | None = None
    user_id: UserId | None = None
    user_ids: dict[str, UserId] = {}
    username: str | None = None
    hide_number: bool = False
    also_dialled: list[WaId] = []  # other spellings of the number that reach this person
    country: str = ""
    language: str = "en"
    auto_read: float | None = None
    read_receipts: bool = True
    blocked: bool = False  # has blocked the business: messages stay at "sent"
    identity_key_hash: str | None = None
    marketing_stopped: list[Id] = []  # numbers (phone_number_id) whose marketing messages are not wanted

    @property
    def visible_wa_id(self):
        return None if self.hide_number else self.wa_id

    def user_id_at(self, account):
        return self.user_ids.get(account.portfolio_id, self.user_id)


class WorldConfig(Model):
    """The content of a ``--config`` file."""

    accounts: list[Account] = Field(min_length=1)
    customers: list[Customer] = []


class Clock:
    """Wall time that tests can push forward."""

    offset = 0.0

    def now(self):
        return time.time() + self.offset


class WorldError(ValueError):
    """Something can't be added; the text says why."""


class World:
    """Look-ups over the configuration; also takes additions while running."""

    def __init__(self, config):
        self.accounts = {}
        self.numbers = {}  # phone_number_id: (account, number)
        self.tokens = {}  # token: (Token, app_id, app_name, waba ids)
        self.customers = {}
        self._by_wa_id = {}
        self._by_user_id = {}  # (portfolio id or "", user id)
        self.serial = 0  # of the newest made-up customer
        for account in config.accounts:
            self.add_account(account)
        for customer in config.customers:
            self.add_customer(customer)

    def add_account(self, account):
        if account.waba_id in self.accounts:
            raise WorldError(f"Account {account.waba_id} exists already.")
        for other in self.accounts.values():
            if other.app_id == account.app_id and other.app_secret != account.app_secret:
                raise WorldError(f"App {account.app_id} has another secret in account {other.waba_id}.")
        for token in account.tokens:
            known = self.tokens.get(token.token)
            if known and known[1] != account.app_id:
                raise WorldError("A token belongs to one app only.")
        taken = {template.id for other in self.accounts.values() for template in other.templates}
        if taken & {template.id for template in account.templates}:
            raise WorldError("Template ids must be unique.")
        self.accounts[account.waba_id] = account
        numbers, account.numbers = account.numbers, []
        for number in numbers:
            self.add_number(account, number)
        for token in account.tokens:
            wabas = set(token.waba_ids or [account.waba_id])
            if token.token in self.tokens:
                wabas |= self.tokens[token.token][3]
            self.tokens[token.token] = (token, account.app_id, account.app_name, wabas)

    def add_number(self, account, number):
        if number.phone_number_id in self.numbers or number.phone_number_id in self.accounts:
            raise WorldError(f"Id {number.phone_number_id} exists already.")
        account.numbers.append(number)
        self.numbers[number.phone_number_id] = (account, number)

    def add_customer(self, customer):
        if customer.id in self.customers:
            raise WorldError(f"Customer {customer.id} exists already.")
        self._index(customer)
        self.customers[customer.id] = customer

    def update_customer(self, customer, values):
        """Replace a customer by a changed copy; people change number, name and visibility."""
        changed = Customer.model_validate({**customer.model_dump(), **values, "id": customer.id})
        self._unindex(customer)
        try:
            self._index(changed)
        except WorldError:
            self._index(customer)
            raise
        self.customers[customer.id] = changed
        return changed

    def new_customer(self, values):
        """Build and add a customer; id, user id and (unless hidden) number are made up where absent."""
        values = dict(values)
        self.serial += 1
        while values.get("id", f"customer-{self.serial}") in self.customers and "id" not in values:
            self.serial += 1
        serial = self.serial
        values.setdefault("id", f"customer-{serial}")
        if not values.get("wa_id") and not values.get("user_id") and not values.get("hide_number"):
            values["wa_id"] = f"1555{7_000_000 + serial}"
        country = values.setdefault("country", country_of(values.get("wa_id")))
        if not values.get("user_id"):
            values["user_id"] = new_user_id(country)
        customer = Customer.model_validate(values)
        self.add_customer(customer)
        return customer

    def _keys(self, customer):
        wa_ids = [wa_id for wa_id in [customer.wa_id, *customer.also_dialled] if wa_id]
        user_ids = list(customer.user_ids.items())
        if customer.user_id:
            user_ids.append(("", customer.user_id))
        return wa_ids, user_ids

    def _index(self, customer):
        wa_ids, user_ids = self._keys(customer)
        if not wa_ids and not user_ids:
            raise WorldError("A customer needs a wa_id or a user_id.")
        for wa_id in wa_ids:
            if wa_id in self._by_wa_id:
                raise WorldError(f"The number {wa_id} belongs to another customer.")
        for key in user_ids:
            if key in self._by_user_id:
                raise WorldError(f"The user id {key[1]} belongs to another customer.")
        self._by_wa_id.update(dict.fromkeys(wa_ids, customer.id))
        self._by_user_id.update(dict.fromkeys(user_ids, customer.id))

    def _unindex(self, customer):
        wa_ids, user_ids = self._keys(customer)
        for wa_id in wa_ids:
            del self._by_wa_id[wa_id]
        for key in user_ids:
            del self._by_user_id[key]

    def customer_by_phone(self, digits):
        return self.customers.get(self._by_wa_id.get(digits))

    def customer_by_user_id(self, account, user_id):
        """Find by the id that is valid at the account's portfolio; another portfolio's id finds nobody."""
        found = self._by_user_id.get((account.portfolio_id, user_id)) or self._by_user_id.get(("", user_id))
        customer = self.customers.get(found)
        return customer if customer and customer.user_id_at(account) == user_id else None

    def apps(self):
        return {account.app_id: account for account in self.accounts.values()}

    def as_dict(self):
        return {
            "accounts": [account.model_dump() for account in self.accounts.values()],
            "customers": [customer.model_dump() for customer in self.customers.values()],
        }


_DIAL_CODES = {
    "91": "IN", "55": "BR", "52": "MX", "34": "ES", "20": "EG", "62": "ID", "49": "DE", "44": "GB", "1": "US",
}  # fmt: skip


def country_of(wa_id):
    """Guess a country for a made-up customer; only decoration."""
    for code, country in _DIAL_CODES.items():
        if wa_id and wa_id.startswith(code):
            return country
    return ""


def new_user_id(country):
    return f"{country or 'US'}.{10**15 + secrets.randbelow(10**15)}"


def new_wamid():
    """A message id as Meta's: opaque, unique, with characters that need escaping in URLs."""
    return "wamid.HBg" + base64.b64encode(secrets.token_bytes(27)).decode() + "=="
