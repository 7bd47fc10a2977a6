"""How the pace of goals looks: its words and colours, and the small chart of a key result with the table beside it.

Called by the pages of goals; pure but for words. What is expected and how it stands is found by workflows/goals/pacing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from flask_babel import lazy_gettext as _l

from workflows import pace
from workflows.goals import pacing
from workflows.goals.check_ins import CheckIn
from workflows.goals.pacing import Pace, Seasons
from workflows.goals.reading import Goal
from workflows.goals.results import Result

WORDS = {
    pace.ON_TRACK: _l("On track"),
    pace.AT_RISK: _l("At risk"),
    pace.BEHIND: _l("Behind"),
    pace.OVERDUE: _l("Overdue"),
    pace.NOT_BEGUN: _l("Not begun"),
}
COLOURS = {
    pace.ON_TRACK: "good",
    pace.AT_RISK: "warn",
    pace.BEHIND: "bad",
    pace.OVERDUE: "bad",
    pace.NOT_BEGUN: "quiet",
}
SOURCES = {
    pacing.STRAIGHT: _l("straight from the first day to the last"),
    pacing.SEASON: _l("by the season of its KPI"),
    pacing.OWN: _l("by points of its own"),
}
WIDTH, HEIGHT, EDGE = 200, 50, 3


@dataclass(frozen=True)
class Row:
    """One day of the way: what is expected, and what was reached where somebody checked in."""

    day: date
    expected: int
    reached: int | None


@dataclass(frozen=True)
class Way:
    """A key result's way: polylines for the chart, the dot of today, and the rows of the table."""

    pace: Pace
    expected: str
    reached: str
    now: tuple[float, float] | None
    rows: Sequence[Row]


def percent(share: Fraction) -> int:
    """A share in whole per cent, as progress is shown."""
    return int(share * 100)


def way(goal: Goal, result: Result, stands: Pace, curves: Seasons, said: Iterable[CheckIn], today: date) -> Way | None:
    """The chart of a key result; None where the goal has no time."""
    line = pacing.line(goal, result, curves)
    if not line or goal.start is None or goal.end is None:
        return None
    first, last = line[0][0], line[-1][0]

    def at(day: date, share: Fraction) -> tuple[float, float]:
        across = Fraction((min(max(day, first), last) - first).days, max((last - first).days, 1))
        return (
            round(float(EDGE + across * (WIDTH - 2 * EDGE)), 1),
            round(float(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)), 1),
        )

    steps = _steps(result, said)
    day = pacing.judged_on(goal, today)
    reached = [*steps.items(), *([(day, stands.progress)] if stands.progress is not None and day >= first else [])]
    known = dict(line) | {day: pacing.expected(goal.start, goal.end, day, result, curves)[0] for day in steps}
    rows = [Row(d, percent(share), percent(steps[d]) if d in steps else None) for d, share in sorted(known.items())]
    return Way(
        stands,
        _drawn(at(*point) for point in line),
        _drawn(at(*point) for point in reached),
        at(*reached[-1]) if reached else None,
        rows,
    )


def _drawn(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{across},{up}" for across, up in points)


def _steps(result: Result, said: Iterable[CheckIn]) -> dict[date, Fraction]:
    """What each day's last check-in of this key result had reached, the earliest day first."""
    found: dict[date, Fraction] = {}
    for one in sorted(said, key=lambda check_in: check_in.id):
        if one.result_id == result.id:
            progress = replace(result, current=Decimal(one.value)).progress()
            if progress is not None:
                found[one.at.date()] = progress
    return dict(sorted(found.items()))
