"""Figures out of the database: one statement for any number of KPIs, grouped, never row by row.

Called by board.py; series turn its cells into figures. Each KPI contributes one grouped SELECT
for months and units, one for its first and last day, and on its own page one for each dimension;
all are one UNION ALL. Row access is in each WHERE, so that no sum holds a record that the actor
may not list. Cells carry the parts of the measures, which `Measure.combined` takes together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    Date,
    Double,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from portal.dashboards.filters import Filters, Month
from portal.dashboards.subjects import ACTION, Subject

MONTHS, SPAN = "", "*"  # slices that are no dimension; a field can have neither name
SELECTS_PER_STATEMENT = 200  # SQLite takes 500 in one compound
FIXED_COLUMNS = 8


@dataclass(frozen=True)
class Cell:
    """One group: which KPI, which slice (a dimension, or MONTHS), whose unit, which value, when."""

    kpi: str
    slice: str
    unit: str | None
    value: str | None
    month: Month | None
    records: int
    below: int
    parts: Mapping[str, float | None]


@dataclass(frozen=True)
class Question:
    """What to ask: `unit_ids` limits KPIs with a reference to a unit, `filters.unit` those with a text."""

    catalog: Catalog
    actor: Actor
    filters: Filters
    unit_ids: tuple[int, ...] | None
    dialect: str


def cells(session: Session, question: Question, subjects: Sequence[Subject], *, divided: bool) -> list[Cell]:
    """Every cell of the subjects' months, with `divided` of their dimensions too."""
    asked: list[tuple[Subject, Select[Any]]] = []
    keys = {item.name: sorted(_parts(item)) for item in subjects}
    width = max((len(names) for names in keys.values()), default=0)
    for item in subjects:
        asked.append((item, _months(question, item, width)))
        asked.append((item, _span(question, item, width)))
        if divided:
            asked += [(item, _dimension(question, item, field, width)) for field in item.dimensions]
    found: list[Cell] = []
    for start in range(0, len(asked), SELECTS_PER_STATEMENT):
        statement = union_all(*(query for _item, query in asked[start : start + SELECTS_PER_STATEMENT]))
        found += [_cell(row, keys[row[0]]) for row in session.execute(statement)]
    return found


def versions(session: Session, names: Sequence[str], catalog: Catalog) -> tuple[tuple[Any, ...], ...]:
    """What changes whenever a record of these definitions does; one statement."""
    queries = []
    for name in names:
        columns = catalog[name].table.c
        counted = func.count(), func.count(columns["_removed_at"]), func.coalesce(func.sum(columns["_version"]), 0)
        latest = cast(func.max(columns["_changed_at"]), String)
        queries.append(select(cast(literal(name), String), *(cast(c, Double) for c in counted), latest))
    if not queries:
        return ()
    return tuple(tuple(row) for row in session.execute(union_all(*queries)))


def _parts(subject: Subject) -> dict[str, ColumnElement[float]]:
    columns: Mapping[str, ColumnElement[Any]] = dict(subject.entity.table.c.items())
    return {**subject.plan.parts_sql(columns), **subject.actual.parts_sql(columns)}


def _months(question: Question, subject: Subject, width: int) -> Select[Any]:
    unit = subject.entity.table.c[subject.unit] if subject.unit else None
    year, month = _calendar(question, subject)
    query = _query(subject, width, MONTHS, (unit, None, year, month))
    groups = [year, month] if unit is None else [unit, year, month]
    return query.where(_limits(question, subject)).group_by(*groups)


def _dimension(question: Question, subject: Subject, field: str, width: int) -> Select[Any]:
    column = subject.entity.table.c[field]
    query = _query(subject, width, field, (None, column, None, None))
    return query.where(_limits(question, subject)).group_by(column)


