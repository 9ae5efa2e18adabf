"""The file of ``--state``: read at the start, written soon after a change and at the end."""

import asyncio
import logging
import os
import shutil
import threading
import time
from pathlib import Path

from . import state

_logger = logging.getLogger(__name__)

LEAD = 0.05  # after the first change; what belongs to it is in the same file then
GAP = 1.0  # between the beginnings of two writings
SHARE = 0.05  # of the server's time, at most, that goes into collecting what to write
RETRY = 10.0  # after a failure, e.g. a full disk


class StateFile:
    """Keeps a simulator in ``settings.state``; does nothing without one."""

    def __init__(self, simulator):
        self.sim = simulator
        self.dump = state.Dump(simulator)
        self._to_resume = None
        self._timer = None
        self._writing = None  # the task
        self._changed = False  # since the last collecting
        self._next = 0.0
        self._lock = threading.Lock()
        self._collected = 0  # counts; a thread that comes late must not overwrite what is newer
        self._written = 0

    @property
    def path(self):
        return Path(self.sim.settings.state) if self.sim.settings.state else None

    # === READING === #

    def load(self, rebuild):
        """Put the content back; a file that can't be used is kept aside. ``rebuild`` makes an empty world."""
        path = self.path
        if path is None:
            return
        if not path.parent.is_dir():
            raise ValueError(f"--state: the directory {path.parent} does not exist.")
        if not path.exists():
            return
        try:
            data = state.parse(path.read_bytes())
            skipped = state.restore(self.sim, data)
        except state.StateError as error:
            rebuild()
            aside = _free_name(path)
            os.replace(path, aside)
            _logger.warning("The state file %s can't be used: %s. Starting anew; the file is kept as %s.",
                            path, error, aside)  # fmt: skip
            return
        if skipped:
            aside = _free_name(path)
            shutil.copy2(path, aside)
            _logger.warning("%s entries of the state file %s don't fit the world any more and are left out; "
                            "the whole file is kept as %s.", skipped, path, aside)  # fmt: skip
        self.dump.parts()  # while nobody waits: from now on only what changes is encoded
        self._to_resume = data

    def resume(self):
        """Go on with what was under way, once the server's loop runs."""
        data, self._to_resume = self._to_resume, None
        if data:
            state.resume(self.sim, data)

    # === WRITING === #

    def touch(self):
        """Something has changed: it will be written soon, together with what follows."""
        if not self.sim.settings.state:
            return
        self._changed = True
        if self._timer is None and self._writing is None:
            self._plan(LEAD)

    def _plan(self, least):
        delay = max(least, self._next - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def _start(self):
        self._timer = None
        self._writing = asyncio.create_task(self._save())

    async def _save(self):
        try:
            began = time.monotonic()
            snapshot = self._collect()
            self._next = began + max(GAP, (time.monotonic() - began) / SHARE)
            await asyncio.to_thread(self._write, *snapshot)
        except OSError as error:
            self._failed(error)
        finally:
            self._writing = None
            if self._changed:
                self._plan(0)

    def _failed(self, error):
        reason = error.strerror or error
        _logger.warning("The state can't be written to %s: %s. Make room or allow it.", self.path, reason)
        self._changed = True
        self._next = time.monotonic() + RETRY

    def save_now(self):
        """Write at once and wait for it: for what the caller is about to be promised, and at the end."""
        if self.path is None or self._to_resume:
            return  # what is still to be resumed is in the file only
        try:
            self._write(*self._collect())
        except OSError as error:
            self._failed(error)

    def close(self):
        """Write for the last time; what happens afterwards is not kept."""
        self.save_now()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _collect(self):
        self._changed = False
        self._collected += 1
        return self._collected, self.path, self.dump.parts()

    def _write(self, serial, path, parts):
        """Write in one step, so that a crash leaves the old or the new file. May run in a thread."""
        draft = path.with_name(path.name + ".new")
        with self._lock:
            if serial <= self._written:
                return
            with draft.open("w", encoding="ascii") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
            self._written = serial


def _free_name(path):
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    return aside
