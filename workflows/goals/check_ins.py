"""Check-ins: where a key result stands today, how sure its owner is, and what the manager answers.

Called by the goal's page and REST. Who may change the objective checks in; whoever else looks after it (its head, the
owner's manager, HR) answers there. The value goes into the key result through the record door, in the transaction of
the check-in. Functions here never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from metadata.fieldtypes.scalars import GROUPED
from metadata.many_rows import one_of
from workflows.delivery.notices import Notice, notify_all
from workflows.goals import progress, reading
from workflows.goals.levels import KIND, OVER, RESULTS, Key, level_of
from workflows.goals.reading import Goal
from workflows.goals.results import CHECK_IN, Result
from workflows.goals.tables import check_ins
from workflows.outbox import Event, subscribes

CONFIDENCES = ("on_track", "at_risk", "off_track")
LONGEST, LONGEST_LINK = 2000, 1000
MOST = Decimal(10) ** 15
CHUNK = 10_000
NOT_FED = "This key result is fed by its KPI or by the goals below; there is nothing to check in."
IS_OVER = "This goal is over; open it again first."
OFFICE = "HR admin"
RESERVED = "You may see this goal; checking in is reserved to those who may change it."
NOT_SAVED = "Nothing was saved yet: please correct the marked values (%(count)s)."


@dataclass(frozen=True)
class CheckIn:
    """One check-in, with the manager's answer where there is one."""

    id: int
    result_id: int
    author: str
    at: datetime
    value: Decimal
    confidence: str
    note: str
    evidence: str
    answer: str
    answered_by: str
    answered_at: datetime | None


def of_goal(session: Session, catalog: Catalog, actor: Actor, key: Key, *, limit: int = 50) -> list[CheckIn]:
    """The check-ins of a goal, the newest first; NotFound where the reader may not see it.

    There is none for who may not see its key results: a check-in tells where one of them stands.
    """
    if RESULTS in reading.one(session, catalog, actor, key).unread:
        return []
    c = check_ins.c
    here = c.definition == key[0], c.record_id == key[1]
    return [_read(row) for row in session.execute(select(check_ins).where(*here).order_by(c.id.desc()).limit(limit))]


def check_in(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    key: Key,
    result_id: int,
    *,
    value: str,
    confidence: str,
    note: str = "",
    evidence: str = "",
    now: datetime,
) -> int:
    """Record where a key result stands; raises Invalid at the field, NotAllowed who may not change the goal."""
    goal = held(session, catalog, actor, key, RESERVED)
    result = reading.result_of(goal, result_id)
    if result.fed_by != CHECK_IN:
        raise Conflict(NOT_FED)
    number = _checked(value, confidence, note, evidence)
    rows = [{"id": one.id, "current": number} if one.id == result.id else {"id": one.id} for one in goal.results]
    records.change(
        session, catalog, key[0], actor, key[1], {RESULTS: rows}, now=now, version=goal.version, note=note[:200] or None
    )
    made = {
        "definition": key[0],
        "record_id": key[1],
        "result_id": result.id,
        "author": actor.username,
        "at": now,
        "value": number,
        "confidence": confidence,
        "note": note.strip(),
        "evidence": evidence.strip(),
    }
    check_in_id = int(session.execute(insert(check_ins).values(made).returning(check_ins.c.id)).scalar_one())
    progress.refresh(session, catalog, [key], now=now, by=actor.username)
    _tell_manager(session, catalog, actor, goal, result, check_in_id, confidence, note, now)
    return check_in_id


