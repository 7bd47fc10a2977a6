"""A bound formula's value in Python: slow, obvious, and the reference that the tests hold both databases against.

Called for rules, for forms while they are filled, and by tests. `values` are a record's Python values; what lies behind
a reference is asked of `follow`, and missing where nobody can tell.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from metadata.engine import half_up
from metadata.formula.binding import Apply, Bound, Fixed, Over, Own, Through

Values = Mapping[str, Any]
Follow = Callable[[str, int], Values | None]  # (definition, id) → the record's values
_UPPER = {ord(a): ord(b) for a, b in zip("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=True)}
_LOWER = {big: small for small, big in _UPPER.items()}


def _nowhere(_definition: str, _record_id: int) -> Values | None:
    return None


def evaluate(bound: Bound, values: Values, follow: Follow = _nowhere) -> Any:
    """The value; None where it is missing."""
    if isinstance(bound, Fixed):
        return bound.value
    if isinstance(bound, Own):
        return _own(bound, values)
    if isinstance(bound, Through):
        found = values.get(bound.link.name)
        there = follow(bound.target, found) if found is not None else None
        return evaluate(bound.inner, there, follow) if there is not None else None
    if isinstance(bound, Over):
        return _over(bound, values, follow)
    if bound.function in _LAZY:
        return _LAZY[bound.function](bound, values, follow)
    given = [evaluate(part, values, follow) for part in bound.arguments]
    return None if any(value is None for value in given) else _STRICT[bound.function](*given)


def _own(bound: Own, values: Values) -> Any:
    value = values.get(bound.field.name)
    if value is None or bound.kind != "number":
        return value
    number = float(value)
    within = number == 0 or 10.0 ** -int(bound.high) <= abs(number) <= 10.0 ** int(bound.high)
    return number if within or bound.field.type != "number" else None


def _over(bound: Over, values: Values, follow: Follow) -> Any:
    entries: Sequence[Any] = values.get(bound.entries.name) or ()
    if bound.inner is None:
        return float(len(entries))
    rows = entries if bound.entries.rows else [follow(str(bound.entries.ref), entry) or {} for entry in entries]
    found = [value for row in rows if (value := evaluate(bound.inner, row, follow)) is not None]
    if bound.function == "count":
        return float(len(found))
    if not found:
        return None
    if bound.function in ("min", "max"):
        return (min if bound.function == "min" else max)(found)
    total = math.fsum(found)
    return total / len(found) if bound.function == "avg" else total


def _and(bound: Apply, values: Values, follow: Follow) -> bool | None:
    """False where one is false, else missing where one is missing: as SQL has it."""
    told = [evaluate(part, values, follow) for part in bound.arguments]
    if any(value is False for value in told):
        return False
    return None if None in told else True


def _or(bound: Apply, values: Values, follow: Follow) -> bool | None:
    told = [evaluate(part, values, follow) for part in bound.arguments]
    if any(value is True for value in told):
        return True
    return None if None in told else False


def _if(bound: Apply, values: Values, follow: Follow) -> Any:
    condition, then, otherwise = bound.arguments
    return evaluate(then if evaluate(condition, values, follow) else otherwise, values, follow)


def _coalesce(bound: Apply, values: Values, follow: Follow) -> Any:
    told = (evaluate(part, values, follow) for part in bound.arguments)
    return next((value for value in told if value is not None), None)


def _concat(bound: Apply, values: Values, follow: Follow) -> str | None:
    told = (evaluate(part, values, follow) for part in bound.arguments)
    return "".join(value for value in told if value is not None) or None


def _days(first: date, last: date) -> float:
    return float((last - first).days)


_LAZY: Mapping[str, Callable[[Apply, Values, Follow], Any]] = {
    "and": _and,
    "or": _or,
    "if": _if,
    "coalesce": _coalesce,
    "concat": _concat,
}
_STRICT: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: None if right == 0 else left / right,
    "neg": operator.neg,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "round": lambda value, places=0.0: half_up(value, int(places)),
    "abs": abs,
    "upper": lambda value: value.translate(_UPPER),
    "lower": lambda value: value.translate(_LOWER),
    "len": lambda value: float(len(value)),
    "days": _days,
    "year": lambda day: float(day.year),
    "month": lambda day: float(day.month),
    "min": min,
    "max": max,
}
