# pylint: disable=consider-merging-classes-inherited
"""Asking for a rating once the 24-hour window is closed: by an approved template, where the number names one (KP2)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Stars by the number of quick replies; the first button is the best.
STARS = {2: (5, 1), 3: (5, 3, 1), 4: (5, 4, 2, 1), 5: (5, 4, 3, 2, 1)}


class WhatsappCsChannel(models.Model):
    _inherit = "whatsapp.cs.channel"

    rating_template_id = fields.Many2one(
        "whatsapp.cs.template",
        "When the Window Is Closed",
        domain="[('account_id', '=', account_id), ('state', '=', 'approved'), ('category', '=', 'utility'),"
        " ('button_ids.kind', '=', 'quick_reply')]",
        ondelete="restrict",
        help="Asked by this template, at the price of a template: two to five quick replies, the best one first. Customers of "
        "another language get the one of the same name in theirs. Empty: nobody is asked once the window is closed.",
    )
    rating_template_refusal = fields.Char(related="rating_template_id.refusal")

    @api.constrains("rating_template_id", "account_id")
    def _check_rating_template(self):
        for channel in self.filtered("rating_template_id"):
            template = channel.rating_template_id
            if template.account_id != channel.account_id:
                raise ValidationError(
                    self.env._("The template belongs to another account than the number: choose one of its own.")
                )
            if template.category != "utility" or not template._get_rating_buttons():
                raise ValidationError(
                    self.env._(
                        "“%s” can't ask for a rating: choose a utility template with two to five quick replies.",
                        template.display_name,
                    )
                )


class WhatsappCsTemplate(models.Model):
    _inherit = "whatsapp.cs.template"

    def _get_rating_buttons(self):
        """Return ``{place of the button: stars}``; empty when there are too few or too many quick replies."""
        buttons = self.button_ids.sorted("sequence")
        places = [place for place, button in enumerate(buttons) if button.kind == "quick_reply"]
        return dict(zip(places, STARS.get(len(places), ()), strict=False))

    def _get_for_rating(self, lang):
        """Return the template of this name that fits a language best and can be sent, this one before others; or none."""
        self.ensure_one()
        language = lang.split("_")[0]
        named = self.search([("account_id", "=", self.account_id.id), ("name", "=", self.name)])
        usable = named.filtered(lambda t: t.category == "utility" and not t.refusal and t._get_rating_buttons())
        return usable.sorted(
            lambda t: (t.language != lang, (t.language or "").split("_")[0] != language, t != self)
        ).filtered(lambda t: t == self or (t.language or "").split("_")[0] == language)[:1]


class WhatsappCsRating(models.Model):
    _inherit = "whatsapp.cs.rating"

    skip_reason = fields.Selection(selection_add=[("template", "The template can't be sent now")])

    def _get_obstacle(self):
        reason = super()._get_obstacle()
        if reason != "window" or self.state != "due" or not self.channel_id.rating_template_id:
            return reason  # nobody is reminded by a template: asking twice for money is in the way
        template = self._get_template()
        if not template:
            return "template"
        # What comes second in 24 hours has to offer a person (AR6), and a template has its own buttons.
        is_second = self.conversation_id._count_automatic() > 0
        verdict = self.env["whatsapp.cs.send.policy"]._check(self.contact_id, "template", template.category)
        return "policy" if is_second or verdict else None

    def _get_template(self):
        lang = self.conversation_id._get_customer_lang()
        return self.channel_id.rating_template_id._get_for_rating(lang)

    def _send_first_question(self):
        return super()._send_first_question() if self.conversation_id.is_window_open else self._send_template()

    def _send_template(self):
        """Ask by the template; its buttons come back with the rating's choices, as those of the question do."""
        template = self._get_template()
        draft = template._prepare_draft(self.contact_id)
        template._check_policy(draft.contact, draft.text)
        replies = [
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": str(place),
                "parameters": [{"type": "payload", "payload": self._get_choice_id(stars)}],
            }
            for place, stars in template._get_rating_buttons().items()
        ]
        content = {**draft.content, "components": [*draft.content.get("components", ()), *replies]}
        message = template._send_drafts([draft._replace(content=content)])
        self.conversation_id._note_automation("rating", outcome="sent", message_id=message.id, counts=True)
        return message
