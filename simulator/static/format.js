/** How names, numbers and times are written. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const longDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });
const DAY = 86400000;

function startOfDay(date) {
    return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function daysAgo(date) {
    return Math.round((startOfDay(new Date()) - startOfDay(date)) / DAY);
}

export const toDate = (timestamp) => new Date(timestamp * 1000);
export const time = (timestamp) => clock.format(toDate(timestamp));
export const dayKey = (timestamp) => startOfDay(toDate(timestamp)).getTime();

export function dayName(timestamp) {
    const date = toDate(timestamp);
    const days = daysAgo(date);
    if (days === 0) {
        return "Today";
    }
    if (days === 1) {
        return "Yesterday";
    }
    return days > 1 && days < 7 ? weekday.format(date) : longDay.format(date);
}

/** The short date of the customer list: a time today, later a day. */
export function listDate(timestamp) {
    const days = daysAgo(toDate(timestamp));
    if (days === 0) {
        return time(timestamp);
    }
    return days > 0 && days < 7 ? dayName(timestamp) : shortDay.format(toDate(timestamp));
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const firstGrapheme = (word) => segmenter.segment(word)[Symbol.iterator]().next().value?.segment ?? "";

/** Initials of a name in any script; joined scripts (Arabic) and names without letters give one sign. */
export function initials(name) {
    const words = (name ?? "").trim().split(/\s+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
    if (!words.length) {
        return firstGrapheme((name ?? "").trim()) || "?";
    }
    const picked = words.length === 1 || /^\p{Script=Arabic}/u.test(words[0]) ? [words[0]] : [words[0], words.at(-1)];
    return picked.map((word) => firstGrapheme(word).toLocaleUpperCase()).join("");
}

/** A stable colour number (0–9) for a customer. */
export function hue(id) {
    let sum = 7;
    for (const sign of String(id)) {
        sum = (sum * 31 + sign.codePointAt(0)) >>> 0;
    }
    return sum % 10;
}

const regions = new Intl.DisplayNames(["en"], { type: "region" });
const languages = new Intl.DisplayNames(["en"], { type: "language" });

/** `{flag, name}` of a country given as ISO code or, failing that, as text. */
export function country(code) {
    if (!code) {
        return { flag: "", name: "" };
    }
    if (!/^[A-Za-z]{2}$/.test(code)) {
        return { flag: "", name: code };
    }
    const upper = code.toUpperCase();
    const flag = String.fromCodePoint(...[...upper].map((letter) => 0x1f1a5 + letter.codePointAt(0)));
    return { flag, name: regions.of(upper) ?? upper };
}

export function language(code) {
    try {
        return code ? languages.of(code.replace("_", "-")) : "";
    } catch {
        return code;
    }
}

/** Minutes and seconds of a recording. */
export const duration = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function fileSize(bytes) {
    const units = ["B", "kB", "MB"];
    const power = bytes < 1000 ? 0 : bytes < 1e6 ? 1 : 2;
    const value = bytes / 1000 ** power;
    return `${power && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

export const phoneNumber = (digits) => (digits ? `+${String(digits).replace(/^\+/, "")}` : "");

export function username(customer) {
    return customer.username ? `@${customer.username.replace(/^@/, "")}` : "";
}

/** How the business sees this customer: the number, or the name they chose instead. */
export function handle(customer) {
    return customer.wa_id ? phoneNumber(customer.wa_id) : username(customer) || "No number or username";
}

/** What is left of the 24 hours in which a business may write freely: `{open, short, sentence}`. */
export function replyWindow(end) {
    const left = end ? end - Date.now() / 1000 : 0;
    if (left <= 0) {
        return {
            open: false,
            short: "Closed",
            sentence: end
                ? "The 24-hour window is over: until the customer writes again, the business can only send approved templates."
                : "The customer has not written yet: the business can only send approved templates.",
        };
    }
    const hours = Math.floor(left / 3600);
    const minutes = Math.max(1, Math.floor((left % 3600) / 60));
    const when = `${dayKey(end) === dayKey(Date.now() / 1000) ? "today" : futureDay(end)} at ${time(end)}`;
    return {
        open: true,
        short: hours ? `${hours} h` : `${minutes} min`,
        sentence: `The business may answer freely until ${when}. Every message of the customer starts 24 hours anew.`,
    };
}

function futureDay(timestamp) {
    return daysAgo(toDate(timestamp)) === -1 ? "tomorrow" : `on ${longDay.format(toDate(timestamp))}`;
}
