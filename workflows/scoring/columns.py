"""Scores of whole populations: attainments as a matrix (people × lines), weights as a vector, one product.

Called where many people are scored or re-weighted at once; `score` is the slow, obvious reference beside
it. Computes in float64 and knows for each person how far the figures can be off; where that could change
the displayed value the reference decides, so that both give the same last digit (docs/decisions/0010).
Pure. NaN stands for "no data". Scores come as whole numbers of the last displayed place (`units`), which
compare and band exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import ceil
from sys import float_info
from types import MappingProxyType
from typing import TYPE_CHECKING

from metadata.deferred import Deferred
from workflows.scoring.attainment import Rule
from workflows.scoring.bands import Band, ordered
from workflows.scoring.formula import Formula
from workflows.scoring.formula_columns import Figures, worked
from workflows.scoring.rounding import DEFAULT_PLACES, exact
from workflows.scoring.score import BLOCK, REDISTRIBUTE, Line, Score, scale, score
from workflows.scoring.ties import on_the_border

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float64]
    Column: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Units: TypeAlias = NDArray[np.int64]
    Reached: TypeAlias = tuple[Column, Column]
else:
    np = Deferred("numpy")

NO_SCORE = -(2**63)  # the smallest whole number of a column
NO_BAND = -1
PER_BLOCK = 16_384  # people at a time: what fits into the processor's cache
EPSILON = float_info.epsilon
SAFETY = 16.0  # a few roundings on the way, each of half an epsilon


@dataclass(frozen=True)
class Card:
    """A compiled scorecard: weights and rules by line, bands from the lowest, no-data policy, places, formula."""

    weights: tuple[Fraction, ...]
    rules: tuple[Rule, ...]
    bands: tuple[Band, ...]
    policy: str = REDISTRIBUTE
    places: int = DEFAULT_PLACES
    formula: Formula | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The ratings in the order of the band numbers."""
        return tuple(band.label for band in self.bands)

    @cached_property
    def weighed(self) -> Column:
        """The weights as a column."""
        return np.array([float(weight) for weight in self.weights])

    @cached_property
    def reach(self) -> float:
        """The largest attainment that any line can bring, whatever its sign."""
        return max((float(max(abs(rule.floor), abs(rule.cap))) for rule in self.rules), default=1.0)


@dataclass(frozen=True)
class Population:
    """What was measured: actual and target by person and line, and what follows from it whatever the weights are.

    `filled` holds the attainments, bounded by floor and cap, and 0 where they are `missing`; `gaps` says who misses
    any; `slack` says how far any of a person's attainments can be off, `certain` which are not off at all: those on
    their floor or cap, and the 0 and 1 that a rule gives without reckoning.
    """

    actual: Matrix
    target: Matrix
    filled: Matrix
    slack: Column
    missing: Flags
    gaps: Flags
    certain: Flags

    def __len__(self) -> int:
        return len(self.filled)


@dataclass(frozen=True)
class Scores:
    """One entry a person: the displayed score in `units` of the last place (`NO_SCORE`: none), its band's number."""

    units: Units
    bands: NDArray[np.int8]
    places: int
    decided_exactly: int

    def value(self, person: int) -> Decimal | None:
        """The displayed score; None where there is none."""
        found = int(self.units[person])
        return None if found == NO_SCORE else Decimal(found).scaleb(-self.places)


def compiled(
    lines: Sequence[tuple[Fraction, Rule]],
    bands: Sequence[Band],
    *,
    policy: str = REDISTRIBUTE,
    places: int = DEFAULT_PLACES,
    formula: Formula | None = None,
) -> Card:
    """The card of (weight, rule) lines, which have passed `check_weights`, `check_rule` and `check_bands`."""
    weights, rules = tuple(weight for weight, _ in lines), tuple(rule for _, rule in lines)
    return Card(weights, rules, tuple(ordered(bands)), policy, places, formula)


def population(rules: Sequence[Rule], actual: Matrix, target: Matrix) -> Population:
    """The attainments of everybody on lines with these `rules`; `actual` and `target` are people × lines."""
    reached, slack = np.empty_like(actual), np.zeros(len(actual))
    certain = np.zeros(actual.shape, bool)
    for block in _blocks(len(actual)):
        for column, rule in enumerate(rules):
            values, off = _DIRECTIONS[rule.direction](actual[block, column], target[block, column], rule)
            floor, cap = float(rule.floor), float(rule.cap)
            np.clip(values, floor, cap, out=reached[block, column])
            bound = off + EPSILON * max(abs(floor), abs(cap))
            np.fmax(slack[block], bound, out=slack[block])
            beyond = (values - SAFETY * bound > cap) | (values + SAFETY * bound < floor)
            certain[block, column] = beyond | ((off == 0.0) & ((values == 0.0) | (values == 1.0)))
    missing = np.isnan(reached)
    reached[missing] = 0.0
    gaps = np.logical_or.reduce(missing, axis=1)
    return Population(actual, target, reached, slack * SAFETY, missing, gaps, certain)


