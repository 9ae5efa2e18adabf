from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import formatLang

STALE_MINUTES = 3  # a sample comes every minute
RANGES = {"day": (24, 10), "week": (168, 60)}  # hours shown, minutes per point


class WhatsappCsHealth(models.AbstractModel):
    """The screen: tiles, open alerts and charts, in the user's language."""

    _inherit = "whatsapp.cs.health"

    @api.model
    @api.readonly
    def get_screen(self):
        """Return the figures of this moment, of the user's companies. For administrators."""
        self.env["whatsapp.cs.health.sample"].check_access("read")
        # sudo: whatsapp.cs.* - figures only, of the user's companies; the right to see them is checked above
        health, companies = self.sudo(), self.env.companies
        sections = health._get_sections(companies)
        links = {tile["code"]: tile["link"] for section in sections for tile in section["tiles"]}
        return {
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "stale": health._get_stale_words(),
            "alerts": [health._prepare_alert(alert, links) for alert in health._find_open_alerts(companies)],
            "sections": sections,
        }

    @api.model
    @api.readonly
    def get_history(self, span="day"):
        """Return the samples of a ``day`` or a ``week`` as lines of three charts. For administrators."""
        Sample = self.env["whatsapp.cs.health.sample"]
        Sample.check_access("read")
        points = Sample._get_points(*RANGES.get(span, RANGES["day"]))
        return {
            "starts": [point["start"] for point in points],
            "is_empty": not any(len(point) > 1 for point in points),
            "charts": [
                {
                    **chart,
                    "lines": [
                        {"label": label, "values": [point.get(name) for point in points]}
                        for name, label in chart["lines"]
                    ],
                }
                for chart in self._get_charts()
            ],
        }

    @api.model
    def _get_charts(self):
        return [
            {
                "code": "traffic",
                "title": self.env._("Traffic"),
                "lines": [
                    ("received", self.env._("Webhooks received")),
                    ("processed", self.env._("Webhooks processed")),
                    ("sent", self.env._("Messages sent")),
                    ("failed", self.env._("Messages failed")),
                ],
            },
            {
                "code": "waiting",
                "title": self.env._("Waiting"),
                "lines": [("inbox_depth", self.env._("Webhooks")), ("outbox_depth", self.env._("Messages"))],
            },
            {
                "code": "speed",
                "title": self.env._("Time of 95 of 100, in ms"),
                "lines": [
                    ("lag_p95_ms", self.env._("Webhook to processed")),
                    ("api_latency_p95_ms", self.env._("WhatsApp's answer")),
                ],
            },
        ]

    @api.model
    def _get_stale_words(self):
        """Return what to do when nothing is measured any more, ``False`` when all is well."""
        job = self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_health_measure")
        last = self.env["whatsapp.cs.health.sample"]._find_last().date or job.create_date
        if last > fields.Datetime.now() - timedelta(minutes=STALE_MINUTES):
            return False
        return self.env._(
            "Nothing was measured for %(duration)s and no alert can come: the job “%(job)s” does not run. Check that it "
            "is active and that Odoo runs with cron threads (--max-cron-threads).",
            duration=self._format_age(last),
            job=job.name,
        )

    @api.model
    def _find_open_alerts(self, companies):
        domain = fields.Domain("closed_date", "=", False) & (
            fields.Domain("account_id", "=", False) | fields.Domain("account_id.company_id", "in", companies.ids)
        )
        return self.env["whatsapp.cs.alert"].search(domain)

    @api.model
    def _prepare_alert(self, alert, links):
        return {
            "id": alert.id,
            "title": alert.display_name,
            "since": self.env._("for %s", self._format_age(alert.since)),
            "detail": alert.detail,
            "advice": alert.advice,
            "link": links.get(alert.kind) or self._link_to_account(alert),
        }

    @api.model
    def _link_to_account(self, alert):
        """Return where an alert about one account is mended."""
        match alert.kind:
            case "blocked":
                domain = [("id", "=", alert.account_id.id)]
                return self._link("whatsapp_cs.whatsapp_cs_account_action", alert.account_id.name, domain)
            case "backup" | "slow":
                domain = [("account_id", "=", alert.account_id.id)]
                return self._link("whatsapp_cs.whatsapp_cs_channel_check_action", alert.account_id.name, domain)
            case "notice":
                domain = [("account_id", "=", alert.account_id.id), ("is_open", "=", True)]
                return self._link("whatsapp_cs.whatsapp_cs_notice_action", alert.account_id.name, domain)
        return None

    # === WORDS === #

    @api.model
    def _is_too_old(self, seconds, limit_name):
        limit = self.env["whatsapp.cs.alert"]._get_limit(limit_name)
        return bool(limit) and seconds > limit * 60

    @api.model
    def _get_percentile_words(self, p95):
        return (
            self.env._("Nothing in the last hour.")
            if p95 is None
            else self.env._("95 of 100 within %s, last hour", self._format_ms(p95))
        )

    @api.model
    def _format_number(self, number):
        return formatLang(self.env, number, digits=0)

    @api.model
    def _format_percent(self, number):
        return self.env._("%s %%", formatLang(self.env, number, digits=0 if abs(number) >= 10 else 1))

    @api.model
    def _format_ms(self, milliseconds):
        if milliseconds is None:
            return "–"
        if milliseconds < 1000:
            return self.env._("%s ms", self._format_number(milliseconds))
        return self._format_seconds(milliseconds / 1000)

    @api.model
    def _format_age(self, date):
        return self._format_seconds((fields.Datetime.now() - date).total_seconds())

    @api.model
    def _format_seconds(self, seconds):
        """Return a duration in the two units that matter: “3 min 20 s”."""
        seconds = max(0, round(seconds))
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
        if days:
            return self.env._("%(days)s d %(hours)s h", days=days, hours=hours % 24)
        if hours:
            return self.env._("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
        if minutes:
            return self.env._("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=seconds % 60)
        return self.env._("%s s", seconds)
