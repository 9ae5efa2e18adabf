from odoo import api, fields, models, tools
from odoo.tools import SQL


class WhatsappCsAutoReply(models.Model):
    """Rules that answer only when a customer says something several times in a row, such as “too expensive” (AR10)."""

    _inherit = "whatsapp.cs.auto.reply"  # pylint: disable=consider-merging-classes-inherited

    repeat_count = fields.Integer(
        "Said in a Row",
        default=1,
        required=True,
        help="So many messages one after the other must have these words before it answers. 1: the first one is enough.",
    )

    _repeat_count_bounds = models.Constraint(
        "CHECK(repeat_count BETWEEN 1 AND 5)", "A rule can ask for the same words 1 to 5 times in a row."
    )

    @api.model
    @tools.ormcache()
    def _get_repeats(self):
        """Return ``{rule id: how often}`` of the rules that ask for more than one message; kept until a rule changes."""
        # sudo: whatsapp.cs.auto.reply - rules answer, whoever's work asks them
        rules = self.sudo().search([("repeat_count", ">", 1), ("trigger", "=", "keyword")])
        return {rule.id: rule.repeat_count for rule in rules}

    @api.model
    def _get_situations(self, pairs, now):
        """Add what each customer wrote before, when a rule asks for that: one query for all of them."""
        situations = super()._get_situations(pairs, now)
        repeats = self._get_repeats()
        if not repeats:
            return situations
        earlier = self._get_earlier(pairs, max(repeats.values()) - 1)
        return [
            situation._replace(earlier=earlier.get(conversation.id, ()))
            for situation, (conversation, _messages) in zip(situations, pairs, strict=True)
        ]

    @api.model
    def _get_earlier(self, pairs, count):
        """Return ``{conversation id: texts}`` of the last messages before these, the newest first."""
        query = SQL(
            """
            SELECT asked.conversation_id, earlier.body
              FROM unnest(%s, %s) AS asked(conversation_id, message_id)
             CROSS JOIN LATERAL (SELECT body, id FROM whatsapp_cs_message message
                                  WHERE message.conversation_id = asked.conversation_id AND direction = 'in'
                                    AND id < asked.message_id AND body IS NOT NULL
                                  ORDER BY id DESC LIMIT %s) AS earlier
             ORDER BY earlier.id DESC
            """,
            [conversation.id for conversation, _messages in pairs],
            [min(messages.ids) for _conversation, messages in pairs],
            count,
        )
        earlier = {}
        for conversation_id, body in self.env.execute_query(query):
            earlier.setdefault(conversation_id, []).append(body)
        return earlier

    @api.model
    def _judge_trigger(self, rule, situation, found):
        reason = super()._judge_trigger(rule, situation, found)
        wanted = self._get_repeats().get(rule.id, 1)
        if reason or wanted == 1:
            return reason
        _rules, index = self._get_index(situation.channel.company_id.id)
        said = 1
        for text in situation.earlier[: wanted - 1]:
            if rule.id not in index.find(text):
                break
            said += 1
        return None if said >= wanted else ("repeat", said, wanted)

    def _explain(self, verdict, channel):
        if verdict.reason[0] == "repeat":
            _code, said, wanted = verdict.reason
            return self.env._(
                "The customer has said it %(said)s of %(wanted)s times in a row.", said=said, wanted=wanted
            )
        return super()._explain(verdict, channel)
