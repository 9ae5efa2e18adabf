/** Where the customer writes: a growing text area, emoji, the quote that is answered. */
import { openAttach } from "./attach.js";
import { h, icon, iconButton } from "./dom.js";
import { preview } from "./bubbles.js";
import { COMPOSER_EMOJIS, openPicker } from "./picker.js";

export class Composer {
    /**
     * `onSend(text, repliedMessage)`, `onFile(kind, file, caption, repliedMessage)`, `onPlace(repliedMessage)`,
     * `onContact(repliedMessage)`; `holder` is where panels may be placed.
     */
    constructor({ onSend, onFile, onPlace, onContact, holder }) {
        this.onSend = onSend;
        this.handlers = { onFile, onPlace, onContact };
        this.holder = holder;
        this.replied = null;
        this.quote = h("div", { class: "composer-quote", hidden: true });
        this.input = h("textarea", {
            rows: "1",
            dir: "auto",
            placeholder: "Message",
            "aria-label": "Message to the business",
            enterkeyhint: "send",
            dataset: { testid: "composer" },
            on: { input: () => this.update(), keydown: (event) => this.onKeydown(event) },
        });
        this.button = h(
            "button",
            { type: "submit", class: "send", "aria-label": "Send", title: "Send", dataset: { testid: "send" } },
            icon("send")
        );
        const emoji = iconButton("smile", "Insert emoji", (event) => this.pickEmoji(event.currentTarget), {
            "aria-haspopup": "menu",
        });
        const attach = iconButton("attach", "Attach", (event) => this.attach(event.currentTarget), {
            "aria-haspopup": "menu",
            "data-testid": "attach",
        });
        this.element = h(
            "form",
            { class: "composer", on: { submit: (event) => this.submit(event) } },
            this.quote,
            h("div", { class: "composer-line" }, h("div", { class: "composer-field" }, emoji, this.input, attach), this.button)
        );
    }

    /** Start with a draft (`{text, replied}`) of this chat. */
    open(draft, names) {
        this.names = names;
        this.input.value = draft?.text ?? "";
        this.setReplied(draft?.replied ?? null);
        this.update();
    }

    get draft() {
        return { text: this.input.value, replied: this.replied };
    }

    setReplied(message) {
        this.replied = message;
        this.quote.hidden = !message;
        if (!message) {
            this.quote.replaceChildren();
            return;
        }
        this.quote.replaceChildren(
            h(
                "div",
                { class: `quote ${message.from}`, dataset: { testid: "reply-preview" } },
                h("span", { class: "quote-author", dir: "auto", text: `Reply to ${this.names[message.from]}` }),
                h("span", { class: "quote-text", dir: "auto", text: preview(message) })
            ),
            iconButton("close", "Cancel reply", () => {
                this.setReplied(null);
                this.focus();
            })
        );
    }

    focus() {
        this.input.focus({ preventScroll: true });
    }

    update() {
        this.input.style.height = "auto";
        this.input.style.height = `${Math.min(this.input.scrollHeight, 140)}px`;
        this.input.classList.toggle("scrolls", this.input.scrollHeight > 140);
        this.element.classList.toggle("empty", !this.input.value.trim());
    }

    onKeydown(event) {
        // isComposing: Enter picks a word in input methods for Hindi, Chinese …
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            this.submit(event);
        } else if (event.key === "Escape" && this.replied) {
            this.setReplied(null);
            event.stopPropagation();
        }
    }

    submit(event) {
        event.preventDefault();
        this.focus();
        if (this.input.value.trim()) {
            this.onSend(...this.take());
        }
    }

    attach(anchor) {
        openAttach(anchor, this.holder, {
            // what stands in the field becomes the caption
            onFile: (kind, file) => this.handlers.onFile(kind, file, ...this.take()),
            onPlace: () => this.handlers.onPlace(this.replied),
            onContact: () => this.handlers.onContact(this.replied),
        });
    }

    /** Empty the field; return what was in it and the message it answers. */
    take() {
        const taken = [this.input.value.trim(), this.replied];
        this.input.value = "";
        this.setReplied(null);
        this.update();
        return taken;
    }

    pickEmoji(anchor) {
        openPicker({
            anchor,
            holder: this.holder,
            emojis: COMPOSER_EMOJIS,
            label: "Emoji",
            onChoose: (emoji) => {
                this.input.setRangeText(emoji, this.input.selectionStart, this.input.selectionEnd, "end");
                this.update();
                this.focus();
            },
        });
    }
}
