"""The demo company with short words for what trainers and employees do in it, on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from metadata import access, records
from metadata.access import Actor, load_actor
from metadata.catalog import Catalog
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from tests.portal.demo_site import prepare
from tests.workflows.demo_company import NOW
from workflows import queue, tick
from workflows.demo import DEMO_LOGINS
from workflows.store import notifications
from workflows.training import enrolments

SYSTEM = access.system("test")


@dataclass
class Company:
    """A database with the demo company; `now` is the test's clock."""

    engine: Engine
    catalog: Catalog
    now: datetime = NOW

    def actor(self, account: str) -> Actor:
        role = {login.username: login.role for login in DEMO_LOGINS}[account]
        with Session(self.engine) as session:
            return load_actor(session, self.catalog, account, [role])

    def write(self, service: Any, account: str, /, *arguments: Any, **more: Any) -> Any:
        actor = self.actor(account)
        with writing(), Session(self.engine) as session, session.begin():
            return service(session, self.catalog, actor, *arguments, now=self.now, **more)

    def read(self, service: Any, *arguments: Any, **more: Any) -> Any:
        with Session(self.engine) as session:
            return service(session, self.catalog, *arguments, **more)

    def create(self, name: str, /, **values: Any) -> int:
        with writing(), Session(self.engine) as session, session.begin():
            return records.create(session, self.catalog, name, SYSTEM, values, now=self.now).id

    def change(self, name: str, record_id: int, /, **values: Any) -> None:
        with writing(), Session(self.engine) as session, session.begin():
            records.change(session, self.catalog, name, SYSTEM, record_id, values, now=self.now)

    def person(self, account: str) -> int:
        return int(self.actor(account).person_id or 0)

    def people(self, count: int) -> list[int]:
        """Ids of people at work who are in no cast."""
        table = self.catalog["employee"].table.c
        with Session(self.engine) as session:
            found = select(table.id).where(table.status == "active", table.account.is_(None)).order_by(table.id)
            return list(session.execute(found.limit(count)).scalars())

    def meeting(self, *, hours: float = -3, trainer: str | None = "tariq", **values: Any) -> int:
        """A session that began `-hours` ago, or begins in so many."""
        start = self.now + timedelta(hours=hours)
        table = self.catalog["course"].table.c
        with Session(self.engine) as session:
            course = session.execute(select(table.id).where(table.code == values.pop("course", "SAFE-1"))).scalar_one()
        given = {"title": "Group", "status": "open", "place": "Room 1", "course": course, **values}
        given |= {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=2)).isoformat()}
        return self.create("training_session", trainer=self.person(trainer) if trainer else None, **given)

    def states(self, session_id: int) -> dict[int, str]:
        return {i: row["status"] for i, row in self.read(enrolments.places, session_id).items()}

    def news(self, account: str) -> list[str]:
        with Session(self.engine) as session:
            found = select(notifications.c.kind).where(notifications.c.recipient == account)
            return list(session.execute(found.order_by(notifications.c.id)).scalars())

    def settle(self) -> None:
        tick.settle(queue.bound())

    def statements(self) -> list[str]:
        """Filled from now on with each statement that is sent; SQLite takes new rows one by one, others in one go."""
        found: list[str] = []

        def listen(*call: Any) -> None:
            if not call[2].startswith("INSERT"):
                found.append(call[2])

        event.listen(self.engine, "before_cursor_execute", listen)
        return found


@pytest.fixture
def company(database_kind, databases, tmp_path) -> Iterator[Company]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        engine = make_engine(url)
        with Session(engine) as session:
            made = Company(engine, load_catalog(session))
        queue.make_celery(f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}")
        queue.bind(
            queue.Installation(
                sessions=sessionmaker(engine),
                catalog=lambda _session: made.catalog,
                actor=lambda session, catalog, account: load_actor(session, catalog, account, []),
                person=lambda _session, _catalog, _account: None,
                clock=lambda: made.now,
            )
        )
        yield made
        engine.dispose()
