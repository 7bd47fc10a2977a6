"""The end of a goal: the proposed score, reasons and explanations, who closes and who opens it again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from metadata.store import audit
from tests.workflows.goals.conftest import hidden, scored_as
from workflows.goals import check_ins, closing, reading, results

LEVEL = "objective_individual"
END = date(2026, 12, 31)


def made(firm, *currents, commitment="committed", level=LEVEL, **more):
    """A goal of Emma's whose key results stand at these per cents of their way."""
    rows = [{"title": f"r{n}", "target": 100, "current": one} for n, one in enumerate(currents)]
    number = firm.create(
        level,
        title="To close",
        owner=firm.person("emma"),
        department=firm.actor("emma").unit_id,
        period_start="2026-07-01",
        period_end="2026-12-31",
        commitment=commitment,
        status="active",
        visibility="public",
        key_results=rows,
        **more,
    )
    firm.settle()
    return level, number


def goal(firm, key, account="hana"):
    return firm.read(reading.one, firm.actor(account), key)


def offer(firm, key, today=END):
    return firm.read(closing.offer, goal(firm, key), today)


def pointers(refused):
    return [problem.pointer for problem in refused.value.problems]


def test_key_results_propose_the_score_and_the_commitment_says_what_is_expected(firm):
    found = offer(firm, made(firm, 100, 60, 80))
    assert (found.score, found.expected, found.explains, found.due) == (Decimal("0.80"), 1, True, True)
    found = offer(firm, made(firm, 70, commitment="aspirational"), date(2026, 12, 30))
    assert (found.score, found.expected, found.explains, found.due) == (Decimal("0.70"), Decimal("0.7"), False, False)
    assert offer(firm, made(firm, None)).score is None
    worst = made(firm, 100, 20, rollup="worst", rollup_reason="Both must hold")
    assert offer(firm, worst).score == Decimal("0.20")


def test_a_reached_goal_is_confirmed_with_one_word_and_its_manager_hears_of_it(firm):
    key = made(firm, 100, 100)
    firm.write(closing.close, "emma", key)
    found = goal(firm, key)
    assert (found.score, found.progress, found.status) == (1, 1, "done")
    assert firm.news("derek")[-1] == "goal_closed"
    [kept] = firm.read(lambda session, _catalog: closing.of_goal(session, key))
    assert (kept.proposed, kept.score, kept.by, kept.reason) == (1, 1, "emma", "")
    with pytest.raises(Conflict):
        firm.write(closing.close, "emma", key)
    assert offer(firm, key) is None


def test_a_miss_of_what_was_committed_asks_for_an_explanation_and_another_score_for_a_reason(firm):
    key = made(firm, 60)
    with pytest.raises(Invalid) as refused:
        firm.write(closing.close, "emma", key)
    assert pointers(refused) == ["/explanation"]
    with pytest.raises(Invalid) as refused:
        firm.write(closing.close, "emma", key, score="0.9")
    assert pointers(refused) == ["/reason", "/explanation"]
    for wrong in ("1.1", "-0.1", "good", "0.555"):
        with pytest.raises(Invalid) as refused:
            firm.write(closing.close, "emma", key, score=wrong, reason="x", explanation="y")
        assert pointers(refused) == ["/score"]
    assert goal(firm, key).status == "active", "nothing was written"
    firm.write(closing.close, "emma", key, score="0.9", reason="The rest came a day later", explanation="Late parts")
    assert goal(firm, key).score == Decimal("0.90")
    assert goal(firm, key).progress == Decimal("0.60"), "progress and score are two fields"
    with Session(firm.engine) as session:
        row = session.execute(
            select(audit).where(audit.c.definition == LEVEL, audit.c.record_id == key[1]).order_by(audit.c.id.desc())
        ).first()
    assert (row.actor, row.note) == ("emma", "The rest came a day later")


def test_an_aspirational_goal_needs_no_explanation_and_one_without_data_a_reason(firm):
    key = made(firm, 30, commitment="aspirational")
    firm.write(closing.close, "emma", key)
    assert goal(firm, key).score == Decimal("0.30")
    blank = made(firm, None, commitment="aspirational")
    with pytest.raises(Invalid) as refused:
        firm.write(closing.close, "emma", blank)
    assert pointers(refused) == ["/score"]
    with pytest.raises(Invalid) as refused:
        firm.write(closing.close, "emma", blank, score="0.5")
    assert pointers(refused) == ["/reason"]
    firm.write(closing.close, "emma", blank, score="0.5", reason="As the customer said")


