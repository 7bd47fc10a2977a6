"""Reading records: lists, single records, labels, pick-lists and streams, each within the actor's rows and fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, String, True_, bindparam, case, cast, func, literal
from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from metadata import access, store
from metadata.access import Actor, Sight
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.model import Field
from metadata.names import shortened
from metadata.records.columns import entry_labels, value_of
from metadata.records.query import MAX_PAGE_SIZE, Filter, Query, order, where

LABEL, COUNTED, MARK = "__label", "__count", "__seen"
SYSTEM = ("id", "_version", "_created_at", "_created_by", "_changed_at", "_changed_by", "_removed_at")
MOST_PREPARED = 2000
MOST_JOINED = 40  # SQLite joins no more than 64 tables; further labels are looked up one by one
HIDDEN_RECORD = "There is no such record, or you may not see it."


@dataclass(frozen=True)
class Record:
    """One record as an actor may see it: Python values by field, labels of its references, its version.

    The label of a list is a tuple: of texts, for a child table of mappings from its fields to texts.
    """

    definition: str
    id: int
    version: int
    values: Mapping[str, Any]
    labels: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    created_by: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""
    removed_at: datetime | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field; `default` where it has none or may not be seen."""
        value = self.values.get(name)
        return default if value is None else value


@dataclass(frozen=True)
class Page:
    """One page of a list: `count` is the number of all rows that answer the question."""

    rows: tuple[Record, ...]
    count: int
    fields: tuple[Field, ...]


def select(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    query: Query,
    *,
    action: str = "list",
    counted: bool = True,
) -> Page:
    """One page of records and their count; one statement. Raises NotAllowed or Invalid.

    Where nobody asks how many there are in all (`counted` False), `count` is that of the page and costs nothing.
    """
    entity = catalog[name]
    access.require(actor, entity, action)
    seen = access.sight(actor, catalog, entity, action)
    fields = _columns(seen.fields, query)
    statement, asked = _ordered(catalog, entity, actor, query, fields, action, seen)
    if counted:
        statement = statement.add_columns(_counting(entity, asked).scalar_subquery().label(COUNTED))
    size = max(1, min(query.page_size, MAX_PAGE_SIZE))
    offset = max(0, query.page) * size
    found = session.connection().execute(statement.limit(size).offset(offset)).all()
    rows = tuple(_records(name, fields, found, marks_of(seen.apart)))
    if counted and found:
        total = int(found[0][-1])
    else:  # behind the last page no row brings the count
        total = count(session, catalog, name, actor, query, action=action) if counted and offset else len(rows)
    return Page(rows, total, fields)


def count(session: Session, catalog: Catalog, name: str, actor: Actor, query: Query, *, action: str = "list") -> int:
    """How many records answer the question."""
    entity = catalog[name]
    access.require(actor, entity, action)
    seen = access.sight(actor, catalog, entity, action)
    conditions = where(catalog, entity, entity.table, query, seen.fields, seen.apart)
    asked = (conditions, access.rows(actor, catalog, entity, action))
    return int(session.connection().execute(_counting(entity, asked)).scalar_one())


