"""Bands: which label a displayed score gets.

Called when a scorecard is checked and when a score or a manager's rating is stored. A band is
half-open, `[low, high)`; together they cover the scale without a gap or an overlap, and the last one
has no upper edge, so that the highest score has a label too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from metadata.errors import Invalid, Problem

LOWEST = Decimal(0)


@dataclass(frozen=True, slots=True)
class Band:
    """A label for the displayed values from `low` up to, not including, `high` (None: no end)."""

    label: str
    low: Decimal
    high: Decimal | None = None


def band_problems(bands: Sequence[Band], lowest: Decimal = LOWEST) -> list[Problem]:
    """What keeps these bands from covering the scale once; pointers are `/bands/<index of the sorted bands>`."""
    if not bands:
        return [Problem("/bands", "A scorecard needs at least one band.")]
    problems: list[Problem] = []
    expected: Decimal | None = lowest
    seen: set[str] = set()
    for index, band in enumerate(ordered(bands)):
        pointer = f"/bands/{index}"
        if band.label in seen:
            problems.append(Problem(pointer, "Two bands are called %(label)s.", {"label": band.label}))
        seen.add(band.label)
        if band.high is not None and band.high <= band.low:
            problems.append(Problem(pointer, "The band %(label)s ends before it begins.", {"label": band.label}))
        problems += _seam(pointer, band, expected)
        expected = band.high
    if expected is not None:
        problems.append(
            Problem(
                "/bands",
                "The highest band must be open-ended: no score may lie above %(high)s without a band.",
                {"high": f"{expected:f}"},
            )
        )
    return problems


def check_bands(bands: Sequence[Band], lowest: Decimal = LOWEST) -> None:
    """Raise `Invalid` with every problem."""
    problems = band_problems(bands, lowest)
    if problems:
        raise Invalid("The scorecard's bands don't cover the scale exactly once.", problems=problems)


def band_of(displayed: Decimal, bands: Sequence[Band]) -> str:
    """The label of the value that people see, the rounded one; below the scale the lowest band holds."""
    best = ordered(bands)[0]
    for band in ordered(bands):
        if displayed >= band.low:
            best = band
    return best.label


def ordered(bands: Sequence[Band]) -> list[Band]:
    """From the lowest to the highest; an open end comes last."""
    return sorted(bands, key=lambda b: (b.low, b.high is None, b.high or LOWEST))


def _seam(pointer: str, band: Band, expected: Decimal | None) -> list[Problem]:
    """Whether a band begins exactly where the one below it ends."""
    if expected is None or band.low < expected:
        return [Problem(pointer, "The band %(label)s overlaps the one below it.", {"label": band.label})]
    if band.low > expected:
        return [
            Problem(
                pointer,
                "There is a gap below the band %(label)s: from %(end)s to %(low)s.",
                {"label": band.label, "end": f"{expected:f}", "low": f"{band.low:f}"},
            )
        ]
    return []
