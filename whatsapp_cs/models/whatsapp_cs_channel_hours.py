from datetime import datetime, timedelta

import pytz

from odoo import fields, models

from odoo.addons.base.models.res_partner import _tz_get


class WhatsappCsChannel(models.Model):
    """When somebody is there to answer: a number's time zone and office hours (CH9)."""

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self.env.company.partner_id.tz or self.env.user.tz or "UTC",
        help="Office hours and times of the day are meant in it.",
    )
    resource_calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Hours",
        check_company=True,
        help="The hours, days off and public holidays of those who answer. Empty: every day but the hours below.",
    )
    off_hours_from = fields.Float("Closed From", default=22.0, help="Hour of the day in the number's time zone.")
    off_hours_to = fields.Float("Closed Until", default=8.0)

    _off_hours_bounds = models.Constraint(
        "CHECK(off_hours_from >= 0 AND off_hours_from < 24 AND off_hours_to >= 0 AND off_hours_to < 24)",
        "Hours of the day are between 00:00 and 23:59.",
    )

    def _get_local_time(self, date):
        """Return ``date`` (naive, UTC) as it is on the clocks of the number's time zone."""
        self.ensure_one()
        return pytz.utc.localize(date).astimezone(pytz.timezone(self.tz or "UTC"))

    def _is_open(self, date):
        """Tell whether somebody is there at ``date`` (naive, UTC)."""
        self.ensure_one()
        if not self.resource_calendar_id:
            local = self._get_local_time(date)
            return not is_between(local.hour + local.minute / 60, self.off_hours_from, self.off_hours_to)
        start = pytz.utc.localize(date)
        # sudo: resource.calendar - who is served need not be allowed to read the holidays
        intervals = self.resource_calendar_id.sudo()._work_intervals_batch(start, start + timedelta(seconds=1))
        return bool(intervals[False])

    def _get_next_opening(self, date):
        """Return when somebody is there again after ``date`` (both naive, UTC), None when nobody will be for two weeks."""
        self.ensure_one()
        if self.resource_calendar_id:
            start = pytz.utc.localize(date)
            calendar = self.resource_calendar_id.sudo()  # sudo: as in _is_open
            intervals = list(calendar._work_intervals_batch(start, start + timedelta(days=14))[False])
            return intervals[0][0].astimezone(pytz.utc).replace(tzinfo=None) if intervals else None
        local = self._get_local_time(date)
        hour = timedelta(hours=self.off_hours_to)
        days = (local.date() + timedelta(days=number) for number in (0, 1))
        zone = pytz.timezone(self.tz or "UTC")
        times = (zone.localize(datetime.combine(day, datetime.min.time()) + hour) for day in days)
        return next(time for time in times if time > local).astimezone(pytz.utc).replace(tzinfo=None)


def is_between(hour, start, end):
    """Tell whether an hour of the day lies between two others, of which the second may be on the next day."""
    return start <= hour < end if start <= end else hour >= start or hour < end
