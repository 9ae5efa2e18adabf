from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import html2plaintext
from odoo.tools.mimetypes import guess_mimetype

from ..tools import graph_errors, template_text
from ..tools.graph_client import GraphError

NAME_PAUSE = timedelta(days=30)  # Meta: the name of a deleted template stays taken for so long
EDIT_PAUSE = timedelta(hours=24)  # Meta: an approved template can be edited once in 24 hours, and 10 times in 30 days

_STATES = {
    "APPROVED": "approved", "PENDING": "pending", "REJECTED": "rejected", "PAUSED": "paused", "DISABLED": "disabled",
    "IN_APPEAL": "in_appeal", "PENDING_DELETION": "pending_deletion", "DELETED": "deleted",
    "LIMIT_EXCEEDED": "limit_exceeded", "LOCKED": "locked", "ARCHIVED": "archived",
}  # fmt: skip
# Events of the webhook that are no status
_EVENT_STATES = {**_STATES, "REINSTATED": "approved"}
_CATEGORIES = ("marketing", "utility", "authentication")
# What Meta's list tells of the content, beside lines
_CONTENT = (
    "header_type", "header_text", "body", "footer", "has_security_note", "expiry_minutes", "offer_text", "offer_ends",
)  # fmt: skip
_QUALITIES = ("green", "yellow", "red", "unknown")


