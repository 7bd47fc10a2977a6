"""A worker killed in the middle of a job delays it and duplicates nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.waiting import eventually
from tests.workflows.installed import HANA, engine_for, install, units_done
from tests.workflows.processes import Site, kill
from tests.workflows.worker_process import KIND
from workflows import jobs, queue

TOTAL, STOP_AT = 10, 4


@pytest.mark.faults
def test_each_unit_is_done_once_although_the_worker_was_killed_between_its_work_and_its_commit(
    database_url: str, tmp_path: Path
) -> None:
    engine = engine_for(database_url)
    broker_url = f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue.make_celery(broker_url)
    install(engine)
    site = Site(database_url, broker_url, tmp_path, lease_seconds=2)
    site.gate.touch()
    with site.running("worker") as worker:
        with queue.unit_of_work() as session:
            payload = {"total": TOTAL, "stop_at": STOP_AT}
            job_id = jobs.start(session, KIND, payload, HANA, datetime.now(UTC))
        eventually(site.reached.exists, "the worker to stand in the middle of a chunk", timeout=60)
        kill(worker)
    with Session(engine) as session:
        assert units_done(session) == dict.fromkeys(range(STOP_AT), 1)
        assert jobs.load(session, job_id).state == jobs.RUNNING
    site.gate.unlink()
    with site.running("worker"), site.running("scheduler"):
        eventually(lambda: state(engine, job_id) == jobs.DONE, "the job to be done", timeout=60)
    with Session(engine) as session:
        assert units_done(session) == dict.fromkeys(range(TOTAL), 1)
        assert jobs.load(session, job_id).done == TOTAL
    engine.dispose()


def state(engine: Engine, job_id: int) -> str:
    with Session(engine) as session:
        return jobs.load(session, job_id).state
