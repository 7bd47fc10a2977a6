"""Plan, actual and score of each department of a cycle: by the pinned terms, one statement for each KPI.

Called by the jobs in scoring.py. A department's figures cover it and everything below it. KPIs are read through their
definitions as of the pinned catalog version, whose columns stay for life. Promises: pure where no session is an
argument; the same records and terms give the same figures and scores, on both databases (a measured value is taken
at 12 significant digits, below which databases add up differently).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from metadata import measure, parser, versions
from metadata.catalog import Entity
from metadata.measure import Measure
from workflows.cycles.people import DEPARTMENT, Tree
from workflows.cycles.terms import TermLine, Terms
from workflows.scoring import Line, Score, Share, exact, round_half_up
from workflows.scoring.attainment import attainment
from workflows.scoring.score import divisor_of, settled, share_of

DIGITS = 12
SHOWN_PLACES = 6
RECORDS = "_records"  # how many rows went in; no part of an expression is called so

Own = Mapping[str, Sequence[float | None]]  # line → (plan, actual, records) of one person
Figures = Mapping[str, Mapping[str, Sequence[float | None]]]  # department → KPI → (plan, actual, records)


@dataclass(frozen=True)
class Computed:
    """A department's score with its explanation as JSON text."""

    score: Decimal | None
    rating: str | None
    reason: str | None
    detail: str
    result: Score


def measured(session: Session, terms: Terms, units: Tree, departments: Iterable[int]) -> Figures:
    """The figures of each department: one statement for each KPI."""
    wanted = sorted(set(departments))
    found: dict[str, dict[str, Sequence[float | None]]] = {str(d): {} for d in wanted}
    entities = _entities(session, terms)
    for line in terms.lines:
        if line.by_person:
            continue
        groups, by_unit = _groups(session, entities[line.kpi], line, terms)
        for department in wanted:
            below = units.below(department)
            mine = [parts for unit, parts in groups if not by_unit or unit in below]
            values = [_expression(text).combined(mine) for text in (line.plan, line.actual)]
            if line.target is not None:
                values[0] = float(line.target)
            records = sum(int(parts[RECORDS] or 0) for parts in mine)
            found[str(department)][line.kpi] = [*(_noiseless(value) for value in values), records]
    return found


def with_targets(
    lines: Sequence[TermLine], found: Mapping[str, Sequence[float | None]]
) -> dict[str, Sequence[float | None]]:
    """What was measured whatever the scorecard, as these lines count it: their own target in place of the plan."""
    plain: dict[str, Sequence[float | None]] = {}
    for line in lines:
        plan, actual, *records = found[line.kpi]
        if line.target is not None and (actual is not None or not line.by_person):
            plan = _noiseless(float(line.target))
        plain[line.kpi] = [plan, actual, *records]
    return plain


def _entities(session: Session, terms: Terms) -> dict[str, Entity]:
    """The KPIs as they were defined at the launch."""
    documents = versions.documents(session, terms.catalog_version)
    return {line.kpi: Entity(parser.parse(documents[line.kpi])) for line in terms.lines if not line.by_person}


def _groups(
    session: Session, entity: Entity, line: TermLine, terms: Terms
) -> tuple[list[tuple[int | None, Mapping[str, float | None]]], bool]:
    """The parts of both expressions for each unit, and whether the KPI is divided by unit at all."""
    table = entity.table
    columns: Mapping[str, ColumnElement[Any]] = dict(table.c.items())
    parts: dict[str, ColumnElement[Any]] = {
        **_expression(line.plan).parts_sql(columns),
        **_expression(line.actual).parts_sql(columns),
        RECORDS: func.count(),
    }
    names = sorted(parts)
    owner = entity.definition.owner.unit
    by_unit = bool(owner) and entity.definition.fields[str(owner)].ref == DEPARTMENT
    unit = [table.c[str(owner)]] if by_unit else []
    statement = select(*unit, *(parts[name].label(name) for name in names)).where(
        table.c._removed_at.is_(None), *_within(entity, line, terms)
    )
    rows = session.execute(statement.group_by(*unit)).all()
    offset = len(unit)
    return [(row[0] if by_unit else None, dict(zip(names, row[offset:], strict=True))) for row in rows], by_unit