class WhatsappCsTemplate(models.Model):
    """A template's way to WhatsApp and back: submitting, and taking over what WhatsApp says of it."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    # === BUTTONS === #

    @api.model
    def action_sync(self, *_ids):
        """Fetch the templates of all accounts of the user's companies from WhatsApp now."""
        self.check_access("write")
        # sudo: whatsapp.cs.account - its token stays inside; who may write templates may fetch them
        accounts_sudo = self.env["whatsapp.cs.account"].sudo()
        domain = [("company_id", "in", self.env.companies.ids), ("access_token", "!=", False), ("state", "!=", "draft")]
        return accounts_sudo.search(domain).action_sync_templates()

    def action_submit(self):
        """Submit a new template, or the changes of one, to WhatsApp for review."""
        self.ensure_one()
        self.check_access("write")
        self._check_submittable()
        client, account_sudo = self._get_graph_client()
        # Nothing is written before the calls: no transaction holds anybody up while Meta is asked. Should ours fail
        # after them, the next synchronisation finds the template by its name.
        try:
            payload = {"components": self._prepare_components(client, account_sudo.app_id)}
            if self.meta_id:
                if self.state == "rejected":
                    payload["category"] = self.category.upper()
                client.edit_template(self.meta_id, payload)
                answer = {}
            else:
                answer = client.create_template(account_sudo.waba_id, {**self._prepare_identity(), **payload})
        except GraphError as error:
            raise UserError(self._explain(error)) from error
        # sudo: whatsapp.cs.template - what WhatsApp has answered; people may not write it
        self.sudo()._on_submitted(answer, payload["components"])

    def _on_submitted(self, answer, components):
        asked = self.category
        values = {
            "components": components,
            "is_changed": False,
            "submit_date": fields.Datetime.now(),
            "state": _STATES.get(answer.get("status"), "pending"),
            "state_reason": False,
        }
        if answer.get("id"):
            values["meta_id"] = str(answer["id"])
        if str(answer.get("category")).lower() in _CATEGORIES:
            values["category"] = answer["category"].lower()
        self.write(values)
        if self.category != asked:
            self._message_log(
                body=self.env._("WhatsApp gave it another category than the one asked for: price and rules follow it.")
            )

    def action_discard(self):
        """Take WhatsApp's version again."""
        self.ensure_one()
        self.check_access("write")
        client, _account_sudo = self._get_graph_client()
        try:
            data = client.get_template(self.meta_id, self.env["whatsapp.cs.account"]._TEMPLATE_FIELDS)
        except GraphError as error:
            raise UserError(self._explain(error)) from error
        template_sudo = self.sudo()  # sudo: whatsapp.cs.template - as in action_submit
        template_sudo.components = False  # so that the content is read again
        template_sudo._apply(data)

    def action_delete(self):
        """Delete this language of the template at WhatsApp; here it stays, archived, for what was sent with it."""
        for template in self:
            template.check_access("unlink")
            if not template.meta_id or template.state == "deleted":
                continue
            client, account_sudo = template._get_graph_client()
            try:
                client.delete_template(account_sudo.waba_id, template.meta_id, template.name)
            except GraphError as error:
                raise UserError(template._explain(error)) from error
            template.sudo()._set_deleted()  # sudo: as in action_submit

    def _check_submittable(self):
        self._check_editable()
        if self.meta_id and not self.is_changed and self.state != "rejected":
            raise UserError(self.env._("Nothing was changed: WhatsApp has this version."))
        if self.state == "approved" and self.submit_date and self.submit_date + EDIT_PAUSE > fields.Datetime.now():
            raise UserError(
                self.env._(
                    "WhatsApp takes a change of an approved template once in 24 hours. Submit it again after %s.",
                    fields.Datetime.context_timestamp(self, self.submit_date + EDIT_PAUSE).strftime("%Y-%m-%d %H:%M"),
                )
            )
        if problems := self._get_problems() or self._get_file_problems():
            raise UserError(
                "\n".join([self.env._("WhatsApp would refuse this template:"), *(f"• {text}" for text in problems)])
            )
        if not self.meta_id:
            self._check_name_is_free()

    def _check_name_is_free(self):
        deleted = self.with_context(active_test=False).search(
            [
                ("account_id", "=", self.account_id.id),
                ("name", "=", self.name),
                ("state", "=", "deleted"),
                ("write_date", ">", fields.Datetime.now() - NAME_PAUSE),
            ],
            order="write_date desc",
            limit=1,
        )
        if deleted:
            raise UserError(
                self.env._(
                    "A template with this name was deleted a short while ago: WhatsApp keeps the name until %s. Choose another.",
                    fields.Date.to_string(deleted.write_date + NAME_PAUSE),
                )
            )

    def _get_graph_client(self):
        """Return the client and the account, which only administrators may read."""
        # sudo: whatsapp.cs.account - its ids for the calls; who may write templates may submit them
        account_sudo = self.account_id.sudo()
        return account_sudo._get_graph_client(), account_sudo

    @api.model
    def _explain(self, error):
        """Return what went wrong with a call, as a sentence."""
        if error.code == "network":
            return self.env._(
                "WhatsApp could not be reached (%s). Nothing is lost: try again in a moment.", error.details
            )
        meaning = error.needs_administrator and self.env["whatsapp.cs.outbox"]._get_meaning(error.code)
        return " ".join(
            filter(
                None,
                [
                    self.env._(
                        "WhatsApp refused: %(details)s (error %(code)s).", details=error.details, code=error.code
                    ),
                    meaning,
                ],
            )
        )

    # === AS META WANTS IT === #

    def _prepare_identity(self):
        return {
            "name": self.name,
            "language": self.language,
            "category": self.category.upper(),
            "parameter_format": "NAMED" if self._is_named() else "POSITIONAL",
        }

    def _prepare_components(self, client, app_id):
        """Return the content for a submission; files are uploaded."""
        if self.category == "authentication":
            return self._prepare_authentication()
        samples = {variable._get_slot(): template_text.clean(variable.sample) for variable in self.variable_ids}
        components = []
        if self.header_type in template_text.MEDIA_HEADERS:
            components.append(self._prepare_media_header(client, app_id, self, self.header_type, "header_media"))
        elif self.header_type == "location":
            components.append({"type": "HEADER", "format": "LOCATION"})
        elif self.header_type == "text":
            components.append(self._prepare_text("HEADER", self.header_text, samples, 0, format="TEXT"))
        components.append(self._prepare_text("BODY", self.body, samples, 0))
        if self.offer_text:
            components.append(template_text.write_offer(self.offer_text, self.offer_ends))
        if self.footer:
            components.append({"type": "FOOTER", "text": self.footer})
        components += self._prepare_buttons(self.button_ids, samples, 0)
        if self.card_ids:
            cards = [
                self._prepare_card(client, app_id, card, samples, number)
                for number, card in enumerate(self.card_ids.sorted("sequence"), 1)
            ]
            components.append({"type": "CAROUSEL", "cards": cards})
        return components

    def _prepare_authentication(self):
        components = [{"type": "BODY", "add_security_recommendation": self.has_security_note}]
        if self.expiry_minutes:
            components.append({"type": "FOOTER", "code_expiration_minutes": self.expiry_minutes})
        # In Meta's list the button is a web address; made is it as OTP.
        return components + [
            {
                "type": "BUTTONS",
                "buttons": [template_text.write_button("otp", button.text) for button in self.button_ids],
            }
        ]

    def _prepare_text(self, kind, text, samples, card, **extra):
        values = {slot.name: text for slot, text in samples.items() if slot[:2] == (kind.lower(), card)}
        return template_text.write_text_component(kind, text, self._is_named(), values, **extra)

    def _prepare_card(self, client, app_id, card, samples, number):
        components = [self._prepare_media_header(client, app_id, card, card.header_type, "media")]
        if card.body:
            components.append(self._prepare_text("BODY", card.body, samples, number))
        return {"components": components + self._prepare_buttons(card.button_ids, samples, number)}

    @api.model
    def _prepare_buttons(self, buttons, samples, card):
        written = []
        for index, button in enumerate(buttons.sorted("sequence")):
            values = {slot.name: text for slot, text in samples.items() if slot[:3] == ("button", card, index)}
            written.append(
                template_text.write_button(
                    button.kind,
                    button.text or "",
                    button.url or "",
                    (button.phone or "").replace(" ", ""),
                    values,
                    button.raw,
                )
            )
        return [{"type": "BUTTONS", "buttons": written}] if written else []

    def _prepare_media_header(self, client, app_id, owner, header_type, field):
        data = self._get_file(owner, field)
        filename = owner[f"{field}_name"] or f"{self.name}_{header_type}"
        handle = client.upload_sample(app_id, filename, guess_mimetype(data), data)
        return {"type": "HEADER", "format": header_type.upper(), "example": {"header_handle": [handle]}}

    # === AS META HAS IT === #

    def _apply(self, data):
        """Take over what Meta's list says of this template; what has not changed there is not written."""
        self.ensure_one()
        values = {"meta_id": str(data["id"]), "quality": self._read_quality(data)}
        state = _STATES.get(str(data.get("status")).upper(), "other")
        values |= self._prepare_state_values(state, self._read_reason(data.get("rejected_reason")))
        category = str(data.get("category")).lower()
        if category in _CATEGORIES and not (self.is_changed and state == "rejected"):
            values["category"] = category
        if not self.active and state != "deleted":
            values["active"] = True
        components = data.get("components") or []
        # What was changed here and not submitted yet is nobody else's to throw away.
        if components != self.components and not (self.is_changed and self.components):
            values |= {"components": components, "is_changed": False, **self._prepare_content_values(data)}
        values = {
            name: value
            for name, value in values.items()
            if isinstance(self[name], models.BaseModel) or self[name] != value
        }
        if values:
            self.write(values)
        self._apply_samples(template_text.read(data)["samples"])

    def _apply_samples(self, samples):
        for variable in self.variable_ids:
            if not variable.sample and samples.get(variable._get_slot()):
                variable.sample = samples[variable._get_slot()]

    def _prepare_content_values(self, data):
        content = template_text.read(data)
        return {
            **{name: content[name] for name in _CONTENT},
            "extra_components": content["extra"],
            "button_ids": self._replace_lines(self.button_ids, content["buttons"], keep=("product_codes",)),
            "card_ids": self._replace_lines(
                self.card_ids,
                [
                    {
                        "header_type": card["header_type"],
                        "body": card["body"],
                        "button_ids": self._replace_lines(self.env["whatsapp.cs.template.button"], card["buttons"]),
                    }
                    for card in content["cards"]
                ],
                keep=("media", "media_name"),
            ),
        }

    @api.model
    def _replace_lines(self, lines, values_list, keep=()):
        """Return the commands that put ``values_list`` in the place of ``lines``, which keep their fields ``keep``."""
        commands = [Command.delete(line.id) for line in lines]
        kept = [{name: line[name] for name in keep} for line in lines.sorted("sequence").with_context(bin_size=False)]
        for number, values in enumerate(values_list):
            commands.append(
                Command.create({"sequence": number, **values, **(kept[number] if number < len(kept) else {})})
            )
        return commands

    @api.model
    def _read_quality(self, data):
        score = data.get("quality_score")
        quality = str(score.get("score") if isinstance(score, dict) else score).lower()
        return quality if quality in _QUALITIES else "unknown"

    @api.model
    def _read_reason(self, reason, info=None):
        """Return Meta's reason of a rejection in words, with the details it gives, or False."""
        text = {
            "INCORRECT_CATEGORY": self.env._("The category does not fit the text."),
            "INVALID_FORMAT": self.env._("Variables, samples or marks are not as WhatsApp wants them."),
            "PROMOTIONAL": self.env._("It advertises, which this category does not allow."),
            "ABUSIVE_CONTENT": self.env._("The content offends or threatens."),
            "TAG_CONTENT_MISMATCH": self.env._("The language or category does not fit the text."),
            "SCAM": self.env._("WhatsApp takes it for fraud."),
        }.get(reason)
        if not text and reason and str(reason).upper() != "NONE":
            text = str(reason)
        details = [
            info[key] for key in ("reason", "recommendation", "description") if isinstance(info, dict) and info.get(key)
        ]
        return " ".join([*filter(None, [text]), *map(str, details)]) or False

    def _prepare_state_values(self, state, reason):
        # A list says why for a rejection only; for the rest the reason came by webhook and stays.
        if state == self.state and not reason:
            return {}
        return {"state": state, "state_reason": reason}

    def _set_deleted(self):
        self.filtered(lambda template: template.state != "deleted").write(
            {"state": "deleted", "active": False, "is_changed": False}
        )

    def _on_refused_message(self, code):
        """Learn from an error of a message what it says of the template: a webhook may come late, or never."""
        if state := graph_errors.TEMPLATE_STATES.get(code):
            self.filtered(lambda template: template.state == "approved")._set_reported(state, False)
        elif code in graph_errors.TEMPLATE_CHANGED:
            self.account_id._request_template_sync()

    # === WEBHOOKS === #

    @api.model
    def _find_updated(self, account, update):
        """Return the template a webhook is about; when there is none, have the list fetched and return an empty one."""
        value = update.item
        meta_id = value.get("message_template_id")
        template = self.with_context(active_test=False).search(
            [("account_id", "=", account.id), ("meta_id", "=", str(meta_id))], limit=1
        )
        if not template:
            template = self.search(
                [
                    ("account_id", "=", account.id),
                    ("name", "=", str(value.get("message_template_name"))),
                    ("language", "=", str(value.get("message_template_language"))),
                ],
                limit=1,
            )
        if not template:
            account._request_template_sync()
        return template

    @api.model
    def _receive_status(self, account, updates):
        """Take in ``message_template_status_update``."""
        for update in updates:
            template, value = self._find_updated(account, update), update.item
            event = str(value.get("event")).upper()
            state = _EVENT_STATES.get(event)
            if not template:
                continue
            info = next((value[key] for key in ("rejection_info", "other_info") if value.get(key)), None)
            reason = self._read_reason(value.get("reason"), info)
            if isinstance(value.get("disable_info"), dict) and value["disable_info"].get("disable_date"):
                reason = " ".join(
                    filter(None, [reason, self.env._("Disabled on: %s.", value["disable_info"]["disable_date"])])
                )
            if state == "deleted":
                template._set_deleted()
            elif state:
                template._set_reported(state, reason)
            elif event == "FLAGGED":
                template._note(
                    self.env._("WhatsApp may disable this template soon: too many customers did not like it.")
                )
            else:  # a word we don't know: the list says what it means for the state
                account._request_template_sync()

    def _set_reported(self, state, reason):
        """Enter a state that WhatsApp reports; the same report again changes nothing."""
        for template in self:
            values = template._prepare_state_values(state, reason)
            if any(template[name] != value for name, value in values.items()):
                template.write(values)

    @api.model
    def _receive_quality(self, account, updates):
        """Take in ``message_template_quality_update``."""
        for update in updates:
            template = self._find_updated(account, update)
            quality = str(update.item.get("new_quality_score")).lower()
            if template and quality in _QUALITIES and template.quality != quality:
                template.quality = quality
                if quality == "red":
                    template._note(
                        self.env._(
                            "The quality is low: WhatsApp pauses the template next. See who gets it, and what it says."
                        )
                    )

    @api.model
    def _receive_components(self, account, updates):
        """Take in ``message_template_components_update``: the webhook has a part of the content only; it is fetched."""
        account._request_template_sync()

    @api.model
    def _receive_category(self, account, updates):
        """Take in ``template_category_update``: a notice one day before, then the change."""
        labels = dict(self._fields["category"]._description_selection(self.env))
        for update in updates:
            template, value = self._find_updated(account, update), update.item
            category = str(value.get("new_category")).lower()
            coming = str(value.get("correct_category")).lower()
            if not template:
                continue
            if coming in _CATEGORIES:
                if coming != template.category:
                    template._note(
                        self.env._(
                            "WhatsApp will change the category to “%s” within a day: price and rules follow it.",
                            labels[coming],
                        )
                    )
            elif category in _CATEGORIES and template.category != category:
                template.category = category

    def _note(self, text):
        """Say something in the chatter, once: a webhook may come again."""
        self.ensure_one()
        if not any(text in html2plaintext(message.body or "") for message in self.message_ids[:20]):
            self._message_log(body=text)
