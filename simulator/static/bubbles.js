/** One message as a bubble: quote, content, time, ticks, buttons, reactions. */
import { renderButtons, renderCarousel } from "./buttons.js";
import { renderContent, typeName, wordsOf } from "./contents.js";
import { h, icon, iconButton, svg } from "./dom.js";
import { time } from "./format.js";
import { plainText } from "./markup.js";

const TICK = "M1.5 7.5l3.5 3.5L12 3.5";
const TICKS = {
    pending: { paths: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.3l2 1.2", box: "0 0 16 16", label: "Waiting" },
    sent: { paths: TICK, box: "-1 0 16 15", label: "Sent" },
    delivered: { paths: TICK, box: "-1 0 16 15", label: "Sent" },
    played: { paths: [TICK, "M9.5 10.5l.7.5L17.5 3.5"], box: "0 0 19 15", label: "Played" },
    read: { paths: [TICK, "M9.5 10.5l.7.5L17.5 3.5"], box: "0 0 19 15", label: "Read" },
    failed: { paths: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 4.5v4.3M8 11.2v.2", box: "0 0 16 16", label: "Not sent" },
};

/** One line that stands for the message in the customer list and in quotes. */
export function preview(message) {
    if (message.shown?.revoked) {
        return "Deleted message";
    }
    const words = plainText(wordsOf(message));
    if (message.type === "text" || !message.type) {
        return words;
    }
    const [, sign, name] = typeName(message.type);
    return [sign, words || name].filter(Boolean).join(" ");
}

export function ticks(message) {
    const kind = TICKS[message.status] ?? TICKS.pending;
    const element = svg(kind.paths, { box: kind.box });
    return h(
        "span",
        {
            class: "ticks",
            role: "img",
            "aria-label": kind.label,
            title: kind.label,
            dataset: { testid: "ticks", status: message.status },
        },
        element
    );
}

function renderQuote(message, { names, onJump, findMessage }) {
    const { id, from } = message.context;
    const original = findMessage(id);
    const text = original ? preview(original) : plainText(message.context.text ?? "") || typeName(message.context.type)[2];
    const author = original?.from ?? from;
    return h(
        "button",
        {
            type: "button",
            class: `quote ${author}`,
            dataset: { testid: "quote" },
            "aria-label": `Go to the quoted message: ${text}`,
            on: { click: () => onJump(id) },
        },
        h("span", { class: "quote-author", dir: "auto", text: names[author] ?? "" }),
        h("span", { class: "quote-text", dir: "auto", text: text || "Message" })
    );
}

function renderReactions(message, names, onReact) {
    if (!message.reactions?.length) {
        return null;
    }
    const own = message.reactions.find((reaction) => reaction.from === "customer");
    const signs = [...new Set(message.reactions.map((reaction) => reaction.emoji))].join("");
    const who = message.reactions.map((reaction) => `${names[reaction.from] ?? reaction.from}: ${reaction.emoji}`).join(", ");
    return h(
        "button",
        {
            type: "button",
            class: `reactions ${own ? "own" : ""}`,
            dataset: { testid: "reactions" },
            title: own ? `${who} – click to take yours back` : who,
            "aria-label": own ? `Reactions: ${who}. Take yours back` : `Reactions: ${who}`,
            on: { click: () => own && onReact(message, "") },
        },
        h("span", { text: signs }),
        message.reactions.length > 1 ? h("small", { text: message.reactions.length }) : null
    );
}

/**
 * The row of one message. `view` gives `names`, `findMessage`, `holder` (where dialogs go) and the handlers `onJump`,
 * `onReply`, `onPick` (open the reaction picker), `onReact`, `onRetry`, `onTap(message, choice)`, `onPlay`, `onDelete`,
 * `onShareLocation`, `onShareNumber` and `onNote(text)`.
 */
export function renderRow(message, { grouped }, view) {
    const own = message.from === "customer";
    const failed = message.status === "failed";
    const bubble = h(
        "div",
        { class: `bubble is-${message.type ?? "text"}`, dataset: { testid: "bubble", from: message.from, messageId: message.id } },
        message.context?.id ? renderQuote(message, view) : null,
        renderContent(message, view),
        h(
            "span",
            { class: "meta" },
            message.shown?.edited && !message.shown.revoked ? h("span", { text: "Edited" }) : null,
            h("time", { datetime: new Date(message.timestamp * 1000).toISOString(), text: time(message.timestamp) }),
            own ? ticks(message) : null
        ),
        renderButtons(message, view),
        renderReactions(message, view.names, view.onReact)
    );
    const actions = message.local
        ? null
        : h(
              "div",
              { class: "actions" },
              iconButton("smile", "React", (event) => view.onPick(message, event.currentTarget), { "data-testid": "react" }),
              iconButton("reply", "Reply", () => view.onReply(message), { "data-testid": "reply" }),
              own && !message.shown?.revoked
                  ? iconButton("bin", "Delete for everyone", () => view.onDelete(message), { "data-testid": "delete" })
                  : null
          );
    return h(
        "div",
        {
            class: `row ${message.from}${grouped ? " grouped" : ""}${failed ? " is-failed" : ""}`,
            role: "group",
            tabindex: "-1",
            "aria-label": `${own ? names(view, "customer") : names(view, "business")}, ${time(message.timestamp)}`,
            dataset: { rowId: message.id },
        },
        h(
            "div",
            { class: "bubble-line" },
            bubble,
            actions,
            failed && message.local
                ? h(
                      "button",
                      { type: "button", class: "retry", on: { click: () => view.onRetry(message) } },
                      icon("retry"),
                      "Try again"
                  )
                : null
        ),
        renderCarousel(message, view),
        failed ? h("p", { class: "failure", text: failureText(message) }) : null
    );
}

const names = (view, from) => view.names[from] ?? from;

function failureText(message) {
    const error = message.payload?.error ?? message.payload?.errors?.[0];
    const reason = message.error ?? (typeof error === "string" ? error : error?.message ?? error?.title);
    return reason ? `Not sent: ${reason}` : "Not sent";
}
