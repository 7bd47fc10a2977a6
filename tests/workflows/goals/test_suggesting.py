"""A target from history: what is suggested says what it rests on; too little past suggests nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.errors import Invalid
from tests.workflows.goals.conftest import key_of
from workflows.goals import history, reading
from workflows.goals.suggesting import Period, met, suggest


def months(*values, year=2026):
    return [Period(year + n // 12, n % 12 + 1, value) for n, value in enumerate(values)]


def test_too_little_past_suggests_nothing():
    assert suggest(months(1, 2, 3), 1) is None


def test_a_rising_kpi_is_led_on_by_its_trend():
    found = suggest(months(90, 91, 92, 93), 2)
    assert (found.low, found.high) == (92, 95)
    assert (found.trend, found.ahead, found.season) == (1, 95, None)
    assert (found.met_low, found.met_high) == (0.5, 0)


def test_less_is_better_turns_the_range_round():
    found = suggest(months(10, 9, 8, 7), 1, lower=True)
    assert (found.low, found.high, found.met_high) == (6, 8, 0.5)


def test_the_season_is_the_same_month_a_year_ago_moved_on():
    found = suggest(months(*[100] * 11, 200, *[110] * 11), 1)
    assert found.season == pytest.approx(220)


def test_units_of_the_same_size_count_by_their_middle():
    assert suggest(months(90, 90, 90, 90), 1, [95, 92, 99]).peers == 95


@given(st.lists(st.floats(0, 1000), min_size=4, max_size=30), st.booleans())
def test_the_range_is_a_range_and_its_harder_end_was_met_less_often(values, lower):
    found = suggest(months(*values), 1, lower=lower)
    assert found.low <= found.high
    assert 0 <= met(values, found.low, lower=lower) <= 1
    assert (found.met_low <= found.met_high) if lower else (found.met_high <= found.met_low)


def test_the_demo_suggests_for_the_pass_rate_of_production(firm):
    key = key_of(firm, "Output at 90 % of plan with fewer rejects")
    actor = firm.actor("derek")
    goal = firm.read(reading.one, actor, key)
    found = firm.read(history.past, actor, goal, goal.results[0], date(2026, 11, 24))
    assert len(found.months) >= 12
    assert 85 < found.suggestion.low <= found.suggestion.high <= 100
    unknown = goal.results[0].__class__(**{**vars(goal.results[0]), "kpi": "nothing"})
    with pytest.raises(Invalid):
        firm.read(history.past, actor, goal, unknown, date(2026, 11, 24))
