"""A checklist starts by itself: for newcomers, by their plans, once; it is ticked off by whoever may."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import records
from metadata.access import system
from metadata.errors import NotAllowed, NotFound
from metadata.records import Filter, Query
from workflows import tours
from workflows.onboarding import plans, start, tasks
from workflows.training import attendance, enrolments
from workflows.training.attendance import Mark

SYSTEM = system("test")


def hire(company, number="E9001", **values) -> int:
    given = {
        "number": number,
        "name": f"New {number}",
        "name_zh": "新人",
        "hired_on": "2026-11-23",
        "account": number.lower(),
    }
    with_department = {"department": unit(company, "PRD-A"), **given, **values}
    return company.create("employee", **with_department)


def unit(company, code: str) -> int:
    return found(company, "department", code=code)[0].id


def found(company, name, /, **wanted):
    query = Query(tuple(Filter(field, "eq", value) for field, value in wanted.items()), page_size=100)
    return company.read(records.select, name, SYSTEM, query).rows


def steps(company, employee: int) -> list[tuple[str, str]]:
    return sorted((str(r["due_on"]), r["title"]) for r in found(company, "onboarding_task", employee=employee))


class TestStart:
    def test_gives_the_steps_of_every_plan_that_fits_with_dates_from_the_day_of_hiring(self, company):
        worker, seller = hire(company), hire(company, "E9002", department=unit(company, "SAL-E"))
        company.settle()
        assert ("2026-11-30", "Safety at the line") in steps(company, worker)
        assert [len(steps(company, person)) for person in (worker, seller)] == [7, 5]
        assert company.news("e9001") == ["onboarding_started"]

    def test_happens_once_however_often_the_event_arrives(self, company):
        person = hire(company)
        company.settle()
        company.write(lambda s, c, _actor, now: start.start(s, c, [person], since=now, now=now), "hana")
        company.change("employee", person, position=found(company, "position", code="OPR")[0].id)
        company.settle()
        assert (len(steps(company, person)), company.news("e9001")) == (7, ["onboarding_started"])

    def test_leaves_out_whoever_is_no_newcomer_or_has_left(self, company):
        old = hire(company, hired_on="2026-10-01")
        gone = hire(company, "E9002", status="left", left_on="2026-11-24")
        company.settle()
        assert steps(company, old) == steps(company, gone) == []

    def test_catches_up_when_account_and_department_come_later_and_keeps_what_hr_removed_away(self, company):
        person = hire(company, account=None, department=unit(company, "SAL-E"))
        company.settle()
        removed = found(company, "onboarding_task", employee=person, title="Collect badge and work clothes")[0].id
        company.write(lambda s, c, a, now: records.remove(s, c, "onboarding_task", a, removed, now=now), "hana")
        company.change("employee", person, account="mei", department=unit(company, "PRD-A"))
        company.settle()
        assert company.news("mei") == ["onboarding_started"]
        assert len(steps(company, person)) == 6

    def test_of_two_hundred_costs_as_many_statements_as_of_two(self, company):
        people = [hire(company, f"E{9100 + i}", account=None) for i in range(60)]
        statements, counts = company.statements(), []
        for some in (people[:2], people[2:]):
            statements.clear()
            company.write(lambda s, c, _a, now, some=some: start.start(s, c, some, since=now, now=now), "hana")
            counts.append(len(statements))
        assert counts[0] == counts[1]
        assert len(steps(company, people[-1])) == 7

    def test_ignores_plans_that_are_out_of_use(self, company):
        for plan in found(company, "onboarding_plan"):
            company.change("onboarding_plan", plan.id, active=False)
        person = hire(company)
        company.settle()
        assert (steps(company, person), company.news("e9001")) == ([], [])


@given(
    parents=st.dictionaries(st.integers(1, 6), st.none() | st.integers(1, 6), max_size=6),
    plan=st.builds(
        plans.Plan, st.just(1), *[st.none() | st.integers(1, 3)] * 2, st.none() | st.sampled_from(["en", "zh"])
    ),
    person=st.builds(
        plans.Newcomer,
        st.just(1),
        st.just(date(2026, 1, 1)),
        *[st.none() | st.integers(1, 3)] * 2,
        st.sampled_from(["en", "zh"]),
    ),
)
def test_a_plan_fits_when_each_of_its_limits_does_and_a_circle_of_departments_ends(parents, plan, person):
    home, line = person.department, set()
    while home is not None and home not in line:
        line.add(home)
        home = parents.get(home)
    limits = [
        plan.position is None or plan.position == person.position,
        not plan.language or plan.language == person.language,
        plan.department is None or plan.department in line,
    ]
    assert plans.fits(plan, person, parents) == all(limits)


class TestTick:
    @pytest.fixture
    def emma(self, company) -> int:
        """Emma counts as new, so that each side of the company has an actor."""
        person = company.person("emma")
        company.change("employee", person, hired_on="2026-11-20")
        company.settle()
        return person

    def task(self, company, employee: int, title: str) -> records.Record:
        return found(company, "onboarding_task", employee=employee, title=title)[0]

    def test_is_for_the_person_their_head_trainers_and_hr(self, company, emma):
        badge = self.task(company, emma, "Collect badge and work clothes").id
        for account in ("emma", "derek", "tariq", "hana"):
            for done in (True, True, False):
                company.write(tasks.tick, account, badge, done=done)
        with pytest.raises(NotAllowed):
            company.write(tasks.tick, "audrey", badge, done=True)
        for account in ("sofia", "liwei"):
            with pytest.raises(NotFound):
                company.write(tasks.tick, account, badge, done=True)
        assert self.task(company, emma, "Collect badge and work clothes")["status"] == "open"

    def test_a_course_and_a_tour_tick_themselves_off_and_nobody_their_own(self, company, emma):
        course, tour = (self.task(company, emma, t).id for t in ("Safety at the line", "Your week in Plumbline"))
        for task in (course, tour):
            with pytest.raises(NotAllowed):
                company.write(tasks.tick, "emma", task, done=True)
        held = company.meeting(course="SAFE-1")
        company.write(enrolments.enrol, "tariq", held, [emma])
        company.write(attendance.record, "tariq", held, [Mark(emma, present=True)], complete=True)
        company.write(tours.move, "emma", "my_week", state="done", step=4)
        states = [self.task(company, emma, t)["status"] for t in ("Safety at the line", "Your week in Plumbline")]
        assert states == ["done", "done"]

    def test_shows_progress_to_those_who_may_see_it(self, company, emma):
        company.write(tasks.tick, "emma", self.task(company, emma, "Collect badge and work clothes").id, done=True)
        boards = {
            account: {
                p.name: (p.done, p.total) for p in company.read(tasks.board, company.actor(account), company.now.date())
            }
            for account in ("hana", "tariq", "audrey", "derek", "sofia", "liwei")
        }
        assert {account: board.get("Emma Clarke") for account, board in boards.items()} == {
            **dict.fromkeys(("hana", "tariq", "audrey", "derek"), (1, 7)),
            **dict.fromkeys(("sofia", "liwei")),
        }
        assert len(company.read(tasks.checklist, company.actor("derek"), emma)) == 7
        with pytest.raises(NotFound):
            company.read(tasks.checklist, company.actor("liwei"), emma)
