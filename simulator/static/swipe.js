/** Swiping a message sideways answers it, as on a phone. */

const TRIGGER = 56;
const LIMIT = 84;

/** Calls `onReply(row)` for a `.row[data-row-id]` in `area` that was swiped far enough. */
export function enableSwipe(area, onReply) {
    let row = null;
    let start = null;
    let distance = 0;

    const reset = () => {
        if (row) {
            row.style.translate = "";
            row.classList.remove("swiping", "swiped");
        }
        row = null;
        distance = 0;
    };

    area.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse") {
            return;
        }
        row = event.target.closest(".row[data-row-id]");
        start = { x: event.clientX, y: event.clientY };
    });
    area.addEventListener("pointermove", (event) => {
        if (!row) {
            return;
        }
        const x = event.clientX - start.x;
        if (!distance && Math.abs(event.clientY - start.y) > Math.abs(x)) {
            return;
        }
        distance = Math.max(0, Math.min(x, LIMIT));
        row.style.translate = `${distance}px 0`;
        row.classList.add("swiping");
        row.classList.toggle("swiped", distance > TRIGGER);
    });
    area.addEventListener("pointerup", () => {
        if (row && distance > TRIGGER) {
            onReply(row);
        }
        reset();
    });
    area.addEventListener("pointercancel", reset);
}
