"""The pace of goals: which line a key result follows, what its goal makes of it, and the day that counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import waypoints
from workflows.goals import pacing
from workflows.goals.reading import Goal
from workflows.goals.results import read

YEAR = date(2026, 1, 1), date(2026, 12, 31)
HALF = date(2026, 7, 2)
ICE = [Decimal(share) for share in (0, 0, 0, 10, 10, 20, 30, 30, 0, 0, 0, 0)]


def goal(*rows, progress="0.5", **more):
    results = read([{"id": n, "title": "r", "target": 100, **row} for n, row in enumerate(rows, 1)])
    plain = Goal(("objective_company", 1), "Goal", 1, progress=Decimal(progress), results=results)
    return replace(plain, **{"start": YEAR[0], "end": YEAR[1], "status": "active", **more})


def stands(found, day=HALF, curves=None):
    paces = pacing.of_goal(found, day, curves or {})
    return paces.goal.status, [paces.results[one.id].status for one in found.results]


def test_a_key_result_follows_its_points_else_the_season_of_its_kpi_else_a_straight_line():
    own = {"current": 50, "kpi": "ice", "curve": "2026-07-02=60"}
    found = goal(own, {"current": 50, "kpi": "ice"}, {"current": 50, "kpi": "other"})
    paces = pacing.of_goal(found, HALF, {"ice": ICE}).results
    assert [paces[n].source for n in (1, 2, 3)] == ["own", "season", "straight"]
    assert [paces[n].expected for n in (1, 2, 3)] == [
        Fraction(60, 100),
        Fraction(40, 100) + Fraction(30, 100) * Fraction(2, 31),
        Fraction(183, 365),
    ]


def test_a_goal_is_held_against_what_its_key_results_should_have_reached_by_the_same_rule():
    ahead, late = {"current": 90, "curve": "2026-07-02=90"}, {"current": 10, "curve": "2026-07-02=50"}
    assert stands(goal(ahead, late, progress="0.50")) == ("at_risk", ["on_track", "behind"])
    assert stands(goal(ahead, late, progress="0.10", rollup="worst")) == ("behind", ["on_track", "behind"])
    assert stands(goal(ahead, {"current": None}, progress="0.90")) == ("on_track", ["on_track", ""])
    assert stands(goal(progress="0.20")) == ("behind", [])


@pytest.mark.parametrize(
    ("rule", "progress", "ahead", "status"),
    [("mean", "0.50", 0.5, "on_track"), ("worst", "0.10", 0.5, "behind"), ("sum", "0.50", 0.5, "on_track")],
)
def test_what_goals_below_bring_counts_in_what_is_expected_too(rule, progress, ahead, status):
    fed = {"fed_by": "children"}
    found = goal({"start": 0, "current": 90}, fed, progress=progress, rollup=rule)
    paces = pacing.of_goal(found, HALF, {}).goal
    assert (paces.progress, float(paces.expected), paces.status) == (
        Fraction(progress),
        pytest.approx(ahead, abs=0.005),
        status,
    )
    silent = goal({"start": 0, "current": 90}, fed, progress={"sum": "0.45"}.get(rule, "0.90"), rollup=rule)
    expected = pacing.of_goal(silent, HALF, {}).goal.expected
    assert float(expected) == pytest.approx(0.25 if rule == "sum" else 0.5, abs=0.005), "nothing came from below"


def test_what_weighs_nothing_makes_no_goal_late():
    found = goal({"start": 0, "current": 90}, {"start": 0, "current": 0, "weight": 0}, progress="0.90", rollup="worst")
    assert stands(found) == ("on_track", ["on_track", "behind"])


def test_a_goal_past_its_end_is_overdue_and_one_before_it_has_not_begun():
    found = goal({"current": 99}, progress="0.99")
    assert stands(found, date(2027, 1, 1)) == ("overdue", ["overdue"])
    assert stands(goal({"current": 0}, progress="0"), date(2025, 12, 1)) == ("not_begun", ["not_begun"])
    assert pacing.of_goal(goal(start=None), HALF, {}) == pacing.Paces()


def test_a_goal_that_is_over_keeps_the_status_of_its_last_day():
    found = goal({"current": 50}, status="done", touched=HALF)
    assert stands(found, date(2028, 1, 1)) == ("on_track", ["on_track"])
    late = replace(found, touched=date(2027, 3, 1))
    assert stands(late, date(2028, 1, 1)) == ("behind", ["behind"]), "judged on the last day of its window"


def test_the_line_of_a_chart_begins_at_nothing_and_ends_at_all():
    found = goal({"current": 50, "curve": "2026-03-15=40"})
    way = pacing.line(found, found.results[0], {})
    assert (way[0], way[-1]) == ((date(2025, 12, 31), 0), (date(2026, 12, 31), 1))
    assert (date(2026, 3, 15), Fraction(40, 100)) in way
    assert [share for _day, share in way] == sorted(share for _day, share in way)


@pytest.mark.parametrize(
    "window",
    [
        {"end": date.max},
        {"start": date(9999, 12, 1), "end": date(9999, 12, 15)},
        {"start": date.min, "end": date(2, 1, 1)},
        {"end": date(2206, 12, 31)},
    ],
)
def test_a_window_beyond_every_plan_has_no_pace_and_no_line(window):
    found = goal({"current": 50, "kpi": "ice"}, **window)
    assert pacing.of_goal(found, HALF, {"ice": ICE}) == pacing.Paces()
    assert pacing.line(found, found.results[0], {"ice": ICE}) == []


@given(st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.decimals(0, 100, places=2)), max_size=10))
def test_points_that_are_written_read_the_same(points):
    assert waypoints.read(waypoints.written(points)) == tuple(points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soon", waypoints.UNREADABLE),
        ("2026-10-31", waypoints.UNREADABLE),
        ("2026-10-31=120", waypoints.UNREADABLE),
        ("2026-02-30=20", waypoints.UNREADABLE),
        ("2026-10-31=50, 2026-11-30=40", waypoints.FALLS),
        ("2026-10-31=50, 2026-10-31=60", waypoints.FALLS),
    ],
)
def test_points_that_cannot_be_followed_are_refused(text, message):
    assert [problem.message for problem in waypoints.problems(text, "/curve")] == [message]
