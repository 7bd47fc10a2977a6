"""Random formulas over random populations: the columns give what the exact reference gives, to the last digit."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata.formula import FormulaError
from tests.workflows.scoring.test_columns import cards, populations
from workflows.scoring import Band, Rule, band_of
from workflows.scoring.columns import NO_BAND, compiled, population, referred, scores
from workflows.scoring.formula import Nameable, bound
from workflows.scoring.stints import Stints, columns_over_stints, over_stints

# PLUMBLINE_TEST_SCORES=10000 for the long run: how many formulas are compared.
FORMULAS = int(os.environ.get("PLUMBLINE_TEST_SCORES", "200"))
SECTIONS = ("A", "B")

constants = st.one_of(
    st.integers(0, 130).map(str),
    st.sampled_from(
        (
            "0.1",
            "0.3",
            "59.95",
            "70",
            "60",
            "57",
            "29",
            "58.1",
            "100",
            "120",
            "0.05",
            "1e-7",
            "33.333",
            "99999999999999",
        )
    ),
)


def lines(count: int) -> tuple[Nameable, ...]:
    return tuple(Nameable(f"k{at}", "", SECTIONS[at % 2]) for at in range(count))


def figures(count: int) -> st.SearchStrategy[str]:
    keys = st.integers(0, count - 1)
    named = st.tuples(st.sampled_from(("reached", "reached", "actual", "target")), keys)
    sections = st.sampled_from(SECTIONS[: min(count, 2)]).map(lambda name: f'section("{name}")')
    return st.one_of(st.just("total"), named.map(lambda one: f'{one[0]}("k{one[1]}")'), sections, constants)


def formulas(count: int) -> st.SearchStrategy[str]:
    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pairs = st.tuples(inner, inner)
        compared = st.tuples(inner, st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), inner).map(" ".join)
        joined = st.tuples(compared, st.sampled_from(("and", "or")), compared).map(" ".join)
        conditions = st.one_of(compared, joined, compared.map(lambda text: f"not ({text})"))
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda one: f"({' '.join(one)})"),
            st.tuples(st.sampled_from(("min", "max", "coalesce")), pairs).map(
                lambda one: f"{one[0]}({', '.join(one[1])})"
            ),
            st.tuples(inner, st.integers(0, 4)).map(lambda one: f"round({one[0]}, {one[1]})"),
            inner.map(lambda text: f"abs({text})"),
            inner.map(lambda text: f"-({text})"),
            st.tuples(conditions, inner, inner).map(lambda one: f"if({', '.join(one)})"),
        )

    return st.recursive(figures(count), grown, max_leaves=8).filter(lambda text: usable(text, count))


def usable(text: str, count: int) -> bool:
    """Whether it is neither too long nor multiplies too much."""
    try:
        bound(text, lines(count))
    except FormulaError:
        return False
    return True


@st.composite
def cases(draw):
    card, people = draw(populations())
    count = len(card.rules)
    return replace(card, formula=bound(draw(formulas(count)), lines(count))), people


@settings(
    max_examples=FORMULAS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(cases())
def test_everybody_has_the_score_and_the_band_of_the_reference(case):
    card, people = case
    found = scores(card, people)
    for person in range(len(people)):
        wanted = referred(card, people, person)
        assert found.value(person) == wanted.value
        label = "" if found.bands[person] == NO_BAND else card.labels[found.bands[person]]
        assert label == wanted.rating


@settings(
    max_examples=FORMULAS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(st.data())
def test_figures_that_repeat_meet_thresholds_exactly(data):
    """Few values, so that most comparisons are ties: attainments of exactly 60 %, on the cap, and equal lines."""
    count = data.draw(st.integers(2, 4))
    card = data.draw(cards(count))
    card = replace(card, formula=bound(data.draw(formulas(count)), lines(count)))
    cell = st.sampled_from((float("nan"), 0.0, 60.0, 57.0, 29.0, 58.1, 0.6, 100.0, 120.0, 1e6))
    rows = st.lists(st.lists(cell, min_size=count, max_size=count), min_size=20, max_size=20)
    people = population(card.rules, np.array(data.draw(rows)), np.array(data.draw(rows)))
    found = scores(card, people)
    for person in range(len(people)):
        assert found.value(person) == referred(card, people, person).value


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_a_transfer_weighs_what_the_formulas_gave(data):
    persons, places, parts = 4, data.draw(st.integers(0, 4)), []
    for _ in range(2):
        card, people = data.draw(cases())
        whose = data.draw(st.lists(st.integers(0, persons - 1), min_size=len(people), max_size=len(people)))
        days = data.draw(st.lists(st.integers(0, 180), min_size=len(people), max_size=len(people)))
        parts.append(Stints(card, people, np.array(whose, np.int64), np.array(days, np.int64)))
    found = columns_over_stints(parts, persons, parts[0].card.bands, places)
    for person in range(persons):
        mine = [
            (int(part.days[row]), referred(part.card, part.measured, row))
            for part in parts
            for row in range(len(part.measured))
            if part.person[row] == person
        ]
        assert found.value(person) == over_stints(mine, places)


def test_a_threshold_that_floats_would_miss_is_decided_exactly():
    """57 of 100 is 57 points and not below 57; as floats it is 56.99999999999999. The same with 29 and with a sum."""
    bands = [Band("All", Decimal(0))]
    measured = np.array([[57.0, 29.0, 100.0]])
    for text, wanted in (
        ('if(reached("k0") < 57, 1, 2)', "2.0"),
        ('if(reached("k1") >= 29, 1, 2)', "1.0"),
        ('if(reached("k0") + reached("k1") == 86, 1, 2)', "1.0"),
        ('if(reached("k0") - reached("k1") > 28, 1, 2)', "2.0"),
        ("if(total * 2 == 143, 1, 2)", "1.0"),
        ('round(reached("k0") / 6)', "10.0"),
        ('coalesce(1 / (reached("k0") - 57), 3)', "3.0"),
    ):
        weighed = [(Fraction(weight), Rule()) for weight in (25, 25, 50)]
        card = compiled(weighed, bands, formula=bound(text, lines(3)))
        people = population(card.rules, measured, np.full((1, 3), 100.0))
        assert scores(card, people).value(0) == referred(card, people, 0).value == Decimal(wanted), text


def test_measured_values_compare_as_they_were_written():
    """Everybody exactly on target with a decimal of their own: no reference is needed to see that it is reached."""
    bands = [Band("All", Decimal(0))]
    formula = bound('if(actual("k0") >= target("k0") and actual("k0") != 0.3, 99, total)', lines(1))
    card = compiled([(Fraction(100), Rule())], bands, formula=formula)
    measured = np.arange(1, 1001).reshape(-1, 1) / 10
    found = scores(card, population(card.rules, measured, measured))
    assert [found.value(person) for person in (0, 2, 999)] == [Decimal("99.0"), Decimal("100.0"), Decimal("99.0")]
    assert found.decided_exactly == 0


def test_people_on_the_cap_of_a_comparison_need_no_reference():
    """A thousand people with figures of their own, all beyond the cap: what stands on it is exact, so 120 is reached."""
    bands = [Band("All", Decimal(0))]
    formula = bound('if(reached("k0") >= 120, 99, total)', lines(1))
    card = compiled([(Fraction(100), Rule())], bands, formula=formula)
    people = population(card.rules, np.arange(1000.0).reshape(-1, 1) + 130.0, np.full((1000, 1), 100.0))
    found = scores(card, people)
    assert {found.value(person) for person in range(1000)} == {Decimal("99.0")}
    assert found.decided_exactly == 0


def test_the_same_figures_are_asked_of_the_reference_once(monkeypatch):
    """Everybody of a department has its figures: on the threshold exactly, the reference answers once for all."""
    asked = []
    monkeypatch.setattr("workflows.scoring.columns.referred", lambda *what: asked.append(what) or referred(*what))
    bands = [Band("All", Decimal(0), Decimal(60)), Band("High", Decimal(60))]
    formula = bound('if(reached("k0") < 60, 0, total)', lines(1))
    card = compiled([(Fraction(100), Rule())], bands, formula=formula)
    people = population(card.rules, np.full((5000, 1), 0.6), np.full((5000, 1), 1.0))
    found = scores(card, people)
    assert set(found.units) == {600}
    assert band_of(Decimal("60.0"), bands) == "High"
    assert (len(asked), found.decided_exactly) == (1, 5000)
