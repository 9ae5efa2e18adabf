import { useMessageScrolling } from "@mail/utils/common/hooks";

import {
    Component,
    onMounted,
    onWillStart,
    onWillUnmount,
    useEffect,
    useExternalListener,
    useRef,
    useState,
    useSubEnv,
} from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { useHotkey } from "@web/core/hotkeys/hotkey_hook";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { SIZES } from "@web/core/ui/ui_service";
import { useBus, useService } from "@web/core/utils/hooks";
import { SearchBar } from "@web/search/search_bar/search_bar";

import { DeskChat } from "./desk_chat";
import { DeskConversations } from "./desk_conversations";
import { DeskList } from "./desk_list";
import { DeskPanel } from "./desk_panel";
import { DeskShortcuts, SHORTCUTS } from "./desk_shortcuts";
import { formatWaiting, getMinutesSince, getWaitingLevel } from "./desk_time";

const MODEL = "whatsapp.cs.conversation";
const TAB_KEY = "whatsapp_cs.desk.tab";
const PANEL_KEY = "whatsapp_cs.desk.hides_panel";
const TICK = 15000; // how often waiting times are looked at
/** Changes are fetched together; not by all screens at the same moment. */
const getDelay = () => 150 + Math.random() * 150;

/** One screen to work on all day: who waits, the chat, and what is known of the customer. */
export class Desk extends Component {
    static template = "whatsapp_cs.Desk";
    static components = { DeskChat, DeskConversations, DeskPanel, SearchBar };
    static props = { activeId: { optional: true }, updateActionState: { type: Function, optional: true } };

    setup() {
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.orm = useService("orm").silent;
        this.store = useService("mail.store");
        this.ui = useService("ui");
        this.messageHighlight = useMessageScrolling();
        this.root = useRef("root");
        useSubEnv({ inDiscussApp: true, messageHighlight: this.messageHighlight });
        this.list = useState(new DeskList(this.orm));
        this.state = useState({
            cards: {},
            focusesComposer: false, // not while somebody walks through the list
            hidesPanel: browser.localStorage.getItem(PANEL_KEY) === "1",
            now: Date.now(),
            pane: "list", // what a phone shows: list, chat or panel
            row: undefined, // the conversation that is open, which may have left the list
            selectedId: undefined, // the one that was chosen: at once, the rest comes when it is there
            showsPanel: false, // over the chat, where there is no room beside it
        });
        this.changed = new Set();
        onWillStart(() => this.start());
        useBus(this.env.searchModel, "update", () => this.openTab(this.list.tabId));
        this.setupLive();
        this.setupKeys();
        useEffect(
            (unread) => {
                if (unread !== undefined) {
                    this.note([]); // the tab counts what was not read
                }
            },
            () => [this.thread?.self_member_id?.message_unread_counter]
        );
    }

    async start() {
        const { shows_channel, tabs } = await this.orm.call(MODEL, "get_desk", []);
        this.showsChannel = shows_channel;
        this.list.tabs = tabs;
        const saved = tabs.find(({ id }) => id === browser.sessionStorage.getItem(TAB_KEY));
        const first = saved ?? tabs.find(({ count }) => count) ?? tabs[0];
        await Promise.all([this.openTab(first.id), this.restore()]);
    }

    /** Open the conversation that the address of the page names. */
    async restore() {
        const id = Number(String(this.props.activeId ?? "").replace(/^conversation_/, ""));
        if (id) {
            await this.openConversation({ id });
        }
    }

    // === LIVE ===

    setupLive() {
        const onChanged = ({ conversations }) => this.note(conversations);
        const onReconnect = () => this.reload();
        let tick;
        onMounted(() => {
            this.store.isWhatsappCsDeskActive = true;
            this.bus.addChannel("whatsapp_cs.desk");
            this.bus.subscribe("whatsapp_cs.desk/changed", onChanged);
            this.bus.addEventListener("BUS:RECONNECT", onReconnect);
            tick = browser.setInterval(() => (this.state.now = Date.now()), TICK);
        });
        onWillUnmount(() => {
            this.store.isWhatsappCsDeskActive = false;
            this.store.whatsappCsShowOnDesk(undefined);
            this.bus.deleteChannel("whatsapp_cs.desk");
            this.bus.unsubscribe("whatsapp_cs.desk/changed", onChanged);
            this.bus.removeEventListener("BUS:RECONNECT", onReconnect);
            browser.clearInterval(tick);
            browser.clearTimeout(this.timer);
        });
    }

