"""Groups of a list with their counts, sums and averages, computed by the database within the actor's rows and fields.

Called by list pages, exports and REST. One statement for all groups, however many rows; who may not see a field can
neither group by it nor learn its sum. Averages leave empty values out, as the sum does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Select, case, cast, extract, func, select
from sqlalchemy.orm import Session

from metadata import access, fieldtypes
from metadata.access import Actor, Sight
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.model import Field
from metadata.records import columns as columns_of
from metadata.records.query import Query, where
from metadata.records.read import label_expression

PERIODS = ("month", "quarter", "year")
MOST_LEVELS = 2
MOST_GROUPS = 500
UNGROUPABLE = "The list can't be grouped by “%(name)s”."
DATED = ("date", "date_time")
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Grouping:
    """A field to group by; a day by `month`, `quarter` or `year`, or as it is."""

    field: str
    by: str = ""

    @property
    def text(self) -> str:
        """As it stands in an address: `day:month`."""
        return f"{self.field}:{self.by}" if self.by else self.field


@dataclass(frozen=True)
class Figures:
    """How many records, and for each measured field the sum and how many values it has."""

    count: int
    sums: Mapping[str, Any]
    filled: Mapping[str, int]

    def average(self, field: Field) -> Any:
        """The mean of the values that are there; None where there is none."""
        total, number = self.sums.get(field.name), self.filled.get(field.name, 0)
        if total is None or not number:
            return None
        if isinstance(total, float):
            return total / number
        places = Decimal(1).scaleb(-((field.scale or 0) + 2))
        return (Decimal(total) / number).quantize(places, ROUND_HALF_UP)


@dataclass(frozen=True)
class Group:
    """One group: its key at each level (a day stands for its whole period), what people read of a reference."""

    keys: tuple[Any, ...]
    labels: tuple[str | None, ...]
    figures: Figures


@dataclass(frozen=True)
class Groups:
    """The groups in order, the figures of all rows, the measured fields; `more` says that there are further groups."""

    groups: tuple[Group, ...]
    total: Figures
    measured: tuple[Field, ...]
    more: bool = False


def groupable(field: Field) -> bool:
    """Whether a list can be grouped by this field: choices, references, yes or no, days."""
    return not field.many and (bool(field.enum or field.ref) or field.type in ("boolean", *DATED))


def measurable(field: Field) -> bool:
    """Whether a field has a sum."""
    return fieldtypes.of(field).numeric and not field.enum and not field.ref and not field.many


def group(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    query: Query,
    by: Sequence[Grouping],
    *,
    action: str = "list",
    most: int = MOST_GROUPS,
) -> Groups:
    """The groups of all records that answer the question; raises NotAllowed, or Invalid naming what can't be."""
    entity = catalog[name]
    access.require(actor, entity, action)
    seen = access.sight(actor, catalog, entity, action)
    visible = {f.name: f for f in seen.fields}
    problems = refused(visible, by)
    if problems:
        raise Invalid("The list can't be grouped like this.", problems=problems)
    measured = tuple(f for f in seen.fields if measurable(f) and (not query.columns or f.name in query.columns))
    inner = _grouped(session, catalog, entity, actor, query, by, seen, measured, action)
    statement = _labelled(catalog, actor, entity, inner, by, query.language).limit(most + 1)
    dated = [item if visible[item.field].type in DATED else None for item in by]
    found = [_group(row, dated, measured) for row in session.connection().execute(statement)]
    if len(found) <= most:
        return Groups(tuple(found), added(g.figures for g in found), measured)
    whole = totals(session, catalog, name, actor, query, action=action)
    return Groups(tuple(found[:most]), whole.total, measured, more=True)


def totals(
    session: Session, catalog: Catalog, name: str, actor: Actor, query: Query, *, action: str = "list"
) -> Groups:
    """The figures of all records that answer the question, without groups."""
    return group(session, catalog, name, actor, query, (), action=action)


def added(several: Iterable[Figures]) -> Figures:
    """The figures of several groups together."""
    count, sums, filled = 0, dict[str, Any](), dict[str, int]()
    for figures in several:
        count += figures.count
        for name, value in figures.sums.items():
            filled[name] = filled.get(name, 0) + figures.filled[name]
            if value is not None:
                sums[name] = value if sums.get(name) is None else sums[name] + value
            else:
                sums.setdefault(name, None)
    return Figures(count, sums, filled)


def span(grouping: Grouping, start: date) -> tuple[date, date]:
    """The first day of the period that begins with `start`, and the first day after it."""
    months = MONTHS_OF.get(grouping.by)
    if months is None:
        return start, start + timedelta(days=1)
    whole = start.year * 12 + start.month - 1 + months
    return start, date.max if whole // 12 > date.max.year else date(whole // 12, whole % 12 + 1, 1)


