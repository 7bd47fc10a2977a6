"""Recording who came: for everybody at once, only after the start, and nobody forgotten at the end."""

from __future__ import annotations

import pytest

from metadata.errors import Conflict, Invalid, NotAllowed, NotFound
from workflows.training import attendance, enrolments, reading
from workflows.training.attendance import Mark


@pytest.fixture
def held(company) -> int:
    return company.meeting()


def test_needs_the_session_to_have_begun(company):
    held, people = company.meeting(hours=1), company.people(1)
    company.write(enrolments.enrol, "tariq", held, people)
    with pytest.raises(Conflict):
        company.write(attendance.record, "tariq", held, [Mark(people[0], present=True)])
    assert company.states(held) == {people[0]: "enrolled"}


def test_names_those_without_a_place_and_saves_nothing(company, held):
    here, stranger = company.people(2)
    company.write(enrolments.enrol, "tariq", held, [here])
    marks = [Mark(here, present=True, result="x" * 201), Mark(stranger, present=True)]
    with pytest.raises(Invalid) as error:
        company.write(attendance.record, "tariq", held, marks)
    assert [p.pointer for p in error.value.problems] == [f"/people/{here}/result", f"/people/{stranger}"]
    assert company.states(held) == {here: "enrolled"}


def test_completing_asks_for_everybody_first_and_then_counts_for_those_who_came(company, held):
    emma, other, third = company.person("emma"), *company.people(2)
    company.write(enrolments.enrol, "tariq", held, [emma, other, third])
    with pytest.raises(Invalid) as error:
        company.write(attendance.record, "tariq", held, [Mark(emma, present=True)], complete=True)
    assert sorted(p.pointer for p in error.value.problems) == sorted([f"/people/{other}", f"/people/{third}"])
    company.write(attendance.record, "tariq", held, [Mark(emma, present=True, result="passed")])
    rest = [Mark(other, present=False), Mark(third, present=True)]
    company.write(attendance.record, "tariq", held, rest, complete=True)
    assert company.states(held) == {emma: "completed", other: "absent", third: "completed"}
    assert company.read(reading.one, company.actor("hana"), held).status == "held"
    row = company.read(enrolments.places, held)[emma]
    assert (row["completed_at"], row["result"]) == (company.now, "passed")
    assert company.news("emma")[-1] == "training_completed"


def test_a_completion_taken_back_can_be_given_again(company, held):
    emma = company.person("emma")
    company.write(enrolments.enrol, "tariq", held, [emma])
    company.write(attendance.record, "tariq", held, [Mark(emma, present=True)], complete=True)
    with pytest.raises(Invalid):
        company.write(attendance.record, "tariq", held, [Mark(emma, present=False)])
    company.write(attendance.reopen, "tariq", held, emma)
    with pytest.raises(NotFound):
        company.write(attendance.reopen, "tariq", held, 999_999)
    company.write(attendance.record, "tariq", held, [Mark(emma, present=False)])
    assert company.states(held) == {emma: "absent"}


@pytest.mark.parametrize("account", ["derek", "emma", "liwei", "audrey"])
def test_is_for_trainer_and_hr(company, held, account):
    emma = company.person("emma")
    company.write(enrolments.enrol, "tariq", held, [emma])
    with pytest.raises(NotAllowed):
        company.write(attendance.record, account, held, [Mark(emma, present=True)])
    with pytest.raises(NotAllowed):
        company.write(attendance.reopen, account, held, emma)
    assert company.states(held) == {emma: "enrolled"}