    /** Remember what has changed, and look at it in a moment; what counts the tabs may have changed in any case. */
    note(conversations) {
        const isEditor = this.store.has_whatsapp_cs_editor;
        const me = this.store.self.main_user_id?.id;
        for (const [id, userId] of conversations) {
            // What a colleague has is not for an agent to see, unless it is still in the list here.
            if (isEditor || !userId || userId === me || this.list.find(id) || id === this.state.row?.id) {
                this.changed.add(id);
            }
        }
        this.timer ??= browser.setTimeout(() => this.refresh(), getDelay());
    }

    async refresh() {
        const ids = [...this.changed];
        this.changed.clear();
        let isDone = false;
        try {
            isDone = await this.list.refresh(ids);
            if (ids.includes(this.state.row?.id)) {
                await this.reloadCards();
            }
        } catch (error) {
            // Nobody has asked for this: what is not allowed any more is not shown, and what was not reached is looked
            // at with the next change, at the latest when the connection is back.
            isDone = error instanceof RPCError;
            this.isOffline = !isDone;
        }
        if (!isDone) {
            ids.forEach((id) => this.changed.add(id)); // the list was being loaded, or there is no connection
        }
        this.timer = undefined;
        this.state.now = Date.now();
        if (this.changed.size && !this.isOffline) {
            this.note([]);
        }
        this.isOffline = false;
    }

    async reload() {
        await this.openTab(this.list.tabId);
        this.note([[this.state.row?.id ?? 0, false]]);
    }

    // === LIST ===

    async openTab(tabId) {
        browser.sessionStorage.setItem(TAB_KEY, tabId);
        await this.list.open(tabId, this.env.searchModel.domain);
    }

    /** What the badge of a tab shows: how many customers wait, in the colour of the one who waits longest. */
    getBadge(tab) {
        const minutes = getMinutesSince(tab.since, this.state.now);
        return {
            level: minutes === undefined ? undefined : getWaitingLevel(minutes),
            number: tab.unread || tab.unanswered || tab.count,
            title: this.getBadgeTitle(tab, minutes),
        };
    }

    getBadgeTitle(tab, minutes) {
        const parts = [_t("%s conversations", tab.count)];
        if (tab.unread) {
            parts.push(_t("%s with new messages", tab.unread));
        }
        if (minutes !== undefined) {
            parts.push(
                _t("%(count)s customers wait, the longest for %(time)s", {
                    count: tab.unanswered,
                    time: formatWaiting(minutes),
                })
            );
        }
        return parts.join(", ");
    }

    get isSearching() {
        return this.env.searchModel.facets.length > 0;
    }

    get emptyTitle() {
        if (this.isSearching) {
            return _t("Nothing found in this list");
        }
        return (
            {
                mine: _t("You have no conversation"),
                queue: _t("Nobody waits in the queue"),
                resolved: _t("Nothing was resolved yet"),
                snoozed: _t("Nothing is put off"),
                waiting: _t("No customer owes an answer"),
            }[this.list.tabId] ?? _t("No conversation here")
        );
    }

    get emptyText() {
        if (this.isSearching) {
            return _t("Search in another list, or remove a filter.");
        }
        return (
            {
                mine: _t("Take the next customer from the queue, or answer one there: that takes the conversation."),
                queue: _t("Whoever writes next appears here by itself."),
                snoozed: _t("What you snooze waits here, and comes back by itself."),
                resolved: _t("Resolved conversations stay here, to be read and searched."),
                waiting: _t("Conversations you have answered wait here until the customer writes again."),
            }[this.list.tabId] ?? _t("New messages appear here by themselves.")
        );
    }

    // === CHAT ===

    get thread() {
        return this.store.whatsappCsDeskThread;
    }

    async select(row, { focus = true } = {}) {
        await this.openConversation({ focus, id: row.id, threadId: row.thread_id });
    }

