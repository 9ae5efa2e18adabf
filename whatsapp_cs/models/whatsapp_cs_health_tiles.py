from datetime import timedelta

from odoo import api, fields, models

SLOW_LAG_MS = 5000  # at the rated load 95 of 100 answers leave within it (AR7)
SLOW_API_MS = 800  # CH7
SHOWN_ERRORS = 6

WEBHOOKS = "whatsapp_cs.whatsapp_cs_event_action"
OUTBOX = "whatsapp_cs.whatsapp_cs_outbox_action"
MESSAGES = "whatsapp_cs.whatsapp_cs_message_action"
REFUSALS = "whatsapp_cs.whatsapp_cs_webhook_refusal_action"
HISTORY = "whatsapp_cs.whatsapp_cs_health_sample_action"
JOBS = "base.ir_cron_act"


class WhatsappCsHealth(models.AbstractModel):
    """The tiles of the screen: a figure each, in words, judged, with the way to the records behind it.

    A tile is ``{code, title, value, state, hint, lines, link, is_wide}``; a line ``{label, value, hint, state, link}``; a
    link ``{action, name, domain, context}``. The states are ``ok``, ``warning``, ``danger`` and ``none`` (nothing
    measured). The code is the kind of the alert about it, where there is one.
    """

    _inherit = "whatsapp.cs.health"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _get_sections(self, companies):
        """Return the tiles under their headings; extend it to show more."""
        hour = fields.Datetime.now() - timedelta(hours=1)
        day = fields.Datetime.now() - timedelta(hours=24)
        return [
            {
                "title": self.env._("Receiving"),
                "tiles": [
                    self._get_inbox_tile(companies),
                    self._get_failed_tile(companies),
                    self._get_lag_tile(companies, hour),
                    self._get_refusals_tile(companies, day),
                ],
            },
            {
                "title": self.env._("Sending"),
                "tiles": [
                    self._get_outbox_tile(companies),
                    self._get_sent_tile(companies),
                    self._get_delivery_tile(companies),
                    self._get_latency_tile(companies, hour),
                    self._get_errors_tile(companies, day),
                    self._get_unknown_tile(companies),
                ],
            },
            {
                "title": self.env._("System"),
                "tiles": [self._get_api_calls_tile(), self._get_storage_tile(), self._get_jobs_tile()],
            },
        ]

    @api.model
    def _tile(self, code, title, value, state, hint="", lines=(), link=None, is_wide=False):
        return {
            "code": code,
            "title": title,
            "value": value,
            "state": state,
            "hint": hint,
            "lines": list(lines),
            "link": link,
            "is_wide": is_wide,
        }

    @api.model
    def _line(self, label, value, hint="", state="ok", link=None):
        return {"label": label, "value": value, "hint": hint, "state": state, "link": link}

    @api.model
    def _link(self, action, name, domain=(), **context):
        return {"action": action, "name": name, "domain": list(domain), "context": context}

    @api.model
    def _link_to_history(self, measure, name):
        return self._link(HISTORY, name, graph_measure=measure, search_default_day=1)

    # === TILES: RECEIVING === #

    @api.model
    def _get_inbox_tile(self, companies):
        depth, age = self._measure_inbox(companies)
        title = self.env._("Webhooks waiting")
        return self._tile(
            "inbox",
            title,
            self._format_number(depth),
            "danger" if self._is_too_old(age, "inbox_minutes") else "ok",
            self.env._("The oldest for %s", self._format_seconds(age))
            if depth
            else self.env._("Everything that came is processed."),
            link=self._link(WEBHOOKS, title, [("state", "=", "new")]),
        )

    @api.model
    def _get_failed_tile(self, companies):
        failed = self._measure_failed_webhooks(companies)
        labels = dict(self.env["whatsapp.cs.event"]._fields["failure_type"]._description_selection(self.env))
        count, title = sum(failed.values()), self.env._("Failed webhooks")
        limit = self.env["whatsapp.cs.alert"]._get_limit("failed_webhooks")
        domain = [("state", "=", "failed")]
        return self._tile(
            "failed",
            title,
            self._format_number(count),
            "ok" if not count else "danger" if limit and count >= limit else "warning",
            self.env._("Mend the cause, then replay them.") if count else self.env._("None has failed."),
            [
                self._line(
                    labels.get(failure_type, failure_type or self.env._("Other")),
                    self._format_number(number),
                    link=self._link(WEBHOOKS, title, [*domain, ("failure_type", "=", failure_type or False)]),
                )
                for failure_type, number in failed.items()
            ],
            self._link(WEBHOOKS, title, domain),
        )

    @api.model
    def _get_lag_tile(self, companies, since):
        median, p95 = self._measure_lag(since, companies)
        title = self.env._("From arrival to processed")
        return self._tile(
            "lag",
            title,
            self._format_ms(median),
            "none" if median is None else "warning" if p95 > SLOW_LAG_MS else "ok",
            self._get_percentile_words(p95),
            link=self._link_to_history("lag_p95_ms", title),
        )

    @api.model
    def _get_refusals_tile(self, companies, since):
        refused = self._measure_refusals(since, companies)
        labels = dict(self.env["whatsapp.cs.webhook.refusal"]._fields["reason"]._description_selection(self.env))
        count, title = sum(refused.values()), self.env._("Refused calls, 24 hours")
        domain = [("create_date", ">", "-24H")]
        return self._tile(
            "refusals",
            title,
            self._format_number(count),
            "warning" if count else "ok",
            self.env._("They changed nothing. Is the app secret right?")
            if count
            else self.env._("No call was refused."),
            [
                self._line(
                    labels.get(reason, reason),
                    self._format_number(number),
                    link=self._link(REFUSALS, title, [*domain, ("reason", "=", reason)]),
                )
                for reason, number in refused.items()
            ],
            self._link(REFUSALS, title, domain),
        )

    # === TILES: SENDING === #

    @api.model
    def _get_outbox_tile(self, companies):
        waiting = self._measure_outbox(companies)
        count, age = (
            sum(count for count, _age in waiting.values()),
            max((age for _count, age in waiting.values()), default=0),
        )
        title, domain = self.env._("Messages waiting"), [("state", "in", ("queued", "retry", "sending"))]
        return self._tile(
            "outbox",
            title,
            self._format_number(count),
            "danger" if self._is_too_old(age, "outbox_minutes") else "ok",
            self.env._("The oldest is due for %s", self._format_seconds(age))
            if count
            else self.env._("Everything is sent."),
            [
                self._line(
                    channel.name,
                    self._format_number(waiting[channel.id][0]),
                    self._format_seconds(waiting[channel.id][1]),
                    "danger" if self._is_too_old(waiting[channel.id][1], "outbox_minutes") else "ok",
                    self._link(OUTBOX, title, [*domain, ("channel_id", "=", channel.id)]),
                )
                for channel in self.env["whatsapp.cs.channel"].browse(waiting)
            ],
            self._link(OUTBOX, title, domain),
        )

    @api.model
    def _get_sent_tile(self, companies):
        sent, _calls = self._measure_sent(fields.Datetime.now() - timedelta(minutes=1), companies)
        title = self.env._("Sent in the last minute")
        return self._tile(
            "sent",
            title,
            self._format_number(sent),
            "ok",
            self.env._("Accepted by WhatsApp."),
            link=self._link(OUTBOX, title, [("state", "=", "gone"), ("state_date", ">", "-1M")]),
        )

    @api.model
    def _get_delivery_tile(self, companies):
        accepted, delivered = self._measure_delivery(companies)
        alert, title = self.env["whatsapp.cs.alert"], self.env._("Delivered, 24 hours")
        is_bad = accepted and 100 * delivered / accepted < alert._get_limit("delivery_percent")
        return self._tile(
            "delivery",
            title,
            self._format_percent(100 * delivered / accepted) if accepted else "–",
            "none"
            if not accepted
            else "ok"
            if not is_bad
            else "danger"
            if accepted >= alert._get_limit("delivery_messages")
            else "warning",
            self.env._(
                "%(delivered)s of %(accepted)s arrived.",
                delivered=self._format_number(delivered),
                accepted=self._format_number(accepted),
            )
            if accepted
            else self.env._("Nothing was sent, except in the last minutes."),
            link=self._link(
                MESSAGES, title, [("direction", "=", "out"), ("date", ">", "-24H")], search_default_group_state=1
            ),
        )

    @api.model
    def _get_latency_tile(self, companies, since):
        median, p95 = self._measure_api_latency(since, companies)
        title = self.env._("WhatsApp's answer")
        return self._tile(
            "latency",
            title,
            self._format_ms(median),
            "none" if median is None else "warning" if median > SLOW_API_MS else "ok",
            self._get_percentile_words(p95),
            link=self._link_to_history("api_latency_p95_ms", title),
        )

    @api.model
    def _get_errors_tile(self, companies, since):
        errors = self._measure_errors(since, companies)
        count, title = sum(errors.values()), self.env._("Failed messages, 24 hours")
        domain = [("state", "=", "failed"), ("failed_date", ">", "-24H")]
        most_frequent = sorted(errors, key=errors.get, reverse=True)[:SHOWN_ERRORS]
        return self._tile(
            "errors",
            title,
            self._format_number(count),
            "warning" if count else "ok",
            self.env._("By WhatsApp's error code:") if count else self.env._("None has failed."),
            [
                self._line(
                    code or self.env._("No code"),
                    self._format_number(errors[code]),
                    self._get_error_words(code),
                    link=self._link(MESSAGES, title, [*domain, ("error_code", "=", code or False)]),
                )
                for code in most_frequent
            ],
            self._link(MESSAGES, title, domain, search_default_group_error=1),
            is_wide=True,
        )

    @api.model
    def _get_error_words(self, code):
        code = int(code) if code and code.isdecimal() else code
        return self.env["whatsapp.cs.outbox"]._get_meaning(code)

    @api.model
    def _get_unknown_tile(self, companies):
        (asked, waiting), title = self._measure_unknown(companies), self.env._("Outcome unknown")
        waiting_label = self.env._("Waiting for WhatsApp's report")
        waiting_domain = [("state", "=", "unknown"), ("is_settled", "=", False)]
        return self._tile(
            "unknown",
            title,
            self._format_number(asked),
            "warning" if asked or waiting else "ok",
            self.env._("They may have arrived: ask before you send again.")
            if asked
            else self.env._("Nobody has to ask a customer."),
            [
                self._line(
                    waiting_label, self._format_number(waiting), link=self._link(OUTBOX, waiting_label, waiting_domain)
                )
            ]
            if waiting
            else [],
            self._link(MESSAGES, title, [("is_unknown", "=", True)]),
        )

    # === TILES: SYSTEM === #

    @api.model
    def _get_api_calls_tile(self):
        calls, alert = self.env["whatsapp.cs.health.sample"]._get_api_calls(), self.env["whatsapp.cs.alert"]
        granted, limit = alert._get_limit("api_calls_granted"), alert._get_limit("api_calls_percent")
        used, title = 100 * calls / granted if granted else 0, self.env._("API calls, 24 hours")
        return self._tile(
            "api_calls",
            title,
            self._format_number(calls),
            "danger" if used >= 100 else "warning" if limit and used >= limit else "ok",
            self.env._(
                "%(percent)s of the %(granted)s granted",
                percent=self._format_percent(used),
                granted=self._format_number(granted),
            )
            if granted
            else self.env._("How many are granted is not set."),
            link=self._link_to_history("api_calls", title),
        )

    @api.model
    def _get_storage_tile(self):
        growth, title = self.env["whatsapp.cs.health.sample"]._get_growth(), self.env._("Storage")
        limit = self.env["whatsapp.cs.alert"]._get_limit("growth_percent")
        return self._tile(
            "storage",
            title,
            self.env._("%s MB", self._format_number(self._measure_storage())),
            "warning" if growth is not None and limit and growth > limit else "ok",
            self._get_growth_words(growth),
            link=self._link_to_history("storage_mb", title),
        )

    @api.model
    def _get_growth_words(self, growth):
        if growth is None:
            return self.env._("Growth is known after a week.")
        return (
            self.env._("Grows by %s a month.", self._format_percent(growth))
            if growth > 0
            else self.env._("Does not grow.")
        )

    @api.model
    def _get_jobs_tile(self):
        lines = [self._get_job_line(job) for job in self._find_jobs()]
        states = [line["state"] for line in lines]
        return self._tile(
            "jobs",
            self.env._("Jobs"),
            self.env._("%(running)s of %(all)s run", running=states.count("ok"), all=len(lines)),
            next((state for state in ("danger", "warning") if state in states), "ok"),
            lines=lines,
            is_wide=True,
        )

    @api.model
    def _get_job_line(self, job):
        overdue = self._get_overdue_seconds(job)
        if not job.active:
            state, value = "warning", self.env._("switched off")
        elif job.failure_count:
            state, value = "danger", self.env._("failed %s times", job.failure_count)
        elif self._is_too_old(overdue, "job_minutes"):
            state, value = "danger", self.env._("overdue for %s", self._format_seconds(overdue))
        else:
            state, value = (
                "ok",
                self.env._("%s ago", self._format_age(job.lastcall)) if job.lastcall else self.env._("not yet"),
            )
        # The user's own rights decide: only the system's administrators may open a job.
        link = (
            self._link(JOBS, job.name, [("id", "=", job.id)]) if self.env.user.has_group("base.group_system") else None
        )
        return self._line(job.name, value, state=state, link=link)