def _span(question: Question, subject: Subject, width: int) -> Select[Any]:
    """The first and last day that the actor may see, whatever the filter: what it can be set to."""
    column = subject.entity.table.c[subject.time]
    ends = [cast(end(column), String) for end in (func.min, func.max)]
    empty = [cast(null(), Integer) for _ in range(FIXED_COLUMNS - 4)] + [cast(null(), Double) for _ in range(width)]
    query: Select[Any] = select(_text(subject.name), _text(SPAN), *ends, *empty)
    return query.select_from(subject.entity.table).where(_permitted(question, subject))


def _query(subject: Subject, width: int, slice_name: str, by: tuple[ColumnElement[Any] | None, ...]) -> Select[Any]:
    """The columns of a cell; `by` is unit, value, year and month, None where the slice has none."""
    columns: Mapping[str, ColumnElement[Any]] = dict(subject.entity.table.c.items())
    parts = _parts(subject)
    chosen = [parts[key] for key in sorted(parts)]
    types = (String, String, Integer, Integer)
    below = cast(func.sum(case((_is_below(subject, columns), 1), else_=0)), Integer)
    query: Select[Any] = select(
        _text(subject.name),
        _text(slice_name),
        *(cast(null() if part is None else part, kind) for part, kind in zip(by, types, strict=True)),
        func.count(),
        below,
        *chosen,
        *(cast(null(), Double) for _ in range(width - len(chosen))),
    )
    return query.select_from(subject.entity.table)


def _is_below(subject: Subject, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    """Whether a single record misses its own plan; a record without one of the two does not."""
    actual, plan = subject.actual.row_sql(columns), subject.plan.row_sql(columns)
    return actual > plan if subject.rule.direction == "lower" else actual < plan


def _calendar(question: Question, subject: Subject) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    column: ColumnElement[Any] = subject.entity.table.c[subject.time]
    if not isinstance(column.type, Date) and question.dialect == "postgresql":
        column = func.timezone(literal_column("'UTC'"), column)  # else the months would be those of the session's zone
    return extract("year", column), extract("month", column)


def _permitted(question: Question, subject: Subject) -> ColumnElement[bool]:
    table = subject.entity.table
    rows = access.rows(question.actor, question.catalog, subject.entity, ACTION, table)
    return and_(rows, table.c["_removed_at"].is_(None), table.c[subject.time].is_not(None))


def _limits(question: Question, subject: Subject) -> ColumnElement[bool]:
    filters = question.filters
    column = subject.entity.table.c[subject.time]
    clauses = [_permitted(question, subject), _in_unit(question, subject)]
    if filters.first:
        clauses.append(column >= _moment(column, filters.first.first_day))
    if filters.last:
        clauses.append(column < _moment(column, filters.last.plus(1).first_day))
    return and_(*clauses)


def _in_unit(question: Question, subject: Subject) -> ColumnElement[bool]:
    if not question.filters.unit:
        return true()
    if not subject.unit:
        return false()
    column = subject.entity.table.c[subject.unit]
    if subject.linked:
        return column.in_(question.unit_ids or ())
    return cast(column, String) == question.filters.unit


def _moment(column: ColumnElement[Any], day: date) -> date | datetime:
    return day if isinstance(column.type, Date) else datetime.combine(day, time.min, UTC)


def _text(value: str) -> ColumnElement[str]:
    return cast(literal(value), String)


def _cell(row: Sequence[Any], keys: Sequence[str]) -> Cell:
    kpi, slice_name, unit, value, year, month, records, below = row[:FIXED_COLUMNS]
    when = None if year is None else Month(int(year), int(month))
    parts = dict(zip(keys, row[FIXED_COLUMNS:], strict=False))
    return Cell(kpi, slice_name, unit, value, when, int(records or 0), int(below or 0), parts)


def spans(found: Sequence[Cell]) -> Iterator[tuple[Month, Month]]:
    """The first and the last month of each KPI that has records, whatever the filter."""
    for cell in found:
        if cell.slice == SPAN and cell.unit and cell.value:
            first, last = (Month(int(end[:4]), int(end[5:7])) for end in (cell.unit, cell.value))
            yield first, last
