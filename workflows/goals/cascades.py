"""A changed target flows down: who is touched, what is proposed to each, and what each owner says to it.

Called by the pages of goals and REST; a target changed elsewhere (form, REST, import of one record) begins a cascade by
the outbox. An owner accepts, adapts with a reason, or disputes; what is accepted or adapted is written through the
record door and flows on to the goals below it. Undoing brings back every target that still is what the cascade made of
it. Functions here never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, StaleVersion
from workflows.delivery.notices import Notice, notify_all
from workflows.goals import aligned, check_ins, progress, reading, sharing
from workflows.goals.check_ins import NOT_SAVED, number_of
from workflows.goals.levels import OVER, RESULTS, Key
from workflows.goals.proposed import ACCEPTED, ADAPTED, DISPUTED, GONE, OPEN, UNDONE
from workflows.goals.reading import Goal
from workflows.goals.results import Result, alike
from workflows.goals.tables import cascades, proposals

DECISIONS = (ACCEPTED, ADAPTED, DISPUTED)
LONGEST = 2000
RESERVED = "You may see this goal; its target is changed by those who may change the goal."


@dataclass(frozen=True)
class Touched:
    """A key result below, and the target that is proposed for it."""

    goal: Goal
    result: Result
    proposed: Decimal


def touched(
    session: Session, catalog: Catalog, actor: Actor, goal: Goal, result: Result, after: Decimal, method: str
) -> list[Touched]:
    """The key results of goals below that measure the same and have a target, as far as the actor may see them."""
    web = aligned.web(session, catalog, actor)
    shares = {edge.child: edge.share for edge in web.below.get(goal.key, ())}
    goals = reading.many(session, catalog, actor, shares, whole=True)
    found = [
        (goals[key], one)
        for key in shares
        if key in goals
        for one in goals[key].results
        if one.target is not None and alike(result, one)
    ]
    parts = [(one, shares[child.key]) for child, one in found]
    if not parts or result.target is None:
        return []
    targets = sharing.proposals(result.target, after, result.unit, parts, method)
    return [Touched(child, one, target) for (child, one), target in zip(found, targets, strict=True)]


def asked(target: str, method: str, reason: str) -> Decimal:
    """The new target; raises Invalid at the fields that are wrong."""
    problems = []
    number = number_of(target)
    if number is None:
        problems.append(Problem("/target", "A number with at most two decimals is expected here."))
    if method not in sharing.METHODS:
        problems.append(Problem("/method", "Choose how the change is divided."))
    if not reason.strip() or len(reason) > LONGEST:
        problems.append(Problem("/reason", "Say why, in up to %(count)s characters.", {"count": LONGEST}))
    if problems or number is None:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return number


def begin(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    key: Key,
    result_id: int,
    *,
    target: str,
    method: str,
    reason: str,
    version: int | None = None,
    now: datetime,
) -> int | None:
    """Change a target and propose new ones below; the number of the cascade, None where nothing is touched."""
    goal = check_ins.held(session, catalog, actor, key, RESERVED)
    if version is not None and version != goal.version:
        raise StaleVersion("Somebody changed this goal in the meantime; load it again.")
    result = reading.result_of(goal, result_id)
    after = asked(target, method, reason)
    _set(session, catalog, actor, goal, result.id, after, reason, now)
    return flow(session, catalog, goal, result, after, method, reason.strip(), actor.username, None, now)


def decide(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    proposal_id: int,
    decision: str,
    *,
    target: str = "",
    reason: str = "",
    version: int | None = None,
    now: datetime,
) -> Key:
    """What an owner says to a proposal: accept it, adapt it with a reason, or dispute it with one."""
    row = session.execute(select(proposals).where(proposals.c.id == proposal_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(GONE)
    key = (row.definition, row.record_id)
    goal = check_ins.held(session, catalog, actor, key, RESERVED)
    if version is not None and version != row.version:
        raise StaleVersion("Somebody decided about this proposal in the meantime; load it again.")
    if row.state not in (OPEN, DISPUTED):
        raise Conflict("This proposal was decided already.")
    final = _decided(decision, Decimal(row.proposed), target, reason)
    values = {
        "state": decision,
        "final": final,
        "reason": reason.strip(),
        "by": actor.username,
        "at": now,
        "version": row.version + 1,
    }
    mine = proposals.c.id == proposal_id, proposals.c.version == row.version
    if session.execute(update(proposals).where(*mine).values(values)).rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion("Somebody decided about this proposal in the meantime; load it again.")
    cascade = session.execute(select(cascades).where(cascades.c.id == row.cascade_id)).one()
    if final is not None:
        result = reading.result_of(goal, row.result_id)
        _set(session, catalog, actor, goal, result.id, final, reason or cascade.reason, now)
        words = reason.strip() or cascade.reason
        flow(session, catalog, goal, result, final, cascade.method, words, actor.username, proposal_id, now)
    params = {"who": actor.username, "goal": goal.title, "text": reason.strip()}
    link = f"/goals/cascades/{row.cascade_id}"
    if cascade.by != actor.username:
        news = Notice(cascade.by, f"goal_{decision}", f"goal-decided:{proposal_id}:{row.version}", params, link)
        notify_all(session, [news], now)
    return key


def undo(session: Session, catalog: Catalog, actor: Actor, cascade_id: int, *, now: datetime) -> Key:
    """Take a cascade back: each target that still is what the cascade made of it becomes what it was.

    Goals that are over keep theirs. Proposals are held before goals, as an owner's word does, and before they are read:
    what is accepted at this moment is taken back, too.
    """
    row = session.execute(select(cascades).where(cascades.c.id == cascade_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(GONE)
    key = (row.definition, row.record_id)
    reading.one(session, catalog, actor, key)
    if not check_ins.may_check_in(session, catalog, actor, key):
        raise NotAllowed(RESERVED)
    if row.undone_at is not None:
        raise Conflict("This change was undone already.")
    flowed = _flowed(session, row)
    made = [(one, Decimal(one.after)) for one, _held in flowed]
    made += [(p, Decimal(p.final)) for _one, held in flowed for p in held if p.state in (ACCEPTED, ADAPTED)]
    progress.hold(session, catalog, [(one.definition, one.record_id) for one, _target in made])
    check_ins.require_running(reading.one(session, catalog, actor, key))
    for one, target in made:
        _restore(session, catalog, system(actor.username), one, target, now)
    ids = [one.id for one, _held in flowed]
    undone = {"undone_by": actor.username, "undone_at": now}
    session.execute(update(cascades).where(cascades.c.id.in_(ids)).values(undone))
    states = {"state": UNDONE, "version": proposals.c.version + 1}
    session.execute(update(proposals).where(proposals.c.cascade_id.in_(ids)).values(states))
    return key


def _flowed(session: Session, row: Any) -> list[tuple[Any, Sequence[Any]]]:
    """A cascade and those that flowed on from it, each with its proposals; all of them are held."""
    p, c = proposals.c, cascades.c
    held = session.execute(select(proposals).where(p.cascade_id == row.id).order_by(p.id).with_for_update()).all()
    onward = select(cascades).where(c.proposal_id.in_([one.id for one in held]), c.undone_at.is_(None))
    further = session.execute(onward.order_by(c.id).with_for_update()).all()
    return [(row, held), *(part for one in further for part in _flowed(session, one))]


def _restore(session: Session, catalog: Catalog, by: Actor, row: Any, made: Decimal, now: datetime) -> None:
    try:
        goal = reading.one(session, catalog, by, (row.definition, row.record_id))
        result = reading.result_of(goal, row.result_id)
    except NotFound:
        return
    if result.target == made and goal.status not in OVER:
        _set(session, catalog, by, goal, result.id, Decimal(row.before), "", now)


def _decided(decision: str, proposed: Decimal, target: str, reason: str) -> Decimal | None:
    problems = []
    number = number_of(target) if decision == ADAPTED else proposed
    if decision not in DECISIONS:
        problems.append(Problem("/decision", "Accept it, adapt it, or dispute it."))
    if number is None:
        problems.append(Problem("/target", "A number with at most two decimals is expected here."))
    if len(reason) > LONGEST or (decision in (ADAPTED, DISPUTED) and not reason.strip()):
        problems.append(Problem("/reason", "Say why, in up to %(count)s characters.", {"count": LONGEST}))
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return None if decision == DISPUTED else number


def _set(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    goal: Goal,
    result_id: int,
    target: Decimal,
    reason: str,
    now: datetime,
) -> None:
    rows = [{"id": one.id, "target": target} if one.id == result_id else {"id": one.id} for one in goal.results]
    note = reason.strip()[:200] or None
    name, number = goal.key
    records.change(session, catalog, name, actor, number, {RESULTS: rows}, now=now, version=goal.version, note=note)
    progress.refresh(session, catalog, [goal.key], now=now, by=actor.username)


def flow(
    session: Session,
    catalog: Catalog,
    goal: Goal,
    result: Result,
    after: Decimal,
    method: str,
    reason: str,
    by: str,
    proposal_id: int | None,
    now: datetime,
) -> int | None:
    """Keep the cascade and its proposals, and tell the owners. `result` is as it was before."""
    if result.target is None or result.target == after:
        return None
    found = touched(session, catalog, system("goals"), goal, result, after, method)
    if not found:
        return None
    values = {
        "definition": goal.key[0],
        "record_id": goal.key[1],
        "result_id": result.id,
        "before": result.target,
        "after": after,
        "method": method,
        "reason": reason,
        "by": by,
        "at": now,
        "proposal_id": proposal_id,
    }
    cascade_id = int(session.execute(insert(cascades).values(values).returning(cascades.c.id)).scalar_one())
    rows = [
        {
            "cascade_id": cascade_id,
            "definition": one.goal.key[0],
            "record_id": one.goal.key[1],
            "result_id": one.result.id,
            "before": one.result.target,
            "proposed": one.proposed,
        }
        for one in found
    ]
    session.execute(insert(proposals), rows)
    people = [one.goal.owner_id for one in found if one.goal.owner_id is not None]
    accounts = check_ins.accounts_of(session, catalog, people)
    news = [
        Notice(
            accounts[one.goal.owner_id],
            "goal_proposed",
            f"goal-proposed:{cascade_id}:{one.result.id}:{one.goal.key[0]}:{one.goal.key[1]}",
            {"who": by, "goal": one.goal.title, "result": one.result.title, "text": reason}
            | {"before": f"{one.result.target:f}", "after": f"{one.proposed:f}"},
            f"/goals/{one.goal.key[0]}/{one.goal.key[1]}",
        )
        for one in found
        if one.goal.owner_id in accounts
    ]
    notify_all(session, news, now)
    return cascade_id
