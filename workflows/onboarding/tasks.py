"""Ticking off the steps of a checklist, and the progress that follows from it.

Called by pages and REST, by attendance.py when a course was completed, and by tours.py when a tour was finished.
Who may tick: the person themselves what is theirs to do, the head of their department, and whoever may edit the
tasks (HR, trainers). A course or a tour ticks itself off; only those responsible may do it by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotAllowed, NotFound
from metadata.records.read import HIDDEN_RECORD, label_expression

PERSON, STEP, TASK, COURSE = "employee", "onboarding_step", "onboarding_task", "course"
TICKS_ITSELF = "This step ticks itself off when the course is completed or the tour finished."
NOT_YOURS = "Only the person, their head, trainers or HR can tick off this step."


@dataclass(frozen=True)
class Item:
    """One line of a checklist. `tour` or `course` is what the step asks for."""

    id: int
    title: str
    kind: str
    course: int | None
    tour: str | None
    due_on: date
    done_at: datetime | None
    done: bool
    may_tick: bool


@dataclass(frozen=True)
class Progress:
    """One person on the board."""

    employee: int
    name: str
    department: str
    done: int
    total: int
    overdue: int

    @property
    def percent(self) -> int:
        """How far, in whole percent."""
        return 100 * self.done // self.total if self.total else 0


def checklist(session: Session, catalog: Catalog, actor: Actor, employee: int, language: str = "en") -> list[Item]:
    """The steps of one person by date; one statement. Raises NotFound where another's has none to see."""
    task, step = catalog[TASK].table, catalog[STEP].table
    mine = access.rows(actor, catalog, catalog[TASK], "list", task)
    columns = (task.c.id, task.c.title, task.c.title_zh, task.c.due_on, task.c.done_at, task.c.status)
    statement = (
        select(*columns, step.c.kind, step.c.course, step.c.tour, _department(catalog, employee))
        .select_from(task.join(step, step.c.id == task.c.step))
        .where(task.c.employee == employee, task.c._removed_at.is_(None), mine)
        .order_by(task.c.due_on, step.c.plan, step.c.sequence)
    )
    found = []
    for row in session.execute(statement):
        title = row.title_zh if language == "zh" and row.title_zh else row.title
        tick = _refusal(catalog, actor, employee, row.department, row.kind) is None
        done = row.status == "done"
        found.append(Item(row.id, title, row.kind, row.course, row.tour, row.due_on, row.done_at, done, tick))
    if not found and employee != actor.person_id:
        raise NotFound(HIDDEN_RECORD)
    return found


def tick(session: Session, catalog: Catalog, actor: Actor, task_id: int, *, done: bool, now: datetime) -> int:
    """Mark a step as done, or as open again; whose step it is. Saying it twice changes nothing."""
    found = records.find(session, catalog, TASK, actor, task_id)
    employee = found["employee"]
    step = catalog[STEP].table.c
    row = session.execute(select(step.kind, _department(catalog, employee)).where(step.id == found["step"])).one()
    refusal = _refusal(catalog, actor, employee, row.department, row.kind)
    if refusal:
        raise NotAllowed(refusal)
    _settle(session, catalog, actor, [task_id], now, done=done)
    return int(employee)


def board(session: Session, catalog: Catalog, actor: Actor, today: date, language: str = "en") -> list[Progress]:
    """Everybody with a checklist whom the actor may see, those who are least far first; one statement."""
    entity, people, units = catalog[TASK], catalog[PERSON], catalog["department"]
    if not access.may(actor, entity, "list"):
        return []
    task, person, unit = entity.table, people.table, units.table
    done = func.sum(case((task.c.status == "done", 1), else_=0))
    late = func.sum(case(((task.c.status != "done") & (task.c.due_on < today), 1), else_=0))
    name = label_expression(catalog, people, person, {"name", "name_zh"}, language)
    home = label_expression(catalog, units, unit, set(units.definition.fields), language)
    mine = access.rows(actor, catalog, entity, "list", task)
    statement = (
        select(person.c.id, name.label("name"), home.label("home"), done, func.count(), late)
        .select_from(
            task.join(person, person.c.id == task.c.employee).outerjoin(unit, unit.c.id == person.c.department)
        )
        .where(task.c._removed_at.is_(None), person.c._removed_at.is_(None), mine)
        .group_by(person.c.id, name, home)
        .order_by((done * 100 / func.count()).asc(), name)
    )
    return [
        Progress(row[0], row[1], row[2] or "", int(row[3]), int(row[4]), int(row[5]))
        for row in session.execute(statement)
    ]


def settle_course(
    session: Session, catalog: Catalog, actor: Actor, employees: Sequence[int], course: int, now: datetime
) -> None:
    """Tick off the steps that asked these people for the course."""
    _settle_matching(session, catalog, actor, employees, STEP_COURSE, course, now)


def settle_tour(session: Session, catalog: Catalog, actor: Actor, tour: str, now: datetime) -> None:
    """Tick off the step that asked the person for the tour."""
    if actor.person_id is not None:
        _settle_matching(session, catalog, actor, [actor.person_id], STEP_TOUR, tour, now)


STEP_COURSE, STEP_TOUR = "course", "tour"


def _settle_matching(
    session: Session, catalog: Catalog, actor: Actor, employees: Sequence[int], field: str, value: Any, now: datetime
) -> None:
    if not employees or TASK not in catalog:
        return
    task, step = catalog[TASK].table, catalog[STEP].table
    statement = (
        select(task.c.id)
        .join(step, step.c.id == task.c.step)
        .where(
            task.c.employee.in_(employees),
            task.c.status == "open",
            task.c._removed_at.is_(None),
            step.c.kind == field,
            step.c[field] == value,
        )
    )
    _settle(session, catalog, actor, list(session.execute(statement).scalars()), now, done=True)


def _settle(session: Session, catalog: Catalog, actor: Actor, ids: Sequence[int], now: datetime, *, done: bool) -> None:
    """Store the state of several steps in one go."""
    if not ids:
        return
    task = catalog[TASK].table.c
    stored = session.execute(select(task.employee, task.step, task.status).where(task.id.in_(ids)))
    state = {"status": "done", "done_at": now} if done else {"status": "open", "done_at": None}
    rows = [{"employee": row[0], "step": row[1], **state} for row in stored if row[2] != state["status"]]
    whole = access.system(actor.username)
    records.merge_many(session, catalog, TASK, whole, rows, now=now, key=("employee", "step"), form="python")


def _department(catalog: Catalog, employee: int) -> Any:
    person = catalog[PERSON].table.alias("whose")
    return select(person.c.department).where(person.c.id == employee).scalar_subquery().label("department")


def _refusal(catalog: Catalog, actor: Actor, employee: int, department: int | None, kind: str) -> str | None:
    """Why the actor may not tick this step; None when they may."""
    if access.may(actor, catalog[TASK], "edit") or department in actor.unit_ids:
        return None
    if employee != actor.person_id:
        return NOT_YOURS
    return TICKS_ITSELF if kind in {STEP_COURSE, STEP_TOUR} else None
