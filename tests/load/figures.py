"""Figures out of many values, tables out of figures, and the document they go to."""

import re
import statistics
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def median(values):
    values = list(values)
    return statistics.median(values) if values else float("nan")


def percentile(values, share):
    """Return the value that ``share`` of ``values`` do not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def rate(shots):
    """Return requests per second from the first one's start to the last one's answer."""
    return len(shots) / (max(shot.end for shot in shots) - min(shot.due for shot in shots))


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def show(value):
    """Write a number with as many digits as it deserves."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Table:
    """A table of the document; its place there is between two comments with its name."""

    def __init__(self, name, *columns):
        self.name = name
        self.columns = columns
        self.rows = []

    def add(self, *values):
        self.rows.append([show(value) for value in values])

    def __str__(self):
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def write(self):
        """Replace the table of this name in the document."""
        text = DOCUMENT.read_text(encoding="utf-8")
        begin, end = f"<!-- {self.name} -->\n", "<!-- end -->"
        new, count = re.subn(
            f"{re.escape(begin)}.*?{re.escape(end)}", lambda _match: f"{begin}{self}\n{end}", text, flags=re.DOTALL
        )
        if not count:
            raise ValueError(f"docs/performance.md has no place for the table {self.name}.")
        DOCUMENT.write_text(new, encoding="utf-8")
