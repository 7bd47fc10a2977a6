"""The demo company in a database of the test's own, with accounts' actors, a clock, and the engine to work jobs off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from metadata.access import Actor, load_actor
from metadata.catalog import Catalog
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from tests.workflows.demo_company import NOW, prepare
from workflows import queue, store, tick
from workflows.cycles import launching
from workflows.people import person_for

T = TypeVar("T")
ROLES = {
    "hana": "HR admin",
    "derek": "Department head",
    "sofia": "Department head",
    "emma": "Employee",
    "liwei": "Employee",
    "tariq": "Trainer",
    "audrey": "Auditor",
}


_known: dict[str, Catalog] = {}


def known_catalog(session: Session) -> Catalog:
    """The catalog in force; what did not change is not read again, as in every process of the product."""
    url = str(session.get_bind().engine.url)
    found = load_catalog(session, _known.get(url))
    _known.clear()
    _known[url] = found
    return found


@dataclass
class Company:
    """Short words for what a test does: read, write, work jobs off, at the time that the test says."""

    engine: Engine
    now: datetime = NOW

    @property
    def catalog(self) -> Catalog:
        with Session(self.engine) as session:
            return known_catalog(session)

    def actor(self, account: str) -> Actor:
        with Session(self.engine) as session:
            return load_actor(session, known_catalog(session), account, {ROLES[account]})

    def write(self, work: Callable[..., T], account: str, *arguments: Any, **more: Any) -> T:
        """A service call in a transaction of its own: `write(launch, "derek", cycle_id)`."""
        actor = self.actor(account)
        with writing(), Session(self.engine) as session, session.begin():
            return work(session, known_catalog(session), actor, *arguments, now=self.now, **more)

    def read(self, work: Callable[..., T], account: str, *arguments: Any, **more: Any) -> T:
        actor = self.actor(account)
        with Session(self.engine) as session:
            return work(session, known_catalog(session), actor, *arguments, **more)

    def rows(self, name: str, /, **equal: Any) -> list[dict[str, Any]]:
        entity = self.catalog[name]
        columns = [column.label(key) for key, column in entity.table.c.items()]
        statement = select(*columns).where(*(entity.table.c[k] == v for k, v in equal.items()))
        with Session(self.engine) as session:
            return [dict(row) for row in session.execute(statement.order_by(entity.table.c.id)).mappings()]

    def row(self, name: str, /, **equal: Any) -> dict[str, Any]:
        (only,) = self.rows(name, **equal)
        return only

    def settle(self) -> None:
        """What a worker does, here and now."""
        tick.settle(queue.bound())

    @property
    def production(self) -> int:
        """The demo's draft cycle of Derek's department."""
        department = self.row("department", code="PRD")["id"]
        return int(self.row("cycle", department=department)["id"])

    def review(self, account: str) -> dict[str, Any]:
        """The review of somebody with an account, in Derek's cycle."""
        return self.row("review", employee=self.row("employee", account=account)["id"], cycle=self.production)

    def launched(self) -> int:
        cycle = self.production
        self.write(launching.launch, "derek", cycle)
        self.settle()
        return cycle

    def statements(self) -> list[str]:
        """The list that fills with the statements of this engine."""
        seen: list[str] = []
        event.listen(self.engine, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
        return seen


def bind(engine: Engine, clock: Callable[[], datetime], **more: Any) -> None:
    """This process works for the database behind `engine`."""
    sessions = sessionmaker(engine, expire_on_commit=False)

    def actor(session: Session, catalog: Catalog, account: str) -> Actor:
        return load_actor(session, catalog, account, {ROLES.get(account, "Employee")})

    queue.bind(queue.Installation(sessions, known_catalog, actor, person_for, clock=clock, **more))


def with_tables(url: str) -> Company:
    engine = make_engine(url)
    with writing(), engine.begin() as connection:
        store.create(connection)
    made = Company(engine)
    bind(engine, lambda: made.now)
    return made


def prepare_launched(url: str) -> None:
    """The company with Derek's cycle launched, for `databases.copy`."""
    prepare(url)
    made = with_tables(url)
    made.launched()
    made.engine.dispose()


@pytest.fixture
def _broker(tmp_path) -> None:
    queue.make_celery(f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}")


@pytest.fixture
def company(database_kind, databases, _broker) -> Iterator[Company]:
    """The cycles are drafts."""
    with databases.copy(database_kind, "demo company", prepare) as url:
        made = with_tables(url)
        yield made
        made.engine.dispose()


@pytest.fixture
def running(database_kind, databases, _broker) -> Iterator[Company]:
    """Derek's cycle is launched, and everybody writes their self review."""
    with databases.copy(database_kind, "demo cycle launched", prepare_launched) as url:
        made = with_tables(url)
        yield made
        made.engine.dispose()
