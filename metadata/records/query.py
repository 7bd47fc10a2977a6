"""What a list asks for, and how it becomes SQL: filters, order, search, columns, page.

Only fields that the actor may read can be filtered, sorted or searched, because an answer to
"how many earn more than x" would tell what the field hides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, String, Uuid, and_, case, cast, false, func, not_, or_, true

from metadata import fieldtypes, validation
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.model import Field
from metadata.records import columns as columns_of
from metadata.records import trees

MAX_PAGE_SIZE = 1000
MAX_SEARCH_WORDS = 8


@dataclass(frozen=True)
class Filter:
    """One condition: `op` is a key of `OPERATORS`; `value` is JSON, or a list of it for "in"."""

    field: str
    op: str = "eq"
    value: Any = None


@dataclass(frozen=True)
class Query:
    """A list's question. `order` is (field, descending) pairs; `removed` asks for the recycle bin."""

    filters: tuple[Filter, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    search: str = ""
    columns: tuple[str, ...] = ()
    page: int = 0
    page_size: int = 25
    removed: bool = False
    language: str = "en"


def contains(column: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """Whether the text holds `words`, in any case, with no wildcard meaning."""
    return func.lower(cast(column, String)).contains(words.lower(), autoescape=True)


Operator = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
OPERATORS: Mapping[str, Operator] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: or_(column != value, column.is_(None)),
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "in": lambda column, value: column.in_(value),
    "contains": contains,
    "starts": lambda column, value: func.lower(column).startswith(value.lower(), autoescape=True),
    "null": lambda column, value: column.is_(None) if value else column.is_not(None),
    "under": lambda column, value: column == value,  # `trees.under` answers it, which knows what lies below
}
TEXT_ONLY = frozenset({"contains", "starts"})
LIST_OPERATORS = frozenset({"eq", "ne", "in", "contains", "null"})
ENTRIES = {"references": "reference", "choices": "choice"}  # the type of one entry
SYSTEM_FIELDS = ("id", "_version", "_created_at", "_changed_at", "_created_by", "_changed_by", "_removed_at")


Apart = Mapping[str, ColumnElement[bool]]
NOWHERE: Apart = {}


def where(
    catalog: Catalog,
    entity: Entity,
    table: FromClause,
    query: Query,
    visible: Sequence[Field],
    apart: Apart = NOWHERE,
) -> ColumnElement[bool]:
    """The conditions of filters, search and recycle bin; raises Invalid naming what can't be asked.

    `apart` says of fields that may be seen in some rows alone in which: no other row answers a question about them.
    """
    removed = table.c._removed_at
    clauses: list[ColumnElement[bool]] = [removed.is_not(None) if query.removed else removed.is_(None)]
    fields = {f.name: f for f in visible}
    problems: list[Problem] = []
    for item in query.filters:
        try:
            clauses.append(_within(apart, item.field, _condition(catalog, entity, table, fields, item)))
        except fieldtypes.BadValue as bad:
            problems.append(Problem(f"/{item.field}", bad.message, bad.params))
    if problems:
        raise Invalid("The list can't be filtered like this.", problems=problems)
    for word in query.search.split()[:MAX_SEARCH_WORDS]:
        texts = [
            (f.name, columns_of.value_of(catalog, entity, table, f)) for f in visible if fieldtypes.of(f).searchable
        ]
        found = [_within(apart, name, contains(column, word)) for name, column in texts]
        clauses.append(or_(*found) if found else table.c.id < 0)
    return and_(*clauses)


def _within(apart: Apart, name: str, clause: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(apart[name], clause) if name in apart else clause


def _condition(
    catalog: Catalog, entity: Entity, table: FromClause, fields: Mapping[str, Field], item: Filter
) -> ColumnElement[bool]:
    operator = OPERATORS.get(item.op)
    if operator is None:
        raise fieldtypes.BadValue(
            "There is no comparison “%(op)s”; use one of %(ops)s.", op=item.op, ops=", ".join(OPERATORS)
        )
    if item.op == "null":
        value: Any = str(item.value).casefold() not in fieldtypes.FALSE_WORDS
    elif item.field == "id":
        value = _ids(item)
    elif item.field not in fields:
        raise fieldtypes.BadValue("There is no field called “%(name)s”.", name=item.field)
    elif item.op in TEXT_ONLY:
        value = str(item.value)
    else:
        value = _value(fields[item.field], item)
    if item.field not in fields and item.field != "id":
        raise fieldtypes.BadValue("There is no field called “%(name)s”.", name=item.field)
    if item.op == "under" and value is not None:
        return trees.under(catalog, entity, table, fields[item.field], value) if item.field in fields else false()
    if item.field in fields and fields[item.field].many:
        return _in_list(entity, table, fields[item.field], item, value)
    column = table.c.id if item.field == "id" else columns_of.value_of(catalog, entity, table, fields[item.field])
    if item.op in TEXT_ONLY and item.field in fields and fields[item.field].type == "attachment":
        column = columns_of.file_name(column)
    if item.op in TEXT_ONLY and isinstance(column.type, Uuid):
        column = cast(column, String)
    if value is None:
        return column.is_(None) if item.op == "eq" else column.is_not(None) if item.op == "ne" else true()
    return operator(column, value)


def _in_list(entity: Entity, table: FromClause, field: Field, item: Filter, value: Any) -> ColumnElement[bool]:
    """A list is asked for an entry: one that equals, one of several, one with these words; or whether it has any."""
    filled = columns_of.any_entry(entity, table, field)
    if item.op == "null" or value is None:
        return not_(filled) if (value if item.op == "null" else item.op == "eq") else filled
    if item.op == "contains":
        return columns_of.with_words(entity, table, field, lambda column: contains(column, value))
    if field.rows or item.op not in LIST_OPERATORS:
        fitting = "contains, null" if field.rows else ", ".join(sorted(LIST_OPERATORS))
        raise fieldtypes.BadValue("A list can only be compared with: %(ops)s.", ops=fitting)
    wanted = value if item.op == "in" else [value]
    found = columns_of.among(entity, table, field, lambda column: column.in_(wanted))
    return not_(found) if item.op == "ne" else found


def _ids(item: Filter) -> Any:
    given = item.value if isinstance(item.value, list | tuple) else str(item.value).split(",")
    try:
        ids = [int(value) for value in given]
    except (TypeError, ValueError):
        raise fieldtypes.BadValue("The id of a record is expected here.") from None
    if any(abs(i) > fieldtypes.LARGEST_INTEGER for i in ids):
        raise fieldtypes.BadValue("The id of a record is expected here.")
    return ids if item.op == "in" else ids[0]


def _value(field: Field, item: Filter) -> Any:
    if field.rows:
        return None if item.value in (None, "") else item.value
    kind = fieldtypes.TYPES[ENTRIES.get(field.type, field.type)]
    if item.op == "in":
        given = item.value if isinstance(item.value, list | tuple) else str(item.value).split(",")
        return [_one(kind, field, value) for value in given]
    return _one(kind, field, item.value)


def _one(kind: fieldtypes.FieldType, field: Field, value: Any) -> Any:
    if value is None or value == "":
        return None
    return kind.from_text(field, value, validation.UTC_ZONE) if isinstance(value, str) else kind.from_json(field, value)


def order(
    catalog: Catalog,
    entity: Entity,
    table: FromClause,
    query: Query,
    visible: Sequence[Field],
    labels: Mapping[str, ColumnElement[Any]],
    apart: Apart = NOWHERE,
) -> list[ColumnElement[Any]]:
    """The ORDER BY: asked for, else the definition's own; a reference sorts by what people read; id settles ties."""
    fields = {f.name for f in visible} | set(SYSTEM_FIELDS)
    unknown = [name for name, _down in query.order if name not in fields]
    if unknown:
        problems = [Problem(f"/{n}", "There is no field called “%(name)s”.", {"name": n}) for n in unknown]
        raise Invalid("The list can't be sorted like this.", problems=problems)
    required = {f.name for f in visible if f.required}
    pairs = query.order or tuple(pair for pair in entity.definition.screen.order if pair[0] in fields)
    clauses: list[ColumnElement[Any]] = []
    for name, descending in pairs:
        column = labels[name] if name in labels else _sorted_by(catalog, entity, table, name)
        column = case((apart[name], column)) if name in apart else column
        turned = column.desc() if descending else column.asc()
        # a column that is never empty needs no word about it, and an index can then give the order
        never_empty = name in SYSTEM_FIELDS or (name in required - apart.keys() and name not in labels)
        clauses.append(turned if never_empty and name != "_removed_at" else turned.nulls_last())
    if not any(name == "id" for name, _down in pairs):
        clauses.append(table.c.id.desc() if pairs and pairs[-1][1] else table.c.id.asc())
    return clauses


def _sorted_by(catalog: Catalog, entity: Entity, table: FromClause, name: str) -> ColumnElement[Any]:
    field = entity.definition.fields.get(name)
    return table.c[name] if field is None else columns_of.sorted_by(catalog, entity, table, field)
