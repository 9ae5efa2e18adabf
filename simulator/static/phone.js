/**
 * The phone page: play a customer who writes to the business.
 *
 * This module holds what is known (customers, numbers, threads) and decides what is open; the address
 * (`#customer=…&number=…`) is the only place that says which chat that is.
 */
import * as api from "./api.js";
import { askContact, askPlace } from "./attach.js";
import { icon } from "./dom.js";
import { Chat } from "./chat.js";
import { chatOf, CustomerList } from "./customers.js";
import { openAddCustomer } from "./add_customer.js";
import { renderHolder } from "./holder.js";
import { Thread } from "./thread.js";
import { toast } from "./toast.js";

const $ = (id) => document.getElementById(id);
const READ_DELAY = 150; // several messages at once are read by one call

const state = { numbers: [], customers: [], numberId: null, customerId: null };
const threads = new Map();
const waiting = []; // events that arrive while a state or chat is loading
let loading = 0;
let readTimer = null;

const list = new CustomerList($("customers"), { onChoose: (id) => go(id, state.numberId) });
const chat = new Chat($("phone"), {
    onBack: () => go(null, state.numberId),
    onSend: send,
    onReact: react,
    onRetry: retry,
    onFile: sendFile,
    onPlace: (replied) => askPlace((place) => act({ type: "location", ...place }, replied)),
    onContact: (replied) => askContact((contact) => act({ type: "contact", contact }, replied)),
    onTap: (message, choice) => attempt(() => act({ type: "tap", message_id: message.id, ...choice })),
    onDelete: (message) => attempt(() => act({ type: "revoke", message_id: message.id })),
    onShareNumber: (message) => attempt(() => act({ type: "own_card" }, message)),
    onPlay: play,
    onNote: (text) => toast(text, { kind: "note" }),
});

const findCustomer = (id) => state.customers.find((customer) => String(customer.id) === String(id));
const findNumber = (id) => state.numbers.find((number) => number.phone_number_id === id);

function threadOf(customerId, numberId) {
    const key = JSON.stringify([customerId, numberId]);
    if (!threads.has(key)) {
        threads.set(key, new Thread(customerId, numberId));
    }
    return threads.get(key);
}

const isOpen = (thread) => chat.thread === thread;

/** Run something that may fail and say so to the person. */
async function attempt(action) {
    try {
        return await action();
    } catch (error) {
        if (!(error instanceof api.ApiError)) {
            throw error;
        }
        toast(error.message);
        return null;
    }
}

// === WHAT IS OPEN ===

function go(customerId, numberId) {
    const wanted = new URLSearchParams();
    if (customerId) {
        wanted.set("customer", customerId);
    }
    if (numberId) {
        wanted.set("number", numberId);
    }
    if (location.hash.slice(1) === wanted.toString()) {
        route();
    } else {
        location.hash = wanted.toString(); // "hashchange" calls route()
    }
}

function route() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    state.numberId = (findNumber(wanted.get("number")) ?? findNumber(state.numberId) ?? state.numbers[0])?.phone_number_id ?? null;
    state.customerId = findCustomer(wanted.get("customer"))?.id ?? null;
    if (wanted.get("customer") && !state.customerId) {
        toast("This customer does not exist (any more). Choose another one.");
        history.replaceState(null, "", "#");
    }
    $("number").value = state.numberId ?? "";
    const open = Boolean(state.customerId && state.numberId);
    $("app").dataset.screen = open ? "chat" : "list";
    $("welcome").hidden = open;
    $("phone").hidden = !open;
    $("holder").hidden = !open;
    if (open) {
        openChat();
    } else {
        chat.close();
        document.title = "Customer phone";
    }
    renderList();
}

async function openChat() {
    const customer = findCustomer(state.customerId);
    const number = findNumber(state.numberId);
    const address = new URLSearchParams({ customer: customer.id, number: number.phone_number_id });
    history.replaceState(null, "", `#${address}`);
    const thread = threadOf(customer.id, number.phone_number_id);
    if (isOpen(thread)) {
        return;
    }
    document.title = `${customer.name} – Customer phone`;
    thread.loading = !thread.messages.length;
    showHolder();
    chat.open(thread, customer, number);
    if (matchMedia("(hover: hover)").matches) {
        chat.composer.focus(); // on a touch screen that would raise the keyboard
    }
    await loadThread(thread);
}

