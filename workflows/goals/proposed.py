"""Cascades and proposals as people read them: one change with what became of it below, and what waits for an owner.

Called by the pages, REST and the start page. Promises: a cascade is seen by whoever may see the goal that it began
with; a goal below that the reader may not see is counted and not named; a list costs a handful of statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, or_, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from workflows.goals import reading
from workflows.goals.levels import OVER, RESULTS, STATUS, Key, listed
from workflows.goals.reading import Goal
from workflows.goals.tables import cascades, proposals

OPEN, ACCEPTED, ADAPTED, DISPUTED, UNDONE = "open", "accepted", "adapted", "disputed", "undone"
WAITS = (OPEN, DISPUTED)
GONE = "There is no such proposal, or you may not see it."


@dataclass(frozen=True)
class Proposal:
    """What was proposed to one goal, and what became of it; `goal` is None where the reader may not see its targets."""

    id: int
    cascade_id: int
    key: Key
    result_id: int
    goal: Goal | None
    before: Decimal
    proposed: Decimal
    state: str
    final: Decimal | None
    reason: str
    by: str
    at: datetime | None
    version: int
    since: datetime


@dataclass(frozen=True)
class Cascade:
    """One change that flowed down."""

    id: int
    key: Key
    result_id: int
    goal: Goal
    before: Decimal
    after: Decimal
    reason: str
    by: str
    at: datetime
    undone_by: str
    undone_at: datetime | None
    proposals: tuple[Proposal, ...]


def cascade(session: Session, catalog: Catalog, actor: Actor, cascade_id: int, language: str = "en") -> Cascade:
    """A cascade with its proposals, for whoever may see the goal that it began with, and its targets."""
    row = session.execute(select(cascades).where(cascades.c.id == cascade_id)).one_or_none()
    if row is None:
        raise NotFound(GONE)
    reading.one(session, catalog, actor, (row.definition, row.record_id), language)
    found = _whole(session, catalog, actor, [row], language)
    if not found:
        raise NotFound(GONE)
    return found[0]


def proposal(session: Session, catalog: Catalog, actor: Actor, proposal_id: int, language: str = "en") -> Proposal:
    """One proposal, for whoever may see its goal or the one that the change began with."""
    row = session.execute(select(proposals).where(proposals.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound(GONE)
    [found] = _seen(session, catalog, actor, [row], language)
    if found.goal is None:
        cascade(session, catalog, actor, row.cascade_id, language)
    return found


def page(
    session: Session, catalog: Catalog, actor: Actor, language: str = "en", *, number: int = 0, size: int = 50
) -> tuple[list[Cascade], bool]:
    """The cascades that begin with a goal which the reader may see, the newest first; and whether there are more."""
    statement = select(cascades).where(_seen_in(catalog, actor, cascades)).order_by(cascades.c.id.desc())
    rows = session.execute(statement.offset(number * size).limit(size + 1)).all()
    return _whole(session, catalog, actor, rows[:size], language), len(rows) > size


def waiting(
    session: Session, catalog: Catalog, actor: Actor, language: str = "en", *, mine: bool = False, limit: int = 100
) -> list[Proposal]:
    """Proposals that wait for a word, the oldest first: for goals that the reader may change, or with `mine` owns."""
    p = proposals.c
    clause = _seen_in(catalog, actor, proposals, action="edit", mine=mine, running=True)
    statement = select(proposals).where(p.state.in_(WAITS), clause).order_by(p.id).limit(limit)
    return _seen(session, catalog, actor, session.execute(statement).all(), language)


def _seen_in(
    catalog: Catalog, actor: Actor, kept: Table, action: str = "list", *, mine: bool = False, running: bool = False
) -> ColumnElement[bool]:
    """Rows of a table beside the records whose goal the actor may list, or change; with `running` those that count.

    What was proposed to a goal that is over, or for a key result that was taken out, waits for nobody.
    """
    clauses: list[ColumnElement[bool]] = []
    for level in listed(catalog, actor):
        if action != "list" and not access.may(actor, level.entity, action):
            continue
        table = level.entity.table
        limits = [table.c._removed_at.is_(None), access.rows(actor, catalog, level.entity, action)]
        if mine:
            limits.append(table.c[level.person] == actor.person_id if level.person else false())
        if running and level.has(STATUS):
            limits.append(table.c[STATUS].not_in(OVER))
        mine_here = [kept.c.definition == level.name, kept.c.record_id.in_(select(table.c.id).where(*limits))]
        if running:
            side = level.entity.sides.get(RESULTS)
            mine_here.append(false() if side is None else kept.c.result_id.in_(select(side.c.id)))
        clauses.append(and_(*mine_here))
    return or_(*clauses) if clauses else false()


def _whole(session: Session, catalog: Catalog, actor: Actor, rows: Sequence[Any], language: str) -> list[Cascade]:
    keys = [(row.definition, row.record_id) for row in rows]
    goals = _measured(session, catalog, actor, keys, language)
    ids = [row.id for row in rows]
    held = session.execute(select(proposals).where(proposals.c.cascade_id.in_(ids)).order_by(proposals.c.id)).all()
    of_all = _seen(session, catalog, actor, held, language)
    return [
        Cascade(
            row.id,
            (row.definition, row.record_id),
            row.result_id,
            goals[row.definition, row.record_id],
            Decimal(row.before),
            Decimal(row.after),
            row.reason,
            row.by,
            row.at,
            row.undone_by or "",
            row.undone_at,
            tuple(one for one in of_all if one.cascade_id == row.id),
        )
        for row in rows
        if (row.definition, row.record_id) in goals
    ]


def of_goal(
    session: Session, catalog: Catalog, actor: Actor, goal: Goal, language: str = "en"
) -> tuple[list[Proposal], list[int]]:
    """For a goal as its reader sees it: what waits for its owner's word, and the last cascades that began with it."""
    p, c, key = proposals.c, cascades.c, goal.key
    if RESULTS in goal.unread:
        return [], []
    mine = p.definition == key[0], p.record_id == key[1], p.result_id.in_([one.id for one in goal.results])
    open_here = select(proposals).where(*mine, p.state.in_(WAITS))
    begun = select(c.id).where(c.definition == key[0], c.record_id == key[1]).order_by(c.id.desc()).limit(5)
    held = session.execute(open_here.order_by(p.id)).all() if goal.status not in OVER else []
    return _seen(session, catalog, actor, held, language), list(session.execute(begun).scalars())


