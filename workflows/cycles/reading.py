"""What cycle pages and REST show: lists, one cycle's progress and people, one review as its reader may see it.

Each function is a fixed number of statements however many rows there are. Promise: the reviewee sees nothing of scores,
ratings and comments before the results are shared, whatever else they may see by their role (a head, HR).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from metadata.records.read import HIDDEN_RECORD, label_expression
from workflows.cycles import desk, states
from workflows.cycles.desk import CYCLE, REVIEW, Row
from workflows.cycles.people import DEPARTMENT, EMPLOYEE
from workflows.cycles.states import Standing

PAGE_SIZE = 25
KINDS, PARTS = ("computed", "proposed", "calibrated", "final"), ("score", "rating", "reason", "by", "at")
HIDDEN_FROM_REVIEWEE = frozenset(
    {*(f"{kind}_{part}" for kind in KINDS for part in PARTS), "computed_detail", "manager_comment"}
)
SCORES = ("computed_score", "computed_rating", "proposed_rating", "final_score", "final_rating")
Part = Literal["own", "to_write"]


@dataclass(frozen=True)
class CycleLine:
    """A cycle in a list; `counts` is the number of reviews by step, `handed_in` that of self reviews."""

    id: int
    version: int
    name: str
    department: str
    department_id: int
    step: states.CycleStep
    period_start: date
    period_end: date
    self_due: date | None
    manager_due: date | None
    shared_at: datetime | None
    counts: Mapping[str, int]
    handed_in: int

    @property
    def total(self) -> int:
        """All reviews."""
        return sum(self.counts.values())

    @property
    def taking_part(self) -> int:
        """Reviews that get, or are to get, a rating."""
        return self.total - self.counts.get("not_rated", 0)

    @property
    def rated(self) -> int:
        """Reviews with a rating."""
        return self.counts.get("rated", 0) + self.counts.get("closed", 0)


@dataclass(frozen=True)
class ReviewLine:
    """A review in a list; scores are None where the reader may not see them."""

    id: int
    cycle: int
    cycle_name: str
    cycle_step: states.CycleStep
    employee: int
    name: str
    department: str
    reviewer: str
    reviewer_id: int | None
    step: states.ReviewStep
    computed_score: Decimal | None
    computed_rating: str | None
    proposed_rating: str | None
    final_score: Decimal | None
    final_rating: str | None
    self_due: date | None
    manager_due: date | None
    shared_at: datetime | None


def cycles(
    session: Session, catalog: Catalog, actor: Actor, *, language: str = "en", page: int = 0, page_size: int = PAGE_SIZE
) -> tuple[list[CycleLine], bool]:
    """The cycles that the actor may list, the newest first, with progress; and whether there are more."""
    entity = catalog[CYCLE]
    if not access.may(actor, entity, "list"):
        return [], False
    t = entity.table
    statement = _cycle_lines(catalog, language).where(access.rows(actor, catalog, entity, "list"))
    statement = statement.order_by(t.c.period_start.desc(), t.c.id.desc())
    rows = session.execute(statement.limit(page_size + 1).offset(max(0, page) * page_size)).all()
    counts = _counts(session, catalog, [row.id for row in rows[:page_size]])
    return [_cycle_line(row, counts) for row in rows[:page_size]], len(rows) > page_size


def cycle(session: Session, catalog: Catalog, actor: Actor, cycle_id: int, language: str = "en") -> CycleLine:
    """One cycle with its progress; raises NotFound for one that the actor may not see."""
    entity = catalog[CYCLE]
    mine = access.rows(actor, catalog, entity, "show") if access.may(actor, entity, "show") else false()
    row = session.execute(_cycle_lines(catalog, language).where(entity.table.c.id == cycle_id, mine)).first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return _cycle_line(row, _counts(session, catalog, [cycle_id]))


def _cycle_lines(catalog: Catalog, language: str) -> Select[Any]:
    entity, units = catalog[CYCLE], catalog[DEPARTMENT]
    t, u = entity.table, units.table
    columns = (t.c.id, t.c._version.label("version"), t.c.step, t.c.period_start, t.c.period_end)
    dates = (t.c.self_due, t.c.manager_due, t.c.shared_at, t.c.department.label("department_id"))
    name, home = _label(catalog, CYCLE, t, language), _label(catalog, DEPARTMENT, u, language)
    joined = t.outerjoin(u, u.c.id == t.c.department)
    statement = select(*columns, *dates, name.label("name"), home.label("department"))
    return statement.select_from(joined).where(t.c._removed_at.is_(None))


def _counts(session: Session, catalog: Catalog, ids: list[int]) -> dict[int, list[Any]]:
    """For each cycle (step, reviews, self reviews handed in)."""
    t = catalog[REVIEW].table.c
    numbers = (func.count().label("reviews"), func.count(t.self_submitted_at).label("handed_in"))
    statement = select(t.cycle, t.step, *numbers).where(t.cycle.in_(ids), t._removed_at.is_(None))
    found: dict[int, list[Any]] = {}
    for row in session.execute(statement.group_by(t.cycle, t.step)):
        found.setdefault(row.cycle, []).append(row)
    return found


def _cycle_line(row: Any, counts: Mapping[int, list[Any]]) -> CycleLine:
    mine = counts.get(row.id, [])
    by_step = {item.step: item.reviews for item in mine}
    return CycleLine(**row._mapping, counts=by_step, handed_in=sum(item.handed_in for item in mine))


def mine(
    session: Session, catalog: Catalog, actor: Actor, part: Part, *, language: str = "en", limit: int = PAGE_SIZE
) -> list[ReviewLine]:
    """The actor's own reviews, the newest first; or those that wait for them to write."""
    if actor.person_id is None or REVIEW not in catalog:
        return []
    t = catalog[REVIEW].table
    if part == "own":
        wanted = and_(t.c.employee == actor.person_id, t.c.step != "pending")
    else:
        wanted = and_(t.c.reviewer == actor.person_id, t.c.step == "manager_review", t.c.employee != actor.person_id)
    statement = _review_lines(catalog, actor, language).where(wanted, _looking(catalog, actor))
    return [_review_line(row) for row in session.execute(statement.order_by(t.c.id.desc()).limit(limit))]


