"""What is measured for each person of a cycle: marks for competencies and manual lines, objectives, use of the system.

Called by the jobs in scoring.py once per computation, and by what-if; kept in a table, so that every chunk uses the
same. Set-based: one statement for all marks, one for each line of objectives or of system use. Use comes from the audit
trail, which is written with every change: a week counts when the person recorded anything in it (`portal_weeks`), or
changed a goal (`goal_weeks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, delete, distinct, func, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.many_rows import insert_rows, one_of
from metadata.store import audit
from workflows.cycles import desk
from workflows.cycles.people import EMPLOYEE
from workflows.cycles.terms import COMPETENCY, MANUAL, MARK, OBJECTIVES, SYSTEM_USE, TermLine, Terms
from workflows.goals.levels import COMMITMENT, END, SCORE, START, STATUS, level_of
from workflows.score_store import person_figures

WHOLE, DROPPED = 100.0, "dropped"
DIGITS = 12
NOTHING: Sequence[float | None] = (None, None, 0)


def measure(session: Session, catalog: Catalog, terms: Terms, cycle_id: int, now: datetime) -> None:
    """Measure everybody who has a review in the cycle, in place of what was measured before."""
    session.execute(delete(person_figures).where(person_figures.c.cycle_id == cycle_id))
    rows = list(measured(session, catalog, terms, _people(catalog, cycle_id), now))
    insert_rows(session.connection(), person_figures, [{"cycle_id": cycle_id, **row} for row in rows])


def measured(
    session: Session, catalog: Catalog, terms: Terms, people: Select[Any], now: datetime
) -> Iterator[dict[str, Any]]:
    """(employee, line, plan, actual, records) of the people that `people` selects by id."""
    marked = [line for line in terms.lines if line.kind in (MANUAL, COMPETENCY)]
    if marked and MARK in catalog:
        yield from _marks(session, catalog, terms, marked, people)
    for line in terms.lines:
        if line.kind == SYSTEM_USE:
            yield from _use(session, catalog, terms, line, people, now)
        elif line.kind == OBJECTIVES and line.kpi in catalog:
            yield from _objectives(session, catalog, terms, line, people)


def kept(
    session: Session, terms: Terms, cycle_id: int, people: Sequence[int]
) -> dict[int, dict[str, Sequence[float | None]]]:
    """(plan, actual, records) of these people on each of the lines measured by person; without data where none is."""
    lines = [line.kpi for line in terms.lines if line.by_person]
    if not lines:
        return {}
    found: dict[int, dict[str, Sequence[float | None]]] = {one: dict.fromkeys(lines, NOTHING) for one in people}
    t = person_figures.c
    mine = (t.cycle_id == cycle_id, one_of(session.connection(), t.employee_id, people))
    for row in session.execute(select(t.employee_id, t.line, t.plan, t.actual, t.records).where(*mine)):
        found[row.employee_id][row.line] = [row.plan, row.actual, row.records]
    return found


def _people(catalog: Catalog, cycle_id: int) -> Select[Any]:
    t = catalog[desk.REVIEW].table.c
    return select(t.employee).where(t.cycle == cycle_id, t._removed_at.is_(None))


def _marks(
    session: Session, catalog: Catalog, terms: Terms, lines: Sequence[TermLine], people: Select[Any]
) -> Iterator[dict[str, Any]]:
    """The last mark of the period counts."""
    t = catalog[MARK].table.c
    fixed = {line.kpi: line.target for line in lines}
    statement = select(t.employee, t.line, t.target, t.actual).where(
        t._removed_at.is_(None),
        t.line.in_(sorted(fixed)),
        t.day >= terms.period_start,
        t.day <= terms.period_end,
        t.employee.in_(people),
    )
    last: dict[tuple[int, str], dict[str, Any]] = {}
    for row in session.execute(statement.order_by(t.day, t.id)):
        target = fixed[row.line] if fixed[row.line] is not None else row.target
        before = last.get((row.employee, row.line), {"records": 0})
        last[row.employee, row.line] = {
            "employee_id": row.employee,
            "line": row.line,
            "plan": _plain(target),
            "actual": _plain(row.actual),
            "records": before["records"] + 1,
        }
    yield from last.values()


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)


def _objectives(
    session: Session, catalog: Catalog, terms: Terms, line: TermLine, people: Select[Any]
) -> Iterator[dict[str, Any]]:
    """The mean score of a person's objectives of the period against what their commitment expects of them."""
    level = level_of(catalog, line.kpi)
    t, okr = level.entity.table.c, level.entity.definition.okr
    expects = okr.expects if okr else {}
    kinds = [t[COMMITMENT]] if level.has(COMMITMENT) else []
    wanted = [
        t._removed_at.is_(None),
        t[SCORE].is_not(None),
        t[START] <= terms.period_end,
        t[END] >= terms.period_start,
    ]
    if level.has(STATUS):
        wanted.append(t[STATUS].is_distinct_from(DROPPED))
    found: dict[int, list[tuple[float, float]]] = {}
    statement = select(t[level.person], t[SCORE], *kinds).where(*wanted, t[level.person].in_(people))
    for person, score, *kind in session.execute(statement.order_by(t.id)):
        expected = float(expects.get(kind[0], 1) if kind else 1) if line.target is None else float(line.target)
        found.setdefault(person, []).append((expected, float(score)))
    for person, pairs in found.items():
        plan, actual = (float(f"{sum(side) / len(pairs):.{DIGITS}g}") for side in zip(*pairs, strict=True))
        yield {"employee_id": person, "line": line.kpi, "plan": plan, "actual": actual, "records": len(pairs)}