def _within(entity: Entity, line: TermLine, terms: Terms) -> tuple[ColumnElement[bool], ...]:
    """The period, both days included; moments belong to the day that they are in the cycle's time zone."""
    column = entity.table.c[line.time]
    if entity.definition.fields[line.time].type == "date_time":
        zone = ZoneInfo(terms.timezone)
        begin = datetime.combine(terms.period_start, time.min, zone)
        end = datetime.combine(terms.period_end + timedelta(days=1), time.min, zone)
        return column >= begin, column < end
    return column >= terms.period_start, column <= terms.period_end


@lru_cache(maxsize=1024)
def _expression(text: str) -> Measure:
    return measure.parse(text)


def _noiseless(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def computed(terms: Terms, figures: Mapping[str, Sequence[float | None]]) -> Computed:
    """The score of whoever was in a department with these figures."""
    return Reckoning(terms).computed(figures)


class Reckoning:
    """Scores under the same terms: a line's part in them is reckoned once for all who have its figures in common."""

    def __init__(self, terms: Terms) -> None:
        self._terms, self._formula, self._bands = terms, terms.worked, terms.plain_bands
        self._weights = [exact(line.weight) for line in terms.lines]
        self._reached: dict[tuple[int, float | None, float | None], tuple[Line, Fraction | None]] = {}
        self._divisors: dict[tuple[bool, ...], Fraction] = {}
        self._parts: dict[Any, tuple[Share, Mapping[str, Any]]] = {}

    def computed(self, figures: Mapping[str, Sequence[float | None]]) -> Computed:
        """The score of whoever has these figures, explained."""
        given = [(figures[item.kpi][0], figures[item.kpi][1]) for item in self._terms.lines]
        lines = [self._line(at, *pair) for at, pair in enumerate(given)]
        missing = tuple(reached is None for _line, reached in lines)
        parts = [self._part(at, *pair, missing) for at, pair in enumerate(given)]
        shares, told = [share for share, _told in parts], [told for _share, told in parts]
        policy, places = self._terms.policy, self._terms.places
        result = settled(shares, self._bands, policy=policy, places=places, formula=self._formula)
        explained = {
            "catalog_version": self._terms.catalog_version,
            "policy": policy,
            "places": places,
            "score": None if result.value is None else str(result.value),
            **_formula(self._terms, result),
            "lines": told,
        }
        detail = orjson.dumps(explained, option=orjson.OPT_SORT_KEYS).decode()
        return Computed(result.value, result.rating or None, result.reason or None, detail, result)

    def _line(self, at: int, plan: float | None, actual: float | None) -> tuple[Line, Fraction | None]:
        """The line with these figures, and its attainment."""
        found = self._reached.get((at, plan, actual))
        if found is None:
            item = self._terms.lines[at]
            line = Line(item.kpi, self._weights[at], item.rule, _exact(actual), _exact(plan))
            found = self._reached[at, plan, actual] = line, attainment(line.actual, line.target, line.rule)
        return found

    def _part(
        self, at: int, plan: float | None, actual: float | None, missing: tuple[bool, ...]
    ) -> tuple[Share, Mapping[str, Any]]:
        """What the line brings where these lines have no data, and how that is told."""
        key = (at, plan, actual, missing)
        found = self._parts.get(key)
        if found is None:
            if missing not in self._divisors:
                self._divisors[missing] = divisor_of(self._weights, missing, self._terms.policy)
            share = share_of(*self._line(at, plan, actual), self._divisors[missing], self._terms.policy)
            found = self._parts[key] = share, _told(self._terms.lines[at], share, plan, actual)
        return found


def _exact(value: float | None) -> Fraction | None:
    return None if value is None else exact(value)


def _told(line: TermLine, share: Share, plan: float | None, actual: float | None) -> Mapping[str, Any]:
    return {
        "kpi": line.kpi,
        "label": line.label,
        "label_zh": line.label_zh,
        "unit": line.unit,
        "plan": plan,
        "actual": actual,
        "weight": str(line.weight),
        "attainment": None if share.attainment is None else _shown(share.attainment),
        "light": line.light(share.attainment),
        "by_person": line.by_person,
        "effective": _shown(share.effective),
        "contribution": _shown(share.contribution),
    }


def _formula(terms: Terms, result: Score) -> dict[str, Any]:
    """The formula with the sum that it was given and the points that it made; nothing without one."""
    if not terms.formula:
        return {}
    points = None if result.worked is None else _shown(result.worked)
    return {"formula": {"text": terms.formula, "total": _shown(result.total), "points": points}}


def _shown(value: Fraction) -> str:
    """Enough places to add it up by hand, without trailing noughts."""
    text = f"{round_half_up(value, SHOWN_PLACES):f}"
    return text.rstrip("0").rstrip(".")
