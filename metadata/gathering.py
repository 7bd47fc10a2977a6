"""Lists as part of a record's own SELECT: an expression that brings all entries in one cell, and reads them back.

Called by the record door. Entries come as a JSON list of lists, each with its position first, so neither database has
to sort them; what JSON would round (floats and decimals on SQLite) comes as text. Both databases give the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Dialect, FromClause, Table, Text, TypeDecorator, case, select, type_coerce

from metadata.model import Field
from metadata.spelling import spelled

Cells = tuple[tuple[str, str, int], ...]  # of each cell: name, type, decimal places
EXACT = frozenset({"number", "decimal"})
NO_NUMBER = "NULL"  # how SQLite quotes nothing


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "date_time": _moment,
    "uuid": UUID,
    "number": float,
}


class Entries(TypeDecorator[Any]):
    """A list's entries: single values without `cells`, else mappings; None where there is none."""

    impl = Text
    cache_ok = True

    def __init__(self, cells: Cells = ()) -> None:
        super().__init__()
        self.cells = cells

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The entries in their order."""
        if value is None:
            return None
        found = sorted(orjson.loads(value), key=lambda entry: entry[0])
        if not self.cells:
            return tuple(entry[1] for entry in found) or None
        return tuple(self._row(entry[1:]) for entry in found) or None

    def _row(self, cells: Sequence[Any]) -> dict[str, Any]:
        return {name: _read(kind, scale, cell) for (name, kind, scale), cell in zip(self.cells, cells, strict=True)}


def _read(kind: str, scale: int, cell: Any) -> Any:
    if cell is None or (kind in EXACT and cell == NO_NUMBER):
        return None
    if kind == "decimal":
        return Decimal(cell).quantize(Decimal(1).scaleb(-scale))
    reader = READERS.get(kind)
    return cell if reader is None else reader(cell)


# A number as text that loses nothing; values as one JSON list; the JSON lists of a group as one, as text.
_Exact = spelled("Exact", Text(), postgresql="CAST({0} AS TEXT)", sqlite="quote({0})")
_Entry = spelled("Entry", Text(), postgresql="json_build_array({all})", sqlite="json_array({all})")
_All = spelled("All", Text(), postgresql="CAST(json_agg({0}) AS TEXT)", sqlite="json_group_array({0})")


def values(field: Field, side: Table, record_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """The entries of `field` for the record of the enclosing SELECT."""
    if not field.rows:
        return _gathered(side, record_id, [side.c.value], Entries())
    cells = (("id", "integer", 0), *((f.name, f.type, f.scale or 0) for f in field.rows.values()))
    read = [side.c.id, *(_cell(f, side.c[f.name]) for f in field.rows.values())]
    return _gathered(side, record_id, read, Entries(cells))


def labels(
    side: Table, record_id: ColumnElement[Any], words: Mapping[str, tuple[FromClause, ColumnElement[Any]]]
) -> ColumnElement[Any]:
    """What people read of the records that the entries point at: for each column of `side` an alias and its label."""
    source: FromClause = side
    read = []
    for column, (other, label) in words.items():
        source = source.outerjoin(other, other.c.id == side.c[column])
        read.append(case((other.c.id.is_not(None), label)))
    cells = () if "value" in side.c else tuple((name, "text", 0) for name in words)
    return _gathered(side, record_id, read, Entries(cells), source, [other for other, _label in words.values()])


def _gathered(
    side: Table,
    record_id: ColumnElement[Any],
    read: Sequence[ColumnElement[Any]],
    kind: Entries,
    source: FromClause | None = None,
    others: Sequence[FromClause] = (),
) -> ColumnElement[Any]:
    entries = _All(_Entry(side.c._position, *read))
    statement = select(entries).select_from(side if source is None else source).where(side.c._record == record_id)
    return type_coerce(statement.correlate_except(side, *others).scalar_subquery(), kind)


def _cell(field: Field, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return _Exact(column) if field.type in EXACT else column
