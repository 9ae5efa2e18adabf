/** The messages between one customer and one business number, without any display. */

const WINDOW_SECONDS = 24 * 3600;
const TYPING_SECONDS = 25; // a typing indicator fades after this time when nothing follows

// A status only moves forward, however the events are ordered. "failed" is final.
const RANK = { local: 0, pending: 1, sent: 2, delivered: 3, read: 4, played: 5, failed: 6 };

let localCount = 0;

export class Thread {
    constructor(customerId, numberId) {
        this.customerId = customerId;
        this.numberId = numberId;
        this.messages = [];
        this.windowEnd = null;
        this.typingUntil = 0;
    }

    find(id) {
        return this.messages.find((message) => message.id === id);
    }

    get isTyping() {
        return this.typingUntil > Date.now();
    }

    setTyping(typing) {
        this.typingUntil = typing ? Date.now() + TYPING_SECONDS * 1000 : 0;
    }

    /** Take over what the server has; messages it never got stay, so that they can be tried again. */
    load({ messages, business_typing, window_end }) {
        const unsent = this.messages.filter((message) => message.local);
        this.messages = messages.filter((message) => message.type !== "reaction");
        this.messages.push(...unsent);
        this.messages.sort((a, b) => a.timestamp - b.timestamp);
        this.windowEnd = window_end;
        this.setTyping(business_typing);
    }

    /** Add or update one message; returns "added", "updated", or "sorted" when the order is new too. */
    put(message) {
        if (message.from === "business") {
            this.setTyping(false);
        } else if (message.status !== "failed") {
            this.windowEnd = Math.max(this.windowEnd ?? 0, message.timestamp + WINDOW_SECONDS);
        }
        const known = this.find(message.id) ?? this.findLocalTwin(message);
        if (known) {
            const twin = known.local;
            const status = !twin && RANK[known.status] > RANK[message.status] ? known.status : message.status;
            delete known.local;
            Object.assign(known, message, { status });
            return twin ? this._sort() : "updated";
        }
        this.messages.push(message);
        return this._sort() === "sorted" ? "sorted" : "added";
    }

    _sort() {
        const before = this.messages.map((message) => message.id).join();
        this.messages.sort((a, b) => a.timestamp - b.timestamp);
        return before === this.messages.map((message) => message.id).join() ? "updated" : "sorted";
    }

    // The server's event may overtake its answer to our own request.
    findLocalTwin(message) {
        if (message.from !== "customer") {
            return undefined;
        }
        return this.messages.find(
            (own) => own.local === "sending" && own.text === message.text && own.context?.id === message.context?.id
        );
    }

    addLocal(text, replied) {
        const message = {
            id: `local-${++localCount}`,
            local: "sending",
            from: "customer",
            type: "text",
            text,
            timestamp: Date.now() / 1000,
            status: "pending",
            context: replied ? { id: replied.id, from: replied.from, text: replied.text } : null,
            reactions: [],
            payload: {},
        };
        this.messages.push(message);
        return message;
    }

    remove(message) {
        this.messages = this.messages.filter((other) => other !== message);
    }

    /** Is there something the customer has not seen? */
    get hasUnread() {
        return this.messages.some(
            (message) => message.from === "business" && (message.status === "sent" || message.status === "delivered")
        );
    }
}
