"""A bound formula as SQL for both databases: part of the SELECT, the WHERE or the ORDER BY of its records.

Called by the record door. Numbers are doubles, and one that a field of the catalog can't hold is missing; a missing
value makes missing what is computed of it, as does a division by zero.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Double,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql.functions import FunctionElement

from metadata import fieldtypes
from metadata.catalog import Catalog, Entity
from metadata.formula.binding import Apply, Bound, Fixed, Over, Own, Through, as_field, bind
from metadata.model import Field
from metadata.spelling import spelled

WHOLE_REACH = 2.0**53
KINDS: Mapping[str, Any] = {"text": Text(), "date": Date(), "boolean": Boolean()}
Column = ColumnElement[Any]


def of_field(catalog: Catalog, entity: Entity, table: FromClause, field: Field) -> Column:
    """The value of a computed field in a row of `table`, which is the entity's or an alias of it."""
    key = ("formula", entity.name, field.name)
    bound = catalog.prepared.get(key)
    if bound is None:
        world = _World(catalog)
        bound = catalog.prepared[key] = as_field(bind(entity.definition, str(field.formula), world), field)
    return _stored_as(field, _sql(bound, catalog, entity, table))


class _World(Mapping[str, Any]):
    """The catalog's definitions by name."""

    def __init__(self, catalog: Catalog) -> None:
        self._entities = catalog.entities

    def __getitem__(self, name: str) -> Any:
        return self._entities[name].definition

    def __iter__(self) -> Any:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)


def _stored_as(field: Field, value: Column) -> Column:
    """The value as its type is read back; a number that the type can't hold is missing."""
    kind: Any = fieldtypes.of(field).sql(field)
    if field.type == "integer":
        return case((func.abs(value) < WHOLE_REACH, cast(value, BigInteger)))
    if field.type == "decimal":
        limit = 10.0 ** (fieldtypes.DECIMAL_DIGITS - (field.scale or 0))
        return type_coerce(case((func.abs(value) < limit, cast(value, kind))), kind)
    return type_coerce(value, kind)


def _sql(bound: Bound, catalog: Catalog, entity: Entity | None, table: FromClause) -> Column:
    if isinstance(bound, Fixed):
        return literal(bound.value, Text()) if bound.kind == "text" else _constant(bound.value)
    if isinstance(bound, Own):
        return _own(bound, table)
    if isinstance(bound, Through):
        target = catalog[bound.target]
        other = target.table.alias()
        found = select(_sql(bound.inner, catalog, target, other)).where(other.c.id == table.c[bound.link.name])
        return found.correlate_except(other).scalar_subquery()
    if isinstance(bound, Over):
        return _over(bound, catalog, entity, table)
    return _APPLY[bound.function](*(_sql(part, catalog, entity, table) for part in _unrounded(bound)), **_more(bound))


def _constant(value: Any) -> Column:
    return literal(value, Boolean()) if isinstance(value, bool) else cast(literal(value, Double()), Double)


def _own(bound: Own, table: FromClause) -> Column:
    column = table.c[bound.field.name]
    if bound.kind != "number":
        return type_coerce(column, KINDS[bound.kind])
    if bound.field.type == "number":
        within = or_(column == 0, func.abs(column).between(10.0 ** -int(bound.high), 10.0 ** int(bound.high)))
        return case((within, cast(column, Double)))
    return cast(column, Double)


def _over(bound: Over, catalog: Catalog, entity: Entity | None, table: FromClause) -> Column:
    if entity is None:  # rows hold no lists
        raise TypeError(bound.entries.name)
    side = entity.sides[bound.entries.name]
    source: FromClause = side
    inner, others = None, []
    if bound.inner is not None and bound.entries.ref is not None:
        target = catalog[bound.entries.ref]
        other = target.table.alias()
        source, others = side.join(other, other.c.id == side.c.value), [other]
        inner = _sql(bound.inner, catalog, target, other)
    elif bound.inner is not None:
        inner = _sql(bound.inner, catalog, None, side)
    statement = select(_AGGREGATES[bound.function](inner)).select_from(source).where(side.c._record == table.c.id)
    return statement.correlate_except(side, *others).scalar_subquery()