def _measured(session: Session, catalog: Catalog, actor: Actor, keys: Sequence[Key], language: str) -> dict[Key, Goal]:
    """Those of the goals whose key results the reader may see, for a target is a part of these."""
    goals = reading.many(session, catalog, actor, keys, language, whole=True)
    return {key: goal for key, goal in goals.items() if RESULTS not in goal.unread}


def _seen(session: Session, catalog: Catalog, actor: Actor, rows: Sequence[Any], language: str) -> list[Proposal]:
    keys = [(row.definition, row.record_id) for row in rows]
    goals = _measured(session, catalog, actor, keys, language)
    ids = {row.cascade_id for row in rows}
    asked = select(cascades.c.id, cascades.c.at).where(cascades.c.id.in_(sorted(ids)))
    begun: dict[int, datetime] = {row.id: row.at for row in session.execute(asked)} if ids else {}
    return [
        Proposal(
            row.id,
            row.cascade_id,
            (row.definition, row.record_id),
            row.result_id,
            goals.get((row.definition, row.record_id)),
            Decimal(row.before),
            Decimal(row.proposed),
            row.state,
            None if row.final is None else Decimal(row.final),
            row.reason,
            row.by or "",
            row.at,
            row.version,
            begun[row.cascade_id],
        )
        for row in rows
    ]
