"""The pace of goals: how far a key result should be by a day, and whether the goal is on track, at risk or behind.

Called by the pages and REST. Pure: a goal, the day, and the seasons of its KPIs in. A key result follows its own
points, else the season of the KPI that it names, else a straight line over the goal's window. A goal is compared with
what its key results should have reached, taken together by the same rule as its progress. One that is done or dropped
keeps the status of the day on which it was last changed.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, timedelta
from decimal import Decimal
from fractions import Fraction

from metadata.catalog import Catalog
from metadata.records.objectives import LONGEST_DAYS
from workflows import pace
from workflows.goals.levels import OVER
from workflows.goals.reading import Goal
from workflows.goals.results import Result, rolled_up, together
from workflows.scoring import exact

STRAIGHT, SEASON, OWN, MIXED = "straight", "season", "own", "mixed"
DAY = timedelta(days=1)
Seasons = Mapping[str, Sequence[Decimal]]


@dataclass(frozen=True)
class Pace:
    """How far something should be, whether it is, and by which line: `straight`, `season`, `own` or, of
    a goal whose key results differ, `mixed`.
    """

    expected: Fraction
    progress: Fraction | None
    status: str
    source: str

    @property
    def gap(self) -> Fraction | None:
        """How much of the way is missing; below 0 where it is ahead."""
        return None if self.progress is None else self.expected - self.progress


@dataclass(frozen=True)
class Paces:
    """A goal's pace and those of its key results, by their numbers; nothing where the goal has no window."""

    goal: Pace | None = None
    results: Mapping[int, Pace] = field(default_factory=dict)


def seasons(catalog: Catalog) -> dict[str, Sequence[Decimal]]:
    """The seasonal curves of the KPIs that have one."""
    measures = ((name, entity.definition.measure) for name, entity in catalog.entities.items())
    return {name: measure.curve for name, measure in measures if measure is not None and measure.curve}


def of_goal(goal: Goal, today: date, curves: Seasons) -> Paces:
    """How a goal and each of its key results stand."""
    window = windowed(goal)
    if window is None:
        return Paces()
    day = judged_on(goal, today)
    results = {one.id: _of_result(*window, day, one, curves) for one in goal.results}
    return Paces(_whole(goal, *window, day, results), results)


def windowed(goal: Goal) -> tuple[date, date] | None:
    """The first and the last day of a goal; None where there are none, or none within which months can be counted."""
    first, last = goal.start, goal.end
    if first is None or last is None or last < first or (last - first).days >= LONGEST_DAYS:
        return None
    return (first, last) if first.year > MINYEAR and last.year < MAXYEAR else None


def judged_on(goal: Goal, today: date) -> date:
    """The day that counts: today, or where it is over the day of its last change, within its window."""
    if goal.status not in OVER:
        return today
    return min(today, goal.touched or today, goal.end or today)


def expected(first: date, last: date, day: date, result: Result, curves: Seasons) -> tuple[Fraction, str]:
    """How much of the way of a key result should be gone after a day, and by which line."""
    if result.points:
        return pace.by_points(first, last, day, result.points), OWN
    season = curves.get(result.kpi, ()) if result.kpi else ()
    return pace.expected(first, last, day, season), SEASON if season else STRAIGHT


def line(goal: Goal, result: Result, curves: Seasons) -> list[tuple[date, Fraction]]:
    """The expected way of a key result: at its beginning, each end of a month, its own points, and its end."""
    window = windowed(goal)
    if window is None:
        return []
    first, last = window
    days = {first - DAY, last, *(day for day, _share in result.points)}
    at = first
    while at <= last:
        at = at.replace(day=calendar.monthrange(at.year, at.month)[1])
        days.add(at)
        at += DAY
    within = (day for day in sorted(days) if first <= day + DAY <= last + DAY)
    return [(day, expected(first, last, day, result, curves)[0]) for day in within]


def _of_result(first: date, last: date, day: date, result: Result, curves: Seasons) -> Pace:
    ahead, source = expected(first, last, day, result, curves)
    reached = result.progress()
    return Pace(ahead, reached, pace.status(reached, first, last, day, ahead), source)


def _whole(goal: Goal, first: date, last: date, day: date, results: Mapping[int, Pace]) -> Pace:
    """What the key results that have data should have reached, by the goal's own rule; without any a straight line.

    That goals below brought data is known from the goal's progress: it is another than the rest alone makes.
    """
    reached = None if goal.progress is None else exact(goal.progress)
    fed = goal.progress is not None and goal.progress != rolled_up(goal.rollup, goal.results)
    known = {
        one.id: results[one.id]
        for one in goal.results
        if one.weight and (results[one.id].progress is not None or (fed and one.from_below))
    }
    parts = [(known[one.id].expected if one.id in known else None, exact(one.weight)) for one in goal.results]
    ahead = together(goal.rollup, parts)
    sources = {one.source for one in known.values()}
    if ahead is None:
        ahead, sources = pace.expected(first, last, day), {STRAIGHT}
    source = sources.pop() if len(sources) == 1 else MIXED
    return Pace(ahead, reached, pace.status(reached, first, last, day, ahead), source)
