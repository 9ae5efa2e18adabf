from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import phone
from .whatsapp_cs_reminder import GROUP_ADMINISTRATOR

BADGE_MESSAGES = 200  # sent in a month, for the verification badge
APPROVED_NAMES = ("APPROVED", "AVAILABLE_WITHOUT_REVIEW")


class WhatsappCsChannel(models.Model):
    """A number's way from a trial to its badge, and to its successor (CH3–CH5)."""

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        help="Of people who write here for the first time: they get mails and documents in it. Empty: that of the system.",
    )
    is_test = fields.Boolean(
        "Test Number",
        readonly=True,
        copy=False,
        tracking=True,
        help="For trying things out: who writes to it gets no lead.",
    )
    production_date = fields.Datetime("In Production Since", readonly=True, copy=False)
    replaced_by_id = fields.Many2one(
        "whatsapp.cs.channel", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    predecessor_ids = fields.One2many("whatsapp.cs.channel", "replaced_by_id", context={"active_test": False})
    registration_ids = fields.One2many("whatsapp.cs.channel.registration", "channel_id", groups=GROUP_ADMINISTRATOR)
    notice_count = fields.Integer("Notices", compute="_compute_notice_count", groups=GROUP_ADMINISTRATOR)
    production_steps = fields.Json("Before Production", compute="_compute_production_steps", groups=GROUP_ADMINISTRATOR)
    badge_steps = fields.Json("Verification Badge", compute="_compute_badge_steps", groups=GROUP_ADMINISTRATOR)

    @api.depends("account_id.state", "number_status", "name_status", "check_state", "account_id.token_expiry_date")
    @api.depends_context("lang")
    def _compute_production_steps(self):
        for channel in self:
            channel.production_steps = channel._get_production_steps()

    @api.depends("verified_name", "display_phone_number", "registration_ids.state")
    @api.depends_context("lang")
    def _compute_badge_steps(self):
        for channel in self:
            channel.badge_steps = channel._get_badge_steps()

    def _compute_notice_count(self):
        Notice = self.env["whatsapp.cs.notice"]
        counts = dict(Notice._read_group([("channel_id", "in", self.ids)], ["channel_id"], ["__count"]))
        for channel in self:
            channel.notice_count = counts.get(channel, 0)

    def write(self, vals):
        """Refuse another number: a number is what customers know, and its history belongs to it."""
        for channel in self:
            new_id = vals.get("phone_number_id", channel.phone_number_id)
            new_number = phone.to_digits(vals.get("display_phone_number", channel.display_phone_number))
            is_other = new_id != channel.phone_number_id or (
                channel.display_phone_number and new_number != phone.to_digits(channel.display_phone_number)
            )
            if is_other and channel.state != "draft":
                raise UserError(
                    self.env._(
                        "The number of “%s” can't be changed any more. Use Replace Number: the new number takes over, and "
                        "the history stays readable.",
                        channel.name,
                    )
                )
        return super().write(vals)

    def action_check_now(self):
        """Have the account's numbers checked at once, not in an hour."""
        self.check_access("write")
        self.account_id.check_date = False
        # sudo: ir.cron - an administrator may wake the job, and nothing else of it
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_channel_check").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("WhatsApp is asked now. Open the connection history in a moment."),
            },
        }

    # === TEST AND PRODUCTION === #

    def action_use_as_test(self):
        self.check_access("write")
        self.write({"is_test": True, "production_date": False})

    def action_go_to_production(self):
        """End the trial; refused with everything that is still to be done."""
        self.check_access("write")
        for channel in self:
            missing = [step for step in channel._get_production_steps() if step["state"] != "done"]
            if missing:
                raise UserError(
                    self.env._(
                        "Before “%(channel)s” goes to production, do this:\n%(steps)s",
                        channel=channel.name,
                        steps="\n".join(f"• {step['label']}: {step['detail']}" for step in missing),
                    )
                )
            channel.write({"is_test": False, "production_date": fields.Datetime.now()})

    def _activate(self):
        """Note since when a number works for real customers."""
        result = super()._activate()
        news = self.filtered(lambda channel: channel.state == "live" and not channel.is_test)
        news.filtered(lambda channel: not channel.production_date).production_date = fields.Datetime.now()
        return result

    def _opens_lead(self):
        """Tell whether somebody who writes to this number for the first time gets a lead."""
        return self.opens_lead and not self.is_test

    def _get_production_steps(self):
        """Return what a number needs before customers rely on it, each with ``state`` done or waiting."""
        self.ensure_one()
        expiry = self.account_id.token_expiry_date
        return [
            _step(
                "account",
                self.env._("The account is connected"),
                self.account_id.state == "connected",
                self.env._("Connect it."),
            ),
            _step(
                "number",
                self.env._("The number is registered at WhatsApp"),
                self.number_status == "CONNECTED",
                self.env._("Register it in Meta's WhatsApp Manager, then connect the account again."),
            ),
            _step(
                "name",
                self.env._("The display name is approved"),
                self.name_status in APPROVED_NAMES,
                self.env._("Wait for WhatsApp's review; check the connection to read it again."),
            ),
            _step(
                "token",
                self.env._("The access token lasts"),
                not expiry or expiry > fields.Datetime.now() + timedelta(days=7),
                self.env._("Enter a system user's token that does not end within a week."),
            ),
            _step(
                "check",
                self.env._("WhatsApp answers in time"),
                self.check_state in ("good", "slow"),
                self.env._("Wait for the hourly check, or see the connection history."),
            ),
        ]

    # === BADGE === #

    def _get_badge_steps(self):
        """Return what the verification badge needs, each with ``state`` done or waiting and what is missing."""
        self.ensure_one()
        registration = self.registration_ids
        sent = self._count_sent_this_month()
        unlike = self._get_unlike_data(registration)
        empty = self._get_empty_fields(registration)
        return [
            _step(
                "messages",
                self.env._("%s messages sent this month", BADGE_MESSAGES),
                sent >= BADGE_MESSAGES,
                self.env._(
                    "%(sent)s so far, %(missing)s are missing.", sent=sent, missing=max(0, BADGE_MESSAGES - sent)
                ),
                self.env._("Reached."),
            ),
            _step(
                "licence",
                self.env._("The licence says the same as the channel"),
                registration and not unlike,
                self.env._("Different: %s.", ", ".join(unlike))
                if registration
                else self.env._("No registration is linked to this number."),
            ),
            _step(
                "fields",
                self.env._("All required fields are filled"),
                not empty,
                self.env._("Missing: %s.", ", ".join(empty)),
            ),
        ]

    def _count_sent_this_month(self):
        start = fields.Datetime.now().replace(day=1, hour=0, minute=0, second=0)
        return self.env["whatsapp.cs.message"].search_count(
            [
                ("channel_id", "=", self.id),
                ("direction", "=", "out"),
                ("state", "in", ("sent", "delivered", "read")),
                ("date", ">=", start),
            ],
            limit=BADGE_MESSAGES,
        )

    def _get_unlike_data(self, registration):
        unlike = []
        if _normalize(registration.business_name) != _normalize(self.verified_name):
            unlike.append(self._fields["verified_name"]._description_string(self.env))
        if phone.to_digits(registration.phone) != phone.to_digits(self.display_phone_number):
            unlike.append(self._fields["display_phone_number"]._description_string(self.env))
        return unlike

    def _get_empty_fields(self, registration):
        names = ("business_name", "industry", "phone", "email", "proof")
        empty = [registration._fields[name]._description_string(self.env) for name in names if not registration[name]]
        if not self.verified_name:
            empty.append(self._fields["verified_name"]._description_string(self.env))
        return empty

    # === SUCCESSOR === #

    def _replace_by(self, successor):
        """Let ``successor`` take over settings and contacts; this number is archived with its history."""
        self.ensure_one()
        successor.write({name: self._fields[name].convert_to_write(self[name], self) for name in self._get_settings()})
        self.env["whatsapp.cs.contact"]._copy_to_channel(self, successor)
        self.write({"active": False, "replaced_by_id": successor.id})
        self.message_post(body=self.env._("Replaced by %s.", successor.display_name))
        successor.message_post(body=self.env._("Replaces %s.", self.display_name))

    @api.model
    def _get_settings(self):
        """Return the names of the fields that people set, and that a successor takes over."""
        return [
            name
            for name, field in self._fields.items()
            if field.store
            and not (field.readonly or field.compute or field.type in ("one2many", "many2many"))
            and name not in ("name", "active", "message_main_attachment_id")
            and not name.startswith("profile_")
        ]


def _step(code, label, is_done, missing, done=""):
    return {
        "code": code,
        "label": label,
        "state": "done" if is_done else "waiting",
        "detail": done if is_done else missing,
        "fix": "",
    }


def _normalize(text):
    return " ".join((text or "").casefold().split())
