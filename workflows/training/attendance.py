"""Who came, and for whom the course now counts.

Called by pages and REST with one list for the whole session. Promises: all or nothing, with every problem at its
person; completing takes those who came, and asks for the others first, so that nobody is forgotten; the steps of
an onboarding checklist that ask for the course are ticked in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotFound, Problem
from metadata.records.read import HIDDEN_RECORD
from workflows import queue
from workflows.delivery.notices import Notice, notify_all
from workflows.onboarding.tasks import settle_course
from workflows.training import enrolments, quiz, states
from workflows.training.meetings import SESSION, Meeting, meeting, require_hold
from workflows.training.people import participants

NOT_BEGUN = "This session has not begun yet; attendance is recorded from its start on."
CANCELLED = "This session is cancelled; nobody attended it."
NOT_IN_SESSION = "This person has no place in the session; enrol them first."
ALREADY_COMPLETED = "The course is completed already; take the completion back first."
NOT_MARKED = "Say of everybody whether they came before you complete the session."
NOT_SAVED = "Attendance was not saved yet: please correct the marked people (%(count)s)."
NOBODY = "Nobody has a place in this session."
NOT_COMPLETED = "Only a completed place can be taken up again."
RESULT_LENGTH = 200
TOO_LONG = "At most %(most)s characters."


@dataclass(frozen=True)
class Mark:
    """What was recorded of one person; `result` None leaves what is stored."""

    employee: int
    present: bool
    result: str | None = None


def record(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    session_id: int,
    marks: Sequence[Mark],
    *,
    now: datetime,
    complete: bool = False,
) -> int:
    """Store who came; with `complete` the course then counts for those, and the session is held. How many came."""
    held = _held(session, catalog, actor, session_id, now)
    there = enrolments.places(session, catalog, held.id)
    rows = _marked(held, there, marks)
    if complete:
        rows = _completed(held, there, rows, now, failing=_failing(session, catalog, held, there))
    enrolments.write(session, catalog, actor, rows, now)
    if complete:
        _finish(session, catalog, actor, held, rows, now)
    return sum(row["status"] in {"attended", "completed"} for row in rows)


def reopen(session: Session, catalog: Catalog, actor: Actor, session_id: int, employee: int, *, now: datetime) -> None:
    """Take a completion back that was recorded by mistake."""
    held = _held(session, catalog, actor, session_id, now)
    row = enrolments.places(session, catalog, held.id).get(employee)
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    state = states.after(row["status"], "reopen")
    if state is None:
        raise Conflict(NOT_COMPLETED)
    back = {"session": held.id, "employee": employee, "status": state, "completed_at": None}
    enrolments.write(session, catalog, actor, [back], now)


def _held(session: Session, catalog: Catalog, actor: Actor, session_id: int, now: datetime) -> Meeting:
    held = meeting(session, catalog, actor, session_id, lock=True)
    require_hold(catalog, actor, held)
    if held.status == "cancelled":
        raise Conflict(CANCELLED)
    if not held.begun(now):
        raise Conflict(NOT_BEGUN)
    return held


def _marked(held: Meeting, there: Mapping[int, Mapping[str, Any]], marks: Sequence[Mark]) -> list[dict[str, Any]]:
    problems, rows = [], []
    for mark in marks:
        row = there.get(mark.employee)
        state = states.after(row["status"] if row else "", "attend" if mark.present else "miss")
        pointer = f"/people/{mark.employee}"
        if state is None or row is None:
            done = row is not None and row["status"] == "completed"
            problems.append(Problem(pointer, ALREADY_COMPLETED if done else NOT_IN_SESSION))
            continue
        if mark.result is not None and len(mark.result) > RESULT_LENGTH:
            problems.append(Problem(f"{pointer}/result", TOO_LONG, {"most": RESULT_LENGTH}))
        result = row["result"] if mark.result is None else mark.result.strip() or None
        at = held.starts_at if mark.present else None
        found = {"session": held.id, "employee": mark.employee, "status": state, "attended_at": at, "result": result}
        rows.append(found)
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return rows


def _completed(
    held: Meeting,
    there: Mapping[int, Mapping[str, Any]],
    rows: Sequence[dict[str, Any]],
    now: datetime,
    failing: Collection[int],
) -> list[dict[str, Any]]:
    """The rows of everybody in the session, those who came as completed unless they still have to pass the quiz."""
    marked = {row["employee"]: row for row in rows}
    everybody = {i: row for i, row in there.items() if states.takes_a_seat(row["status"])}
    if not everybody:
        raise Invalid(NOBODY, field="people")
    forgotten = [i for i, row in everybody.items() if i not in marked and row["status"] == "enrolled"]
    if forgotten:
        problems = [Problem(f"/people/{i}", NOT_MARKED) for i in forgotten]
        raise Invalid(NOT_MARKED, problems=problems)
    found = []
    for i, stored in everybody.items():
        row = marked.get(i) or {"session": held.id, "employee": i, "status": stored["status"]}
        state = None if i in failing else states.after(row["status"], "complete")
        found.append(row if state is None else {**row, "status": state, "completed_at": now})
    return found


def hand_in_quiz(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    course_id: int,
    answers: Mapping[int, int],
    *,
    version: int | None,
    now: datetime,
) -> quiz.Attempt:
    """Score a quiz; whoever came to a session that was held, and passes now, has completed the course."""
    attempt = quiz.hand_in(session, catalog, actor, course_id, answers, version=version, now=now)
    if not attempt.passed or actor.person_id is None:
        return attempt
    whole = access.system(actor.username)
    for session_id in quiz.attended(session, catalog, course_id, actor.person_id):
        held = meeting(session, catalog, whole, session_id, lock=True)
        state = states.after("attended", "complete")
        row = {"session": held.id, "employee": actor.person_id, "status": state, "completed_at": now}
        enrolments.write(session, catalog, actor, [row], now)
        _finish(session, catalog, actor, held, [row], now)
    return attempt


def _failing(
    session: Session, catalog: Catalog, held: Meeting, there: Mapping[int, Mapping[str, Any]]
) -> Collection[int]:
    seated = [i for i, row in there.items() if states.takes_a_seat(row["status"])]
    return quiz.failing(session, catalog, held.course_id, seated)


def _finish(
    session: Session, catalog: Catalog, actor: Actor, held: Meeting, rows: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    fresh = [row["employee"] for row in rows if row.get("completed_at") == now]
    whole = access.system(actor.username)
    if held.status != "held":
        records.change(session, catalog, SESSION, whole, held.id, {"status": "held"}, now=now, form="python")
    settle_course(session, catalog, actor, fresh, held.course_id, now)
    people = participants(session, catalog, whole, fresh)
    params = {"course": held.course_titles}
    link = enrolments.LINK % held.id
    stamp = now.isoformat()
    news = [
        Notice(p.account, "training_completed", f"training_completed:{held.id}:{p.id}:{stamp}", params, link)
        for p in people.values()
    ]
    notify_all(session, news, now)
    queue.nudge(session)
