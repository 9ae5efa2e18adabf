import hashlib
import json
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.tools import LazyTranslate

from ..tools.phone import to_digits
from ..tools.webhook_payload import get_seconds

_lt = LazyTranslate(__name__)

# Meta's figures of people you may write to first in 24 hours, as the API names them for a number.
_TIERS = {250: "TIER_250", 2000: "TIER_2K", 10000: "TIER_10K", 100000: "TIER_100K", -1: "TIER_UNLIMITED"}
_WORDS = {
    "ONBOARDING": _lt("The number was set up."),
    "THROUGHPUT_UPGRADE": _lt("The number may send faster now."),
    "UPGRADE": _lt("You may write to more people a day now."),
    "DOWNGRADE": _lt("You may write to fewer people a day now."),
    "FLAGGED": _lt("The quality of this number is low: too many people block or report it."),
    "UNFLAGGED": _lt("The quality of this number has recovered."),
    "ACCOUNT_RESTRICTION": _lt("WhatsApp has restricted this account."),
    "ACCOUNT_VIOLATION": _lt("WhatsApp says that this account breaks its rules."),
    "ACCOUNT_DELETED": _lt("This account was deleted at WhatsApp."),
    "DISABLE": _lt("WhatsApp has disabled this account."),
    "SCHEDULE_FOR_DISABLE": _lt("WhatsApp is going to disable this account."),
    "REINSTATE": _lt("WhatsApp has enabled this account again."),
    "ACCOUNT_OFFBOARDED": _lt("This account is no longer connected to the app."),
    "ACCOUNT_RECONNECTED": _lt("This account is connected to the app again."),
    "PARTNER_ADDED": _lt("A partner may manage this account now."),
    "PARTNER_REMOVED": _lt("A partner may no longer manage this account."),
    "PARTNER_APP_INSTALLED": _lt("A partner's app was connected to this account."),
    "PARTNER_APP_UNINSTALLED": _lt("A partner's app was disconnected from this account."),
    "PIN_CHANGED": _lt("The PIN of this number was changed."),
    "PIN_RESET_REQUEST": _lt("Somebody asked to reset the PIN of this number."),
    "PIN_REQUEST_SUCCESS": _lt("The PIN of this number was reset."),
    "PROFILE_PICTURE_LOST": _lt("The profile picture of this number is gone."),
    "OBA_APPROVED": _lt("The business is an official business account now."),
    "OBA_REJECTED": _lt("WhatsApp refused the official business account."),
}
_STOPPING = {"ACCOUNT_RESTRICTION", "ACCOUNT_DELETED", "DISABLE"}
_RESUMING = {"REINSTATE", "ACCOUNT_RECONNECTED"}
_DANGERS = _STOPPING | {"SCHEDULE_FOR_DISABLE", "ACCOUNT_VIOLATION", "ACCOUNT_OFFBOARDED"}
_WARNINGS = {"DOWNGRADE", "FLAGGED", "PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "REJECTED", "DECLINED"}


class WhatsappCsNotice(models.Model):
    """What WhatsApp says of an account or number by itself; each is kept as it came (CH8).

    What it means for sending is done at once. What it only hints at is read from the API, outside of the transaction.
    """

    _name = "whatsapp.cs.notice"
    _description = "WhatsApp Account Notice"
    _inherit = ["whatsapp.cs.reminder"]
    _order = "date desc, id desc"
    _rec_name = "title"
    _rec_names_search = ["event"]

    account_id = fields.Many2one("whatsapp.cs.account", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", readonly=True, index="btree_not_null")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    kind = fields.Selection(
        [  # Meta's names of the webhook fields
            ("phone_number_quality_update", "Quality and Tier"),
            ("phone_number_name_update", "Display Name"),
            ("account_update", "Account"),
            ("account_review_update", "Account Review"),
            ("account_alerts", "Alert"),
            ("business_capability_update", "Limits"),
            ("security", "Security"),
            ("business_username_updates", "User Name"),
            ("messages", "Error"),  # one that belongs to no message
        ],
        required=True,
        readonly=True,
    )
    event = fields.Char(readonly=True, help="WhatsApp's own word for what happened.")
    severity = fields.Selection(
        [("info", "For Information"), ("warning", "Warning"), ("danger", "Urgent")], required=True, readonly=True
    )
    date = fields.Datetime(required=True, readonly=True, index=True)
    value = fields.Json(readonly=True)
    value_pretty = fields.Text("As WhatsApp Sent It", compute="_compute_value_pretty")
    title = fields.Char(compute="_compute_words")
    advice = fields.Char("What to Do", compute="_compute_words")
    is_open = fields.Boolean("To Be Looked At", readonly=True)
    handled_date = fields.Datetime("Looked At On", readonly=True)
    handled_user_id = fields.Many2one("res.users", "Looked At By", readonly=True)
    key = fields.Char(readonly=True)

    _key_uniq = models.UniqueIndex("(account_id, key) WHERE key IS NOT NULL")
    _open_idx = models.Index("(account_id) WHERE is_open")

    @api.depends("value")
    def _compute_value_pretty(self):
        for notice in self:
            notice.value_pretty = json.dumps(notice.value, indent=2, ensure_ascii=False)

    @api.depends("kind", "event", "value")
    @api.depends_context("lang")
    def _compute_words(self):
        for notice in self:
            notice.title, notice.advice = notice._get_title(), notice._get_advice()

    # === WORDS === #

    def _get_title(self):
        """Return in one sentence what happened, in the user's language."""
        value = self.value or {}
        match self.kind:
            case "phone_number_name_update":
                name = _get_text(value, "requested_verified_name")
                match self.event:
                    case "APPROVED":
                        return self.env._("The display name “%s” was approved.", name)
                    case "REJECTED":
                        reason = _get_text(value, "rejection_reason")
                        return self.env._(
                            "The display name “%(name)s” was refused: %(reason)s", name=name, reason=reason
                        )
                return self.env._(
                    "The display name “%(name)s” is being reviewed (%(decision)s).", name=name, decision=self.event
                )
            case "account_review_update":
                return self.env._("WhatsApp has reviewed the account: %s", self.event)
            case "messages":
                error = value["errors"][0]
                return self.env._(
                    "WhatsApp reports an error (%(code)s): %(text)s",
                    code=self.event,
                    text=_get_text(error, "title") or _get_text(error, "message") or "–",
                )
            case "business_capability_update":
                return self.env._(
                    "You may write first to this many people a day: %s",
                    (self._get_tier() or str(_get_limit(value) or "–")).removeprefix("TIER_"),
                )
            case "business_username_updates":
                return self.env._(
                    "The user name “%(name)s” of this business: %(status)s",
                    name=_get_text(value, "username"),
                    status=self.event,
                )
        if self.event in _WORDS:
            return self.env._(_WORDS[self.event])
        return _get_text(value, "alert_info", "alert_description") or self.event or self.env._("Something has changed.")

    def _get_advice(self):
        """Return what to do about it; empty when there is nothing to do."""
        value = self.value or {}
        match self.kind, self.event:
            case "account_update", "ACCOUNT_RESTRICTION":
                restrictions = [
                    ", ".join(
                        filter(
                            None,
                            (_get_text(item, "restriction_type"), _get_until(item), _get_text(item, "remediation")),
                        )
                    )
                    for item in _get_list(value, "restriction_info")
                ]
                return self.env._(
                    "Nothing is sent until WhatsApp allows it again; messages wait. See Meta's Business Manager. %s",
                    "; ".join(restrictions),
                ).strip()
            case "account_update", "ACCOUNT_VIOLATION":
                return self.env._(
                    "Stop what WhatsApp complains about (%s) before it restricts the account.",
                    _get_text(value, "violation_info", "violation_type") or "–",
                )
            case "account_update", "DISABLE" | "ACCOUNT_DELETED":
                return self.env._("Nothing is sent; messages wait. Ask for a review in Meta's Business Manager.")
            case "account_update", "SCHEDULE_FOR_DISABLE":
                return self.env._("Ask for a review in Meta's Business Manager before it happens.")
            case "account_update", "ACCOUNT_OFFBOARDED" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED":
                return self.env._("If that was not meant, connect the account again.")
            case "phone_number_quality_update", "FLAGGED" | "DOWNGRADE":
                return self.env._("Write less to people who did not ask for it, above all promotions.")
            case "phone_number_name_update", "APPROVED":
                return self.env._("If customers don't see it, register the number again in Meta's WhatsApp Manager.")
            case "phone_number_name_update", "REJECTED":
                return self.env._("Ask for another name in Meta's WhatsApp Manager.")
            case "security", _:
                return self.env._(
                    "If none of you did that, somebody tries to take the number over: set a new PIN in Meta's WhatsApp "
                    "Manager and check who has access to the business."
                )
            case "messages", _:
                return _get_text(value["errors"][0], "error_data", "details")
            case "account_alerts", _:
                return self.env._("See the alert in Meta's Business Manager.")
        return ""

    # === RECEIVING === #

    @api.model
    def _receive(self, account, updates):
        """Keep what WhatsApp says and do what it means for sending; what is known already changes nothing."""
        told = [update for update in updates if update.field != "messages" or _get_list(update.value, "errors")]
        values = [self._prepare_values(account, update) for update in told]
        known = set(
            self.search(
                [("account_id", "=", account.id), ("key", "in", [v["key"] for v in values if v["key"]])]
            ).mapped("key")
        )
        for each in values:
            if each["key"] not in known:
                self.create(each)._on_created()
            known |= {each["key"]} - {False}

    @api.model
    def _prepare_values(self, account, update):
        kind, value = update.field, update.value
        event = self._get_event(kind, value)
        severity = self._get_severity(kind, event, value)
        return {
            "account_id": account.id,
            "channel_id": self._find_channel(account, value).id,
            "kind": kind,
            "event": event,
            "severity": severity,
            "is_open": severity != "info",
            "date": _to_datetime(update.time) or fields.Datetime.now(),
            "value": value,
            "key": self._get_key(update),
        }

    @api.model
    def _get_key(self, update):
        """Return what tells a notice from others; without a time the same one may well come again, and is not told."""
        if not update.time:
            return False
        content = json.dumps([update.field, update.time, update.value], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @api.model
    def _get_event(self, kind, value):
        match kind:
            case "phone_number_name_update" | "account_review_update":
                event = _get_text(value, "decision")
            case "account_alerts":
                event = _get_text(value, "alert_info", "alert_type")
            case "business_username_updates":
                event = _get_text(value, "status")
            case "messages":
                event = _get_text(value["errors"][0], "code")
            case _:
                event = _get_text(value, "event")
        if event == "DISABLED_UPDATE":
            return _get_text(value, "ban_info", "waba_ban_state") or "DISABLE"
        return event[:64]

    @api.model
    def _get_severity(self, kind, event, value):
        if kind == "security" or (kind == "account_update" and event in _DANGERS):
            return "danger"
        if kind == "account_alerts":
            severity = _get_text(value, "alert_info", "alert_severity")
            return "danger" if severity == "CRITICAL" else "warning"
        if kind == "messages":
            return "warning"
        return "warning" if event in _WARNINGS else "info"

    @api.model
    def _find_channel(self, account, value):
        """Return the account's number that the notice is about, or an empty record: it is about the account."""
        if _get_text(value, "entity_type") == "PHONE_NUMBER":
            return account._find_channel(_get_text(value, "entity_id"))
        if number_id := _get_text(value, "metadata", "phone_number_id"):
            return account._find_channel(number_id)
        digits = to_digits(_get_text(value, "display_phone_number"))
        channels = account.with_context(active_test=False).channel_ids.with_env(self.env)
        return channels.filtered(lambda channel: digits and to_digits(channel.display_phone_number) == digits)[:1]

    # === WHAT IT MEANS === #

    def _on_created(self):
        self.ensure_one()
        if self.is_open and not self._is_repeated():
            self._remind(lambda notice: (notice.title, notice.advice))
            self.env["whatsapp.cs.alert"]._check_soon()
        if self.kind == "account_update":
            self._apply_account_update()
        if tier := self._get_tier():
            self.account_id.channel_ids.messaging_limit = tier  # it belongs to the business, not to one number
        self.account_id._request_refresh()

    def _is_repeated(self):
        """Tell whether the same thing waits to be looked at already: each time it is kept, once it is told."""
        names = ("account_id", "channel_id", "kind", "event")
        domain = [(name, "=", self._fields[name].convert_to_write(self[name], self)) for name in names]
        return bool(self.search_count([*domain, ("is_open", "=", True), ("id", "!=", self.id)], limit=1))

    def _apply_account_update(self):
        account = self.account_id
        if self.event in _STOPPING and not self._is_harmless_restriction():
            account._set_blocked(f"{self.title} {self.advice}")
        elif self.event in _RESUMING:
            account._probe()

    def _is_harmless_restriction(self):
        """Tell whether only adding numbers is restricted, and no sending."""
        types = [_get_text(item, "restriction_type") for item in _get_list(self.value, "restriction_info")]
        return bool(types) and all("ADD_PHONE_NUMBER" in name for name in types)

    def _get_tier(self):
        if self.kind not in ("phone_number_quality_update", "business_capability_update"):
            return None
        limit = _get_limit(self.value)
        return limit if isinstance(limit, str) and limit.startswith("TIER_") else _TIERS.get(limit)

    # === HANDLING === #

    def action_handle(self):
        """Note that somebody has looked at it; its activities go away, for everybody. For those who may read notices."""
        self.check_access("read")
        # sudo: whatsapp.cs.notice - nobody may write one, so that it stays as it came; this changes its state only
        self.sudo()._handle(self.env.user)

    def _handle(self, user):
        notices = self.filtered("is_open")
        notices.write({"is_open": False, "handled_date": fields.Datetime.now(), "handled_user_id": user.id})
        notices._take_reminders_back()
        if notices:
            self.env["whatsapp.cs.alert"]._check_soon()


def _get(value, *path):
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _get_text(value, *path):
    found = _get(value, *path)
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def _get_list(value, key):
    found = _get(value, key)
    return found if isinstance(found, list) else []


def _get_limit(value):
    """Return Meta's limit of people a day: a tier's name in one webhook, a number in the other."""
    limit = _get(value, "max_daily_conversations_per_business")
    return limit if isinstance(limit, str | int) else None


def _to_datetime(seconds):
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else False


def _get_until(item):
    """Return until when a restriction holds, in words; Meta sends seconds or text."""
    expiration = _get(item, "expiration")
    seconds = get_seconds(expiration)
    return fields.Datetime.to_string(_to_datetime(seconds)) + " UTC" if seconds else _get_text(item, "expiration")
