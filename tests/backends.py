"""The servers that the suite runs against: PostgreSQL, Redis and RabbitMQ.

Called by tests/conftest.py, once per run, before any test. Each backend is taken from the URL in
`PLUMBLINE_TEST_<NAME>_URL`, else from the default port of this machine, else started from
installed binaries in a temporary folder; PostgreSQL is started rather than found, because one that
need not wait for the disk copies and drops the tests' databases ten times as fast. What can't be had is reported with the reason; its
tests are skipped and the summary says so. Servers started here are stopped by `stop_all`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import kombu
import psycopg
import redis
from sqlalchemy.engine import make_url

POSTGRESQL_DEFAULTS = (
    "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    "postgresql+psycopg:///postgres",
)
REDIS_DEFAULT = "redis://127.0.0.1:6379/0"
RABBITMQ_DEFAULT = "amqp://guest:guest@127.0.0.1:5672//"
PATIENCE_SECONDS = 3
ROOM_IN_MEMORY = 4 * 2**30


@dataclass(frozen=True)
class Backend:
    """One server: where it is and how it was found, or why there is none."""

    name: str
    url: str | None
    how: str

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)


def find_all(started: ExitStack, *, durable: bool = False) -> dict[str, Backend]:
    """Find or start every backend; `started` stops what had to be started. `durable`: as `find_postgresql` has it."""
    found = (find_postgresql(started, durable=durable), find_redis(started), find_rabbitmq(started))
    return {"sqlite": Backend("sqlite", "sqlite://", "built in")} | {backend.name: backend for backend in found}


def find_postgresql(started: ExitStack, *, durable: bool = False) -> Backend:
    """The server for tests; a `durable` one, for benchmarks, waits for its disk where this machine has such a server."""
    if not durable and not os.environ.get("PLUMBLINE_TEST_POSTGRESQL_URL"):
        with suppress(OSError, subprocess.SubprocessError, LookupError):
            return Backend("postgresql", _start_postgresql(started), "started by the suite")
    return _find("postgresql", POSTGRESQL_DEFAULTS, _postgresql_answers, lambda: _start_postgresql(started))


def find_redis(started: ExitStack) -> Backend:
    return _find("redis", (REDIS_DEFAULT,), _redis_answers, lambda: _start_redis(started))


def find_rabbitmq(started: ExitStack) -> Backend:
    return _find("rabbitmq", (RABBITMQ_DEFAULT,), _rabbitmq_answers, lambda: _start_rabbitmq(started))


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def psycopg_url(url: str) -> str:
    """The same address in libpq's own form, without SQLAlchemy's driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _find(name: str, defaults: tuple[str, ...], answers: Callable[[str], str], start: Callable[[], str]) -> Backend:
    """`answers` gives "" for a usable server, else why it is not; `start` gives a URL or raises."""
    variable = f"PLUMBLINE_TEST_{name.upper()}_URL"
    named = os.environ.get(variable)
    if named:
        problem = answers(named)
        return Backend(name, None if problem else named, problem or f"named by {variable}")
    problems = []
    for url in defaults:
        problem = answers(url)
        if not problem:
            return Backend(name, url, f"found at {make_url(url).host or 'the local socket'}")
        problems.append(problem)
    try:
        return Backend(name, start(), "started by the suite")
    except (OSError, subprocess.SubprocessError, LookupError) as error:
        return Backend(name, None, f"{problems[0]}; could not start one: {error}; set {variable}")


def _postgresql_answers(url: str) -> str:
    try:
        with psycopg.connect(psycopg_url(url), connect_timeout=PATIENCE_SECONDS) as connection:
            query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            may_create = connection.execute(query).fetchone()
    except psycopg.Error as error:
        return f"no PostgreSQL there ({str(error).strip().splitlines()[0]})"
    return "" if may_create == (True,) else "the PostgreSQL account may not create databases"


def _redis_answers(url: str) -> str:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS) as client:
            client.ping()
    except redis.RedisError as error:
        return f"no Redis there ({error})"
    return ""


def _rabbitmq_answers(url: str) -> str:
    try:
        with kombu.Connection(url, connect_timeout=PATIENCE_SECONDS) as connection:
            connection.connect()
    except (OSError, *kombu.Connection(url).connection_errors) as error:
        return f"no RabbitMQ there ({error})"
    return ""


def _binary(name: str, *folders: str) -> str:
    """The path of an installed program, also from folders that are not on PATH."""
    places = sorted((place for pattern in folders for place in Path("/").glob(pattern.lstrip("/"))), reverse=True)
    path = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    if path is None:
        raise LookupError(f"{name} is not installed")
    return path


def in_memory() -> str | None:
    """A folder that is kept in memory, where there is one with room: a test copies and drops hundreds of files."""
    folder = Path("/dev/shm")
    roomy = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM_IN_MEMORY
    return str(folder) if roomy else None


def _server_folder(started: ExitStack, account: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-test-", dir=in_memory()))
    started.callback(shutil.rmtree, folder, ignore_errors=True)
    if account:
        shutil.chown(folder, user=account)
    return folder


def _start_postgresql(started: ExitStack) -> str:
    """A throw-away cluster; PostgreSQL refuses to run as root, so root lends it another account."""
    folders = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
    initdb, pg_ctl = _binary("initdb", *folders), _binary("pg_ctl", *folders)
    account = _unprivileged_account()
    folder, port = _server_folder(started, account), free_port()

    def run(*command: str) -> None:
        subprocess.run(command, user=account, cwd=folder, check=True, capture_output=True, timeout=60, env=_bare())

    data = str(folder / "data")
    run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    run(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    started.callback(run, pg_ctl, "-D", data, "-m", "immediate", "stop")
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"


def _unprivileged_account() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _bare() -> dict[str, str]:
    """An environment without PG* and PLUMBLINE_* names that would steer a server."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": tempfile.gettempdir()}


def _start_redis(started: ExitStack) -> str:
    binary, folder, port = _binary("redis-server"), _server_folder(started, None), free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    _start_and_read(started, command, _bare(), "Ready to accept connections")
    return f"redis://127.0.0.1:{port}/0"


def _start_rabbitmq(started: ExitStack) -> str:
    """A node of its own beside any other; Debian's wrapper would switch accounts, the plain script doesn't."""
    binary = _binary("rabbitmq-server", "/usr/lib/rabbitmq/bin", "/usr/local/sbin")
    folder, port = _server_folder(started, None), free_port()
    environment = _bare() | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"plumbline_test_{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-environment"),
        "RABBITMQ_CONFIG_FILE": str(folder / "no-configuration"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_LOGS": "-",
    }
    _start_and_read(started, [binary], environment, "Server startup complete")
    return f"amqp://guest:guest@127.0.0.1:{port}//"


def _start_and_read(started: ExitStack, command: list[str], environment: dict[str, str], ready: str) -> None:
    """Start a server and return when its log says that it is ready; its process group ends with the run."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    started.callback(_end, process)
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line.strip())
        if ready in line:
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            return
    raise LookupError(f"{Path(command[0]).name} ended at once: {' / '.join(lines[-3:])}")


def _drain(process: subprocess.Popen[str]) -> None:
    """A server whose log nobody reads stops when the pipe is full."""
    for _ in process.stdout or ():
        pass


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
