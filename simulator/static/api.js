/** The only module that talks to the simulator's server. */

const ROOT = "/phone/api";
const UNREACHABLE = "The simulator can’t be reached. Check that it is still running.";

/** An error whose message can be shown to the person as it is. */
export class ApiError extends Error {}

async function request(method, path, body) {
    let response;
    try {
        response = await fetch(ROOT + path, {
            method,
            headers: body === undefined || body instanceof Blob ? {} : { "Content-Type": "application/json" },
            body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
        });
    } catch {
        throw new ApiError(UNREACHABLE);
    }
    const data = await response.json().catch(() => null);
    if (!response.ok) {
        const sentence = data?.error?.message ?? data?.error;
        throw new ApiError(
            typeof sentence === "string" && sentence
                ? sentence
                : `The simulator refused this (error ${response.status}). Its log says why.`
        );
    }
    return data;
}

function chatPath(customerId, numberId) {
    return `/chats/${encodeURIComponent(customerId)}/${encodeURIComponent(numberId)}`;
}

export const getState = () => request("GET", "/state");
export const getChat = (customerId, numberId) => request("GET", chatPath(customerId, numberId));
export const markRead = (customerId, numberId) => request("POST", `${chatPath(customerId, numberId)}/read`, {});
export const addCustomer = (values) => request("POST", "/customers", values);
export const sendText = (customerId, numberId, text, replyTo) =>
    request("POST", `${chatPath(customerId, numberId)}/messages`, { type: "text", text, reply_to: replyTo ?? null });
export const play = (customerId, numberId, messageId) => request("POST", `${chatPath(customerId, numberId)}/played`, { message_id: messageId });
/** Send anything that needs no file: `{type: "tap" | "location" | "contact" | "own_card", …}`. */
export const act = (customerId, numberId, values) => request("POST", `${chatPath(customerId, numberId)}/messages`, values);
export const setPreference = (customerId, numberId, value) => request("POST", `${chatPath(customerId, numberId)}/preference`, { value });

export function sendFile(customerId, numberId, kind, file, { caption, replyTo }) {
    const query = new URLSearchParams({ kind, mime_type: file.type || "application/octet-stream", filename: file.name });
    if (caption) {
        query.set("caption", caption);
    }
    if (replyTo) {
        query.set("reply_to", replyTo);
    }
    return request("POST", `${chatPath(customerId, numberId)}/media?${query}`, file);
}

export const sendReaction = (customerId, numberId, messageId, emoji) =>
    request("POST", `${chatPath(customerId, numberId)}/messages`, { type: "reaction", message_id: messageId, emoji });

/**
 * Listen to the server's events for as long as the page lives. `onOpen` runs at every (re)connection:
 * what happened in between is lost, so load the state anew there.
 */
export function listen({ onEvent, onOpen, onLost }) {
    const url = new URL(`${ROOT}/events`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    let delay = 500;
    let timer = null;
    let socket = null;

    function connect() {
        clearTimeout(timer);
        timer = null;
        socket = new WebSocket(url);
        socket.addEventListener("open", () => {
            delay = 500;
            onOpen();
        });
        socket.addEventListener("message", ({ data }) => {
            let event;
            try {
                event = JSON.parse(data);
            } catch {
                return; // not ours to understand; the next one may be
            }
            onEvent(event);
        });
        socket.addEventListener("close", () => {
            onLost();
            timer = setTimeout(connect, delay + Math.random() * 250);
            delay = Math.min(delay * 2, 8000);
        });
    }

    window.addEventListener("online", () => timer && connect());
    connect();
}
