"""Places in a session: who may give them, never too many, nobody twice, each told once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata.errors import Conflict, Invalid, NotAllowed, NotFound
from workflows.training import attendance, enrolments, reading, states
from workflows.training.attendance import Mark


def problems(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(p.pointer, p.text) for p in error.value.problems]


class TestEnrol:
    def test_gives_places_and_tells_those_who_got_one(self, company):
        held, emma = company.meeting(hours=5, capacity=5), company.person("emma")
        assert company.write(enrolments.enrol, "tariq", held, [emma, *company.people(2), emma]) == 3
        assert company.states(held)[emma] == "enrolled"
        assert company.news("emma") == ["training_enrolled"]

    def test_names_each_person_who_can_not_be_enrolled_and_enrols_nobody(self, company):
        held, emma = company.meeting(hours=5), company.person("emma")
        gone, other = company.people(2)
        company.change("employee", gone, status="left", left_on="2026-11-01")
        with pytest.raises(Invalid) as error:
            company.write(enrolments.enrol, "tariq", held, [emma, gone, 999_999, 10**30])
        assert [pointer for pointer, _text in problems(error)] == ["/employees/1", "/employees/2", "/employees/3"]
        assert "has left" in problems(error)[0][1]
        company.write(enrolments.enrol, "tariq", held, [emma])
        with pytest.raises(Invalid) as error:
            company.write(enrolments.enrol, "tariq", held, [other, emma])
        assert problems(error) == [("/employees/1", "Emma Clarke has a place already.")]
        assert company.states(held) == {emma: "enrolled"}

    def test_says_how_many_places_are_left(self, company):
        held, people = company.meeting(hours=5, capacity=3), company.people(5)
        company.write(enrolments.enrol, "tariq", held, people[:2])
        with pytest.raises(Invalid) as error:
            company.write(enrolments.enrol, "tariq", held, people[2:])
        assert problems(error) == [("/employees", "Only 1 of 3 places are free, and 3 people were chosen.")]

    def test_asks_for_somebody(self, company):
        with pytest.raises(Invalid) as error:
            company.write(enrolments.enrol, "tariq", company.meeting(), [])
        assert problems(error) == [("/employees", enrolments.NOBODY_CHOSEN)]

    def test_is_refused_in_a_cancelled_session(self, company):
        with pytest.raises(Conflict):
            company.write(enrolments.enrol, "tariq", company.meeting(status="cancelled"), company.people(1))

    @pytest.mark.parametrize("account", ["derek", "emma", "liwei", "audrey"])
    def test_of_others_is_for_trainer_and_hr(self, company, account):
        held = company.meeting(hours=5)
        with pytest.raises(NotAllowed):
            company.write(enrolments.enrol, account, held, company.people(1))
        assert company.states(held) == {}

    def test_another_trainer_s_session_is_out_of_reach_but_not_for_hr(self, company):
        course = company.create("course", code="X", title="X", delivery="online", trainer=company.person("derek"))
        held = company.create(
            "training_session",
            course=course,
            title="X",
            trainer=company.person("derek"),
            status="open",
            starts_at="2026-12-01T09:00:00+00:00",
            ends_at="2026-12-01T10:00:00+00:00",
        )
        with pytest.raises(NotAllowed):
            company.write(enrolments.enrol, "tariq", held, company.people(1))
        assert company.write(enrolments.enrol, "hana", held, company.people(1)) == 1

    def test_one_who_left_may_come_back_and_hears_of_it_again(self, company):
        held, emma = company.meeting(hours=5), company.person("emma")
        for service in (enrolments.enrol, enrolments.withdraw, enrolments.enrol):
            company.write(service, "tariq", held, [emma])
            company.now = company.now.replace(minute=company.now.minute + 1)
        assert company.states(held) == {emma: "enrolled"}
        assert company.news("emma") == ["training_enrolled", "training_withdrawn", "training_enrolled"]


class TestJoin:
    def test_and_leave_are_my_own(self, company):
        held = company.meeting(hours=5, capacity=1)
        company.write(enrolments.join, "emma", held)
        with pytest.raises(Invalid) as error:
            company.write(enrolments.join, "liwei", held)
        assert problems(error)[0][1] == "All 1 places of this session are taken."
        company.write(enrolments.leave, "emma", held)
        company.write(enrolments.join, "liwei", held)
        assert company.states(held) == {company.person("emma"): "cancelled", company.person("liwei"): "enrolled"}

    @pytest.mark.parametrize(
        "values", [{"status": "planned"}, {"status": "cancelled"}, {"status": "held"}, {"hours": -1}]
    )
    def test_waits_until_the_session_is_open_and_ends_when_it_begins(self, company, values):
        held = company.meeting(**{"hours": 5, **values})
        with pytest.raises(Conflict):
            company.write(enrolments.join, "emma", held)

    def test_leaving_a_session_that_has_begun_is_the_trainer_s_to_decide(self, company):
        held = company.meeting(hours=1)
        company.write(enrolments.join, "emma", held)
        company.now = company.now.replace(hour=company.now.hour + 2)
        with pytest.raises(Conflict):
            company.write(enrolments.leave, "emma", held)
        assert company.write(enrolments.withdraw, "tariq", held, [company.person("emma")]) == 1


def test_many_at_once_never_take_more_places_than_there_are(company):
    held, people = company.meeting(hours=5, capacity=3), company.people(8)
    refused = []

    def enrol_one(employee: int) -> None:
        try:
            company.write(enrolments.enrol, "tariq", held, [employee])
        except Invalid as error:
            refused.append(error)

    threads = [threading.Thread(target=enrol_one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(company.states(held)), len(refused)) == (3, 5)


def test_a_session_that_moves_or_is_cancelled_tells_its_people_once(company):
    held, emma = company.meeting(hours=5), company.person("emma")
    company.write(enrolments.enrol, "tariq", held, [emma])
    company.change("training_session", held, place="Room 2")
    company.settle()
    company.change("training_session", held, capacity=7)
    company.settle()
    company.change("training_session", held, status="cancelled")
    company.settle()
    company.settle()
    assert company.news("emma") == ["training_enrolled", "training_moved", "training_cancelled"]
    assert company.states(held) == {emma: "cancelled"}


class TestReading:
    def test_shows_the_people_of_a_session_to_those_who_may_see_them(self, company):
        held, emma, liwei = company.meeting(hours=5), company.person("emma"), company.person("liwei")
        company.write(enrolments.enrol, "tariq", held, [emma, liwei])
        seen = {
            account: {p.employee for p in company.read(reading.people, company.actor(account), held)}
            for account in ("tariq", "hana", "audrey", "derek", "sofia", "emma", "liwei")
        }
        both = {emma, liwei}
        assert seen == {
            **dict.fromkeys(("tariq", "hana", "audrey"), both),
            **{account: {emma} for account in ("derek", "emma")},
            **{account: {liwei} for account in ("sofia", "liwei")},
        }
        assert company.read(reading.one, company.actor("emma"), held).taken == 2

    def test_a_certificate_is_for_the_person_and_those_responsible(self, company):
        held, emma = company.meeting(course="SAFE-1"), company.person("emma")
        company.write(enrolments.enrol, "tariq", held, [emma])
        company.write(attendance.record, "tariq", held, [Mark(emma, present=True, result="passed")], complete=True)
        place = company.read(enrolments.places, held)[emma]["id"]
        for account in ("emma", "derek", "tariq", "hana", "audrey"):
            found = company.read(reading.proof, company.actor(account), place)
            assert (found.name, found.result) == ("Emma Clarke", "passed")
            assert found.valid_until.isoformat() == "2027-11-24"
        for account in ("liwei", "sofia"):
            with pytest.raises(NotFound):
                company.read(reading.proof, company.actor(account), place)

    def test_costs_the_same_for_two_as_for_a_hundred_people(self, company):
        small, large, people = company.meeting(hours=5), company.meeting(hours=5), company.people(100)
        statements, counts = company.statements(), []
        for held, who in ((small, people[:2]), (large, people)):
            statements.clear()
            company.write(enrolments.enrol, "tariq", held, who)
            company.read(reading.people, company.actor("tariq"), held)
            company.read(reading.sessions, company.actor("tariq"))
            counts.append(len(statements))
        company.now = company.now.replace(hour=23)
        for held, who in ((small, people[:2]), (large, people)):
            statements.clear()
            marks = [Mark(i, present=True) for i in who]
            company.write(attendance.record, "tariq", held, marks, complete=True)
            counts.append(len(statements))
        assert counts[0] == counts[1]
        made_and_dropped = 2 if company.engine.dialect.name == "postgresql" else 0  # the table of many rows
        assert counts[3] == counts[2] + made_and_dropped


ACTIONS = ("enrol", "withdraw", "attend", "miss", "complete", "reopen")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(ACTIONS)), max_size=14))
def test_the_services_move_places_exactly_as_the_table_says(company, steps):
    held, people = company.meeting(), company.people(3)
    services = {
        "enrol": lambda i: company.write(enrolments.enrol, "tariq", held, [i]),
        "withdraw": lambda i: company.write(enrolments.withdraw, "tariq", held, [i]),
        "attend": lambda i: company.write(attendance.record, "tariq", held, [Mark(i, present=True)]),
        "miss": lambda i: company.write(attendance.record, "tariq", held, [Mark(i, present=False)]),
        "reopen": lambda i: company.write(attendance.reopen, "tariq", held, i),
        "complete": lambda _i: company.write(attendance.record, "tariq", held, [], complete=True),
    }
    expected: dict[int, str] = {}
    for who, action in steps:
        if action == "complete":
            waiting = [s for s in expected.values() if s == "enrolled"]
            possible = not waiting and any(states.takes_a_seat(s) for s in expected.values())
            after = {i: states.after(s, "complete") or s for i, s in expected.items()}
        else:
            following = states.after(expected.get(people[who], ""), action)
            possible, after = following is not None, {**expected, people[who]: following}
        if possible:
            services[action](people[who])
            expected = after
        else:
            with pytest.raises((Invalid, Conflict, NotFound)):
                services[action](people[who])
        assert company.states(held) == expected
