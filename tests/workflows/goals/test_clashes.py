"""The rules of clashes on goals of the mind, and on the demo company: the planted one is found, nothing harmless is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.errors import Invalid, NotAllowed
from tests.workflows.goals.conftest import key_of
from workflows.goals import clashes, closing, finding
from workflows.goals.aligned import Edge
from workflows.goals.clashes import Field, Resource, Reward
from workflows.goals.reading import Goal
from workflows.goals.results import read

TOP, LOW, INDIVIDUAL = "objective_company", "objective_department", "objective_individual"


def goal(number, *results, level=LOW, needs=(), months=(1, 6), unit=1):
    rows = [{"id": n, "title": "r", "start": 0, "target": 10, **row} for n, row in enumerate(results, 1)]
    return Goal(
        (level, number),
        f"Goal {number}",
        1,
        unit_id=unit,
        start=date(2026, months[0], 1),
        end=date(2026, months[1], 28),
        results=read(rows),
        demands=tuple((n, Decimal(amount)) for n, amount in needs),
    )


def found(*goals, edges=(), **more):
    links = tuple(
        Edge((LOW, low), (TOP if high < 10 else LOW, high), share if share is None else Decimal(share))
        for low, high, share in edges
    )
    whole = Field(
        {g.key: g for g in goals}, links, aligned=frozenset(g.key for g in goals), tops=frozenset({TOP}), **more
    )
    return [(f.rule, tuple(side[1] for side in f.sides)) for f in clashes.find(whole)]


def kpi(direction, **more):
    return {"kpi": "cost", "direction": direction, "target": 5, **more}


def test_one_kpi_pulled_both_ways_at_the_same_time():
    assert found(goal(11, kpi("higher")), goal(12, kpi("lower"))) == [("opposite", (11, 12))]
    assert found(goal(11, kpi("higher")), goal(12, kpi("lower"), months=(7, 9))) == []
    assert found(goal(11, kpi("higher", kpi_filter="line=1")), goal(12, kpi("lower", kpi_filter="line=2"))) == []
    assert found(goal(11, kpi("higher")), goal(12, kpi("higher"))) == []


def test_more_of_a_resource_than_there_is_on_one_day():
    resources = {1: Resource(1, "Line 2", Decimal(100))}
    pair = [goal(11, needs=[(1, 60)]), goal(12, needs=[(1, 50)])]
    assert found(*pair, resources=resources) == [("resource", (11, 12))]
    later = [goal(11, needs=[(1, 60)]), goal(12, needs=[(1, 50)], months=(7, 9))]
    assert found(*later, resources=resources) == []
    assert found(goal(11, needs=[(1, 60)]), goal(12, needs=[(1, 40)]), resources=resources) == []


@pytest.mark.parametrize(
    ("above", "below", "shares", "short"),
    [
        ({}, [{}, {}], (60, 30), True),
        ({}, [{}, {}], (60, 40), False),
        ({}, [{}, {}], (60, None), False),
        ({"target": 100, "unit": "cars"}, [{"target": 60, "unit": "cars"}, {"target": 30, "unit": "cars"}], (None, None), True),
        ({"target": 100, "unit": "cars"}, [{"target": 60, "unit": "cars"}, {"target": 40, "unit": "cars"}], (None, None), False),
        ({"target": 95, "unit": "%", "kpi": "q"}, [{"target": 94, "unit": "%", "kpi": "q"}] * 2, (None, None), True),
        ({"target": 95, "unit": "%", "kpi": "q"}, [{"target": 96, "unit": "%", "kpi": "q"}, {}], (None, None), False),
    ],
)  # fmt: skip
def test_goals_below_that_cannot_add_up(above, below, shares, short):
    children = [goal(11 + n, row) for n, row in enumerate(below)]
    edges = [(child.key[1], 1, share) for child, share in zip(children, shares, strict=True)]
    rules = [rule for rule, _sides in found(goal(1, above, level=TOP), *children, edges=edges)]
    assert ("short" in rules) == short


def test_one_result_counted_twice():
    both = [goal(1, level=TOP), goal(2, level=TOP), goal(11)]
    assert found(*both, edges=[(11, 1, 60), (11, 2, 60)])[-1] == ("twice", (11, 1, 2))
    assert [rule for rule, _ in found(*both, edges=[(11, 1, 50), (11, 2, 50)])] == ["short", "short"]
    round_about = [goal(1, level=TOP), *(goal(n) for n in (11, 12, 13))]
    edges = [(11, 12, None), (11, 13, None), (12, 1, None), (13, 1, None)]
    assert ("twice", (11, 12, 13, 1)) in found(*round_about, edges=edges)
    siblings = [goal(1, level=TOP), goal(11, kpi("higher")), goal(12, kpi("higher"))]
    assert ("twice", (1, 11, 12)) in found(*siblings, edges=[(11, 1, None), (12, 1, None)])


def test_what_a_scorecard_rewards_and_a_goal_forbids():
    reward = Reward("Production", 3, "cost", "higher", Decimal(40), 1)
    assert found(goal(11, kpi("lower")), rewards=[reward]) == [("rewarded", (11,))]
    assert found(goal(11, kpi("lower"), unit=2), rewards=[reward]) == []
    assert found(goal(11, kpi("higher")), rewards=[reward]) == []


def test_a_goal_below_the_top_without_one_above():
    assert [f.rule for f in clashes.find(Field({g.key: g for g in [goal(11), goal(1, level=TOP)]}, (), tops=frozenset({TOP})))] == ["orphan"]  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["higher", "lower"]), st.integers(1, 6), st.integers(0, 40)), max_size=6),
    st.randoms(),
)
def test_the_order_of_goals_changes_nothing_and_enough_for_all_is_no_clash(rows, chance):
    goals = [
        goal(11 + n, kpi(way), months=(month, month), needs=[(1, need)]) for n, (way, month, need) in enumerate(rows)
    ]
    capacity = Decimal(sum(need for _way, _month, need in rows))
    resources = {1: Resource(1, "Line 2", capacity)}
    shuffled = list(goals)
    chance.shuffle(shuffled)
    assert found(*goals, resources=resources) == found(*shuffled, resources=resources)
    assert "resource" not in [rule for rule, _sides in found(*goals, resources=resources)]


def halves(firm):
    """A goal of a department, and two of Emma's that bring half of it each."""
    given = {"period_start": "2026-07-01", "period_end": "2026-12-31", "commitment": "committed", "status": "active"}
    given |= {"visibility": "public", "department": firm.actor("emma").unit_id}
    parent = firm.create(LOW, title="Whole", key_results=[{"title": "Cars", "target": 100, "unit": "cars"}], **given)
    rows = [{"title": "Cars", "target": 50, "start": 0, "current": 50, "unit": "cars"}]
    more = {"owner": firm.person("emma"), "parent": parent, "share": 50, "key_results": rows}
    return parent, [firm.create(INDIVIDUAL, title=f"Half {n}", **given, **more) for n in range(2)]


