from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..tools import template_text
from ..tools.template_text import Slot
from .whatsapp_cs_related import count_by, get_list_action

# What Meta has a copy of: changed here, it has to be submitted before it can be sent again.
CONTENT_FIELDS = {
    "body", "button_ids", "card_ids", "expiry_minutes", "footer", "has_security_note", "header_text", "header_type",
    "offer_ends", "offer_text",
}  # fmt: skip
# What lines have that Meta has no copy of
_OWN_FIELDS = {"button_ids": {"product_codes"}, "card_ids": {"media", "media_name"}}
# What may be changed, and submitted again, by Meta's rules
EDITABLE_STATES = ("draft", "approved", "rejected", "paused")


_NAMES = ("name", "first_name", "customer_name")  # of variables that say what they are


class WhatsappCsTemplate(models.Model):
    """A message template in one language: what may be sent to customers outside the window, once WhatsApp approved it."""

    _name = "whatsapp.cs.template"
    _inherit = ["mail.thread"]
    _description = "WhatsApp Template"
    _order = "name, language, id"

    name = fields.Char(
        required=True, tracking=True, help="Small letters, digits and underscores, as WhatsApp wants it."
    )
    active = fields.Boolean(default=True)
    account_id = fields.Many2one(
        "whatsapp.cs.account",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self._default_account(),
        help="The business account whose numbers can send it.",
    )
    channel_id = fields.Many2one(
        "whatsapp.cs.channel",
        "For the Number",
        compute="_compute_channel_id",
        inverse="_inverse_channel_id",
        help="It can be sent from all numbers of the same business account.",
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    language = fields.Char(
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="Exactly as WhatsApp has it: en and en_US are two templates.",
    )
    category = fields.Selection(
        [("marketing", "Marketing"), ("utility", "Utility"), ("authentication", "Authentication")],
        default="utility",
        required=True,
        tracking=True,
        help="Utility: about one order or request of this person, nothing promotional. Authentication: one-time codes. "
        "Marketing: all else. WhatsApp may change it.",
    )
    meta_id = fields.Char("Template ID", readonly=True, copy=False, index="btree_not_null", help="Meta's id of it.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("pending", "In Review"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("paused", "Paused"),
            ("disabled", "Disabled"),
            ("in_appeal", "In Appeal"),
            ("limit_exceeded", "Limit Exceeded"),
            ("locked", "Locked"),
            ("archived", "Archived at WhatsApp"),
            ("pending_deletion", "Being Deleted"),
            ("deleted", "Deleted"),
            ("other", "Other"),
        ],
        "Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        help="As WhatsApp has it. Only an approved template can be sent.",
    )
    quality = fields.Selection(
        [("green", "High"), ("yellow", "Medium"), ("red", "Low"), ("unknown", "Not Known Yet")],
        default="unknown",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="From what customers do with it: read, block, report. WhatsApp pauses templates of low quality.",
    )
    state_reason = fields.Text("Reason", readonly=True, copy=False, help="Why WhatsApp rejected or stopped it.")
    submit_date = fields.Datetime("Submitted On", readonly=True, copy=False)
    is_changed = fields.Boolean(
        readonly=True, copy=False, help="Changed here and not submitted: WhatsApp has another version."
    )
    components = fields.Json(readonly=True, copy=False, help="The content as WhatsApp has it.")
    extra_components = fields.Json(
        readonly=True, help="Parts of kinds that can't be sent from here, as WhatsApp has them."
    )

    header_type = fields.Selection(
        [
            ("none", "None"),
            ("text", "Text"),
            ("image", "Image"),
            ("video", "Video"),
            ("document", "Document"),
            ("location", "Location"),
        ],
        "Header",
        default="none",
        required=True,
    )
    header_text = fields.Char()
    header_media = fields.Binary(
        "Header File", attachment=True, help="Goes with every message, and to WhatsApp as the sample for the review."
    )
    header_media_name = fields.Char("Header File Name")
    body = fields.Text(help="Variables: {{1}}, {{2}} … or names such as {{first_name}}. *bold*, _italic_, ~strike~.")
    footer = fields.Char()
    has_security_note = fields.Boolean("Advise Not to Share the Code", default=True)
    expiry_minutes = fields.Integer("Code Valid for (Minutes)", help="0: not said.")
    button_ids = fields.One2many("whatsapp.cs.template.button", "template_id", "Buttons", copy=True)
    card_ids = fields.One2many("whatsapp.cs.template.card", "template_id", "Cards", copy=True)
    variable_ids = fields.One2many(
        "whatsapp.cs.template.variable",
        "template_id",
        "Variables",
        compute="_compute_variable_ids",
        store=True,
        precompute=True,
        readonly=False,
        copy=True,
    )
    model_id = fields.Many2one(
        "ir.model",
        "Applies To",
        domain=[("transient", "=", False), ("is_mail_thread", "=", True)],
        ondelete="cascade",
        help="The documents that the fields of the variables are taken from.",
    )
    model = fields.Char(related="model_id.model", string="Model Name", store=True)
    problems = fields.Text(compute="_compute_problems", help="What WhatsApp would refuse.")
    refusal = fields.Char("Can't Be Sent", compute="_compute_refusal")
    preview_record = fields.Reference(
        selection="_get_preview_models",
        string="Preview With",
        compute="_compute_preview_record",
        readonly=False,
        store=False,
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    preview_error = fields.Char(compute="_compute_preview")
    message_count = fields.Integer("Sent", compute="_compute_message_count")

    # A deleted one stays for what was sent with it; its name may be used again after 30 days.
    _name_uniq = models.UniqueIndex(
        "(account_id, name, language) WHERE state != 'deleted'",
        "This account has a template with this name and language already.",
    )
    _meta_id_uniq = models.UniqueIndex("(account_id, meta_id) WHERE meta_id IS NOT NULL")
    _expiry_minutes_bounds = models.Constraint(
        "CHECK(expiry_minutes BETWEEN 0 AND 90)", "A code can be valid for 1 to 90 minutes; 0: not said."
    )

    def _default_account(self):
        # sudo: whatsapp.cs.account - only which one it is; who may make templates may know that
        return self.env["whatsapp.cs.account"].sudo().search([("company_id", "=", self.env.company.id)], limit=1).id

    @api.depends("account_id")
    def _compute_channel_id(self):
        """Stand for the account, which only administrators see."""
        for template in self:
            # sudo: whatsapp.cs.account - one of its numbers, which everybody with a role may see
            template.channel_id = template.sudo().account_id.channel_ids[:1].id

    def _inverse_channel_id(self):
        for template in self.filtered("channel_id"):
            # sudo: whatsapp.cs.account - which one it is; who makes templates chooses by the number
            account_sudo = template.channel_id.sudo().account_id
            if account_sudo != template.account_id:
                template.account_id = account_sudo.id

    @api.depends("name", "language")
    def _compute_display_name(self):
        for template in self:
            template.display_name = f"{template.name} ({template.language})" if template.name else ""

    @api.depends(
        "category", "header_type", "header_text", "body", "button_ids.kind", "button_ids.url", "button_ids.sequence",
        "card_ids.body", "card_ids.sequence", "card_ids.button_ids.kind", "card_ids.button_ids.url",
    )  # fmt: skip
    def _compute_variable_ids(self):
        """Keep exactly one line for each place that a value goes to; a line that stays keeps what it is filled with."""
        for template in self:
            wanted = {slot: number for number, slot in enumerate(template._get_slots(), 1)}
            commands = []
            for variable in template.variable_ids:
                number = wanted.pop(variable._get_slot(), None)
                if number is None:
                    commands.append(Command.delete(variable.id))
                elif variable.sequence != number:
                    commands.append(Command.update(variable.id, {"sequence": number}))
            commands += [
                Command.create({**slot._asdict(), "sequence": number, **template._prepare_variable_values(slot)})
                for slot, number in wanted.items()
            ]
            if commands:
                template.variable_ids = commands

    def _get_slots(self):
        """Return the ``Slot`` of every value that a message of this template needs, in the order people read it."""
        self.ensure_one()
        slots = []
        if self.header_type == "text":
            slots += [Slot("header", 0, 0, name) for name in template_text.find_variables(self.header_text)]
        elif self.header_type == "location":
            slots += [Slot("header", 0, 0, name) for name in template_text.LOCATION_PARTS]
        slots += [Slot("body", 0, 0, name) for name in template_text.find_variables(self._get_body())]
        slots += self._get_button_slots(self.button_ids, 0)
        for number, card in enumerate(self.card_ids.sorted("sequence"), 1):
            slots += [Slot("body", number, 0, name) for name in template_text.find_variables(card.body)]
            slots += self._get_button_slots(card.button_ids, number)
        return slots

    def _get_body(self):
        """Return the body; the one of a one-time code is Meta's own and always the same."""
        if self.category == "authentication" and not self.body:
            return self.env._("*{{1}}* is your verification code.")
        return self.body or ""

    def _get_button_slots(self, buttons, card):
        if self.category == "authentication":
            return []  # the button copies the code of the body
        slots = []
        for index, button in enumerate(buttons.sorted("sequence")):
            if button.kind == "url":
                slots += [Slot("button", card, index, name) for name in template_text.find_variables(button.url)]
            elif button.kind == "copy_code":
                slots.append(Slot("button", card, index, "code"))
        return slots

    def _prepare_variable_values(self, slot):
        """Return what a new variable is filled with: where the customer is greeted, the name."""
        is_greeting = slot == Slot("body", 0, 0, template_text.find_greeted(self._get_body()))
        return {"source": "partner_name"} if is_greeting or slot.name in _NAMES else {}

    def _compute_message_count(self):
        counts = count_by(self, "whatsapp.cs.message", "template_id")
        for template in self:
            template.message_count = counts.get(template, 0)

    @api.depends(*CONTENT_FIELDS, "state", "is_changed", "state_reason", "header_media", "active")
    def _compute_refusal(self):
        for template in self:
            template.refusal = template._get_refusal()

    @api.constrains("model_id")
    def _check_field_paths(self):
        """The fields that variables take must exist in what the template applies to."""
        self.variable_ids._check_field_path()

    # === EDITING === #

    @api.onchange("name")
    def _onchange_name(self):
        if self.name and not template_text.NAME.match(self.name):
            self.name = template_text.to_name(self.name)

    def write(self, vals):
        """Note when the content differs from WhatsApp's copy; name, language and account can't change any more then."""
        submitted = self.filtered("meta_id")
        if "components" not in vals:  # what WhatsApp itself says is written together with it
            if {"account_id", "name", "language"} & set(vals):
                for template in submitted:
                    template._check_same_identity(vals)
            if self._changes_content(vals):
                submitted._check_editable()
                super(WhatsappCsTemplate, submitted - submitted.filtered("is_changed")).write({"is_changed": True})
        return super().write(vals)

    @api.model
    def _changes_content(self, vals):
        """Tell whether ``vals`` change what WhatsApp has a copy of. Cards' files and buttons' products go with each message."""
        if CONTENT_FIELDS & set(vals) - set(_OWN_FIELDS):
            return True
        return any(
            command[0] not in (Command.UPDATE, Command.LINK) or (command[0] == Command.UPDATE and set(command[2]) - own)
            for name, own in _OWN_FIELDS.items()
            for command in vals.get(name) or ()
        )

    def _check_same_identity(self, vals):
        if any(
            name in vals and vals[name] != getattr(self[name], "id", self[name])
            for name in ("account_id", "name", "language")
        ):
            raise UserError(
                self.env._(
                    "%s is at WhatsApp already: its name, language and account stay as they are. Duplicate it to change them.",
                    self.display_name,
                )
            )

    def _check_editable(self):
        for template in self:
            if template.state not in EDITABLE_STATES:
                raise UserError(
                    self.env._(
                        "%(template)s is “%(state)s”: WhatsApp takes changes only when it is approved, rejected or paused.",
                        template=template.display_name,
                        state=template._get_state_label(),
                    )
                )

    def _get_state_label(self):
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    def copy_data(self, default=None):
        return [
            {**vals, "name": (default or {}).get("name") or f"{template.name}_copy"[: template_text.NAME_LIMIT]}
            for template, vals in zip(self, super().copy_data(default), strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_at_whatsapp(self):
        for template in self:
            if template.meta_id and template.state != "deleted":
                raise UserError(
                    self.env._(
                        "%s is at WhatsApp: press “Delete at WhatsApp” on its form instead.", template.display_name
                    )
                )
            if template.message_count:
                raise UserError(
                    self.env._("Messages were sent with %s. Archive it instead of deleting it.", template.display_name)
                )

    # === BUTTONS === #

    def action_view_messages(self):
        self.ensure_one()
        return get_list_action(self, "whatsapp_cs_message_action", "template_id")

    # === MAY IT BE SENT === #

    def _get_refusal(self):
        """Return why it can't be sent, as a sentence that says what to do, or False."""
        self.ensure_one()
        if self.state != "approved":
            return self._get_state_refusal()
        if self.is_changed:
            return self.env._(
                "It was changed here and WhatsApp has the earlier version: submit it, or fetch WhatsApp's version."
            )
        kinds = set((self.button_ids | self.card_ids.button_ids).mapped("kind"))
        if self.extra_components or "other" in kinds:
            return self.env._("It has parts of a kind that Odoo does not know: send it from WhatsApp Manager.")
        if any(button.kind == "mpm" and not button.product_codes for button in self.button_ids):
            return self.env._("Its button shows products: open the template and name them.")
        if self.header_type in template_text.MEDIA_HEADERS and not self.header_media:
            return self.env._(
                "Its header needs a file: open the template and add it. WhatsApp does not keep the sample."
            )
        if any(card.header_type in template_text.MEDIA_HEADERS and not card.media for card in self.card_ids):
            return self.env._(
                "Each of its cards needs a file: open the template and add them. WhatsApp does not keep the samples."
            )
        return False

    def _get_state_refusal(self):
        sentence = {
            "draft": self.env._("It was not submitted to WhatsApp yet."),
            "pending": self.env._("WhatsApp is still reviewing it, which takes up to a day."),
            "rejected": self.env._("WhatsApp rejected it. Change and submit it again."),
            "paused": self.env._(
                "WhatsApp paused it because customers did not like it. It ends by itself after 3 or 6 hours; "
                "changing the text prevents the next pause."
            ),
            "disabled": self.env._("WhatsApp disabled it for good because customers did not like it. Make a new one."),
            "in_appeal": self.env._("WhatsApp is looking at the appeal against its rejection."),
            "limit_exceeded": self.env._("The account has more templates than WhatsApp allows. Delete unused ones."),
            "locked": self.env._("WhatsApp has locked it. WhatsApp Manager says why."),
            "archived": self.env._("WhatsApp archived it because it was not used. Restore it in WhatsApp Manager."),
            "pending_deletion": self.env._("It is being deleted at WhatsApp."),
            "deleted": self.env._("It was deleted at WhatsApp."),
        }.get(self.state, self.env._("WhatsApp does not allow it at the moment."))
        return " ".join(filter(None, [sentence, self.state_reason]))

    def _check_sendable(self):
        """Raise the sentence of ``_get_refusal``."""
        for template in self:
            if refusal := template._get_refusal():
                raise UserError(
                    self.env._(
                        "The template %(template)s can't be sent. %(reason)s",
                        template=template.display_name,
                        reason=refusal,
                    )
                )