def _counting(entity: Entity, asked: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return sql_select(func.count()).select_from(entity.table).where(*asked)


def stream(
    session: Session, catalog: Catalog, name: str, actor: Actor, query: Query, *, action: str = "export"
) -> Iterator[Record]:
    """All records that answer the question, a thousand in memory at a time."""
    entity = catalog[name]
    access.require(actor, entity, action)
    seen = access.sight(actor, catalog, entity, action)
    fields = _columns(seen.fields, query)
    statement, _asked = _ordered(catalog, entity, actor, query, fields, action, seen)
    rows = session.execute(statement.execution_options(yield_per=1000))
    return _records(name, fields, rows, marks_of(seen.apart))


def find(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    record_id: int,
    *,
    action: str = "show",
    removed: bool = False,
    language: str = "en",
    lock: bool = False,
) -> Record:
    """One record; raises NotFound alike for a missing and for a hidden one. `lock` holds the row for a change."""
    entity = catalog[name]
    if not access.may(actor, entity, action):
        raise NotFound(HIDDEN_RECORD)
    seen = access.sight(actor, catalog, entity, action)
    statement = _marked(_one(catalog, entity, actor, seen.fields, language, removed=removed), seen.apart)
    mine = access.rows(actor, catalog, entity, action)
    if not isinstance(mine, True_):
        statement = statement.where(mine)
    if lock:
        statement = statement.with_for_update(of=entity.table)
    row = session.connection().execute(statement, {"record_id": record_id}).first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return next(_records(name, seen.fields, (row,), marks_of(seen.apart)))


def pick(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    *,
    words: str = "",
    ids: Sequence[int] = (),
    limit: int = 20,
    language: str = "en",
) -> list[tuple[int, str]]:
    """Choices for a reference: (id, label) of records that the actor may list, best first."""
    entity = catalog[name]
    if not access.may(actor, entity, "list"):
        return []
    seen, table = access.sight(actor, catalog, entity, "list"), entity.table
    label = label_expression(catalog, entity, table, set(seen.certain), language)
    query = Query(search=words, filters=(Filter("id", "in", list(ids)),) if ids else ())
    statement = sql_select(table.c.id, label).where(
        where(catalog, entity, table, query, seen.fields, seen.apart), access.rows(actor, catalog, entity, "list")
    )
    return [(row[0], row[1]) for row in session.execute(statement.order_by(label, table.c.id).limit(limit))]


def labels(session: Session, catalog: Catalog, name: str, ids: Iterable[int], language: str = "en") -> dict[int, str]:
    """What people read for the records with these ids, for places that already decided who may see them."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    entity = catalog[name]
    label = label_expression(catalog, entity, entity.table, set(entity.definition.fields), language)
    found = session.execute(sql_select(entity.table.c.id, label).where(entity.table.c.id.in_(wanted)))
    return {row[0]: row[1] for row in found}


def label_expression(
    catalog: Catalog, entity: Entity, table: FromClause, visible: set[str], language: str, depth: int = 2
) -> ColumnElement[Any]:
    """SQL for a record's label; fields that may not be seen are left out, the id stands in for nothing.

    A reference among the label's fields reads as the other record's label, `depth` steps far.
    """
    definition = entity.definition
    names = [n for n in definition.label_of(language) if n in visible and n in definition.fields]
    fallback = [n for n in definition.label_of("en") if n in visible and n in definition.fields]
    number = literal("#") + cast(table.c.id, String)
    words = partial(_word, catalog, entity, table, language, depth)
    english = _sentence([words(name) for name in fallback]) if fallback else number
    own = _sentence([words(name) for name in names]) if names else english
    return case((func.trim(own) != "", func.trim(own)), (func.trim(english) != "", func.trim(english)), else_=number)


def _word(
    catalog: Catalog, entity: Entity, table: FromClause, language: str, depth: int, name: str
) -> ColumnElement[Any]:
    field = entity.definition.fields[name]
    target = field.target
    if target is None or target not in catalog or depth == 0:
        return func.coalesce(cast(value_of(catalog, entity, table, field), String), "")
    other = catalog[target]
    alias = other.table.alias()
    label = label_expression(catalog, other, alias, set(other.definition.fields), language, depth - 1)
    return func.coalesce(sql_select(label).where(alias.c.id == table.c[name]).scalar_subquery(), "")


def _sentence(words: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    text = words[0]
    for word in words[1:]:
        text = text + literal(" ") + word
    return text


def _columns(visible: tuple[Field, ...], query: Query) -> tuple[Field, ...]:
    if not query.columns:
        return visible
    by_name = {f.name: f for f in visible}
    return tuple(by_name[name] for name in query.columns if name in by_name)


def _ordered(
    catalog: Catalog, entity: Entity, actor: Actor, query: Query, fields: Sequence[Field], action: str, seen: Sight
) -> tuple[Select[Any], tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """The statement of a list, and the conditions in it."""
    statement, table, names = _joined(catalog, entity, actor, fields, query.language)
    asked = (where(catalog, entity, table, query, seen.fields, seen.apart), access.rows(actor, catalog, entity, action))
    keys = order(catalog, entity, table, query, seen.fields, names, seen.apart)
    return _marked(statement, seen.apart).where(*asked).order_by(*keys), asked


def marks_of(apart: Mapping[str, ColumnElement[bool]]) -> dict[str, str]:
    """For fields seen in some rows alone, the column of `_marked` that says so; one clause is asked once."""
    marks: dict[int, str] = {}
    return {name: marks.setdefault(id(clause), f"{MARK}{len(marks)}") for name, clause in apart.items()}


def _marked(statement: Select[Any], apart: Mapping[str, ColumnElement[bool]]) -> Select[Any]:
    """The statement that says in each row, too, which of these fields may be seen in it."""
    columns = {mark: apart[name].label(mark) for name, mark in marks_of(apart).items()}
    return statement.add_columns(*columns.values()) if columns else statement


def _one(
    catalog: Catalog, entity: Entity, actor: Actor, fields: Sequence[Field], language: str, *, removed: bool
) -> Select[Any]:
    """The statement for the record with the id `record_id`; made once."""
    key = ("one", removed, _key(catalog, entity, actor, fields, language))
    found: Select[Any] | None = catalog.prepared.get(key)
    if found is None:
        found, table, _labels = _joined(catalog, entity, actor, fields, language)
        found = found.where(table.c.id == bindparam("record_id"))
        if not removed:
            found = found.where(table.c._removed_at.is_(None))
        catalog.prepared[key] = found
    return found


def _joined(
    catalog: Catalog, entity: Entity, actor: Actor, fields: Sequence[Field], language: str
) -> tuple[Select[Any], FromClause, dict[str, ColumnElement[Any]]]:
    """SELECT of system columns, fields, and the labels of references, mostly through one LEFT JOIN each; made once."""
    key = _key(catalog, entity, actor, fields, language)
    found = catalog.prepared.get(key)
    if found is None:
        if len(catalog.prepared) > MOST_PREPARED:
            catalog.prepared.clear()
        found = catalog.prepared[key] = _join(catalog, entity, actor, fields, language)
    statement, table, names = found
    return statement, table, names


def _key(catalog: Catalog, entity: Entity, actor: Actor, fields: Sequence[Field], language: str) -> tuple[Any, ...]:
    """What the columns of a statement depend on."""
    pointed = [f.ref for f in fields if f.ref is not None]
    pointed += [f.ref for item in fields if item.rows for f in item.rows.values() if f.ref is not None]
    hidden = tuple(access.never_seen(actor, catalog[name]) for name in pointed if name in catalog)
    return entity.name, tuple(f.name for f in fields), language, hidden


def _join(
    catalog: Catalog, entity: Entity, actor: Actor, fields: Sequence[Field], language: str
) -> tuple[Select[Any], FromClause, dict[str, ColumnElement[Any]]]:
    table = entity.table
    source: FromClause = table
    columns: list[ColumnElement[Any]] = [table.c[column] for column in SYSTEM]
    columns += [value_of(catalog, entity, table, f).label(f.name) for f in fields]
    names: dict[str, ColumnElement[Any]] = {}
    label = partial(_label_of, catalog, actor, language)
    for item in fields:
        if item.many:
            told = entry_labels(entity, table, item, label)
            columns += [] if told is None else [told.label(item.name + LABEL)]
            continue
        if item.type == "attachment":
            kept = store.file.alias(shortened(f"file_{item.column}"))
            names[item.name] = kept.c.name
            source = source.outerjoin(kept, kept.c.id == table.c[item.name])
            columns.append(kept.c.name.label(item.name + LABEL))
            continue
        found = label(item.ref, f"ref_{item.column}") if item.ref else None
        if found is not None and len(names) >= MOST_JOINED:
            other, words = found
            names[item.name] = sql_select(words).where(other.c.id == table.c[item.name]).scalar_subquery()
            columns.append(names[item.name].label(item.name + LABEL))
        elif found is not None:
            other, names[item.name] = found
            source = source.outerjoin(other, other.c.id == table.c[item.name])
            columns.append(case((other.c.id.is_not(None), names[item.name])).label(item.name + LABEL))
    return sql_select(*columns).select_from(source), table, names


def _label_of(
    catalog: Catalog, actor: Actor, language: str, name: str, alias: str
) -> tuple[FromClause, ColumnElement[Any]] | None:
    """An alias of the definition's table and the label of its records; None where the catalog has none such."""
    if name not in catalog:
        return None
    target = catalog[name]
    other = target.table.alias(alias)
    shown = set(target.definition.fields) - access.never_seen(actor, target)
    return other, label_expression(catalog, target, other, shown, language)


def _records(
    name: str, fields: Sequence[Field], rows: Iterable[Row[Any]], marks: Mapping[str, str]
) -> Iterator[Record]:
    """Rows of `_join` as records: system columns, then values, then labels; what a mark withholds is left out."""
    names = [f.name for f in fields]
    labels: list[tuple[int, str]] | None = None
    size = len(SYSTEM) + len(names)
    for row in rows:
        if labels is None:
            labels = [(i, key.removesuffix(LABEL)) for i, key in enumerate(row._fields) if key.endswith(LABEL)]
        cells: Sequence[Any] = row
        values = dict(zip(names, cells[len(SYSTEM) : size], strict=True))
        told = {key: cells[i] for i, key in labels if cells[i] is not None}
        for hidden in [item for item, mark in marks.items() if not row._mapping[mark]]:
            values.pop(hidden, None)
            told.pop(hidden, None)
        yield Record(name, cells[0], cells[1], values, told, *cells[2 : len(SYSTEM)])


def without(record: Record, names: Iterable[str]) -> Record:
    """The record without some of its fields."""
    dropped = set(names)
    return replace(record, values={k: v for k, v in record.values.items() if k not in dropped})
