import { Component, onWillRender, useEffect, useRef, useState } from "@odoo/owl";

import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { imageUrl } from "@web/core/utils/urls";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";
import { WindowChip } from "@whatsapp_cs/core/common/window_chip/window_chip";

import { formatDate, formatFull } from "./desk_time";
import { DeskWaiting } from "./desk_waiting";

export const ROW_HEIGHT = 84; // as in desk.scss
const AHEAD = 20; // rows before the end at which the next page is fetched

/** What a message without text is called in the list. */
const TYPES = {
    audio: ["fa-microphone", _t("Audio")],
    button: ["fa-hand-pointer-o", _t("Button")],
    contacts: ["fa-address-card-o", _t("Contact")],
    document: ["fa-file-o", _t("Document")],
    image: ["fa-camera", _t("Photo")],
    interactive: ["fa-list-ul", _t("Choice")],
    location: ["fa-map-marker", _t("Location")],
    order: ["fa-shopping-bag", _t("Order")],
    sticker: ["fa-smile-o", _t("Sticker")],
    template: ["fa-file-text-o", _t("Template")],
    video: ["fa-video-camera", _t("Video")],
};

/** The list on the left: of any number of conversations only those in sight are drawn. */
export class DeskConversations extends Component {
    static template = "whatsapp_cs.DeskConversations";
    static components = { DeskWaiting, WindowChip };
    static props = {
        list: Object,
        now: Number,
        onSelect: Function,
        selectedId: { optional: true },
        showsChannel: Boolean,
        slots: Object,
    };

    setup() {
        this.store = useService("mail.store");
        this.list = useState(this.props.list);
        this.rowHeight = ROW_HEIGHT;
        this.high = _t("High priority");
        this.urgent = _t("Urgent");
        this.scrollable = useRef("scrollable");
        this.grid = useVirtualGrid({
            bufferCoef: 0.5,
            onChange: () => {
                this.loadMore();
                this.render();
            },
            scrollableRef: this.scrollable,
        });
        onWillRender(() => this.grid.setRowsHeights(this.list.rows.map(() => ROW_HEIGHT)));
        useEffect(
            () => {
                this.loadMore();
            },
            () => [this.list.rows]
        );
        useEffect(
            () => {
                this.scrollable.el.scrollTop = 0;
            },
            () => [this.list.tabId]
        );
        useEffect(
            () => {
                this.showSelected();
            },
            () => [this.props.selectedId]
        );
    }

    get visible() {
        const [start, end] = this.grid.rowsIndexes;
        return start === undefined
            ? []
            : this.list.rows
                  .slice(start, end + 1)
                  .map((row, index) => ({ index: start + index, row }));
    }

    get height() {
        return this.list.rows.length * ROW_HEIGHT;
    }

    loadMore() {
        const end = this.grid.rowsIndexes?.[1] ?? 0;
        if (end >= this.list.rows.length - AHEAD) {
            this.list.more();
        }
    }

    /** Bring the chosen conversation into sight when it was chosen by key. */
    showSelected() {
        const index = this.list.rows.findIndex(({ id }) => id === this.props.selectedId);
        const { clientHeight, scrollTop } = this.scrollable.el;
        const top = index * ROW_HEIGHT;
        if (index >= 0 && top < scrollTop) {
            this.scrollable.el.scrollTop = top;
        } else if (index >= 0 && top + ROW_HEIGHT > scrollTop + clientHeight) {
            this.scrollable.el.scrollTop = top + ROW_HEIGHT - clientHeight;
        }
    }

    onKeydown(ev) {
        const { list } = this;
        const { onSelect, selectedId } = this.props;
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        const row = step ? list.step(selectedId, step) : { End: list.rows.at(-1), Home: list.rows[0] }[ev.key];
        if (row && !ev.altKey && !ev.ctrlKey && !ev.metaKey) {
            ev.preventDefault();
            onSelect(row, { focus: false });
        } else if (ev.key === "Enter" && list.find(selectedId)) {
            ev.preventDefault();
            onSelect(list.find(selectedId));
        }
    }

    getAvatar(row) {
        return row.partner_id
            ? imageUrl("res.partner", row.partner_id, "avatar_128")
            : this.store.DEFAULT_AVATAR;
    }

    /** Own conversations: what was not read; others: what nobody has answered. */
    getUnread(row) {
        const member = this.store.Thread.get({ id: row.thread_id, model: "discuss.channel" })?.self_member_id;
        return member ? member.message_unread_counter : row.unread || (row.user ? 0 : row.unanswered);
    }

    getPreview({ preview }) {
        if (!preview) {
            return {};
        }
        const [icon, name] = TYPES[preview.type] ?? [];
        return { icon, text: preview.text || name || _t("Message") };
    }

    getWindowEnd(row) {
        return row.window_end_date ? deserializeDateTime(row.window_end_date) : undefined;
    }

    getDate(row) {
        return formatDate(row.last_message_date, this.props.now);
    }

    getFullDate(row) {
        return formatFull(row.last_message_date);
    }
}
