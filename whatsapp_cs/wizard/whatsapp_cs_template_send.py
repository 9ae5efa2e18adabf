from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..models.whatsapp_cs_conversation import GROUP_AGENT

SHOWN_REFUSALS = 20  # in the dialog; the list after sending has them all
BATCH_SIZE = 20  # messages queued in one request while the progress bar moves


class WhatsappCsTemplateSend(models.TransientModel):
    """Dialog: send a template to the customer of one document, or of many."""

    _name = "whatsapp.cs.template.send"
    _description = "Send WhatsApp Template"

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_ids = fields.Json("Documents", readonly=True)
    record_count = fields.Integer(compute="_compute_record_count")
    template_id = fields.Many2one("whatsapp.cs.template", domain="[('id', 'in', template_ids)]")
    template_ids = fields.Many2many(
        "whatsapp.cs.template", string="Templates to Choose From", compute="_compute_template_ids"
    )
    channel_ids = fields.Many2many(
        "whatsapp.cs.channel", string="Numbers to Choose From", compute="_compute_channel_ids"
    )
    channel_id = fields.Many2one(
        "whatsapp.cs.channel",
        "From",
        domain="[('id', 'in', channel_ids)]",
        compute="_compute_channel_id",
        store=True,
        readonly=False,
        help="Empty: the number that each customer wrote to last, else the first one.",
    )
    value_ids = fields.One2many(
        "whatsapp.cs.template.send.value",
        "wizard_id",
        "Values",
        compute="_compute_value_ids",
        store=True,
        precompute=True,
        readonly=False,
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    recipient = fields.Char("To", compute="_compute_summary")
    refusal = fields.Char(compute="_compute_summary")
    ready_count = fields.Integer(compute="_compute_summary")
    refused_count = fields.Integer(compute="_compute_summary")
    refused = fields.Html("Who Does Not Get It", compute="_compute_summary", sanitize=False)
    line_ids = fields.One2many("whatsapp.cs.template.send.line", "wizard_id")

    @api.model
    def default_get(self, fields):
        context = self.env.context
        values = super().default_get(fields)
        ids = context.get("active_ids") or filter(None, [context.get("active_id")])
        return {"res_model": context.get("active_model"), "res_ids": list(ids)} | values

    def _get_records(self):
        return self.env[self.res_model].browse(self.res_ids or []).exists()

    @api.depends("res_ids")
    def _compute_record_count(self):
        for wizard in self:
            wizard.record_count = len(wizard.res_ids or [])

    @api.depends("res_model")
    def _compute_template_ids(self):
        """Offer what can be filled from these documents: made for them, for customers, or for any."""
        for wizard in self:
            wizard.template_ids = self.env["whatsapp.cs.template"].search(
                [("state", "=", "approved"), ("model", "in", (False, "res.partner", wizard.res_model))]
            )

    @api.depends("template_id")
    def _compute_channel_ids(self):
        for wizard in self:
            # sudo: whatsapp.cs.account - which numbers it has; agents read the numbers themselves
            wizard.channel_ids = (
                wizard.sudo().template_id.account_id.channel_ids.filtered(lambda c: c.state != "draft").ids
            )

    @api.depends("template_id")
    def _compute_channel_id(self):
        for wizard in self:
            wizard.channel_id = wizard.channel_ids if len(wizard.channel_ids) == 1 else False

    @api.depends("template_id")
    def _compute_value_ids(self):
        """Ask for the values: all of them, filled, for one document; for many, those that are typed when sending."""
        for wizard in self:
            records = wizard._get_records() if wizard.res_model else ()
            variables = wizard.template_id.variable_ids
            texts = {}
            if len(records) == 1:
                texts = wizard.template_id._get_texts(records, user=self.env.user) if wizard.template_id else {}
            else:
                variables = variables.filtered(lambda variable: variable.source == "free")
            wizard.value_ids = [Command.clear()] + [
                Command.create(
                    {"variable_id": variable.id, "value": texts.get(variable._get_slot()) or variable.fallback}
                )
                for variable in variables
            ]

    def _get_values(self):
        """Return what the person typed, as ``_send`` takes it."""
        return {line.variable_id._get_slot().key: line.value for line in self.value_ids}

    @api.depends("template_id", "value_ids.value")
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = False
            if wizard.template_id:
                texts = wizard.template_id._get_texts(
                    wizard._get_records()[:1], wizard._get_values(), user=self.env.user
                )
                wizard.preview = wizard.template_id._render_preview(texts)

    @api.depends("template_id", "channel_id", "value_ids.value")
    def _compute_summary(self):
        for wizard in self:
            wizard.update(
                {"recipient": False, "refusal": False, "ready_count": 0, "refused_count": 0, "refused": False}
            )
            if wizard.template_id:
                ready, refused = wizard._sort_records()
                reasons = [reason for _record, reason in refused] if wizard.record_count == 1 else []
                wizard.refusal = wizard.template_id._get_refusal() or (reasons and reasons[0]) or False
                wizard.ready_count, wizard.refused_count = len(ready), len(refused)
                wizard.refused = wizard._render_refused(refused)
                wizard.recipient = wizard._get_recipient(ready)

    def _sort_records(self):
        """Return the records whose customers get it, and ``[(record, why not)]`` of the others; reads only."""
        ready, refused, seen = [], [], set()
        values = self._get_values()
        for record in self._get_records():
            try:
                address = self.template_id._check_record(record, values, self.env.user, self.channel_id)
            except AccessError:
                refused.append((record, self.env._("You may not read this document.")))
            except UserError as error:
                refused.append((record, str(error)))
            else:
                if address in seen:
                    refused.append(
                        (record, self.env._("The same customer gets it for another one of these documents."))
                    )
                else:
                    seen.add(address)
                    ready.append(record)
        return ready, refused

    def _render_refused(self, refused):
        rows = [
            Markup("<li><b>%s</b>: %s</li>") % (record.display_name, reason)
            for record, reason in refused[:SHOWN_REFUSALS]
        ]
        if len(refused) > SHOWN_REFUSALS:
            rows.append(Markup("<li>%s</li>") % self.env._("and %s more", len(refused) - SHOWN_REFUSALS))
        return Markup("<ul>%s</ul>") % Markup().join(rows) if rows else False

    def _get_recipient(self, ready):
        if len(ready) != 1:
            return False
        _channel, owner, number = self.template_id._find_address(ready[0], self.channel_id)
        return f"{owner.display_name} ({number})" if number else owner.display_name

    # === BUTTONS === #

    def action_send(self):
        """Queue the message and open the chat; for many, show a progress bar that queues one after the other."""
        self.ensure_one()
        self._check_may_send()
        records = self._get_records()
        if len(records) == 1:
            message = self.template_id._send_to_record(records, self._get_values(), self.env.user, self.channel_id)
            return message.contact_id.discuss_channel_id.with_env(self.env)._get_access_action()
        ready, refused = self._sort_records()
        self.line_ids = [
            *(Command.create({"res_id": record.id, "name": record.display_name}) for record in ready),
            *(
                Command.create({"res_id": record.id, "name": record.display_name, "state": "refused", "reason": reason})
                for record, reason in refused
            ),
        ]
        return {
            "type": "ir.actions.client",
            "tag": "whatsapp_cs.template_progress",
            "name": self.env._("Send %s", self.template_id.name),
            "target": "new",
            "params": {"wizard_id": self.id, **self._get_progress()},
        }

    def _check_may_send(self):
        if not self.env.user.has_group(GROUP_AGENT):
            raise AccessError(
                self.env._("Only WhatsApp agents can do this. An administrator gives the role in your user's settings.")
            )
        if not self.template_id:
            raise UserError(self.env._("Choose a template."))
        self._get_records().check_access("read")
        self.template_id.check_access("read")
        self.template_id._check_sendable()

    # === MANY === #

    def send_next(self):
        """Queue the next few messages and return how far it is; called again and again by the progress bar."""
        self.ensure_one()
        self._check_may_send()
        values = self._get_values()
        for line in self.line_ids.filtered(lambda line: line.state == "waiting")[:BATCH_SIZE]:
            line._send(values)
        return self._get_progress()

    def _get_progress(self):
        counts = {state: len(lines) for state, lines in self.line_ids.grouped("state").items()}
        return {
            "total": len(self.line_ids),
            "waiting": counts.get("waiting", 0),
            "queued": counts.get("queued", 0),
            "refused": counts.get("refused", 0),
        }

    def action_view_lines(self):
        """Show who got it and who did not, with the reason."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.template_id.display_name,
            "res_model": "whatsapp.cs.template.send.line",
            "views": [(False, "list")],
            "domain": [("wizard_id", "=", self.id)],
        }


class WhatsappCsTemplateSendValue(models.TransientModel):
    """A value that a person types in the dialog."""

    _name = "whatsapp.cs.template.send.value"
    _description = "WhatsApp Template Value"
    _order = "id"

    wizard_id = fields.Many2one("whatsapp.cs.template.send", required=True, ondelete="cascade")
    variable_id = fields.Many2one("whatsapp.cs.template.variable", "Place", required=True, ondelete="cascade")
    value = fields.Char()


class WhatsappCsTemplateSendLine(models.TransientModel):
    """One of many documents: whether its customer gets the message."""

    _name = "whatsapp.cs.template.send.line"
    _description = "WhatsApp Template Recipient"
    _order = "id"

    wizard_id = fields.Many2one("whatsapp.cs.template.send", required=True, index=True, ondelete="cascade")
    res_id = fields.Integer("Document ID", required=True)
    name = fields.Char("Document")
    state = fields.Selection(
        [("waiting", "Waiting"), ("queued", "Queued"), ("refused", "Not Sent")], default="waiting", required=True
    )
    reason = fields.Char()
    message_id = fields.Many2one("whatsapp.cs.message", ondelete="set null")

    def _send(self, values):
        """Queue the message, once, or note why not."""
        wizard = self.wizard_id
        record = self.env[wizard.res_model].browse(self.res_id)
        # A promotion to many waits for the answers to people who wrote.
        priority = "1" if wizard.template_id.category == "marketing" else "0"
        try:
            with self.env.cr.savepoint():
                message = wizard.template_id._send_to_record(record, values, None, wizard.channel_id, priority)
        except UserError as error:
            self.write({"state": "refused", "reason": str(error)})
        else:
            self.write({"state": "queued", "message_id": message.id})
