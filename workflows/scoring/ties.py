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
    open_rows, whole = np.arange(len(actual)), _whole(weights)
    for places in range(MOST_PLACES + 1):
        if not len(open_rows):
            break
        fits = _fits(actual[open_rows], places) & _fits(target[open_rows], places)
        if not _fits(_edges(rules), places).all():
            continue
        rows, open_rows = open_rows[fits], open_rows[~fits]
        steps = _steps(rules, target[rows], places)
        divisor = (counted[rows] @ whole).astype(float)
        sure[rows] = (steps > 0) & (4.0 * off[rows] * divisor * steps < 1.0)
    return sure


def _whole(weights: Sequence[Fraction]) -> NDArray[np.int64]:
    common = lcm(*(weight.denominator for weight in weights))
    return np.array([int(weight * common) for weight in weights], np.int64)


def _edges(rules: Sequence[Rule]) -> NDArray[np.float64]:
    """The baselines and upper edges, which are measured like the values."""
    return np.array([[float(e)] for rule in rules for e in (rule.baseline, rule.high) if e is not None]).reshape(-1, 1)


def _fits(values: NDArray[np.float64], places: int) -> NDArray[np.bool_]:
    """Rows that are decimals of at most `places` and not too large to be told apart; what is missing fits."""
    large = np.rint(values * 10.0**places)
    fitting: NDArray[np.bool_] = ((np.abs(large) < LARGEST_EXACT) & (large / 10.0**places == values)) | np.isnan(values)
    rows: NDArray[np.bool_] = np.logical_and.reduce(fitting, axis=1)
    return rows


def _steps(rules: Sequence[Rule], target: NDArray[np.float64], places: int) -> NDArray[np.float64]:
    """The common denominator of each row's attainments, 0 if too large; values have at most `places` decimals."""
    steps = np.ones(len(target), np.int64)
    for column, rule in enumerate(rules):
        # From 0, or down from twice the target, the way is as long as the target.
        way = _scaled(target[:, column], places)
        if rule.baseline is not None:
            way = way - _scaled(np.array(float(rule.baseline)), places)
        steps = _common(steps, np.where(way == 0, 1, np.abs(way)))
        edges = np.int64(lcm(rule.floor.denominator, rule.cap.denominator))
        steps = steps if edges == 1 else _common(steps, np.full_like(steps, edges))
    return steps.astype(float)


def _scaled(values: NDArray[np.float64], places: int) -> NDArray[np.int64]:
    """Values in units of 10^-places, 0 where there is none."""
    whole: NDArray[np.int64] = np.rint(np.where(np.isnan(values), 0.0, values) * 10.0**places).astype(np.int64)
    return whole


def _common(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Least common multiples; 0 where they would leave 61 bits, and stays so."""
    shared = np.maximum(np.gcd(one, other), 1)
    fits = (one // shared).astype(float) * other.astype(float) < LARGEST_STEP
    return np.where(fits, one // shared * np.where(fits, other, 1), 0)
