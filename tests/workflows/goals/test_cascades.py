"""A change that flows down: what is proposed, what owners say, that it goes on, and that it can be undone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from tests.workflows.goals.conftest import hidden, key_of, redefined, together
from workflows.goals import cascades, closing, proposed, reading, sharing
from workflows.goals.results import read

COMPANY = "Right the first time: pass rate of 95 %"
OUTPUT = "Output at 90 % of plan with fewer rejects"


def below(*rows):
    return [(read([{"id": n, "title": "r", "unit": "cars", **row}])[0], share) for n, (row, share) in enumerate(rows)]


def shared(parts, method="share", unit="cars"):
    return [float(x) for x in sharing.proposals(Decimal(100), Decimal(130), unit, parts, method)]


def test_a_change_is_divided_by_shares_by_the_past_or_evenly():
    rows = ({"target": 60, "start": 0, "current": 20}, {"target": 40, "start": 0, "current": 10})
    assert shared(below((rows[0], Decimal(60)), (rows[1], Decimal(40)))) == [78, 52]
    assert shared(below((rows[0], Decimal(60)), (rows[1], None))) == [78, 52]
    assert shared(below((rows[0], None), (rows[1], None))) == [75, 55]
    assert shared(below((rows[0], None), (rows[1], None)), "history") == [80, 50]
    assert shared(below((rows[0], Decimal(60)), (rows[1], None)), unit="%") == [90, 70]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=7), st.integers(-500, 500))
def test_what_is_divided_adds_up_to_the_cent(brought, change):
    parts = below(*(({"target": 10, "start": 0, "current": n}, None) for n in brought))
    for method in sharing.METHODS:
        found = sharing.proposals(Decimal(100), Decimal(100) + Decimal(change) / 3, "cars", parts, method)
        moved = sum(found) - 10 * len(parts)
        assert abs(moved - round(Decimal(change) / 3, 2)) <= Decimal("0.01")


def goal(firm, title, account="hana"):
    return firm.read(reading.one, firm.actor(account), key_of(firm, title))


def target(firm, title):
    return goal(firm, title).results[0].target


@pytest.fixture
def begun(firm):
    key = key_of(firm, COMPANY)
    result = firm.read(reading.one, firm.actor("hana"), key).results[0].id
    made = firm.write(cascades.begin, "hana", key, result, target="97", method="share", reason="A new customer asks")
    return firm.read(proposed.cascade, firm.actor("hana"), made)


def decide(firm, account, proposal, decision, **more):
    return firm.write(cascades.decide, account, proposal.id, decision, version=proposal.version, **more)


def test_the_owner_below_hears_of_it_and_nothing_is_taken_without_a_word(firm, begun):
    assert [(p.goal.title, p.before, p.proposed, p.state) for p in begun.proposals] == [(OUTPUT, 95, 97, "open")]
    assert (target(firm, COMPANY), target(firm, OUTPUT)) == (97, 95)
    assert firm.news("derek")[-1] == "goal_proposed"
    waiting, _begun = firm.read(proposed.of_goal, firm.actor("derek"), goal(firm, OUTPUT))
    assert [one.id for one in waiting] == [begun.proposals[0].id]


def test_accepted_it_is_the_target_and_is_decided_once(firm, begun):
    [proposal] = begun.proposals
    decide(firm, "derek", proposal, "accepted")
    assert target(firm, OUTPUT) == 97
    assert firm.news("hana")[-1] == "goal_accepted"
    with pytest.raises(StaleVersion):
        decide(firm, "derek", proposal, "accepted")
    with pytest.raises(Conflict):
        firm.write(cascades.decide, "derek", proposal.id, "accepted")


def test_a_key_result_below_without_a_target_is_left_alone(firm):
    level, number = key_of(firm, OUTPUT)
    redefined(firm, level, lambda document: document["properties"]["key_results"]["items"].update(required=["title"]))
    own = goal(firm, OUTPUT).results
    firm.change(
        level,
        number,
        key_results=[*({"id": one.id} for one in own), {"title": "Open", "unit": own[0].unit, "kpi": own[0].kpi}],
    )
    key = key_of(firm, COMPANY)
    result = goal(firm, COMPANY).results[0]
    made = firm.write(cascades.begin, "hana", key, result.id, target="97", method="share", reason="Asked")
    found = firm.read(proposed.cascade, firm.actor("hana"), made)
    assert [one.result_id for one in found.proposals] == [own[0].id]


def test_adapting_and_disputing_need_a_reason(firm, begun):
    [proposal] = begun.proposals
    for decision, more in (
        ("adapted", {"target": "96"}),
        ("disputed", {}),
        ("adapted", {"reason": "x", "target": "y"}),
    ):
        with pytest.raises(Invalid):
            decide(firm, "derek", proposal, decision, **more)
    decide(firm, "derek", proposal, "disputed", reason="The press is old")
    assert target(firm, OUTPUT) == 95
    firm.write(cascades.decide, "derek", proposal.id, "adapted", target="96", reason="As far as it goes")
    assert target(firm, OUTPUT) == 96


def test_only_who_may_change_the_goal_decides(firm, begun):
    for account in ("emma", "sofia", "liwei"):
        with pytest.raises((NotAllowed, NotFound)):
            decide(firm, account, begun.proposals[0], "accepted")
    with pytest.raises(NotAllowed):
        firm.write(cascades.undo, "derek", begun.id)


def test_who_may_not_see_key_results_reads_no_targets_in_changes_either(firm, begun):
    [seen] = firm.read(proposed.cascade, firm.actor("emma"), begun.id).proposals
    assert (seen.goal.title, seen.before, seen.proposed) == (OUTPUT, 95, 97)
    hidden(firm, key_of(firm, OUTPUT)[0], "key_results")
    [seen] = firm.read(proposed.cascade, firm.actor("emma"), begun.id).proposals
    assert seen.goal is None
    hidden(firm, key_of(firm, COMPANY)[0], "key_results")
    for way, number in ((proposed.cascade, begun.id), (proposed.proposal, seen.id)):
        with pytest.raises(NotFound):
            firm.read(way, firm.actor("emma"), number)
    assert firm.read(proposed.page, firm.actor("emma")) == ([], False)
    assert firm.read(proposed.of_goal, firm.actor("emma"), goal(firm, COMPANY, "emma")) == ([], [])
    assert firm.read(proposed.of_goal, firm.actor("hana"), goal(firm, COMPANY))[1] == [begun.id]


def test_undone_every_target_is_what_it_was_unless_somebody_changed_it_since(firm, begun):
    decide(firm, "derek", begun.proposals[0], "accepted")
    firm.write(cascades.undo, "hana", begun.id)
    assert (target(firm, COMPANY), target(firm, OUTPUT)) == (95, 95)
    [proposal] = firm.read(proposed.cascade, firm.actor("hana"), begun.id).proposals
    assert proposal.state == "undone"
    with pytest.raises(Conflict):
        firm.write(cascades.undo, "hana", begun.id)


class TestAtOnce:
    """PostgreSQL alone: SQLite has one writer at a time."""

    @pytest.fixture(params=["postgresql"])
    def database_kind(self, request, needs):
        needs(request.param)
        return request.param

    def test_what_an_owner_accepts_while_it_is_undone_is_undone_too(self, firm, begun):
        [proposal] = begun.proposals
        derek, hana = firm.actor("derek"), firm.actor("hana")
        together(
            firm,
            lambda s: cascades.decide(s, firm.catalog, derek, proposal.id, "accepted", now=firm.now),
            lambda s: cascades.undo(s, firm.catalog, hana, begun.id, now=firm.now),
        )
        assert (target(firm, COMPANY), target(firm, OUTPUT)) == (95, 95)


def waits(firm, account):
    """What waits for somebody's word: in their list, and on the page of the goal."""
    listed = firm.read(proposed.waiting, firm.actor(account))
    shown, _begun = firm.read(proposed.of_goal, firm.actor(account), goal(firm, OUTPUT, account))
    return [one.id for one in listed], [one.id for one in shown]


