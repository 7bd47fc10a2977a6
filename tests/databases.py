"""Empty databases and copies of prepared ones, on SQLite and PostgreSQL alike.

Used through the fixtures of tests/conftest.py. A database made here belongs to one test and is
dropped when it has ended. A copy costs milliseconds where preparing one (migrate, install packs, load
the demo company) costs seconds: prepare once per run, copy for each test.
"""

import gc
import re
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.backends import Backend, in_memory, psycopg_url

PREFIX = "plumbline_test"
FORGOTTEN_AFTER_SECONDS = 6 * 3600
COPIES_FILES = 150_000  # the version from which on PostgreSQL is told how to copy; by files takes half the time


@dataclass
class Databases:
    """Makes databases on the servers that were found; one per test process."""

    backends: dict[str, Backend]
    stack: ExitStack
    prepared: dict[tuple[str, str], str] = field(default_factory=dict)
    dropping: list[Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Dropping waits for the server's disk, a second at times: a thread does it while the next test runs."""
        self.dropper = self.stack.enter_context(ThreadPoolExecutor(1, "dropping databases"))
        self.stack.callback(self._all_dropped)

    def _all_dropped(self) -> None:
        for one in self.dropping:
            one.result()

    @contextmanager
    def fresh(self, kind: str) -> Iterator[str]:
        """The URL of an empty database of this kind ("sqlite" or "postgresql")."""
        with _sqlite_file() if kind == "sqlite" else self._postgresql_database(None) as url:
            yield url

    @contextmanager
    def copy(self, kind: str, key: str, prepare: Callable[[str], None]) -> Iterator[str]:
        """The URL of a copy of the database that `prepare(url)` filled, once per run and `key`.

        `prepare` must close its connections (engine.dispose()) before it returns.
        """
        source = self.prepared.get((kind, key))
        if source is None:
            source = self.prepared[kind, key] = self.stack.enter_context(self.fresh(kind))
            prepare(source)
        if kind == "sqlite":
            with _sqlite_file() as url:
                _copy_sqlite(source, url)
                yield url
        else:
            with self._postgresql_database(make_url(source).database) as url:
                yield url

    @contextmanager
    def _postgresql_database(self, template: str | None) -> Iterator[str]:
        server = self.backends["postgresql"].url
        if server is None:
            raise LookupError("PostgreSQL is not available.")
        name = f"{PREFIX}_{int(time.time())}_{secrets.token_hex(4)}"
        with _administrator(server) as connection:
            if template:
                _disconnect_all(connection, template)
            chosen = sql.Identifier(template or "template0")
            by = sql.SQL(" STRATEGY FILE_COPY" if connection.info.server_version >= COPIES_FILES else "")
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), chosen) + by)
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            with _administrator(server) as connection:
                _let_go(connection, name)
            self.dropping.append(self.dropper.submit(_drop, server, name))


def _drop(server: str, name: str) -> None:
    with _administrator(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_forgotten(server: str) -> None:
    """Drop what a killed run left behind hours ago."""
    with _administrator(server) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()]
        for name in names:
            made = re.fullmatch(rf"{PREFIX}_(\d+)_[0-9a-f]+", name)
            if made and int(made[1]) < time.time() - FORGOTTEN_AFTER_SECONDS:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _administrator(server: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(psycopg_url(server), autocommit=True) as connection:
        yield connection


def _disconnect_all(connection: psycopg.Connection, database: str) -> None:
    """PostgreSQL copies only a database that nobody is connected to."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        [database],
    )


def _let_go(connection: psycopg.Connection, database: str) -> None:
    """Collect what still holds a connection now: found later, in the middle of another test, its end would disturb it."""
    still = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    left = connection.execute(still, [database]).fetchone()
    if left and left[0]:
        gc.collect()


@contextmanager
def _sqlite_file() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}_", dir=in_memory()))
    try:
        yield f"sqlite:///{folder / 'plumbline.sqlite'}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_sqlite(source: str, target: str) -> None:
    """SQLite's own backup also takes what still stands in the write-ahead log."""
    reader, writer = (sqlite3.connect(str(make_url(url).database)) for url in (source, target))
    with reader, writer:
        reader.backup(writer)
    reader.close()
    writer.close()
