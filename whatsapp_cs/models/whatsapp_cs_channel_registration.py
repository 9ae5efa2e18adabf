import base64

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import LazyTranslate, email_normalize

from ..tools import phone, proof

_lt = LazyTranslate(__name__)

# How long each stage usually takes.
_DURATIONS = {
    "preparation": _lt("Usually 10 to 30 minutes."),
    "submitted": _lt("The review usually takes 2 hours to 3 days; 3 to 5 working days when data is missing."),
    "review": _lt("Usually 2 hours to 3 days; 3 to 5 working days when data is missing."),
    "rejected": _lt("Correct what the reason says and submit again: usually 3 to 5 working days."),
}
INDUSTRIES = [  # Meta's names of a business profile's vertical
    ("AUTO", "Cars and Vehicles"),
    ("BEAUTY", "Beauty and Care"),
    ("APPAREL", "Clothing"),
    ("EDU", "Education"),
    ("ENTERTAIN", "Entertainment"),
    ("EVENT_PLAN", "Events"),
    ("FINANCE", "Finance"),
    ("GROCERY", "Groceries"),
    ("GOVT", "Public Service"),
    ("HEALTH", "Health"),
    ("HOTEL", "Hotels"),
    ("NONPROFIT", "Non-Profit"),
    ("PROF_SERVICES", "Professional Services"),
    ("RESTAURANT", "Restaurants"),
    ("RETAIL", "Shops"),
    ("TRAVEL", "Travel and Transport"),
    ("OTHER", "Other"),
]
_DATA = {"business_name", "industry", "phone", "email", "proof", "proof_name"}


