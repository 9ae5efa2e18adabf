import json

from odoo import api, fields, models
from odoo.tools import SQL


class WhatsappCsEarlyStatus(models.Model):
    """A report about a message whose id we do not know yet; it waits until the sender has written the id down.

    Most reports carry our own key and need no waiting. Ids that stay unknown are other systems' messages.
    """

    _name = "whatsapp.cs.early.status"
    _description = "Early WhatsApp Status"
    _rec_name = "wamid"

    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, ondelete="cascade")
    wamid = fields.Char("WhatsApp ID", required=True, readonly=True)
    status = fields.Char(required=True, readonly=True)
    item = fields.Json(required=True, readonly=True, help="What WhatsApp reported, without the recipient.")

    _report_uniq = models.UniqueIndex("(wamid, channel_id, status)")
    _create_date_idx = models.Index("(create_date)")

    @api.model
    def _keep(self, reports):
        """Keep ``[(channel, item)]``, each report once."""
        if not reports:
            return
        # In one order for all workers: two that insert the same ones in different orders would wait for each other.
        reports = sorted(reports, key=lambda report: (report[1]["id"], report[0].id, report[1]["status"]))
        kept = (
            {name: item[name] for name in ("id", "status", "timestamp", "errors") if name in item}
            for _, item in reports
        )
        self.env.execute_query(
            SQL(
                """
                INSERT INTO whatsapp_cs_early_status (channel_id, wamid, status, item, create_date)
                     SELECT *, now() AT TIME ZONE 'UTC' FROM unnest(%s, %s, %s, %s::jsonb[])
                ON CONFLICT (wamid, channel_id, status) DO NOTHING RETURNING id
                """,
                [channel.id for channel, _item in reports],
                [item["id"] for _channel, item in reports],
                [item["status"][:64] for _channel, item in reports],
                [json.dumps(item) for item in kept],
            )
        )

    @api.model
    def _apply(self, messages):
        """Take in what came early about ``messages``, whose ids are known now."""
        known = messages.filtered(lambda message: message.wamid and message.direction == "out")
        early = (
            self.search([("wamid", "in", known.mapped("wamid")), ("channel_id", "in", known.channel_id.ids)])
            if known
            else self
        )
        by_id = {(message.channel_id, message.wamid): message for message in known}
        changed = messages.browse()
        for report in early:
            if message := by_id.get((report.channel_id, report.wamid)):
                changed |= message._on_report(self.env["whatsapp.cs.outbox"], report.item)
                report.unlink()
        changed._broadcast_state()

    @api.model
    def _apply_all(self):
        """Take in the reports that came while the sender was writing the id down, so that neither saw the other."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message.id FROM whatsapp_cs_early_status early
                  JOIN whatsapp_cs_message message ON message.wamid = early.wamid AND message.channel_id = early.channel_id
                   AND message.direction = 'out'
                 LIMIT 1000
                """
            )
        )
        self._apply(self.env["whatsapp.cs.message"].browse({row[0] for row in rows}))

    @api.autovacuum
    def _gc_early_statuses(self):
        """Forget reports about messages that are none of ours."""
        self.search([("create_date", "<", "now -3d")], limit=10000).unlink()
