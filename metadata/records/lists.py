"""The lists of records on their way through the door: completed when a record is held, settled, written on a change.

Called by write.py, batch.py and remove.py. Costs nothing where a definition has no lists. The lists of a row that is
held are read after the lock: PostgreSQL would otherwise show them as they were before whoever held it last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import gathering, side_tables
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.model import Definition, Field
from metadata.records.columns import value_of

NO_ROW = "There is no such row here any more; leave its id out to add it."


def completed(session: Session, entity: Entity, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stored rows with the values of their lists; one statement for each chunk."""
    fields = entity.definition.lists
    if not fields or not rows:
        return rows
    table = entity.table
    columns = [gathering.values(f, entity.sides[f.name], table.c.id).label(f.name) for f in fields.values()]
    by_id = {row["id"]: row for row in rows}
    wanted = sorted(by_id)
    for start in range(0, len(wanted), side_tables.CHUNK):
        statement = select(table.c.id, *columns).where(table.c.id.in_(wanted[start : start + side_tables.CHUNK]))
        for found in session.connection().execute(statement).mappings():
            by_id[found["id"]].update({name: found[name] for name in fields})
    return rows


def computed(session: Session, catalog: Catalog, entity: Entity, record_id: int) -> dict[str, Any]:
    """What the formulas give for a record that was just written; nothing is asked where there are none."""
    fields = entity.definition.formulas
    if not fields:
        return {}
    columns = [value_of(catalog, entity, entity.table, f).label(f.name) for f in fields.values()]
    statement = select(*columns).where(entity.table.c.id == record_id)
    return dict(session.connection().execute(statement).mappings().one())


def settle_rows(definition: Definition, before: Mapping[str, Any], given: dict[str, Any]) -> list[Problem]:
    """Make the rows given whole: one with an id keeps what it does not name, a new one gets the defaults.

    A row without an id that says what a stored one says is that one, so that the same file twice changes nothing.
    """
    problems: list[Problem] = []
    for name, field in definition.lists.items():
        if field.rows and given.get(name) is not None:
            stored = {row["id"]: row for row in before.get(name) or ()}
            rows = [_settled(field, stored, row, f"/{name}/{i}", problems) for i, row in enumerate(given[name])]
            given[name] = tuple(_same(stored, row) for row in rows)
    return problems


def _settled(
    field: Field, stored: dict[int, Mapping[str, Any]], row: Mapping[str, Any], path: str, problems: list[Problem]
) -> dict[str, Any]:
    if "id" not in row:
        start = {f.name: f.default if f.has_default else None for f in field.rows.values()}
        return {**start, **row}
    if row["id"] not in stored:
        problems.append(Problem(f"{path}/id", NO_ROW))
        return dict(row)
    return {**stored.pop(row["id"]), **row}


def _same(stored: dict[int, Mapping[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    """The row, with the id of a stored one that nobody named and that says the same."""
    if "id" in row:
        return row
    twin = next((i for i, other in stored.items() if all(other[n] == value for n, value in row.items())), None)
    if twin is None:
        return row
    del stored[twin]
    return {"id": twin, **row}


def write(session: Session, entity: Entity, pairs: Sequence[side_tables.Pair]) -> None:
    """Bring the lists of these records to their new values; rows that are new get their ids into the values."""
    fields = entity.definition.lists
    if fields:
        side_tables.write(session.connection(), entity.sides, fields, pairs)
