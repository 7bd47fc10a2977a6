"""Who points at a record from out of sight: columns of fields that are gone, and definitions that were withdrawn.

Called before a record is deleted for good (`remove.purge`, `purging`), since what is out of sight can come back and the
database keeps its foreign keys. Knows the documents of all versions that name the record's definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from metadata import parser, side_tables, store
from metadata.catalog import Catalog
from metadata.model import Definition
from metadata.parser.fields import PERSON
from metadata.store import Id


@dataclass(frozen=True)
class Pointer:
    """A column out of sight that holds ids of records of one definition; `title` names it for people."""

    title: str
    table: str
    column: str

    def count(self, session: Session, record_id: int) -> int:
        """How many of its rows point at the record."""
        table = sa.table(self.table, sa.column(self.column, Id))
        statement = sa.select(sa.func.count()).select_from(table).where(table.c[self.column] == record_id)
        return int(session.connection().execute(statement).scalar_one())


def out_of_sight(session: Session, catalog: Catalog, name: str) -> list[Pointer]:
    """The columns that point at records of the definition and are no part of the catalog."""
    t = store.definition.c
    text = sa.cast(t.document, sa.Text)
    named = sa.or_(text.contains(f'"{name}"', autoescape=True), sa.literal(name == PERSON) & text.contains("person"))
    statement = sa.select(t.document).where(named).order_by(t.catalog_version)
    found: dict[tuple[str, str], str] = {}
    for document in session.execute(statement).scalars():
        if document is not None:
            found |= dict(_places(parser.parse(document), name))
    for entity in catalog.entities.values():
        for place, _title in _places(entity.definition, name):
            found.pop(place, None)
    inspector = sa.inspect(session.connection())
    there = {table: _columns(inspector, table) for table in {table for table, _column in found}}
    return [Pointer(title, *place) for place, title in found.items() if place[1] in there[place[0]]]


def _columns(inspector: Any, table: str) -> frozenset[str]:
    if not inspector.has_table(table):
        return frozenset()  # it was deleted for good
    return frozenset(column["name"] for column in inspector.get_columns(table))


def _places(definition: Definition, name: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Table and column of each field that points at the definition, with what it is called."""
    for item in definition.fields.values():
        title = f"{definition.title()}: {item.title()}"
        if item.ref == name and item.stored:
            yield (definition.table_name, item.column), title
        elif item.ref == name and item.many:
            yield (side_tables.name_of(definition, item), "value"), title
        for inner in item.rows.values():
            if inner.ref == name:
                yield (side_tables.name_of(definition, item), inner.column), f"{title}, {inner.title()}"


def uses(session: Session, pointers: Sequence[Pointer], record_id: int) -> Mapping[str, int]:
    """By title how often the record is pointed at from out of sight."""
    counted = {pointer.title: pointer.count(session, record_id) for pointer in pointers}
    return {title: number for title, number in counted.items() if number}
