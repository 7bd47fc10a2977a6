"""How far one should be by a day: expected progress, straight by default, by a KPI's own season or by own points; and
what is said of who is behind it.

Called by dashboards for the expected line of a KPI, and by goals. Pure and exact. Promises: 0 before the window and 1
after it, never falling in between; without a curve a day weighs what every other day does; a month whose share is 0
adds nothing, and a window in which all shares are 0 counts its days.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

ZERO, ONE = Fraction(0), Fraction(1)
ON_TRACK, AT_RISK, BEHIND, OVERDUE, NOT_BEGUN = "on_track", "at_risk", "behind", "overdue", "not_begun"
STATUSES = (ON_TRACK, AT_RISK, BEHIND, OVERDUE, NOT_BEGUN)
SLACK, FAR = Fraction(5, 100), Fraction(20, 100)  # of the whole way: until here on track, until here at risk


def expected(first: date, last: date, day: date, curve: Sequence[Decimal] = ()) -> Fraction:
    """The part of the way from the morning of `first` to the evening of `last` that should be gone after `day`."""
    if day < first:
        return ZERO
    if day >= last:
        return ONE
    whole = _weight(first, last, curve)
    if not whole:
        return expected(first, last, day)
    return _weight(first, day, curve) / whole


def by_points(first: date, last: date, day: date, points: Sequence[tuple[date, Decimal]]) -> Fraction:
    """The same along days with their per cent of the way; straight between them, and those outside do not count."""
    if day < first:
        return ZERO
    if day >= last:
        return ONE
    within = [(at, Fraction(share) / 100) for at, share in points if first <= at < last]
    way = [(first - timedelta(days=1), ZERO), *within, (last, ONE)]
    for (begin, low), (end, high) in pairwise(way):
        if day <= end:
            return low + (high - low) * Fraction((day - begin).days, (end - begin).days)
    return ONE


def status(progress: Fraction | None, first: date, last: date, day: date, ahead: Fraction) -> str:
    """How it stands on a day, where `ahead` is what was expected of it; "" without data while there is time.

    Before its window it has not begun; after it, what is not reached is overdue. Within it the gap decides.
    """
    if day < first and not progress:
        return NOT_BEGUN
    if progress is not None and progress >= ONE:
        return ON_TRACK
    if day > last:
        return OVERDUE
    if progress is None:
        return ""
    gap = ahead - progress
    return ON_TRACK if gap <= SLACK else AT_RISK if gap <= FAR else BEHIND


def _weight(first: date, last: date, curve: Sequence[Decimal]) -> Fraction:
    """What the days from `first` to `last` weigh: a month's share is spread evenly over its days."""
    if not curve:
        return Fraction((last - first).days + 1)
    total, begin = ZERO, first
    while begin <= last:
        length = calendar.monthrange(begin.year, begin.month)[1]
        end = min(last, begin.replace(day=length))
        total += Fraction(curve[begin.month - 1]) * ((end - begin).days + 1) / length
        begin = end + timedelta(days=1)
    return total
