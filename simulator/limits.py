"""Meta's sending rates; off unless asked for, because load tests want to go beyond them."""

import time

PER_SECOND = {"STANDARD": 80, "HIGH": 1000, "NOT_APPLICABLE": 80}
PAIR_BURST = 45
PAIR_SECONDS = 6.0


class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` per second."""

    def __init__(self, burst, rate):
        self.burst, self.rate = burst, rate
        self.level, self.at = burst, time.monotonic()

    def take(self):
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class RateLimits:
    """Meta: 80 or 1,000 messages/s per number; to one user 1 in 6 s with bursts of 45."""

    def __init__(self):
        self._buckets = {}

    def exceeded(self, number, recipient):
        """Return the error code of the limit that is hit, or None."""
        speed = PER_SECOND[number.throughput]
        if not self._bucket(number.phone_number_id, speed, speed).take():
            return 130429
        if not self._bucket((number.phone_number_id, recipient), PAIR_BURST, 1 / PAIR_SECONDS).take():
            return 131056
        return None

    def _bucket(self, key, burst, rate):
        if key not in self._buckets:
            self._buckets[key] = Bucket(burst, rate)
        return self._buckets[key]
