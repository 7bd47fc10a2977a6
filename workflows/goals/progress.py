"""Progress of goals, brought up to date: from their key results, and upwards to the goals that they feed.

Called after a check-in, when a KPI was read, and for every change of an objective, whoever wrote it (outbox). Promises:
only what differs is written, so that telling it twice changes nothing; goals without key results keep the progress that
people gave them, and one that is over the progress of its end. Set-based: one statement for the web, one to read and
one batch to write for each level.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.many_rows import one_of
from metadata.records import Change
from workflows.goals import aligned, reading
from workflows.goals.aligned import Web
from workflows.goals.levels import KIND, OVER, PROGRESS, RESULTS, STATUS, Key, levels
from workflows.goals.reading import Goal
from workflows.goals.results import CHILDREN, mean, rolled_up
from workflows.outbox import Event, subscribes
from workflows.scoring import exact

EQUAL = Fraction(1)


def hold(session: Session, catalog: Catalog, keys: Iterable[Key]) -> None:
    """Keep these goals, and those above that they feed, as they are until the transaction ends.

    Called before they are read for a change: two who change goals below the same one would else write over each other.
    """
    if session.connection().dialect.name == "postgresql":  # SQLite has one writer at a time
        _lock(session, catalog, _upwards(aligned.web(session, catalog, system("goals"), over=True), keys))


def _lock(session: Session, catalog: Catalog, keys: Iterable[Key]) -> None:
    """Level by level from the lowest up, and by their numbers, so that nobody waits for who waits for them."""
    connection, wanted = session.connection(), list(keys)
    if connection.dialect.name != "postgresql":
        return
    for level in reversed(levels(catalog)):
        numbers = sorted({number for name, number in wanted if name == level.name})
        if numbers:
            c = level.entity.table.c
            connection.execute(select(c.id).where(one_of(connection, c.id, numbers)).order_by(c.id).with_for_update())


def refresh(
    session: Session,
    catalog: Catalog,
    keys: Iterable[Key],
    *,
    now: datetime,
    by: str = "system",
    ended: Collection[Key] = (),
) -> int:
    """Bring these goals, and those above that they feed, up to date; how many changed.

    Goals that are over stay as they are, except those that are `ended` by the very change that is followed.
    """
    actor = system(by)
    web = aligned.web(session, catalog, actor, over=True)
    touched = _upwards(web, keys)
    _lock(session, catalog, touched)
    around = {*touched, *(edge.child for key in touched for edge in web.below.get(key, ()))}
    goals = reading.many(session, catalog, actor, around, whole=True)
    fresh: dict[Key, Any] = {}
    held = {key: goal.progress for key, goal in goals.items()}
    for key in touched:
        goal = goals.get(key)
        if goal is None or not goal.results or (goal.status in OVER and key not in ended):
            continue
        found = rolled_up(goal.rollup, goal.results, _fed(web, held, goal))
        if found is not None and found != goal.progress:
            fresh[key] = held[key] = found
    _write(session, catalog, actor, fresh, goals, now)
    return len(fresh)


def taken_together(session: Session, catalog: Catalog, goal: Goal) -> Decimal | None:
    """What the key results of one goal give at this moment, by the rule in force; None without data."""
    if not any(result.fed_by == CHILDREN for result in goal.results):
        return rolled_up(goal.rollup, goal.results)
    actor = system("goals")
    below = aligned.web(session, catalog, actor, over=True)
    goals = reading.many(session, catalog, actor, (edge.child for edge in below.below.get(goal.key, ())))
    held = {key: one.progress for key, one in goals.items()}
    return rolled_up(goal.rollup, goal.results, _fed(below, held, goal))


def _upwards(web: Web, keys: Iterable[Key]) -> list[Key]:
    """The goals and all above them, each after those that feed it as far as there is no circle."""
    depth: dict[Key, int] = {}
    waiting = [(key, 0) for key in keys]
    limit = len(web.goals) + 1
    while waiting:
        key, steps = waiting.pop()
        if depth.get(key, -1) >= steps or steps > limit:
            continue
        depth[key] = steps
        waiting += [(edge.parent, steps + 1) for edge in web.above.get(key, ())]
    return sorted(depth, key=lambda key: (depth[key], key))


def _fed(web: Web, held: Mapping[Key, Any], goal: Goal) -> Fraction | None:
    """What the goals below bring, by their shares; those without one count alike."""
    if not any(result.fed_by == CHILDREN for result in goal.results):
        return None
    parts = [
        (exact(held[edge.child]), exact(edge.share) if edge.share is not None else EQUAL)
        for edge in web.below.get(goal.key, ())
        if held.get(edge.child) is not None
    ]
    shared = any(edge.share is not None for edge in web.below.get(goal.key, ()))
    return mean(parts) if parts and shared else mean([(value, EQUAL) for value, _weight in parts]) if parts else None


def _write(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    fresh: Mapping[Key, Any],
    goals: Mapping[Key, Goal],
    now: datetime,
) -> None:
    for level in levels(catalog):
        if not level.has(PROGRESS):
            continue
        changes = [
            Change(key[1], {PROGRESS: value}, goals[key].version)
            for key, value in fresh.items()
            if key[0] == level.name
        ]
        if changes:
            records.change_many(session, catalog, level.name, actor, changes, now=now, form="python")


@subscribes("record.changed", name="goals.progress_changed")
def _changed(session: Session, catalog: Any, event: Event, now: datetime) -> None:
    _follow(session, catalog, event, now)


@subscribes("record.created", name="goals.progress_created")
def _created(session: Session, catalog: Any, event: Event, now: datetime) -> None:
    _follow(session, catalog, event, now)


def _follow(session: Session, catalog: Any, event: Event, now: datetime) -> None:
    """What the door wrote of an objective may move its progress."""
    if catalog is None or event.definition not in catalog or catalog[event.definition].definition.kind != KIND:
        return
    definition = catalog[event.definition].definition
    if RESULTS not in definition.lists:
        return
    keys = [(event.definition, int(i)) for i in event.payload.get("ids", ())]
    ends = (event.payload.get("after") or {}).get(STATUS) in OVER
    refresh(session, catalog, keys, now=now, ended=keys if ends else ())
