"""The ``pricing`` object of statuses (Meta §4, §8.2)."""

from collections import Counter
from datetime import UTC, datetime

# Meta: since this day service messages are billed, the first 1,000 delivered per number and month are free,
# and utility templates are billed inside the window too
BILLED_SINCE = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
FREE_PER_MONTH = 1000
# the free entry point after an ad, from the business' answer on: up to 7 days since this day, 72 hours before
LONG_ENTRY_SINCE = datetime(2026, 9, 28, tzinfo=UTC).timestamp()
LONG_ENTRY, SHORT_ENTRY = 7 * 24 * 3600, 72 * 3600


def entry_point_end(now):
    return now + (LONG_ENTRY if now >= LONG_ENTRY_SINCE else SHORT_ENTRY)


class Pricing:
    def __init__(self):
        self.delivered = Counter()  # (phone number id, month): service messages

    def _key(self, phone_number_id, now):
        return phone_number_id, datetime.fromtimestamp(now, UTC).strftime("%Y-%m")

    def quote(self, message, chat, now):
        """Return the ``pricing`` of a message by its category, the month's count and the chat's windows."""
        category = message.category
        if chat.free_until is not None and now < chat.free_until:
            return _pricing("free_entry_point", "referral_conversion")
        if category == "service":
            used = self.delivered[self._key(message.phone_number_id, now)]
            free = now < BILLED_SINCE or used < FREE_PER_MONTH
        else:
            free = category == "utility" and now < BILLED_SINCE and chat.is_open(now)
        return _pricing("free_customer_service" if free else "regular", category)

    def count(self, message, chat, now):
        """A message was delivered."""
        free_entry = chat.free_until is not None and now < chat.free_until
        if message.category == "service" and not free_entry:
            self.count_service(message.phone_number_id, now)

    def count_service(self, phone_number_id, now):
        self.delivered[self._key(phone_number_id, now)] += 1


def _pricing(kind, category):
    return {"billable": kind == "regular", "pricing_model": "PMP", "type": kind, "category": category}
