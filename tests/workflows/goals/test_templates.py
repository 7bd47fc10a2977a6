"""Goals from a template: who gets which, once; what is taken back; what a template refuses. On the demo company."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.workflows.goals.conftest import key_of
from workflows import jobs, store
from workflows.goals import check_ins, closing, levels, reading
from workflows.goals.templates import asking, giving, recipients, undoing
from workflows.goals.templates.asking import Wanted
from workflows.goals.templates.recipients import Asked

START, END = date(2026, 12, 1), date(2027, 5, 31)
OUTPUT = "Output at 90 % of plan with fewer rejects"
LEVEL = "objective_individual"
OBJECTIVES = [
    {
        "title": "Safe work of {name} in {department}",
        "title_zh": "{department} {name} 的安全工作",
        "commitment": "committed",
    },
    {
        "title": "Ideas of the first month",
        "commitment": "aspirational",
        "visibility": "unit",
        "begins_after": 1,
        "lasts": 30,
        "share": 5,
    },
]
RESULTS = [
    {
        "objective": 1,
        "title": "Near misses reported",
        "title_zh": "上报未遂事件",
        "start": 0,
        "target": 4,
        "unit": "reports",
    },
    {"objective": 1, "title": "Accidents", "direction": "lower", "start": 3, "target": 0, "unit": "accidents"},
    {"objective": 2, "title": "Ideas", "start": 0, "target": 2, "unit": "ideas"},
]


def template(firm, **values):
    given = {"name": "Safety", "name_zh": "安全", "objectives": OBJECTIVES, "key_results": RESULTS, "shared": True}
    return firm.create("goal_template", **{**given, **values})


def unit(firm, code):
    table = firm.catalog["department"].table.c
    with Session(firm.engine) as session:
        return session.execute(select(table.id).where(table.code == code)).scalar_one()


def asked(firm, number, code="PRD-A", *, parent=None, people=None, **more):
    who = {"without_account": True, **(people or {})}
    return Wanted(number, Asked(unit(firm, code), **who), START, END, parent, **more)


def goals_of(firm, account, *, titles=None):
    """The running goals of somebody that begin in the period, as they are stored."""
    table = firm.catalog[LEVEL].table.c
    with Session(firm.engine) as session:
        mine = table.owner == firm.person(account), table.period_start >= START, table._removed_at.is_(None)
        ids = list(session.execute(select(table.id).where(*mine).order_by(table.id)).scalars())
    return [firm.read(reading.one, firm.actor("hana"), (LEVEL, number)) for number in ids]


def given(firm, account, wanted):
    made = firm.write(giving.start, account, wanted)
    firm.settle()
    return firm.read(lambda session, _catalog: giving.load(session, made))


def test_everybody_of_a_department_gets_the_goals_of_the_template_in_their_own_words(firm):
    number = template(firm)
    seen = firm.write(asking.preview, "derek", asked(firm, number, parent=key_of(firm, OUTPUT)))
    assert seen.whole
    assert firm.read(lambda session, _catalog: jobs.count_visible(session, firm.actor("derek"))) == 0
    done = given(firm, "derek", asked(firm, number, parent=key_of(firm, OUTPUT)))
    assert done.people["given"] == len(seen.of("gets"))
    assert done.people.get("refused", 0) == len(seen.of("refused"))
    assert done.goals == {"given": 2 * len(seen.of("gets"))}
    assert len(seen.of("gets")) >= 40
    safety, ideas = goals_of(firm, "emma")
    assert safety.title == "Safe work of Emma Clarke in Assembly shop"
    assert [r.title for r in safety.results] == ["Near misses reported", "Accidents"]
    assert [(r.start, r.target, r.direction) for r in safety.results] == [(0, 4, "higher"), (3, 0, "lower")]
    assert (safety.start, safety.end, safety.status) == (START, END, "active")
    assert (ideas.start, ideas.end) == (date(2026, 12, 2), date(2026, 12, 31))
    assert (ideas.commitment, ideas.visibility) == ("aspirational", "unit")
    record = firm.read(records.find, LEVEL, firm.actor("hana"), ideas.key[1], language="zh")
    assert (record["parent"], record["share"]) == (key_of(firm, OUTPUT)[1], 5)
    chinese = firm.read(reading.one, firm.actor("hana"), safety.key, "zh")
    assert chinese.title.startswith("装配车间")


def test_each_is_told_once_however_many_goals_and_the_giver_not(firm):
    number = template(firm)
    given(firm, "derek", asked(firm, number, "PRD"))
    assert firm.news("emma").count("goals_given") == 1
    assert "goals_given" not in firm.news("derek")
    assert len(goals_of(firm, "derek")) == 2


def test_given_twice_it_changes_nothing_and_another_period_is_another_giving(firm):
    number = template(firm)
    first = given(firm, "derek", asked(firm, number))
    with pytest.raises(Invalid):
        firm.write(giving.start, "derek", asked(firm, number))
    seen = firm.write(asking.preview, "hana", asked(firm, number, "PRD"))
    assert len(seen.of("has")) == first.people["given"]
    wider = given(firm, "hana", asked(firm, number, "PRD"))
    assert wider.people["has"] == first.people["given"]
    assert len(goals_of(firm, "emma")) == 2
    later = Wanted(number, asked(firm, number).people, date(2027, 6, 1), date(2027, 12, 31))
    assert given(firm, "derek", later).people["given"] == first.people["given"]


def test_goals_that_were_removed_one_by_one_can_be_given_again(firm):
    number = template(firm)
    given(firm, "derek", asked(firm, number))
    for goal in goals_of(firm, "emma"):
        _remove(firm, goal)
    assert given(firm, "derek", asked(firm, number)).people["given"] == 1
    assert len(goals_of(firm, "emma")) == 2


def _remove(firm, goal):
    actor = firm.actor("hana")
    firm.write(lambda s, c, _a, now: records.remove(s, c, goal.key[0], actor, goal.key[1], now=now), "hana")


def test_who_has_left_has_no_account_or_is_out_of_reach_is_named_with_the_reason(firm):
    number = template(firm)
    gone = firm.people(60)[-1]
    firm.change("employee", gone, status="left", left_on="2026-11-30", department=unit(firm, "PRD-A"))
    seen = firm.write(asking.preview, "derek", asked(firm, number, "PRD", people={"without_account": False}))
    assert {one.candidate.person.account for one in seen.of("gets")} == {"derek", "emma"}
    reasons = {one.candidate.person.id: one.problems[0].message for one in seen.of("refused")}
    assert reasons.pop(gone) == recipients.GONE
    assert set(reasons.values()) == {recipients.NO_ACCOUNT}
    with pytest.raises(Invalid) as nobody:
        firm.write(asking.preview, "derek", asked(firm, number, "SAL"))
    assert nobody.value.problems[0].pointer == "/department"


def test_only_those_positions_and_only_that_department(firm):
    table = firm.catalog["position"].table.c
    with Session(firm.engine) as session:
        leads = session.execute(select(table.id).where(table.code == "LEAD")).scalar_one()
    number = template(firm)
    found = firm.write(asking.preview, "derek", asked(firm, number, "PRD", people={"positions": (leads,)}))
    assert [v.candidate.person.words["en"]["position"] for v in found.of("gets")] == ["Team lead"] * 3
    alone = firm.write(asking.preview, "derek", asked(firm, number, "PRD", people={"below": False}))
    assert {v.candidate.person.words["en"]["department"] for v in alone.verdicts} == {"Production"}


def test_five_sides(firm):
    number = template(firm, shared=False)
    for account in ("emma", "liwei", "tariq", "derek"):
        with pytest.raises((NotFound, NotAllowed)):
            firm.write(asking.preview, account, asked(firm, number))
    for account in ("audrey",):
        with pytest.raises((NotFound, NotAllowed)):
            firm.write(giving.start, account, asked(firm, number))
    mine = template(firm, name="Assembly", shared=False, department=unit(firm, "PRD-A"))
    assert len(firm.write(asking.preview, "derek", asked(firm, mine)).of("gets")) >= 40
    with pytest.raises(NotFound):
        firm.write(asking.preview, "sofia", asked(firm, mine))
    done = given(firm, "derek", asked(firm, mine))
    for account, sees in (("hana", True), ("derek", True), ("audrey", True), ("sofia", False), ("emma", False)):
        actor = firm.actor(account)
        if sees:
            assert firm.read(lambda s, _c, actor=actor: giving.find(s, actor, done.id)).id == done.id
        else:
            with pytest.raises(NotFound):
                firm.read(lambda s, _c, actor=actor: giving.find(s, actor, done.id))


def test_undone_as_a_whole_except_what_somebody_worked_on(firm):
    number = template(firm)
    done = given(firm, "derek", asked(firm, number, parent=key_of(firm, OUTPUT)))
    safety, ideas = goals_of(firm, "emma")
    firm.write(check_ins.check_in, "emma", safety.key, safety.results[0].id, value="1", confidence="on_track")
    for account in ("audrey", "sofia"):
        with pytest.raises((NotAllowed, NotFound)):
            firm.write(undoing.undo, account, done.id)
    firm.write(undoing.undo, "derek", done.id)
    firm.settle()
    left = firm.read(lambda s, _c: giving.load(s, done.id))
    assert left.goals == {"kept": 1, "undone": done.goals["given"] - 1}
    assert left.people["kept"] == 1
    [kept] = firm.read(lambda s, _c: giving.goals_in(s, done.id, ("kept",), 10))
    assert kept.key == safety.key
    assert kept.problems[0].message == undoing.CHECKED_IN
    assert [goal.key for goal in goals_of(firm, "emma")] == [safety.key]
    with pytest.raises(Conflict):
        firm.write(undoing.undo, "derek", done.id)
    actor = firm.actor("hana")
    firm.write(lambda s, c, _a, now: records.restore(s, c, LEVEL, actor, ideas.key[1], now=now), "hana")
    again = given(firm, "hana", asked(firm, number))
    assert again.people["has"] == 1
    assert again.people["given"] == done.people["given"] - 1


def test_taking_back_that_was_cancelled_is_begun_again(firm):
    done = given(firm, "derek", asked(firm, template(firm)))
    for _time in range(2):
        job = firm.write(undoing.undo, "derek", done.id)
        with pytest.raises(Conflict):
            firm.write(undoing.undo, "derek", done.id)
        firm.write(lambda s, _c, actor, number, now: jobs.cancel(s, number, actor, now), "derek", job)
    assert firm.read(lambda s, _c: giving.load(s, done.id)).goals == {"waiting": done.goals["given"]}
    assert firm.read(lambda s, _c: undoing.may_undo(s, firm.actor("derek"), giving.load(s, done.id)))
    firm.write(undoing.undo, "derek", done.id)
    firm.settle()
    assert firm.read(lambda s, _c: giving.load(s, done.id)).goals == {"undone": done.goals["given"]}
    with pytest.raises(Conflict):
        firm.write(undoing.undo, "derek", done.id)


def test_what_was_taken_back_is_not_given_again_by_the_job_that_failed(firm, monkeypatch):
    monkeypatch.setattr(giving, "CHUNK_GOALS", 4)
    number = firm.write(giving.start, "derek", asked(firm, template(firm)))
    job = firm.read(lambda s, _c: giving.load(s, number)).job_id
    firm.write(lambda s, c, actor, now: giving.run(s, jobs.load(s, job), c, actor, now), "derek")
    failed = update(store.jobs).where(store.jobs.c.id == job).values(state="failed")
    firm.write(lambda s, _c, _actor, now: s.execute(failed), "derek")
    firm.write(undoing.undo, "derek", number)
    firm.settle()
    before = firm.read(lambda s, _c: giving.load(s, number))
    assert before.goals == {"undone": 4}
    firm.write(lambda s, _c, actor, now: jobs.retry(s, job, actor, now), "derek")
    firm.settle()
    assert firm.read(lambda s, _c: giving.load(s, number)) == before
    assert firm.read(lambda s, _c: jobs.load(s, job)).state == "done"


def test_a_goal_above_that_is_over_takes_nothing_more(firm):
    above = key_of(firm, OUTPUT)
    number = template(firm, parent=above[1])
    assert firm.read(asking.plan, firm.actor("hana"), asked(firm, number)).above.key == above
    firm.write(closing.close, "hana", above, score="0.5", reason="So be it", explanation="Late parts")
    assert firm.read(asking.plan, firm.actor("hana"), asked(firm, number)).above is None
    with pytest.raises(Invalid) as refused:
        firm.read(asking.plan, firm.actor("hana"), asked(firm, number, parent=above))
    assert [one.pointer for one in refused.value.problems] == ["/parent"]


def test_the_newest_goals_are_offered_above(firm, monkeypatch):
    monkeypatch.setattr(asking, "MOST_ABOVE", 1)
    given = {"period_start": "2026-07-01", "period_end": "2026-12-31", "commitment": "committed", "status": "active"}
    firm.create("objective_department", title="Newest", department=unit(firm, "PRD"), **given)
    offered = firm.read(asking.above, firm.actor("hana"), levels.level_of(firm.catalog, LEVEL))
    assert [goal.title for goal in offered] == ["Newest"]


def test_a_template_says_what_is_wrong_with_it(firm):
    def wrong(parent=None, **values):
        with pytest.raises(Invalid) as refused:
            firm.write(asking.preview, "hana", asked(firm, template(firm, name="T", **values), parent=parent))
        return [problem.message for problem in refused.value.problems]

    one = {"objective": 1, "title": "R", "unit": "x"}
    assert wrong(key_results=[{**one, "objective": 3, "target": 1}])[0].startswith("The key result “%(title)s” names")
    assert wrong(key_results=[one])[0].endswith("or a share of the target above.")
    assert wrong(key_results=[{**one, "target": 1, "target_share": 1}])[0].endswith("keep one of them.")
    assert "no goal above measures the same" in wrong(key_results=[{**one, "target_share": 10}])[0]
    assert (
        "a place that nobody knows"
        in wrong(objectives=[{"title": "{wage}", "commitment": "committed"}], key_results=[])[0]
    )
    assert "begin after the period" in wrong(objectives=[{**OBJECTIVES[1], "begins_after": 400}], key_results=[])[0]
    assert "there is not" in wrong(level="objective_nowhere")[0]
    assert "belong to no person" in wrong(level="objective_company")[0]


def test_a_period_at_the_end_of_the_calendar_is_refused(firm):
    for last in ("9999-12-31", "9985-01-01"):
        with pytest.raises(Invalid) as refused:
            given = {"period_start": f"{last[:4]}-01-01", "period_end": last}
            firm.read(asking.read_period, firm.actor("hana"), given)
        assert refused.value.problems[0].pointer == "/period_end"


def test_a_target_can_be_a_share_of_the_one_above(firm):
    above = key_of(firm, OUTPUT)
    kpi = {"objective": 1, "title": "Pass rate", "kpi": "pass_rate", "unit": "%", "target_share": 50, "fed_by": "kpi"}
    number = template(firm, objectives=OBJECTIVES[:1], key_results=[kpi], parent=above[1])
    given(firm, "derek", asked(firm, number))
    [goal] = goals_of(firm, "emma")
    assert [(r.target, r.kpi) for r in goal.results] == [(Decimal("47.50"), "pass_rate")]


def test_a_title_that_grows_too_long_for_somebody_refuses_that_person_alone(firm):
    name = {"title": "{name} " * 12 + "x" * 100, "commitment": "committed"}
    number = template(firm, objectives=[OBJECTIVES[1], name], key_results=[])
    seen = firm.write(asking.preview, "derek", asked(firm, number))
    done = given(firm, "derek", asked(firm, number))
    assert done.people["refused"] == len(seen.of("refused"))
    assert done.people.get("given", 0) == len(seen.of("gets"))
    assert done.goals.get("given", 0) == 2 * len(seen.of("gets"))
