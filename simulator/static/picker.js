/** Small pop-ups with emoji: one for reactions, one for the composer. */
import { h } from "./dom.js";

export const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
export const COMPOSER_EMOJIS = [
    ..."😀😄😅😂🙂😉😊😍😘😜🤔🙄😴😢😭😡😱🥳👍👎👌🙏👏💪🤝👋".match(/\p{Extended_Pictographic}/gu),
    ..."❤️ 🎉 🔥 ✨ ⭐ ✅ ❌ ❓ ⏰ 📦 🚚 🛒 💳 🎁 📷 📍 ☕ 🍕 🌸 ☀️ 🌧️ 🏠".split(" "),
];

let closeOpen = null;

export function closePicker() {
    closeOpen?.();
}

/** Show `emojis` next to `anchor` inside `holder`; `onChoose` gets the chosen one. */
export function openPicker({ anchor, holder, emojis = QUICK, current = null, label, onChoose }) {
    const wasOpenHere = anchor.getAttribute("aria-expanded") === "true";
    closePicker();
    if (wasOpenHere) {
        return;
    }
    const panel = h("div", { class: `picker ${emojis === QUICK ? "quick" : "wide"}`, role: "menu", "aria-label": label });
    const close = (refocus) => {
        panel.remove();
        anchor.removeAttribute("aria-expanded");
        document.removeEventListener("pointerdown", onOutside, true);
        closeOpen = null;
        if (refocus) {
            anchor.focus();
        }
    };
    const onOutside = (event) => {
        if (!panel.contains(event.target) && !anchor.contains(event.target)) {
            close();
        }
    };
    const buttons = emojis.map((emoji) =>
        h("button", {
            type: "button",
            role: "menuitem",
            class: emoji === current ? "current" : "",
            text: emoji,
            "aria-label": emoji === current ? `Take ${emoji} back` : emoji,
            on: {
                click: () => {
                    close();
                    onChoose(emoji === current ? "" : emoji);
                },
            },
        })
    );
    panel.append(...buttons);
    panel.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (step) {
            const index = buttons.indexOf(document.activeElement);
            buttons[(index + step + buttons.length) % buttons.length].focus();
            event.preventDefault();
            event.stopPropagation();
        } else if (event.key === "Escape") {
            close(true);
            event.stopPropagation();
        }
    });
    holder.append(panel);
    anchor.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", onOutside, true);
    closeOpen = close;
    place(panel, anchor, holder);
    buttons[0].focus({ preventScroll: true });
}

function place(panel, anchor, holder) {
    const area = holder.getBoundingClientRect();
    const spot = anchor.getBoundingClientRect();
    const left = spot.left + spot.width / 2 - area.left - panel.offsetWidth / 2;
    const above = spot.top - area.top - panel.offsetHeight - 8;
    panel.style.left = `${Math.max(8, Math.min(left, area.width - panel.offsetWidth - 8))}px`;
    panel.style.top = `${above < 8 ? spot.bottom - area.top + 8 : above}px`;
}
