"""Cursor paging, the same for every list."""

import base64
import binascii

from .errors import GraphError

PAGE_SIZE, MAX_PAGE_SIZE = 25, 100


def page(call, items, identify, render, most=MAX_PAGE_SIZE):
    """Return one page of ``items`` as the query's ``limit`` and ``after`` ask. ``identify``: item -> its id."""
    query = call.request.query
    start = _after(items, identify, query.get("after"))
    limit = _limit(query.get("limit"), most)
    part = items[start : start + limit]
    answer = {"data": [render(item) for item in part]}
    if part:
        cursors = {"before": _cursor(identify(part[0])), "after": _cursor(identify(part[-1]))}
        answer["paging"] = {"cursors": cursors}
        if start + limit < len(items):
            answer["paging"]["next"] = str(call.request.url.update_query({"after": cursors["after"]}))
    return answer


def _limit(text, most):
    if text is None:
        return PAGE_SIZE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise GraphError(100, f"Param 'limit' must be a number from 1 to {most}.")
    return int(text)


def _cursor(item_id):
    return base64.urlsafe_b64encode(item_id.encode()).decode()


def _after(items, identify, cursor):
    if cursor is None:
        return 0
    try:
        last = base64.urlsafe_b64decode(cursor.encode()).decode()
        return [identify(item) for item in items].index(last) + 1
    except (binascii.Error, ValueError):
        raise GraphError(131059, "The paging cursor is invalid or expired.") from None
