"""The default queue: Kombu's SQLAlchemy transport, made fit for several processes on one SQLite file.

Named by broker URLs that begin with `sqla+sqlite`; queue.py registers it. Kombu's tables and its
virtual transport are kept, with four cures: no open connection survives a fork; two processes may
create the file and its queue at the same moment; a message that was handed out is deleted instead of
kept for ever; and an idle worker only reads. A message lost with a killed worker is no loss, because
messages only wake somebody up.
"""

from __future__ import annotations

from json import dumps, loads
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.sqlalchemy import Channel as SqlChannel
from kombu.transport.sqlalchemy import Transport as SqlTransport
from kombu.transport.sqlalchemy.models import metadata as kombu_tables
from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or_skip
from sqlalchemy.pool import NullPool

from metadata.engine import make_engine, writing

ALIAS = "plumbline"
BUSY_SECONDS = 5


class Channel(SqlChannel):
    """One connection's view of the queue file."""

    def _open(self) -> tuple[Engine, None]:
        name = self.connection.client.hostname
        if name not in self._engines:
            options = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            engine = make_engine(name, poolclass=NullPool, connect_args=options)
            with writing(), engine.begin() as connection:
                kombu_tables.create_all(connection)
            self._engines[name] = engine, None
        found: tuple[Engine, None] = self._engines[name]
        return found

    @property
    def engine(self) -> Engine:
        return self._open()[0]

    def _queue_id(self, queue: str) -> int:
        known: dict[str, int] = self.__dict__.setdefault("_queue_ids", {})
        if queue not in known:
            table = self.queue_cls.__table__
            with writing(), self.engine.begin() as connection:
                connection.execute(insert_or_skip(table).values(name=queue).on_conflict_do_nothing())
                known[queue] = connection.execute(select(table.c.id).where(table.c.name == queue)).scalar_one()
        return known[queue]

    def _new_queue(self, queue: str, **_options: Any) -> None:
        self._queue_id(queue)

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]
        row = {"queue_id": self._queue_id(queue), "payload": dumps(payload), "visible": True, "version": 1}
        with writing(), self.engine.begin() as connection:
            connection.execute(insert(self.message_cls.__table__).values(row))

    def _get(self, queue: str, timeout: Any = None) -> Any:
        table = self.message_cls.__table__
        if not self._size(queue):
            raise Empty
        first = select(func.min(table.c.id)).where(*self._waiting(queue)).scalar_subquery()
        with writing(), self.engine.begin() as connection:
            taken = delete(table).where(table.c.id == first).returning(table.c.payload)
            payload = connection.execute(taken).scalar()
        if payload is None:
            raise Empty
        return loads(payload)

    def _purge(self, queue: str) -> int:
        with writing(), self.engine.begin() as connection:
            return int(connection.execute(delete(self.message_cls.__table__).where(*self._waiting(queue))).rowcount)

    def _size(self, queue: str) -> int:
        counting = select(func.count()).select_from(self.message_cls.__table__).where(*self._waiting(queue))
        with self.engine.connect() as connection:
            return int(connection.execute(counting).scalar_one())

    def _waiting(self, queue: str) -> tuple[Any, ...]:
        table = self.message_cls.__table__
        return table.c.queue_id == self._queue_id(queue), table.c.visible.is_(True)


class Transport(SqlTransport):
    """What Kombu asks for by name."""

    Channel = Channel


def register() -> None:
    """Teach Kombu the alias."""
    TRANSPORT_ALIASES[ALIAS] = "workflows.sqlite_queue:Transport"


def url_for(broker_url: str) -> str:
    """The same file, served by this transport."""
    register()
    return broker_url.replace("sqla+sqlite", f"{ALIAS}+sqlite", 1)
