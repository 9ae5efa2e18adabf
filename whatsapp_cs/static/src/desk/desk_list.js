import { markRaw } from "@odoo/owl";

const MODEL = "whatsapp.cs.conversation";
/** PostgreSQL puts rows without a date first where the newest comes first. */
const NO_DATE = "9999";

/** The newest first. */
function compareNewest(a, b) {
    const dateA = a.last_message_date || NO_DATE;
    const dateB = b.last_message_date || NO_DATE;
    return dateA === dateB ? b.id - a.id : dateA < dateB ? 1 : -1;
}

/** The longest waiting first; after them those who don't wait, the newest first. */
function compareWaiting(a, b) {
    if (a.unanswered_date === b.unanswered_date) {
        return compareNewest(a, b);
    }
    if (!a.unanswered_date || !b.unanswered_date) {
        return a.unanswered_date ? -1 : 1;
    }
    return a.unanswered_date < b.unanswered_date ? -1 : 1;
}

/**
 * The conversations of one tab, as far as they are loaded, in the server's order. Which belong to the tab is for the
 * server to say; here they are kept together while they come, change and go.
 */
export class DeskList {
    constructor(orm) {
        this.orm = orm;
        this.tabs = [];
        this.tabId = undefined;
        this.domain = [];
        /** Replaced whenever it changes: thousands of rows are not watched one by one. */
        this.rows = markRaw([]);
        /** Where the next page begins: date of the first unanswered message, of the last one, id. */
        this.after = false;
        this.isLoading = false;
        this.isLoaded = false;
        this.request = 0;
    }

    get tab() {
        return this.tabs.find(({ id }) => id === this.tabId);
    }

    get compare() {
        return this.tab?.is_by_waiting ? compareWaiting : compareNewest;
    }

    /** Load the first page of a tab. */
    async open(tabId, domain = this.domain) {
        if (tabId !== this.tabId) {
            this.rows = markRaw([]);
            this.isLoaded = false;
        }
        Object.assign(this, { after: false, domain, tabId });
        await this.load((page) => {
            this.rows = markRaw(page.rows);
            this.isLoaded = true;
        });
    }

    /** Load the next page, if there is one and it is not on its way. */
    async more() {
        if (this.after && !this.isLoading) {
            await this.load((page) => {
                const known = new Set(this.rows.map((row) => row.id));
                this.rows = markRaw([...this.rows, ...page.rows.filter((row) => !known.has(row.id))]);
            });
        }
    }

    async load(take) {
        const request = ++this.request;
        this.isLoading = true;
        try {
            const page = await this.orm.call(MODEL, "get_desk_page", [this.tabId], {
                after: this.after,
                domain: this.domain,
            });
            if (request === this.request) {
                take(page);
                this.after = page.after;
            }
        } finally {
            if (request === this.request) {
                this.isLoading = false;
            }
        }
    }

    /** Look again at conversations of which somebody said that they have changed, and at what the tabs count. */
    async refresh(ids) {
        const { request, tabId } = this;
        const { rows, tabs } = await this.orm.call(MODEL, "get_desk_changes", [tabId, ids], {
            domain: this.domain,
        });
        this.tabs = tabs;
        if (request === this.request && !this.isLoading) {
            this.apply(ids, rows);
            return true;
        }
        return false;
    }

    /** Put changed rows in their places; those not among ``rows`` have left the tab. */
    apply(ids, rows) {
        const changed = new Set(ids);
        const kept = this.rows.filter((row) => !changed.has(row.id));
        if (kept.length === this.rows.length && !rows.length) {
            return;
        }
        const [unanswered_date, last_message_date, id] = this.after || [];
        const end = this.after && { id, last_message_date, unanswered_date };
        // What belongs behind the last page that was loaded comes with the next one.
        const shown = rows.filter((row) => !end || this.compare(row, end) <= 0);
        this.rows = markRaw([...kept, ...shown].sort(this.compare));
    }

    find(id) {
        return this.rows.find((row) => row.id === id);
    }

    /** Who should be answered next: the longest waiting except ``id``; when nobody waits, the one below. */
    next(id) {
        const waiting = this.rows.find((row) => row.unanswered_date && row.id !== id);
        return waiting ?? this.step(id, 1);
    }

    /** The row above or below; from outside the list, the first one. */
    step(id, by) {
        const index = this.rows.findIndex((row) => row.id === id);
        return index < 0 ? this.rows[0] : this.rows[index + by];
    }
}
