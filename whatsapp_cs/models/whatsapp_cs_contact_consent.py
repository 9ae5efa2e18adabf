from odoo import api, fields, models

from ..tools import phone, text_format, webhook_payload
from .whatsapp_cs_consent import CONSENTS, SOURCES
from .whatsapp_cs_related import count_by

LONGEST_WORD = 60  # characters; what is longer is no word for opting out or in
WORD_TYPES = ("text", "button", "interactive")  # what customers type, or press under a message of ours


class WhatsappCsContact(models.Model):
    """What a contact has agreed to, and the ways in which we learn of it (MS8)."""

    _inherit = "whatsapp.cs.contact"  # pylint: disable=consider-merging-classes-inherited

    consent = fields.Selection(
        CONSENTS,
        default="unknown",
        required=True,
        readonly=True,
        index=True,
        help="Promotions go to contacts only who have opted in.",
    )
    consent_date = fields.Datetime("Consent Since", readonly=True)
    consent_source = fields.Selection(SOURCES, readonly=True)
    consent_ids = fields.One2many("whatsapp.cs.consent", "contact_id", "Consent History")
    consent_count = fields.Integer(compute="_compute_consent_count")

    @api.depends("consent_ids")
    def _compute_consent_count(self):
        counts = count_by(self, "whatsapp.cs.consent", "contact_id")
        for contact in self:
            contact.consent_count = counts.get(contact, 0)

    # === BUTTONS === #

    def action_view_consents(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("whatsapp_cs.whatsapp_cs_consent_action")
        action["domain"] = [("contact_id", "=", self.id)]
        action["context"] = {"default_contact_id": self.id}
        return action

    def action_note_opt_in(self):
        return self._get_note_action("in", self.env._("The customer has opted in"))

    def action_note_opt_out(self):
        return self._get_note_action("out", self.env._("The customer has opted out"))

    def _get_note_action(self, consent, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "whatsapp.cs.consent",
            "views": [(self.env.ref("whatsapp_cs.whatsapp_cs_consent_view_form").id, "form")],
            "target": "new",
            "context": {"default_contact_id": self.id, "default_consent": consent, "default_source": "phone"},
        }

    # === LEARNING OF IT === #

    def _note_consent(self, consent, source, **values):
        """Write down what the system has learned; return the contacts for whom it is news."""
        news = self.filtered(lambda contact: contact.consent != consent)
        self.env["whatsapp.cs.consent"].create(
            [{"contact_id": contact.id, "consent": consent, "source": source, **values} for contact in news]
        )
        return news.filtered(lambda contact: contact.consent == consent)

    @api.model
    def _apply_consent_words(self, messages):
        """Opt out, or in, whose whole message is one of the words for it, and confirm it to them once.

        :return: the messages that were such a word
        """
        words = messages.browse()
        for message in messages.filtered(lambda message: message.message_type in WORD_TYPES):
            if not message.body or len(message.body) > LONGEST_WORD:
                continue
            consent, languages = self.env["whatsapp.cs.consent.language"]._match(message.body)
            contact = message.contact_id
            if consent:
                words |= message
            if consent and contact._note_consent(
                consent, "message", message_id=message.id, proof=message.body, date=message.date
            ):
                contact._confirm_consent(message, languages._select(contact.partner_id.lang)[f"{consent}_reply"])
        return words

    def _confirm_consent(self, message, text):
        """Tell the customer, and everybody who looks at the chat, what the word has done."""
        mail_message = self.discuss_channel_id.message_post(
            body=text_format.whatsapp_to_html(text), message_type="auto_comment", subtype_xmlid="mail.mt_comment"
        )
        self.env["whatsapp.cs.message"]._queue(
            message.conversation_id, mail_message, text, user_id=False
        )._broadcast_state()

    @api.model
    def _receive_preferences(self, account, updates):
        """Take in what customers set in WhatsApp itself about marketing messages (webhook field user_preferences)."""
        channels = self.env["whatsapp.cs.message"]._find_channels(account, updates)
        for update in updates:
            for preference in webhook_payload.get_preferences(update):
                [contact] = self._find_or_create([(channels[update.phone_number_id], preference.identity)])
                contact._note_consent(
                    preference.consent,
                    "meta",
                    proof=preference.detail,
                    **({"date": min(preference.date, fields.Datetime.now())} if preference.date else {}),
                )

    # === PHONE BLACKLIST === #

    def _sync_blacklist(self):
        """Keep Odoo's phone blacklist in step: on it is whose number has opted out, and in at none of our numbers.

        Called in superuser mode. Numbers that Odoo takes for impossible are on no blacklist.
        """
        # The context keeps the blacklist from telling us what we have just told it; its methods take no parameter.
        Blacklist = self.env["phone.blacklist"].with_context(whatsapp_cs_consent=True)
        for wa_id in set(self.filtered("wa_id").mapped("wa_id")):
            number = self.env.user._phone_format(number=f"+{wa_id}")
            consents = set(self._find_by_number(wa_id).mapped("consent"))
            if not number:
                continue
            if "in" in consents:
                if Blacklist.search([("number", "=", number)]):
                    Blacklist._remove([number], message=self.env._("Opted in on WhatsApp."))
            elif "out" in consents:
                Blacklist._add([number], message=self.env._("Opted out on WhatsApp."))

    @api.model
    def _find_by_number(self, wa_id):
        """Return the contacts of all our numbers who have this one, in any form."""
        return self.search([("wa_id", "in", [number.removeprefix("+") for number in phone.get_variants(wa_id)])])

    @api.model
    def _on_blacklisted(self, number):
        self._find_by_number(number)._note_consent("out", "blacklist", user_id=self.env.uid)

    @api.model
    def _on_blacklist_lifted(self, number):
        """Who comes off the blacklist is refused nothing any more, and has agreed to nothing."""
        contacts = self._find_by_number(number)
        contacts.filtered(lambda contact: contact.consent == "out")._note_consent(
            "unknown", "blacklist", user_id=self.env.uid
        )
