"""Closing a goal: the score that its key results propose, what its owner makes of it and why, and opening it again.

Called by the goal's page and REST. Who may change the goal closes it; who looks after it (its head, the owner's
manager, HR) opens it again. Score and status go through the record door in one transaction with the closing, which is
kept with the proposed score and the reasons. Progress stays what it was. Functions here never commit and never read the
clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotAllowed, Problem, StaleVersion
from workflows.delivery.notices import Notice, notify_all
from workflows.goals import check_ins, progress, reading
from workflows.goals.check_ins import NOT_SAVED, number_of
from workflows.goals.levels import DONE, KIND, OVER, RESULTS, STATUS, Key, Level, level_of
from workflows.goals.reading import Goal
from workflows.goals.tables import closings
from workflows.outbox import Event, subscribes

COMMITTED, RUNNING = "committed", "active"
LONGEST = 2000
LOW, HIGH = Decimal(0), Decimal(1)
RESERVED = "You may see this goal; it is closed by those who may change it."
REOPENING = "A goal is opened again by its head, the owner's manager or HR."
MOVED = "Somebody changed this goal in the meantime; load it again."


@dataclass(frozen=True)
class Offer:
    """What closing a goal would give: the proposed score (None without data), and what its commitment expects."""

    score: Decimal | None
    expected: Decimal | None
    explains: bool
    due: bool


@dataclass(frozen=True)
class Closing:
    """One time that a goal was closed, and how it was opened again where it was."""

    id: int
    proposed: Decimal | None
    score: Decimal
    reason: str
    explanation: str
    by: str
    at: datetime
    reopened_by: str
    reopened_at: datetime | None
    reopened_why: str


def offer(session: Session, catalog: Catalog, goal: Goal, today: date) -> Offer | None:
    """What a goal that runs would be closed with; None where it is over, or where its level has no score."""
    level = level_of(catalog, goal.key[0])
    if goal.status in OVER or not score_field(level):
        return None
    expected = level.okr.expects.get(goal.commitment)
    due = goal.end is not None and goal.end <= today
    proposed = progress.taken_together(session, catalog, goal)
    return Offer(proposed, expected, goal.commitment == COMMITTED, due)


def score_field(level: Level) -> str:
    """The field of the score; "" where the level has none, or no status that says that a goal is over."""
    return level.score if level.has(STATUS) else ""


def close(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    key: Key,
    *,
    score: str = "",
    reason: str = "",
    explanation: str = "",
    version: int | None = None,
    now: datetime,
) -> None:
    """Give a goal its score, by default the proposed one, and end it; raises Invalid at the fields that are wrong."""
    goal = reading.one(session, catalog, actor, key)
    if not check_ins.may_check_in(session, catalog, actor, key):
        raise NotAllowed(RESERVED)
    if version is not None and version != goal.version:
        raise StaleVersion(MOVED)
    found = offer(session, catalog, goal, now.date())
    if found is None:
        raise Conflict("This goal is over already, or goals of its level have no score.")
    given = _checked(found, score, reason, explanation)
    note = (reason.strip() or explanation.strip())[:200] or None
    values = {score_field(level_of(catalog, key[0])): given, STATUS: DONE}
    by = system(actor.username)  # the score is locked for owners everywhere but here, where it has its reasons
    records.change(session, catalog, key[0], by, key[1], values, now=now, version=goal.version, note=note)
    row = {
        "definition": key[0],
        "record_id": key[1],
        "proposed": found.score,
        "score": given,
        "reason": reason.strip(),
        "explanation": explanation.strip(),
        "by": actor.username,
        "at": now,
        "status_before": goal.status,
    }
    closing_id = int(session.execute(insert(closings).values(row).returning(closings.c.id)).scalar_one())
    params = {"who": actor.username, "goal": goal.title, "score": f"{given:f}"}
    params["text"] = "\n".join(filter(None, (reason.strip(), explanation.strip())))
    manager = check_ins.manager_account(session, catalog, goal)
    _tell(session, actor, manager, "goal_closed", f"goal-closed:{closing_id}", params, key, now)


def reopen(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    key: Key,
    *,
    reason: str,
    version: int | None = None,
    now: datetime,
) -> None:
    """Let a closed goal run again, with a reason; its score is taken back and stays in the history of its closings."""
    goal = reading.one(session, catalog, actor, key)
    if not check_ins.may_answer(session, catalog, actor, goal):
        raise NotAllowed(REOPENING)
    if version is not None and version != goal.version:
        raise StaleVersion(MOVED)
    level = level_of(catalog, key[0])
    if goal.status not in OVER or not score_field(level):
        raise Conflict("This goal is not closed.")
    words = reason.strip()
    if not words or len(words) > LONGEST:
        message = "Say why, in up to %(count)s characters."
        raise Invalid(message, params={"count": LONGEST}, field="reason")
    held = of_goal(session, key)
    last = next((one for one in held if one.reopened_at is None), None)
    before = _status_before(session, last) if last else RUNNING
    values = {score_field(level): None, STATUS: before}
    by = system(actor.username)  # who looks after a goal need not be one who may change it
    records.change(session, catalog, key[0], by, key[1], values, now=now, version=goal.version, note=words[:200])
    if last is not None:
        again = {"reopened_by": actor.username, "reopened_at": now, "reopened_why": words}
        session.execute(update(closings).where(closings.c.id == last.id).values(again))
    owner = check_ins.account_of(session, catalog, goal.owner_id)
    params = {"who": actor.username, "goal": goal.title, "text": words}
    _tell(session, actor, owner, "goal_reopened", f"goal-reopened:{key[0]}:{key[1]}:{goal.version}", params, key, now)


def shown(session: Session, catalog: Catalog, goal: Goal) -> list[Closing]:
    """How often a goal was closed, the last first, as far as its reader sees its score and what proposes one."""
    if level_of(catalog, goal.key[0]).score in goal.unread:
        return []
    kept = of_goal(session, goal.key)
    return [replace(one, proposed=None) for one in kept] if RESULTS in goal.unread else kept


def of_goal(session: Session, key: Key) -> list[Closing]:
    """How often a goal was closed, the last first, whole: for the engine itself."""
    c = closings.c
    rows = session.execute(select(closings).where(c.definition == key[0], c.record_id == key[1]).order_by(c.id.desc()))
    return [
        Closing(
            row.id,
            None if row.proposed is None else Decimal(row.proposed),
            Decimal(row.score),
            row.reason,
            row.explanation,
            row.by,
            row.at,
            row.reopened_by or "",
            row.reopened_at,
            row.reopened_why,
        )
        for row in rows
    ]


def _status_before(session: Session, last: Closing) -> str:
    found = session.execute(select(closings.c.status_before).where(closings.c.id == last.id)).scalar_one()
    return str(found) or RUNNING


def _checked(found: Offer, score: str, reason: str, explanation: str) -> Decimal:
    problems = []
    given = number_of(score) if score.strip() else found.score
    if given is None or not LOW <= given <= HIGH:
        problems.append(Problem("/score", "A score from 0 to 1 with at most two decimals is expected here."))
    elif given != found.score and not reason.strip():
        problems.append(Problem("/reason", "Say why the score is not the proposed one."))
    if given is not None and found.expected is not None and given < found.expected and found.explains:
        if not explanation.strip():
            message = "This goal was committed and did not reach %(score)s: say what happened."
            problems.append(Problem("/explanation", message, {"score": f"{found.expected:f}"}))
    for pointer, text in (("/reason", reason), ("/explanation", explanation)):
        if len(text) > LONGEST:
            problems.append(Problem(pointer, "At most %(count)s characters fit here.", {"count": LONGEST}))
    if problems or given is None:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return given


def _tell(
    session: Session,
    actor: Actor,
    account: str,
    kind: str,
    once: str,
    params: dict[str, str],
    key: Key,
    now: datetime,
) -> None:
    if account and account != actor.username:
        notify_all(session, [Notice(account, kind, once, params, f"/goals/{key[0]}/{key[1]}")], now)


@subscribes("record.purged", name="goals.forget_closings")
def _forget(session: Session, catalog: Any, event: Event, _now: datetime) -> None:
    """Closings go with their goal, when it is deleted for good."""
    if catalog is None or event.definition not in catalog or catalog[event.definition].definition.kind != KIND:
        return
    ids = event.payload.get("ids", ())
    session.execute(delete(closings).where(closings.c.definition == event.definition, closings.c.record_id.in_(ids)))
