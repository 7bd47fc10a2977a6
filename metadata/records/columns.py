"""What a SELECT of records brings for a field: its column, the entries of its list or its formula; and its labels.

Called by read.py and query.py, so that every field is selected, filtered and sorted by one rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, exists, false, func, or_, select

from metadata import fieldtypes, gathering, store
from metadata.catalog import Catalog, Entity
from metadata.formula.sql import of_field
from metadata.model import Field
from metadata.names import LONGEST_NAME

Labels = Callable[[str, str], tuple[FromClause, ColumnElement[Any]] | None]  # (definition, name of the alias)


def value_of(catalog: Catalog, entity: Entity, table: FromClause, field: Field) -> ColumnElement[Any]:
    """The value of `field` in a row of `table`, which is the entity's or an alias of it."""
    if field.formula is not None:
        return of_field(catalog, entity, table, field)
    if field.many:
        return gathering.values(field, entity.sides[field.name], table.c.id)
    return table.c[field.name]


def sorted_by(catalog: Catalog, entity: Entity, table: FromClause, field: Field) -> ColumnElement[Any]:
    """What a list is sorted by: the value, of a list the number of its entries."""
    if not field.many:
        return value_of(catalog, entity, table, field)
    side = entity.sides[field.name]
    return _counting(side, table)


def _counting(side: FromClause, table: FromClause) -> ColumnElement[Any]:
    number = select(func.count()).select_from(side).where(side.c._record == table.c.id)
    return number.correlate_except(side).scalar_subquery()


def entry_labels(entity: Entity, table: FromClause, field: Field, label: Labels) -> ColumnElement[Any] | None:
    """The labels of the records that the entries of a list point at; None where they point at none."""
    side = entity.sides[field.name]
    pointing = {"value": field} if field.ref else {f.name: f for f in field.rows.values() if f.ref}
    words = {}
    for column, item in pointing.items():
        found = label(str(item.ref), f"entry_{item.column}"[:LONGEST_NAME])
        if found is not None:
            words[column] = found
    return gathering.labels(side, table.c.id, words) if words else None


def file_name(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The name of the file whose id stands in `column`."""
    return select(store.file.c.name).where(store.file.c.id == column).scalar_subquery()


def among(entity: Entity, table: FromClause, field: Field, condition: Callable[[Any], Any]) -> ColumnElement[bool]:
    """Whether an entry of the list meets `condition`, which gets the column of the entries' values."""
    side = entity.sides[field.name]
    return _some(side, table, condition(side.c.value))


def with_words(
    entity: Entity, table: FromClause, field: Field, contains: Callable[[Any], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether an entry of the list has these words in one of its texts."""
    side = entity.sides[field.name]
    texts = [side.c[f.name] for f in field.rows.values() if fieldtypes.of(f).searchable or f.enum]
    texts += [side.c.value] if field.enum else []
    return _some(side, table, or_(*map(contains, texts)) if texts else false())


def any_entry(entity: Entity, table: FromClause, field: Field) -> ColumnElement[bool]:
    """Whether the list has an entry."""
    side = entity.sides[field.name]
    return _some(side, table, side.c._record.is_not(None))


def _some(side: FromClause, table: FromClause, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(side.c._record).where(side.c._record == table.c.id, condition)
    return exists(found.correlate_except(side))


def pointing_at(entity: Entity, field: Field, target: str, record_id: int) -> ColumnElement[bool]:
    """Whether a record of `entity` points with `field` at a record of `target`."""
    table = entity.table
    if not field.many:
        return table.c[field.name] == record_id
    side = entity.sides[field.name]
    names = ["value"] if field.ref == target else [f.name for f in field.rows.values() if f.ref == target]
    return _some(side, table, or_(*(side.c[name] == record_id for name in names)))
