"""How far one should be by a day: expected progress, straight by default or by a KPI's own season.

Called by dashboards for the expected line of a KPI. Pure and exact. Promises: 0 before the window and 1 after it, never
falling in between; without a curve a day weighs what every other day does; a month whose share is 0 adds nothing, and a
window in which all shares are 0 counts its days.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

ZERO, ONE = Fraction(0), Fraction(1)


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