    /**
     * Show a conversation in the middle.
     *
     * @param {number} [param0.messageId] the message of the chat to begin at
     */
    async openConversation({ focus = true, id, messageId, threadId }) {
        const request = (this.request = {});
        this.state.selectedId = id;
        let cards, row, thread;
        try {
            [{ cards, row }] = await Promise.all([
                this.orm.call(MODEL, "get_desk_data", [[id]]),
                threadId && this.fetchThread(threadId),
            ]);
            thread = await this.fetchThread(row.thread_id);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error;
            }
        }
        if (request !== this.request) {
            return;
        }
        if (!thread) {
            this.state.selectedId = this.state.row?.id;
            this.notification.add(
                _t("You can't see this conversation (any more): a colleague may be answering it."),
                { type: "warning" }
            );
            this.note([[id, false]]);
            return;
        }
        const focusesComposer = focus && !this.ui.isSmall;
        Object.assign(this.state, { cards, focusesComposer, row, showsPanel: false });
        this.store.whatsappCsShowOnDesk(thread);
        this.props.updateActionState?.({ active_id: `conversation_${id}` });
        if (this.ui.isSmall) {
            this.state.pane = "chat";
        } else if (focusesComposer) {
            thread.composer.autofocus++;
        }
        if (messageId) {
            await this.showMessage(thread, messageId);
        }
    }

    fetchThread(id) {
        return this.store.Thread.getOrFetch({ id, model: "discuss.channel" });
    }

    async showMessage(thread, messageId) {
        await thread.isLoadedDeferred;
        const message = this.store["mail.message"].insert({ id: messageId, thread });
        await this.messageHighlight.highlightMessage(message, thread);
    }

    async reloadCards() {
        const { id } = this.state.row;
        const { cards, row } = await this.orm.call(MODEL, "get_desk_data", [[id]]);
        if (id === this.state.row.id) {
            Object.assign(this.state, { cards, row });
        }
    }

    back() {
        this.state.pane = this.state.pane === "panel" ? "chat" : "list";
    }

    // === PANES ===

    get hasRoomForPanel() {
        return this.ui.size >= SIZES.XL;
    }

    get isPanelOpen() {
        if (this.ui.isSmall) {
            return this.state.pane === "panel";
        }
        return this.hasRoomForPanel ? !this.state.hidesPanel : this.state.showsPanel;
    }

    get showsList() {
        return !this.ui.isSmall || this.state.pane === "list";
    }

    get showsChat() {
        return !this.ui.isSmall || this.state.pane === "chat";
    }

    togglePanel() {
        if (this.ui.isSmall) {
            this.state.pane = this.state.pane === "panel" ? "chat" : "panel";
        } else if (this.hasRoomForPanel) {
            this.state.hidesPanel = !this.state.hidesPanel;
            browser.localStorage.setItem(PANEL_KEY, this.state.hidesPanel ? "1" : "0");
        } else {
            this.state.showsPanel = !this.state.showsPanel;
        }
    }

    // === KEYS ===

    setupKeys() {
        for (const { alt, id, keys } of SHORTCUTS) {
            for (const key of keys.filter((key) => /^[a-z]$/.test(key))) {
                useHotkey(key, () => this.onShortcut(id));
            }
            if (alt) {
                useHotkey(`alt+${alt}`, () => this.onShortcut(id), { bypassEditableProtection: true });
            }
        }
        for (let number = 1; number <= 9; number++) {
            useHotkey(String(number), () => this.list.tabs[number - 1] && this.openTab(this.list.tabs[number - 1].id));
        }
        // Odoo's hotkeys know letters and digits only.
        useExternalListener(window, "keydown", (ev) => this.onKeydown(ev));
    }

    onKeydown(ev) {
        const isWriting = ev.target instanceof HTMLElement && (ev.target.isContentEditable || /^(input|textarea|select)$/i.test(ev.target.tagName));
        if (isWriting || ev.ctrlKey || ev.metaKey || ev.altKey || this.ui.activeElement !== document) {
            return;
        }
        const shortcut = SHORTCUTS.find(({ keys }) => keys.includes(ev.key) && !/^[a-z]$/.test(ev.key));
        if (shortcut) {
            ev.preventDefault();
            this.onShortcut(shortcut.id);
        }
    }

    onShortcut(id) {
        const { thread } = this;
        const { selectedId } = this.state;
        switch (id) {
            case "next":
                return this.goTo(this.list.next(selectedId));
            case "below":
                return this.goTo(this.list.step(selectedId, 1));
            case "above":
                return this.goTo(this.list.step(selectedId, -1));
            case "help":
                return this.dialog.add(DeskShortcuts, { tabs: this.list.tabs });
            case "list":
                return this.root.el.querySelector(".o-whatsapp_cs-DeskConversations")?.focus();
            case "panel":
                return this.togglePanel();
            case "search":
                return this.env.searchModel.trigger("focus-search");
            case "write":
            case "note":
                if (thread && thread.composer.isWhatsappCsNote !== (id === "note")) {
                    thread.composer.whatsappCsToggleNote();
                }
                return thread && thread.composer.autofocus++;
            case "take":
            case "resolve":
            case "release":
            case "transfer":
            case "snooze":
                return this.act(id);
        }
    }

    goTo(row) {
        if (row) {
            this.select(row);
        }
    }

    /** Press one of the buttons above the chat, if it is there. */
    act(name) {
        this.root.el.querySelector(`button[name='whatsapp-cs-${name}']`)?.click();
    }
}
