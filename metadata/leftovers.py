"""Values that a conversion left in the old column because they do not convert: which records, and what they say.

Called by pages and REST for whoever designs definitions. A value counts as left behind as long as the field is empty
in that record; filling the field settles it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from metadata import fieldtypes, labelling, side_tables, transfer
from metadata.catalog import Catalog
from metadata.changes import Sample
from metadata.converting import Step
from metadata.fieldtypes import BadValue
from metadata.model import Definition, Field
from metadata.moving import way
from metadata.past import Lived, Past

CHUNK = 1000


def leftovers(session: Session, catalog: Catalog, name: str, field: str) -> Iterator[Sample]:
    """The records, in the order of their ids, whose field is empty while an earlier column holds a value for it.

    Of several columns the newest that has a value tells; one that converts after all was taken out by somebody since.
    `field` may be one of rows, as `list.field`.
    """
    definition, past = catalog[name].definition, Past(session, name)
    lived: Lived = past
    table_name, of = definition.table_name, "id"
    item = definition.fields.get(field)
    if item is None:
        within, _dot, inner = field.rpartition(".")
        rows = definition.fields[within]
        item, lived = rows.rows[inner], past.rows(rows.column)
        table_name, of = side_tables.name_of(definition, rows), "_record"
    known = [lived.fields[c] for c in item.was if c in lived.columns and c in lived.fields]
    earlier = [old for old in known if old.formula is None]
    if not earlier or item.formula is not None:
        return
    labels = labelling.labels(session, catalog)
    ways = {old.column: tuple(way(old, item, lived, labels)) for old in earlier}
    for row in _rows(session, definition, item, earlier, (table_name, of)):
        for old in earlier:
            if row[old.column] is not None:
                sample = _left(ways[old.column], row[of], row[old.column])
                if sample is not None:
                    yield sample
                break


def converted(definition: Definition) -> list[tuple[str, str]]:
    """The fields, those of rows as `list.field`, that were converted once: names and the lists that they stand in."""
    own = [(item.name, "") for item in definition.held.values() if item.was]
    return own + [(f"{i.name}.{f.name}", i.name) for i in definition.lists.values() for f in i.rows.values() if f.was]


def _rows(
    session: Session, definition: Definition, item: Field, earlier: list[Field], place: tuple[str, str]
) -> Iterator[Any]:
    stored = [f for f in (item, *earlier) if f.stored]
    columns = [sa.Column(f.column, fieldtypes.of(f).sql(f)) for f in stored]
    own = [sa.Column(name, sa.BigInteger) for name in dict.fromkeys(("id", place[1]))]
    table = sa.Table(place[0], sa.MetaData(), *own, *columns)
    values = {f.column: transfer.value_in(definition, table, f) for f in (item, *earlier)}
    has = {f.column: _has(definition, table, f) for f in (item, *earlier)}
    held = sa.or_(*(has[f.column] for f in earlier))
    wanted = [*(table.c[column.name] for column in own), *(values[f.column].label(f.column) for f in earlier)]
    last = 0
    while True:
        empty = (table.c.id > last, sa.not_(has[item.column]), held)
        rows = session.execute(sa.select(*wanted).where(*empty).order_by(table.c.id).limit(CHUNK)).mappings().all()
        if not rows:
            return
        yield from rows
        last = rows[-1]["id"]


def _has(definition: Definition, table: sa.Table, item: Field) -> sa.ColumnElement[bool]:
    """Whether the record has a value, or an entry, in the field."""
    if item.many:
        return side_tables.filled(definition, item, table.c.id)
    return table.c[item.column].is_not(None)


def _left(steps: tuple[Step, ...], record_id: int, given: Any) -> Sample | None:
    before = steps[0].text(given)
    for step in steps:
        try:
            given = step.value(given)
        except BadValue as bad:
            return Sample(record_id, before, reason=bad.message, params=dict(bad.params))
    return None
