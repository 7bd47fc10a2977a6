"""A score: attainments times weights, what happens to a line without data, and what a formula makes of the sum.

Called by the review cycles with the pinned lines of a scorecard and by what-if with changed weights.
Pure: the same lines give the same score, today and in five years. Each line comes back with its share,
so that a person can add the score up by hand. A formula changes the sum within the scale that the sum has itself: from
0 (or the lowest floor below it) to the highest cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from workflows.scoring.attainment import Rule, attainment
from workflows.scoring.bands import Band, band_of
from workflows.scoring.formula import Formula
from workflows.scoring.formula_value import Missing, Reading, evaluate
from workflows.scoring.rounding import DEFAULT_PLACES, round_half_up

BLOCK, REDISTRIBUTE, AS_ZERO = "block", "redistribute", "zero"
POLICIES = (BLOCK, REDISTRIBUTE, AS_ZERO)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a scorecard with what was measured for it; None where there is no data."""

    key: str
    weight: Fraction
    rule: Rule
    actual: Fraction | None = None
    target: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one line brought: `effective` is its weight after the no-data policy, `contribution` its points."""

    line: Line
    attainment: Fraction | None
    effective: Fraction
    contribution: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """The result. `value` None means no score, and `reason` says why; `rating` is the band of `value`.

    `worked` is what the formula made of the sum, within the scale; None without a formula or without a score.
    """

    value: Decimal | None
    rating: str
    reason: str
    shares: tuple[Share, ...]
    worked: Fraction | None = None

    @property
    def total(self) -> Fraction:
        """The weighted sum in points."""
        return total_of(self.shares)

    @property
    def points(self) -> Fraction | None:
        """The score before the rounding; None where there is none."""
        if self.value is None:
            return None
        return self.total if self.worked is None else self.worked


def score(
    lines: Sequence[Line],
    bands: Sequence[Band],
    *,
    policy: str = REDISTRIBUTE,
    places: int = DEFAULT_PLACES,
    formula: Formula | None = None,
) -> Score:
    """Weighted attainment in points (100 = everything as planned), rounded once, banded as displayed."""
    reached = [attainment(line.actual, line.target, line.rule) for line in lines]
    weights = [line.weight for line in lines]
    divisor = divisor_of(weights, [value is None for value in reached], policy)
    shares = [share_of(line, value, divisor, policy) for line, value in zip(lines, reached, strict=True)]
    return settled(shares, bands, policy=policy, places=places, formula=formula)


def settled(
    shares: Sequence[Share],
    bands: Sequence[Band],
    *,
    policy: str = REDISTRIBUTE,
    places: int = DEFAULT_PLACES,
    formula: Formula | None = None,
) -> Score:
    """The score of lines whose shares are known, which many people may have in common."""
    shares = tuple(shares)
    missing = sum(share.attainment is None for share in shares)
    if missing == len(shares):
        return Score(None, "", "There is no data for any line.", shares)
    if missing and policy == BLOCK:
        return Score(None, "", "There is no data for some lines, and the scorecard asks for all of them.", shares)
    if policy == REDISTRIBUTE and not any(share.effective for share in shares):
        return Score(None, "", "There is no data for any line with a weight.", shares)
    found = total_of(shares)
    worked = None
    if formula is not None:
        made = evaluate(formula.root, reading_of(shares))
        if isinstance(made, Missing):
            return Score(None, "", made.reason, shares)
        found = worked = within(Fraction(made), [share.line.rule for share in shares])
    value = round_half_up(found, places)
    return Score(value, band_of(value, bands), "", shares, worked)


def reading_of(shares: Sequence[Share]) -> Reading:
    """The figures that a formula may name."""
    return Reading(
        total=total_of(shares),
        reached=tuple(s.attainment for s in shares),
        actual=tuple(s.line.actual for s in shares),
        target=tuple(s.line.target for s in shares),
        effective=tuple(s.effective for s in shares),
        contribution=tuple(s.contribution for s in shares),
    )


def scale(rules: Sequence[Rule]) -> tuple[Fraction, Fraction]:
    """From where to where a weighted sum of such lines can go, in points."""
    lows, highs = [Fraction(0), *(rule.floor for rule in rules)], [Fraction(0), *(rule.cap for rule in rules)]
    return min(lows) * 100, max(highs) * 100


def within(made: Fraction, rules: Sequence[Rule]) -> Fraction:
    """What a formula made, cut to the scale."""
    low, high = scale(rules)
    return min(max(made, low), high)


def total_of(shares: Sequence[Share]) -> Fraction:
    """The weighted sum in points, over one denominator: reducing it after each line would take most of the time."""
    brought = [share.contribution for share in shares]
    whole = lcm(*(one.denominator for one in brought))
    return Fraction(sum(one.numerator * (whole // one.denominator) for one in brought), whole)


def divisor_of(weights: Sequence[Fraction], missing: Sequence[bool], policy: str) -> Fraction:
    """The weight that stands for 100: that of the lines with data when theirs is shared out, else all."""
    counted = [weight for weight, gone in zip(weights, missing, strict=True) if not gone or policy != REDISTRIBUTE]
    return sum(counted, Fraction(0))


def share_of(line: Line, reached: Fraction | None, divisor: Fraction, policy: str) -> Share:
    """What one line brings where all the weights that count come to `divisor`."""
    if not divisor or (reached is None and policy == REDISTRIBUTE):
        return Share(line, reached, Fraction(0), Fraction(0))
    effective = line.weight * 100 / divisor
    return Share(line, reached, effective, effective * (reached or Fraction(0)))
