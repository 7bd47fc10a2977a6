"""Progress of goals, brought up to date: from their key results, and upwards to the goals that they feed.

Called after a check-in, when a KPI was read, and for every change of an objective, whoever wrote it (outbox). Promises:
only what differs is written, so that telling it twice changes nothing; goals without key results keep the progress that
people gave them. Set-based: one statement for the web, one to read and one batch to write for each level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.records import Change
from workflows.goals import aligned, reading
from workflows.goals.aligned import Web
from workflows.goals.levels import KIND, PROGRESS, RESULTS, Key, levels
from workflows.goals.reading import Goal
from workflows.goals.results import CHILDREN, mean, rolled_up
from workflows.outbox import Event, subscribes
from workflows.scoring import exact

EQUAL = Fraction(1)


def refresh(session: Session, catalog: Catalog, keys: Iterable[Key], *, now: datetime, by: str = "system") -> int:
    """Bring these goals, and those above that they feed, up to date; how many changed."""
    actor = system(by)
    web = aligned.web(session, catalog, actor, over=True)
    touched = _upwards(web, keys)
    around = {*touched, *(edge.child for key in touched for edge in web.below.get(key, ()))}
    goals = reading.many(session, catalog, actor, around, whole=True)
    fresh: dict[Key, Any] = {}
    held = {key: goal.progress for key, goal in goals.items()}
    for key in touched:
        goal = goals.get(key)
        if goal is None or not goal.results:
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
    refresh(session, catalog, [(event.definition, int(i)) for i in event.payload.get("ids", ())], now=now)
