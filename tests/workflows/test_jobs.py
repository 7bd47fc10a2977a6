"""Jobs: chunks that commit with their progress, and who may see and cancel."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from metadata.errors import CatalogMoved, Invalid, NotAllowed, NotFound
from tests.workflows.installed import EMMA, HANA, LIWEI, Clock, engine_for, install, units_done, work
from workflows import inbox, job_runner, jobs, queue, tick
from workflows.errors import LeaseLost, TransitionRefused
from workflows.jobs import Job, Step

happenings: list[Any] = []


@jobs.job_kind("test.steps", "Steps of %(who)s", zh="%(who)s 的步骤")
def steps(session: Session, job: Job, _catalog: Any, _actor: Any, _now: datetime) -> Step:
    """Three units; before each, what the test put into `happenings` happens."""
    unit = job.cursor or 0
    session.execute(insert(work).values(unit=unit, done_by="test"))
    happening = happenings.pop(0) if happenings else None
    if isinstance(happening, Exception):
        raise happening
    if happening:
        happening(job)
    return Step(unit + 1, 3, finished=unit == 2, cursor=unit + 1, result={"units": unit + 1})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def installation(database_url: str, clock: Clock, tmp_path) -> Iterator[queue.Installation]:
    happenings.clear()
    queue.make_celery(f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}")
    engine = engine_for(database_url)
    yield install(engine, clock=clock, lease_seconds=30)
    engine.dispose()


def started(installation: queue.Installation, actor: Any = HANA) -> int:
    with queue.unit_of_work() as session:
        return jobs.start(session, "test.steps", {}, actor, installation.clock(), title_params={"who": "Hana"})


def loaded(job_id: int) -> Job:
    with queue.reading() as session:
        return jobs.load(session, job_id)


def done() -> dict[int, int]:
    with queue.reading() as session:
        return units_done(session)


def run(installation: queue.Installation, job_id: int, owner: str = "one") -> bool:
    return job_runner.run(installation, job_id, owner)


class TestRun:
    def test_does_each_unit_once_and_keeps_the_result(self, installation) -> None:
        job_id = started(installation)
        assert run(installation, job_id) is False
        job = loaded(job_id)
        assert (job.state, job.done, job.total, job.percent) == ("done", 3, 3, 100)
        assert job.result == {"units": 3}
        assert done() == {0: 1, 1: 1, 2: 1}

    def test_a_second_message_for_a_job_that_is_done_does_nothing(self, installation) -> None:
        job_id = started(installation)
        run(installation, job_id)
        run(installation, job_id)
        assert done() == {0: 1, 1: 1, 2: 1}

    def test_a_job_whose_transaction_rolled_back_never_was(self, installation) -> None:
        with pytest.raises(RuntimeError), queue.unit_of_work() as session:
            jobs.start(session, "test.steps", {}, HANA, installation.clock())
            raise RuntimeError
        assert job_runner.waiting(installation.clock()) == []

    def test_gives_the_job_back_when_its_slice_is_over(self, installation, clock: Clock) -> None:
        happenings[:] = [lambda _job: clock.forward(seconds=11)]
        job_id = started(installation)
        assert run(installation, job_id) is True
        assert (loaded(job_id).state, loaded(job_id).done) == ("queued", 1)
        assert job_runner.waiting(clock()) == [job_id]
        run(installation, job_id, "two")
        assert done() == {0: 1, 1: 1, 2: 1}

    def test_nobody_takes_a_job_that_somebody_works_at(self, installation, clock: Clock) -> None:
        job_id = started(installation)
        assert job_runner._claim(installation, job_id, "one")
        assert job_runner.waiting(clock()) == []
        assert not job_runner._claim(installation, job_id, "two")

    def test_a_worker_that_lost_its_lease_undoes_its_chunk(self, installation, clock: Clock) -> None:
        job_id = started(installation)
        job_runner._claim(installation, job_id, "slow")
        clock.forward(seconds=31)
        job_runner._claim(installation, job_id, "fast")
        with pytest.raises(LeaseLost), queue.unit_of_work() as session:
            step = steps(session, jobs.load(session, job_id), None, HANA, clock())
            job_runner._advance(session, job_id, "slow", step, now=clock(), lease_seconds=30)
        assert done() == {}

    def test_a_killed_workers_job_is_claimed_again_when_its_lease_ends(self, installation, clock: Clock) -> None:
        job_id = started(installation)
        job_runner._claim(installation, job_id, "killed")
        assert job_runner.waiting(clock()) == []
        clock.forward(seconds=31)
        assert job_runner.waiting(clock()) == [job_id]
        run(installation, job_id, "other")
        assert done() == {0: 1, 1: 1, 2: 1}

    def test_a_job_that_keeps_killing_its_worker_is_given_up(self, installation, clock: Clock) -> None:
        job_id = started(installation)
        for _death in range(job_runner.MAX_ATTEMPTS):
            assert job_runner._claim(installation, job_id, "killed")
            clock.forward(seconds=31)
        run(installation, job_id)
        assert loaded(job_id).state == "failed"
        assert "interrupted" in (loaded(job_id).error or "")

    def test_a_moved_catalog_does_the_chunk_over_at_once(self, installation) -> None:
        happenings[:] = [CatalogMoved()]
        job_id = started(installation)
        run(installation, job_id)
        assert loaded(job_id).state == "done"
        assert done() == {0: 1, 1: 1, 2: 1}

    def test_a_problem_that_a_person_can_mend_is_shown_at_once(self, installation) -> None:
        happenings[:] = [None, Invalid("The file %(name)s is empty.", params={"name": "a.csv"})]
        job_id = started(installation)
        run(installation, job_id)
        job = loaded(job_id)
        assert (job.state, job.error, job.error_params) == ("failed", "The file %(name)s is empty.", {"name": "a.csv"})
        assert done() == {0: 1}

    def test_a_technical_failure_is_tried_again_with_pauses_and_then_told(self, installation, clock: Clock) -> None:
        happenings[:] = [RuntimeError("disk")] * job_runner.MAX_ATTEMPTS
        job_id = started(installation)
        states = []
        for _attempt in range(job_runner.MAX_ATTEMPTS):
            run(installation, job_id)
            states.append(loaded(job_id).state)
            clock.forward(minutes=10)
        assert states == ["queued"] * 4 + ["failed"]
        assert done() == {}

    def test_retry_goes_on_where_a_failed_job_stopped(self, installation) -> None:
        happenings[:] = [None, Invalid("No.")]
        job_id = started(installation)
        run(installation, job_id)
        with queue.unit_of_work() as session:
            jobs.retry(session, job_id, HANA, installation.clock())
        run(installation, job_id)
        assert done() == {0: 1, 1: 1, 2: 1}


class TestTellCreator:
    def test_hears_of_a_job_that_took_long_and_of_one_that_failed_in_their_language(self, installation, clock) -> None:
        happenings[:] = [lambda _job: clock.forward(seconds=31), None, None, None, None, None, Invalid("No.")]
        for _job in range(3):
            job_id = started(installation)
            while run(installation, job_id):
                pass
        with queue.reading() as session:
            subjects = [message.subject for message in inbox.messages(session, "hana", "zh")]
        assert subjects == ["已中断：Hana 的步骤", "已完成：Hana 的步骤"]


class TestCancel:
    def test_stops_before_the_next_chunk_and_keeps_what_was_done(self, installation, clock: Clock) -> None:
        happenings[:] = [lambda _job: clock.forward(seconds=11)]
        job_id = started(installation)
        run(installation, job_id)
        with queue.unit_of_work() as session:
            jobs.cancel(session, job_id, HANA, clock())
        run(installation, job_id)
        assert (loaded(job_id).state, done()) == ("cancelled", {0: 1})

    def test_refuses_a_job_that_has_ended(self, installation) -> None:
        job_id = started(installation)
        run(installation, job_id)
        with pytest.raises(TransitionRefused), queue.unit_of_work() as session:
            jobs.cancel(session, job_id, HANA, installation.clock())


class TestVisible:
    def test_people_see_their_own_jobs_and_hr_all(self, installation) -> None:
        hers, his = started(installation, EMMA), started(installation, LIWEI)
        with queue.reading() as session:
            assert [job.id for job in jobs.visible(session, EMMA)] == [hers]
            assert [job.id for job in jobs.visible(session, HANA)] == [his, hers]
            assert (jobs.count_visible(session, EMMA), jobs.count_visible(session, HANA)) == (1, 2)
            with pytest.raises(NotFound):
                jobs.find(session, his, EMMA)

    def test_an_auditor_sees_a_job_and_may_not_cancel_it(self, installation) -> None:
        audrey = type(HANA)("audrey", frozenset({"Auditor"}))
        job_id = started(installation)
        with pytest.raises(NotAllowed), queue.unit_of_work() as session:
            jobs.cancel(session, job_id, audrey, installation.clock())


class TestSettle:
    def test_works_everything_off_without_a_worker(self, installation) -> None:
        job_ids = [started(installation) for _job in range(2)]
        assert tick.settle(installation) >= 2
        assert [loaded(job_id).state for job_id in job_ids] == ["done", "done"]
