"""Expected progress: exact, never falling, straight without a season and by it with one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.pace import AT_RISK, BEHIND, NOT_BEGUN, ON_TRACK, OVERDUE, by_points, expected, status

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


POINTS = [(date(2026, 3, 31), Decimal(10)), (date(2026, 9, 30), Decimal(70))]


def test_own_points_are_met_on_their_days_and_straight_between_them():
    assert [by_points(*YEAR, day, POINTS) for day, _share in POINTS] == [Fraction(1, 10), Fraction(7, 10)]
    between = date(2026, 3, 31) + timedelta(days=61)
    assert by_points(*YEAR, between, POINTS) == Fraction(1, 10) + Fraction(6, 10) * Fraction(61, 183)
    assert by_points(*YEAR, date(2025, 12, 31), POINTS) == 0
    assert by_points(*YEAR, date(2026, 12, 31), POINTS) == 1


@given(first=DAYS, length=st.integers(0, 400), at=st.integers(-5, 410), steps=st.lists(st.integers(1, 90), max_size=6))
def test_own_points_begin_at_nothing_end_at_all_and_never_fall(first, length, at, steps):
    last, day = first + timedelta(length), first + timedelta(at)
    points = [(first + timedelta(sum(steps[:n])), Decimal(100 * n) / len(steps)) for n in range(1, len(steps) + 1)]
    now, next_day = (by_points(first, last, d, points) for d in (day, day + timedelta(1)))
    assert 0 <= now <= next_day <= 1
    if not points:
        assert now == expected(first, last, day)


def test_the_gap_says_how_it_stands_and_the_window_whether_it_counts():
    middle = date(2026, 7, 2)

    def at(gap, day=middle):
        return status(Fraction(60 - gap, 100), *YEAR, day, Fraction(60, 100))

    assert [at(gap) for gap in (-10, 5, 6, 20, 21)] == [ON_TRACK, ON_TRACK, AT_RISK, AT_RISK, BEHIND]
    assert status(Fraction(0), *YEAR, date(2025, 12, 31), Fraction(0)) == NOT_BEGUN
    assert status(Fraction(1, 10), *YEAR, date(2025, 12, 31), Fraction(0)) == ON_TRACK
    assert status(Fraction(99, 100), *YEAR, date(2027, 1, 1), Fraction(1)) == OVERDUE
    assert status(Fraction(1), *YEAR, date(2027, 1, 1), Fraction(1)) == ON_TRACK
    assert status(None, *YEAR, middle, Fraction(1, 2)) == ""
    assert status(None, *YEAR, date(2027, 1, 1), Fraction(1)) == OVERDUE
