"""Levels that take key results together by another rule than before: the progress of all their goals follows.

Called by the tick, which finds a published change within minutes. Promises: each change is followed once, however long
nobody looked; goals that are over keep their progress.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, true
from sqlalchemy.orm import Session

from workflows.goals import progress
from workflows.goals.levels import OVER, RESULTS, STATUS, Level, levels
from workflows.goals.tables import level_rules
from workflows.tick import every

EVERY_SECONDS = 120.0


@every(EVERY_SECONDS, "goals.rules")
def follow(session: Session, catalog: Any, now: datetime) -> int:
    """Bring the goals of levels whose rule changed up to date; how many moved."""
    if catalog is None:
        return 0
    held = {row.definition: row.rule for row in session.execute(select(level_rules))}
    moved = 0
    for level in levels(catalog):
        rule = level.okr.rollup
        if held.get(level.name) == rule:
            continue
        session.execute(delete(level_rules).where(level_rules.c.definition == level.name))
        session.execute(insert(level_rules).values(definition=level.name, rule=rule))
        if level.name in held:
            moved += progress.refresh(session, catalog, _running(session, level), now=now)
    return moved


def _running(session: Session, level: Level) -> list[tuple[str, int]]:
    """The goals of a level that are not over."""
    if RESULTS not in level.entity.definition.lists:
        return []
    c = level.entity.table.c
    runs = c[STATUS].not_in(OVER) if level.has(STATUS) else true()
    return [
        (level.name, number) for number in session.execute(select(c.id).where(c._removed_at.is_(None), runs)).scalars()
    ]
