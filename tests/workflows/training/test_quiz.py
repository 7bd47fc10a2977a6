"""What comes before a course, for how long it counts, and the quiz: nothing told beforehand, everything kept."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.errors import Conflict, Invalid, NotFound
from workflows.store import quiz_attempts
from workflows.training import attendance, enrolments, quiz, reading
from workflows.training.attendance import Mark

QUESTIONS = [
    {"question": "Guard open?", "first": "Go on", "second": "Stop the line", "correct": 2},
    {"question": "Who locks out?", "first": "Whoever repairs", "second": "The head", "third": "Nobody", "correct": 1},
]


def course(company, code="SAFE-1"):
    table = company.catalog["course"].table.c
    with Session(company.engine) as session:
        return session.execute(select(table.id).where(table.code == code)).scalar_one()


def complete(company, person, code="SAFE-1", hours=-3.0):
    held = company.meeting(hours=hours, course=code)
    company.write(enrolments.enrol, "hana", held, [person], waived="test")
    company.write(attendance.record, "hana", held, [Mark(person, present=True)], complete=True)
    return held


def place_in(company, person, held):
    places = company.read(reading.places_of, company.actor("hana"), person)
    return next(place for place in places if place.session == held)


@pytest.fixture
def chained(company):
    """PROD-2 comes after PROD-1."""
    company.change("course", course(company, "PROD-2"), prerequisites=[course(company, "PROD-1")])
    return company


class TestWhatComesBefore:
    def test_is_asked_of_everybody_and_told_by_name(self, chained):
        emma, held = chained.person("emma"), chained.meeting(hours=5, course="PROD-2")
        for account, service, more in (("tariq", enrolments.enrol, [[emma]]), ("emma", enrolments.join, [])):
            with pytest.raises(Invalid) as error:
                chained.write(service, account, held, *more)
            assert [p.pointer for p in error.value.problems] == ["/employees/0"]
            assert "Emma Clarke has not completed" in error.value.problems[0].text
            assert "Product knowledge, basics" in error.value.problems[0].text
        complete(chained, emma, "PROD-1")
        chained.write(enrolments.join, "emma", held)

    def test_counts_no_more_when_it_has_expired(self, chained):
        emma = chained.person("emma")
        chained.change("course", course(chained, "PROD-1"), validity_months=1)
        complete(chained, emma, "PROD-1")
        with pytest.raises(Invalid):
            chained.write(enrolments.join, "emma", chained.meeting(hours=24 * 60, course="PROD-2"))
        chained.write(enrolments.join, "emma", chained.meeting(hours=24 * 20, course="PROD-2"))

    def test_hr_alone_may_do_without_and_says_why(self, chained):
        emma, held = chained.person("emma"), chained.meeting(hours=5, course="PROD-2")
        with pytest.raises(Invalid) as error:
            chained.write(enrolments.enrol, "tariq", held, [emma], waived="she knows")
        assert [p.pointer for p in error.value.problems] == ["/waived"]
        chained.write(enrolments.enrol, "hana", held, [emma], waived="ten years of practice")
        assert chained.read(enrolments.places, held)[emma]["waived"] == "ten years of practice"

    def test_never_leads_back_to_the_course_itself(self, chained):
        first, second = course(chained, "PROD-1"), course(chained, "PROD-2")
        for path in ([second], [course(chained, "SALE-1"), second], [first]):
            with pytest.raises(Invalid) as error:
                chained.change("course", first, prerequisites=path)
            assert [p.pointer for p in error.value.problems] == ["/prerequisites"]
        with Session(chained.engine) as session, pytest.raises(Invalid) as error:
            rows = [{"code": "PROD-1", "prerequisites": [second]}]
            records.merge_many(
                session, chained.catalog, "course", access.system(), rows, now=chained.now, key=("code",), form="python"
            )
        assert "/prerequisites" in error.value.problems[0].pointer


class TestValidity:
    def test_a_completion_expires_when_its_months_are_over(self, company):
        emma = company.person("emma")
        place = place_in(company, emma, complete(company, emma))
        until = place.valid_until
        assert until == reading.months_later(company.now.date(), 12)
        days = {until + timedelta(1): "expired", until: "soon", until - timedelta(61): "valid"}
        assert {day: place.validity(day) for day in days} == days


@pytest.fixture
def quizzed(company):
    company.change("course", course(company), quiz=QUESTIONS, pass_mark=100)
    return company


def hand_in(company, *choices, account="emma", version=None):
    paper = company.read(quiz.paper, company.actor(account), course(company))
    return company.write(
        attendance.hand_in_quiz, account, course(company), dict(enumerate(choices)), version=version or paper.version
    )


class TestQuiz:
    def test_is_for_those_with_a_place_and_tells_no_right_answer(self, quizzed):
        for account in ("liwei", "hana", "tariq", "audrey"):
            with pytest.raises(NotFound):
                quizzed.read(quiz.paper, quizzed.actor(account), course(quizzed))
        quizzed.write(enrolments.enrol, "hana", quizzed.meeting(hours=5), [quizzed.person("emma")])
        paper = quizzed.read(quiz.paper, quizzed.actor("emma"), course(quizzed))
        assert (paper.key, [question for question, _choices in paper.questions]) == (
            (),
            ["Guard open?", "Who locks out?"],
        )
        assert paper.questions[0][1] == [(1, "Go on"), (2, "Stop the line")]
        for account in ("emma", "derek", "audrey"):
            actor = quizzed.actor(account)
            assert "quiz" not in [f.name for f in access.readable_somewhere(actor, quizzed.catalog["course"])]
            found = quizzed.read(records.find, "course", actor, course(quizzed))
            assert "Stop the line" not in json.dumps(found.values, default=str)

    def test_keeps_every_attempt_and_tells_the_answers_once_passed(self, quizzed):
        quizzed.write(enrolments.enrol, "hana", quizzed.meeting(hours=5), [quizzed.person("emma")])
        assert (hand_in(quizzed, 2, 3).passed, hand_in(quizzed, 2, 1).passed) == (False, True)
        paper = quizzed.read(quiz.paper, quizzed.actor("emma"), course(quizzed))
        assert [(a.correct, a.passed, a.wrong) for a in paper.attempts] == [(2, True, ()), (1, False, (1,))]
        assert list(paper.key) == [2, 1]
        with Session(quizzed.engine) as session:
            assert session.execute(select(quiz_attempts.c.answers).order_by(quiz_attempts.c.id)).scalars().all() == [
                [2, 3],
                [2, 1],
            ]

    @pytest.mark.parametrize("choices", [(2,), (2, 9), (0, 0)])
    def test_names_the_questions_without_an_answer_and_keeps_nothing(self, quizzed, choices):
        quizzed.write(enrolments.enrol, "hana", quizzed.meeting(hours=5), [quizzed.person("emma")])
        with pytest.raises(Invalid) as error:
            hand_in(quizzed, *choices)
        assert "/answers/1" in [p.pointer for p in error.value.problems]
        with pytest.raises(Conflict):
            hand_in(quizzed, 2, 1, version=999)
        with Session(quizzed.engine) as session:
            assert session.execute(select(quiz_attempts.c.id)).all() == []

    def test_completes_only_who_came_and_passed_before_or_afterwards(self, quizzed):
        emma, liwei = quizzed.person("emma"), quizzed.person("liwei")
        held = quizzed.meeting()
        quizzed.write(enrolments.enrol, "hana", held, [emma, liwei])
        hand_in(quizzed, 2, 1, account="liwei")
        marks = [Mark(emma, present=True), Mark(liwei, present=True)]
        quizzed.write(attendance.record, "hana", held, marks, complete=True)
        assert quizzed.states(held) == {emma: "attended", liwei: "completed"}
        hand_in(quizzed, 1, 1)
        assert quizzed.states(held)[emma] == "attended"
        hand_in(quizzed, 2, 1)
        assert quizzed.states(held)[emma] == "completed"
        assert "training_completed" in quizzed.news("emma")
        assert place_in(quizzed, emma, held).validity(date(2026, 11, 25)) == "valid"
