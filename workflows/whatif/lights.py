"""Each line's light over a crowd: how many people it is green, amber or red for, and how many have no data.

Called by `answer` with the lines as they would count. Pure. A threshold belongs to the light above it. Attainments are
floats here: one that lies nearer to a threshold than measured values can tell apart is taken to be on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metadata.deferred import Deferred
from workflows.cycles.terms import TermLine
from workflows.scoring.columns import Population

if TYPE_CHECKING:
    import numpy as np
else:
    np = Deferred("numpy")

SAME = 1e-9  # measured values have 12 significant digits


@dataclass(frozen=True)
class LineLights:
    """One line: the mean attainment (1 is the plan; None without data), and people by light; no light has none."""

    line: TermLine
    mean: float | None
    green: int
    amber: int
    red: int
    no_data: int

    @property
    def lit(self) -> bool:
        """Whether the line has thresholds at all."""
        return self.line.green is not None or self.line.amber is not None


def lights(lines: Sequence[TermLine], people: Population) -> tuple[LineLights, ...]:
    """Every line in its order."""
    return tuple(_line(line, people, place) for place, line in enumerate(lines))


def _line(line: TermLine, people: Population, place: int) -> LineLights:
    known = people.filled[~people.missing[:, place], place]
    no_data = len(people) - len(known)
    mean = float(known.mean()) if len(known) else None
    if line.green is None and line.amber is None:
        return LineLights(line, mean, 0, 0, 0, no_data)
    green, fair = (
        np.zeros(len(known), bool) if edge is None else known >= float(edge) / 100 - SAME
        for edge in (line.green, line.amber)
    )
    if line.amber is None:
        fair = np.ones(len(known), bool)
    counts = int(green.sum()), int((fair & ~green).sum()), int((~fair & ~green).sum())
    return LineLights(line, mean, *counts, no_data)
