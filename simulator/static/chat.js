/** The phone: header, messages, composer of the chat that is open. */
import { h, icon, iconButton } from "./dom.js";
import { dayKey, dayName, hue, initials, phoneNumber, replyWindow, time } from "./format.js";
import { renderRow } from "./bubbles.js";
import { Composer } from "./composer.js";
import { closePicker, openPicker } from "./picker.js";
import { enableSwipe } from "./swipe.js";

const PAGE = 150; // messages drawn at once; older ones on demand
const GROUP_SECONDS = 300;
const NEAR_END = 80;

export class Chat {
    /**
     * `handlers`: onBack, onSend(text, replied), onFile(kind, file, caption, replied), onPlace(replied),
     * onContact(replied), onReact(message, emoji), onRetry(message), onTap(message, choice), onPlay(message),
     * onDelete(message), onShareNumber(message), onNote(text).
     */
    constructor(root, handlers) {
        this.root = root;
        this.handlers = handlers;
        this.drafts = new Map();
        this.build();
        setInterval(() => this.thread && this.updateHeader(), 1000);
    }

    build() {
        this.statusTime = h("span");
        this.avatar = h("span", { class: "avatar", "aria-hidden": "true" });
        this.title = h("h2", { dir: "auto" });
        this.subtitle = h("span", { class: "subtitle" });
        this.typing = h("span", { class: "typing", dataset: { testid: "typing" }, hidden: true, text: "typing…" });
        this.window = h("button", {
            type: "button",
            class: "window",
            dataset: { testid: "window" },
            on: { click: () => this.toggleWindowInfo() },
        });
        this.windowInfo = h("p", { class: "window-info", role: "status", hidden: true });
        this.log = h("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" });
        this.pill = h(
            "button",
            { type: "button", class: "pill", dataset: { testid: "newest" }, hidden: true, on: { click: () => this.scrollToEnd() } },
            icon("down"),
            h("span")
        );
        const { onSend, onFile, onPlace, onContact } = this.handlers;
        this.composer = new Composer({ onSend, onFile, onPlace, onContact, holder: this.root });
        this.root.append(
            h(
                "div",
                { class: "screen" },
                h("div", { class: "status-bar", "aria-hidden": "true" }, this.statusTime, h("i", { class: "island" }), h("i", { class: "signal" })),
                h(
                    "header",
                    { class: "chat-head" },
                    iconButton("back", "Back to the customers", this.handlers.onBack, { class: "back" }),
                    this.avatar,
                    h("div", { class: "chat-title" }, this.title, h("p", { "aria-live": "polite" }, this.subtitle, this.typing)),
                    this.window
                ),
                this.windowInfo,
                h("div", { class: "log-frame" }, this.log, this.pill),
                this.composer.element
            )
        );
        this.log.addEventListener("scroll", () => this.onScroll(), { passive: true });
        this.log.addEventListener("load", () => this.onLoaded(), { capture: true });
        this.log.addEventListener("loadedmetadata", () => this.onLoaded(), { capture: true });
        this.log.addEventListener("keydown", (event) => this.onLogKeydown(event));
        this.log.addEventListener("click", (event) => this.onLogClick(event));
        enableSwipe(this.log, (row) => this.reply(this.thread.find(row.dataset.rowId)));
        // the keyboard of a real phone or a growing composer must not hide the newest message
        new ResizeObserver(() => this.atEnd && this.scrollToEnd()).observe(this.log);
    }

    /** Show a thread; `thread.messages` may arrive later (`loading`). */
    open(thread, customer, number) {
        this.keepDraft();
        closePicker();
        this.thread = thread;
        this.customer = customer;
        this.number = number;
        this.names = { customer: "You", business: number.verified_name || phoneNumber(number.display_phone_number) };
        this.shown = PAGE;
        this.unseen = 0;
        this.windowInfo.hidden = true;
        this.composer.open(this.drafts.get(thread), this.names);
        this.avatar.dataset.hue = hue(number.phone_number_id);
        this.avatar.textContent = initials(this.names.business);
        this.title.textContent = this.names.business;
        this.root.setAttribute("aria-label", `Phone of ${customer.name}: chat with ${this.names.business}`);
        this.render();
        this.scrollToEnd();
    }

    close() {
        this.keepDraft();
        closePicker();
        this.thread = null;
    }

    keepDraft() {
        if (this.thread) {
            this.drafts.set(this.thread, this.composer.draft);
        }
    }

    // --- header ---

    updateHeader() {
        const typing = this.thread.isTyping;
        this.statusTime.textContent = time(Date.now() / 1000);
        this.typing.hidden = !typing;
        this.subtitle.hidden = typing;
        this.subtitle.textContent = this.number.display_phone_number ?? "";
        this.updateTypingBubble(typing);
        const state = replyWindow(this.thread.windowEnd);
        const key = `${state.open}|${state.short}`;
        if (this.window.dataset.key !== key) {
            this.window.dataset.key = key;
            this.window.classList.toggle("closed", !state.open);
            this.window.replaceChildren(icon(state.open ? "clock" : "lock"), h("span", { text: state.short }));
        }
        this.window.title = state.sentence;
        this.window.setAttribute("aria-label", `Reply window: ${state.short}. ${state.sentence}`);
        this.windowInfo.textContent = state.sentence;
    }

    toggleWindowInfo() {
        this.windowInfo.hidden = !this.windowInfo.hidden;
    }

    updateTypingBubble(typing) {
        const shown = this.log.querySelector(".typing-row");
        if (typing && !shown) {
            const follow = this.atEnd;
            this.log.append(
                h("div", { class: "row business typing-row", "aria-hidden": "true" }, h("div", { class: "typing-dots" }, h("i"), h("i"), h("i")))
            );
            if (follow) {
                this.scrollToEnd();
            }
        } else if (!typing) {
            shown?.remove();
        }
    }

    // --- messages ---

    get view() {
        return {
            names: this.names,
            findMessage: (id) => this.thread.find(id),
            onJump: (id) => this.jump(id),
            onReply: (message) => this.reply(message),
            onReact: this.handlers.onReact,
            onRetry: this.handlers.onRetry,
            onTap: this.handlers.onTap,
            onPlay: this.handlers.onPlay,
            onDelete: this.handlers.onDelete,
            onShareLocation: this.handlers.onPlace,
            onShareNumber: this.handlers.onShareNumber,
            onNote: this.handlers.onNote,
            holder: this.root,
            onPick: (message, anchor) =>
                openPicker({
                    anchor,
                    holder: this.root,
                    label: "React",
                    current: message.reactions?.find((reaction) => reaction.from === "customer")?.emoji,
                    onChoose: (emoji) => this.handlers.onReact(message, emoji),
                }),
        };
    }

    renderMessage(message, previous) {
        const grouped =
            previous?.from === message.from &&
            message.timestamp - previous.timestamp < GROUP_SECONDS &&
            dayKey(previous.timestamp) === dayKey(message.timestamp);
        return renderRow(message, { grouped }, this.view);
    }

    daySeparator(message, previous) {
        if (previous && dayKey(previous.timestamp) === dayKey(message.timestamp)) {
            return null;
        }
        return h("div", { class: "day", role: "separator" }, h("span", { text: dayName(message.timestamp) }));
    }

    /** Draw everything anew, keeping the position. */
    render() {
        const fromEnd = this.log.scrollHeight - this.log.scrollTop;
        const follow = this.atEnd;
        const { messages } = this.thread;
        const first = Math.max(0, messages.length - this.shown);
        const nodes = [];
        if (first) {
            nodes.push(h("button", { type: "button", class: "earlier", text: "Show earlier messages", on: { click: () => this.showEarlier() } }));
        }
        if (!messages.length) {
            nodes.push(this.renderEmpty());
        }
        for (let index = first; index < messages.length; index++) {
            const previous = index > first ? messages[index - 1] : null;
            nodes.push(this.daySeparator(messages[index], previous), this.renderMessage(messages[index], previous));
        }
        this.log.replaceChildren(...nodes.filter(Boolean));
        this.updateHeader();
        if (follow) {
            this.scrollToEnd();
        } else {
            this.log.scrollTop = this.log.scrollHeight - fromEnd;
        }
    }

    renderEmpty() {
        if (this.thread.loading) {
            return h("p", { class: "log-note", text: "Loading…" });
        }
        return h(
            "div",
            { class: "log-empty" },
            h("span", { class: "wave", "aria-hidden": "true", text: "👋" }),
            h("p", {}, h("b", { text: "No messages yet" })),
            h("p", { text: `Say hello to ${this.names.business} – as ${this.customer.name}.` })
        );
    }

    showEarlier() {
        this.shown += PAGE;
        this.render();
    }

    rowOf(id) {
        return this.log.querySelector(`[data-row-id="${CSS.escape(id)}"]`);
    }

    /** Show a change that `Thread.put` or `Thread.addLocal` made; `how` is what they returned. */
    apply(message, how) {
        if (how === "added") {
            this.append(message);
        } else if (how === "updated") {
            this.refresh(message);
        } else {
            this.render();
        }
        this.updateHeader();
    }

    append(message) {
        const follow = this.atEnd || message.from === "customer";
        const previous = this.thread.messages.at(-2);
        this.shown += 1;
        this.log.querySelector(".log-empty, .log-note")?.remove();
        const row = this.renderMessage(message, previous);
        row.classList.add("fresh");
        const typing = this.log.querySelector(".typing-row");
        const nodes = [this.daySeparator(message, previous), row].filter(Boolean);
        typing ? typing.before(...nodes) : this.log.append(...nodes);
        if (follow) {
            this.scrollToEnd();
        } else {
            this.unseen += 1;
            this.updatePill();
        }
    }

    /** Redraw one message in place; `oldId` when it has just got its id from the server. */
    refresh(message, oldId = message.id) {
        const row = this.rowOf(oldId);
        if (!row) {
            return;
        }
        const follow = this.atEnd;
        const index = this.thread.messages.indexOf(message);
        const fresh = this.renderMessage(message, this.thread.messages[index - 1]);
        const focused = row.contains(document.activeElement);
        fresh.classList.toggle("show-actions", row.classList.contains("show-actions"));
        row.replaceWith(fresh);
        if (focused) {
            fresh.focus({ preventScroll: true });
        }
        if (follow) {
            this.scrollToEnd();
        }
    }

    /** Pictures arrive after their bubble and push the end away. */
    onLoaded() {
        if (this.atEnd) {
            this.scrollToEnd();
        }
    }

    reply(message) {
        if (message && !message.local) {
            this.composer.setReplied(message);
            this.composer.focus();
        }
    }

    jump(id) {
        const index = this.thread.messages.findIndex((message) => message.id === id);
        if (index < 0) {
            this.handlers.onNote("The quoted message is no longer in this chat.");
            return;
        }
        if (!this.rowOf(id)) {
            this.shown = this.thread.messages.length - index + 20;
            this.render();
        }
        const row = this.rowOf(id);
        this.atEnd = false;
        row.scrollIntoView({ block: "center", behavior: "smooth" });
        row.classList.remove("flash");
        void row.offsetWidth; // restarts the animation when the same quote is clicked twice
        row.classList.add("flash");
        row.focus({ preventScroll: true });
    }

    // --- scrolling ---

    onScroll() {
        this.atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
        if (this.atEnd) {
            this.unseen = 0;
        }
        this.updatePill();
    }

    scrollToEnd() {
        this.atEnd = true;
        this.unseen = 0;
        this.log.scrollTop = this.log.scrollHeight;
        this.updatePill();
    }

    updatePill() {
        this.pill.hidden = this.atEnd;
        this.pill.classList.toggle("has-new", this.unseen > 0);
        this.pill.lastChild.textContent = this.unseen ? `${this.unseen} new ${this.unseen === 1 ? "message" : "messages"}` : "";
        this.pill.setAttribute("aria-label", this.unseen ? `${this.pill.lastChild.textContent}, go to the newest` : "Go to the newest message");
    }

    // --- keyboard and touch ---

    onLogKeydown(event) {
        const rows = [...this.log.querySelectorAll(".row[data-row-id]")];
        const current = event.target.closest(".row");
        const index = rows.indexOf(current);
        const onRow = event.target === current;
        if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            const step = event.key === "ArrowUp" ? -1 : 1;
            const next = index < 0 ? rows.at(-1) : rows[index + step];
            next?.focus();
            next?.scrollIntoView({ block: "nearest" });
            event.preventDefault();
        } else if (onRow && (event.key === "Enter" || event.key === "r")) {
            this.reply(this.thread.find(current.dataset.rowId));
            event.preventDefault();
        } else if (event.key === "Escape") {
            this.composer.focus();
        }
    }

    // without a mouse there is no hovering: a tap shows the buttons
    onLogClick(event) {
        if (matchMedia("(hover: hover)").matches || event.target.closest("a, button")) {
            return;
        }
        const row = event.target.closest(".bubble") && event.target.closest(".row");
        for (const other of this.log.querySelectorAll(".show-actions")) {
            if (other !== row) {
                other.classList.remove("show-actions");
            }
        }
        row?.classList.toggle("show-actions");
    }
}
