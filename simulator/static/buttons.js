/** The buttons below a message, the cards of a carousel, and the sheet of a list. */
import { h, icon, iconButton } from "./dom.js";
import { renderContent } from "./contents.js";

function button(iconName, text, onClick, props = {}) {
    return h("button", { type: "button", class: "bubble-button", dataset: { testid: "bubble-button" }, on: { click: onClick }, ...props }, iconName ? icon(iconName) : null, h("span", { dir: "auto", text }));
}

function linkButton(iconName, text, href) {
    return h(
        "a",
        { class: "bubble-button", href, target: "_blank", rel: "noopener noreferrer", dataset: { testid: "bubble-button" } },
        icon(iconName),
        h("span", { dir: "auto", text })
    );
}

function interactiveButtons(message, view) {
    const { type, action } = message.payload.interactive ?? {};
    const parameters = action?.parameters ?? {};
    switch (type) {
        case "button":
            return action.buttons.map(({ reply }) => button("reply", reply.title, () => view.onTap(message, { choice: reply.id })));
        case "list":
            return [button("list", action.button, () => openList(message, view))];
        case "cta_url":
            return [linkButton("open", parameters.display_text, parameters.url)];
        case "flow":
            return [button("list", parameters.flow_cta, () => view.onTap(message, {}))];
        case "location_request_message":
            return [button("pin", "Send location", () => view.onShareLocation(message))];
        case "request_contact_info":
            return [button("person", "Share phone number", () => view.onShareNumber(message))];
        case "product":
            return [button("box", "View", () => view.onNote("The simulator has no catalogue."))];
        case "product_list":
            return [button("box", "View items", () => view.onNote("The simulator has no catalogue."))];
        default:
            return [];
    }
}

const TEMPLATE_BUTTONS = {
    QUICK_REPLY: (shown, tap) => button("reply", shown.text, tap),
    FLOW: (shown, tap) => button("list", shown.text, tap),
    URL: (shown) => linkButton("open", shown.text, shown.url),
    PHONE_NUMBER: (shown) => linkButton("call", shown.text, `tel:${shown.phone_number}`),
    VOICE_CALL: (shown, _tap, view) => button("call", shown.text, () => view.onNote("The simulator makes no calls.")),
    COPY_CODE: (shown, _tap, view) => button("copy", "Copy offer code", () => copy(shown.code, view)),
    OTP: (shown, _tap, view) => button("copy", shown.text, () => copy(shown.code, view)),
    REQUEST_CONTACT_INFO: (shown, _tap, view, message) => button("person", shown.text || "Share phone number", () => view.onShareNumber(message)),
    CATALOG: (shown, _tap, view) => button("box", shown.text, () => view.onNote("The simulator has no catalogue.")),
    MPM: (shown, _tap, view) => button("box", shown.text, () => view.onNote("The simulator has no catalogue.")),
};

async function copy(code, view) {
    try {
        await navigator.clipboard.writeText(code);
        view.onNote(`Copied: ${code}`);
    } catch {
        view.onNote(`The code is ${code}`); // the browser allows copying on secure pages only
    }
}

function templateButtons(message, shown, view, card) {
    return (shown?.buttons ?? []).map((entry, index) => {
        const tap = () => view.onTap(message, { index, card });
        return TEMPLATE_BUTTONS[entry.type]?.(entry, tap, view, message) ?? null;
    });
}

/** The buttons of a message, or null. */
export function renderButtons(message, view) {
    if (message.from !== "business" || message.shown?.revoked) {
        return null;
    }
    const buttons =
        message.type === "interactive" ? interactiveButtons(message, view) : message.type === "template" ? templateButtons(message, message.shown, view) : [];
    return buttons.length ? h("div", { class: "bubble-buttons" }, buttons) : null;
}

/** The cards of a carousel below the bubble, or null. */
export function renderCarousel(message, view) {
    if (message.type !== "template" || !message.shown?.cards) {
        return null;
    }
    const cards = message.shown.cards.map((shown, index) =>
        h(
            "div",
            { class: "bubble carousel-card", dataset: { testid: "carousel-card" } },
            renderContent({ ...message, shown }, view),
            h("div", { class: "bubble-buttons" }, templateButtons(message, shown, view, index))
        )
    );
    return h("div", { class: "carousel", tabindex: "0", role: "group", "aria-label": `${cards.length} cards` }, cards);
}

/** Show the rows of a list; the chosen one is sent. */
function openList(message, view) {
    const { action, header } = message.payload.interactive;
    const form = h("form", { method: "dialog" });
    const send = h("button", { type: "submit", class: "primary", text: "Send", disabled: true, dataset: { testid: "list-send" } });
    const dialog = h("dialog", { class: "dialog sheet", "aria-label": action.button, dataset: { testid: "list-sheet" } }, form);
    const sections = action.sections.map((section) =>
        h(
            "fieldset",
            {},
            section.title ? h("legend", { dir: "auto", text: section.title }) : null,
            section.rows.map((row) =>
                h(
                    "label",
                    { class: "choice" },
                    h("span", {}, h("b", { dir: "auto", text: row.title }), row.description ? h("small", { dir: "auto", text: row.description }) : null),
                    h("input", { type: "radio", name: "row", value: row.id })
                )
            )
        )
    );
    form.append(
        h("header", {}, h("h2", { dir: "auto", text: header?.text || action.button }), iconButton("close", "Close", () => dialog.close(""))),
        ...sections,
        h("footer", {}, send)
    );
    form.addEventListener("input", () => {
        send.disabled = false;
    });
    form.addEventListener("submit", () => view.onTap(message, { choice: new FormData(form).get("row") }));
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    view.holder.append(dialog);
    dialog.showModal();
}
