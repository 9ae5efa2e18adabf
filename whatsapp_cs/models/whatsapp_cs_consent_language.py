from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..tools import text_match


class WhatsappCsConsentLanguage(models.Model):
    """The words of one language by which customers opt out and in, and what they are answered (MS8)."""

    _name = "whatsapp.cs.consent.language"
    _inherit = ["whatsapp.cs.cached"]
    _description = "WhatsApp Opt-Out Words"
    _order = "sequence, id"
    _rec_name = "lang_id"

    sequence = fields.Integer(default=10, help="Of several languages that have a word, the first one answers.")
    lang_id = fields.Many2one("res.lang", "Language", required=True, context={"active_test": False}, ondelete="cascade")
    out_words = fields.Text(
        "Opt-Out Words",
        required=True,
        help="One a line. A message that says nothing else opts out; case, accents and punctuation don't matter.",
    )
    out_reply = fields.Text("Confirmation of Opting Out", required=True, help="Sent once, when somebody opts out.")
    in_words = fields.Text("Opt-In Words", required=True, help="One a line.")
    in_reply = fields.Text("Confirmation of Opting In", required=True, help="Sent once, when somebody opts in.")

    _lang_uniq = models.UniqueIndex("(lang_id)", "This language has its words already.")

    @api.constrains("out_words", "in_words")
    def _check_words(self):
        """Refuse a word that would mean both."""
        records = self.search([("lang_id", "!=", False)])
        opposite = {word for record in records for word in record._get_word_list("out")} & {
            word for record in records for word in record._get_word_list("in")
        }
        if opposite:
            raise ValidationError(
                self.env._("“%s” can't opt out and in: remove it from one of the lists.", min(opposite))
            )

    # === MATCHING === #

    @api.model
    def _match(self, text):
        """Return ``(consent, languages)`` when ``text`` is one of the words and nothing else, else ``(None, none)``."""
        consent, language_ids = self._get_words().get(text_match.normalize(text), (None, ()))
        return consent, self.browse(language_ids)

    @api.model
    @tools.ormcache()
    def _get_words(self):
        """Return ``{normalized word: (consent, ids of the languages that have it)}``."""
        words = {}
        for record in self.search([("lang_id", "!=", False)]):
            for consent in ("out", "in"):
                for word in record._get_word_list(consent):
                    words[word] = (consent, (*words.get(word, ("", ()))[1], record.id))
        return words

    def _get_word_list(self, consent):
        lines = map(text_match.normalize, (self[f"{consent}_words"] or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def _select(self, lang_code):
        """Return the record of the language ``lang_code`` if it is among these, else the first."""
        return next((record for record in self if record.lang_id.code == lang_code), self[:1])
