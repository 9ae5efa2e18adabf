from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

CONSENTS = [("unknown", "Unknown"), ("in", "Opted In"), ("out", "Opted Out")]
SOURCES = [
    ("message", "Message of the Customer"),
    ("meta", "Setting in WhatsApp"),
    ("refusal", "Refusal by WhatsApp"),
    ("blacklist", "Phone Blacklist"),
    ("phone", "Said by Phone"),
    ("writing", "Given in Writing"),
    ("import", "Import"),
]
BY_HAND = ("phone", "writing", "import")


class WhatsappCsConsent(models.Model):
    """The history of what a contact has agreed to, each entry with its source and proof. Only ever added to (MS8)."""

    _name = "whatsapp.cs.consent"
    _description = "WhatsApp Consent"
    _order = "date desc, id desc"
    _rec_name = "contact_id"

    contact_id = fields.Many2one("whatsapp.cs.contact", required=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="contact_id.channel_id", store=True)
    company_id = fields.Many2one(related="contact_id.company_id", store=True)
    partner_id = fields.Many2one(related="contact_id.partner_id")
    consent = fields.Selection(
        CONSENTS, required=True, help="“Unknown” lifts an opt-out: nothing is refused, nothing agreed to."
    )
    source = fields.Selection(SOURCES, required=True)
    date = fields.Datetime("Since", required=True, default=fields.Datetime.now)
    proof = fields.Text(help="What shows it: the words, where the signed form lies, who said it when.")
    message_id = fields.Many2one("whatsapp.cs.message", readonly=True, ondelete="set null")
    user_id = fields.Many2one("res.users", "Noted By", readonly=True)

    @api.constrains("consent", "source", "proof")
    def _check_proof(self):
        for consent in self:
            if consent.source in BY_HAND and not (consent.proof or "").strip():
                raise ValidationError(
                    self.env._("Enter the proof: what the customer said or signed, and where that can be found.")
                )

    @api.constrains("date")
    def _check_date(self):
        for consent in self:
            if consent.date > fields.Datetime.now():
                raise ValidationError(self.env._("A consent can't be given in the future: correct the date."))

    @api.model_create_multi
    def create(self, vals_list):
        """Add to the history; the contact's state follows the newest entry."""
        if not self.env.su:
            vals_list = [self._prepare_values_by_hand(vals) for vals in vals_list]
        consents = super().create(vals_list)
        consents._apply()
        return consents

    def _prepare_values_by_hand(self, vals):
        """Return the values of an entry that a person makes: only what people can know, under the own name."""
        if vals.get("source") not in BY_HAND:
            raise AccessError(
                self.env._("Only what was said by phone, given in writing or imported can be noted by hand.")
            )
        if vals.get("consent") == "unknown":
            raise UserError(self.env._("Note that the customer has opted in, or out."))
        return {**vals, "user_id": self.env.uid, "message_id": False}

    def _apply(self):
        """Give the contacts the state of their newest entry; one that is older than the state changes nothing."""
        # sudo: whatsapp.cs.contact - nobody may write the state itself; whoever may note a consent changes it so
        for consent in self.sudo().sorted(lambda consent: (consent.date, consent.id)):
            contact = consent.contact_id
            if not contact.consent_date or consent.date >= contact.consent_date:
                contact.write(
                    {"consent": consent.consent, "consent_date": consent.date, "consent_source": consent.source}
                )
        self.sudo().filtered(lambda consent: consent.source != "blacklist").contact_id._sync_blacklist()
        # sudo: whatsapp.cs.campaign.recipient - a figure that follows from it
        opted_out = self.sudo().filtered(lambda consent: consent.consent == "out")
        self.env["whatsapp.cs.campaign.recipient"].sudo()._note_opt_outs(opted_out.contact_id)
        # sudo: whatsapp.cs.follow.up.job - whoever notes an opt-out stops what waits
        self.env["whatsapp.cs.follow.up.job"].sudo()._on_opted_out(opted_out.contact_id)
