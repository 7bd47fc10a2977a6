"""The engine against the slow reference on many made-up people, in the columns and over stints.

A short run is part of the suite; `make scores RUNS=100000` sets PLUMBLINE_TEST_SCORES, the number of people. Each
population has its own number as seed, so a fault names the population that shows it again. Half of the people are put
on a border of the rounding or right beside it. The run counts what it met and fails where a rule was never met.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np

from workflows.scoring import DIRECTIONS, POLICIES, Band, Rule, Score, band_of, exact
from workflows.scoring.attainment import DEFAULT_CAP
from workflows.scoring.columns import NO_BAND, Card, Population, compiled, population, referred, scores
from workflows.scoring.stints import Stints, columns_over_stints, over_stints

CASES = int(os.environ.get("PLUMBLINE_TEST_SCORES", "3000"))
PEOPLE = 50
CAPS = (DEFAULT_CAP, DEFAULT_CAP, Fraction(1), Fraction(3, 2), Fraction(3))
FLOORS = (Fraction(0), Fraction(0), Fraction(0), Fraction(1, 5), Fraction(-1, 2))
TARGETS = (100.0, 200.0, 80.0, 50.0, 4.0, 2.5, 90.0, 97.3, 0.8, 1e6, 3.0, 7.0)
BESIDE = (Decimal(0), Decimal(0), Decimal("0.0001"), Decimal("-0.0001"), Decimal("0.00000001"), Decimal("-0.00000001"))
MOST_DIGITS = 15

Met = Counter[tuple[str, str]]


def rule(rng: random.Random) -> Rule:
    direction = rng.choice(DIRECTIONS)
    return Rule(
        direction=direction,
        baseline=exact(rng.choice((0.0, 10.0, 2.5, -20.0, 70.0))) if rng.random() < 0.4 else None,
        floor=rng.choice(FLOORS),
        cap=rng.choice(CAPS),
        high=exact(rng.choice(TARGETS)) if direction == "range" and rng.random() < 0.8 else None,
    )


def card(rng: random.Random) -> Card:
    count = rng.randint(1, 6)
    cuts = sorted(rng.sample(range(1, 10_000), count - 1)) if rng.random() < 0.5 else [
        10_000 * at // count // 500 * 500 for at in range(1, count)
    ]  # fmt: skip
    weights = [Fraction(b - a, 100) for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    lows = sorted(rng.sample(range(1, 1200), rng.randint(0, 4)))
    edges = [Decimal(0), *(Decimal(low) / 10 for low in lows)]
    bands = [Band(f"B{at}", low, high) for at, (low, high) in enumerate(zip(edges, [*edges[1:], None], strict=True))]
    lines = [(weight, rule(rng)) for weight in weights]
    return compiled(lines, bands, policy=rng.choice(POLICIES), places=rng.choice((0, 1, 1, 2, 3, 4)))


def figures(rng: random.Random, known: Card) -> tuple[np.ndarray, np.ndarray]:
    """Actual and target of everybody; a gap here and there, targets that equal the baseline among them."""
    shape = (PEOPLE, len(known.rules))
    shared = [rng.choice(TARGETS) for _ in known.rules]
    target = np.array([[rng.choice(TARGETS) if rng.random() < 0.1 else t for t in shared] for _ in range(PEOPLE)])
    near = [[round(t * rng.choice((0.0, 0.4, 0.9, 1.0, 1.1, 1.3, 2.0)) + rng.randint(-500, 500) / 100, 2)
             for t in row] for row in target]  # fmt: skip
    actual = np.array(near, float).reshape(shape)
    for values, share in ((actual, 0.06), (target, 0.02)):
        values[np.array([[rng.random() < share for _ in known.rules] for _ in range(PEOPLE)])] = np.nan
    return actual, target


def put_on_borders(rng: random.Random, known: Card, actual: np.ndarray, target: np.ndarray) -> None:
    """Moves the first straight line of every second person so that the sum lies on half a last place, or beside it."""
    straight = [at for at, one in enumerate(known.rules) if one.direction in ("higher", "milestone")]
    if not straight:
        return
    before = population(known.rules, actual, target)
    for person in range(0, PEOPLE, 2):
        share = referred(known, before, person).shares[straight[0]]
        sought = _on_border(rng, known, referred(known, before, person), straight[0])
        if sought is None or share.line.target is None:
            continue
        start = share.line.rule.baseline or Fraction(0)
        value = start + sought * (share.line.target - start)
        text = Decimal(value.numerator) / Decimal(value.denominator) + rng.choice(BESIDE)
        if len(text.normalize().as_tuple().digits) <= MOST_DIGITS:
            actual[person, straight[0]] = float(text)


def _on_border(rng: random.Random, known: Card, found: Score, at: int) -> Fraction | None:
    """The attainment of line `at` with which the sum is on a border of the rounding; None where it can't move it."""
    share = found.shares[at]
    if found.points is None or not share.effective or share.attainment is None:
        return None
    rest = found.points - share.contribution
    steps = 10**known.places
    edges = [band.low for band in known.bands[1:]]
    aim = exact(rng.choice(edges)) if edges and rng.random() < 0.4 else rest + share.effective * Fraction(9, 10)
    border = Fraction(int(aim * steps) * 2 - 1, 2 * steps)
    sought = (border - rest) / share.effective
    return sought if share.line.rule.floor < sought < share.line.rule.cap else None


