"""A whole installation to break: Odoo servers on one database, the simulator in Meta's place, perhaps a PostgreSQL.

``with Stack("whatsapp_cs_…") as stack`` makes all of it, and removes all of it however the block ends. The database is
a copy of a template that is made once per state of the addon. What runs is a copy of the addon as well: a change of
the checkout in the middle of a run does not reach it.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extensions
import requests
from e2e.rpc import RpcError

ROOT = Path(__file__).resolve().parents[2]
TEST_ADDONS = Path(__file__).resolve().parent / "addons"
CACHE = Path(
    os.environ.get("WHATSAPP_CS_CACHE") or f"{os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'}/whatsapp_cs"
)
ODOO_BIN = Path(os.environ.get("ODOO_BIN") or CACHE / "odoo/usr/bin/odoo")
ODOO_ADDONS = ODOO_BIN.parents[1] / "lib/python3/dist-packages/odoo/addons"
TEMPLATE = "whatsapp_cs_engine_template_"
TEMPLATES_KEPT = 3  # for each set of modules: somebody may be at work on more than one state

WEBHOOK_TOKEN = "engine-webhook-token"
PHONE_NUMBER_ID = "301000000000001"
APP_SECRET = "sim-app-secret-1"
AGENTS = ("agent1", "agent2", "agent3")  # the password is the login

SECONDS_TO_START = 90
SECONDS_TO_STOP = 10
LOG_LINES = 40

SET_UP = f"""
account = env["whatsapp.cs.account"].create({{
    "name": "Lakeside Outfitters", "waba_id": "101000000000001", "app_id": "201000000000001",
    "app_secret": "{APP_SECRET}", "access_token": "SIM-TOKEN-1", "api_version": "v25.0",
    "webhook_token": "{WEBHOOK_TOKEN}", "state": "connected",
}})
env["whatsapp.cs.channel"].create({{
    "name": "Lakeside Outfitters", "account_id": account.id, "phone_number_id": "{PHONE_NUMBER_ID}",
    "display_phone_number": "+1 555-010-0100", "number_status": "CONNECTED", "state": "live",
}})
groups = {{"editor": "editor", **dict.fromkeys({AGENTS!r}, "agent")}}
for login, group in groups.items():
    env["res.users"].with_context(no_reset_password=True).create({{
        "name": login.capitalize(), "login": login, "password": login, "email": f"{{login}}@example.com",
        "odoobot_state": "disabled",
        "group_ids": [
            (4, env.ref("base.group_user").id),
            (4, env.ref("sales_team.group_sale_salesman").id),
            (4, env.ref(f"whatsapp_cs.whatsapp_cs_group_{{group}}").id),
        ],
    }})
