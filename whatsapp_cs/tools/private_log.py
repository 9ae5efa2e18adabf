"""Keep what customers write out of the server's log."""

import logging
import threading
from contextlib import contextmanager

_sql_logger = logging.getLogger("odoo.sql_db")


class _HideQuery(logging.Filter):
    def __init__(self, expected):
        super().__init__()
        self.thread = threading.get_ident()
        self.expected = expected

    def filter(self, record):
        if record.thread == self.thread and str(record.msg).startswith("bad query"):
            error = record.args[-1] if record.args else None
            if isinstance(error, self.expected):
                return False
            record.msg, record.args = "bad query while customers' data was processed: %s", (type(error).__name__,)
        return True


@contextmanager
def queries_hidden(*expected):
    """Within it, and in this thread only, Odoo logs a query that fails without its text, which holds the values.

    Errors of the classes ``expected`` are not logged: who asks tries again.
    """
    hide = _HideQuery(expected)
    _sql_logger.addFilter(hide)
    try:
        yield
    finally:
        _sql_logger.removeFilter(hide)
