from odoo import api, fields, models

from ..models.whatsapp_cs_automation import CAP_PERIOD


class WhatsappCsAutoReplyTry(models.TransientModel):
    """*Try It*: which rule answers a message, why the others don't, and how the reply looks on the phone.

    Asks what decides in production, and neither sends nor writes anything.
    """

    _name = "whatsapp.cs.auto.reply.try"
    _description = "Try Automatic Replies"

    rule_id = fields.Many2one("whatsapp.cs.auto.reply", readonly=True)
    text = fields.Char("The Customer Writes")
    channel_id = fields.Many2one(
        "whatsapp.cs.channel", "To the Number", required=True, default=lambda self: self._get_default_channel()
    )
    contact_id = fields.Many2one(
        "whatsapp.cs.contact",
        "From",
        domain="[('channel_id', '=', channel_id)]",
        help="Empty: somebody who has never written.",
    )
    date = fields.Datetime("At", default=fields.Datetime.now, required=True)
    result = fields.Json(compute="_compute_result")

    def _get_default_channel(self):
        rule = self.env["whatsapp.cs.auto.reply"].browse(self.env.context.get("default_rule_id"))
        channels = rule.channel_ids or self.env["whatsapp.cs.channel"].search(
            [("company_id", "=", self.env.company.id)]
        )
        return channels.sorted(lambda channel: channel.state != "live")[:1]

    @api.onchange("channel_id")
    def _onchange_channel_id(self):
        if self.contact_id.channel_id != self.channel_id:
            self.contact_id = False

    @api.depends("text", "channel_id", "contact_id", "date")
    @api.depends_context("lang", "tz")
    def _compute_result(self):
        for trial in self:
            trial.result = trial._get_result() if trial.channel_id and trial.date else False

    def _get_result(self):
        """Return ``{outcome, reply, verdicts}`` for the client."""
        Rule = self.env["whatsapp.cs.auto.reply"]
        conversation = self._get_conversation()
        situation = Rule._get_single_situation(conversation, self.date, self.text or "")
        selection = Rule._choose(self.channel_id.company_id, situation, explain=True)
        rest = conversation._get_automation_rest(self.date)
        return {
            "outcome": rest.text if rest else self._get_outcome(selection, situation),
            "acts": selection.outcome == "reply" and not rest,
            "reply": None
            if rest or selection.outcome != "reply"
            else self._get_reply(selection, conversation, situation),
            "verdicts": self._get_verdicts(selection),
        }

    def _get_conversation(self):
        """Return the contact's newest case, or one that exists in memory only."""
        Contact, Conversation = self.env["whatsapp.cs.contact"], self.env["whatsapp.cs.conversation"]
        stored = Conversation.search([("contact_id", "=", self.contact_id.id)], order="id desc", limit=1)
        if self.contact_id and stored:
            return stored
        contact = self.contact_id._origin or Contact.new(
            {"channel_id": self.channel_id._origin.id, "profile_name": self.env._("Maria Lopez")}
        )
        return Conversation.new({"contact_id": contact})

    def _get_outcome(self, selection, situation):
        rule = selection.rule
        match selection.outcome:
            case "reply":
                return self.env._("“%s” answers.", rule.name)
            case "cap":
                return self.env._(
                    "Nothing is sent: the customer has got %(count)s automatic messages within %(hours)s hours. The "
                    "conversation is handed over to a person.",
                    count=situation.count,
                    hours=CAP_PERIOD.total_seconds() // 3600,
                )
        return self.env._("No rule answers: the message waits for an agent.")

    def _get_reply(self, selection, conversation, situation):
        """Return the reply as the phone shows it."""
        rule = selection.rule
        text, _variant = rule._choose_text(conversation)
        text, message_type, content = rule._prepare_reply(conversation, text)
        if situation.count:
            message_type, content = conversation._add_person_button(text, message_type, content)
        action = (content or {}).get("action", {})
        titles = [button["reply"]["title"] for button in action.get("buttons", ())]
        rows = [row["title"] for section in action.get("sections", ()) for row in section["rows"]]
        return {
            "text": text,
            "buttons": titles or ([f"☰ {action['button']}"] if rows else []),
            "rows": rows,
            "files": rule.attachment_ids.mapped("name"),
        }

    def _get_verdicts(self, selection):
        rules = self.env["whatsapp.cs.auto.reply"].browse([verdict.rule_id for verdict in selection.verdicts])
        verdicts = [
            {
                "id": rule.id,
                "name": rule.name,
                "fires": verdict.fires,
                "own": rule == self.rule_id._origin,
                "reason": rule._explain(verdict, self.channel_id),
            }
            for rule, verdict in zip(rules, selection.verdicts, strict=True)
        ]
        if self.rule_id and self.rule_id._origin not in rules:
            rule = self.rule_id._origin
            reason = (
                self.env._("It is switched off.") if not rule.active else self.env._("It belongs to another company.")
            )
            verdicts.insert(0, {"id": rule.id, "name": rule.name, "fires": False, "own": True, "reason": reason})
        return verdicts
