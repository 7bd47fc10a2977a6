"""Key results that a KPI feeds, brought up to date: every hour, for goals that run.

Called by the tick. A goal counts the rows that its window covers and that its owner may see: nobody learns from a goal
what the lists would not tell them (docs/decisions/0112). Promises: only what differs is written; a KPI or an expression
that is no longer there, and an owner without an account, leave the key result as it was.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.errors import Invalid
from metadata.records import Change
from workflows.goals import figures, progress, reading
from workflows.goals.check_ins import accounts_of
from workflows.goals.levels import END, OVER, RESULTS, START, STATUS, Level, levels
from workflows.goals.reading import Goal
from workflows.goals.results import KPI, Result
from workflows.installation import bound
from workflows.tick import every

EVERY_SECONDS = 3600.0
Asked = tuple[str, str, str, str, Any, Any]


@every(EVERY_SECONDS, "goals.feed")
def feed(session: Session, catalog: Any, now: datetime) -> int:
    """Read the KPIs and write what moved; the number of goals that changed."""
    if catalog is None:
        return 0
    actor, changed = system("goals"), 0
    known: dict[Asked, Decimal | None] = {}
    windowed = [one for one in levels(catalog) if {RESULTS, START, END} <= one.entity.definition.fields.keys()]
    fed = {level.name: _fed(session, level, now) for level in windowed}
    progress.hold(session, catalog, [key for keys in fed.values() for key in keys])
    for level in windowed:
        goals = reading.many(session, catalog, actor, fed[level.name], whole=True)
        owners = _owners(session, catalog, list(goals.values()))
        changes = [
            Change(goal.key[1], {RESULTS: rows}, goal.version)
            for goal in goals.values()
            if goal.owner_id in owners
            and (rows := _moved(session, catalog, owners[goal.owner_id], goal, known)) is not None
        ]
        if changes:
            records.change_many(session, catalog, level.name, actor, changes, now=now)
            progress.refresh(session, catalog, [(level.name, change.id) for change in changes], now=now)
            changed += len(changes)
    return changed


def _fed(session: Session, level: Level, now: datetime) -> list[tuple[str, int]]:
    """The goals of a level that run today and have a key result fed by a KPI."""
    table, side = level.entity.table, level.entity.sides[RESULTS]
    if "fed_by" not in side.c:
        return []
    mine = select(side.c._record).where(side.c.fed_by == KPI)
    today = now.date()
    statement = select(table.c.id).where(
        table.c.id.in_(mine), table.c._removed_at.is_(None), table.c[START] <= today, table.c[END] >= today
    )
    if level.has(STATUS):
        statement = statement.where(table.c[STATUS].not_in(OVER))
    return [(level.name, number) for number in session.execute(statement).scalars()]


def _owners(session: Session, catalog: Catalog, goals: list[Goal]) -> dict[int, Actor]:
    """Who asks the KPIs of these goals: their owners, by the numbers of their records."""
    people = [goal.owner_id for goal in goals if goal.owner_id is not None]
    accounts = accounts_of(session, catalog, people)
    return {number: bound().actor(session, catalog, account) for number, account in accounts.items()}


def _moved(
    session: Session, catalog: Catalog, owner: Actor, goal: Goal, known: dict[Asked, Decimal | None]
) -> list[dict[str, Any]] | None:
    """The rows to write; None where nothing moved."""
    rows: list[dict[str, Any]] = []
    moved = False
    for result in goal.results:
        found = _value(session, catalog, owner, goal, result, known) if result.fed_by == KPI else None
        rows.append({"id": result.id} | ({} if found is None else {"current": found}))
        moved = moved or (found is not None and found != result.current)
    return rows if moved else None


def _value(
    session: Session,
    catalog: Catalog,
    owner: Actor,
    goal: Goal,
    result: Result,
    known: dict[Asked, Decimal | None],
) -> Decimal | None:
    asked: Asked = (owner.username, result.kpi, result.measure, result.filter, goal.start, goal.end)
    if asked not in known:
        try:
            source = figures.source(catalog, owner, result.kpi, result.measure, result.filter)
            known[asked] = figures.value(session, catalog, owner, source, goal.start, goal.end)
        except Invalid:
            known[asked] = None
    return known[asked]
