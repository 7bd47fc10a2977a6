"""Which scores lie exactly on a border of the rounding, found for many people at once.

Called by `columns` for the few people whose floats are too close to a border to be trusted. Measured values are
decimals, so a score is a whole multiple of one over a known denominator: where that step is larger than the error
of the floats, "close to the border" can only mean "on it". Where it is not, nothing is promised and the reference
decides. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from metadata.deferred import Deferred
from workflows.scoring.attainment import Rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = Deferred("numpy")

MOST_PLACES = 6
LARGEST_EXACT = 1e15  # decimals of up to 15 digits and floats name each other without doubt
LARGEST_STEP = float(2**61)


def on_the_border(
    weights: Sequence[Fraction],
    rules: Sequence[Rule],
    actual: NDArray[np.float64],
    target: NDArray[np.float64],
    counted: NDArray[np.bool_],
    off: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Rows that are surely on the border they are close to.

    `counted` says which lines carry weight for the row, `off` how far its score can be off, in units of the last place.
    """
    sure = np.zeros(len(actual), bool)
    open_rows = np.arange(len(actual))
    for places in range(MOST_PLACES + 1):
        if not len(open_rows):
            break
        fits, steps = _steps(rules, actual[open_rows], target[open_rows], places)
        rows = open_rows[fits]
        whole = _whole(weights)
        divisor = (np.where(counted[rows], whole, 0)).sum(axis=1).astype(float)
        sure[rows] = (steps[fits] > 0) & (4.0 * off[rows] * divisor * steps[fits] < 1.0)
        open_rows = open_rows[~fits]
    return sure


def _whole(weights: Sequence[Fraction]) -> NDArray[np.int64]:
    common = lcm(*(weight.denominator for weight in weights))
    return np.array([int(weight * common) for weight in weights], np.int64)


def _steps(
    rules: Sequence[Rule], actual: NDArray[np.float64], target: NDArray[np.float64], places: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Rows whose values have at most `places` decimals; the common denominator of their attainments, 0 if too large."""
    fits, steps = np.ones(len(actual), bool), np.ones(len(actual), np.int64)
    for column, rule in enumerate(rules):
        given = [actual[:, column], target[:, column]]
        given += [np.full(len(actual), float(edge)) for edge in (rule.baseline, rule.high) if edge is not None]
        whole = [_scaled(values, places) for values in given]
        for _numbers, fitting in whole:
            fits &= fitting
        # From 0, or down from twice the target, the way is as long as the target.
        way = whole[1][0] - whole[2][0] if rule.baseline is not None else whole[1][0]
        edges = np.int64(lcm(rule.floor.denominator, rule.cap.denominator))
        steps = _common(_common(steps, np.where(way == 0, 1, np.abs(way))), np.full_like(steps, edges))
    return fits, steps.astype(float)


def _scaled(values: NDArray[np.float64], places: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Values in units of 10^-places, and whether they are such decimals; what is missing fits everywhere."""
    known = np.where(np.isnan(values), 0.0, values)
    large = np.rint(known * 10.0**places)
    fitting = (np.abs(large) < LARGEST_EXACT) & (large / 10.0**places == known)
    return np.where(fitting, large, 0.0).astype(np.int64), fitting


def _common(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Least common multiples; 0 where they would leave 61 bits, and stays so."""
    shared = np.maximum(np.gcd(one, other), 1)
    fits = (one // shared).astype(float) * other.astype(float) < LARGEST_STEP
    return np.where(fits, one // shared * np.where(fits, other, 1), 0)
