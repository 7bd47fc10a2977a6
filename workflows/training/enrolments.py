"""Giving and taking back places in a session: by whoever holds it, or by a person for themselves.

Called by pages and REST. Promises: never more people than places, nobody twice, also when many enrol at once
(the session's row is locked first); every problem of a list of people in one answer; whoever got or lost a place is
told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, Problem
from workflows import queue
from workflows.delivery.notices import Notice, notify_all
from workflows.installation import UTC_ZONE
from workflows.training import prerequisites, states
from workflows.training.meetings import ENROLMENT, Meeting, is_office, meeting, require_hold
from workflows.training.people import Participant, own_id, participants, written

NOBODY_CHOSEN = "Choose at least one person."
NO_SUCH_PERSON = "Person %(id)s does not exist, or you may not see them."
HAS_LEFT = "%(name)s has left the company."
HAS_PLACE = "%(name)s has a place already."
NO_PLACE = "%(name)s has no place that could be taken back."
FULL = "Only %(free)s of %(capacity)s places are free, and %(chosen)s people were chosen."
FULL_FOR_ONE = "All %(capacity)s places of this session are taken."
CANCELLED = "This session is cancelled; nobody can be enrolled."
NOT_OPEN = "This session is not open for enrolment; ask the trainer."
BEGUN = "This session has begun; ask the trainer."
LACKS = "%(name)s has not completed what comes before this course, or it no longer counts: %(courses)s."
ONLY_HR = "Only HR gives a place to somebody who lacks what comes before the course."
TOO_LONG = "At most %(most)s characters."
WAIVED_LENGTH = 200
NOT_ENROLLED = "Nobody was enrolled: please correct the choice."
LINK = "/training/sessions/%s"


def enrol(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    session_id: int,
    employees: Iterable[int],
    *,
    now: datetime,
    zone: ZoneInfo = UTC_ZONE,
    waived: str = "",
) -> int:
    """Give each of `employees` a place, all or none; how many. For whoever holds the session.

    `waived` is why HR gives a place to somebody who lacks what comes before the course; it stays with the place.
    """
    held = meeting(session, catalog, actor, session_id, lock=True)
    require_hold(catalog, actor, held)
    if held.status == "cancelled":
        raise Conflict(CANCELLED)
    if waived and not is_office(catalog, actor):
        raise Invalid(NOT_ENROLLED, problems=[Problem("/waived", ONLY_HR)])
    ids = list(dict.fromkeys(employees))
    known = participants(session, catalog, actor, ids, zone)
    _refuse(_choice_problems(ids, known))
    return _seat(session, catalog, actor, held, [known[i] for i in ids], now, FULL, waived.strip())


def join(
    session: Session, catalog: Catalog, actor: Actor, session_id: int, *, now: datetime, zone: ZoneInfo = UTC_ZONE
) -> None:
    """A place for oneself, while the session is open for enrolment and has not begun."""
    held = meeting(session, catalog, actor, session_id, lock=True)
    _open_to_all(held, now)
    me = participants(session, catalog, access.system(actor.username), [own_id(actor)], zone)
    _seat(session, catalog, actor, held, list(me.values()), now, FULL_FOR_ONE)


def withdraw(
    session: Session, catalog: Catalog, actor: Actor, session_id: int, employees: Iterable[int], *, now: datetime
) -> int:
    """Take places back, all or none; how many. For whoever holds the session."""
    held = meeting(session, catalog, actor, session_id, lock=True)
    require_hold(catalog, actor, held)
    return _unseat(session, catalog, actor, held, list(dict.fromkeys(employees)), now)


def leave(session: Session, catalog: Catalog, actor: Actor, session_id: int, *, now: datetime) -> None:
    """Give one's own place back, before the session begins."""
    held = meeting(session, catalog, actor, session_id, lock=True)
    if held.begun(now):
        raise Conflict(BEGUN)
    _unseat(session, catalog, actor, held, [own_id(actor)], now)


def places(session: Session, catalog: Catalog, session_id: int) -> dict[int, Mapping[str, Any]]:
    """Who has or had a place: the rows by employee."""
    table = catalog[ENROLMENT].table
    columns = [column.label(key) for key, column in table.c.items()]
    statement = select(*columns).where(table.c.session == session_id, table.c._removed_at.is_(None))
    return {row["employee"]: dict(row) for row in session.execute(statement).mappings()}


