"""The demo as a person starts it, ``scripts/demo``, from its first line of output to its last process."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parents[2]
DB = os.environ.get("E2E_DB", "whatsapp_cs_e2e")
FIRST_PORT = 8469
SECONDS_TO_START = 280  # from nothing on a slow machine; usually a fifth of it
SECONDS_TO_STOP = 20
LOG_LINES = 60


class Demo:
    """One run of ``scripts/demo`` on two free ports."""

    def __init__(self):
        self.odoo_port, self.phone_port = _free_ports(2)
        self.odoo_url = f"http://127.0.0.1:{self.odoo_port}"
        self.phone_url = f"http://127.0.0.1:{self.phone_port}"
        self._env = {
            **os.environ,
            "DEMO_DB": DB,
            "ODOO_PORT": str(self.odoo_port),
            "PHONE_PORT": str(self.phone_port),
        }
        self._output = None
        self._process = None
        self._family = []

    def clean(self):
        """Forget what an earlier run left, as the README says."""
        done = subprocess.run([ROOT / "scripts/clean-demo"], env=self._env, capture_output=True, text=True)
        assert done.returncode == 0, f"clean-demo failed:\n{done.stdout}{done.stderr}"

    def start(self):
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop
        self._process = subprocess.Popen(
            [ROOT / "scripts/demo"],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_listen_to_ctrl_c,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while "The demo is ready." not in self.output:
            if self._process.poll() is not None or time.monotonic() > deadline:
                report = self.report
                self._kill()
                raise AssertionError(f"The demo did not start.\n{report}")
            time.sleep(0.2)
        self._family = psutil.Process(self._process.pid).children(recursive=True)

    def stop(self):
        """Press Ctrl-C; return what is wrong with the way it ended, or an empty list."""
        complaints = []
        # What works for Odoo while it runs (cron, mail …) may have started later.
        family = {*self._family, *psutil.Process(self._process.pid).children(recursive=True)}
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(SECONDS_TO_STOP)
            if status != 130:
                complaints.append(f"It ended with {status} and not with 130, as after Ctrl-C.")
        except subprocess.TimeoutExpired:
            complaints.append(f"It still runs {SECONDS_TO_STOP} s after Ctrl-C.")
        _gone, alive = psutil.wait_procs(family, timeout=1)
        complaints += [f"Process {process.pid} is left behind." for process in alive]
        complaints += [f"Port {port} is still open." for port in (self.odoo_port, self.phone_port) if _is_open(port)]
        if complaints:
            complaints.append(self.report)
            self._kill()
        self._output.close()
        return complaints

    def _kill(self):
        if self._process.poll() is None:
            self._family += psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            self._process.wait()
        for process in self._family:
            if process.is_running():
                process.kill()

    @property
    def output(self):
        self._output.flush()
        # a descriptor of our own: the script writes at the end of the file meanwhile
        with open(f"/proc/self/fd/{self._output.fileno()}", encoding="utf-8", errors="replace") as output:
            return output.read()

    @property
    def report(self):
        """The end of what it said, and of the logs it names."""
        parts = [f"--- scripts/demo ---\n{_tail(self.output)}"]
        for folder in set(re.findall(r"(/\S+)/(?:\*|odoo|simulator)\.log", self.output)) or {_guess_home()}:
            for log in sorted(Path(folder).glob("*.log")):
                parts.append(f"--- {log.name} ---\n{_tail(log.read_text(errors='replace'))}")
        return "\n".join(parts)


class RunningDemo:
    """A demo that somebody has started already (for writing tests): used, never stopped."""

    report = ""

    def __init__(self, odoo_url, phone_url):
        self.odoo_url = odoo_url.rstrip("/")
        self.phone_url = phone_url.rstrip("/")
        requests.get(f"{self.phone_url}/health", timeout=5).raise_for_status()


def _listen_to_ctrl_c():
    # Whoever runs the tests in the background hands down deafness to Ctrl-C, which a shell can't undo.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _guess_home():
    cache = (
        os.environ.get("WHATSAPP_CS_CACHE")
        or f"{os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'}/whatsapp_cs"
    )
    return Path(cache) / DB


def _free_ports(count):
    ports = (port for port in range(FIRST_PORT, FIRST_PORT + 400) if not _is_open(port))
    return [next(ports) for _index in range(count)]


def _is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _tail(text):
    return "\n".join(text.splitlines()[-LOG_LINES:])
