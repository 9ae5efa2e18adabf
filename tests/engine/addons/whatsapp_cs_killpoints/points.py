"""Points at which a process kills itself. The engine knows nothing of them: its methods are wrapped when a server loads.

A point is armed by a file of its name in the folder ``KILL_DIR``. The process that comes there first takes the file away
(only one can), writes down who it is, and is gone by ``kill -9``: no exception, no rollback, no clean-up.

A name in the table that the engine no longer has keeps the server from starting.
"""

import functools
import http.client
import os
import signal
import threading
import weakref
from importlib import import_module
from pathlib import Path

from odoo.sql_db import Cursor

from .table import AFTER, AFTER_COMMIT, BEFORE, BEFORE_ANSWER, BEFORE_COMMIT, COMMITTED, ENGINE, POINTS


def install():
    """Wrap the engine's methods; called when a server loads."""
    methods = {}
    for name, point in POINTS.items():
        methods.setdefault(point.method, {})[name] = point
    for path, points in methods.items():
        module, class_name, method = path.rsplit(".", 2)
        owner = getattr(import_module(ENGINE + module), class_name)
        setattr(owner, method, _wrap(owner.__dict__[method], points))
    Cursor.commit = _wrap_commit(Cursor.commit)
    Cursor.rollback = _wrap_rollback(Cursor.rollback)
    http.client.HTTPConnection.getresponse = _wrap_getresponse(http.client.HTTPConnection.getresponse)


# === DYING === #


def _die_if_armed(name):
    folder = Path(os.environ["KILL_DIR"])
    try:
        os.rename(folder / name, folder / f"{name}.taken")
    except FileNotFoundError:
        return
    (folder / f"{name}.victim").write_text(f"{os.getpid()} {_get_role()}", encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL)


def _get_role():
    """Return what kind of process this is; Odoo names the thread that does a worker's work."""
    names = " ".join(thread.name for thread in threading.enumerate())
    return next(
        (role for title, role in (("WorkerHTTP", "HTTP worker"), ("WorkerCron", "cron worker")) if title in names),
        "server",
    )


# === WHERE === #

_watched = weakref.WeakKeyDictionary()  # cursor: {name: moment} of its next commit
_thread = threading.local()  # calling: names of the points in the call that this thread makes


def _wrap(method, points):
    moments = {moment: [] for moment in (BEFORE, AFTER, BEFORE_COMMIT, COMMITTED, AFTER_COMMIT, BEFORE_ANSWER)}
    for name, point in points.items():
        moments[point.moment].append((name, point.counts))
    of_commit = [
        (name, point) for name, point in points.items() if point.moment in (BEFORE_COMMIT, COMMITTED, AFTER_COMMIT)
    ]

    def watch(self, arguments, result):
        for name, point in of_commit:
            if point.counts(self, arguments, result):
                _watched.setdefault(self.env.cr, {})[name] = point.moment

    @functools.wraps(method)
    def wrapped(self, *arguments, **kwargs):
        for name, counts in moments[BEFORE]:
            if counts(self, arguments, None):
                _die_if_armed(name)
        before, _thread.calling = getattr(_thread, "calling", ()), [name for name, _counts in moments[BEFORE_ANSWER]]
        watch(self, arguments, None)  # a method may commit by itself
        try:
            result = method(self, *arguments, **kwargs)
        finally:
            _thread.calling = before
        watch(self, arguments, result)
        for name, counts in moments[AFTER]:
            if counts(self, arguments, result):
                _die_if_armed(name)
        return result

    return wrapped


def _wrap_commit(commit):
    @functools.wraps(commit)
    def wrapped(cr):
        names = _watched.pop(cr, {})

        def die(moment):
            for name in names:
                if names[name] == moment:
                    _die_if_armed(name)

        die(BEFORE_COMMIT)
        if names:
            cr.postcommit._funcs.appendleft(functools.partial(die, COMMITTED))
        commit(cr)
        die(AFTER_COMMIT)

    return wrapped


def _wrap_rollback(rollback):
    @functools.wraps(rollback)
    def wrapped(cr):
        _watched.pop(cr, None)
        rollback(cr)

    return wrapped


def _wrap_getresponse(getresponse):
    @functools.wraps(getresponse)
    def wrapped(connection):
        for name in getattr(_thread, "calling", ()):
            _die_if_armed(name)
        return getresponse(connection)

    return wrapped