class WhatsappCsChannelRegistration(models.Model):
    """The way of a business that has no WhatsApp account yet, from its papers to its live number (CH2)."""

    _name = "whatsapp.cs.channel.registration"
    _description = "WhatsApp Registration"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state_date desc, id desc"
    _rec_name = "business_name"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    business_name = fields.Char(required=True, tracking=True, help="As in the licence, and later shown to customers.")
    industry = fields.Selection(INDUSTRIES)
    phone = fields.Char(tracking=True, help="The number that is to write on WhatsApp, with its country code.")
    email = fields.Char("E-Mail", tracking=True)
    proof = fields.Binary("Licence", attachment=True, help="A scan, JPG or PDF, at most 5 MB.")
    proof_name = fields.Char()
    # state: the states it may be entered from
    _STATE_SOURCES = {
        "preparation": ("rejected",),
        "submitted": ("preparation",),
        "review": ("submitted",),
        "live": ("review",),
        "rejected": ("submitted", "review"),
    }
    state = fields.Selection(
        [
            ("preparation", "Preparation"),
            ("submitted", "Submitted"),
            ("review", "In Review"),
            ("live", "Live"),
            ("rejected", "Rejected"),
        ],
        default="preparation",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        group_expand=True,
    )
    state_date = fields.Datetime("In This Stage Since", readonly=True, copy=False, default=fields.Datetime.now)
    preparation_date = fields.Datetime("Prepared Since", readonly=True, copy=False, default=fields.Datetime.now)
    submitted_date = fields.Datetime("Submitted On", readonly=True, copy=False)
    review_date = fields.Datetime("In Review Since", readonly=True, copy=False)
    live_date = fields.Datetime("Live Since", readonly=True, copy=False)
    rejected_date = fields.Datetime("Rejected On", readonly=True, copy=False)
    rejection_reason = fields.Text(copy=False, tracking=True, help="What WhatsApp gave as its reason.")
    usual_duration = fields.Char(compute="_compute_usual_duration")
    missing = fields.Text("Still Missing", compute="_compute_missing")
    channel_id = fields.Many2one(
        "whatsapp.cs.channel", "Number", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    _channel_id_uniq = models.UniqueIndex("(channel_id) WHERE channel_id IS NOT NULL")

    @api.depends("state")
    @api.depends_context("lang")
    def _compute_usual_duration(self):
        for registration in self:
            text = _DURATIONS.get(registration.state)
            registration.usual_duration = self.env._(text) if text else False

    @api.depends("business_name", "industry", "phone", "email", "proof")
    @api.depends_context("lang")
    def _compute_missing(self):
        for registration in self:
            registration.missing = "\n".join(registration._get_missing())

    @api.constrains("proof")
    def _check_proof(self):
        for registration in self.filtered("proof"):
            content = base64.b64decode(registration.with_context(bin_size=False).proof)
            if len(content) > proof.SIZE_LIMIT:
                raise ValidationError(
                    self.env._(
                        "The licence has %(size)s MB; at most %(limit)s MB are taken. Scan it with fewer dots per inch.",
                        size=round(len(content) / 1024 / 1024, 1),
                        limit=proof.SIZE_LIMIT // 1024 // 1024,
                    )
                )
            if not proof.get_kind(content):
                raise ValidationError(
                    self.env._(
                        "The licence is neither a JPG picture nor a PDF, whatever its name says, or it is damaged. Scan "
                        "it again and save it as one of these."
                    )
                )

    @api.constrains("phone")
    def _check_phone_is_free(self):
        for registration in self.filtered("phone"):
            registration._refuse_bound_number()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_under_way(self):
        if self.filtered(lambda registration: registration.state in ("submitted", "review", "live")):
            raise UserError(
                self.env._("What was submitted to WhatsApp is kept. Only drafts and rejected ones can be deleted.")
            )

    def write(self, vals):
        """Keep what was submitted as it was."""
        if _DATA & set(vals) and self.filtered(lambda registration: registration.state != "preparation"):
            raise UserError(
                self.env._("The data was submitted to WhatsApp as it is. To correct it, wait for the answer.")
            )
        return super().write(vals)

    # === BUTTONS === #

    def action_submit(self):
        for registration in self:
            missing = registration._get_missing()
            if missing:
                raise UserError(
                    self.env._("Before you can submit, complete this:\n%s", "\n".join(f"• {line}" for line in missing))
                )
            registration._refuse_bound_number()
        self._update_state("submitted")

    def action_start_review(self):
        self._update_state("review")

    def action_go_live(self):
        """Link the number that was fetched from WhatsApp meanwhile."""
        for registration in self:
            channel = registration._find_channel()
            if not channel:
                raise UserError(
                    self.env._(
                        "The number %s is not here yet. Enter the new account under Configuration › Accounts and connect "
                        "it: its numbers are fetched. Then press this again.",
                        registration.phone,
                    )
                )
            registration._update_state("live", channel_id=channel.id, rejection_reason=False)

    def action_reject(self):
        for registration in self:
            if not (registration.rejection_reason or "").strip():
                raise UserError(self.env._("Write down the reason that WhatsApp gave, then reject."))
        self._update_state("rejected")

    def action_prepare_again(self):
        self._update_state("preparation")

    def action_view_channel(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.channel",
            "res_id": self.channel_id.id,
            "view_mode": "form",
        }

    # === CHECKS === #

    def _get_missing(self):
        """Return one sentence for each thing that is missing or not valid."""
        digits = phone.to_digits(self.phone)
        missing = []
        if not (self.business_name or "").strip():
            missing.append(self.env._("Basic data: the name of the business."))
        if not self.industry:
            missing.append(self.env._("Basic data: the industry."))
        if not digits:
            missing.append(self.env._("Contact data: the phone number."))
        elif not (self.phone.strip().startswith("+") and 7 <= len(digits) <= 15):  # E.164
            missing.append(self.env._("Contact data: the phone number with its country code, such as +91 98000 20001."))
        if not self.email:
            missing.append(self.env._("Contact data: the e-mail address."))
        elif not email_normalize(self.email):
            missing.append(self.env._("Contact data: a valid e-mail address; “%s” is none.", self.email))
        if not self.proof:
            missing.append(self.env._("Proof: a scan of the licence, JPG or PDF, at most 5 MB."))
        return missing

    def _refuse_bound_number(self):
        # sudo: whatsapp.cs.channel - a number has one owner in the world, whatever company looks
        channels = self.env["whatsapp.cs.channel"].sudo()
        bound = self._filter_same_number(channels.search([("id", "!=", self.channel_id.id)]), "display_phone_number")
        if bound:
            is_ours = bound[0].company_id in self.env.user.company_ids
            raise ValidationError(
                self.env._(
                    "The number %(number)s is bound to another channel already%(channel)s. Register another number, or "
                    "use Replace Number there.",
                    number=self.phone,
                    channel=f" ({bound[0].name})" if is_ours else "",
                )
            )
        # sudo: whatsapp.cs.channel.registration - the same; nothing of it is shown
        others = self.sudo().search([("id", "!=", self.id), ("state", "not in", ("live", "rejected"))])
        if self._filter_same_number(others, "phone"):
            raise ValidationError(self.env._("The number %s is being registered already. Go on there.", self.phone))

    def _find_channel(self):
        channels = self.env["whatsapp.cs.channel"].search([("company_id", "=", self.company_id.id)])
        return self._filter_same_number(channels, "display_phone_number")[:1]

    def _filter_same_number(self, records, field):
        variants = phone.get_variants(self.phone)
        return records.filtered(lambda record: record[field] and "+" + phone.to_digits(record[field]) in variants)

    # === STATE MACHINE === #

    def _update_state(self, state, **values):
        """Enter ``state`` and stamp it; the only method that writes it."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for registration in self:
            if registration.state not in self._STATE_SOURCES[state]:
                raise UserError(
                    self.env._(
                        "“%(name)s” can't go from “%(old)s” to “%(new)s”.",
                        name=registration.business_name,
                        old=labels[registration.state],
                        new=labels[state],
                    )
                )
        now = fields.Datetime.now()
        self.write({**values, "state": state, "state_date": now, f"{state}_date": now})
