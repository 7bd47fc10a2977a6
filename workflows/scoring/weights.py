"""Weights of a scorecard's lines: exactly 100 in all, and the two ways of getting there.

Called when a scorecard is published or a cycle is launched from it, and by the buttons "Equalise" and
"Normalise to 100". Decimal throughout; the rest of a division goes to the last line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from metadata.errors import Invalid, Problem

WHOLE = Decimal(100)
PLACES = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that one line may weigh; None means no limit."""

    floor: Decimal | None = None
    ceiling: Decimal | None = None


def weight_problems(weights: Sequence[Decimal], limits: Sequence[Limits] = ()) -> list[Problem]:
    """Everything that keeps these weights from being published; pointers are `/lines/<index>/weight`."""
    problems = []
    if not weights:
        return [Problem("/lines", "A scorecard needs at least one line.")]
    for index, weight in enumerate(weights):
        pointer = f"/lines/{index}/weight"
        limit = limits[index] if index < len(limits) else Limits()
        if weight <= 0:
            problems.append(Problem(pointer, "A weight must be above 0."))
        if limit.floor is not None and weight < limit.floor:
            problems.append(Problem(pointer, "This line weighs at least %(floor)s.", {"floor": str(limit.floor)}))
        if limit.ceiling is not None and weight > limit.ceiling:
            problems.append(Problem(pointer, "This line weighs at most %(most)s.", {"most": str(limit.ceiling)}))
    total = sum(weights, Decimal(0))
    if total != WHOLE:
        problems.append(Problem("/lines", "The weights add up to %(total)s, not to 100.", {"total": f"{total:f}"}))
    return problems


def check_weights(weights: Sequence[Decimal], limits: Sequence[Limits] = ()) -> None:
    """Raise `Invalid` with every problem."""
    problems = weight_problems(weights, limits)
    if problems:
        raise Invalid("The scorecard's weights can't be used yet.", problems=problems)


def equalise(count: int, places: int = PLACES) -> list[Decimal]:
    """`count` equal weights, the rest on the last: 33.33, 33.33, 33.34."""
    return normalise([Decimal(1)] * count, places)


def normalise(weights: Sequence[Decimal], places: int = PLACES) -> list[Decimal]:
    """The same proportions, adding up to exactly 100; what the rounding down leaves goes to the last."""
    total = sum(weights, Decimal(0))
    if any(w < 0 for w in weights) or (weights and total <= 0):
        raise Invalid("Weights to normalise must be 0 or more, and at least one above 0.")
    if not weights:
        return []
    unit = Decimal(1).scaleb(-places)
    shares = [(w * WHOLE / total).quantize(unit, rounding=ROUND_DOWN) for w in weights[:-1]]
    return [*shares, (WHOLE - sum(shares, Decimal(0))).quantize(unit)]
