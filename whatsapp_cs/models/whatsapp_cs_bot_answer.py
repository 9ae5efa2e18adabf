from odoo import fields, models

OUTCOMES = [
    ("open", "Asked"),
    ("answered", "Answered"),
    ("skipped", "Skipped"),
    ("recommended", "Recommended"),
    ("person", "Wanted a Person"),
    ("misunderstood", "Not Understood"),
    ("left", "Gave No Answer"),
    ("restarted", "Began Anew"),
    ("taken", "Taken Over"),
]


class WhatsappCsBotAnswer(models.Model):
    """A question that a bot has asked, and what came of it: the answer, and the figures of the step."""

    _name = "whatsapp.cs.bot.answer"
    _description = "WhatsApp Bot Answer"
    _order = "id desc"
    _rec_name = "step_id"

    run_id = fields.Many2one("whatsapp.cs.bot.run", required=True, readonly=True, index=True, ondelete="cascade")
    step_id = fields.Many2one("whatsapp.cs.bot.step", "Question", required=True, readonly=True, ondelete="restrict")
    bot_id = fields.Many2one(related="run_id.bot_id", store=True)
    version_id = fields.Many2one(related="run_id.version_id", store=True)
    conversation_id = fields.Many2one(related="run_id.conversation_id")
    contact_id = fields.Many2one(related="run_id.contact_id", store=True, index=True)
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    outcome = fields.Selection(OUTCOMES, default="open", required=True, readonly=True)
    text = fields.Char("Answer", readonly=True, help="As people read it.")
    value = fields.Json(readonly=True, help="As it is written to fields and compared in conditions.")
    date = fields.Datetime("Asked On", required=True, readonly=True, default=fields.Datetime.now)
    answered_date = fields.Datetime(readonly=True)
    wrong_count = fields.Integer("Wrong Answers", readonly=True, help="What was written before, and was no answer.")

    _step_idx = models.Index("(bot_id, step_id, outcome)")
