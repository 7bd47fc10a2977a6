"""A scorecard's formula over whole populations: NumPy columns with a bound of their error beside them.

Called by `columns`, which asks the reference about everybody whose figures are too close to decide. Promise: a row that
is not in doubt took the same branches as the reference, and its value is off by at most what stands beside it
(docs/decisions/0126). Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from sys import float_info
from typing import TYPE_CHECKING

from metadata.deferred import Deferred
from workflows.scoring.formula import ACTUAL, REACHED, SECTION, TARGET, Apply, Fixed, Given, Part

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
else:
    np = Deferred("numpy")

EPSILON = 2 * float_info.epsilon  # four times what one rounding can be off
TINY = 1e-300  # below it floats lose digits
WHOLE = 2.0**53  # whole numbers up to here are exact
COARSE = 2.0**51


@dataclass(frozen=True)
class Numbers:
    """A number for each person, how far it can be off (0: exact), who has none, and for whom nothing is certain.

    `written` says that each is the float of a decimal that somebody wrote or measured: such floats compare as the
    decimals do.
    """

    value: Column
    off: Column
    missing: Flags
    doubt: Flags
    written: bool = False


@dataclass(frozen=True)
class Answers:
    """Yes or no for each person, who has no answer, and for whom nothing is certain."""

    value: Flags
    missing: Flags
    doubt: Flags


Columns: TypeAlias = "Numbers | Answers"


@dataclass(frozen=True)
class Figures:
    """What the formula may name, people × lines; `certain` are attainments that are exactly what they look like."""

    total: Column
    total_off: Column
    filled: NDArray[np.float64]
    slack: Column
    missing: NDArray[np.bool_]
    certain: NDArray[np.bool_]
    actual: NDArray[np.float64]
    target: NDArray[np.float64]
    counted: NDArray[np.float64]  # the weight of each line for each person
    edges: Sequence[tuple[Fraction, Fraction]]  # floor and cap of each line


def worked(root: Part, figures: Figures, low: Fraction, high: Fraction) -> tuple[Column, Column]:
    """Points within the scale and how far they can be off; NaN: no score; off without end: the reference decides."""
    with np.errstate(all="ignore"):
        found = _numbers(root, figures)
        value = np.clip(found.value, float(low), float(high))
        off = found.off + EPSILON * float(max(abs(low), abs(high)))
    off[found.doubt] = np.inf
    value[found.doubt] = 0.0
    value[(found.missing & ~found.doubt) | np.isnan(figures.total)] = np.nan
    return value, off


def _numbers(part: Part, figures: Figures) -> Numbers:
    found = _columns(part, figures)
    if isinstance(found, Answers):  # the binder let only numbers through
        raise TypeError(part)
    return found


def _answers(part: Part, figures: Figures) -> Answers:
    found = _columns(part, figures)
    if isinstance(found, Numbers):
        raise TypeError(part)
    return found


def _columns(part: Part, figures: Figures) -> Columns:
    if isinstance(part, Fixed):
        return _fixed(part.value, len(figures.total))
    if isinstance(part, Given):
        return _figure(part, figures)
    if part.function == "if":
        return _chosen(part, figures)
    if part.function == "coalesce":
        return functools.reduce(_first, [_columns(one, figures) for one in part.arguments])
    if part.function in ("and", "or", "not"):
        return _logic(part.function, [_answers(one, figures) for one in part.arguments])
    given = [_columns(one, figures) for one in part.arguments]
    if part.function in _SIGNS:
        return _compared(part.function, given[0], given[1])
    return _arithmetic(part, [one for one in given if isinstance(one, Numbers)])


def _none(count: int) -> Flags:
    return np.zeros(count, bool)


def _fixed(value: Fraction | bool, count: int) -> Columns:
    if isinstance(value, bool):
        return Answers(np.full(count, value), _none(count), _none(count))
    near = float(value)
    off = 0.0 if Fraction(near) == value else EPSILON * abs(near)
    return Numbers(np.full(count, near), np.full(count, off), _none(count), _none(count), written=True)


def _figure(part: Given, figures: Figures) -> Numbers:
    count = len(figures.total)
    if part.figure == SECTION:
        return _section(part, figures)
    if part.figure == REACHED:
        return _reached(part.lines[0], figures)
    if part.figure in (ACTUAL, TARGET):
        measured = (figures.actual if part.figure == ACTUAL else figures.target)[:, part.lines[0]]
        missing = np.isnan(measured)
        value = np.where(missing, 0.0, measured)
        whole = (value == np.rint(value)) & (np.abs(value) < WHOLE)
        return Numbers(value, np.where(whole, 0.0, EPSILON * np.abs(value)), missing, _none(count), written=True)
    missing = np.isnan(figures.total)
    return Numbers(np.where(missing, 0.0, figures.total), figures.total_off, missing, _none(count))


def _reached(line: int, figures: Figures) -> Numbers:
    """Points; where an attainment stands on its floor or cap, or is 0 or 1 by its rule, they are exact."""
    share, certain = figures.filled[:, line], figures.certain[:, line]
    value = share * 100.0
    off = figures.slack * 100.0 + EPSILON * np.abs(value)
    for edge in (Fraction(0), Fraction(1), *figures.edges[line]):
        points = edge * 100
        on = certain & (share == float(edge))
        value[on] = float(points)
        off[on] = 0.0 if Fraction(float(points)) == points else EPSILON * abs(float(points))
    return Numbers(value, off, figures.missing[:, line].copy(), _none(len(value)))


def _section(part: Given, figures: Figures) -> Numbers:
    lines = list(part.lines)
    share, counted = figures.filled[:, lines], figures.counted[:, lines]
    divisor = counted.sum(axis=1)
    missing = divisor == 0.0
    value = (share * counted).sum(axis=1) * 100.0 / np.where(missing, 1.0, divisor)
    most = np.abs(share).max(axis=1, initial=0.0)
    off = (figures.slack + EPSILON * 4 * len(lines) * most) * 100.0
    return Numbers(value, off, missing, _none(len(value)))


def _sound(value: Column, off: Column, given: Sequence[Numbers], doubt: Flags | None = None) -> Numbers:
    """The numbers with what their parts miss and doubt; what left the floats' range is in doubt."""
    missing = np.logical_or.reduce([one.missing for one in given])
    unsure = np.logical_or.reduce([one.doubt for one in given])
    lost = ~(np.isfinite(value) & np.isfinite(off))
    unsure = unsure | (lost & ~missing) | (False if doubt is None else doubt & ~missing)
    return Numbers(np.where(lost, 0.0, value), np.where(lost, 0.0, off), missing, unsure)


