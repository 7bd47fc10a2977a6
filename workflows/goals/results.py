"""Key results: how far each is, and how a goal's progress comes from them. Pure and exact.

Called by progress.py, by the pages and by the clash finder. Progress runs from 0 to 1 and answers "where am I"; the
score of the same figures answers "how good was it", and is bounded the same way by the rules of attainment. No data is
None, never 0, and takes its weight along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from metadata import waypoints
from metadata.waypoints import Points
from workflows.scoring import Rule, attainment, exact, round_half_up

PLACES = 2
RATE = "%"
CHECK_IN, KPI, CHILDREN = "check_in", "kpi", "children"
ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Result:
    """One key result as it is stored."""

    id: int
    title: str
    direction: str
    start: Decimal | None
    target: Decimal | None
    high: Decimal | None
    current: Decimal | None
    unit: str
    weight: Decimal
    fed_by: str
    kpi: str
    measure: str
    filter: str
    points: Points = ()

    @property
    def from_below(self) -> bool:
        """Whether it is as far as the goals below are."""
        return self.fed_by == CHILDREN and self.current is None

    def progress(self) -> Fraction | None:
        """How much of the way is gone, from 0 to 1."""
        rule = Rule(
            direction=self.direction,
            baseline=_exact(self.start),
            floor=ZERO,
            cap=ONE,
            high=_exact(self.high),
        )
        return attainment(_exact(self.current), _exact(self.target), rule)


def read(rows: Iterable[Mapping[str, Any]] | None, language: str = "en") -> tuple[Result, ...]:
    """The key results of a record, as its child table holds them."""
    return tuple(_result(row, language) for row in rows or ())


def _result(row: Mapping[str, Any], language: str) -> Result:
    chinese = row.get("title_zh") if language == "zh" else None
    weight = row.get("weight")
    return Result(
        id=int(row.get("id") or 0),
        title=str(chinese or row.get("title") or ""),
        direction=row.get("direction") or "higher",
        start=_decimal(row.get("start")),
        target=_decimal(row.get("target")),
        high=_decimal(row.get("high")),
        current=_decimal(row.get("current")),
        unit=row.get("unit") or "",
        weight=Decimal(1) if weight is None else Decimal(str(weight)),
        fed_by=row.get("fed_by") or CHECK_IN,
        kpi=row.get("kpi") or "",
        measure=row.get("kpi_measure") or "",
        filter=row.get("kpi_filter") or "",
        points=_points(row.get("curve")),
    )


def _points(text: Any) -> Points:
    """The own points of a key result; other text that an earlier definition kept under that name counts for nothing."""
    try:
        return waypoints.read(text) if isinstance(text, str) else ()
    except ValueError:
        return ()


def alike(result: Result, other: Result) -> bool:
    """Whether two key results measure the same: the KPI decides; without one unit and way, where no rate is meant."""
    if result.direction != other.direction or result.unit != other.unit:
        return False
    return result.kpi == other.kpi if result.kpi or other.kpi else bool(result.unit) and result.unit != RATE


def mean(parts: Sequence[tuple[Fraction, Fraction]]) -> Fraction | None:
    """The weighted mean; nothing where all weights are 0."""
    total = sum((weight for _value, weight in parts), ZERO)
    return sum((value * weight for value, weight in parts), ZERO) / total if total else None


def worst(parts: Sequence[tuple[Fraction, Fraction]]) -> Fraction | None:
    """The smallest of those that count."""
    return min((value for value, weight in parts if weight), default=None)


def total(parts: Sequence[tuple[Fraction, Fraction]]) -> Fraction | None:
    """What all bring together, at most the whole: each weight is the part of the whole that it can bring."""
    found = [value * weight for value, weight in parts]
    return min(sum(found, ZERO), ONE) if found else None


ROLLUPS: Mapping[str, Callable[[Sequence[tuple[Fraction, Fraction]]], Fraction | None]] = {
    "mean": mean,
    "worst": worst,
    "sum": total,
}


def rolled_up(rule: str, results: Sequence[Result], below: Fraction | None = None) -> Decimal | None:
    """A goal's progress from its key results; `below` is that of the goals which feed it."""
    parts = [(below if one.from_below else one.progress(), exact(one.weight)) for one in results]
    found = together(rule, parts)
    return None if found is None else round_half_up(found, PLACES)


def together(rule: str, parts: Sequence[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Values with their weights as one value, by a level's rule; those without data take their weights along.

    For a sum the weights are taken as parts of their total, so that one and one are two halves.
    """
    known = [(value, weight) for value, weight in parts if value is not None]
    if rule == "sum":
        whole = sum((weight for _value, weight in parts), ZERO)
        known = [(value, weight / whole) for value, weight in known] if whole else []
    return ROLLUPS.get(rule, mean)(known)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _exact(value: Decimal | None) -> Fraction | None:
    return None if value is None else exact(value)
