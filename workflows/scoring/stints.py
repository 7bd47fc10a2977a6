"""A transfer within the period: the score is the mean of the stints' scores, weighted by their days, rounded once.

A stint is the time in one place with one scorecard. Called for whoever changed places; those who stayed have one
stint and the same score as without. A stint without a score (nothing measured, or blocked) leaves the mean.
`over_stints` is the slow, obvious reference of `columns_over_stints`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from metadata.deferred import Deferred
from workflows.scoring.bands import Band
from workflows.scoring.columns import EPSILON, NO_SCORE, Card, Population, Scores, banded, points, referred, rounded
from workflows.scoring.rounding import round_half_up
from workflows.scoring.score import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = Deferred("numpy")


@dataclass(frozen=True)
class Stints:
    """Stints under one card: row by row whose it is (a number from 0) and how many eligible days it has."""

    card: Card
    measured: Population
    person: NDArray[np.int64]
    days: NDArray[np.int64]


def over_stints(stints: Sequence[tuple[int, Score]], places: int) -> Decimal | None:
    """The day-weighted mean of (days, score) pairs; None where no stint has a score."""
    scored = [(days, result.points) for days, result in stints if result.points is not None and days > 0]
    if not scored:
        return None
    total = sum((days * wide for days, wide in scored), Fraction(0))
    return round_half_up(total / sum(days for days, _wide in scored), places)


def columns_over_stints(parts: Sequence[Stints], persons: int, bands: Sequence[Band], places: int) -> Scores:
    """The same for everybody at once; `persons` is how many there are."""
    total, days, off = (np.zeros(persons) for _ in range(3))
    for part in parts:
        wide, slack = points(part.card, part.measured)
        counted = ~np.isnan(wide) & (part.days > 0)
        mine, length = part.person[counted], part.days[counted]
        np.add.at(total, mine, wide[counted] * length)
        np.add.at(days, mine, length)
        np.add.at(off, mine, (slack[counted] + EPSILON * len(parts) * np.abs(wide[counted])) * length)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, bound = total / days, off / days + 8 * EPSILON * np.abs(total / days)
    units, unsure = rounded(mean, bound, places)
    for person in unsure:
        units[person] = _exactly(parts, int(person), places)
    return Scores(units, banded(bands, units, places), places, len(unsure))


def _exactly(parts: Sequence[Stints], person: int, places: int) -> int:
    found = [
        (int(part.days[row]), referred(part.card, part.measured, int(row)))
        for part in parts
        for row in np.flatnonzero(part.person == person)
    ]
    value = over_stints(found, places)
    return int(NO_SCORE) if value is None else int(value.scaleb(places))
