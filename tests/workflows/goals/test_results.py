"""Progress of key results and goals: exact, between 0 and 1, no data never 0."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.goals.results import read, rolled_up


def result(**values):
    return read([{"id": 1, "title": "x", "target": 10, **values}])[0]


@pytest.mark.parametrize(
    ("values", "progress"),
    [
        ({"start": 0, "current": 4}, Fraction(2, 5)),
        ({"start": 4, "current": 4}, 0),
        ({"start": 0, "current": 14}, 1),
        ({"start": 20, "current": 15, "direction": "lower"}, Fraction(1, 2)),
        ({"start": 20, "current": 30, "direction": "lower"}, 0),
        ({"start": 0, "current": 11, "high": 12, "direction": "range"}, 1),
        ({"start": 0, "current": 17, "high": 12, "direction": "range"}, Fraction(1, 2)),
        ({"start": 0, "current": 9, "direction": "binary"}, 0),
        ({"start": 0, "current": 10, "direction": "binary"}, 1),
        ({"start": 0, "current": 3, "direction": "milestone"}, Fraction(3, 10)),
        ({"start": 0}, None),
    ],
)
def test_a_key_result_is_as_far_as_its_direction_says(values, progress):
    assert result(**values).progress() == progress


def two(rule, **second):
    return rolled_up(rule, [result(start=0, current=10, weight=1), result(start=0, current=2, weight=3, **second)])


def test_a_goal_takes_its_results_together_by_its_rule():
    assert two("mean") == Decimal("0.40")
    assert two("worst") == Decimal("0.20")
    assert two("sum") == Decimal("0.40")


def test_what_has_no_data_takes_its_weight_along_except_in_a_sum():
    silent = [result(start=0, current=10), result(start=0)]
    assert [rolled_up(rule, silent) for rule in ("mean", "worst", "sum")] == [1, 1, Decimal("0.50")]
    assert rolled_up("mean", [result(start=0)]) is None
    assert rolled_up("mean", []) is None


def test_goals_below_feed_a_result_that_asks_for_them():
    assert rolled_up("mean", [result(fed_by="children")], Fraction(3, 4)) == Decimal("0.75")


numbers = st.integers(-1000, 1000)


@given(st.lists(st.tuples(numbers, numbers, numbers, st.integers(0, 9)), min_size=1, max_size=5))
def test_progress_never_leaves_its_bounds_and_the_mean_lies_between(rows):
    results = [
        result(start=start, target=target, current=current, weight=weight) for start, target, current, weight in rows
    ]
    found = {rule: rolled_up(rule, results) for rule in ("mean", "worst", "sum")}
    assert all(value is None or 0 <= value <= 1 for value in found.values())
    if found["mean"] is not None and found["worst"] is not None:
        assert found["worst"] <= found["mean"]
