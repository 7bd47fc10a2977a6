"""The tick: what is due runs once a period, and one broken part stops no other."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests.workflows.installed import Clock, engine_for, install, units_done, work
from workflows import queue, store, tick

broken: list[Exception] = []


@tick.every(60, "test.minutely")
def minutely(session: Session, _catalog: Any, _now: datetime) -> int:
    session.execute(insert(work).values(unit=1, done_by="minutely"))
    return 1


@tick.every(60, "test.broken")
def breaks(session: Session, _catalog: Any, _now: datetime) -> int:
    session.execute(insert(work).values(unit=2, done_by="broken"))
    if broken:
        raise broken.pop()
    return 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def installation(database_url: str, clock: Clock) -> Iterator[queue.Installation]:
    broken.clear()
    engine = engine_for(database_url)
    yield install(engine, clock=clock)
    engine.dispose()


def done() -> dict[int, int]:
    with queue.reading() as session:
        return units_done(session)


class TestRun:
    def test_calls_what_is_due_once_per_period(self, installation, clock: Clock) -> None:
        tick.run(installation)
        tick.run(installation)
        assert done() == {1: 1, 2: 1}
        clock.forward(seconds=60)
        tick.run(installation)
        assert done() == {1: 2, 2: 2}

    def test_a_call_that_breaks_is_undone_and_tried_at_the_next_tick(self, installation) -> None:
        broken.append(RuntimeError("no"))
        tick.run(installation)
        assert done() == {1: 1}
        tick.run(installation)
        assert done() == {1: 1, 2: 1}

    def test_sweeps_idempotency_keys_after_a_day(self, installation, clock: Clock) -> None:
        key = {"account": "hana", "key": "a", "request": "b", "at": clock()}
        with queue.unit_of_work() as session:
            session.execute(insert(store.idempotency_keys).values(key))
        clock.forward(hours=25)
        tick.run(installation)
        with queue.reading() as session:
            assert list(session.execute(select(store.idempotency_keys))) == []
