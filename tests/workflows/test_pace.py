"""Expected progress: exact, never falling, straight without a season and by it with one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.pace import expected

DAYS = st.dates(date(2023, 1, 1), date(2029, 12, 31))
CURVES = st.lists(st.integers(0, 40), min_size=12, max_size=12).map(lambda shares: [Decimal(s) / 4 for s in shares])
YEAR = date(2026, 1, 1), date(2026, 12, 31)


@given(first=DAYS, length=st.integers(0, 800), at=st.integers(-5, 810), curve=st.one_of(st.just([]), CURVES))
def test_begins_at_nothing_ends_at_all_and_never_falls(first, length, at, curve):
    last, day = first + timedelta(length), first + timedelta(at)
    now, next_day = (expected(first, last, d, curve) for d in (day, day + timedelta(1)))
    assert 0 <= now <= next_day <= 1
    assert expected(first, last, first - timedelta(1), curve) == 0
    assert expected(first, last, last, curve) == 1


@settings(max_examples=30, deadline=None)
@given(first=DAYS, length=st.integers(0, 400), cut=st.integers(0, 800), curve=CURVES)
def test_the_days_of_a_window_add_up_to_it(first, length, cut, curve):
    last = first + timedelta(length)
    days = [first + timedelta(n) for n in range(-1, length + 1)]
    steps = [expected(first, last, b, curve) - expected(first, last, a, curve) for a, b in pairwise(days)]
    assert sum(steps) == 1
    assert sum(steps[: min(cut, length) + 1]) == expected(first, last, first + timedelta(min(cut, length)), curve)


def test_without_a_season_every_day_weighs_the_same():
    assert expected(*YEAR, date(2026, 7, 2)) == Fraction(183, 365)


def test_a_season_moves_the_months_and_spreads_them_over_their_days():
    curve = [Decimal(100), *[Decimal(0)] * 11]
    assert expected(*YEAR, date(2026, 1, 10), curve) == Fraction(10, 31)
    assert expected(*YEAR, date(2026, 1, 31), curve) == 1
    assert expected(date(2026, 2, 1), date(2026, 2, 28), date(2026, 2, 7), curve) == Fraction(1, 4), "nothing to go by"