def test_a_goal_that_is_over_takes_no_new_target_and_nothing_waits_for_it(firm, begun):
    [proposal] = begun.proposals
    key = key_of(firm, OUTPUT)
    result = goal(firm, OUTPUT).results[0].id
    assert waits(firm, "derek") == ([proposal.id], [proposal.id])
    firm.write(closing.close, "derek", key, score="0.5", reason="So be it", explanation="Late parts")
    listed = firm.read(proposed.waiting, firm.actor("derek"))
    over = firm.read(reading.one, firm.actor("derek"), key)
    assert (listed, firm.read(proposed.of_goal, firm.actor("derek"), over)) == ([], ([], []))
    with pytest.raises(Conflict):
        decide(firm, "derek", proposal, "accepted")
    with pytest.raises(Conflict):
        firm.write(cascades.begin, "derek", key, result, target="96", method="share", reason="x")
    firm.write(closing.reopen, "hana", key, reason="Once more")
    assert waits(firm, "derek") == ([proposal.id], [proposal.id])


def test_a_proposal_for_a_key_result_that_was_taken_out_waits_no_longer(firm, begun):
    key = key_of(firm, OUTPUT)
    firm.change(key[0], key[1], key_results=[{"title": "Another", "target": 5, "start": 0}])
    assert waits(firm, "derek") == ([], [])


def test_a_target_changed_in_a_form_flows_down_too_and_once(firm):
    key = key_of(firm, COMPANY)
    firm.change(key[0], key[1], key_results=[{"id": goal(firm, COMPANY).results[0].id, "target": 96}])
    firm.settle()
    firm.settle()
    waiting, _none = firm.read(proposed.of_goal, firm.actor("derek"), goal(firm, OUTPUT))
    assert [(one.before, one.proposed) for one in waiting] == [(95, 96)]
    firm.write(cascades.decide, "derek", waiting[0].id, "accepted")
    firm.settle()
    with Session(firm.engine) as session:
        assert len(session.execute(cascades.cascades.select()).all()) == 1
