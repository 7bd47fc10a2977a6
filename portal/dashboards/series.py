"""Figures of one KPI, made of the cells of queries: in all, by month, half-year, unit and dimension.

Called by board.py; pages and charts read them. Pure. A figure is plan, actual and attainment, each
None where there is no data (never 0), with the count of records and of those that miss their own
plan; a month of a KPI with a season has what the season expects of it (workflows.pace), too.
Attainment follows the KPI's own rule (workflows.scoring).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from math import fsum
from typing import TypeVar

from portal.dashboards.filters import Half, Month, half_of, months_between
from portal.dashboards.queries import MONTHS, SPAN, Cell
from portal.dashboards.subjects import Subject
from portal.dashboards.units import Units
from workflows import pace
from workflows.scoring import attainment, exact

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Figure:
    """What was planned, what came of it; attainment 1 means that the plan is met."""

    plan: float | None
    actual: float | None
    attainment: float | None
    records: int = 0
    below: int = 0
    expected: float | None = None


@dataclass(frozen=True)
class Series:
    """All figures of one KPI under one filter, each list in the order in which it is shown.

    `units` are keyed by the unit's id as text (or the dimension's value); "" is a unit that the
    reader may not see. `unit_months` divides the months by the same units.
    """

    subject: Subject
    total: Figure
    months: Sequence[tuple[Month, Figure]]
    halves: Sequence[tuple[Half, Figure]]
    units: Sequence[tuple[str, Figure]]
    unit_months: Mapping[tuple[str, Month], Figure]
    dimensions: Mapping[str, Sequence[tuple[str | None, Figure]]]


def series(subject: Subject, cells: Iterable[Cell], units: Units, chosen: int | None, end: Month) -> Series:
    """The figures of `subject`: units rolled up to the level below `chosen`, half-years counted from `end`."""
    own = [cell for cell in cells if cell.kpi == subject.name and cell.slice != SPAN]
    monthly = [cell for cell in own if cell.slice == MONTHS and cell.month is not None]
    level = units.level(chosen)

    def unit_of(cell: Cell) -> str:
        if not subject.linked or cell.unit is None:
            return cell.unit or ""
        return str(level.get(int(cell.unit), ""))

    def month_of(cell: Cell) -> Month:
        assert cell.month is not None  # monthly holds no other
        return cell.month

    by_month = _grouped(subject, monthly, month_of)
    by_unit = _grouped(subject, monthly, unit_of) if subject.unit else {}
    return Series(
        subject,
        _figure(subject, monthly),
        _seasonal(subject, _filled(by_month)),
        sorted(_grouped(subject, monthly, lambda cell: half_of(month_of(cell), end)).items()),
        sorted(by_unit.items(), key=lambda pair: _unit_order(subject, units, pair[0])),
        _grouped(subject, monthly, lambda cell: (unit_of(cell), month_of(cell))) if subject.unit else {},
        {name: _valued(subject, name, own) for name in subject.dimensions},
    )


def _filled(by_month: Mapping[Month, Figure]) -> list[tuple[Month, Figure]]:
    """Months in a row; one without records between others is shown as no data, not left out."""
    if not by_month:
        return []
    nothing = Figure(None, None, None)
    return [(month, by_month.get(month, nothing)) for month in months_between(min(by_month), max(by_month))]


def _seasonal(subject: Subject, months: list[tuple[Month, Figure]]) -> list[tuple[Month, Figure]]:
    """The months with the plan of all of them spread by the KPI's season; as they are without one."""
    planned = [figure.plan for _month, figure in months if figure.plan is not None]
    if not subject.curve or not planned:
        return months
    first, last, whole = months[0][0].first_day, months[-1][0].plus(1).first_day - timedelta(days=1), fsum(planned)
    found, before = [], Fraction(0)
    for month, figure in months:
        gone = pace.expected(first, last, month.plus(1).first_day - timedelta(days=1), subject.curve)
        found.append((month, replace(figure, expected=whole * float(gone - before))))
        before = gone
    return found


def _valued(subject: Subject, name: str, cells: Sequence[Cell]) -> list[tuple[str | None, Figure]]:
    found = _grouped(subject, [cell for cell in cells if cell.slice == name], lambda cell: cell.value)
    order = {str(choice.value): place for place, choice in enumerate(subject.definition.fields[name].enum)}

    def place(pair: tuple[str | None, Figure]) -> tuple[bool, int, float, str]:
        value = pair[0]
        return value is None, order.get(value or "", len(order)), _number(value), value or ""

    return sorted(found.items(), key=place)


def _unit_order(subject: Subject, units: Units, key: str) -> tuple[bool, int, str]:
    if not subject.linked:
        places = {str(choice.value): place for place, choice in enumerate(subject.definition.fields[subject.unit].enum)}
        return key == "", places.get(key, len(places)), key
    unit = units.chosen(key)
    return unit is None, 0, unit.label if unit else key


def _grouped(subject: Subject, cells: Iterable[Cell], key: Callable[[Cell], Key]) -> dict[Key, Figure]:
    groups: dict[Key, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return {name: _figure(subject, group) for name, group in groups.items()}


def _figure(subject: Subject, cells: Sequence[Cell]) -> Figure:
    parts = [cell.parts for cell in cells]
    plan, actual = (measure.combined(parts) if parts else None for measure in (subject.plan, subject.actual))
    reached = attainment(None if actual is None else exact(actual), None if plan is None else exact(plan), subject.rule)
    return Figure(
        plan,
        actual,
        None if reached is None else float(reached),
        sum(cell.records for cell in cells),
        sum(cell.below for cell in cells),
    )


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return 0.0