env.ref("base.user_admin").group_ids = [(4, env.ref("whatsapp_cs.whatsapp_cs_group_administrator").id)]
env.cr.commit()
"""


class Stack:
    """See the module. Use it as a context manager, from the main thread (what it starts ends with the thread).

    :param database: name of the database, made anew
    :param servers: number of Odoo servers on it
    :param workers: HTTP worker processes of each server; 0: one process with threads
    :param cron_threads: cron workers of each server
    :param simulator: more options of ``python -m simulator``; ``{home}`` stands for a folder of this stack
    :param modules: more modules to install, from ``tests/engine/addons`` or Odoo
    :param load: modules to load into the servers without installing them (Odoo's ``server_wide_modules``)
    :param options: more lines of Odoo's configuration file
    :param environment: more variables for the Odoo servers; ``{home}`` as above
    :param own_postgres: a PostgreSQL of its own, which may be killed
    :param first_port: free ports are taken from here upwards
    """

    def __init__(
        self, database, servers=1, workers=2, cron_threads=2, simulator=(), *, modules=(), load=(), options=None,
        environment=None, own_postgres=False, first_port=8600,
    ):  # fmt: skip
        self.database = database
        self.workers = workers
        self.cron_threads = cron_threads
        self.options = options or {}
        self.environment = environment or {}
        self._server_count = servers
        self._simulator_arguments = simulator
        self._modules = sorted(modules)
        self._load = load
        self._own_postgres = own_postgres
        self._first_port = first_port
        self._connection = None

    def __enter__(self):
        signal.signal(signal.SIGTERM, _end_with_clean_up)
        with contextlib.ExitStack() as exits:
            self.home = Path(tempfile.mkdtemp(prefix=f"{self.database}_"))
            exits.callback(shutil.rmtree, self.home, ignore_errors=True)
            exits.push(self._keep_logs)
            self._copy_addons()
            self.postgres = Postgres.shared()
            template = self._find_or_make_template()
            if self._own_postgres:
                self.postgres = Postgres.start_own(self.home / "postgres", self._free_port())
                exits.callback(self.postgres.stop)
                template.restore_into(self.postgres, self.database)
            else:
                template.copy_as(self.database)
                exits.callback(self._drop_database)
            exits.callback(self._disconnect)
            shutil.copytree(template.filestore, self.home / "data/filestore" / self.database)

            self.servers = [
                Server(self, index, self._free_port(), self._free_port()) for index in range(self._server_count)
            ]
            port = self._free_port()
            arguments = [self._fill_in(argument) for argument in self._simulator_arguments]
            self.simulator = Simulator(self.home / "simulator.log", port, self.webhook_url(0), arguments)
            self._point_to(self.simulator.url)
            for process in (self.simulator, *self.servers):
                exits.callback(process.kill)
                process.launch()
            for process in (self.simulator, *self.servers):
                process.wait_until_ready()
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *error):
        return self._exits.__exit__(*error)

    # === USING IT === #

    def control(self, method, path, body=None, **parameters):
        """Call the simulator's control API and return its answer; ``parameters`` go into the query."""
        response = requests.request(
            method, f"{self.simulator.url}/control/{path}", json=body, params=parameters, timeout=600
        )
        if not response.ok:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    def records(self, path, **filters):
        """Return a whole list of the simulator's (``messages``, ``requests``, ``webhooks``), page by page."""
        entries, total = [], None
        while total is None or len(entries) < total:
            page = self.control("GET", path, **filters, offset=len(entries), limit=10000)
            entries += page["data"]
            total = page["total"]
        return entries

    def webhook_url(self, index):
        return f"{self.servers[index].url}/whatsapp_cs/webhook/{WEBHOOK_TOKEN}"

    def sign(self, body):
        """Return the headers with which Meta would send ``body`` (bytes)."""
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}

    def post(self, body, server=0):
        """Post a signed webhook (bytes, or what becomes JSON) and return the status code."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return requests.post(self.webhook_url(server), data=body, headers=self.sign(body), timeout=30).status_code

    def query(self, sql, *parameters):
        """Run SQL, committed at once, and return its rows."""
        if self._connection is None or self._connection.closed:
            self._connection = self.postgres.connect(self.database)
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def odoo_shell(self, script):
        """Run a Python script with ``env`` in an Odoo process of its own; return what it printed."""
        return self._run_odoo(self.home / "shell.log", "shell", "-d", self.database, script=script)

    def agent(self, login, server=0):
        """Log in and return the session."""
        return Session(self.servers[server].url, self.database, login)

    def wait_until_idle(self, timeout=60, ignoring=()):
        """Wait until everything is processed, sent and reported; raises TimeoutError with what is left.

        :param ignoring: names of queues (``outbox`` …) that need not be empty
        """
        deadline = time.monotonic() + timeout
        while True:
            left = {name: count for name, count in self.get_backlog().items() if name not in ignoring}
            if not any(left.values()):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"Not idle within {timeout} s; left: {left}")
            time.sleep(0.1)

    def get_backlog(self):
        """Return how much waits where. The simulator comes last: what it has finished shows up in the inbox."""
        health = requests.get(f"{self.simulator.url}/health", timeout=30).json()
        [(events, rows)] = self.query(
            """
            SELECT (SELECT count(*) FROM whatsapp_cs_event WHERE state = 'new'),
                   (SELECT count(*) FROM whatsapp_cs_outbox WHERE state IN ('queued', 'sending', 'retry'))
            """
        )
        return {"simulator": health["pending"], "inbox": events, "outbox": rows}

    def restart_postgres(self, mode=signal.SIGQUIT):
        """Stop PostgreSQL (by default at once, without a checkpoint) and start it again."""
        if not self._own_postgres:
            raise RuntimeError("This PostgreSQL is not ours to restart: use own_postgres=True.")
        self._disconnect()
        self.postgres.stop(mode)
        self.postgres.launch()
        self.postgres.wait_until_ready()

    def revive(self):
        """Start the servers that have ended by themselves, as a supervisor would; return their numbers."""
        ended = [index for index, server in enumerate(self.servers) if not server.is_running]
        for index in ended:
            self.servers[index].kill()  # what is left of its children
            self.servers[index].launch()
        for index in ended:
            self.servers[index].wait_until_ready()
        return ended

    def get_log_errors(self):
        """Return the lines of the servers' logs that a person should look at."""
        pattern = re.compile(r" (ERROR|CRITICAL) |^[A-Za-z_.]*(Error|Exception)\b")
        return [
            f"{server.log.name}: {line}"
            for server in self.servers
            for line in server.log.read_text(errors="replace").splitlines()
            if pattern.search(line)
        ]

    # === MAKING IT === #

    def _copy_addons(self):
        """Freeze what is tested, and say which state of it this is."""
        self.addons = self.home / "addons"
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / "whatsapp_cs", self.addons / "whatsapp_cs", ignore=ignored)
        if TEST_ADDONS.exists():
            shutil.copytree(TEST_ADDONS, self.addons, ignore=ignored, dirs_exist_ok=True)
        state = hashlib.sha256(SET_UP.encode())
        for module in ("whatsapp_cs", *self._modules):
            for path in sorted((self.addons / module).rglob("*")):
                if path.is_file() and "tests" not in path.relative_to(self.addons).parts:
                    state.update(str(path.relative_to(self.addons)).encode() + b"\0" + path.read_bytes())
        self._suffix = "".join(f"_{name.removeprefix('whatsapp_cs_')}" for name in self._modules)
        self._template_name = f"{TEMPLATE}{state.hexdigest()[:10]}{self._suffix}"

    def _find_or_make_template(self):
        folder = CACHE / "engine"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # others wait and find it made
            template = Template(self.postgres, self._template_name, folder)
            if not template.exists():
                self._drop_old_templates(folder)
                self._make(template)
            template.data.touch()
        return template

    def _drop_old_templates(self, folder):
        for draft in self.postgres.list_databases(f"^{TEMPLATE}.*_new$"):
            self.postgres.drop(draft)  # its maker was killed: we hold the lock
        names = self.postgres.list_databases(rf"^{TEMPLATE}[0-9a-f]{{10}}{self._suffix}$")
        templates = [Template(self.postgres, name, folder) for name in names]
        for template in sorted(templates, key=Template.get_last_use)[: 1 - TEMPLATES_KEPT]:
            with contextlib.suppress(psycopg2.errors.ObjectInUse):  # it is being copied: another run drops it
                template.drop()

    def _make(self, template):
        draft = f"{template.name}_new"  # gets its name when it is complete
        self.postgres.drop(draft)
        modules = ",".join(["whatsapp_cs", *self._modules])
        log = self.home / "install.log"
        data = template.data
        shutil.rmtree(data, ignore_errors=True)
        self._run_odoo(log, "server", "-d", draft, "-i", modules, "--without-demo", "--stop-after-init", data=data)
        self._run_odoo(log, "shell", "-d", draft, script=SET_UP, data=data)
        (data / "filestore" / draft).rename(template.filestore)
        self.postgres.execute(f'ALTER DATABASE "{draft}" RENAME TO "{template.name}"')

    def _run_odoo(self, log, *arguments, script="", data=None):
        conf = self.write_conf("command", data=data)
        command = [sys.executable, str(ODOO_BIN), arguments[0], "-c", str(conf), *arguments[1:], "--no-http"]
        result = subprocess.run(
            command, input=script, env=self.get_environment(), text=True, timeout=600, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(arguments)}\n{result.stdout}\n")
        # Odoo ends with 0 although it has logged errors.
        if result.returncode or re.search(r" (ERROR|CRITICAL) |^Traceback ", result.stdout, re.MULTILINE):
            raise RuntimeError(f"odoo {' '.join(arguments)} failed:\n{_tail(log)}")
        return result.stdout

    def write_conf(self, name, port=0, gevent_port=0, data=None):
        conf = self.home / f"{name}.conf"
        options = {
            "addons_path": f"{self.addons},{ODOO_ADDONS}",
            "data_dir": data or self.home / "data",
            "db_host": self.postgres.host,
            "db_port": self.postgres.port,
            "db_user": self.postgres.user,
            "db_password": self.postgres.password,
            "admin_passwd": secrets.token_urlsafe(),
            "http_interface": "127.0.0.1",
            "http_port": port,
            "gevent_port": gevent_port,
            "list_db": False,
            "server_wide_modules": ",".join(["base", "web", *self._load]),
            "workers": self.workers,
            "max_cron_threads": self.cron_threads,
            **self.options,
        }
        lines = ["[options]", *(f"{key} = {value}" for key, value in options.items())]
        conf.touch(mode=0o600)
        conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return conf

    def get_environment(self):
        # The variables of libpq beat Odoo's configuration file: they must name the same server.
        return {
            **{name: value for name, value in os.environ.items() if name != "ODOO_RC" and not name.startswith("PG")},
            **self.postgres.environment,
            **{name: self._fill_in(value) for name, value in self.environment.items()},
        }

    def _fill_in(self, text):
        return text.replace("{home}", str(self.home))

    def _point_to(self, simulator_url):
        self.query("UPDATE whatsapp_cs_account SET base_url = %s", simulator_url)
        self.query("UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'", self.servers[0].url)
        # Odoo's own housekeeping is not what is looked at here, and some of it calls services on the internet.
        self.query("UPDATE ir_cron SET active = false WHERE cron_name NOT LIKE 'WhatsApp%'")
        self.query("DELETE FROM ir_cron_trigger")

    def _free_port(self):
        for port in range(self._first_port, self._first_port + 100):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", port))
                    self._first_port = port + 1
                    return port
        raise RuntimeError("No port is free.")

    def _disconnect(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _drop_database(self):
        self.postgres.drop(self.database)

    def _keep_logs(self, error_type, _error, _traceback):
        """After an error, leave the logs where the results of the tests are."""
        if error_type is not None:
            folder = ROOT / "test-results/engine" / self.database
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for log in self.home.glob("*.log"):
                shutil.copy(log, folder)


# === DATABASES === #


class Template:
    """A database that is copied, with the files that belong to it."""

    def __init__(self, postgres, name, folder):
        self.postgres = postgres
        self.name = name
        self.data = folder / name
        self.filestore = self.data / "filestore" / name

    def exists(self):
        return self.filestore.exists() and self.name in self.postgres.list_databases(f"^{self.name}$")

    def get_last_use(self):
        return self.data.stat().st_mtime if self.data.exists() else 0

    def drop(self):
        self.postgres.execute(f'DROP DATABASE IF EXISTS "{self.name}"')
        shutil.rmtree(self.data, ignore_errors=True)

    def copy_as(self, database):
        self.postgres.drop(database)
        self.postgres.execute(f'CREATE DATABASE "{database}" TEMPLATE "{self.name}"')

    def restore_into(self, postgres, database):
        postgres.execute(f'CREATE DATABASE "{database}" TEMPLATE template0 ENCODING UTF8 LC_COLLATE "C"')
        dump = subprocess.Popen(
            ["pg_dump", "--no-owner", "--no-privileges", self.name],
            env={**os.environ, **self.postgres.environment}, stdout=subprocess.PIPE,
        )  # fmt: skip
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", database],
            env={**os.environ, **postgres.environment}, stdin=dump.stdout, check=True,
        )  # fmt: skip
        if dump.wait():
            raise RuntimeError("pg_dump failed.")
        with contextlib.closing(postgres.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute("ANALYZE")


class Postgres:
    """A PostgreSQL server: the one of this computer, or one of our own."""

    def __init__(self, host, port, user, password):
        self.host, self.port, self.user, self.password = host, int(port), user, password
        self.environment = {"PGHOST": host, "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password}

    @classmethod
    def shared(cls):
        get = os.environ.get
        return cls(get("PGHOST", "127.0.0.1"), get("PGPORT", "5432"), get("PGUSER", "odoo"), get("PGPASSWORD", "odoo"))

    @classmethod
    def start_own(cls, folder, port):
        server = OwnPostgres(folder, port)
        server.create()
        server.launch()
        server.wait_until_ready()
        return server

    def connect(self, database="postgres"):
        connection = psycopg2.connect(
            dbname=database, host=self.host, port=self.port, user=self.user, password=self.password
        )
        connection.autocommit = True
        return connection

    def execute(self, sql, *parameters):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def list_databases(self, pattern):
        return [name for (name,) in self.execute("SELECT datname FROM pg_database WHERE datname ~ %s", pattern)]

    def drop(self, database):
        # not WITH (FORCE): it is refused while autovacuum, which is not ours, works there; a plain DROP stops it by itself
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user",
            database,
        )
        self.execute(f'DROP DATABASE IF EXISTS "{database}"')


# === PROCESSES === #


class Process:
    """A server in a session of its own, so that all its processes can be killed at once; it never outlives the test."""

    name = ""
    death_signal = "TERM"
    options = ()  # of setpriv

    def __init__(self, log):
        self.log = log
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        self.launch()
        self.wait_until_ready()

    def launch(self):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", self.death_signal, *self.options, "--", *self.get_command()],
                cwd="/", env=self.get_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self):
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start.\n--- {self.log} ---\n{_tail(self.log)}")
            time.sleep(0.05)

    def kill(self):
        """End all its processes at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self, number=signal.SIGTERM):
        """Ask it to end, and wait."""
        if self.is_running:
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS_TO_STOP)
        self.kill()

    def _end(self, number):
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # the children may outlive the first process
                os.killpg(self._process.pid, number)
            self._process.wait()


class Server(Process):
    """One Odoo server."""

    def __init__(self, stack, index, port, gevent_port):
        super().__init__(stack.home / f"odoo{index}.log")
        self.name = f"Odoo server {index}"
        self.url = f"http://127.0.0.1:{port}"
        self.gevent_url = f"http://127.0.0.1:{gevent_port}" if stack.workers else self.url  # for websockets
        self._stack = stack
        self._conf = stack.write_conf(f"odoo{index}", port, gevent_port)

    def get_command(self):
        return [sys.executable, str(ODOO_BIN), "server", "-c", str(self._conf), "-d", self._stack.database]

    def get_environment(self):
        return self._stack.get_environment()

    def is_ready(self):
        return _answers(f"{self.url}/web/health")

    def get_workers(self, kind):
        """Return the ids of the living worker processes of a ``kind``: ``"http"`` or ``"cron"``."""
        title = {"http": "WorkerHTTP", "cron": "WorkerCron"}[kind]
        started = re.findall(rf"Worker {title} \((\d+)\) alive", self.log.read_text(errors="replace"))
        living = {child.pid for child in psutil.Process(self.pid).children()}
        return [int(pid) for pid in started if int(pid) in living]

    def kill_one(self, kind):
        """Kill one worker process, and return its id; the server starts another."""
        pid = self.get_workers(kind)[0]
        os.kill(pid, signal.SIGKILL)
        return pid


class Simulator(Process):
    name = "The simulator"

    def __init__(self, log, port, callback_url, arguments):
        super().__init__(log)
        self.url = f"http://127.0.0.1:{port}"
        self._arguments = ["--port", str(port), "--callback-url", callback_url, *arguments]

    def get_command(self):
        return [sys.executable, "-m", "simulator", *self._arguments]

    def get_environment(self):
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def is_ready(self):
        return _answers(f"{self.url}/health")


class OwnPostgres(Postgres, Process):
    """A PostgreSQL of our own, in a folder of ours and under an ordinary user, as it insists."""

    name = "PostgreSQL"
    death_signal = "QUIT"

    def __init__(self, folder, port):
        Postgres.__init__(self, "127.0.0.1", port, "odoo", secrets.token_hex())
        Process.__init__(self, folder.parent / "postgres.log")
        self._folder = folder
        if os.getuid() == 0:
            self.options = ("--reuid=postgres", "--regid=postgres", "--init-groups")

    def create(self):
        self._folder.mkdir(mode=0o700)
        if os.getuid() == 0:
            self._folder.parent.chmod(0o711)  # to reach the folder in it
            shutil.chown(self._folder, "postgres", "postgres")
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password:
            password.write(self.password)
            password.flush()
            if os.getuid() == 0:
                shutil.chown(password.name, "postgres")
            command = [
                "setpriv", *self.options, "--", _find_postgres_program("initdb"), "--pgdata", self._folder, "--no-sync",
                "--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256",
                "--username", self.user, "--pwfile", password.name,
            ]  # fmt: skip
            result = subprocess.run(command, cwd="/", text=True, capture_output=True, check=False)
        if result.returncode:
            raise RuntimeError(f"initdb failed:\n{result.stdout}{result.stderr}")

    def get_command(self):
        options = {"listen_addresses": self.host, "port": self.port, "unix_socket_directories": ""}
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        return [_find_postgres_program("postgres"), "-D", str(self._folder), *settings]

    def get_environment(self):
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}

    def is_ready(self):
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self, number=signal.SIGINT):
        super().stop(number)


class Session:
    """A logged-in person's calls. One for each thread."""

    def __init__(self, url, database, login):
        self.url = url
        self._session = requests.Session()
        result = self.route("/web/session/authenticate", db=database, login=login, password=login)
        self.uid = result["uid"]

    @property
    def session_id(self):
        return self._session.cookies["session_id"]

    def route(self, path, **parameters):
        """Call a JSON route and return its result; raises ``RpcError`` when Odoo refuses."""
        body = {"jsonrpc": "2.0", "method": "call", "params": parameters}
        response = self._session.post(f"{self.url}{path}", json=body, timeout=60)
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer.get("result")

    def call(self, model, method, args=(), kw=None):
        return self.route("/web/dataset/call_kw", model=model, method=method, args=list(args), kwargs=kw or {})

    def post(self, discuss_channel_id, text):
        """Write to the customer, as the composer does."""
        data = {"body": text, "message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        return self.route(
            "/mail/message/post", thread_model="discuss.channel", thread_id=discuss_channel_id, post_data=data
        )


def _end_with_clean_up(_number, _frame):
    raise SystemExit(128 + signal.SIGTERM)


def _find_postgres_program(name):
    """Debian keeps the server's programs out of the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    program = versions[-1] if versions else shutil.which(name)
    if program is None:
        raise RuntimeError(f"PostgreSQL's {name} is not installed.")
    return str(program)


def _answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _tail(log):
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
