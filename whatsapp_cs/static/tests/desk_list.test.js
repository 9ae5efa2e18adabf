import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import { DeskList } from "@whatsapp_cs/desk/desk_list";
import { formatWaiting, getWaitingLevel } from "@whatsapp_cs/desk/desk_time";

describe.current.tags("headless");

const TABS = [
    { id: "queue", is_by_waiting: true, name: "Queue" },
    { id: "resolved", is_by_waiting: false, name: "Resolved" },
];

/** A server with so many rows: `minute` is when the first unanswered message came. */
function makeServer(rows, pageSize = 2) {
    return {
        rows,
        async call(_model, method, args, kwargs) {
            if (method === "get_desk_changes") {
                return { rows: this.rows.filter(({ id }) => args[1].includes(id)), tabs: TABS };
            }
            const start = kwargs.after ? this.rows.findIndex(({ id }) => id === kwargs.after[2]) + 1 : 0;
            const page = this.rows.slice(start, start + pageSize);
            const last = page.at(-1);
            return {
                after: page.length === pageSize && [last.unanswered_date, last.last_message_date, last.id],
                rows: page,
            };
        },
    };
}

const makeRow = (id, minute, last = minute) => ({
    id,
    last_message_date: `2026-01-01 10:${last}:00`,
    unanswered_date: minute ? `2026-01-01 10:${minute}:00` : false,
});
const ids = (list) => list.rows.map(({ id }) => id);

let server, list;
beforeEach(async () => {
    server = makeServer([makeRow(1, "10"), makeRow(2, "20"), makeRow(3, "30"), makeRow(4, "40")]);
    list = new DeskList(server);
    list.tabs = TABS;
    await list.open("queue");
});

test("pages follow each other until there are no more", async () => {
    expect(ids(list)).toEqual([1, 2]);
    await list.more();
    expect(ids(list)).toEqual([1, 2, 3, 4]);
    await list.more();
    expect(ids(list)).toEqual([1, 2, 3, 4]);
    expect(list.after).toBe(false);
});

test("two calls for more at once fetch one page", async () => {
    await Promise.all([list.more(), list.more()]);
    expect(ids(list)).toEqual([1, 2, 3, 4]);
});

test("who comes takes the place of the waiting time; who comes after the loaded pages comes with them", async () => {
    server.rows.splice(1, 0, makeRow(5, "15"));
    await list.refresh([5]);
    expect(ids(list)).toEqual([1, 5, 2]);
    server.rows.push(makeRow(6, "50"));
    await list.refresh([6]);
    expect(ids(list)).toEqual([1, 5, 2]);
    await list.more();
    await list.more();
    expect(ids(list)).toEqual([1, 5, 2, 3, 4, 6]);
});

test("who has left the tab leaves the list, and who is answered moves behind those who wait", async () => {
    await list.more();
    server.rows = server.rows.filter(({ id }) => id !== 2);
    await list.refresh([2]);
    expect(ids(list)).toEqual([1, 3, 4]);
    server.rows[0] = makeRow(1, false, "50");
    await list.more();
    await list.refresh([1]);
    expect(ids(list)).toEqual([3, 4, 1]);
});

test("what a slow page brings after the tab was changed is not shown", async () => {
    const slow = list.more();
    server.rows = [makeRow(9, false, "59")];
    await list.open("resolved");
    await slow;
    expect(ids(list)).toEqual([9]);
});

test("the next one is who waits longest, except the one who is open", async () => {
    await list.more();
    expect(list.next(undefined).id).toBe(1);
    expect(list.next(1).id).toBe(2);
    expect(list.next(3).id).toBe(1);
    expect(list.step(3, 1).id).toBe(4);
    expect(list.step(4, 1)).toBe(undefined);
    expect(list.step(99, 1).id).toBe(1);
});

test("waiting times and their limits", () => {
    allowTranslations();
    expect([4, 5, 15, 16].map(getWaitingLevel)).toEqual(["fine", "soon", "soon", "late"]);
    expect([0, 59, 60, 47 * 60, 48 * 60].map((minutes) => String(formatWaiting(minutes)))).toEqual([
        "now",
        "59 min",
        "1 h",
        "47 h",
        "2 d",
    ]);
});
