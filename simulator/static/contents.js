/** What stands inside a bubble, for each type of message. A new type needs one more entry in `CONTENTS`. */
import { h, icon } from "./dom.js";
import { fileSize, hue, initials } from "./format.js";
import { emojiCount, renderMarkup } from "./markup.js";
import { renderVoice } from "./voice.js";

const FILES = "/phone/api/media/";

export function textElement(text, extra = "") {
    return h("div", { class: `bubble-text ${extra}`, dir: "auto", dataset: { testid: "bubble-text" } }, renderMarkup(text));
}

const small = (name, text) => (text ? h("div", { class: name, dir: "auto", text }) : null);

/** The file that a reference of the payload (`{id}` or `{link}`) stands for, or undefined when it is gone. */
function fileOf(message, reference) {
    const found = message.media?.[reference?.id ?? reference?.link];
    return found && { ...found, url: FILES + encodeURIComponent(found.id) };
}

const gone = (text) => h("div", { class: "gone" }, icon("image"), h("span", { text }));

// === media ===

function renderPicture(message, reference) {
    const file = fileOf(message, reference);
    if (!file) {
        return gone("Photo is no longer there");
    }
    const picture = h("img", { class: "picture", src: file.url, alt: "Photo", loading: "lazy", dataset: { testid: "picture" } });
    picture.addEventListener("error", () => link.replaceWith(gone("This picture can’t be shown")));
    const link = h("a", { class: "picture-link", href: file.url, target: "_blank", rel: "noopener", "aria-label": "Open the photo" }, picture);
    return link;
}

function renderMovie(message, reference) {
    const file = fileOf(message, reference);
    return file
        ? h("video", { class: "picture", src: file.url, controls: true, preload: "metadata", playsinline: true, dataset: { testid: "video" } })
        : gone("Video is no longer there");
}

function renderFile(message, reference) {
    const file = fileOf(message, reference);
    const name = reference?.filename ?? file?.filename ?? "Document";
    const ending = /\.(\w{1,5})$/.exec(name)?.[1] ?? file?.mime_type?.split("/").at(-1) ?? "";
    return h(
        "a",
        { class: "file", href: file?.url, target: "_blank", rel: "noopener", download: file ? name : null, dataset: { testid: "document" } },
        h("span", { class: "file-icon" }, icon("file")),
        h(
            "span",
            { class: "file-text" },
            h("b", { dir: "auto", text: name }),
            h("small", { text: [file && fileSize(file.size), ending.slice(0, 5).toUpperCase()].filter(Boolean).join(" · ") })
        )
    );
}

const MEDIA = { image: renderPicture, video: renderMovie, document: renderFile };

function renderMedia(message) {
    const reference = message.payload[message.type];
    return [MEDIA[message.type](message, reference), reference?.caption ? textElement(reference.caption) : null];
}

function renderAudio(message, view) {
    const file = fileOf(message, message.payload.audio);
    return file ? renderVoice(message, file, view) : gone("Audio is no longer there");
}

function renderSticker(message) {
    const file = fileOf(message, message.payload.sticker);
    return file
        ? h("img", { class: "sticker", src: file.url, alt: "Sticker", dataset: { testid: "sticker" } })
        : gone("Sticker is no longer there");
}

// === places and people ===