def note(met: Met, known: Card, found: Score) -> None:
    """What this person's score went through."""
    gap = any(share.attainment is None for share in found.shares)
    met[known.policy, "no score" if found.value is None else "gap" if gap else "whole"] += 1
    for share in found.shares:
        rule, value = share.line.rule, share.attainment
        where = (
            "no data" if value is None else "floor" if value == rule.floor else "cap" if value == rule.cap else "way"
        )
        met[rule.direction, where] += 1
    if found.value is None or found.points is None:
        return
    twice = found.points * 2 * 10**known.places
    met["border", "tie" if twice.denominator == 1 and twice.numerator % 2 else "beside"] += 1
    if found.value in {band.low for band in known.bands[1:]}:
        met["band", "at its lower edge"] += 1


def compare(seed: int, met: Met) -> None:
    rng = random.Random(seed)
    known = card(rng)
    actual, target = figures(rng, known)
    put_on_borders(rng, known, actual, target)
    people = population(known.rules, actual, target)
    found = scores(known, people)
    wanted = [referred(known, people, person) for person in range(PEOPLE)]
    for person, one in enumerate(wanted):
        label = "" if found.bands[person] == NO_BAND else known.labels[found.bands[person]]
        assert (found.value(person), label) == (one.value, one.rating), f"population {seed}, person {person}"
        note(met, known, one)
    met["border", "decided exactly"] += found.decided_exactly
    over_transfers(rng, seed, known, people, wanted, met)


def over_transfers(
    rng: random.Random, seed: int, known: Card, people: Population, wanted: list[Score], met: Met
) -> None:
    """The same people as stints of fewer persons, some with no day at all."""
    persons = PEOPLE // 2
    whose = np.array([rng.randrange(persons) for _ in range(PEOPLE)], np.int64)
    days = np.array([rng.choice((0, 1, 30, 61, 92, 181, rng.randint(1, 366))) for _ in range(PEOPLE)], np.int64)
    together = columns_over_stints([Stints(known, people, whose, days)], persons, known.bands, known.places)
    for person in range(persons):
        mine = [(int(days[row]), wanted[row]) for row in np.flatnonzero(whose == person)]
        mean = over_stints(mine, known.places)
        assert together.value(person) == mean, f"population {seed}, stints of {person}"
        met["stints", "no score" if mean is None else "one" if len(mine) == 1 else "several"] += 1
        if mean is not None:
            assert known.bands[together.bands[person]].label == band_of(mean, known.bands)


WANTED = [
    *((direction, where) for direction in DIRECTIONS for where in ("no data", "floor", "cap", "way")),
    *((policy, how) for policy in POLICIES for how in ("whole", "no score")),
    *((policy, "gap") for policy in ("redistribute", "zero")),
    *(("border", how) for how in ("tie", "beside", "decided exactly")),
    ("band", "at its lower edge"),
    *(("stints", how) for how in ("no score", "one", "several")),
]


def test_everybody_has_the_score_of_the_reference_in_a_run_that_met_every_rule(record_property):
    met: Met = Counter()
    for seed in range(-(-CASES // PEOPLE)):
        compare(seed, met)
    record_property("met", {" ".join(key): count for key, count in met.items()})
    print(f"{sum(met[policy, how] for policy in POLICIES for how in ('whole', 'gap', 'no score'))} people")
    for key in sorted(met):
        print(f"{met[key]:>9}  {': '.join(key)}")
    assert [key for key in WANTED if not met[key]] == []
