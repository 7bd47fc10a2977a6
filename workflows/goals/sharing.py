"""How a changed target is divided among the goals below. Pure and exact.

Called by cascades.py. A rate moves alike for everybody; anything else is divided by shares, by what each brought so
far, or evenly. Promises: what is divided adds up to the whole change when the shares do, to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from workflows.goals.results import RATE, Result
from workflows.scoring import exact, round_half_up

SHARE, HISTORY = "share", "history"
METHODS = (SHARE, HISTORY)
WHOLE = Fraction(100)


def proposals(
    before: Decimal, after: Decimal, unit: str, parts: Sequence[tuple[Result, Decimal | None]], method: str
) -> list[Decimal]:
    """The new target of each key result below; `parts` are these with the share of their goal in per cent."""
    change = exact(after) - exact(before)
    if unit == RATE:
        return [_moved(result, change) for result, _share in parts]
    weights = _weights(parts, method)
    moves = [round_half_up(change * weight, 2) for weight in weights]
    if moves and sum(weights) == 1:
        moves[-1] += round_half_up(change, 2) - sum(moves, Decimal(0))
    return [_moved(result, exact(move)) for (result, _share), move in zip(parts, moves, strict=True)]


def _weights(parts: Sequence[tuple[Result, Decimal | None]], method: str) -> list[Fraction]:
    even = [Fraction(1, len(parts))] * len(parts)
    if method == HISTORY:
        brought = [max(exact(r.current or Decimal(0)) - exact(r.start or Decimal(0)), Fraction(0)) for r, _s in parts]
        total = sum(brought, Fraction(0))
        return [one / total for one in brought] if total else even
    given = [share for _result, share in parts if share is not None]
    if not given:
        return even
    left = max(WHOLE - sum((exact(share) for share in given), Fraction(0)), Fraction(0))
    rest = left / (len(parts) - len(given)) if len(parts) > len(given) else Fraction(0)
    return [(exact(share) if share is not None else rest) / WHOLE for _result, share in parts]


def _moved(result: Result, change: Fraction) -> Decimal:
    return round_half_up(exact(result.target or Decimal(0)) + change, 2)
