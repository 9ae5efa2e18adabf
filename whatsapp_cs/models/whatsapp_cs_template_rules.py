import base64

from odoo import api, models
from odoo.tools import human_size
from odoo.tools.mimetypes import guess_mimetype

from ..tools import template_text
from ..tools.text_format import get_length

_MB = 1024 * 1024
# What WhatsApp takes in a header: file types, and the most bytes
_MEDIA = {
    "image": (("image/jpeg", "image/png"), 5 * _MB),
    "video": (("video/mp4", "video/3gpp"), 16 * _MB),
    "document": (("application/pdf",), 100 * _MB),
}
# How often each kind of button may stand below a message
_BUTTON_MAXIMA = {"url": template_text.URL_COUNT, "phone": 1, "copy_code": 1, "catalog": 1, "mpm": 1, "voice_call": 1}
WORDS_PER_VARIABLE = 2  # Meta names no figure; what has fewer fixed words than this was refused with 2388293


class WhatsappCsTemplate(models.Model):
    """Meta's rules for templates, checked before Meta is asked."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    @api.depends(
        "name", "language", "category", "header_type", "header_text", "header_media", "body", "footer",
        "button_ids.kind", "button_ids.text", "button_ids.url", "button_ids.phone", "button_ids.sequence",
        "card_ids.body", "card_ids.header_type", "card_ids.media", "card_ids.button_ids.kind", "card_ids.button_ids.text",
        "card_ids.button_ids.url", "variable_ids.sample", "extra_components", "offer_text", "button_ids.product_codes",
    )  # fmt: skip
    def _compute_problems(self):
        for template in self:
            template.problems = "\n".join(template._get_problems())

    def _get_problems(self):
        """Return what Meta would refuse, as sentences. Files are looked at by ``_get_file_problems``."""
        self.ensure_one()
        problems = self._check_naming()
        if self.category == "authentication":
            problems += self._check_authentication()
        else:
            problems += self._check_header() + self._check_body() + self._check_buttons(self.button_ids)
            if self.footer:
                problems += self._check_footer()
            problems += self._check_offer()
        problems += self._check_cards() + self._check_samples()
        if self.extra_components:
            problems.append(self.env._("It has parts that can be changed in WhatsApp Manager only."))
        return problems

    def _check_naming(self):
        problems = []
        if not template_text.NAME.match(self.name or "") or len(self.name) > template_text.NAME_LIMIT:
            problems.append(
                self.env._(
                    "The name can have small letters, digits and underscores only, at most %s.",
                    template_text.NAME_LIMIT,
                )
            )
        if self.language not in template_text.LANGUAGES:
            similar = [code for code in template_text.LANGUAGES if code[:2] == (self.language or "").lower()[:2]]
            problems.append(
                self.env._(
                    "WhatsApp does not know the language “%(language)s”. It has: %(known)s.",
                    language=self.language or "",
                    known=", ".join(similar or template_text.LANGUAGES),
                )
            )
        return problems

    def _check_size(self, label, text, limit):
        if not (text or "").strip():
            return [self.env._("%s is empty.", label)]
        if get_length(text) > limit:
            return [
                self.env._(
                    "%(label)s has %(length)s characters; WhatsApp takes at most %(limit)s.",
                    label=label,
                    length=get_length(text),
                    limit=limit,
                )
            ]
        return []

    def _check_authentication(self):
        problems = []
        if self.header_type != "none" or self.card_ids or self.footer:
            problems.append(self.env._("A one-time code has no header, footer or cards: WhatsApp writes its text."))
        if self.button_ids.mapped("kind") not in (["otp"], ["url"]):
            problems.append(self.env._("A one-time code has exactly one button: “Copy the One-Time Code”."))
        if any("_TAP" in str(button.raw).upper() for button in self.button_ids):
            # submitted from here it would become one that is copied, and the app would wait in vain
            problems.append(
                self.env._("Its code goes to an app by itself (one-tap or zero-tap): change it in WhatsApp Manager.")
            )
        return problems

    # === TEXT === #

    def _check_header(self):
        if self.header_type in template_text.MEDIA_HEADERS and not self.header_media:
            return [self.env._("The header needs a file: WhatsApp sees it as the sample.")]
        if self.header_type != "text":
            return []
        problems = self._check_size(self.env._("The header"), self.header_text, template_text.HEADER_LIMIT)
        if len(template_text.find_variables(self.header_text)) > 1:
            problems.append(self.env._("The header can have one variable only."))
        if set(template_text.strip_variables(self.header_text)) & set("*_~`\n"):
            problems.append(self.env._("The header can't have line breaks or marks such as * and _."))
        return problems

    def _check_body(self):
        problems = self._check_size(self.env._("The text"), self.body, template_text.BODY_LIMIT)
        return problems + self._check_variables(self.env._("The text"), self.body, self.header_text)

    def _check_variables(self, label, text, header=""):
        """Check number and placement of the variables in ``text``, and their names together with the header's."""
        names = template_text.find_variables(text)
        all_names = names + template_text.find_variables(header if self.header_type == "text" else "")
        problems = []
        if template_text.is_named(all_names):
            bad = [name for name in all_names if not template_text.is_good_name(name)]
            if bad:
                problems.append(
                    self.env._(
                        "%(label)s: variables have either numbers or names of small letters, digits and underscores; "
                        "%(names)s does not fit.",
                        label=label,
                        names=", ".join(bad),
                    )
                )
        elif sorted(names, key=int) != [str(number) for number in range(1, len(names) + 1)]:
            problems.append(self.env._("%s: the variables are counted from {{1}} without a gap.", label))
        if template_text.has_broken_braces(text):
            problems.append(self.env._("%s: a variable is not written as {{1}} or {{name}}.", label))
        if template_text.starts_or_ends_with_variable(text):
            problems.append(
                self.env._("%s can't begin or end with a variable: write a word before and after it.", label)
            )
        if template_text.has_adjacent_variables(text):
            problems.append(self.env._("%s: two variables can't follow each other without words between them.", label))
        if names and template_text.count_words(text) < WORDS_PER_VARIABLE * len(names) + 1:
            problems.append(self.env._("%s is too short for so many variables: write more words around them.", label))
        return problems

    def _check_footer(self):
        problems = self._check_size(self.env._("The footer"), self.footer, template_text.FOOTER_LIMIT)
        if template_text.find_variables(self.footer):
            problems.append(self.env._("The footer can't have variables."))
        return problems

    # === BUTTONS AND CARDS === #

    def _check_buttons(self, buttons):
        buttons = buttons.sorted("sequence")
        problems = []
        if len(buttons) > template_text.BUTTON_COUNT:
            problems.append(self.env._("There are more than %s buttons.", template_text.BUTTON_COUNT))
        for kind, maximum in _BUTTON_MAXIMA.items():
            same = buttons.filtered(lambda button: button.kind == kind)  # noqa: B023 - used at once
            if len(same) > maximum:
                problems.append(
                    self.env._(
                        "WhatsApp takes at most %(maximum)s button(s) of the kind “%(kind)s”.",
                        maximum=maximum,
                        kind=dict(same._fields["kind"]._description_selection(self.env))[kind],
                    )
                )
        replies = [number for number, button in enumerate(buttons) if button.kind == "quick_reply"]
        if replies and replies[-1] - replies[0] >= len(replies):
            problems.append(self.env._("Quick replies stand together: put them before or after all other buttons."))
        if "otp" in buttons.mapped("kind") and self.category != "authentication":
            problems.append(
                self.env._("The button “Copy the One-Time Code” is for one-time codes (category Authentication) only.")
            )
        for number, button in enumerate(buttons, 1):
            problems += self._check_button(self.env._("Button %s", number), button)
        labels = [button.text for button in buttons if button.text]
        if len(set(labels)) < len(labels):
            problems.append(self.env._("Two buttons have the same label."))
        return problems

    def _check_button(self, label, button):
        problems = []
        if button.kind not in ("copy_code", "otp"):
            problems += self._check_size(label, button.text, template_text.BUTTON_LIMIT)
            if template_text.find_variables(button.text):
                problems.append(self.env._("%s: the label can't have variables.", label))
        problems += button._check_products(label)
        if button.kind == "url":
            problems += self._check_url(label, button.url or "")
        elif button.kind == "phone":
            digits = (button.phone or "").replace(" ", "")
            if not digits.startswith("+") or not digits[1:].isdecimal() or len(digits) > template_text.PHONE_LIMIT:
                problems.append(self.env._("%s needs a number with + and country code.", label))
        return problems

    def _check_url(self, label, url):
        variables = template_text.find_variables(url)
        if not url.startswith(("https://", "http://")) or len(url) > template_text.URL_LIMIT:
            return [self.env._("%s needs a web address that begins with https://.", label)]
        if variables and (variables != ["1"] or not url.endswith("}}")):
            return [self.env._("%s: a web address can have one variable, {{1}}, at its end.", label)]
        return []

    def _check_cards(self):
        cards = self.card_ids.sorted("sequence")
        if not cards:
            return []
        problems = []
        least, most = template_text.CARD_COUNT
        if not least <= len(cards) <= most:
            problems.append(self.env._("A carousel has %(least)s to %(most)s cards.", least=least, most=most))
        if self.header_type != "none" or self.footer or self.button_ids:
            problems.append(self.env._("Beside cards there is a text only: no header, no footer, no buttons."))
        shapes = {
            (card.header_type, bool(card.body), *card.button_ids.sorted("sequence").mapped("kind")) for card in cards
        }
        if len(shapes) > 1:
            problems.append(self.env._("All cards are built alike: same header, text or none, same kinds of buttons."))
        for number, card in enumerate(cards, 1):
            label = self.env._("Card %s", number)
            if not card.media:
                problems.append(self.env._("%s needs a file: WhatsApp sees it as the sample.", label))
            if card.body:
                problems += self._check_size(label, card.body, template_text.CARD_BODY_LIMIT)
                problems += self._check_variables(label, card.body)
            if not 1 <= len(card.button_ids) <= 2:
                problems.append(self.env._("%s needs one or two buttons.", label))
            problems += [f"{label}: {problem}" for problem in self._check_buttons(card.button_ids)]
        return problems

    def _check_samples(self):
        """WhatsApp looks at an example of every value."""
        missing = self.variable_ids.filtered(lambda variable: not (variable.sample or "").strip())
        if self.header_type == "location":
            missing = missing.filtered(lambda variable: variable.component != "header")
        if not missing or self.category == "authentication":
            return []
        return [self.env._("WhatsApp wants a sample of: %s.", ", ".join(variable._get_label() for variable in missing))]

    # === FILES === #

    def _get_file_problems(self):
        """Return what Meta would refuse of the files, as sentences."""
        files = [(self.env._("The header"), self.header_type, self._get_file(self, "header_media"))]
        for number, card in enumerate(self.card_ids.sorted("sequence"), 1):
            files.append((self.env._("Card %s", number), card.header_type, self._get_file(card, "media")))
        return [
            problem for label, kind, data in files if kind in _MEDIA for problem in self._check_file(label, kind, data)
        ]

    @api.model
    def _get_file(self, owner, field):
        """Return the bytes of the file of a template or card."""
        return base64.b64decode(owner.with_context(bin_size=False)[field] or b"")

    def _check_file(self, label, kind, data):
        mimetypes, limit = _MEDIA[kind]
        mimetype = guess_mimetype(data, default="")
        if mimetype not in mimetypes:
            return [
                self.env._(
                    "%(label)s: WhatsApp takes %(types)s here, not %(type)s.",
                    label=label,
                    types=", ".join(mimetypes),
                    type=mimetype or self.env._("a file of unknown kind"),
                )
            ]
        if len(data) > limit:
            return [
                self.env._(
                    "%(label)s: the file has %(size)s; WhatsApp takes at most %(limit)s.",
                    label=label,
                    size=human_size(len(data)),
                    limit=human_size(limit),
                )
            ]
        return []