def scores(card: Card, people: Population) -> Scores:
    """Everybody's displayed score and band under `card`."""
    units = np.empty(len(people), np.int64)
    doubtful: list[tuple[Units, Column, Column]] = []
    for block in _blocks(len(people)):
        wide, off = _points(card, people, block)
        units[block], rows = rounded(wide, off, card.places)
        doubtful.append((rows + block.start, wide[rows], off[rows]))
    exactly = _settled(card, people, units, doubtful)
    return Scores(units, banded(card.bands, units, card.places), card.places, exactly)


def _settled(card: Card, people: Population, units: Units, doubtful: Sequence[tuple[Units, Column, Column]]) -> int:
    """Decides the rows close to a border: those surely on it round away from zero, the reference says the others.

    How many the reference had to decide.
    """
    if not any(len(rows) for rows, _wide, _off in doubtful):
        return 0
    rows, wide, off = (np.concatenate(part) for part in zip(*doubtful, strict=True))
    if card.formula is None:  # a sum; what a formula gives is no multiple of anything
        last = 10.0**card.places
        counted = ~people.missing[rows] if card.policy == REDISTRIBUTE else np.ones((len(rows), len(card.rules)), bool)
        sure = on_the_border(card.weights, card.rules, people.actual[rows], people.target[rows], counted, off * last)
        units[rows[sure]] = np.copysign(np.rint(np.abs(wide[sure]) * last + 0.5), wide[sure])
        rows = rows[~sure]
    return _by_reference(card, people, units, rows)


def _by_reference(card: Card, people: Population, units: Units, rows: NDArray[np.int64]) -> int:
    """The reference's answers, asked once for people with the same figures; how many rows these are."""
    figures = np.ascontiguousarray(np.hstack([people.actual[rows], people.target[rows]])).view(np.int64)
    _kinds, firsts, whose = np.unique(figures, axis=0, return_index=True, return_inverse=True)
    values = [referred(card, people, int(rows[first])).value for first in firsts]
    decided = [NO_SCORE if value is None else int(value.scaleb(card.places)) for value in values]
    units[rows] = np.array(decided, np.int64)[whose.reshape(-1)]
    return len(rows)


def points(card: Card, people: Population) -> tuple[Column, Column]:
    """Everybody's points before the rounding (NaN: no score), and how far each can be off."""
    return _points(card, people, slice(0, len(people)))


def rounded(wide: Column, off: Column, places: int) -> tuple[Units, NDArray[np.int64]]:
    """Points rounded half away from zero, in units of the last place; and the rows too close to a tie to be sure."""
    last = 10.0**places
    below = np.fmin.reduce(wide, initial=0.0) < 0.0
    scaled = np.abs(wide) * last if below else wide * last
    scaled += 0.5
    whole = np.floor(scaled)
    scaled -= whole
    scaled -= 0.5
    np.abs(scaled, out=scaled)  # 0.5 where a tie is: just below or just above a whole number
    # The largest doubt picks the few rows that are then held against their own.
    close = np.flatnonzero(scaled >= 0.5 - np.fmax.reduce(off, initial=0.0) * last)
    close = close[scaled[close] >= 0.5 - off[close] * last]
    if below:
        np.copysign(whole, wide, out=whole)
    if not np.isnan(np.add.reduce(whole)):  # a score is no infinity: the sum is unknown where one of them is
        return whole.astype(np.int64), close
    unknown = np.isnan(whole)
    whole[unknown] = 0.0
    found = whole.astype(np.int64)
    found[unknown] = NO_SCORE
    return found, close


def banded(bands: Sequence[Band], units: Units, places: int) -> NDArray[np.int8]:
    """The number of each displayed score's band; below the scale the lowest holds, as in `bands.band_of`."""
    lows = np.array([ceil(exact(band.low) * 10**places) for band in ordered(bands)], np.int64)
    found = np.zeros(len(units), np.int8)
    for low in lows[1:]:  # a handful of comparisons is faster than a search for each
        found += units >= low
    found[units == NO_SCORE] = NO_BAND
    return found


def contributions(card: Card, people: Population) -> Matrix:
    """What each line brought, in points before the rounding; NaN where there is no score."""
    weights = card.weighed
    counted = np.where(people.missing, 0.0, weights) if card.policy == REDISTRIBUTE else weights[np.newaxis]
    divisor = counted.sum(axis=1, keepdims=True)
    found: Matrix = people.filled * counted * (100.0 / np.where(divisor > 0, divisor, 1.0))
    whole = np.logical_or if card.policy == BLOCK else np.logical_and
    found[whole.reduce(people.missing, axis=1)] = np.nan
    return found


