"""A checklist starts by itself when a new colleague is added, whichever way: page, REST or import.

Two subscribers of the outbox; set-based, so an import of thousands costs a few statements. Promises: nobody gets a step
twice, also not one that HR removed; people hired more than 30 days before the record was made are no newcomers
(history may be imported without welcoming everybody); the welcome is told once, as soon as there is an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.catalog import Catalog
from workflows import queue
from workflows.delivery.notices import Notice, notify_all
from workflows.onboarding.plans import Newcomer, Plan, Step, steps_for
from workflows.outbox import Event, subscribes

NEWCOMER_DAYS = 30
PERSON, UNIT, PLAN, STEP, TASK = "employee", "department", "onboarding_plan", "onboarding_step", "onboarding_task"
LINK = "/onboarding/"


@subscribes("record.created", definition=PERSON, name="onboarding.start")
def _added(session: Session, catalog: Catalog, event: Event, now: datetime) -> None:
    start(session, catalog, event.payload["ids"], since=event.at, now=now)


@subscribes("record.changed", definition=PERSON, name="onboarding.catch_up")
def _changed(session: Session, catalog: Catalog, event: Event, now: datetime) -> None:
    """The account, department or position may come a day after the record."""
    start(session, catalog, event.payload["ids"], since=event.at, now=now)


def start(session: Session, catalog: Catalog, employees: Iterable[int], *, since: datetime, now: datetime) -> int:
    """Give the newcomers among `employees` what their plans ask for and they do not have yet; how many steps."""
    if TASK not in catalog:
        return 0
    people = _newcomers(session, catalog, list(employees), since)
    if not people:
        return 0
    rows = _missing(session, catalog, [person for person, _account in people])
    records.create_many(session, catalog, TASK, access.system("onboarding"), rows, now=now, form="python")
    welcomed = {row["employee"] for row in rows} | _with_open_tasks(session, catalog, [p.id for p, _account in people])
    news = [
        Notice(account, "onboarding_started", f"onboarding_started:{person.id}", {}, LINK)
        for person, account in people
        if account and person.id in welcomed
    ]
    if notify_all(session, news, now):
        queue.nudge(session)
    return len(rows)


def _newcomers(
    session: Session, catalog: Catalog, ids: Sequence[int], since: datetime
) -> list[tuple[Newcomer, str | None]]:
    table = catalog[PERSON].table.c
    statement = select(table.id, table.hired_on, table.department, table.position, table.language, table.account).where(
        table.id.in_(ids),
        table._removed_at.is_(None),
        table.status.is_distinct_from("left"),
        table.hired_on >= (since - timedelta(days=NEWCOMER_DAYS)).date(),
    )
    return [(Newcomer(*row[:5]), row[5]) for row in session.execute(statement)]


def _missing(session: Session, catalog: Catalog, people: Sequence[Newcomer]) -> list[dict[str, Any]]:
    plan, step, unit = catalog[PLAN].table.c, catalog[STEP].table.c, catalog[UNIT].table.c
    active = (plan._removed_at.is_(None), plan.active)
    plans = [
        Plan(*row)
        for row in session.execute(select(plan.id, plan.position, plan.department, plan.language).where(*active))
    ]
    steps = [
        Step(*row)
        for row in session.execute(
            select(step.id, step.plan, step.title, step.title_zh, step.due_days)
            .where(step._removed_at.is_(None))
            .order_by(step.plan, step.sequence)
        )
    ]
    parents = {row[0]: row[1] for row in session.execute(select(unit.id, unit.parent))}
    there = _existing(session, catalog, [person.id for person in people])
    return [
        {
            "employee": person.id,
            "step": found.id,
            "title": found.title,
            "title_zh": found.title_zh,
            "due_on": due,
            "status": "open",
        }
        for person in people
        for found, due in steps_for(person, plans, steps, parents)
        if (person.id, found.id) not in there
    ]


def _existing(session: Session, catalog: Catalog, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Also those in the recycle bin: HR took them away for a reason."""
    task = catalog[TASK].table.c
    return {(row[0], row[1]) for row in session.execute(select(task.employee, task.step).where(task.employee.in_(ids)))}


def _with_open_tasks(session: Session, catalog: Catalog, ids: Sequence[int]) -> set[int]:
    task = catalog[TASK].table.c
    statement = select(task.employee).where(task.employee.in_(ids), task.status == "open", task._removed_at.is_(None))
    return set(session.execute(statement.distinct()).scalars())
