from odoo import fields, models
from odoo.tools import SQL


class WhatsappCsBotReport(models.Model):
    """The funnel of a bot: how many customers come how far, and where they turn to a person. No answers, no customer."""

    _name = "whatsapp.cs.bot.report"
    _description = "WhatsApp Bot Analysis"
    _auto = False
    _order = "date desc"
    _rec_name = "id"
    _depends = {
        "whatsapp.cs.bot": ["name"],
        "whatsapp.cs.bot.answer": ["bot_id", "company_id", "date", "outcome", "run_id", "step_id"],
        "whatsapp.cs.bot.run": ["channel_id"],
        "whatsapp.cs.bot.step": ["name", "sequence"],
    }

    date = fields.Datetime("Asked On", readonly=True)
    bot_id = fields.Many2one("whatsapp.cs.bot", readonly=True, groups="whatsapp_cs.whatsapp_cs_group_editor")
    bot = fields.Char("Name of the Bot", readonly=True)
    step = fields.Char(readonly=True, help="In the order of the bot.")
    channel_id = fields.Many2one("whatsapp.cs.channel", "Number", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    outcome = fields.Selection(
        lambda self: self.env["whatsapp.cs.bot.answer"]._fields["outcome"].selection, readonly=True
    )
    asked_count = fields.Integer("Asked", readonly=True)
    answered_count = fields.Integer("Answered", readonly=True)
    hand_over_count = fields.Integer("Handed Over", readonly=True)
    left_count = fields.Integer("Gave No Answer", readonly=True)
    hand_over_rate = fields.Float("Handed Over (%)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT answer.id, answer.date, answer.bot_id, bot.name AS bot, answer.company_id, run.channel_id,
                   lpad(place.number::text, 2, '0') || ' ' || place.name AS step, answer.outcome, 1 AS asked_count,
                   (answer.outcome IN ('answered', 'skipped', 'recommended'))::int AS answered_count,
                   (answer.outcome IN ('person', 'misunderstood'))::int AS hand_over_count,
                   (answer.outcome = 'left')::int AS left_count,
                   CASE WHEN answer.outcome = 'open' THEN NULL
                        WHEN answer.outcome IN ('person', 'misunderstood') THEN 100 ELSE 0 END AS hand_over_rate
              FROM whatsapp_cs_bot_answer answer
              JOIN whatsapp_cs_bot bot ON bot.id = answer.bot_id
              JOIN whatsapp_cs_bot_run run ON run.id = answer.run_id
              JOIN (SELECT id, name, row_number() OVER (PARTITION BY bot_id ORDER BY sequence, id) AS number
                      FROM whatsapp_cs_bot_step) AS place ON place.id = answer.step_id
            """
        )