_AGGREGATES: Mapping[str, Callable[[Any], Column]] = {
    "sum": func.sum,
    "avg": lambda inner: cast(func.sum(inner), Double) / func.nullif(cast(func.count(inner), Double), 0.0),
    "min": func.min,
    "max": func.max,
    "count": lambda inner: cast(func.count() if inner is None else func.count(inner), Double),
}


def _unrounded(bound: Apply) -> tuple[Bound, ...]:
    return bound.arguments[:1] if bound.function == "round" else bound.arguments


def _more(bound: Apply) -> dict[str, Any]:
    if bound.function == "round":
        given = bound.arguments[1:]
        return {"places": int(given[0].value) if given and isinstance(given[0], Fixed) else 0}
    text = bound.arguments[0].kind == "text" if bound.function in ("<", "<=", ">", ">=") else False
    return {"text": text} if bound.function in ("<", "<=", ">", ">=") else {}


# A number rounded as people do, by the digits that they see.
_HalfUp = spelled(
    "HalfUp",
    Double(),
    postgresql="CAST(round(CAST({0} AS NUMERIC), {1}) AS DOUBLE PRECISION)",
    sqlite="half_up({all})",
)
# A text that compares by its characters' numbers, whatever the database's language.
_Bytewise = spelled("Bytewise", Text(), postgresql='({0}) COLLATE "C"', sqlite="({0})")
# The smallest and the largest of several values, missing where one is.
_Least = spelled(
    "Least", Double(), postgresql="CASE WHEN num_nulls({all}) = 0 THEN LEAST({all}) END", sqlite="min({all})"
)
_Greatest = spelled(
    "Greatest", Double(), postgresql="CASE WHEN num_nulls({all}) = 0 THEN GREATEST({all}) END", sqlite="max({all})"
)
_Days = spelled(  # from one date to another
    "Days",
    Double(),
    postgresql="CAST(({1}) - ({0}) AS DOUBLE PRECISION)",
    sqlite="CAST(julianday({1}) - julianday({0}) AS DOUBLE)",
)


def _extreme(element: type[FunctionElement[Any]]) -> Callable[..., Column]:
    return lambda *given: type_coerce(element(*given), given[0].type)


def _ordered(sign: Callable[[Any, Any], Any]) -> Callable[..., Column]:
    def compare(left: Any, right: Any, *, text: bool) -> Column:
        found: Column = sign(_Bytewise(left), _Bytewise(right)) if text else sign(left, right)
        return found

    return compare


def _concat(*given: Any) -> Column:
    parts: list[Any] = [func.coalesce(part, literal("", Text())) for part in given]
    return func.nullif(functools.reduce(lambda left, right: left.op("||")(right), parts), literal("", Text()))


_APPLY: Mapping[str, Callable[..., Column]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / func.nullif(right, 0.0),
    "neg": lambda value: -value,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "and": and_,
    "or": or_,
    "not": not_,
    "if": lambda condition, then, otherwise: case((condition, then), else_=otherwise),
    "round": lambda value, places: _HalfUp(value, literal(places, Integer())),
    "abs": func.abs,
    "coalesce": func.coalesce,
    "concat": _concat,
    "upper": lambda value: func.upper(_Bytewise(value)),
    "lower": lambda value: func.lower(_Bytewise(value)),
    "len": lambda value: cast(func.length(value), Double),
    "days": _Days,
    "year": lambda day: cast(extract("year", day), Double),
    "month": lambda day: cast(extract("month", day), Double),
    "min": _extreme(_Least),
    "max": _extreme(_Greatest),
}