def answer(session: Session, catalog: Catalog, actor: Actor, check_in_id: int, text: str, *, now: datetime) -> Key:
    """What the manager says to a check-in; said once, it stands."""
    row = session.execute(select(check_ins).where(check_ins.c.id == check_in_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such check-in, or you may not see it.")
    key = (row.definition, row.record_id)
    goal = reading.one(session, catalog, actor, key)
    if not may_answer(session, catalog, actor, goal) or row.author == actor.username:
        raise NotAllowed("The owner's manager answers a check-in, not the one who wrote it.")
    words = text.strip()
    if not words:
        raise Invalid("Write something first.", field="answer")
    if len(words) > LONGEST:
        raise Invalid("An answer has at most %(count)s characters.", params={"count": LONGEST}, field="answer")
    mine = check_ins.c.id == check_in_id, check_ins.c.answer.is_(None)
    done = session.execute(
        update(check_ins).where(*mine).values(answer=words, answered_by=actor.username, answered_at=now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("Somebody answered this check-in already.")
    params = {"who": actor.username, "goal": goal.title, "text": words}
    notice = Notice(row.author, "goal_answered", f"goal-answer:{check_in_id}", params, _link(key))
    notify_all(session, [notice], now)
    return key


def held(session: Session, catalog: Catalog, actor: Actor, key: Key, refusal: str) -> Goal:
    """A running goal that somebody may change, kept from others until the transaction ends.

    Raises NotFound who may not see it, NotAllowed with the refusal who may not change it, Conflict where it is over.
    """
    if not may_check_in(session, catalog, actor, key):
        reading.one(session, catalog, actor, key)
        raise NotAllowed(refusal)
    progress.hold(session, catalog, [key])
    goal = reading.one(session, catalog, actor, key)
    require_running(goal)
    return goal


def require_running(goal: Goal) -> None:
    """Raise Conflict where a goal is over: what was closed stays as it was closed."""
    if goal.status in OVER:
        raise Conflict(IS_OVER)


def may_check_in(session: Session, catalog: Catalog, actor: Actor, key: Key) -> bool:
    """Whether somebody may change this goal."""
    return key in changeable(session, catalog, actor, [key])


def changeable(session: Session, catalog: Catalog, actor: Actor, keys: Iterable[Key]) -> set[Key]:
    """Those of the goals that somebody may change; one statement for each level among them and `CHUNK` goals."""
    wanted: dict[str, list[int]] = {}
    for name, number in keys:
        wanted.setdefault(name, []).append(number)
    found: set[Key] = set()
    for name, numbers in wanted.items():
        entity = level_of(catalog, name).entity
        if access.may(actor, entity, "edit"):
            asked, connection, c = sorted(set(numbers)), session.connection(), entity.table.c
            for begin in range(0, len(asked), CHUNK):
                some = one_of(connection, c.id, asked[begin : begin + CHUNK])
                mine = select(c.id).where(some, access.rows(actor, catalog, entity, "edit"))
                found |= {(name, number) for number in session.execute(mine).scalars()}
    return found


def may_answer(session: Session, catalog: Catalog, actor: Actor, goal: Goal) -> bool:
    """Whether somebody looks after this goal: its head, the owner's manager, HR; never the owner."""
    if goal.owner_id is not None and goal.owner_id == actor.person_id:
        return False
    if actor.unlimited or OFFICE in actor.roles:
        return True
    if goal.unit_id is not None and goal.unit_id in actor.unit_ids:
        return True
    return actor.person_id is not None and _manager(session, catalog, goal) == actor.person_id


def _manager(session: Session, catalog: Catalog, goal: Goal) -> int | None:
    person = catalog.person
    directory = person.definition.directory if person is not None else None
    if person is None or directory is None or not directory.manager or goal.owner_id is None:
        return None
    c = person.table.c
    found: int | None = session.execute(select(c[directory.manager]).where(c.id == goal.owner_id)).scalar()
    return found


def manager_account(session: Session, catalog: Catalog, goal: Goal) -> str:
    """The account of the owner's manager; "" where there is none."""
    return account_of(session, catalog, _manager(session, catalog, goal))


def account_of(session: Session, catalog: Catalog, person_id: int | None) -> str:
    """The account of a person; "" where there is none."""
    return accounts_of(session, catalog, [person_id] if person_id is not None else []).get(person_id or 0, "")


def accounts_of(session: Session, catalog: Catalog, people: Sequence[int]) -> dict[int, str]:
    """The accounts of people, by the numbers of their records."""
    person = catalog.person
    directory = person.definition.directory if person is not None else None
    if person is None or directory is None or not directory.account or not people:
        return {}
    c = person.table.c
    rows = session.execute(select(c.id, c[directory.account]).where(c.id.in_(sorted(set(people)))))
    return {row[0]: row[1] for row in rows if row[1]}


def _tell_manager(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    goal: Goal,
    result: Result,
    check_in_id: int,
    confidence: str,
    note: str,
    now: datetime,
) -> None:
    """A doubt is news for the manager; that all goes well is not."""
    if confidence == CONFIDENCES[0]:
        return
    account = manager_account(session, catalog, goal)
    if account and account != actor.username:
        params = {"who": actor.username, "goal": goal.title, "result": result.title, "text": note.strip()}
        notify_all(session, [Notice(account, "goal_at_risk", f"goal-risk:{check_in_id}", params, _link(goal.key))], now)


def _link(key: Key) -> str:
    return f"/goals/{key[0]}/{key[1]}"


def number_of(text: str) -> Decimal | None:
    """A figure as it was typed, with at most two decimals; None where it is none.

    A comma groups thousands where it stands as pages print it, else it is the decimal sign.
    """
    word = text.strip()
    try:
        number = Decimal(word.replace(",", "" if GROUPED.fullmatch(word) else "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= MOST or number != round(number, 2):
        return None
    return number


def _checked(value: str, confidence: str, note: str, evidence: str) -> Decimal:
    problems = []
    number = number_of(value)
    if number is None:
        problems.append(Problem("/value", "A number with at most two decimals is expected here."))
    if confidence not in CONFIDENCES:
        problems.append(Problem("/confidence", "Say how sure you are."))
    if len(note) > LONGEST:
        problems.append(Problem("/note", "A note has at most %(count)s characters.", {"count": LONGEST}))
    if confidence in CONFIDENCES[1:] and not note.strip():
        problems.append(Problem("/note", "Say why it is at risk, and what would help."))
    address = urlsplit(evidence.strip()) if evidence.strip() else None
    if address is not None and (address.scheme not in ("http", "https") or not address.netloc):
        problems.append(Problem("/evidence", "An address that begins with http:// or https:// is expected here."))
    elif len(evidence) > LONGEST_LINK:
        problems.append(Problem("/evidence", "An address has at most %(count)s characters.", {"count": LONGEST_LINK}))
    if problems or number is None:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return number


def _read(row: Any) -> CheckIn:
    return CheckIn(
        row.id,
        row.result_id,
        row.author,
        row.at,
        Decimal(row.value),
        row.confidence,
        row.note,
        row.evidence,
        row.answer or "",
        row.answered_by or "",
        row.answered_at,
    )


@subscribes("record.purged", name="goals.forget_check_ins")
def _forget(session: Session, catalog: Any, event: Event, _now: datetime) -> None:
    """Check-ins go with their goal, when it is deleted for good."""
    if catalog is None or event.definition not in catalog or catalog[event.definition].definition.kind != KIND:
        return
    ids = event.payload.get("ids", ())
    session.execute(delete(check_ins).where(check_ins.c.definition == event.definition, check_ins.c.record_id.in_(ids)))
