"""The level says how key results are taken together; an objective says otherwise only with a reason."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from metadata import publish, records
from metadata.access import system
from metadata.engine import publishing, writing
from metadata.errors import Invalid
from metadata.parser import thawed
from tests.workflows.goals.conftest import key_of
from workflows.goals import reading, rules

LEVEL = "objective_company"


def ruled(firm, rule):
    """The level with another rule, published."""
    document = thawed(firm.catalog[LEVEL].definition.document)
    document["x-okr"]["rollup"] = rule
    with publishing(), Session(firm.engine) as session, session.begin():
        firm.catalog = publish.publish(
            session, firm.catalog, [document], actor=system("test"), comment="t", now=firm.now
        )


def follow(firm):
    with writing(), Session(firm.engine) as session, session.begin():
        return rules.follow(session, firm.catalog, firm.now)


def two_results(firm):
    """A goal of the level with two key results, at 20 % and at 80 %."""
    rows = [{"title": "a", "target": 100, "current": 20}, {"title": "b", "target": 100, "current": 80}]
    given = {"period_start": "2026-07-01", "period_end": "2026-12-31", "commitment": "committed", "status": "active"}
    number = firm.create(LEVEL, title="Two", key_results=rows, **given)
    firm.settle()
    return number


def goal(firm, number):
    return firm.read(reading.one, firm.actor("hana"), (LEVEL, number))


def test_another_rule_of_the_level_moves_all_of_its_goals(firm):
    number = two_results(firm)
    follow(firm)
    assert (goal(firm, number).rollup, goal(firm, number).progress) == ("mean", Decimal("0.50"))
    ruled(firm, "worst")
    assert follow(firm) > 0
    assert (goal(firm, number).rollup, goal(firm, number).progress) == ("worst", Decimal("0.20"))
    assert follow(firm) == 0


def test_an_objective_says_otherwise_only_with_a_reason(firm):
    number = two_results(firm)
    with pytest.raises(Invalid) as refused:
        firm.change(LEVEL, number, rollup="worst")
    assert [problem.pointer for problem in refused.value.problems] == ["/rollup_reason"]
    firm.change(LEVEL, number, rollup="mean")
    firm.change(LEVEL, number, rollup="worst", rollup_reason="Both lines must hold")
    firm.settle()
    assert (goal(firm, number).rollup, goal(firm, number).progress) == ("worst", Decimal("0.20"))
    firm.change(LEVEL, number, rollup="sum")
    with pytest.raises(Invalid):
        firm.change(LEVEL, number, rollup_reason=None)
    with writing(), Session(firm.engine) as session, session.begin():
        changes = [records.Change(number, {"rollup": "worst", "rollup_reason": ""})]
        with pytest.raises(Invalid):
            records.change_many(session, firm.catalog, LEVEL, system("t"), changes, now=firm.now)


def test_what_was_stored_before_there_were_reasons_goes_on_working(firm):
    number = two_results(firm)
    table = firm.catalog[LEVEL].table
    for stored, level, in_force in (("worst", "mean", "worst"), ("sum", "worst", "sum"), ("mean", "worst", "worst")):
        with writing(), Session(firm.engine) as session, session.begin():
            session.execute(update(table).where(table.c.id == number).values(rollup=stored))
        ruled(firm, level)
        assert goal(firm, number).rollup == in_force, (stored, level)
        firm.change(LEVEL, number, title=f"Two, {stored}")


def test_an_own_curve_that_cannot_be_followed_stops_at_its_field(firm):
    key = key_of(firm, "Right the first time: pass rate of 95 %")
    result = firm.read(reading.one, firm.actor("hana"), key).results[0].id
    with pytest.raises(Invalid) as refused:
        firm.change(key[0], key[1], key_results=[{"id": result, "curve": "in spring"}])
    assert [problem.pointer for problem in refused.value.problems] == ["/key_results/0/curve"]
    firm.change(key[0], key[1], key_results=[{"id": result, "curve": "2026-10-31=20"}])
