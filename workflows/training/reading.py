"""What the training pages and REST show: sessions, the people of one, and a person's own places.

Each function is one statement however many rows there are, within the rows and fields of the reader. How many places
are taken is a number that everybody may know who sees the session; who has them is not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, func, null, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.records.read import HIDDEN_RECORD, label_expression
from workflows.training import states
from workflows.training.meetings import COURSE, ENROLMENT, SESSION

PAGE_SIZE = 25
OPEN, PAST = ("planned", "open"), ("held", "cancelled")
SOON = timedelta(days=60)
Validity = Literal["lasting", "valid", "soon", "expired"]
When = Literal["coming", "past"]


@dataclass(frozen=True)
class Line:
    """A session in a list. `mine` is the reader's own state in it."""

    id: int
    title: str
    course: str
    course_id: int
    starts_at: datetime
    ends_at: datetime
    place: str
    trainer: str
    trainer_id: int | None
    capacity: int | None
    status: str
    taken: int
    mine: states.State
    course_trainer_id: int | None

    def begun(self, now: datetime) -> bool:
        """Whether attendance can be known."""
        return self.starts_at <= now

    @property
    def free(self) -> int | None:
        """How many places are left; None where there is no limit."""
        return None if self.capacity is None else max(0, self.capacity - self.taken)


@dataclass(frozen=True)
class Place:
    """One person in a session, as the session's page shows them."""

    id: int
    employee: int
    name: str
    department: str
    status: states.State
    attended_at: datetime | None
    completed_at: datetime | None
    result: str
    course: str = ""
    session: int = 0
    title: str = ""
    starts_at: datetime | None = None
    where: str = ""
    hours: Any = None
    valid_until: date | None = None
    course_id: int = 0
    quiz: bool = False
    trainer: str = ""

    def validity(self, today: date) -> Validity:
        """Whether the completion counts: `soon` means that it ends within two months."""
        if self.valid_until is None:
            return "lasting"
        if self.valid_until < today:
            return "expired"
        return "soon" if self.valid_until <= today + SOON else "valid"


def sessions(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    *,
    when: When = "coming",
    trainer: int | None = None,
    course: int | None = None,
    only_open: bool = False,
    page: int = 0,
    language: str = "en",
) -> tuple[list[Line], bool]:
    """One page of sessions, and whether there are more. Coming ones the soonest first, past ones the latest."""
    entity = catalog[SESSION]
    if not access.may(actor, entity, "list"):
        return [], False
    table = entity.table
    order = table.c.starts_at.asc() if when == "coming" else table.c.starts_at.desc()
    states_wanted = ("open",) if only_open else OPEN if when == "coming" else PAST
    wanted: list[ColumnElement[bool]] = [table.c.status.in_(states_wanted)]
    wanted += [
        table.c[name] == value for name, value in (("trainer", trainer), ("course", course)) if value is not None
    ]
    statement = _lines(catalog, actor, language, "list").where(*wanted).order_by(order, table.c.id)
    rows = session.execute(statement.limit(PAGE_SIZE + 1).offset(max(0, page) * PAGE_SIZE)).all()
    return [_line(row) for row in rows[:PAGE_SIZE]], len(rows) > PAGE_SIZE


def one(session: Session, catalog: Catalog, actor: Actor, session_id: int, language: str = "en") -> Line:
    """A session as it stands in a list; raises NotFound for one that the actor may not see."""
    entity = catalog[SESSION]
    if not access.may(actor, entity, "show"):
        raise NotFound(HIDDEN_RECORD)
    row = session.execute(_lines(catalog, actor, language, "show").where(entity.table.c.id == session_id)).first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return _line(row)


def people(session: Session, catalog: Catalog, actor: Actor, session_id: int, language: str = "en") -> list[Place]:
    """Those in the session whom the actor may see, by name; taken-back places last."""
    entity = catalog[ENROLMENT]
    if not access.may(actor, entity, "list"):
        return []
    table, staff, units = entity.table, catalog["employee"], catalog["department"]
    name = _label(catalog, staff, staff.table, language, {"name", "name_zh"})
    home = _label(catalog, units, units.table, language)
    statement = (
        select(*_own_columns(actor, entity, table), name.label("name"), home.label("department"))
        .select_from(
            table.join(staff.table, staff.table.c.id == table.c.employee).outerjoin(
                units.table, units.table.c.id == staff.table.c.department
            )
        )
        .where(table.c.session == session_id, *_mine(catalog, actor, entity, table))
        .order_by(table.c.status == "cancelled", name, table.c.id)
    )
    return [_place(row) for row in session.execute(statement)]


def places_of(
    session: Session, catalog: Catalog, actor: Actor, employee: int, *, language: str = "en", limit: int | None = None
) -> list[Place]:
    """The places that a person has or had, the latest first."""
    statement = _places(catalog, actor, language)
    if statement is None:
        return []
    table = catalog[ENROLMENT].table
    statement = statement.where(table.c.employee == employee).order_by(catalog[SESSION].table.c.starts_at.desc())
    return [_place(row) for row in session.execute(statement.limit(limit))]


def proof(session: Session, catalog: Catalog, actor: Actor, enrolment_id: int, language: str = "en") -> Place:
    """A completed place with all that proves it; raises NotFound where there is none for this reader."""
    statement = _places(catalog, actor, language)
    table = catalog[ENROLMENT].table
    row = None
    if statement is not None:
        row = session.execute(statement.where(table.c.id == enrolment_id, table.c.status == "completed")).first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return _place(row)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first.replace(day=min(day.day, (following - first).days)), following)


