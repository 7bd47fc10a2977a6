"""A worker killed while it gives goals, or takes them back, delays the job: nobody has goals or messages twice, or none."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.processes import product_environment
from tests.workflows.goals.conftest import firm  # noqa: F401 (the fixture)
from tests.workflows.training.conftest import Company, company  # noqa: F401 (the fixture)
from workflows import jobs
from workflows.goals.templates import giving, undoing
from workflows.goals.templates.asking import Wanted
from workflows.goals.templates.recipients import Asked
from workflows.store import notifications

GOALS, LEVEL = 20, "objective_individual"


def work(firm: Company, folder, job_id: int, step: str, count: int) -> int:  # noqa: F811 (the fixture)
    """A worker as a process of its own; how it ended."""
    url = firm.engine.url.render_as_string(hide_password=False)
    given = [url, str(job_id), step, str(count), f"sqla+sqlite:///{folder / 'queue.sqlite3'}"]
    command = [sys.executable, "-m", "tests.faults.goal_giver", *given]
    return subprocess.run(command, env=product_environment(folder), timeout=120, check=False).returncode


def alive(firm: Company) -> Counter[int]:  # noqa: F811 (the fixture)
    """How many goals of the template each person has."""
    table = firm.catalog[LEVEL].table.c
    with Session(firm.engine) as session:
        found = select(table.owner).where(table.title.startswith("Killed"), table._removed_at.is_(None))
        return Counter(session.execute(found).scalars())


def state(firm: Company, job_id: int) -> str:  # noqa: F811 (the fixture)
    with Session(firm.engine) as session:
        return jobs.load(session, job_id).state


@pytest.mark.faults
def test_giving_and_taking_back_go_on_where_the_worker_died(firm, tmp_path) -> None:  # noqa: F811 (the fixture)
    goals = [{"title": f"Killed {n}", "commitment": "committed"} for n in range(GOALS)]
    number = firm.create("goal_template", name="Killed", shared=True, objectives=goals)
    table = firm.catalog["department"].table.c
    with Session(firm.engine) as session:
        shop = session.execute(select(table.id).where(table.code == "PRD-A")).scalar_one()
    wanted = Wanted(number, Asked(shop, without_account=True), date(2026, 12, 1), date(2027, 5, 31))
    made = firm.write(giving.start, "derek", wanted)
    begun = firm.read(lambda s, _c: giving.load(s, made))
    people = begun.waiting

    assert work(firm, tmp_path, begun.job_id, "told", 2) == -signal.SIGKILL
    assert state(firm, begun.job_id) == jobs.RUNNING
    assert set(alive(firm).values()) == {GOALS}
    assert 0 < len(alive(firm)) < people
    assert work(firm, tmp_path, begun.job_id, "told", 0) == 0
    assert state(firm, begun.job_id) == jobs.DONE
    assert alive(firm) == dict.fromkeys(alive(firm), GOALS)
    assert len(alive(firm)) == people
    with Session(firm.engine) as session:
        told = select(notifications.c.recipient).where(notifications.c.kind == "goals_given")
        assert Counter(session.execute(told).scalars()) == {"emma": 1}

    undone = firm.write(undoing.undo, "derek", made)
    assert work(firm, tmp_path, undone, "removed", 150) == -signal.SIGKILL
    assert sum(alive(firm).values()) == people * GOALS - undoing.CHUNK
    assert work(firm, tmp_path, undone, "removed", 0) == 0
    assert not alive(firm)
    assert firm.read(lambda s, _c: giving.load(s, made)).goals == {"undone": people * GOALS}
