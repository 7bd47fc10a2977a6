"""An own way for a key result: days with the per cent that should be gone by then, instead of season or straight line.

Called by the page of a key result's pace and REST. Who may change the goal sets it; it is written through the record
door like every other value of the goal. Functions here never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from sqlalchemy.orm import Session

from metadata import records, waypoints
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, Problem, StaleVersion
from metadata.waypoints import FALLS, MOST, TOO_MANY, Points
from workflows.goals import check_ins, reading
from workflows.goals.check_ins import NOT_SAVED
from workflows.goals.levels import RESULTS, Key, level_of
from workflows.goals.reading import Goal

CURVE = "curve"
NO_CURVE = "Key results of this level have no pace of their own: the level lacks the field for it."
NO_DAY = "A day is expected here, as in 2026-10-31."
NO_SHARE = "A per cent from 0 to 100 is expected here, with at most two decimals."
OUTSIDE = "This day lies outside the time of the goal."
RESERVED = "You may see this goal; its pace is set by those who may change the goal."


def set_points(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    key: Key,
    result_id: int,
    rows: Sequence[tuple[str, str]],
    *,
    version: int | None = None,
    now: datetime,
) -> None:
    """Give a key result its own way; without rows it follows its KPI's season or the straight line again."""
    goal = check_ins.held(session, catalog, actor, key, RESERVED)
    if version is not None and version != goal.version:
        raise StaleVersion("Somebody changed this goal in the meantime; load it again.")
    if not settable(catalog, key):
        raise Conflict(NO_CURVE)
    result = reading.result_of(goal, result_id)
    text = waypoints.written(checked(goal, rows)) or None
    lines = [{"id": one.id, CURVE: text} if one.id == result.id else {"id": one.id} for one in goal.results]
    records.change(session, catalog, key[0], actor, key[1], {RESULTS: lines}, now=now, version=goal.version)


def settable(catalog: Catalog, key: Key) -> bool:
    """Whether key results of this goal's level have a field for it."""
    rows = level_of(catalog, key[0]).entity.definition.lists.get(RESULTS)
    return rows is not None and CURVE in rows.rows


def checked(goal: Goal, rows: Sequence[tuple[str, str]]) -> Points:
    """The rows as points in the goal's time; rows that are empty count for nothing. Raises Invalid at the cells."""
    problems: list[Problem] = []
    found: list[tuple[int, date, Decimal]] = []
    for place, (day_text, share_text) in enumerate(rows):
        if not day_text.strip() and not share_text.strip():
            continue
        day, share = _day(day_text), _share(share_text)
        if day is None:
            problems.append(Problem(f"/points/{place}/day", NO_DAY))
        elif (goal.start and day < goal.start) or (goal.end and day > goal.end):
            problems.append(Problem(f"/points/{place}/day", OUTSIDE))
        if share is None:
            problems.append(Problem(f"/points/{place}/share", NO_SHARE))
        if day is not None and share is not None:
            found.append((place, day, share))
    if len(found) > MOST:
        problems.append(Problem(f"/points/{found[MOST][0]}/day", TOO_MANY, {"count": MOST}))
    for earlier, later in pairwise(found):
        if later[1] <= earlier[1] or later[2] < earlier[2]:
            problems.append(Problem(f"/points/{later[0]}/{'day' if later[1] <= earlier[1] else 'share'}", FALLS))
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return tuple((day, share) for _place, day, share in found)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _share(text: str) -> Decimal | None:
    try:
        share = Decimal(text.strip().removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return None
    return share if share.is_finite() and 0 <= share <= 100 and share == round(share, 2) else None