function showHolder() {
    const customer = findCustomer(state.customerId);
    const number = findNumber(state.numberId);
    if (customer && number) {
        const onPreference = (value) => attempt(() => api.setPreference(customer.id, number.phone_number_id, value));
        renderHolder($("holder"), customer, number, { onPreference });
    }
}

// === LOADING ===

/** Keep events back while `action` runs, so that an older answer never overwrites a newer event. */
async function whileLoading(action) {
    loading += 1;
    try {
        return await attempt(action);
    } finally {
        loading -= 1;
        if (!loading) {
            waiting.splice(0).forEach(handleEvent);
        }
    }
}

async function loadThread(thread) {
    await whileLoading(async () => {
        try {
            thread.load(await api.getChat(thread.customerId, thread.numberId));
        } finally {
            thread.loading = false;
            if (isOpen(thread)) {
                chat.render();
            }
        }
    });
    readSoon();
}

async function loadState() {
    const loaded = await whileLoading(async () => {
        const { numbers, customers } = await api.getState();
        Object.assign(state, { numbers, customers });
        renderNumbers();
        return true;
    });
    if (!loaded) {
        return;
    }
    const before = chat.thread;
    route();
    showHolder();
    if (before && isOpen(before)) {
        await loadThread(before);
    }
}

function renderNumbers() {
    $("number").replaceChildren(
        ...state.numbers.map((number) => new Option(`${number.verified_name} · ${number.display_phone_number}`, number.phone_number_id))
    );
    $("number").disabled = !state.numbers.length;
}

function renderList() {
    list.render({
        ...state,
        isTyping: (customer) => threadOf(customer.id, state.numberId).isTyping,
    });
}

// === EVENTS ===

const HANDLERS = { message: onMessage, status: onMessage, reaction: onMessage, typing: onTyping, customer: onCustomer, reset: onReset };

function handleEvent(event) {
    if (loading) {
        waiting.push(event);
        return;
    }
    HANDLERS[event.event]?.(event);
}

function onMessage({ event, customer_id, phone_number_id, message }) {
    const thread = threadOf(customer_id, phone_number_id);
    if (!message?.id || message.type === "reaction") {
        // no message to draw in it: the server knows what changed
        if (isOpen(thread)) {
            loadThread(thread);
        }
        return;
    }
    put(thread, message);
    updateChatEntry(thread, message, event === "message");
    if (isOpen(thread)) {
        readSoon();
    }
}

function onTyping({ customer_id, phone_number_id, typing }) {
    const thread = threadOf(customer_id, phone_number_id);
    thread.setTyping(typing);
    if (isOpen(thread)) {
        chat.updateHeader();
    }
    renderList();
    if (typing) {
        setTimeout(renderList, thread.typingUntil - Date.now() + 100);
    }
}

function onCustomer() {
    loadState();
}

function onReset() {
    chat.close();
    threads.clear();
    loadState();
}

function put(thread, message) {
    const twin = thread.findLocalTwin(message);
    const oldId = twin && !thread.find(message.id) ? twin.id : message.id;
    const how = thread.put(message);
    if (!isOpen(thread)) {
        return;
    }
    if (how === "updated") {
        chat.refresh(thread.find(message.id), oldId);
        chat.updateHeader();
    } else {
        chat.apply(thread.find(message.id), how);
    }
}

/** The entry of the customer list: last message and unread count. */
function updateChatEntry(thread, message, isNew) {
    const customer = findCustomer(thread.customerId);
    if (!customer) {
        loadState();
        return;
    }
    let entry = chatOf(customer, thread.numberId);
    if (!entry) {
        entry = { phone_number_id: thread.numberId, unread: 0, last_message: null };
        customer.chats.push(entry);
    }
    const last = entry.last_message;
    const newer = !last || (message.id !== last.id && message.timestamp >= last.timestamp);
    if (isNew && newer && message.from === "business" && !isSeen(thread)) {
        entry.unread += 1;
    }
    if (newer || message.id === last.id) {
        entry.last_message = thread.find(message.id) ?? message;
        if (message.from === "business" && message.status === "read") {
            entry.unread = 0;
        }
    }
    renderList();
}

// === READING ===

const isSeen = (thread) => isOpen(thread) && document.visibilityState === "visible";

function readSoon() {
    clearTimeout(readTimer);
    readTimer = setTimeout(readNow, READ_DELAY);
}