def short(firm, account, parent):
    """What is missing below a goal, as somebody is told."""
    found = [one.finding for one in firm.read(finding.found, firm.actor(account))]
    return [one.figures["missing"] for one in found if one.rule == "short" and one.sides[0] == (LOW, parent)]


class TestTheDemo:
    def clashes(self, firm, account="hana"):
        everything = firm.read(finding.found, firm.actor(account))
        return [
            (one.finding.rule, {goal.title for goal in one.goals}, one) for one in everything if one.dismissed is None
        ]

    def test_has_the_planted_clash_and_no_other(self, firm):
        rules = [(rule, titles) for rule, titles, _one in self.clashes(firm)]
        assert rules == [("resource", {"Sales +50 %", "Production cost −20 %"})]

    def test_a_clash_is_dismissed_with_a_reason_and_counts_again(self, firm):
        [(_rule, _titles, one)] = self.clashes(firm)
        with pytest.raises(Invalid):
            firm.write(finding.dismiss, "derek", one.finding.fingerprint, " ")
        with pytest.raises(NotAllowed):
            firm.write(finding.dismiss, "liwei", one.finding.fingerprint, "No matter")
        firm.write(finding.dismiss, "derek", one.finding.fingerprint, "Line 3 takes the rest")
        assert self.clashes(firm) == []
        [kept] = firm.read(finding.found, firm.actor("sofia"))
        assert (kept.dismissed.reason, kept.dismissed.by) == ("Line 3 takes the rest", "derek")
        firm.write(finding.take_back, "sofia", one.finding.fingerprint)
        assert len(self.clashes(firm)) == 1

    def test_a_clash_is_the_same_one_in_every_language(self, firm):
        both = [firm.read(finding.found, firm.actor("hana"), language) for language in ("en", "zh")]
        [english], [chinese] = both
        assert english.finding.figures["resource"] != chinese.finding.figures["resource"]
        firm.write(finding.dismiss, "derek", chinese.finding.fingerprint, "Line 3 takes the rest")
        for language in ("en", "zh"):
            [kept] = firm.read(finding.found, firm.actor("hana"), language)
            assert kept.dismissed.reason == "Line 3 takes the rest", language

    def test_what_is_done_below_counts_and_what_may_not_be_seen_is_no_clash(self, firm):
        parent, (first, second) = halves(firm)
        assert short(firm, "derek", parent) == short(firm, "liwei", parent) == []
        firm.write(closing.close, "hana", (INDIVIDUAL, first), score="1", reason="Reached")
        assert short(firm, "derek", parent) == short(firm, "liwei", parent) == []
        firm.change(INDIVIDUAL, second, visibility="private")
        assert short(firm, "derek", parent) == short(firm, "liwei", parent) == []
        firm.change(INDIVIDUAL, second, visibility="public", status="dropped")
        assert short(firm, "derek", parent) == short(firm, "liwei", parent) == [50]

    def test_other_figures_are_another_clash(self, firm):
        [(_rule, _titles, one)] = self.clashes(firm)
        firm.write(finding.dismiss, "derek", one.finding.fingerprint, "Line 3 takes the rest")
        key = key_of(firm, "Sales +50 %")
        [(resource, _amount)] = one.goals[0].demands
        firm.change(key[0], key[1], demands=[{"resource": resource, "amount": 3000}])
        assert [rule for rule, _titles, _one in self.clashes(firm)] == ["resource"]
