"""A way with points: days, and which per cent of the way should be gone by then, as a key result writes them.

`2026-10-31=20, 2026-12-15=80`. Called by the record door, which refuses what does not read, and by the pace of goals.
Pure. Promises: days rise, shares lie between 0 and 100 and never fall; `written` is what `read` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from metadata.errors import Problem

MOST = 40
UNREADABLE = "Write days with the per cent of the way by then, as in 2026-10-31=20, 2026-12-15=80."
FALLS = "Each day comes after the one before it, and asks for no less of the way."
TOO_MANY = "A way has at most %(count)s points."

Points = tuple[tuple[date, Decimal], ...]


def read(text: str) -> Points:
    """The points that a text names; ValueError where it can't be read. Whether they rise is asked of `problems`."""
    return tuple(_point(part) for part in text.split(",")) if text.strip() else ()


def written(points: Iterable[tuple[date, Decimal]]) -> str:
    """Points as they are stored."""
    return ", ".join(f"{day.isoformat()}={share.normalize():f}" for day, share in points)


def problems(text: str, pointer: str) -> Iterator[Problem]:
    """What is wrong with a text."""
    try:
        points = read(text)
    except ValueError:
        yield Problem(pointer, UNREADABLE)
        return
    if len(points) > MOST:
        yield Problem(pointer, TOO_MANY, {"count": MOST})
    if any(later[0] <= earlier[0] or later[1] < earlier[1] for earlier, later in pairwise(points)):
        yield Problem(pointer, FALLS)


def _point(text: str) -> tuple[date, Decimal]:
    day, found, share = text.partition("=")
    try:
        part = Decimal(share.strip().removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not found or not part.is_finite() or not 0 <= part <= 100 or part != round(part, 2):
        raise ValueError(text)
    return date.fromisoformat(day.strip()), part
