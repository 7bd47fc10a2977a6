"""The queue: real workers on SQLite, Redis and RabbitMQ, and a broker that is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from metadata.engine import writing
from tests.backends import free_port
from tests.waiting import eventually
from tests.workflows import worker_process
from tests.workflows.installed import HANA, engine_for, install, units_done
from tests.workflows.processes import Site
from workflows import jobs, queue

KIND, TOTAL = worker_process.KIND, 12


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(
    params=["sqlite", *(pytest.param(name, marks=pytest.mark.backend(name)) for name in ("redis", "rabbitmq"))]
)
def broker_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}"
    return str(request.getfixturevalue(f"{request.param}_url"))


def sent_messages(broker_url: str) -> int:
    with queue.celery_app.connection_for_write() as connection:
        declared = connection.channel().queue_declare(queue.QUEUE, durable=True, auto_delete=False)
    return int(declared.message_count)


@pytest.fixture
def quiet_queue(tmp_path: Path) -> Iterator[str]:
    """A queue on SQLite that nobody serves, and a nudge that has not paced itself yet."""
    url = f"sqla+sqlite:///{tmp_path / 'quiet.sqlite3'}"
    queue.make_celery(url)
    queue._pace.__init__()
    yield url
    queue._pace.__init__()


class TestWorkers:
    def test_two_workers_and_a_scheduler_finish_jobs_once_on_every_broker(
        self, broker_url: str, databases, tmp_path: Path
    ) -> None:
        with databases.fresh("sqlite") as url:
            engine = engine_for(url)
            queue.make_celery(broker_url)
            queue._pace.__init__()
            install(engine)
            site = Site(url, broker_url, tmp_path)
            with site.running("worker"), site.running("worker"), site.running("scheduler"):
                with queue.unit_of_work() as session:
                    first = jobs.start(session, KIND, {"total": TOTAL}, HANA, queue.bound().clock())
                with queue.unit_of_work() as session:
                    second = jobs.start(session, KIND, {"total": TOTAL}, HANA, queue.bound().clock())
                eventually(lambda: _done(engine, first) and _done(engine, second), "both jobs to be done", timeout=60)
            with Session(engine) as session:
                assert units_done(session) == dict.fromkeys(range(TOTAL), 2)
                assert jobs.load(session, first).result == {"counted": TOTAL}
            engine.dispose()

    @pytest.mark.backend("postgresql")
    def test_a_job_without_a_message_is_found_by_the_tick(self, engine: Engine, database_url: str, tmp_path: Path):
        broker_url = f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}"
        install(engine)
        queue.make_celery(f"redis://127.0.0.1:{free_port()}/0")  # so that the nudge is lost
        queue._pace.__init__()
        with queue.unit_of_work() as session:
            job_id = jobs.start(session, KIND, {"total": 3}, HANA, queue.bound().clock())
        site = Site(database_url, broker_url, tmp_path)
        with site.running("worker"), site.running("scheduler"):
            eventually(lambda: _done(engine, job_id), "the job to be done", timeout=60)
        with Session(engine) as session:
            assert units_done(session) == {0: 1, 1: 1, 2: 1}


def _done(engine: Engine, job_id: int) -> bool:
    with Session(engine) as session:
        return jobs.load(session, job_id).state == jobs.DONE


class TestNudge:
    def test_is_sent_after_the_commit(self, engine: Engine, quiet_queue: str) -> None:
        with writing(), Session(engine) as session, session.begin():
            queue.nudge(session)
            session.connection()
            assert sent_messages(quiet_queue) == 0
        assert sent_messages(quiet_queue) == 1

    def test_is_forgotten_with_a_rollback(self, engine: Engine, quiet_queue: str) -> None:
        with writing(), Session(engine) as session:
            session.connection()
            queue.nudge(session)
            session.rollback()
            session.connection()
            session.commit()
        assert sent_messages(quiet_queue) == 0

    def test_waits_for_the_outermost_commit(self, engine: Engine, quiet_queue: str) -> None:
        with writing(), Session(engine) as session, session.begin():
            with session.begin_nested():
                session.connection()
                queue.nudge(session)
            assert sent_messages(quiet_queue) == 0
        assert sent_messages(quiet_queue) == 1

    def test_of_many_commits_in_a_moment_wakes_a_worker_twice(self, engine: Engine, quiet_queue: str) -> None:
        with writing(), Session(engine) as session:
            for _commit in range(5):
                session.connection()
                queue.nudge(session)
                session.commit()
        assert sent_messages(quiet_queue) == 2

    @pytest.mark.parametrize("scheme", ["redis", "amqp", "sqla+sqlite"])
    def test_never_fails_without_a_broker(self, scheme: str, databases, caplog: pytest.LogCaptureFixture) -> None:
        away = (
            "sqla+sqlite:////nowhere/queue.sqlite3"
            if scheme.startswith("sqla")
            else f"{scheme}://127.0.0.1:{free_port()}/"
        )
        queue.make_celery(away)
        queue._pace.__init__()
        with databases.fresh("sqlite") as url:
            engine = engine_for(url)
            with writing(), Session(engine) as session, session.begin():
                session.connection()
                queue.nudge(session)
            engine.dispose()
        assert "work waits for the next tick" in caplog.text
        assert "does not answer" in (queue.check(away) or "")
        queue._pace.__init__()


class TestCheck:
    def test_is_silent_where_the_broker_takes_messages(self, broker_url: str) -> None:
        assert queue.check(broker_url) is None
