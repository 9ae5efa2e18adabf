import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;

/** @returns {number|undefined} full minutes since a date of the server */
export function getMinutesSince(date, now) {
    return date
        ? Math.max(0, Math.floor((now - deserializeDateTime(date).toMillis()) / 60000))
        : undefined;
}

/** How long somebody waits, as short as it can be said. */
export function formatWaiting(minutes) {
    if (minutes < 1) {
        return _t("now");
    }
    if (minutes < 60) {
        return _t("%s min", minutes);
    }
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? _t("%s h", hours) : _t("%s d", Math.floor(hours / 24));
}

/** The time of today, the day of this week, else the date. */
export function formatDate(date, now) {
    if (!date) {
        return "";
    }
    const moment = deserializeDateTime(date);
    const today = DateTime.fromMillis(now);
    if (moment.hasSame(today, "day")) {
        return moment.toLocaleString(DateTime.TIME_SIMPLE);
    }
    if (today.diff(moment, "days").days < 6) {
        return moment.toLocaleString({ weekday: "short" });
    }
    return moment.toLocaleString({
        day: "numeric",
        month: "short",
        year: moment.hasSame(today, "year") ? undefined : "numeric",
    });
}

export function formatFull(date) {
    return date ? deserializeDateTime(date).toLocaleString(DateTime.DATETIME_MED) : "";
}

/** Below 5, from 5 to 15, and above 15 minutes (CO7); `LATE` on the server. */
export function getWaitingLevel(minutes) {
    return minutes > 15 ? "late" : minutes >= 5 ? "soon" : "fine";
}