def waiting_for(session: Session, catalog: Catalog, actor: Actor) -> int:
    """How many reviews wait for the actor to write."""
    if actor.person_id is None:
        return 0
    t = catalog[REVIEW].table.c
    wanted = (t.reviewer == actor.person_id, t.step == "manager_review", t._removed_at.is_(None))
    return int(session.execute(select(func.count()).where(*wanted)).scalar_one())


def people(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    *,
    step: str = "",
    words: str = "",
    language: str = "en",
    page: int = 0,
    page_size: int = PAGE_SIZE,
) -> tuple[list[ReviewLine], bool]:
    """The reviews of a cycle that the actor may see: those who keep others waiting first, then by name."""
    entity = catalog[REVIEW]
    t = entity.table
    mine = and_(_reached(catalog, actor), _looking(catalog, actor))
    statement = _review_lines(catalog, actor, language).where(t.c.cycle == cycle_id, mine)
    if step:
        statement = statement.where(t.c.step == step)
    name = _label(catalog, EMPLOYEE, _staff(catalog), language)
    for word in words.split()[:5]:
        statement = statement.where(func.lower(name).contains(word.lower(), autoescape=True))
    order = {"self_review": 0, "manager_review": 1, "pending": 2, "rated": 3, "closed": 4, "not_rated": 5}
    statement = statement.order_by(case(order, value=t.c.step, else_=9), name, t.c.id)
    rows = session.execute(statement.limit(page_size + 1).offset(max(0, page) * page_size)).all()
    return [_review_line(row) for row in rows[:page_size]], len(rows) > page_size


def _reached(catalog: Catalog, actor: Actor) -> ColumnElement[bool]:
    """The reviews that the actor may list by the definition's rule, or has a part in."""
    entity = catalog[REVIEW]
    t = entity.table.c
    listed = access.rows(actor, catalog, entity, "list") if access.may(actor, entity, "list") else false()
    return (
        listed if actor.person_id is None else or_(listed, t.reviewer == actor.person_id, t.employee == actor.person_id)
    )


def _looking(catalog: Catalog, actor: Actor) -> ColumnElement[bool]:
    """Who looks as another sees what both may see, and nothing about themselves."""
    if actor.within is None:
        return true()
    employee = catalog[REVIEW].table.c.employee
    return and_(_reached(catalog, actor.within), employee.is_distinct_from(actor.within.person_id))


def _staff(catalog: Catalog) -> FromClause:
    return catalog[EMPLOYEE].table


def _review_lines(catalog: Catalog, actor: Actor, language: str) -> Select[Any]:
    t, c, staff, units = (catalog[name].table for name in (REVIEW, CYCLE, EMPLOYEE, DEPARTMENT))
    boss = staff.alias("boss")
    seen = {field.name for field in access.readable(actor, catalog[REVIEW], "show")}
    columns: list[ColumnElement[Any]] = [
        t.c.id,
        t.c.cycle,
        _label(catalog, CYCLE, c, language).label("cycle_name"),
        c.c.step.label("cycle_step"),
        t.c.employee,
        _label(catalog, EMPLOYEE, staff, language).label("name"),
        func.coalesce(_label(catalog, DEPARTMENT, units, language), "").label("department"),
        case((boss.c.id.is_not(None), _label(catalog, EMPLOYEE, boss, language)), else_="").label("reviewer"),
        t.c.reviewer.label("reviewer_id"),
        t.c.step,
        *(case((_open_to(actor, t, c, name in seen), t.c[name])).label(name) for name in SCORES),
        c.c.self_due,
        c.c.manager_due,
        c.c.shared_at,
    ]
    joined = (
        t.join(c, c.c.id == t.c.cycle)
        .join(staff, staff.c.id == t.c.employee)
        .outerjoin(units, units.c.id == t.c.department)
        .outerjoin(boss, boss.c.id == t.c.reviewer)
    )
    return select(*columns).select_from(joined).where(t.c._removed_at.is_(None), c.c._removed_at.is_(None))


