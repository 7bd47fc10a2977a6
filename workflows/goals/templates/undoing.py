"""Taking back what a template gave: as a whole, in one job, except what somebody has worked on since.

Called by the page and REST; jobs.py calls `run` chunk by chunk. A goal goes to the recycle bin, where it can be
restored, unless somebody checked in, changed it, or aligned another goal with it; those are named with the reason. What
the engine itself brought up to date (progress, figures of a KPI) is no work of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, NotAllowed, NotFound, Problem
from metadata.store import audit
from workflows import jobs
from workflows.goals.levels import KIND as LEVEL
from workflows.goals.tables import check_ins
from workflows.goals.templates import giving as givings_of
from workflows.goals.templates.asking import WAITING
from workflows.goals.templates.giving import GIVEN, KEPT, UNDONE, Giving, told
from workflows.goals.templates.tables import given_goals, given_people, givings
from workflows.jobs import Job, Step, job_kind
from workflows.outbox import Event, subscribes

KIND = "goal_giving_undo"
CHUNK = 100
OFFICE = "HR admin"
ENGINE = ("goals", "system")
CHECKED_IN = "Somebody checked in here."
EDITED = "Somebody changed this goal since."
RESERVED = "Who gave these goals, and HR, can take them back."
NOTHING = "There is nothing to take back here, or it is being taken back already."


def may_undo(session: Session, actor: Actor, giving: Giving) -> bool:
    """Whether this actor can take it back now, or what a job left that was cancelled: not while one is at work."""
    mine = giving.by == actor.username or actor.unlimited or OFFICE in actor.roles
    return mine and _left(giving) > 0 and not _at_work(session, giving)


def _left(giving: Giving) -> int:
    """How many goals there are to take back."""
    return giving.goals.get(GIVEN, 0) + giving.goals.get(WAITING, 0)


def _at_work(session: Session, giving: Giving) -> bool:
    return giving.job_id is not None and jobs.load(session, giving.job_id).is_open


def undo(session: Session, _catalog: Catalog, actor: Actor, giving_id: int, now: datetime) -> int:
    """Begin to take it back; the number of the job."""
    giving = givings_of.find(session, actor, giving_id)
    if giving.by != actor.username and not actor.unlimited and OFFICE not in actor.roles:
        raise NotAllowed(RESERVED)
    free = givings.c.id == giving_id, givings.c.undone_at.is_not_distinct_from(giving.undone_at)
    values = {"undone_by": actor.username, "undone_at": now}
    if not may_undo(session, actor, giving):
        raise Conflict(NOTHING)
    if session.execute(update(givings).where(*free).values(values)).rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(NOTHING)
    mine = given_goals.c.giving_id == giving_id, given_goals.c.state == GIVEN
    session.execute(update(given_goals).where(*mine).values(state=WAITING))
    what = {"what": dict(giving.template.name)}
    total = _left(giving)
    job_id = jobs.start(session, KIND, {"giving": giving_id}, actor, now, title_params=what, total=total)
    session.execute(update(givings).where(givings.c.id == giving_id).values(job_id=job_id))
    return job_id


@job_kind(KIND, "Take goals back: %(what)s", zh="收回目标：%(what)s")
def run(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    """The next goals."""
    giving = givings_of.load(session, int(job.payload["giving"]))
    some = givings_of.goals_in(session, giving.id, (WAITING,), CHUNK)
    keys = {one.key[1]: one for one in some}
    kept = _worked_on(session, giving.template.level, sorted(keys))
    for number, one in keys.items():
        if number not in kept:
            problem = _removed(session, catalog, actor, one.key, now)
            kept |= {number: problem} if problem is not None else {}
    _mark(session, giving, [number for number in keys if number not in kept], UNDONE)
    for number, problem in kept.items():
        _mark(session, giving, [number], KEPT, problems=told([problem]))
    left = givings_of.load(session, giving.id)
    if not left.waiting:
        _release(session, giving)
    result = {"removed": left.goals.get(UNDONE, 0), "kept": left.goals.get(KEPT, 0)}
    return Step(job.total - left.waiting, job.total, finished=not left.waiting, result=result)


def _worked_on(session: Session, definition: str, ids: Sequence[int]) -> dict[int, Problem]:
    """Those of the goals with which somebody did something, and what."""
    a, c = audit.c, check_ins.c
    touched = a.action.in_(("change", "restore")), a.actor.not_in(ENGINE)
    changed = select(a.record_id).where(a.definition == definition, a.record_id.in_(ids), *touched)
    checked = select(c.record_id).where(c.definition == definition, c.record_id.in_(ids))
    found = {number: Problem("", EDITED) for number in session.execute(changed.distinct()).scalars()}
    return found | {number: Problem("", CHECKED_IN) for number in session.execute(checked.distinct()).scalars()}


def _removed(session: Session, catalog: Catalog, actor: Actor, key: tuple[str, int], now: datetime) -> Problem | None:
    """Put it into the recycle bin; why that can't be, where it can't."""
    try:
        records.remove(session, catalog, key[0], actor, key[1], now=now)
    except NotFound:
        return None  # somebody removed it before
    except (Conflict, NotAllowed) as error:
        return Problem("", error.message, error.params)
    return None


def _mark(session: Session, giving: Giving, ids: Sequence[int], state: str, **more: Any) -> None:
    if ids:
        c = given_goals.c
        mine = c.giving_id == giving.id, c.record_id.in_(list(ids))
        session.execute(update(given_goals).where(*mine).values(state=state, **more))


def _release(session: Session, giving: Giving) -> None:
    """Whose goals are all gone holds nothing any more, and can be given them again."""
    p, g = given_people.c, given_goals.c
    keeps = select(g.person_id).where(g.giving_id == giving.id, g.state == KEPT)
    mine = p.giving_id == giving.id, p.state == GIVEN
    session.execute(update(given_people).where(*mine, p.person_id.in_(keeps)).values(state=KEPT))
    session.execute(update(given_people).where(*mine).values(state=UNDONE, claim=None))


@subscribes("record.purged", name="goals.forget_given")
def _forget(session: Session, catalog: Any, event: Event, _now: datetime) -> None:
    """What was given is forgotten with its goal, when that is deleted for good."""
    if catalog is None or event.definition not in catalog or catalog[event.definition].definition.kind != LEVEL:
        return
    c = given_goals.c
    session.execute(
        given_goals.delete().where(c.definition == event.definition, c.record_id.in_(event.payload.get("ids", ())))
    )
