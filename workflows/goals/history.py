"""The past of a KPI for a target: its months for the goal's unit, and the same months of units of about its size.

Called by the page of suggestions and REST. Everything is read with the rights of the asking actor, set-based: one
statement for the months of all units, one for how many people each has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from workflows.goals import figures, suggesting
from workflows.goals.figures import Source
from workflows.goals.reading import Goal
from workflows.goals.results import Result
from workflows.goals.suggesting import Period, Suggestion

MOST_MONTHS = 36
SIZE = 0.5  # units from half to double the size are compared


@dataclass(frozen=True)
class Past:
    """The months that were found, whether they are those of the goal's unit alone, and what they suggest."""

    months: tuple[Period, ...]
    by_unit: bool
    peers: int
    suggestion: Suggestion | None


def past(session: Session, catalog: Catalog, actor: Actor, goal: Goal, result: Result, today: date) -> Past:
    """The past of a key result's KPI, and the range that it suggests for the end of the goal."""
    source = figures.source(catalog, actor, result.kpi, result.measure, result.filter)
    unit = _unit_field(catalog, source)
    months = _months(session, catalog, actor, source, unit, today)
    mine = months.get(goal.unit_id, {}) if unit and goal.unit_id is not None else {}
    by_unit = bool(mine)
    own = mine or (_months(session, catalog, actor, source, "", today).get(None, {}))
    listed = tuple(Period(year, month, value) for (year, month), value in sorted(own.items()))[-MOST_MONTHS:]
    peers = _peers(session, catalog, actor, goal.unit_id, months) if by_unit and goal.unit_id is not None else []
    ahead = _ahead(listed, goal.end)
    lower = result.direction == "lower"
    return Past(listed, by_unit, len(peers), suggesting.suggest(listed, ahead, peers, lower=lower))


def _months(
    session: Session, catalog: Catalog, actor: Actor, source: Source, unit: str, today: date
) -> dict[Any, dict[tuple[int, int], float]]:
    """By unit (None where they are not told apart) the value of each month that is over."""
    table = source.entity.table
    moment = table.c[source.time]
    year, month = extract("year", moment), extract("month", moment)
    keys = [table.c[unit], year, month] if unit else [year, month]
    value = source.measure.sql(dict(table.c.items()))
    statement = select(*keys, value).where(figures.limits(catalog, actor, source, None, None)).group_by(*keys)
    found: dict[Any, dict[tuple[int, int], float]] = defaultdict(dict)
    for *key, number in session.connection().execute(statement):
        when = int(key[-2]), int(key[-1])
        if number is not None and when < (today.year, today.month):
            found[key[0] if unit else None][when] = float(number)
    return found


def _unit_field(catalog: Catalog, source: Source) -> str:
    owner, unit = source.entity.definition.owner.unit, catalog.unit
    if not owner or unit is None or source.entity.definition.fields[owner].ref != unit.name:
        return ""
    return owner


def _peers(
    session: Session, catalog: Catalog, actor: Actor, mine: int, months: dict[Any, dict[tuple[int, int], float]]
) -> list[float]:
    """The last month of each other unit of about the same number of people."""
    person = catalog.person
    field = person.definition.owner.unit if person is not None else None
    if person is None or not field or not access.may(actor, person, "list"):
        return []
    table = person.table
    statement = (
        select(table.c[field], func.count())
        .where(table.c._removed_at.is_(None), access.rows(actor, catalog, person, "list"))
        .group_by(table.c[field])
    )
    sizes: dict[Any, int] = {row[0]: row[1] for row in session.connection().execute(statement)}
    own = sizes.get(mine, 0)
    alike = [
        unit for unit, size in sizes.items() if unit != mine and own * SIZE <= size <= own / SIZE and unit in months
    ]
    return [months[unit][max(months[unit])] for unit in alike]


def _ahead(months: tuple[Period, ...], end: date | None) -> int:
    """How many months after the last one the goal ends; at least one."""
    if not months or end is None:
        return 1
    last = months[-1]
    return max(1, (end.year - last.year) * suggesting.YEAR + end.month - last.month)
