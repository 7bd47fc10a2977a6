"""The outbox: each subscriber's effects once, retried, and parked when they keep failing."""

from collections.abc import Iterator
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from metadata.store import outbox as rows
from tests.workflows.installed import HANA, Clock, engine_for, install, units_done, work
from workflows import outbox, queue
from workflows.outbox import Event

faults: list[Exception] = []
seen: list[Event] = []


@outbox.subscribes("test.happened", name="test.first")
def first(session: Session, _catalog: Any, event: Event, _now: datetime) -> None:
    seen.append(event)
    session.execute(insert(work).values(unit=event.id, done_by="first"))


@outbox.subscribes("test.happened", name="test.second")
def second(session: Session, _catalog: Any, event: Event, _now: datetime) -> None:
    session.execute(insert(work).values(unit=-event.id, done_by="second"))
    if faults:
        raise faults.pop()


@outbox.subscribes("test.happened", definition="employee", name="test.only_employees")
def only_employees(session: Session, _catalog: Any, event: Event, _now: datetime) -> None:
    session.execute(insert(work).values(unit=1_000_000 + event.id, done_by="third"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def installation(database_url: str, clock: Clock) -> Iterator[queue.Installation]:
    faults.clear()
    seen.clear()
    engine = engine_for(database_url)
    yield install(engine, clock=clock)
    engine.dispose()


def emitted(clock: Clock, topic: str = "test.happened", definition: str = "") -> int:
    with queue.unit_of_work() as session:
        outbox.emit(session, topic, {"n": 1}, actor=HANA, now=clock(), definition=definition)
        return int(session.scalar(select(func.max(rows.c.id))) or 0)


def row(event_id: int) -> Any:
    with queue.reading() as session:
        return session.execute(select(rows).where(rows.c.id == event_id)).one()


def done() -> dict[int, int]:
    with queue.reading() as session:
        return units_done(session)


class TestDrain:
    def test_tells_every_subscriber_of_the_topic_once(self, installation, clock: Clock) -> None:
        event_id = emitted(clock)
        assert outbox.drain(installation, "one") == 1
        assert outbox.drain(installation, "one") == 0
        assert done() == {event_id: 1, -event_id: 1}
        assert row(event_id).done_at == clock()
        assert (seen[0].payload, seen[0].actor, seen[0].topic) == ({"n": 1}, "hana", "test.happened")

    def test_tells_a_definitions_subscribers_only_of_their_definition(self, installation, clock: Clock) -> None:
        event_id = emitted(clock, definition="employee")
        outbox.drain(installation, "one")
        assert done() == {event_id: 1, -event_id: 1, 1_000_000 + event_id: 1}

    def test_an_event_that_nobody_wants_is_done(self, installation, clock: Clock) -> None:
        event_id = emitted(clock, topic="test.unheard")
        outbox.drain(installation, "one")
        assert row(event_id).done_at == clock()

    def test_a_rolled_back_cause_tells_nobody(self, installation, clock: Clock) -> None:
        with pytest.raises(RuntimeError), queue.unit_of_work() as session:
            outbox.emit(session, "test.happened", {}, actor=HANA, now=clock())
            raise RuntimeError
        assert outbox.drain(installation, "one") == 0

    def test_a_failing_subscriber_is_retried_alone_and_its_effects_are_undone(self, installation, clock) -> None:
        faults.append(RuntimeError("away"))
        event_id = emitted(clock)
        outbox.drain(installation, "one")
        assert done() == {event_id: 1}
        assert row(event_id).error == "test.second: away"
        assert outbox.drain(installation, "one") == 0
        clock.forward(seconds=5)
        outbox.drain(installation, "one")
        assert done() == {event_id: 1, -event_id: 1}
        assert row(event_id).error is None

    def test_an_event_that_keeps_failing_is_parked_with_its_error_and_can_be_taken_up(self, installation, clock):
        faults.extend(RuntimeError("poison") for _attempt in range(outbox.MAX_ATTEMPTS))
        event_id = emitted(clock)
        for _attempt in range(outbox.MAX_ATTEMPTS + 2):
            outbox.drain(installation, "one")
            clock.forward(hours=5)
        assert row(event_id).done_at is None
        with queue.unit_of_work() as session:
            assert [(e["id"], e["error"]) for e in outbox.parked(session)] == [(event_id, "test.second: poison")]
            outbox.retry(session, event_id, clock())
        outbox.drain(installation, "one")
        assert done() == {event_id: 1, -event_id: 1}

    def test_a_stale_claim_is_taken_again(self, installation, clock: Clock) -> None:
        event_id = emitted(clock)
        with queue.unit_of_work() as session:
            outbox._claim(session, "killed", clock(), 10)
        assert outbox.drain(installation, "other") == 0
        clock.forward(seconds=outbox.CLAIM_SECONDS)
        assert outbox.drain(installation, "other") == 1
        assert done() == {event_id: 1, -event_id: 1}

    def test_many_workers_at_once_do_nothing_twice(self, installation, clock: Clock) -> None:
        event_ids = [emitted(clock) for _event in range(30)]

        def drain_all(owner: str) -> None:
            while outbox.drain(installation, owner, limit=4):
                pass

        threads = [Thread(target=drain_all, args=(f"worker {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert done() == {unit: 1 for event_id in event_ids for unit in (event_id, -event_id)}


class TestForgetOld:
    def test_deletes_what_was_handled_a_month_ago(self, installation, clock: Clock) -> None:
        emitted(clock)
        outbox.drain(installation, "one")
        clock.forward(days=outbox.KEEP_DAYS, seconds=1)
        waiting = emitted(clock)
        with queue.unit_of_work() as session:
            assert outbox.forget_old(session, clock()) == 1
            assert list(session.scalars(select(rows.c.id))) == [waiting]
