/** The list of customers on the left. */
import { h } from "./dom.js";
import { country, handle, hue, initials, listDate } from "./format.js";
import { preview, ticks } from "./bubbles.js";

export function chatOf(customer, numberId) {
    return customer.chats.find((chat) => chat.phone_number_id === numberId);
}

function fold(text) {
    return text.normalize("NFKD").replace(/\p{Diacritic}/gu, "").toLowerCase();
}

function matches(customer, query) {
    const place = country(customer.country).name;
    const text = fold([customer.name, customer.username, customer.wa_id && `+${customer.wa_id}`, place].filter(Boolean).join(" "));
    const digits = query.replace(/[\s()-]/g, "");
    return text.includes(fold(query)) || (/^\+?\d+$/.test(digits) && text.includes(digits));
}

/** Newest chat first; who never wrote follows by name. */
function compare(numberId) {
    const last = (customer) => chatOf(customer, numberId)?.last_message?.timestamp ?? 0;
    return (a, b) => last(b) - last(a) || a.name.localeCompare(b.name);
}

export function avatar(customer) {
    return h("span", { class: "avatar", "aria-hidden": "true", dataset: { hue: hue(customer.id) }, text: initials(customer.name) });
}

export class CustomerList {
    constructor(root, { onChoose }) {
        this.root = root;
        this.onChoose = onChoose;
        this.query = "";
        root.addEventListener("keydown", (event) => this.onKeydown(event));
    }

    /** Draw `{customers, numberId, customerId, isTyping(customer)}`. */
    render(state) {
        this.state = state;
        const focused = document.activeElement?.closest?.("[data-customer-id]")?.dataset.customerId;
        const hadFocus = this.root.contains(document.activeElement);
        const shown = state.customers.filter((customer) => matches(customer, this.query.trim())).sort(compare(state.numberId));
        this.root.replaceChildren(
            ...(shown.length ? shown.map((customer) => this.renderItem(customer)) : [this.renderNone()])
        );
        if (hadFocus && focused) {
            this.root.querySelector(`[data-customer-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
        }
    }

    search(query) {
        this.query = query;
        this.render(this.state);
    }

    renderNone() {
        const text = this.query.trim()
            ? `No customer matches “${this.query.trim()}”.`
            : "There are no customers yet. Add one with the + button above.";
        return h("li", { class: "none", text });
    }

    renderItem(customer) {
        const { numberId, customerId } = this.state;
        const chat = chatOf(customer, numberId);
        const last = chat?.last_message;
        const place = country(customer.country);
        const current = customer.id === customerId;
        return h(
            "li",
            {},
            h(
                "button",
                {
                    type: "button",
                    class: "customer-item",
                    "aria-current": current ? "true" : null,
                    dataset: { testid: "customer", customerId: customer.id },
                    on: { click: () => this.onChoose(customer.id) },
                },
                avatar(customer),
                h(
                    "span",
                    { class: "customer-text" },
                    h(
                        "span",
                        { class: "customer-line" },
                        h("bdi", { class: "customer-name", text: customer.name }),
                        last ? h("time", { text: listDate(last.timestamp) }) : null
                    ),
                    h(
                        "span",
                        { class: "customer-line sub" },
                        place.flag ? h("span", { class: "flag", role: "img", "aria-label": place.name, title: place.name, text: place.flag }) : null,
                        h("bdi", { class: "customer-handle", text: handle(customer) }),
                        customer.wa_id ? null : h("span", { class: "tag", text: "number hidden" }),
                        !place.flag && place.name ? h("span", { text: place.name }) : null
                    ),
                    h(
                        "span",
                        { class: "customer-line" },
                        this.renderPreview(customer, last),
                        chat?.unread
                            ? h("span", { class: "badge", dataset: { testid: "unread" }, "aria-label": `${chat.unread} unread` }, String(chat.unread))
                            : null
                    )
                )
            )
        );
    }

    renderPreview(customer, last) {
        if (this.state.isTyping(customer)) {
            return h("span", { class: "customer-preview is-typing", text: "typing…" });
        }
        if (!last) {
            return h("span", { class: "customer-preview faint", text: "No messages yet" });
        }
        const mark = last.from === "customer" ? ticks(last) : null;
        mark?.removeAttribute("data-testid"); // that name belongs to the bubbles
        return h("span", { class: "customer-preview" }, mark, h("bdi", { text: preview(last) }));
    }

    onKeydown(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
            const items = [...this.root.querySelectorAll(".customer-item")];
            items[items.indexOf(document.activeElement) + step]?.focus();
            event.preventDefault();
        }
    }
}
