"""The ``pricing`` object of statuses, for service messages."""

from collections import Counter
from datetime import UTC, datetime

# Meta: since this day service messages are billed, the first 1,000 delivered per number and month are free
BILLED_SINCE = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
FREE_PER_MONTH = 1000


class Pricing:
    def __init__(self):
        self.delivered = Counter()  # (phone number id, month)

    def _key(self, phone_number_id, now):
        return phone_number_id, datetime.fromtimestamp(now, UTC).strftime("%Y-%m")

    def quote(self, phone_number_id, now):
        used = self.delivered[self._key(phone_number_id, now)]
        free = now < BILLED_SINCE or used < FREE_PER_MONTH
        return {
            "billable": not free,
            "pricing_model": "PMP",
            "type": "free_customer_service" if free else "regular",
            "category": "service",
        }

    def count(self, phone_number_id, now):
        self.delivered[self._key(phone_number_id, now)] += 1
