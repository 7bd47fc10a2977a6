"""The nearest scorecard on each day: a person's stints against a slow, obvious reference that asks day by day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workflows.cycles.people import Tree, Unit
from workflows.scorecards.applying import Calendar, Place, Scope, Stint, nearest

UNITS = Tree({1: Unit(1, None, None), 2: Unit(2, 1, None), 3: Unit(3, 2, None), 4: Unit(4, 1, None)})
FIRST, LAST = date(2026, 1, 1), date(2026, 2, 9)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
ME = 9

some_day = st.integers(-10, 50).map(lambda n: FIRST + timedelta(days=n))
maybe = st.none() | some_day
kinds = st.tuples(
    st.sampled_from((None, None, ME, 10)), st.sampled_from((None, None, 7, 8)), st.sampled_from((None, 1, 2, 3, 4))
)


@st.composite
def worlds(draw):
    scopes = [Scope(key, *draw(kinds), draw(maybe), draw(maybe)) for key in range(1, draw(st.integers(0, 6)) + 1)]
    begins = sorted(draw(st.lists(some_day, max_size=4, unique=True)))
    where = st.tuples(st.sampled_from((1, 2, 3, 4)), st.sampled_from((None, 7, 8)))
    places = [Place(draw(st.none() | st.just(FIRST - timedelta(days=99))), *draw(where))]
    places += [Place(begin, *draw(where)) for begin in begins]
    return scopes, places, draw(some_day)


def day_by_day(scopes, places, hired_on):
    """For each day of the span: where the person was, and the nearest of the scorecards in force on it."""
    found = {}
    for day in DAYS:
        been = [place for place in places if place.since is None or place.since <= day]
        if day < hired_on or not been:
            continue
        place = been[-1]
        in_force = [s for s in scopes if (s.start or day) <= day <= (s.end or day)]
        card = nearest(in_force, UNITS, ME, place.position, place.department)
        found[day] = (place.department, place.position, card)
    return found


@given(worlds())
def test_every_day_has_the_place_and_the_card_that_asking_day_by_day_gives(world):
    scopes, places, hired_on = world
    stints = Calendar(scopes, UNITS, FIRST, LAST).stints(ME, places, hired_on)
    told = {}
    for stint in stints:
        for n in range(stint.days):
            told[stint.start + timedelta(days=n)] = (stint.department, stint.position, stint.card)
    assert told == day_by_day(scopes, places, hired_on)
    assert sum(stint.days for stint in stints) == len(told)  # no day twice
    for before, after in pairwise(stints):  # no cut where nothing changed
        assert (before.department, before.position, before.card) != (after.department, after.position, after.card)


def test_a_transfer_and_a_new_scorecard_cut_on_their_own_days():
    scopes = [Scope(1, None, None, 2, end=date(2026, 1, 20)), Scope(2, None, None, 2, start=date(2026, 1, 21))]
    scopes.append(Scope(3, None, None, 4))
    places = [Place(None, 3, None), Place(date(2026, 2, 1), 4, 7)]
    assert Calendar(scopes, UNITS, FIRST, LAST).stints(ME, places, FIRST) == [
        Stint(FIRST, date(2026, 1, 20), 3, None, 1),
        Stint(date(2026, 1, 21), date(2026, 1, 31), 3, None, 2),
        Stint(date(2026, 2, 1), LAST, 4, 7, 3),
    ]


def test_a_scorecard_and_a_place_at_the_ends_of_the_calendar_are_no_trouble():
    scopes = [Scope(1, None, None, None, None, date.max)]
    places = [Place(None, 1, None), Place(date.min, 2, None)]
    found = Calendar(scopes, UNITS, FIRST, LAST).stints(ME, places, FIRST)
    assert found == [Stint(FIRST, LAST, 2, None, 1)]
    assert Calendar(scopes, UNITS, FIRST, date.max).stints(ME, places, FIRST) == [Stint(FIRST, date.max, 2, None, 1)]
