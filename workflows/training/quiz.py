"""The quiz of a course: its questions without the right answers, attempts that are kept, and what passing brings.

Called by pages. Promises: a right answer leaves this module only after a passed attempt; whoever has no place in a
session of the course finds no quiz; each attempt is kept as it was handed in, with the version of the questions.
Where a course has a quiz, attendance completes only those who passed; whoever came and passes later is completed then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotFound, Problem
from metadata.kinds import Quiz
from metadata.records import Record
from workflows.store import quiz_attempts
from workflows.training import states
from workflows.training.meetings import COURSE, ENROLMENT, SESSION

NO_QUIZ = "There is no such quiz, or you have no place in a session of this course."
CHANGED = "The questions were changed in the meantime; please answer them anew."
UNANSWERED = "Choose an answer."
NOT_TAKEN = "Nothing was handed in yet: answer every question."
USUAL_MARK = 80


@dataclass(frozen=True)
class Attempt:
    """A quiz that was handed in; `wrong` are the places of the questions answered wrongly."""

    at: datetime
    correct: int
    total: int
    passed: bool
    wrong: tuple[int, ...] = ()


@dataclass(frozen=True)
class Paper:
    """What a person sees: each question with its choices. `key` has the right ones only once they have passed."""

    course_id: int
    version: int
    titles: Mapping[str, str]
    questions: Sequence[tuple[str, Sequence[tuple[int, str]]]]
    mark: int
    attempts: Sequence[Attempt]
    key: Sequence[int] = ()

    @property
    def passed(self) -> bool:
        """Whether one attempt was good enough."""
        return any(attempt.passed for attempt in self.attempts)


def paper(session: Session, catalog: Catalog, actor: Actor, course_id: int) -> Paper:
    """The quiz for a person with a place; raises NotFound for everybody else."""
    quiz, course = _course(session, catalog, actor, course_id)
    t = quiz_attempts.c
    mine = (t.course_id == course_id, t.person_id == actor.person_id)
    rows = session.execute(select(quiz_attempts).where(*mine).order_by(t.id.desc())).all()
    key = [row[quiz.right] for row in course[quiz.field]]
    attempts = [
        Attempt(
            r.at, r.correct, r.total, r.passed, _wrong(r.answers, key) if r.course_version == course.version else ()
        )
        for r in rows
    ]
    passed = any(attempt.passed for attempt in attempts)
    return Paper(
        course_id,
        course.version,
        {"en": course["title"], "zh": course.get("title_zh") or course["title"]},
        [_asked(quiz, row) for row in course[quiz.field]],
        int(course.get(quiz.pass_mark) or USUAL_MARK) if quiz.pass_mark else USUAL_MARK,
        attempts,
        key if passed else (),
    )


def hand_in(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    course_id: int,
    answers: Mapping[int, int],
    *,
    version: int | None,
    now: datetime,
) -> Attempt:
    """Score the answers (question → number of the choice) and keep them; raises NotFound, Conflict or Invalid."""
    quiz, course = _course(session, catalog, actor, course_id)
    if version != course.version:
        raise Conflict(CHANGED)
    rows = course[quiz.field]
    given = [answers.get(place) for place in range(len(rows))]
    problems = [
        Problem(f"/answers/{place}", UNANSWERED)
        for place, row in enumerate(rows)
        if given[place] not in [number for number, _text in _asked(quiz, row)[1]]
    ]
    if problems:
        raise Invalid(NOT_TAKEN, problems=problems)
    wrong = _wrong(given, [row[quiz.right] for row in rows])
    correct, mark = len(rows) - len(wrong), (course.get(quiz.pass_mark) if quiz.pass_mark else None) or USUAL_MARK
    passed = correct * 100 >= int(mark) * len(rows)
    made: dict[str, Any] = {
        "course_id": course_id,
        "course_version": course.version,
        "person_id": actor.person_id,
        "at": now,
    }
    made |= {"answers": given, "correct": correct, "total": len(rows), "passed": passed}
    session.execute(insert(quiz_attempts).values(made))
    return Attempt(now, correct, len(rows), passed, wrong)


def asks(catalog: Catalog, course: Record) -> bool:
    """Whether a course, as the system reads it, has questions."""
    parts = catalog[COURSE].definition.courses
    return parts is not None and parts.quiz is not None and bool(course.get(parts.quiz.field))


def failing(session: Session, catalog: Catalog, course_id: int, people: Collection[int]) -> set[int]:
    """Those of these people who have not passed the quiz of a course; nobody where it has none."""
    course = records.find(session, catalog, COURSE, access.system(), course_id)
    if not asks(catalog, course):
        return set()
    t = quiz_attempts.c
    passed = select(t.person_id).where(t.course_id == course_id, t.passed, t.person_id.in_(sorted(people)))
    return set(people) - set(session.execute(passed).scalars())


def attended(session: Session, catalog: Catalog, course_id: int, person: int) -> list[int]:
    """The sessions of the course, held already, that the person attended without being completed."""
    return _sessions(session, catalog, course_id, person, "attended", held=True)


def _sessions(
    session: Session, catalog: Catalog, course_id: int, person: int, state: str, *, held: bool = False
) -> list[int]:
    place, meeting = catalog[ENROLMENT].table.c, catalog[SESSION].table.c
    statement = (
        select(meeting.id)
        .join_from(catalog[ENROLMENT].table, catalog[SESSION].table, meeting.id == place.session)
        .where(meeting.course == course_id, place.employee == person, place._removed_at.is_(None))
        .where(place.status == state if state else place.status.not_in(states.FREE_SEAT))
        .where(meeting._removed_at.is_(None), *([meeting.status == "held"] if held else []))
    )
    return list(session.execute(statement.order_by(meeting.id)).scalars())


def _course(session: Session, catalog: Catalog, actor: Actor, course_id: int) -> tuple[Quiz, Record]:
    """The course as it is stored, for a person with a place in one of its sessions."""
    parts = catalog[COURSE].definition.courses if COURSE in catalog else None
    person = actor.person_id
    if parts is None or parts.quiz is None or person is None or not _sessions(session, catalog, course_id, person, ""):
        raise NotFound(NO_QUIZ)
    course = records.find(session, catalog, COURSE, access.system(actor.username), course_id)
    if not course.get(parts.quiz.field):
        raise NotFound(NO_QUIZ)
    return parts.quiz, course


def _asked(quiz: Quiz, row: Mapping[str, Any]) -> tuple[str, list[tuple[int, str]]]:
    """A question and those of its choices that say something, each with its number."""
    choices = [(number, row.get(name)) for number, name in enumerate(quiz.choices, start=1)]
    return row[quiz.question], [(number, text) for number, text in choices if text]


def _wrong(given: Sequence[Any], key: Sequence[Any]) -> tuple[int, ...]:
    return tuple(place for place, (one, right) in enumerate(zip(given, key, strict=False)) if one != right)
