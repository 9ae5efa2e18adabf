/** What can be sent besides words: files, a place, a contact. */
import { h, icon, iconButton } from "./dom.js";

const KINDS = { image: ["image/jpeg", "image/png"], video: ["video/mp4", "video/3gpp"] };

/** As what a phone would send a file: WhatsApp sends as document what it can't show. */
function kindOf(file) {
    return Object.keys(KINDS).find((kind) => KINDS[kind].includes(file.type)) ?? "document";
}

const ENTRIES = [
    { name: "Photo or video", icon: "image", hue: 7, accept: "image/*,video/*", kind: kindOf },
    { name: "Document", icon: "file", hue: 5, accept: "", kind: () => "document" },
    { name: "Voice message", icon: "mic", hue: 6, accept: "audio/ogg,.ogg,.opus,.oga", kind: () => "voice" },
    { name: "Audio file", icon: "note", hue: 3, accept: "audio/*", kind: () => "audio" },
    { name: "Sticker", icon: "smile", hue: 2, accept: "image/webp", kind: () => "sticker" },
    { name: "Location", icon: "pin", hue: 4, dialog: "onPlace" },
    { name: "Contact", icon: "person", hue: 1, dialog: "onContact" },
];

let closeOpen = null;

/** Open the menu above `anchor` in `holder`; calls `onFile(kind, file)`, `onPlace()` or `onContact()`. */
export function openAttach(anchor, holder, handlers) {
    if (closeOpen) {
        closeOpen();
        return;
    }
    const input = h("input", { type: "file", hidden: true, dataset: { testid: "attach-input" } });
    const menu = h("div", { class: "attach-menu", role: "menu", "aria-label": "Attach" }, input);
    const close = () => {
        menu.remove();
        anchor.removeAttribute("aria-expanded");
        document.removeEventListener("pointerdown", onOutside, true);
        closeOpen = null;
    };
    const onOutside = (event) => !menu.contains(event.target) && !anchor.contains(event.target) && close();
    const choose = (entry) => {
        if (entry.dialog) {
            close();
            handlers[entry.dialog]();
            return;
        }
        input.accept = entry.accept;
        input.onchange = () => {
            const [file] = input.files;
            close();
            file && handlers.onFile(entry.kind(file), file);
        };
        input.click();
    };
    menu.append(
        ...ENTRIES.map((entry) =>
            h(
                "button",
                { type: "button", role: "menuitem", dataset: { testid: `attach-${entry.name.split(" ")[0].toLowerCase()}` }, on: { click: () => choose(entry) } },
                h("span", { class: "avatar", dataset: { hue: entry.hue } }, icon(entry.icon)),
                h("span", { text: entry.name })
            )
        )
    );
    menu.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
            close();
            anchor.focus();
            event.stopPropagation();
        }
    });
    holder.append(menu);
    anchor.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", onOutside, true);
    closeOpen = close;
    menu.querySelector("button").focus({ preventScroll: true });
}

function field(label, hint, input) {
    return h("label", { class: "field" }, h("span", { text: label }), input, hint ? h("small", { text: hint }) : null);
}

/** A dialog with fields; `onSubmit` may throw an error with a sentence for the person. */
function ask(title, action, fields, onSubmit) {
    const error = h("p", { class: "form-error", role: "alert", hidden: true });
    const form = h(
        "form",
        { novalidate: true },
        h("header", {}, h("h2", { text: title }), iconButton("close", "Close", () => dialog.close())),
        fields,
        error,
        h("footer", {}, h("button", { type: "button", class: "plain", text: "Cancel", on: { click: () => dialog.close() } }), h("button", { type: "submit", class: "primary", text: action }))
    );
    const dialog = h("dialog", { class: "dialog", "aria-label": title }, form);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
            await onSubmit();
            dialog.close();
        } catch (failure) {
            error.textContent = failure.message;
            error.hidden = false;
        }
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
}

/** Ask for a place; `onSubmit({latitude, longitude, name})`. */
export function askPlace(onSubmit) {
    const name = h("input", { maxlength: "100", dir: "auto", placeholder: "Home", dataset: { testid: "place-name" } });
    const point = h("input", { value: "41.3874, 2.1686", inputmode: "decimal", dataset: { testid: "place-point" } });
    ask("Send location", "Send", [field("Latitude, longitude", "As maps show it.", point), field("Name", "May stay empty.", name)], () => {
        const [latitude, longitude] = point.value.split(",").map((part) => Number(part.trim() || NaN));
        if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
            throw new Error("Write latitude and longitude with a comma between, such as 41.3874, 2.1686.");
        }
        return onSubmit({ latitude, longitude, name: name.value.trim() || null });
    });
}

/** Ask for a contact; `onSubmit({name, phone})`. */
export function askContact(onSubmit) {
    const name = h("input", { maxlength: "100", dir: "auto", placeholder: "Asha Rao", dataset: { testid: "contact-name" } });
    const phone = h("input", { type: "tel", placeholder: "+91 98765 43210", dataset: { testid: "contact-phone" } });
    ask("Send contact", "Send", [field("Name", "", name), field("Phone number", "With country code.", phone)], () => {
        if (!name.value.trim()) {
            throw new Error("Give the contact a name.");
        }
        return onSubmit({ name: name.value.trim(), phone: phone.value.trim() });
    });
}
