/**
 * WhatsApp's markup as DOM nodes: *bold* _italic_ ~strike~ `code` ```block``` and links.
 * Raw text only becomes text nodes, so nothing in a message can turn into HTML.
 */
import { h } from "./dom.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const LINK = /(?:https?:\/\/|www\.)[^\s<>"`]+/iuy;
const LINK_TAIL = /[.,;:!?*_~'"”’»…\])}]+$/u;
const MAX_DEPTH = 6;

// A marker inside a word (2*3*4, snake_case) is an ordinary sign; \p{M} keeps Indic vowel signs in the word.
const WORD_BEFORE = /[\p{L}\p{N}\p{M}]$/u;
const WORD_AFTER = /^[\p{L}\p{N}\p{M}]/u;
const wordBefore = (text, index) => WORD_BEFORE.test(text.slice(Math.max(0, index - 2), index));
const wordAfter = (text, index) => WORD_AFTER.test(text.slice(index, index + 2));
const isSpace = (sign) => sign === undefined || /\s/u.test(sign);

function findClosing(text, start, marker) {
    if (wordBefore(text, start) || isSpace(text[start + 1]) || text[start + 1] === marker) {
        return -1;
    }
    for (let index = start + 1; index < text.length && text[index] !== "\n"; index++) {
        if (text[index] === marker && !isSpace(text[index - 1]) && !wordAfter(text, index + 1)) {
            return index;
        }
    }
    return -1;
}

function matchLink(text, index) {
    LINK.lastIndex = index;
    const found = LINK.exec(text)?.[0];
    if (!found || wordBefore(text, index)) {
        return null;
    }
    let label = found.replace(LINK_TAIL, "");
    // a closing bracket belongs to the address when the opening one is in it: …/Tea_(drink)
    if (found[label.length] === ")" && label.includes("(")) {
        label += ")";
    }
    const href = /^www\./i.test(label) ? `https://${label}` : label;
    return URL.canParse(href) ? { label, href } : null;
}

function renderInline(text, depth = 0) {
    const nodes = [];
    let plain = "";
    const push = (node) => {
        if (plain) {
            nodes.push(plain);
            plain = "";
        }
        nodes.push(node);
    };
    for (let index = 0; index < text.length; ) {
        const sign = text[index];
        if (sign === "h" || sign === "H" || sign === "w" || sign === "W") {
            const link = matchLink(text, index);
            if (link) {
                push(h("a", { href: link.href, target: "_blank", rel: "noopener noreferrer", text: link.label }));
                index += link.label.length;
                continue;
            }
        } else if (sign === "`") {
            const end = text.indexOf("`", index + 1);
            if (end > index + 1 && !text.slice(index, end).includes("\n")) {
                push(h("code", { text: text.slice(index + 1, end) }));
                index = end + 1;
                continue;
            }
        } else if (TAGS[sign] && depth < MAX_DEPTH) {
            const end = findClosing(text, index, sign);
            if (end > 0) {
                push(h(TAGS[sign], {}, renderInline(text.slice(index + 1, end), depth + 1)));
                index = end + 1;
                continue;
            }
        }
        plain += sign;
        index += 1;
    }
    if (plain) {
        nodes.push(plain);
    }
    return nodes;
}

/** Nodes and strings for a message's text. */
export function renderMarkup(text) {
    const parts = text.split(/```([\s\S]+?)```/u);
    return parts.flatMap((part, index) => {
        if (index % 2) {
            return [h("pre", {}, h("code", { text: part.replace(/^\n|\n$/g, "") }))];
        }
        // a block has its own line: the line breaks around it would show as empty lines
        const start = index && part.startsWith("\n") ? 1 : 0;
        const end = index < parts.length - 1 && part.endsWith("\n") ? -1 : undefined;
        return renderInline(part.slice(start, end));
    });
}

/** The text without its markup and line breaks, for previews of one line. */
export function plainText(text) {
    const nodes = renderMarkup(text ?? "").flatMap((node) => (node.tagName === "PRE" ? [" ", node, " "] : [node]));
    return h("span", {}, nodes).textContent.replace(/\s+/gu, " ").trim();
}

const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|[\u{e0020}-\u{e007f}]|\s)+$/u;

/** How many emoji a message consists of; 0 when there is anything else in it. */
export function emojiCount(text) {
    if (!text || text.length > 40 || !EMOJI_ONLY.test(text)) {
        return 0;
    }
    return [...new Intl.Segmenter().segment(text.replace(/\s/gu, ""))].length;
}
