"""Scoring a million people on ten lines, against a bare NumPy product with banding in the same run.

`python -m tests.benchmarks.scoring [people]`. The bare side multiplies, rounds in floating point and bands: it is
fast and wrong at the borders. Ours decides the borders exactly; both start from the same matrix of attainments.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np

from workflows.scoring import Band, Rule
from workflows.scoring.columns import compiled, population, scores

PEOPLE, LINES, ROUNDS, AIM = 1_000_000, 10, 7, 3.0
BANDS = [Band(str(low), Decimal(low), Decimal(high) if high else None) for low, high in ((0, 60), (60, 90), (90, None))]


def measured(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def main(people: int = PEOPLE) -> None:
    """Print medians, the ratio and the aim."""
    random = np.random.default_rng(20261127)
    actual = np.round(random.normal(90, 20, (people, LINES)), 2)
    actual[random.random(people) < 0.05, 3] = np.nan
    target = np.full((people, LINES), 100.0)
    card = compiled([(Fraction(100, LINES), Rule())] * LINES, BANDS)
    begun = time.perf_counter()
    crowd = population(card.rules, actual, target)
    prepared = time.perf_counter() - begun
    weights = np.full(LINES, 100.0 / LINES)

    def bare() -> object:
        rounded = np.floor(crowd.filled @ weights * 10 + 0.5) / 10
        return np.digitize(rounded, [60.0, 90.0])

    def ours() -> object:
        return scores(card, crowd)

    pairs = [(measured(ours), measured(bare)) for _ in range(ROUNDS)]
    mine, reference = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    exactly = scores(card, crowd).decided_exactly
    print(f"scoring {people} × {LINES}: ours {mine * 1000:.0f} ms, bare NumPy {reference * 1000:.0f} ms, ", end="")
    print(f"ratio {ratio:.2f} (aim {AIM}); attainments before {prepared * 1000:.0f} ms; {exactly} decided exactly")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