function readNow() {
    const { thread } = chat;
    if (!thread || !isSeen(thread)) {
        return;
    }
    const entry = chatOf(findCustomer(thread.customerId), thread.numberId);
    if (!entry?.unread && !thread.hasUnread) {
        return;
    }
    if (entry) {
        entry.unread = 0;
    }
    renderList();
    attempt(() => api.markRead(thread.customerId, thread.numberId));
}

// === WRITING ===

function send(text, replied) {
    const { thread } = chat;
    const message = thread.addLocal(text, replied);
    chat.apply(message, "added");
    deliver(thread, message);
}

async function deliver(thread, message) {
    try {
        const saved = await api.sendText(thread.customerId, thread.numberId, message.text, message.context?.id);
        if (message.local && !thread.find(saved.id)) {
            adopt(thread, message, saved);
        } else {
            if (message.local) {
                thread.remove(message); // its event was taken for another, equal message
                isOpen(thread) && chat.render();
            }
            put(thread, saved);
        }
        updateChatEntry(thread, saved, false);
    } catch (error) {
        if (!(error instanceof api.ApiError)) {
            throw error;
        }
        Object.assign(message, { local: "failed", status: "failed", error: error.message });
        toast(error.message);
        if (isOpen(thread)) {
            chat.refresh(message);
        }
    }
}

/** Send what is no text; the server's answer is the message. */
async function act(values, replied = null) {
    const { thread } = chat;
    const saved = await api.act(thread.customerId, thread.numberId, { ...values, reply_to: replied?.id ?? null });
    show(thread, saved);
}

function show(thread, saved) {
    put(thread, saved);
    updateChatEntry(thread, saved, false);
    chat.composer.setReplied(null);
}

async function sendFile(kind, file, caption, replied) {
    const { thread } = chat;
    const note = toast(`Sending ${file.name} …`, { kind: "note", seconds: 600 });
    const saved = await attempt(() => api.sendFile(thread.customerId, thread.numberId, kind, file, { caption, replyTo: replied?.id }));
    note.remove();
    if (saved) {
        show(thread, saved);
    }
}

function play(message) {
    if (message.from === "business" && message.status !== "played" && message.payload.audio?.voice) {
        attempt(() => api.play(chat.thread.customerId, chat.thread.numberId, message.id));
    }
}

function adopt(thread, message, saved) {
    const oldId = message.id;
    delete message.local;
    Object.assign(message, { id: saved.id });
    const how = thread.put(saved);
    if (isOpen(thread)) {
        how === "sorted" ? chat.render() : chat.refresh(message, oldId);
        chat.updateHeader();
    }
}

function retry(message) {
    const { thread } = chat;
    thread.remove(message);
    chat.render();
    send(message.text, message.context);
}

async function react(message, emoji) {
    const { thread } = chat;
    const before = message.reactions ?? [];
    const others = before.filter((reaction) => reaction.from !== "customer");
    message.reactions = emoji ? [...others, { from: "customer", emoji }] : others;
    chat.refresh(message);
    try {
        const saved = await api.sendReaction(thread.customerId, thread.numberId, message.id, emoji);
        if (saved?.id === message.id) {
            put(thread, saved);
        }
    } catch (error) {
        if (!(error instanceof api.ApiError)) {
            throw error;
        }
        message.reactions = before;
        toast(error.message);
        isOpen(thread) && chat.refresh(message);
    }
}

async function addCustomer(values) {
    const customer = await api.addCustomer(values);
    if (!findCustomer(customer.id)) {
        state.customers.push({ ...customer, chats: customer.chats ?? [] });
    }
    $("search").value = "";
    list.query = "";
    go(customer.id, state.numberId);
}

// === START ===

function start() {
    $("add-customer").append(icon("plus"));
    $("search-icon").append(icon("search"));
    $("add-customer").addEventListener("click", () => openAddCustomer(addCustomer));
    $("number").addEventListener("change", (event) => go(state.customerId, event.target.value));
    $("search").addEventListener("input", (event) => list.search(event.target.value));
    $("search").addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown") {
            document.querySelector(".customer-item")?.focus();
            event.preventDefault();
        }
    });
    window.addEventListener("hashchange", route);
    document.addEventListener("visibilitychange", readSoon);
    list.render({ ...state, isTyping: () => false });
    api.listen({
        onEvent: handleEvent,
        onOpen: () => {
            $("connection").hidden = true;
            loadState();
        },
        onLost: () => {
            $("connection").hidden = false;
        },
    });
}

start();
