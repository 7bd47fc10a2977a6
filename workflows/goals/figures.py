"""What a KPI says for a goal: its value over the goal's window, by the aggregation and the filter of a key result.

Called by feeding.py and history.py. Rows are those that the asking actor may list; the expression is read by
`metadata.measure`, the filter like one of REST (`department__under=3&line=2`). Missing data is None, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Date, and_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from metadata import access, measure
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.measure import Measure
from metadata.records.query import Filter, Query, where
from workflows.scoring import exact, round_half_up

MOST_FILTERS = 10
NO_KPI = "There is no KPI called “%(name)s”, or you may not see it."


@dataclass(frozen=True)
class Source:
    """A KPI with what is asked of it."""

    entity: Entity
    time: str
    measure: Measure
    filters: tuple[Filter, ...]
    direction: str


def source(catalog: Catalog, actor: Actor, kpi: str, expression: str = "", filters: str = "") -> Source:
    """What a key result asks; raises Invalid at the field that can't be read or may not be seen."""
    entity = catalog.entities.get(kpi)
    spec = entity.definition.measure if entity is not None else None
    if entity is None or spec is None or not access.may(actor, entity, "list"):
        raise Invalid(NO_KPI, params={"name": kpi}, problems=[Problem("/kpi", NO_KPI, {"name": kpi})])
    try:
        read = measure.parse(expression or spec.actual)
    except Invalid as error:
        raise Invalid(error.message, params=error.params, field="kpi_measure") from error
    seen = {f.name for f in access.readable(actor, entity, "list")}
    if not {spec.time, *read.fields} <= seen:
        raise Invalid(NO_KPI, params={"name": kpi}, problems=[Problem("/kpi", NO_KPI, {"name": kpi})])
    return Source(entity, spec.time, read, _filters(filters), spec.direction)


def value(
    session: Session, catalog: Catalog, actor: Actor, asked: Source, first: date | None, last: date | None
) -> Decimal | None:
    """The KPI's value over the days from `first` to `last`; one statement."""
    table = asked.entity.table
    columns = dict(table.c.items())
    statement = select(asked.measure.sql(columns)).where(limits(catalog, actor, asked, first, last))
    found = session.connection().execute(statement).scalar()
    return None if found is None else round_half_up(exact(float(found)), 2)


def limits(catalog: Catalog, actor: Actor, asked: Source, first: date | None, last: date | None) -> ColumnElement[bool]:
    """The rows that count."""
    table = asked.entity.table
    seen = access.sight(actor, catalog, asked.entity, "list")
    clauses: list[ColumnElement[bool]] = [
        where(catalog, asked.entity, table, Query(asked.filters), seen.fields, seen.apart),
        access.rows(actor, catalog, asked.entity, "list"),
        table.c[asked.time].is_not(None),
    ]
    column = table.c[asked.time]
    if first is not None:
        clauses.append(column >= _moment(column, first))
    if last is not None and last < date.max:  # nothing lies after the last day of the calendar
        clauses.append(column < _moment(column, last + timedelta(days=1)))
    return and_(*clauses)


def _moment(column: ColumnElement[Any], day: date) -> date | datetime:
    return day if isinstance(column.type, Date) else datetime.combine(day, time.min, UTC)


def _filters(text: str) -> tuple[Filter, ...]:
    try:
        pairs: Sequence[tuple[str, str]] = parse_qsl(text, strict_parsing=True, max_num_fields=MOST_FILTERS)
    except ValueError as error:
        if not text.strip():
            return ()
        message = "Write it like in an address: department=3&line=2."
        raise Invalid(message, problems=[Problem("/kpi_filter", message)]) from error
    found = []
    for name, given in pairs:
        field, _, op = name.partition("__")
        wanted: Any = given.split(",") if op == "in" else given
        found.append(Filter(field, op or "eq", wanted))
    return tuple(found)