def test_who_closes_and_who_opens_it_again(firm):
    key = made(firm, 100)
    for account in ("sofia", "liwei", "tariq", "audrey"):
        with pytest.raises((NotAllowed, NotFound)):
            firm.write(closing.close, account, key)
    version = goal(firm, key).version
    firm.write(closing.close, "emma", key, version=version)
    for account in ("emma", "sofia", "liwei", "tariq", "audrey"):
        with pytest.raises((NotAllowed, NotFound)):
            firm.write(closing.reopen, account, key, reason="x")
    with pytest.raises(StaleVersion):
        firm.write(closing.reopen, "derek", key, reason="x", version=version)
    with pytest.raises(Invalid):
        firm.write(closing.reopen, "derek", key, reason=" ")
    firm.write(closing.reopen, "derek", key, reason="The audit found a mistake")
    found = goal(firm, key)
    assert (found.status, found.score, found.progress) == ("active", None, 1)
    assert firm.news("emma")[-1] == "goal_reopened"
    [kept] = firm.read(lambda session, _catalog: closing.of_goal(session, key))
    assert (kept.score, kept.reopened_by, kept.reopened_why) == (1, "derek", "The audit found a mistake")
    with pytest.raises(Conflict):
        firm.write(closing.reopen, "hana", key, reason="x")
    firm.write(closing.close, "emma", key)
    firm.write(closing.reopen, "hana", key, reason="Once more")


def test_who_may_not_see_score_or_key_results_reads_nothing_of_them_in_closings_and_check_ins(firm):
    key = made(firm, 50)
    said = {"value": "40", "confidence": "at_risk", "note": "The press stands still"}
    firm.write(check_ins.check_in, "emma", key, goal(firm, key).results[0].id, **said)
    firm.write(closing.close, "emma", key, score="0.2", reason="Half of it broke", explanation="I was ill")

    def seen(account):
        closings = firm.read(closing.shown, goal(firm, key, account))
        return [(one.score, one.proposed) for one in closings], firm.read(check_ins.of_goal, firm.actor(account), key)

    assert seen("liwei")[0] == [(Decimal("0.20"), Decimal("0.40"))]
    hidden(firm, LEVEL, "key_results")
    assert seen("liwei") == ([(Decimal("0.20"), None)], [])
    hidden(firm, LEVEL, "key_results", "score")
    assert seen("liwei") == ([], [])
    assert [len(part) for part in seen("emma")] == [1, 1]
    firm.write(closing.reopen, "derek", key, reason="Once more")
    assert goal(firm, key).status == "active"


def test_the_score_stands_in_the_field_that_the_level_names(firm):
    scored_as(firm, "objective_team", "mark")
    key = made(firm, 100, level="objective_team")
    firm.write(closing.close, "emma", key)
    assert goal(firm, key).score == 1
    assert [one.score for one in firm.read(closing.shown, goal(firm, key))] == [1]
    hidden(firm, "objective_team", "mark")
    assert goal(firm, key, "liwei").score is None
    assert firm.read(closing.shown, goal(firm, key, "liwei")) == []


def test_goals_below_that_feed_it_count_in_the_proposal(firm):
    child = made(firm, 50)
    row = {"title": "from below", "target": 1, "fed_by": "children"}
    given = {"period_start": "2026-07-01", "period_end": "2026-12-31", "commitment": "committed", "status": "active"}
    parent = firm.create("objective_department", title="Above", department=1, key_results=[row], **given)
    firm.change(*child, parent=parent)
    firm.settle()
    assert offer(firm, ("objective_department", parent)).score == Decimal("0.50")


def test_the_rules_take_values_together_as_they_say():
    whole = [(results.ONE, results.ONE), (results.ONE / 2, results.ONE)]
    assert [results.together(rule, whole) for rule in ("mean", "worst", "sum")] == [
        results.ONE * 3 / 4,
        results.ONE / 2,
        results.ONE * 3 / 4,
    ]
