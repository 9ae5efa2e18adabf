/** Small helpers that build DOM nodes; text only ever becomes text nodes. */

const ICONS = {
    back: "M15 5l-7 7 7 7",
    close: "M6 6l12 12M18 6L6 18",
    plus: "M12 5v14M5 12h14",
    search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2L20.5 20.5",
    send: "M4.5 12L20 4.5 15 20l-3.5-6.5zM11.5 13.5L20 4.5",
    reply: "M10 6L4 11.5l6 5.5v-3.5c5 0 8 1.3 10 5 0-6-3.5-9.5-10-9.5z",
    smile: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.5 14.5c1.8 2.4 5.2 2.4 7 0M9 9.5v.6M15 9.5v.6",
    clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.3l2.8 1.7",
    down: "M6 9.5l6 6 6-6",
    retry: "M19 12a7 7 0 1 1-2.2-5.1M19.5 4v4h-4",
    lock: "M7 11V8.5a5 5 0 0 1 10 0V11M6 11h12v9H6z",
    image: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9v.1",
    file: "M6.5 3.5H14l4 4v13H6.5zM14 3.5v4h4",
    pin: "M12 21c-4-4.6-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6.4-6 11zM12 7.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
    person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
    box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
    attach: "M19.5 11.5l-7.6 7.6a5 5 0 0 1-7-7l8.2-8.2a3.3 3.3 0 0 1 4.7 4.7l-8 8a1.7 1.7 0 0 1-2.4-2.4l7.2-7.2",
    mic: "M12 3.5a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
    note: "M9 17.5V6l10-2v11.5M6.5 15a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM16.5 13a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    play: "M7.5 5v14l11-7z",
    pause: "M8.5 5v14M15.5 5v14",
    open: "M13.5 4.5h6v6M19 5l-8 8M10 5.5H5v13.5h13.5v-5",
    call: "M6.5 3.5l3 4.5-2 2.5c1.2 2.7 3.3 4.8 6 6l2.5-2 4.5 3c-.5 2-1.8 3-3.5 3C10 20.5 3.5 14 3.5 7c0-1.7 1-3 3-3.5z",
    copy: "M9 9h11v11H9zM5.5 15H4V4h11v1.5",
    forward: "M14 6l6 5.5-6 5.5v-3.5c-5 0-8 1.3-10 5 0-6 3.5-9.5 10-9.5z",
    bin: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
    none: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM6.5 6.5l11 11",
    list: "M9 6h11M9 12h11M9 18h11M4.5 6v.1M4.5 12v.1M4.5 18v.1",
};

const SVG = "http://www.w3.org/2000/svg";

export function svg(paths, { box = "0 0 24 24", label } = {}) {
    const element = document.createElementNS(SVG, "svg");
    element.setAttribute("viewBox", box);
    element.setAttribute("class", "icon");
    if (label) {
        element.setAttribute("role", "img");
        element.setAttribute("aria-label", label);
    } else {
        element.setAttribute("aria-hidden", "true");
    }
    for (const d of [].concat(paths)) {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", d);
        element.append(path);
    }
    return element;
}

export function icon(name) {
    return svg(ICONS[name]);
}

/**
 * Build an element. `props` are attributes, except `class`, `text`, `dataset` and `on` (listeners);
 * null, undefined and false leave an attribute out.
 */
export function h(tag, props = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
        if (value === null || value === undefined || value === false) {
            continue;
        }
        if (key === "class") {
            element.className = value;
        } else if (key === "text") {
            element.textContent = value;
        } else if (key === "dataset") {
            Object.assign(element.dataset, value);
        } else if (key === "on") {
            for (const [event, listener] of Object.entries(value)) {
                element.addEventListener(event, listener);
            }
        } else {
            element.setAttribute(key, value === true ? "" : value);
        }
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

export function iconButton(name, label, onClick, props = {}) {
    return h(
        "button",
        {
            type: "button",
            "aria-label": label,
            title: label,
            ...props,
            class: `icon-button ${props.class ?? ""}`,
            on: { click: onClick },
        },
        icon(name)
    );
}