def refused(visible: Mapping[str, Field], by: Sequence[Grouping]) -> list[Problem]:
    """What is wrong with a grouping, for somebody who sees these fields."""
    problems = []
    for item in by:
        field = visible.get(item.field)
        dated = field is not None and field.type in DATED
        if field is None or not groupable(field) or (item.by and not (dated and item.by in PERIODS)):
            problems.append(Problem("/group", UNGROUPABLE, {"name": field.texts.named() if field else item.field}))
    if len(by) > MOST_LEVELS or len({item.field for item in by}) < len(by):
        problems.append(Problem("/group", "A list can be grouped by at most two different fields."))
    return problems


def _grouped(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    query: Query,
    by: Sequence[Grouping],
    seen: Sight,
    measured: Sequence[Field],
    action: str,
) -> Select[Any]:
    """One row for each group; a field that may be seen in some rows alone counts as empty in the others."""
    table, fields = entity.table, entity.definition.fields
    dialect = session.connection().dialect.name
    keys = [_key(_seen(catalog, entity, seen, fields[item.field]), fields[item.field], item, dialect) for item in by]
    keys = [key.label(f"k{i}") for i, key in enumerate(keys)]
    figures: list[ColumnElement[Any]] = [func.count().label("number")]
    for i, field in enumerate(measured):
        column = _seen(catalog, entity, seen, field)
        figures += [func.sum(column).label(f"s{i}"), func.count(column).label(f"n{i}")]
    conditions = (
        where(catalog, entity, table, query, seen.fields, seen.apart),
        access.rows(actor, catalog, entity, action),
    )
    statement = select(*keys, *figures).select_from(table).where(*conditions)
    return statement.group_by(*keys) if keys else statement


def _seen(catalog: Catalog, entity: Entity, seen: Sight, field: Field) -> ColumnElement[Any]:
    column = columns_of.value_of(catalog, entity, entity.table, field)
    return case((seen.apart[field.name], column)) if field.name in seen.apart else column


def _key(column: ColumnElement[Any], field: Field, item: Grouping, dialect: str) -> ColumnElement[Any]:
    """A period as one number: 20263 is the third quarter of 2026. Moments count in UTC, as filters read them."""
    if field.type not in DATED:
        return column
    if field.type == "date_time" and dialect == "postgresql":
        column = func.timezone("UTC", column)
    year, month = cast(extract("year", column), Integer), cast(extract("month", column), Integer)
    if item.by == "year":
        return year
    if item.by == "quarter":
        return year * 10 + (month + 2) // 3
    whole = year * 100 + month
    return whole if item.by == "month" else whole * 100 + cast(extract("day", column), Integer)


def _labelled(
    catalog: Catalog, actor: Actor, entity: Entity, inner: Select[Any], by: Sequence[Grouping], language: str
) -> Select[Any]:
    """The groups with what people read of references, in the order in which people look for them."""
    if not by:
        return inner
    sub = inner.subquery("grouped")
    source: FromClause = sub
    labels: list[ColumnElement[Any]] = []
    order: list[ColumnElement[Any]] = []
    for i, item in enumerate(by):
        field, key = entity.definition.fields[item.field], sub.c[f"k{i}"]
        if field.ref and field.ref in catalog:
            target = catalog[field.ref]
            other = target.table.alias(f"ref_{i}")
            source = source.outerjoin(other, other.c.id == key)
            shown = set(target.definition.fields) - access.never_seen(actor, target)
            label = label_expression(catalog, target, other, shown, language)
            labels.append(label.label(f"l{i}"))
            order.append(case((key.is_not(None), label)).nulls_last())
        elif field.enum:
            order.append(case({c.value: n for n, c in enumerate(field.enum)}, value=key).nulls_last())
        order.append(key.nulls_last())
    return select(sub, *labels).select_from(source).order_by(*order)


def _group(row: Any, dated: Sequence[Grouping | None], measured: Sequence[Field]) -> Group:
    values = row._mapping
    keys = [
        values[f"k{i}"] if item is None or values[f"k{i}"] is None else period_start(item, values[f"k{i}"])
        for i, item in enumerate(dated)
    ]
    labels = tuple(values.get(f"l{i}") if key is not None else None for i, key in enumerate(keys))
    sums = {f.name: _sum(f, values[f"s{i}"]) for i, f in enumerate(measured)}
    filled = {f.name: int(values[f"n{i}"]) for i, f in enumerate(measured)}
    return Group(tuple(keys), labels, Figures(int(values["number"]), sums, filled))


def _sum(field: Field, value: Any) -> Any:
    """PostgreSQL adds whole numbers up to a decimal."""
    return int(value) if value is not None and field.type == "integer" else value


def period_start(item: Grouping, key: int) -> date:
    """The first day of the period that a key stands for."""
    if item.by == "year":
        return date(key, 1, 1)
    if item.by == "quarter":
        return date(key // 10, key % 10 * 3 - 2, 1)
    if item.by == "month":
        return date(key // 100, key % 100, 1)
    return date(key // 10000, key // 100 % 100, key % 100)