def _arithmetic(part: Apply, given: Sequence[Numbers]) -> Numbers:
    if part.function == "/":
        return _divided(*given)
    if part.function == "round":
        places = part.arguments[1] if len(part.arguments) > 1 else None
        return _rounded(given[0], int(places.value) if isinstance(places, Fixed) else 0)
    if part.function in ("neg", "abs"):
        value = -given[0].value if part.function == "neg" else np.abs(given[0].value)
        return _sound(value, given[0].off, given)
    if part.function in ("min", "max"):
        values, offs = np.stack([one.value for one in given]), np.stack([one.off for one in given])
        best = (np.minimum if part.function == "min" else np.maximum).reduce(values)
        # Of several that could be the smallest each may be off; one that is far away may not.
        near = np.abs(values - best) <= offs + offs.max(axis=0)
        return _sound(best, np.where(near, offs, 0.0).max(axis=0), given)
    left, right = given
    if part.function == "*":
        value = left.value * right.value
        off = np.abs(left.value) * right.off + np.abs(right.value) * left.off + left.off * right.off
        return _sound(value, off + EPSILON * np.abs(value) + TINY, given)
    value = left.value + right.value if part.function == "+" else left.value - right.value
    off = left.off + right.off
    return _sound(value, off + EPSILON * (np.abs(value) + off), given)


