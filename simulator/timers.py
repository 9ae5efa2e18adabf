"""Things that will happen later, so that a test can wait for all of them or drop them."""

import asyncio


class Timers:
    def __init__(self):
        self._handles = {}  # handle: does wait_idle wait for it?

    def later(self, delay, action, *args, counts=True):
        """Call ``action(*args)`` after ``delay`` seconds; ``counts``: the simulator is not idle until then."""

        def run():
            self._handles.pop(handle, None)
            action(*args)

        handle = asyncio.get_running_loop().call_later(max(delay, 0), run)
        self._handles[handle] = counts
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
        return sum(self._handles.values())