def write(session: Session, catalog: Catalog, actor: Actor, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Store states that a table of this folder allowed; one statement for any number of people."""
    records.merge_many(
        session,
        catalog,
        ENROLMENT,
        access.system(actor.username),
        rows,
        now=now,
        key=("session", "employee"),
        form="python",
    )


def _seat(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    held: Meeting,
    people: Sequence[Participant],
    now: datetime,
    full: str,
    waived: str = "",
) -> int:
    there = places(session, catalog, held.id)
    problems = [
        Problem(f"/employees/{position}", HAS_PLACE, {"name": person.name})
        for position, person in enumerate(people)
        if states.after(_state(there, person.id), "enrol") is None
    ]
    short = prerequisites.lacking(session, catalog, held.course_id, [p.id for p in people], held.starts_at)
    if not waived:
        problems += [
            Problem(f"/employees/{position}", LACKS, {"name": person.name, "courses": ", ".join(short[person.id])})
            for position, person in enumerate(people)
            if person.id in short
        ]
    if len(waived) > WAIVED_LENGTH:
        problems.append(Problem("/waived", TOO_LONG, {"most": WAIVED_LENGTH}))
    taken = sum(states.takes_a_seat(row["status"]) for row in there.values())
    if held.capacity is not None and not problems and taken + len(people) > held.capacity:
        free = max(0, held.capacity - taken)
        problems.append(Problem("/employees", full, {"free": free, "capacity": held.capacity, "chosen": len(people)}))
    _refuse(problems)
    empty = {"status": "enrolled", "attended_at": None, "completed_at": None, "result": None}
    rows = [
        {"session": held.id, "employee": p.id, **empty, "waived": waived if p.id in short else None} for p in people
    ]
    write(session, catalog, actor, rows, now)
    _tell(session, held, people, "training_enrolled", now)
    return len(people)


def _unseat(session: Session, catalog: Catalog, actor: Actor, held: Meeting, ids: Sequence[int], now: datetime) -> int:
    there = places(session, catalog, held.id)
    known = participants(session, catalog, access.system(actor.username), set(ids) & there.keys())
    problems = _choice_problems(ids, known, leavers=True)
    problems += [
        Problem(f"/employees/{position}", NO_PLACE, {"name": known[i].name})
        for position, i in enumerate(ids)
        if i in known and states.after(_state(there, i), "withdraw") is None
    ]
    if problems:
        raise Invalid("Nothing was changed: please correct the choice.", problems=problems)
    write(session, catalog, actor, [{"session": held.id, "employee": i, "status": "cancelled"} for i in ids], now)
    others = [person for person in known.values() if person.account != actor.username]
    _tell(session, held, others, "training_withdrawn", now)
    return len(ids)


def _state(there: Mapping[int, Mapping[str, Any]], employee: int) -> states.State:
    state: states.State = there[employee]["status"] if employee in there else ""
    return state


def _open_to_all(held: Meeting, now: datetime) -> None:
    if held.status != "open":
        raise Conflict(CANCELLED if held.status == "cancelled" else NOT_OPEN)
    if held.begun(now):
        raise Conflict(BEGUN)


def _choice_problems(ids: Sequence[int], known: Mapping[int, Participant], *, leavers: bool = False) -> list[Problem]:
    if not ids:
        return [Problem("/employees", NOBODY_CHOSEN)]
    problems = []
    for position, i in enumerate(ids):
        if i not in known:
            problems.append(Problem(f"/employees/{position}", NO_SUCH_PERSON, {"id": i}))
        elif known[i].status == "left" and not leavers:
            problems.append(Problem(f"/employees/{position}", HAS_LEFT, {"name": known[i].name}))
    return problems


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(NOT_ENROLLED, problems=problems)


def _tell(session: Session, held: Meeting, people: Sequence[Participant], kind: str, now: datetime) -> None:
    """The key holds the moment, because a person may leave and come back."""
    stamp = now.isoformat()
    news = [
        Notice(
            person.account,
            kind,
            f"{kind}:{held.id}:{person.id}:{stamp}",
            {"course": held.course_titles, "place": held.place, **written(held.starts_at, person.zone)},
            LINK % held.id,
        )
        for person in people
    ]
    notify_all(session, news, now)
    queue.nudge(session)