function renderPlace(place) {
    const { latitude, longitude } = place;
    return h(
        "a",
        {
            class: "place",
            href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=15/${latitude}/${longitude}`,
            target: "_blank",
            rel: "noopener noreferrer",
            dataset: { testid: "location" },
        },
        h("span", { class: "map", "aria-hidden": "true" }, icon("pin")),
        h(
            "span",
            { class: "place-text" },
            h("b", { dir: "auto", text: place.name || "Location" }),
            h("small", { dir: "auto", text: place.address || `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}` })
        )
    );
}

function renderCards(message) {
    return [].concat(message.payload.contacts ?? []).map((card) => {
        const name = card.name?.formatted_name || card.phones?.[0]?.phone || "Contact";
        const lines = [
            ...(card.phones ?? []).map((phone) => phone.phone),
            ...(card.emails ?? []).map((email) => email.email),
            card.org?.company,
        ];
        return h(
            "div",
            { class: "card", dataset: { testid: "contact" } },
            h("span", { class: "avatar", "aria-hidden": "true", dataset: { hue: hue(name) }, text: initials(name) }),
            h("span", { class: "card-text" }, h("b", { dir: "auto", text: name }), ...lines.filter(Boolean).map((line) => h("small", { dir: "auto", text: line })))
        );
    });
}

// === interactive and templates ===

function renderHeader(message, header) {
    if (!header) {
        return null;
    }
    if (header.type === "text") {
        return h("div", { class: "bubble-header", dir: "auto", text: header.text });
    }
    if (header.type === "location") {
        return renderPlace(header.location);
    }
    return MEDIA[header.type]?.(message, header[header.type]) ?? null;
}

function renderInteractive(message) {
    const { type, header, body, footer, [type]: reply } = message.payload.interactive ?? {};
    if (type?.endsWith("_reply")) {
        return [
            textElement(reply?.title ?? (type === "nfm_reply" ? "Form sent" : "Answer")),
            small("bubble-footer", reply?.description),
        ];
    }
    return [
        renderHeader(message, header),
        PRODUCTS[type]?.(message.payload.interactive.action) ?? null,
        body ? textElement(body.text) : null,
        small("bubble-footer", footer?.text),
    ];
}

const PRODUCTS = {
    product: ({ product_retailer_id: id }) => renderGeneric("box", `Product ${id}`),
    product_list: ({ sections }) => renderGeneric("box", `${sections.flatMap((section) => section.product_items).length} products`),
};

function renderTemplate(message) {
    const { header, offer, body, footer } = message.shown ?? {};
    return [
        renderHeader(message, header),
        offer ? h("div", { class: "offer" }, icon("clock"), h("b", { dir: "auto", text: offer.text }), offer.ends ? h("small", { text: `until ${new Date(offer.ends * 1000).toLocaleString()}` }) : null) : null,
        textElement(body ?? ""),
        small("bubble-footer", footer),
    ];
}

// === others ===

function renderText(message) {
    const count = emojiCount(message.text);
    return [textElement(message.text ?? "", count && count <= 3 ? "jumbo" : "")];
}

function renderOrder(message) {
    const { product_items: items = [], text } = message.payload.order ?? {};
    const total = items.reduce((sum, item) => sum + item.item_price * item.quantity, 0);
    const price = total ? ` · ${total.toFixed(2)} ${items[0].currency ?? ""}` : "";
    return [renderGeneric("box", `Cart: ${items.length} ${items.length === 1 ? "item" : "items"}${price}`), text ? textElement(text) : null];
}

export function renderGeneric(iconName, name) {
    return h("div", { class: "generic" }, h("span", { class: "generic-icon" }, icon(iconName)), h("span", { dir: "auto", text: name }));
}

const CONTENTS = {
    text: renderText,
    image: renderMedia,
    video: renderMedia,
    document: renderMedia,
    audio: renderAudio,
    sticker: renderSticker,
    location: (message) => renderPlace(message.payload.location ?? {}),
    contacts: renderCards,
    interactive: renderInteractive,
    template: renderTemplate,
    button: (message) => textElement(message.payload.button?.text ?? ""),
    order: renderOrder,
};

const NAMES = {
    image: ["image", "📷", "Photo"],
    video: ["image", "🎥", "Video"],
    audio: ["mic", "🎤", "Voice message"],
    sticker: ["smile", "💟", "Sticker"],
    document: ["file", "📄", "Document"],
    location: ["pin", "📍", "Location"],
    contacts: ["person", "👤", "Contact"],
    interactive: ["list", "", "Message with buttons"],
    button: ["list", "", "Button"],
    order: ["box", "🛒", "Cart"],
    template: ["file", "", "Template"],
    unsupported: ["box", "", "A message the business can’t see"],
};

export function typeName(type) {
    const name = String(type ?? "message").replaceAll("_", " ");
    return NAMES[type] ?? ["box", "", name.charAt(0).toUpperCase() + name.slice(1)];
}

/** The words of a message: text, caption, body or what was chosen. */
export function wordsOf(message) {
    return message.text || (message.type === "document" && message.payload?.document?.filename) || "";
}

/** The nodes of one message. */
export function renderContent(message, view) {
    if (message.shown?.revoked) {
        return h("div", { class: "revoked" }, icon("none"), h("span", { text: message.from === "customer" ? "You deleted this message" : "This message was deleted" }));
    }
    const render = CONTENTS[message.type ?? "text"];
    const nodes = render ? render(message, view) : [renderGeneric(...nameAndText(message))];
    const { context } = message.payload ?? {};
    const forwarded = context?.frequently_forwarded || context?.forwarded;
    return [
        forwarded ? h("div", { class: "forwarded" }, icon("forward"), context.frequently_forwarded ? "Forwarded many times" : "Forwarded") : null,
        nodes,
    ].flat();
}

function nameAndText(message) {
    const [iconName, , name] = typeName(message.type);
    return [iconName, wordsOf(message) || name];
}
