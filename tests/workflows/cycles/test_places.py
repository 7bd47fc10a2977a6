"""Where somebody worked, told by the trail of the record: transfers, days entered late, corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import writing
from workflows.cycles import people, places
from workflows.cycles.places import Entered
from workflows.scorecards.applying import Place

ZONE = ZoneInfo("Asia/Shanghai")
NOBODY_MOVED = {"department": 5, "position": 7, "in_place_since": None}


def told(now, *trail):
    return places.places(now, [Entered(datetime.fromisoformat(at).replace(tzinfo=UTC), b) for at, b in trail], ZONE)


def test_who_never_moved_was_always_there():
    assert told(NOBODY_MOVED) == [Place(None, 5, 7)]


def test_a_transfer_counts_from_the_day_it_was_entered_where_the_cycle_is():
    assert told(NOBODY_MOVED, ("2026-06-30T18:00", {"department": 4})) == [
        Place(None, 4, 7),
        Place(date(2026, 7, 1), 5, 7),  # 18:00 in UTC is the next day in Shanghai
    ]


def test_the_day_that_was_given_with_it_counts_instead():
    now = {**NOBODY_MOVED, "in_place_since": date(2026, 6, 1)}
    assert told(now, ("2026-07-10T08:00", {"department": 4, "in_place_since": None})) == [
        Place(None, 4, 7),
        Place(date(2026, 6, 1), 5, 7),
    ]


def test_an_older_day_that_still_stands_says_nothing_about_the_next_transfer():
    now = {**NOBODY_MOVED, "in_place_since": date(2026, 1, 1)}
    assert told(now, ("2026-07-10T08:00", {"position": 6})) == [
        Place(date(2026, 1, 1), 5, 6),
        Place(date(2026, 7, 10), 5, 7),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 6, 1), [Place(None, 4, 7), Place(date(2026, 6, 1), 5, 7)]),
        (date(2026, 8, 1), [Place(None, 4, 7), Place(date(2026, 8, 1), 5, 7)]),
    ],
)
def test_a_day_corrected_later_moves_the_beginning(day, expected):
    now = {**NOBODY_MOVED, "in_place_since": day}
    trail = [("2026-07-10T08:00", {"department": 4}), ("2026-07-20T08:00", {"in_place_since": None})]
    assert told(now, *trail) == expected


def test_a_place_entered_by_mistake_is_forgotten_when_the_right_one_began_before_it():
    now = {**NOBODY_MOVED, "in_place_since": date(2026, 7, 1)}
    trail = [
        ("2026-07-10T08:00", {"department": 4}),  # to 6, which was wrong
        ("2026-07-12T08:00", {"department": 6, "in_place_since": None}),
    ]
    assert told(now, *trail) == [Place(None, 4, 7), Place(date(2026, 7, 1), 5, 7)]


def test_a_mistyped_day_that_is_put_right_brings_back_the_place_before_it():
    now = {"department": 6, "position": 7, "in_place_since": date(2026, 4, 11)}
    trail = [
        ("2026-01-05T08:00", {"department": 4, "in_place_since": None}),  # to 5, since that day
        ("2026-04-10T08:00", {"department": 5, "in_place_since": date(2026, 1, 5)}),  # to 6, since 2025-04-11: a typo
        ("2026-04-11T08:00", {"in_place_since": date(2025, 4, 11)}),
    ]
    assert told(now, *trail) == [Place(None, 4, 7), Place(date(2026, 1, 5), 5, 7), Place(date(2026, 4, 11), 6, 7)]


def test_a_day_that_is_cleared_leaves_the_day_on_which_the_place_was_entered():
    trail = [
        ("2026-07-10T08:00", {"department": 4, "in_place_since": None}),
        ("2026-07-20T08:00", {"in_place_since": date(2026, 2, 1)}),
    ]
    assert told(NOBODY_MOVED, *trail) == [Place(None, 4, 7), Place(date(2026, 7, 10), 5, 7)]


def test_it_is_read_from_the_records_own_trail_in_one_statement(company):
    emma, catalog = company.row("employee", account="emma"), company.catalog
    other = company.row("department", code="SAL-E")["id"]
    with writing(), Session(company.engine) as session, session.begin():
        for values in (
            {"salary": 9000},
            {"department": other, "in_place_since": "2026-08-01"},
            {"position": None},
            {"name": "Emma Zhou"},
        ):
            records.change(session, catalog, "employee", system("test"), emma["id"], values, now=company.now)
    with Session(company.engine) as session:
        staff = people.everybody(session, catalog, frozenset(company_units(company)))
        held = {one.id: one.place for one in staff}
        seen = company.statements()
        found = places.history(session, held, "Asia/Shanghai")
        assert len(seen) == 1
        assert places.history(session, {emma["id"]: held[emma["id"]]}, "Asia/Shanghai", [emma["id"]]) == {
            emma["id"]: found[emma["id"]]
        }
    today = company.now.astimezone(ZONE).date()
    assert found[emma["id"]] == [
        Place(None, emma["department"], emma["position"]),
        Place(date(2026, 8, 1), other, emma["position"]),
        Place(today, other, None),
    ]
    assert all(len(mine) == 1 for person, mine in found.items() if person != emma["id"])


def company_units(company):
    return [unit["id"] for unit in company.rows("department")]