def _open_to(actor: Actor, review: FromClause, cycle: FromClause, by_role: bool) -> ColumnElement[bool]:
    """Whether the actor may read a score: the reviewer may, the reviewee once it is shared, others by their role."""
    if actor.person_id is None:
        return true() if by_role else false()
    own, theirs = review.c.employee == actor.person_id, review.c.reviewer == actor.person_id
    shared = cycle.c.shared_at.is_not(None)
    return or_(and_(own, shared), and_(not_(own), true() if by_role else func.coalesce(theirs, false())))


def reviews_with_open_scores(session: Session, catalog: Catalog, actor: Actor, employee: int) -> frozenset[int]:
    """The reviews of a person whose computed score the actor may read."""
    t, c = catalog[REVIEW].table, catalog[CYCLE].table
    mine = with_open_scores(catalog, actor)
    statement = select(t.c.id).select_from(t.join(c, c.c.id == t.c.cycle)).where(t.c.employee == employee, mine)
    return frozenset(session.execute(statement.where(t.c._removed_at.is_(None))).scalars())


def with_open_scores(catalog: Catalog, actor: Actor) -> ColumnElement[bool]:
    """Which reviews, joined with their cycles, have scores that the actor may read."""
    t, c = catalog[REVIEW].table, catalog[CYCLE].table
    by_role = "computed_score" in {field.name for field in access.readable(actor, catalog[REVIEW], "show")}
    return and_(_reached(catalog, actor), _looking(catalog, actor), _open_to(actor, t, c, by_role))


def _review_line(row: Any) -> ReviewLine:
    return ReviewLine(**row._mapping)


def unit_names(session: Session, catalog: Catalog, ids: Collection[int | None], language: str) -> dict[int | None, str]:
    """What people call these departments; no statement where there is none."""
    wanted = sorted(one for one in ids if one is not None)
    if not wanted:
        return {}
    units = catalog[DEPARTMENT].table
    statement = select(units.c.id, _label(catalog, DEPARTMENT, units, language)).where(units.c.id.in_(wanted))
    return {row[0]: str(row[1] or "") for row in session.execute(statement)}


def _label(catalog: Catalog, name: str, table: FromClause, language: str) -> ColumnElement[Any]:
    entity = catalog[name]
    return label_expression(catalog, entity, table, set(entity.definition.fields), language, depth=0)


@dataclass(frozen=True)
class ReviewView:
    """One review for its page: rows, what the reader is to it, and what they can do next."""

    cycle: Row
    review: Row
    standing: Standing
    line: ReviewLine
    shared: bool
    actions: frozenset[states.ReviewAction]
    shows_scores: bool


def _closed_to(catalog: Catalog, actor: Actor, standing: Standing, shared: bool) -> frozenset[str]:
    """The fields that the actor may not read here."""
    if standing.reviewee:
        return frozenset() if shared else HIDDEN_FROM_REVIEWEE
    if standing.reviewer:
        return frozenset()
    entity = catalog[REVIEW]
    seen = {field.name for field in access.readable(actor, entity, "show")}
    return frozenset(entity.definition.fields) - seen


def review(session: Session, catalog: Catalog, actor: Actor, review_id: int, language: str = "en") -> ReviewView:
    """One review as the actor may see it; raises NotFound for one that is not for them."""
    cycle_of, row, mine_to_it = desk.review_for(session, catalog, actor, review_id)
    table = catalog[REVIEW].table
    line = session.execute(_review_lines(catalog, actor, language).where(table.c.id == review_id)).one()
    shared = cycle_of["shared_at"] is not None
    closed_to = _closed_to(catalog, actor, mine_to_it, shared)
    row = {name: None if name in closed_to else value for name, value in row.items()}
    actions = frozenset(
        action
        for action in states.REVIEW_WHO
        if states.may_review(mine_to_it, action) and states.after_review(row["step"], action) is not None
    )
    return ReviewView(
        cycle_of, row, mine_to_it, _review_line(line), shared, actions, shows_scores="computed_score" not in closed_to
    )
