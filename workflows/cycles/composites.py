"""How composite scores are spread in a period: over departments, ratings and steps of points; each line with its light.

Called by the dashboard of scores and its REST. A score is the final one where there is one, else the computed one.
Promises: what is counted are reviews whose score the reader may read one by one, so the own result not before it is
shared; whoever was reviewed twice in a period counts by the later review; groups that are too small are not shown, and
neither is one by which a small one could be told; a fixed number of statements, however many people there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import floor
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.records.read import label_expression
from workflows.cycles import reading, terms
from workflows.cycles.desk import CYCLE, REVIEW
from workflows.cycles.people import EMPLOYEE
from workflows.surveys import hiding

MINIMUM = 5
STEP, TOP = 5, 125  # of the histogram, in points
MOST_PERIODS = 24
LISTED = 25
LIGHTS = ("green", "amber", "red")


@dataclass(frozen=True)
class Period:
    """A period in which scores may be read: how many reviews have one, and whether all of its cycles are closed."""

    start: date
    end: date
    scored: int
    closed: bool

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"{self.start.isoformat()}_{self.end.isoformat()}"


@dataclass(frozen=True)
class Scored:
    """People of one department with the same score and rating."""

    department: int
    score: Decimal
    rating: str
    people: int


@dataclass(frozen=True)
class Rating:
    """A rating with both its names, from which score on it is given."""

    label: str
    label_zh: str
    low: Decimal

    def title(self, language: str) -> str:
        """What people call it."""
        return (self.label_zh if language == "zh" else "") or self.label


@dataclass(frozen=True)
class LineSpread:
    """A scorecard's line over people: their mean attainment (1 is the plan) and how many see which light."""

    key: str
    label: str
    label_zh: str
    mean: float | None
    lights: Mapping[str, int]
    no_data: int

    def title(self, language: str) -> str:
        """What people call it."""
        return (self.label_zh if language == "zh" else "") or self.label or self.key


@dataclass(frozen=True)
class One:
    """One person's score, to open its ledger."""

    review: int
    name: str
    score: Decimal
    rating: str


@dataclass(frozen=True)
class Group:
    """A group of people: their ratings, their middle score, and how many lie in which step of points."""

    people: int
    ratings: Mapping[str, int]
    median: Decimal
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Spread:
    """All that may be read of one period; `lines` by department."""

    ratings: tuple[Rating, ...]
    scored: tuple[Scored, ...]
    lines: Mapping[int, tuple[tuple[Mapping[str, Any], int], ...]]


def may_see(actor: Actor, catalog: Catalog) -> bool:
    """Whether the room is for the actor: whoever reads the scores of others, of all or of a department."""
    if not {CYCLE, REVIEW, EMPLOYEE} <= catalog.entities.keys():
        return False
    seen = {field.name for field in access.readable(actor, catalog[REVIEW], "list")}
    widest = access.widest(actor, catalog[REVIEW], "list") if access.may(actor, catalog[REVIEW], "list") else ""
    return widest in ("all", "department") and {"computed_score", "final_score"} <= seen


def periods(session: Session, catalog: Catalog, actor: Actor) -> list[Period]:
    """The periods with scores that the actor may read, the latest first."""
    c = catalog[CYCLE].table.c
    running = func.sum(case((c.step != "closed", 1), else_=0))
    found = (
        select(c.period_start, c.period_end, func.count(), running)
        .select_from(_joined(catalog))
        .where(_readable(catalog, actor))
        .group_by(c.period_start, c.period_end)
        .order_by(c.period_end.desc(), c.period_start.desc())
    )
    rows = session.execute(found.limit(MOST_PERIODS))
    return [Period(start, end, scored, not running_ones) for start, end, scored, running_ones in rows]


def spread(session: Session, catalog: Catalog, actor: Actor, period: Period) -> Spread:
    """Everybody's scores of a period, and their lines."""
    t = catalog[REVIEW].table.c
    last = _last(catalog, actor, period)
    value, rating = _value(catalog)
    rows = session.execute(
        select(t.department, value, rating, func.count()).where(t.id.in_(last)).group_by(t.department, value, rating)
    )
    scored = tuple(Scored(row[0] or 0, Decimal(row[1]), row[2] or "", row[3]) for row in rows)
    cycles = session.execute(select(t.cycle).where(t.id.in_(last)).distinct()).scalars().all()
    ratings = _ratings(terms.pins_of(session, cycles).values(), scored)
    details = select(t.department, t.computed_detail, func.count()).where(
        t.id.in_(last), t.computed_detail.is_not(None)
    )
    lines: dict[int, list[tuple[Mapping[str, Any], int]]] = {}
    for department, detail, people in session.execute(details.group_by(t.department, t.computed_detail)):
        lines.setdefault(department or 0, []).extend((line, people) for line in _lines(orjson.loads(detail)))
    return Spread(ratings, scored, {unit: tuple(found) for unit, found in lines.items()})


