"""Database engines and units of work, alike on SQLite and PostgreSQL.

Called by the portal's and the workers' wiring. SQLite gets a write-ahead log, foreign keys, and a
`BEGIN` of our own, because the driver's habit of opening transactions late would leave DDL outside
them; a unit of work that writes takes the write lock at its start (`writing()`), so that it can't fail
half-way because another writer came first. PostgreSQL gets its `BEGIN` from us too, so that units of work
that only read (`reading`) can do without: there each statement sees the newest state anyway.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, TypeDecorator, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DisconnectionError

_mode: ContextVar[str] = ContextVar("plumbline_unit_of_work", default="read")
BUSY_SECONDS = 30
FRESH_SECONDS = 1.0
WIDE = Context(prec=400)  # for the longest number that a double can be, written out
READS = "plumbline_reads"
IDLE = 0  # how libpq calls a connection without a transaction
QUESTIONS = ("SELECT", "WITH", "PRAGMA", "BEGIN")


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python on both databases, whatever the driver returns."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: they would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a moment needs its time zone"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite drops the zone; what it stores is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside take SQLite's write lock at once (no effect on PostgreSQL)."""
    token = _mode.set("write")
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def publishing() -> Iterator[None]:
    """As `writing`, with SQLite's foreign keys unchecked while tables are rebuilt (the publisher checks them)."""
    token = _mode.set("publish")
    try:
        yield
    finally:
        _mode.reset(token)


def make_engine(url: str | URL, **options: Any) -> Engine:
    """An engine for `url`, ready for Plumbline's units of work."""
    return prepare(create_engine(url, **{**engine_options(url), **options}))


def engine_options(url: str | URL) -> dict[str, Any]:
    """The `create_engine` options that fit the database named by `url`."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    return {"pool_size": 10, "max_overflow": 10, "isolation_level": "AUTOCOMMIT"}  # until we send BEGIN


def reads_now() -> bool:
    """Whether nothing announced that it will write."""
    return _mode.get() == "read"


def reading(engine: Engine) -> Engine:
    """The same engine, its connections and all, for units of work that only ask: it refuses everything else."""
    asking = engine.execution_options(**{READS: True})
    event.listen(asking, "before_cursor_execute", _only_questions)
    return asking


def _only_questions(
    connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
) -> None:
    """A change here would belong to no transaction; whoever wants one says so with `writing()`."""
    changes = context is not None and (context.isinsert or context.isupdate or context.isdelete)
    if changes or not statement.lstrip().startswith(QUESTIONS):
        msg = f"outside writing() the database is only read: {statement[:60]}"
        raise RuntimeError(msg)
    if context is not None and "yield_per" in context.execution_options:
        _for_a_stream(connection)


def _for_a_stream(connection: Connection) -> None:
    """PostgreSQL keeps a cursor on its side only within a transaction."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "postgresql" and raw.info.transaction_status == IDLE:
        raw.execute("BEGIN")


def prepare(engine: Engine) -> Engine:
    """Attach what an engine needs; safe to call twice."""
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _sqlite_connect):
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    if engine.dialect.name == "postgresql" and not event.contains(engine, "checkin", _rest):
        event.listen(engine, "begin", _postgresql_begin)
        event.listen(engine, "checkin", _rest)
        event.listen(engine, "checkout", partial(_wake, engine.dialect))
    return engine


def _rest(_connection: Any, record: Any) -> None:
    record.info["resting_since"] = time.monotonic()


def _wake(dialect: Dialect, connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that rested whether it is still there; one that is busy needs no question each time."""
    since = record.info.get("resting_since")
    if since is None or time.monotonic() - since < FRESH_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error  # the pool then takes a new one


def _square_root(value: Any) -> float | None:
    return None if value is None else math.sqrt(value)


def half_up(value: float | None, places: int) -> float | None:
    """A double rounded half up by the fifteen digits that people see of it: what PostgreSQL does with NUMERIC."""
    if value is None:
        return None
    return float(Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE))


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin or commit on its own
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA case_sensitive_like=OFF")
    connection.create_function("casefold", 1, lambda s: s.casefold() if isinstance(s, str) else s, deterministic=True)
    connection.create_function("sqrt", 1, _square_root, deterministic=True)
    connection.create_function("half_up", 2, half_up, deterministic=True)


def _postgresql_begin(connection: Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    if raw.autocommit and not connection.get_execution_options().get(READS):  # with another isolation the driver begins
        connection.exec_driver_sql("BEGIN")


def _sqlite_begin(connection: Connection) -> None:
    mode = _mode.get()
    raw: Any = connection.connection.dbapi_connection
    unchecked = connection.connection.info.get("foreign_keys_off", False)
    if (mode == "publish") != unchecked:  # a pragma inside a transaction would do nothing
        raw.execute(f"PRAGMA foreign_keys={'OFF' if mode == 'publish' else 'ON'}")
        connection.connection.info["foreign_keys_off"] = mode == "publish"
    connection.exec_driver_sql("BEGIN" if mode == "read" else "BEGIN IMMEDIATE")
