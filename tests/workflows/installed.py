"""An installation of the engine's fixed tables alone, for tests in this folder and in tests/faults.

`install(url)` makes the tables and binds this process; `Clock` is a clock that a test moves. The table
`work` stands for what a handler does: one row for each unit, without a unique key, so
that work done twice shows.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, func, select
from sqlalchemy.orm import Session, sessionmaker

from metadata import store as metadata_store
from metadata.access import Actor
from metadata.engine import make_engine, writing
from workflows import queue, store
from workflows.installation import Sender

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HANA = Actor("hana", frozenset({"HR admin"}))
EMMA = Actor("emma", frozenset({"Employee"}))
LIWEI = Actor("liwei", frozenset({"Employee"}))

own_tables = MetaData()
work = Table(
    "work",
    own_tables,
    Column("id", Integer, primary_key=True),
    Column("unit", Integer, nullable=False),
    Column("done_by", String(100), nullable=False),
)

PEOPLE = {
    "emma": queue.Person("emma", "Emma Stone", "emma@example.org", "en"),
    "liwei": queue.Person("liwei", "李伟", "liwei@example.org", "zh"),
    "nomail": queue.Person("nomail", "No Mail"),
}


class Clock:
    """Now, as the test says."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


def create_tables(engine: Engine) -> None:
    with writing(), engine.begin() as connection:
        metadata_store.create(connection)
        store.create(connection)
        own_tables.create_all(connection)


def install(engine: Engine, *, sender: Sender | None = None, **more: Any) -> queue.Installation:
    """Bind this process to the database behind `engine`."""
    installation = queue.Installation(
        sessions=sessionmaker(engine),
        catalog=lambda _session: None,
        actor=lambda _session, _catalog, account: Actor(account, frozenset({"HR admin"})),
        person=lambda _session, _catalog, account: PEOPLE.get(account),
        sender=sender,
        base_url="http://portal.example",
        **more,
    )
    queue.bind(installation)
    return installation


def units_done(session: Session) -> dict[int, int]:
    """How often each unit was done."""
    counting = select(work.c.unit, func.count()).group_by(work.c.unit)
    return {row.unit: row[1] for row in session.execute(counting)}


def engine_for(url: str) -> Engine:
    engine = make_engine(url)
    create_tables(engine)
    return engine
