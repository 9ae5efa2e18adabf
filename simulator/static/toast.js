/** Short notes at the edge of the page. */
import { h, iconButton } from "./dom.js";

export function toast(text, { kind = "error", seconds = 7 } = {}) {
    const holder = document.getElementById("toasts");
    for (const shown of holder.children) {
        if (shown.dataset.text === text) {
            shown.remove(); // the same sentence twice helps nobody
        }
    }
    const note = h("div", { class: `toast ${kind}`, dataset: { text, testid: "toast" } }, h("span", { text }));
    const remove = () => note.remove();
    note.append(iconButton("close", "Close", remove));
    holder.append(note);
    setTimeout(remove, seconds * 1000);
    return note;
}