def _lines(catalog: Catalog, actor: Actor, language: str, action: str) -> Any:
    entity, courses, staff = catalog[SESSION], catalog[COURSE], catalog["employee"]
    table = entity.table
    trainer = staff.table.alias("trainer")
    places = catalog[ENROLMENT].table.alias("places")
    in_it = (places.c.session == table.c.id, places.c._removed_at.is_(None))
    taken = select(func.count()).where(*in_it, places.c.status.not_in(states.FREE_SEAT)).scalar_subquery()
    mine = select(places.c.status).where(*in_it, places.c.employee == (actor.person_id or 0)).limit(1).scalar_subquery()
    names = ("title", "starts_at", "ends_at", "place", "capacity", "status", "trainer")
    return (
        select(
            table.c.id,
            table.c.course.label("course_id"),
            *_visible(actor, entity, table, names, action),
            _label(catalog, courses, courses.table, language).label("course_name"),
            _label(catalog, staff, trainer, language, {"name", "name_zh"}).label("trainer_name"),
            trainer.c.id.label("trainer_found"),
            taken.label("taken"),
            mine.label("mine"),
            courses.table.c.trainer.label("course_trainer_id"),
        )
        .select_from(
            table.outerjoin(courses.table, courses.table.c.id == table.c.course).outerjoin(
                trainer, trainer.c.id == table.c.trainer
            )
        )
        .where(table.c._removed_at.is_(None), access.rows(actor, catalog, entity, action))
    )


def _line(row: Any) -> Line:
    trainer = row.trainer_name if row.trainer_found and row.trainer else ""
    return Line(
        row.id,
        row.title or f"#{row.id}",
        row.course_name or "",
        row.course_id,
        row.starts_at,
        row.ends_at,
        row.place or "",
        trainer,
        row.trainer,
        row.capacity,
        row.status,
        row.taken,
        row.mine or "",
        row.course_trainer_id,
    )


def _places(catalog: Catalog, actor: Actor, language: str) -> Any:
    entity, held, courses, staff = (catalog[name] for name in (ENROLMENT, SESSION, COURSE, "employee"))
    if not access.may(actor, entity, "list"):
        return None
    table, meeting, course, trainer = entity.table, held.table, courses.table, staff.table.alias("trainer")
    person = staff.table
    labels = (
        _label(catalog, courses, course, language).label("course_name"),
        _label(catalog, staff, trainer, language, {"name", "name_zh"}).label("trainer_name"),
        _label(catalog, staff, person, language, {"name", "name_zh"}).label("name"),
    )
    parts = courses.definition.courses
    months = course.c[parts.validity] if parts and parts.validity else null()
    rows = courses.sides.get(parts.quiz.field) if parts and parts.quiz else None
    asked = select(func.count()).where(rows.c._record == course.c.id).scalar_subquery() if rows is not None else null()
    more: tuple[ColumnElement[Any], ...] = (
        *(meeting.c.starts_at, meeting.c.title, meeting.c.place, course.c.hours, meeting.c.course.label("course_id")),
        *(months.label("validity_months"), asked.label("asked")),
    )
    return (
        select(
            *_own_columns(actor, entity, table), *more, *labels, table.c.session, trainer.c.id.label("trainer_found")
        )
        .select_from(
            table.join(meeting, meeting.c.id == table.c.session)
            .join(course, course.c.id == meeting.c.course)
            .join(person, person.c.id == table.c.employee)
            .outerjoin(trainer, trainer.c.id == meeting.c.trainer)
        )
        .where(*_mine(catalog, actor, entity, table))
    )


def _own_columns(actor: Actor, entity: Entity, table: FromClause) -> list[ColumnElement[Any]]:
    names = ("status", "attended_at", "completed_at", "result")
    return [table.c.id, table.c.employee, *_visible(actor, entity, table, names, "list")]


def _mine(catalog: Catalog, actor: Actor, entity: Entity, table: FromClause) -> tuple[ColumnElement[bool], ...]:
    return table.c._removed_at.is_(None), access.rows(actor, catalog, entity, "list", table)


def _visible(
    actor: Actor, entity: Entity, table: FromClause, names: Collection[str], action: str
) -> list[ColumnElement[Any]]:
    """The columns; empty in place of those that the actor's role hides."""
    seen = {field.name for field in access.readable(actor, entity, action)}
    return [table.c[name].label(name) if name in seen else null().label(name) for name in names]


def _label(
    catalog: Catalog, entity: Entity, table: FromClause, language: str, names: set[str] | None = None
) -> ColumnElement[Any]:
    return label_expression(catalog, entity, table, names or set(entity.definition.fields), language)


def _place(row: Any) -> Place:
    more = row._mapping
    completed, months = row.completed_at, more.get("validity_months")
    return Place(
        id=row.id,
        employee=row.employee,
        name=row.name,
        department=more.get("department") or "",
        status=row.status or "enrolled",
        attended_at=row.attended_at,
        completed_at=completed,
        result=row.result or "",
        course=more.get("course_name") or "",
        session=more.get("session") or 0,
        title=more.get("title") or "",
        starts_at=more.get("starts_at"),
        where=more.get("place") or "",
        hours=more.get("hours"),
        valid_until=months_later(completed.date(), months) if completed and months else None,
        course_id=more.get("course_id") or 0,
        quiz=bool(more.get("asked")),
        trainer=(more.get("trainer_name") or "") if more.get("trainer_found") else "",
    )