def _use(
    session: Session, catalog: Catalog, terms: Terms, line: TermLine, people: Select[Any], now: datetime
) -> Iterator[dict[str, Any]]:
    """The share of the weeks begun until now in which the person did what the line asks for."""
    ends = _weeks(terms, now)
    if not ends:
        return
    staff = catalog[EMPLOYEE].table.c
    number = case(*((audit.c.at < end, place) for place, end in enumerate(ends)))
    within = (audit.c.at >= _start(terms), audit.c.at < ends[-1])
    did = and_(audit.c.actor == staff.account, *within, *_kind(catalog, line))
    statement = (
        select(staff.id, func.count(distinct(number)).label("weeks"), func.count(audit.c.id).label("acts"))
        .select_from(catalog[EMPLOYEE].table.outerjoin(audit, did))
        .where(staff.id.in_(people), staff.account.is_not(None), staff.account != "")
        .group_by(staff.id)
    )
    plan = float(WHOLE if line.target is None else line.target)
    for row in session.execute(statement):
        actual = float(f"{WHOLE * row.weeks / len(ends):.{DIGITS}g}")
        yield {"employee_id": row.id, "line": line.kpi, "plan": plan, "actual": actual, "records": row.acts}


def _kind(catalog: Catalog, line: TermLine) -> Sequence[ColumnElement[bool]]:
    if line.kpi != "goal_weeks":
        return ()
    goals = sorted(name for name, entity in catalog.entities.items() if entity.definition.kind == "okr_level")
    return (audit.c.definition.in_(goals),)


def _start(terms: Terms) -> datetime:
    return datetime.combine(terms.period_start, time.min, ZoneInfo(terms.timezone))


def _weeks(terms: Terms, now: datetime) -> list[datetime]:
    """The ends of the period's weeks, counted from its first day, as far as they have begun."""
    zone = ZoneInfo(terms.timezone)
    last = datetime.combine(terms.period_end + timedelta(days=1), time.min, zone)
    ends, day = [], terms.period_start
    while (begin := datetime.combine(day, time.min, zone)) < last and begin <= now:
        day += timedelta(days=7)
        ends.append(min(datetime.combine(day, time.min, zone), last))
    return ends
