"""Rounding, once, at the end: half away from zero, to the places that a scorecard asks for.

Called by `score`, `weights` and whoever shows a score. Everything before the rounding is an exact
fraction, so that a tie is a tie and not the accident of a binary float.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

DEFAULT_PLACES = 1
MOST_PLACES = 4


def exact(value: Decimal | Fraction | str | float) -> Fraction:
    """The number as people wrote it: a float counts as its shortest decimal text (0.1 is one tenth)."""
    if isinstance(value, float):
        value = Decimal(repr(value))
    return Fraction(value)


def round_half_up(value: Decimal | Fraction | int, places: int = DEFAULT_PLACES) -> Decimal:
    """`value` at `places` decimals, ties away from zero, as `decimal.ROUND_HALF_UP` has it."""
    whole = Fraction(value)
    doubled = 2 * whole.denominator
    units = (abs(whole.numerator) * 2 * 10**places + whole.denominator) // doubled
    return Decimal(f"{'-' if whole < 0 and units else ''}{units}E-{places}")