def _divided(left: Numbers, right: Numbers) -> Numbers:
    """By zero: none; by what could be zero: in doubt."""
    zero = (right.value == 0.0) & (right.off == 0.0)
    doubt = ~zero & (np.abs(right.value) <= 2 * right.off)
    divisor = np.where(zero | doubt, 1.0, right.value)
    value = left.value / divisor
    least = np.abs(divisor) - np.where(zero | doubt, 0.0, right.off)
    off = (left.off + np.abs(value) * right.off) / least * (1 + EPSILON) + EPSILON * np.abs(value) + TINY
    found = _sound(value, off, (left, right), doubt)
    nothing = zero & ~right.missing
    return Numbers(found.value, found.off, found.missing | nothing, found.doubt)


def _rounded(one: Numbers, places: int) -> Numbers:
    """Half away from zero; close to a tie, and beyond what floats can hold, in doubt."""
    scale = 10.0**places
    wide = np.abs(one.value) * scale
    whole = np.floor(wide + 0.5)
    reach = one.off * scale * (1 + EPSILON) + EPSILON * (wide + 1.0)
    doubt = (np.abs(np.abs(wide - np.floor(wide)) - 0.5) <= reach) | (wide >= COARSE) | (reach >= 0.5)
    value = np.copysign(whole / scale, one.value)
    off = EPSILON * np.abs(value) if places else np.zeros(len(value))
    return _sound(value, off, (one,), doubt)


_SIGNS: Mapping[str, Callable[[Column, Column], Flags]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compared(sign: str, left: Columns, right: Columns) -> Answers:
    missing, doubt = left.missing | right.missing, left.doubt | right.doubt
    if isinstance(left, Answers) or isinstance(right, Answers):
        alike = left.value == right.value
        return Answers(alike if sign == "==" else ~alike, missing, doubt)
    if left.written and right.written:
        return Answers(_SIGNS[sign](left.value, right.value), missing, doubt)
    off = left.off + right.off
    close = (np.abs(left.value - right.value) <= 2 * off + EPSILON * off) & (off > 0.0)
    return Answers(_SIGNS[sign](left.value, right.value), missing, doubt | (close & ~missing))


def _logic(function: str, given: Sequence[Answers]) -> Answers:
    """`and` is no where one is no, `or` is yes where one is yes; else missing where one is missing."""
    doubt = np.logical_or.reduce([one.doubt for one in given])
    if function == "not":
        return Answers(~given[0].value, given[0].missing, doubt)
    decides = function == "or"
    missing = np.logical_or.reduce([one.missing for one in given])
    decided = np.logical_or.reduce([(one.value == decides) & ~one.missing for one in given])
    return Answers(decided if decides else ~decided, missing & ~decided, doubt)


def _chosen(part: Apply, figures: Figures) -> Columns:
    condition = _answers(part.arguments[0], figures)
    then, otherwise = (_columns(one, figures) for one in part.arguments[1:])
    found = _picked(condition.value, then, otherwise)
    return _with(found, condition.missing | found.missing, condition.doubt | (found.doubt & ~condition.missing))


def _first(one: Columns, other: Columns) -> Columns:
    found = _picked(~one.missing, one, other)
    return _with(found, one.missing & other.missing, one.doubt | (one.missing & other.doubt))


def _picked(flags: Flags, one: Columns, other: Columns) -> Columns:
    """Of each person the figure of `one` where the flag stands, else of `other`."""
    missing = np.where(flags, one.missing, other.missing)
    doubt = np.where(flags, one.doubt, other.doubt)
    if isinstance(one, Numbers) and isinstance(other, Numbers):
        value = np.where(flags, one.value, other.value)
        return Numbers(value, np.where(flags, one.off, other.off), missing, doubt)
    return Answers(np.where(flags, one.value, other.value).astype(bool), missing, doubt)


def _with(found: Columns, missing: Flags, doubt: Flags) -> Columns:
    if isinstance(found, Numbers):
        return Numbers(found.value, found.off, missing, doubt)
    return Answers(found.value, missing, doubt)
