"""A worker killed in the middle of a launch or a computation delays the cycle and doubles nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from tests.waiting import eventually
from tests.workflows.cycles.conftest import Company, prepare_launched, with_tables
from tests.workflows.demo_company import prepare
from tests.workflows.processes import Site, kill
from workflows import jobs, queue
from workflows.cycles import launching, scoring
from workflows.store import notifications

PROGRAM = "tests.workflows.cycles.worker_process"
SCORES = ("employee", "computed_score", "computed_rating", "computed_detail", "step")


def settled(url: str) -> list[tuple]:
    """How the reviews look where nobody was killed."""
    company = with_tables(url)
    found = scores(company)
    company.engine.dispose()
    return found


def scores(company: Company) -> list[tuple]:
    return sorted(tuple(str(row[name]) for name in SCORES) for row in company.rows("review", cycle=company.production))


def die_in(phase: str, company: Company, tmp_path: Path, start) -> int:
    """Start the job, kill its worker in the middle of `phase`, let others finish; the job's id."""
    site = Site(company.engine.url.render_as_string(hide_password=False), broker(tmp_path), tmp_path, 2, PROGRAM)
    site.gate.write_text(phase)
    with site.running("worker") as worker:
        company.now = datetime.now(UTC)
        job_id = company.write(start, "derek", company.production)
        eventually(site.reached.exists, f"the worker to stand in the middle of {phase}", timeout=90)
        kill(worker)
    with Session(company.engine) as session:
        assert jobs.load(session, job_id).state == jobs.RUNNING
    site.gate.unlink()
    with site.running("worker"), site.running("scheduler"):
        eventually(lambda: state(company, job_id) not in jobs.OPEN, "the job to end", timeout=90)
    assert state(company, job_id) == jobs.DONE
    return job_id


def broker(tmp_path: Path) -> str:
    url = f"sqla+sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue.make_celery(url)
    return url


def state(company: Company, job_id: int) -> str:
    with Session(company.engine) as session:
        return jobs.load(session, job_id).state


@pytest.mark.faults
@pytest.mark.parametrize("phase", ["people", *(pytest.param(p, marks=pytest.mark.long) for p in ("score", "invite"))])
def test_a_launch(database_kind, databases, tmp_path, phase) -> None:
    with databases.copy(database_kind, "demo cycle launched", prepare_launched) as url:
        expected = settled(url)
    with databases.copy(database_kind, "demo company", prepare) as url:
        company = with_tables(url)
        die_in(phase, company, tmp_path, launching.launch)
        assert scores(company) == expected
        assert company.row("cycle", id=company.production)["step"] == "self_review"
        with Session(company.engine) as session:
            told = Counter(session.execute(select(notifications.c.recipient, notifications.c.kind)).all())
        assert told[("emma", "review_self_due")] == told[("derek", "review_self_due")] == 1
        versions = Counter(row["_version"] for row in company.rows("review") if row["step"] == "self_review")
        assert set(versions) == {3}  # made, scored, invited: each once
        company.engine.dispose()


@pytest.mark.faults
@pytest.mark.long
def test_a_computation(database_kind, databases, tmp_path) -> None:
    with databases.copy(database_kind, "demo cycle launched", prepare_launched) as url:
        company = with_tables(url)
        before = {row["id"]: row for row in company.rows("review", cycle=company.production)}
        correct_a_figure(company)
        die_in("score", company, tmp_path, scoring.recompute)
        part = company.row("department", code="PRD-A")["id"]
        found = company.rows("review", cycle=company.production)
        for row in found:
            touched = row["step"] == "self_review" and row["computed_score"] != before[row["id"]]["computed_score"]
            assert touched == (row["step"] == "self_review" and row["department"] in {part, home(company)})
            assert row["_version"] == before[row["id"]]["_version"] + touched
        assert (
            len({row["computed_detail"] for row in found if row["department"] == part and row["computed_detail"]}) == 1
        )
        company.engine.dispose()


def home(company: Company) -> int:
    return int(company.row("department", code="PRD")["id"])


def correct_a_figure(company: Company) -> None:
    rows = company.rows("production_output")
    row = next(r for r in rows if r["line"] == "assembly" and r["day"].month == 8)
    values = {"produced": 99999}
    company.write(
        lambda session, catalog, _actor, now: records.change(
            session, catalog, "production_output", system("test"), row["id"], values, now=now
        ),
        "hana",
    )
