"""Whole populations against the slow reference: equal to the last displayed digit, borders and gaps included."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.scoring import Band, Rule, band_of, exact
from workflows.scoring.columns import NO_BAND, compiled, contributions, population, referred, scores
from workflows.scoring.stints import Stints, columns_over_stints, over_stints

DIRECTIONS = ("higher", "lower", "range", "milestone", "binary")
POLICIES = ("block", "redistribute", "zero")
# How many populations are compared; `make scores` asks for more people than the suite (see test_many_cases.py).
POPULATIONS = max(150, int(os.environ.get("PLUMBLINE_TEST_SCORES", "0")) // 50)
ROWS = 40

numbers = st.one_of(
    st.integers(-300, 300).map(float),
    st.integers(-30_000, 30_000).map(lambda n: n / 100),
    st.sampled_from((0.1, 0.3, 0.7, 1.1, 89.95, 1e-9, 1e12, -0.0)),
)
measured = st.one_of(st.just(float("nan")), numbers, numbers, numbers, numbers)


@st.composite
def rules(draw):
    floor = draw(st.sampled_from(("0", "0", "-0.5", "0.2")))
    return Rule(
        direction=draw(st.sampled_from(DIRECTIONS)),
        baseline=draw(st.none() | numbers.map(exact)),
        floor=exact(floor),
        cap=draw(st.sampled_from((Fraction(6, 5), Fraction(1), Fraction(3)))),
        high=draw(st.none() | numbers.map(exact)),
    )


@st.composite
def cards(draw, count):
    cuts = sorted(draw(st.lists(st.integers(1, 9999), min_size=count - 1, max_size=count - 1, unique=True)))
    weights = [Fraction(b - a, 100) for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    lows = sorted(draw(st.lists(st.integers(1, 11_000), max_size=4, unique=True)))
    edges = [Decimal(0), *(Decimal(low) / 100 for low in lows)]
    ends = [*edges[1:], None]
    bands = [Band(f"B{at}", low, high) for at, (low, high) in enumerate(zip(edges, ends, strict=True))]
    lines = [(weight, draw(rules())) for weight in weights]
    return compiled(lines, bands, policy=draw(st.sampled_from(POLICIES)), places=draw(st.integers(0, 4)))


@st.composite
def populations(draw):
    count = draw(st.integers(1, 5))
    card = draw(cards(count))
    cells = st.lists(measured, min_size=count, max_size=count)
    drawn = draw(st.lists(st.tuples(cells, cells), min_size=1, max_size=ROWS))
    actual, target = (np.array([row[side] for row in drawn], float) for side in (0, 1))
    return card, population(card.rules, actual, target)


@settings(max_examples=POPULATIONS, deadline=None)
@given(populations())
def test_everybody_has_the_score_and_the_band_of_the_reference(case):
    card, people = case
    found = scores(card, people)
    for person in range(len(people)):
        wanted = referred(card, people, person)
        assert found.value(person) == wanted.value
        label = "" if found.bands[person] == NO_BAND else card.labels[found.bands[person]]
        assert label == wanted.rating


@settings(max_examples=60, deadline=None)
@given(populations())
def test_contributions_are_those_of_the_reference(case):
    card, people = case
    found = contributions(card, people)
    for person in range(len(people)):
        wanted = referred(card, people, person)
        if wanted.value is None:
            assert np.isnan(found[person]).all()
        else:
            np.testing.assert_allclose(found[person], [float(s.contribution) for s in wanted.shares], atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_transfer_weighs_the_stints_by_their_days(data):
    persons, places = 6, data.draw(st.integers(0, 4))
    parts = []
    for _ in range(data.draw(st.integers(1, 3))):
        card, people = data.draw(populations())
        rows = st.lists(st.integers(0, persons - 1), min_size=len(people), max_size=len(people))
        days = st.lists(st.integers(0, 180), min_size=len(people), max_size=len(people))
        parts.append(Stints(card, people, np.array(data.draw(rows), np.int64), np.array(data.draw(days), np.int64)))
    bands = parts[0].card.bands
    found = columns_over_stints(parts, persons, bands, places)
    for person in range(persons):
        mine = [
            (int(part.days[row]), referred(part.card, part.measured, row))
            for part in parts
            for row in range(len(part.measured))
            if part.person[row] == person
        ]
        wanted = over_stints(mine, places)
        assert found.value(person) == wanted
        if wanted is not None:
            assert bands[found.bands[person]].label == band_of(wanted, bands)


def test_a_tie_that_floats_would_miss_is_decided_exactly():
    """A tenth of 0.15, 0.35 and so on adds up to exactly 89.95 and is shown as 90.0; as floats it is a hair less."""
    bands = [Band("Mid", Decimal(0), Decimal(90)), Band("High", Decimal(90))]
    card = compiled([(Fraction(10), Rule(cap=Fraction(9)))] * 10, bands)
    tie = [0.15, 0.35, 0.1, 0.2, 0.3, 0.7, 0.9, 1.1, 2.3, 893.4]
    below = [*tie[:-1], 893.39]
    people = population(card.rules, np.array([tie, below]), np.full((2, 10), 100.0))
    found = scores(card, people)
    assert [found.value(0), found.value(1)] == [Decimal("90.0"), Decimal("89.9")]
    assert [card.labels[n] for n in found.bands] == ["High", "Mid"]


def test_what_no_common_denominator_settles_is_asked_of_the_reference():
    bands = [Band("All", Decimal(0))]
    card = compiled([(Fraction(25), Rule())] * 4, bands)
    target = np.array([[999_983.0, 999_979.0, 999_961.0, 999_959.0]])
    actual = target * np.array([[0.5, 0.5, 0.5, 0.5]])
    people = population(card.rules, actual, target)
    found = scores(card, people)
    assert (found.value(0), found.decided_exactly) == (Decimal("50.0"), 0)
    close = compiled([(Fraction(25), Rule())] * 4, bands, places=0)
    halved = population(close.rules, target * 0.505, target)
    assert scores(close, halved).value(0) == referred(close, halved, 0).value == Decimal(51)
    assert scores(close, halved).decided_exactly == 1


def test_a_transfer_in_mid_year_by_hand():
    """100 days at 80 points and 80 days at 100 points: (8 000 + 8 000) / 180 = 88.888…, shown as 88.9."""
    bands = [Band("All", Decimal(0))]
    card = compiled([(Fraction(100), Rule())], bands)
    people = population(card.rules, np.array([[80.0], [100.0]]), np.array([[100.0], [100.0]]))
    part = Stints(card, people, np.array([0, 0]), np.array([100, 80]))
    assert columns_over_stints([part], 1, bands, 1).value(0) == Decimal("88.9")
