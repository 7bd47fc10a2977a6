"""Leases: one owner at a time, on both databases."""

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from tests.workflows.installed import START, Clock, engine_for, install
from workflows import leases, queue


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_for(database_url)
    install(engine)
    yield engine
    engine.dispose()


def acquire(owner: str, clock: Clock, seconds: float = 10) -> bool:
    with queue.unit_of_work() as session:
        return leases.acquire(session, "launch", owner, clock(), seconds)


class TestAcquire:
    def test_refuses_while_somebody_else_holds_it(self, engine: Engine) -> None:
        clock = Clock()
        assert acquire("one", clock)
        assert not acquire("two", clock)

    def test_gives_it_to_the_next_when_it_has_ended(self, engine: Engine) -> None:
        clock = Clock()
        acquire("one", clock)
        clock.forward(seconds=10)
        assert acquire("two", clock)
        assert not acquire("one", clock)

    def test_prolongs_ones_own(self, engine: Engine) -> None:
        clock = Clock()
        acquire("one", clock)
        clock.forward(seconds=9)
        assert acquire("one", clock)
        clock.forward(seconds=9)
        assert not acquire("two", clock)

    def test_gives_it_to_exactly_one_of_many_at_once(self, engine: Engine) -> None:
        clock, barrier, winners = Clock(), Barrier(4), []

        def race(owner: str) -> None:
            barrier.wait(20)
            if acquire(owner, clock):
                winners.append(owner)

        threads = [Thread(target=race, args=(f"worker {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(winners) == 1


class TestRelease:
    def test_lets_the_next_one_in_and_ignores_strangers(self, engine: Engine) -> None:
        clock = Clock()
        acquire("one", clock)
        with queue.unit_of_work() as session:
            leases.release(session, "launch", "two")
            assert leases.held(session, START) == {"launch"}
            leases.release(session, "launch", "one")
            assert leases.held(session, START) == set()
