"""Lists of everything that happened, still quick to read with a hundred thousand entries."""

MAX_PAGE = 10_000


class Record:
    """An append-only list of dicts with paging; keeps the newest ``keep`` entries."""

    def __init__(self, keep=None):
        self.entries = []
        self.keep = keep
        self.serial = 0  # of the newest entry

    def add(self, **entry):
        self.serial += 1
        entry = {"seq": self.serial, **entry}
        self.entries.append(entry)
        if self.keep is not None and len(self.entries) > self.keep * 1.1 + 10:
            del self.entries[: -self.keep]  # in slices: cutting one by one would copy the list each time
        return entry

    def clear(self):
        count = len(self.entries)
        self.entries.clear()
        return count

    def page(self, offset=0, limit=1000, where=None):
        """Return one page and the total of what matches."""
        entries = self.entries if self.keep is None else self.entries[-self.keep :]
        if where:
            entries = [entry for entry in entries if where(entry)]
        limit = min(limit, MAX_PAGE)
        return {"total": len(entries), "offset": offset, "limit": limit, "data": entries[offset : offset + limit]}