def _lines(detail: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The lines of a score; of one over several stints those of the last that has any, where the person is now."""
    found = [detail["lines"], *(stint.get("lines", []) for stint in reversed(detail.get("stints", [])))]
    return next((lines for lines in found if lines), [])


def people(
    session: Session, catalog: Catalog, actor: Actor, period: Period, departments: Iterable[int], language: str
) -> list[One]:
    """The people of these departments, the highest scores first, each with the review whose ledger explains it."""
    t, staff = catalog[REVIEW].table.c, catalog[EMPLOYEE]
    value, rating = _value(catalog)
    name = label_expression(catalog, staff, staff.table, set(staff.definition.fields), language, depth=0)
    statement = (
        select(t.id, name, value, rating)
        .select_from(catalog[REVIEW].table.join(staff.table, staff.table.c.id == t.employee))
        .where(t.id.in_(_last(catalog, actor, period)), t.department.in_(sorted(departments)))
        .order_by(value.desc(), name, t.id)
    )
    return [
        One(row[0], str(row[1] or ""), Decimal(row[2]), row[3] or "")
        for row in session.execute(statement.limit(LISTED))
    ]


def group(found: Iterable[Scored]) -> Group | None:
    """These people as one group; None where there is nobody."""
    ordered = sorted(found, key=lambda one: one.score)
    count = sum(one.people for one in ordered)
    if not count:
        return None
    ratings, steps = Counter[str](), [0] * (TOP // STEP)
    for one in ordered:
        ratings[one.rating] += one.people
        steps[min(max(floor(one.score / STEP), 0), len(steps) - 1)] += one.people
    return Group(count, ratings, _median(ordered, count), tuple(steps))


def shown(found: Iterable[Scored], level: Mapping[int, int], minimum: int = MINIMUM) -> tuple[set[int], set[int]]:
    """Of the groups into which `level` puts departments those that may be shown, and those that are hidden."""
    counts = Counter[int]()
    for one in found:
        if one.department in level:
            counts[level[one.department]] += one.people
    open_ones = hiding.shown(counts, minimum) or set()
    return open_ones, set(counts) - open_ones


def lines_of(found: Iterable[tuple[Mapping[str, Any], int]]) -> list[LineSpread]:
    """Lines over people, in the order in which they are met: (a line of a computed score, how many have it)."""
    gathered: dict[str, list[tuple[Mapping[str, Any], int]]] = {}
    for line, count in found:
        gathered.setdefault(line["kpi"], []).append((line, count))
    return [_line(key, items) for key, items in gathered.items()]


def _line(key: str, items: Sequence[tuple[Mapping[str, Any], int]]) -> LineSpread:
    known = [(float(line["attainment"]), count) for line, count in items if line["attainment"] is not None]
    total = sum(count for _value, count in known)
    lights = Counter[str]()
    for line, count in items:
        lights[line.get("light", "")] += count
    words = items[0][0]
    return LineSpread(
        key,
        words["label"],
        words["label_zh"],
        sum(value * count for value, count in known) / total if total else None,
        {light: lights[light] for light in LIGHTS if lights[light]},
        sum(count for line, count in items if line["attainment"] is None),
    )


def _median(ordered: Sequence[Scored], count: int) -> Decimal:
    """The middle score; of an even number of people the mean of the two in the middle."""
    middle: list[Decimal] = []
    for place in ((count - 1) // 2, count // 2):
        passed = 0
        for one in ordered:
            passed += one.people
            if place < passed:
                middle.append(one.score)
                break
    return sum(middle, Decimal(0)) / len(middle)


def _ratings(pinned: Iterable[terms.Terms], scored: Sequence[Scored]) -> tuple[Rating, ...]:
    """All ratings, the lowest first: by where their bands begin, else by the lowest score that has them."""
    found: dict[str, Rating] = {}
    for known in pinned:
        for item in known.bands:
            found.setdefault(item.band.label, Rating(item.band.label, item.label_zh, item.band.low))
    for one in sorted(scored, key=lambda one: one.score):
        found.setdefault(one.rating, Rating(one.rating, "", one.score))
    return tuple(sorted(found.values(), key=lambda rating: (rating.low, rating.label)))


def _joined(catalog: Catalog) -> Any:
    t, c = catalog[REVIEW].table, catalog[CYCLE].table
    return t.join(c, c.c.id == t.c.cycle)


def _value(catalog: Catalog) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Score and rating as they stand: final, else computed."""
    t = catalog[REVIEW].table.c
    return func.coalesce(t.final_score, t.computed_score), func.coalesce(t.final_rating, t.computed_rating)


def _readable(catalog: Catalog, actor: Actor) -> ColumnElement[bool]:
    """Reviews with a score that the actor may read."""
    t, c = catalog[REVIEW].table.c, catalog[CYCLE].table.c
    there = and_(t._removed_at.is_(None), c._removed_at.is_(None), t.step != "not_rated")
    return and_(there, _value(catalog)[0].is_not(None), reading.with_open_scores(catalog, actor))


def _last(catalog: Catalog, actor: Actor, period: Period) -> Select[Any]:
    """The last such review of everybody in the period."""
    t, c = catalog[REVIEW].table.c, catalog[CYCLE].table.c
    within = (c.period_start == period.start, c.period_end == period.end)
    found = select(func.max(t.id)).select_from(_joined(catalog)).where(_readable(catalog, actor), *within)
    return found.group_by(t.employee)
