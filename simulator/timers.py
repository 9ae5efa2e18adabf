"""Things that will happen later, so that a test can wait for all of them or drop them."""

import asyncio
import time


class Timers:
    def __init__(self, on_run=lambda: None):
        self._on_run = on_run
        self._handles = {}  # handle: (does wait_idle wait for it?, Unix time, note)

    def later(self, delay, action, *args, counts=True, note=None):
        """Call ``action(*args)`` after ``delay`` seconds; ``counts``: the simulator is not idle until then.

        ``note`` says what it is, to those who ask ``noted``.
        """

        def run():
            self._handles.pop(handle, None)
            action(*args)
            self._on_run()

        delay = max(delay, 0)
        handle = asyncio.get_running_loop().call_later(delay, run)
        self._handles[handle] = (counts, time.time() + delay, note)
        return handle

    def cancel(self, handle):
        if self._handles.pop(handle, None) is not None:
            handle.cancel()

    def cancel_all(self):
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()

    @property
    def pending(self):
        return sum(counts for counts, _due, _note in self._handles.values())

    def noted(self, kind):
        """Return (Unix time, note) of what is to come, where the note is of that class."""
        return [(due, note) for _counts, due, note in self._handles.values() if isinstance(note, kind)]