def _blocks(length: int) -> Iterator[slice]:
    for start in range(0, length, PER_BLOCK):
        yield slice(start, min(start + PER_BLOCK, length))


def _points(card: Card, people: Population, block: slice) -> tuple[Column, Column]:
    """Unrounded points and how far they can be off; NaN where there is no score."""
    weights = card.weighed
    off = (people.slack[block] + SAFETY * EPSILON * len(weights) * card.reach) * 100.0
    wide: Column = people.filled[block] @ (weights * (100.0 / weights.sum()))
    rows = np.flatnonzero(people.gaps[block])
    if len(rows):
        wide[rows] = _with_gaps(card, people.missing[block][rows], wide[rows])
    if card.formula is None:
        return wide, off
    return _worked(card, card.formula, people, block, (wide, off))


def _with_gaps(card: Card, missing: Flags, wide: Column) -> Column:
    """The points of people who miss a line, by the card's policy."""
    if card.policy == BLOCK:
        return np.full_like(wide, np.nan)
    without = missing.all(axis=1)
    if card.policy == REDISTRIBUTE:
        divisor = (~missing) @ card.weighed
        without |= divisor <= 0  # who has data on lines without a weight alone has nothing that counts
        wide = wide * (card.weighed.sum() / np.where(divisor > 0, divisor, 1.0))
    return np.where(without, np.nan, wide)


def _worked(card: Card, formula: Formula, people: Population, block: slice, total: Reached) -> Reached:
    """What the formula makes of the sums."""
    weights = card.weighed
    missing = people.missing[block]
    figures = Figures(
        *total,
        filled=people.filled[block],
        slack=people.slack[block],
        missing=missing,
        certain=people.certain[block],
        actual=people.actual[block],
        target=people.target[block],
        counted=np.where(missing, 0.0, weights) if card.policy == REDISTRIBUTE else np.tile(weights, (len(missing), 1)),
        edges=[(rule.floor, rule.cap) for rule in card.rules],
    )
    return worked(formula.root, figures, *scale(card.rules))


def referred(card: Card, people: Population, person: int) -> Score:
    """The reference's answer for one person."""
    lines = [
        Line(str(at), weight, rule, *(_known(m[person, at]) for m in (people.actual, people.target)))
        for at, (weight, rule) in enumerate(zip(card.weights, card.rules, strict=True))
    ]
    return score(lines, card.bands, policy=card.policy, places=card.places, formula=card.formula)


def _known(value: np.float64) -> Fraction | None:
    return None if np.isnan(value) else exact(float(value))


def _start(target: Column, rule: Rule) -> Column:
    if rule.baseline is not None:
        return np.full_like(target, float(rule.baseline))
    return 2 * target if rule.direction == "lower" else np.zeros_like(target)


def _towards(actual: Column, target: Column, rule: Rule, size: Column | None = None) -> Reached:
    """Attainment, and how far it can be off: a difference of near-equal numbers keeps few digits.

    `size` is the largest number that went into `actual`, where that was computed.
    """
    start = _start(target, rule)
    way = target - start
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = (actual - start) / way
        largest = np.maximum(np.abs(actual) if size is None else size, np.maximum(np.abs(start), np.abs(target)))
        off = EPSILON * (largest / np.abs(way)) * (1.0 + np.abs(reached))
    nowhere = way == 0
    return np.where(nowhere, np.nan, reached), np.where(nowhere | np.isnan(off), 0.0, off)


def _within(actual: Column, target: Column, rule: Rule) -> Reached:
    high = target if rule.high is None else np.full_like(target, float(rule.high))
    above = (actual > high) & (actual >= target)  # with crossed edges the lower one decides, as in the reference
    moved = np.where(above, target - (actual - high), actual)
    size = np.maximum(np.abs(actual), np.maximum(np.abs(high), np.abs(target)))
    reached, off = _towards(moved, target, rule, size)
    inside = (target <= actual) & (actual <= high)
    return np.where(inside, 1.0, reached), np.where(inside, 0.0, off)


def _milestones(actual: Column, target: Column, rule: Rule) -> Reached:
    reached, off = _towards(actual, target, rule)
    return np.minimum(reached, 1.0), off


def _all_or_nothing(actual: Column, target: Column, _rule: Rule) -> Reached:
    unknown = np.isnan(actual) | np.isnan(target)
    return np.where(unknown, np.nan, np.where(actual >= target, 1.0, 0.0)), np.zeros_like(actual)


_DIRECTIONS: Mapping[str, Callable[[Column, Column, Rule], Reached]] = MappingProxyType(
    {
        "higher": _towards,
        "lower": _towards,
        "range": _within,
        "milestone": _milestones,
        "binary": _all_or_nothing,
    }
)
