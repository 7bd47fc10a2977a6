"""What a scorecard's formula gives for one person: exact fractions, slow and obvious, the reference of the columns.

Called by `score`, and by the ledger, which shows each step. A value is a fraction, yes or no, or `Missing` with the
reason: whatever is computed of a missing value is missing, a choice by a missing condition included, so that nobody
escapes a condition by having no data; only `coalesce` puts something in its place. Pure.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from workflows.scoring.formula import ACTUAL, REACHED, SECTION, TARGET, Apply, Fixed, Given, Part

NO_DATA = "The scorecard's formula needs a line that has no data."
NO_DIVISOR = "The scorecard's formula divides by zero."


@dataclass(frozen=True)
class Missing:
    """No value, and why."""

    reason: str


Value: TypeAlias = Fraction | bool | Missing
Note: TypeAlias = Callable[[Part, Value], None]


@dataclass(frozen=True)
class Reading:
    """The figures that a formula may name: the sum, and of each line what was measured and what it brought."""

    total: Fraction
    reached: tuple[Fraction | None, ...]  # 1 = the target is met
    actual: tuple[Fraction | None, ...]
    target: tuple[Fraction | None, ...]
    effective: tuple[Fraction, ...]
    contribution: tuple[Fraction, ...]


def _unnoted(_part: Part, _value: Value) -> None:
    return


def evaluate(part: Part, reading: Reading, note: Note = _unnoted) -> Value:
    """The value; `note` is told each figure and each step in the order in which they were needed."""
    if isinstance(part, Fixed):
        return part.value
    value = _figure(part, reading) if isinstance(part, Given) else _applied(part, reading, note)
    note(part, value)
    return value


def _figure(part: Given, reading: Reading) -> Value:
    if part.figure == SECTION:
        effective = sum((reading.effective[at] for at in part.lines), Fraction(0))
        brought = sum((reading.contribution[at] for at in part.lines), Fraction(0))
        return brought * 100 / effective if effective else Missing(NO_DATA)
    if part.figure == REACHED:
        reached = reading.reached[part.lines[0]]
        return Missing(NO_DATA) if reached is None else reached * 100
    if part.figure in (ACTUAL, TARGET):
        found = (reading.actual if part.figure == ACTUAL else reading.target)[part.lines[0]]
        return Missing(NO_DATA) if found is None else found
    return reading.total


def _applied(part: Apply, reading: Reading, note: Note) -> Value:
    if part.function == "if":
        return _chosen(part, reading, note)
    if part.function == "coalesce":
        return _first(part, reading, note)
    given = [evaluate(one, reading, note) for one in part.arguments]
    if part.function in ("and", "or"):
        return _joined(given, part.function == "or")
    missing = next((one for one in given if isinstance(one, Missing)), None)
    if missing is not None:
        return missing
    if part.function == "/" and not given[1]:
        return Missing(NO_DIVISOR)
    return _STRICT[part.function](*given)


def _chosen(part: Apply, reading: Reading, note: Note) -> Value:
    condition, then, otherwise = part.arguments
    holds = evaluate(condition, reading, note)
    return holds if isinstance(holds, Missing) else evaluate(then if holds else otherwise, reading, note)


def _first(part: Apply, reading: Reading, note: Note) -> Value:
    found: Value = Missing(NO_DATA)
    for one in part.arguments:
        found = evaluate(one, reading, note)
        if not isinstance(found, Missing):
            break
    return found


def _joined(given: Sequence[Value], decides: bool) -> Value:
    """`and` is no where one is no, `or` is yes where one is yes; else missing where one is missing."""
    if any(one is decides for one in given):
        return decides
    return next((one for one in given if isinstance(one, Missing)), not decides)


def _rounded(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as `round_half_up`, whose decimals would not hold numbers of any length."""
    scale = 10 ** int(places)
    whole = (2 * abs(value.numerator) * scale + value.denominator) // (2 * value.denominator)
    return Fraction(-whole if value < 0 else whole, scale)


_STRICT: Mapping[str, Callable[..., Fraction | bool]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "round": _rounded,
    "abs": abs,
    "min": min,
    "max": max,
}
