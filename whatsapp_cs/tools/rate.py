"""How fast a number may send: a bucket that fills evenly, with little in it, so that no burst breaks WhatsApp's limit."""

import time

BURST_SECONDS = 0.25  # of sending that may be caught up with at once
SLOW_SHARE = 0.5  # of the rate after WhatsApp said that it was too fast …
SLOW_SECONDS = 10  # … for so long


class Bucket:
    """Allows ``rate`` messages a second; a new one allows a single message at once."""

    def __init__(self, rate):
        self.rate = rate
        self._level = 1.0
        self._time = time.monotonic()
        self._slow_until = 0.0

    def get_allowance(self):
        """Return how many messages may go now."""
        now = time.monotonic()
        rate = self.rate * (SLOW_SHARE if now < self._slow_until else 1)
        self._level = min(max(1.0, rate * BURST_SECONDS), self._level + (now - self._time) * rate)
        self._time = now
        return int(self._level)

    def take(self, count):
        """Count messages that are going."""
        self._level -= count

    def slow_down(self):
        """Send slower for a while: WhatsApp has refused a message because it came too fast."""
        self._slow_until = time.monotonic() + SLOW_SECONDS
        self._level = min(self._level, 0.0)
