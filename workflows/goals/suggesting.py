"""A target from history instead of a gut figure: last periods, trend, season and units of the same size. Pure.

Called by history.py with the months of a KPI. Promises: every suggestion says what it rests on, and which share of the
past periods would have met it; with fewer than `LEAST` periods nothing is suggested, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression, median

LEAST, RECENT, YEAR = 4, 3, 12
EASY, HARD = 0.75, 0.25


@dataclass(frozen=True)
class Period:
    """One month of a KPI."""

    year: int
    month: int
    value: float


@dataclass(frozen=True)
class Suggestion:
    """A range from `low` to `high`, with what it rests on; `met` are the shares of past periods that met each end."""

    low: float
    high: float
    met_low: float
    met_high: float
    last: float
    recent: float
    trend: float
    ahead: float
    season: float | None
    peers: float | None


def suggest(
    past: Sequence[Period], ahead: int, peers: Sequence[float] = (), *, lower: bool = False
) -> Suggestion | None:
    """The range for the period `ahead` months after the last; `lower` where less is better; None with too little past.

    The near end is the mean of the last periods, the far end the best of trend, season and the median of same-size
    units, but no better than the best period ever moved on by the trend.
    """
    if len(past) < LEAST:
        return None
    values = [period.value for period in past]
    slope, start = linear_regression(range(len(values)), values)
    forecast = start + slope * (len(values) - 1 + ahead)
    recent = fmean(values[-RECENT:])
    season = _season(past, ahead)
    middle = median(peers) if peers else None
    better = min if lower else max
    near = better(recent, median(values))
    limit = better(values) + slope * ahead
    hopes = [value for value in (forecast, season, middle) if value is not None]
    far = better([near, *hopes])
    far = (max if lower else min)(far, better(limit, near))
    low, high = sorted((near, far))
    return Suggestion(
        low, high, met(values, low, lower=lower), met(values, high, lower=lower), values[-1], recent, slope, forecast,
        season, middle,
    )  # fmt: skip


def met(values: Sequence[float], target: float, *, lower: bool = False) -> float:
    """The share of the values that would have met a target."""
    return sum(1 for value in values if (value <= target if lower else value >= target)) / len(values)


def _season(past: Sequence[Period], ahead: int) -> float | None:
    """The same month a year before, moved on by what the last year brought; None without two years to compare."""
    by_month = {period.year * YEAR + period.month - 1: period.value for period in past}
    last = max(by_month)
    before = by_month.get(last + ahead - YEAR)
    year_ago = by_month.get(last - YEAR)
    if before is None or not year_ago:
        return None
    return before * by_month[last] / year_ago
