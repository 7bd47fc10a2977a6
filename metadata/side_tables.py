"""The tables beside a record's own: links of lists, ordered rows of child tables. One for each field that is a list.

`lnk_<definition>__<column>` holds records pointed at or choices, `sub_<definition>__<column>` the rows of a child
table, whose own columns carry their `x-id`. Made at publish (`create`, `bring`), never dropped; written by the record
door (`write`), read by `gathering`. What a field demands of its entries is held by the door; the database holds keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection, ForeignKey, Index, Integer, MetaData, String, Table, Text

from metadata import fieldtypes
from metadata.model import Definition, Field
from metadata.names import constraint_name, shortened
from metadata.operations import on
from metadata.store import Id

PREFIXES = ("lnk_", "sub_")
CHUNK = 500


def name_of(definition: Definition, field: Field) -> str:
    """The table of a list; two underscores, since names of definitions have single ones only."""
    return shortened(f"{'sub' if field.rows else 'lnk'}_{definition.name}__{field.column}")


def runtime_tables(definition: Definition) -> dict[str, Table]:
    """The tables that statements are made of, by field; columns keyed by today's names."""
    return {name: runtime_table(definition, field) for name, field in definition.lists.items()}


def runtime_table(definition: Definition, field: Field) -> Table:
    """The table of one list."""
    shown = [Column(f.column, kind_of(f), key=f.name) for f in field.rows.values()]
    own = [Column("value", kind_of(field), primary_key=True)] if not field.rows else []
    return Table(name_of(definition, field), MetaData(), *_system(field), *own, *shown)


def _system(field: Field, *links: Any) -> list[Column[Any]]:
    record = Column("_record", Id, *links, nullable=False, primary_key=not field.rows)
    number = [Column("id", Id, primary_key=True)] if field.rows else []
    return [*number, record, Column("_position", Integer, nullable=False)]


def kind_of(field: Field) -> Any:
    """The column type of an entry; texts have no length here, so that a longer one needs no DDL."""
    kind = fieldtypes.of(field).sql(field)
    return Text() if isinstance(kind, String) and not field.many else kind


def create(connection: Connection, definition: Definition) -> None:
    """Make what the lists of `definition` need and is not there yet."""
    present = set(sa.inspect(connection).get_table_names()) if definition.lists else set()
    for field in definition.lists.values():
        if name_of(definition, field) not in present:
            _create(connection, definition, field)
        elif field.rows:
            _extend(connection, definition, field)


def bring(connection: Connection, old: Definition, new: Definition, past: Mapping[str, Mapping[str, Field]]) -> None:
    """The tables of `new`, with the columns that rows gained and the types that became wider.

    `past` has for the column of each list what the columns of its rows were used for last.
    """
    create(connection, new)
    if connection.dialect.name == "sqlite":
        return  # its columns take any type
    before = {f.column: f for f in old.lists.values()}
    operations = on(connection)
    for field in new.lists.values():
        earlier = dict(past.get(field.column, {}))
        earlier |= {f.column: f for f in before[field.column].rows.values()} if field.column in before else {}
        for item in field.rows.values():
            kinds = [kind_of(f).compile(connection.dialect) for f in (earlier.get(item.column, item), item)]
            if kinds[0] != kinds[1]:
                operations.alter_column(name_of(new, field), item.column, type_=kind_of(item))


def _create(connection: Connection, definition: Definition, field: Field) -> None:
    md, name = MetaData(), name_of(definition, field)
    for target in {definition.table_name, *(f"rec_{f.ref}" for f in (field, *field.rows.values()) if f.ref)}:
        Table(target, md, Column("id", Id, primary_key=True))  # SQLAlchemy wants to know what a key names
    key = ForeignKey(f"{definition.table_name}.id", name=constraint_name("fk", name, "_record"), ondelete="CASCADE")
    own = [] if field.rows else [_linked(name, "value", field, primary_key=True)]
    table = Table(name, md, *_system(field, key), *own, *(_linked(name, f.column, f) for f in field.rows.values()))
    if field.rows:
        Index(constraint_name("ix", name, "_record"), table.c["_record"])
    for column, item in [("value", field)] if not field.rows else [(f.column, f) for f in field.rows.values()]:
        if item.ref or not field.rows:
            Index(constraint_name("ix", name, column), table.c[column])
    md.create_all(connection, tables=[table])


def _linked(table: str, column: str, field: Field, **more: Any) -> Column[Any]:
    links = [ForeignKey(f"rec_{field.ref}.id", name=constraint_name("fk", table, column))] if field.ref else []
    return Column(column, kind_of(field), *links, **more)


def _extend(connection: Connection, definition: Definition, field: Field) -> None:
    """Columns for the fields that rows gained; nullable, since the door holds what is required."""
    name = name_of(definition, field)
    present = {column["name"] for column in sa.inspect(connection).get_columns(name)}
    for item in field.rows.values():
        if item.column not in present:
            kind = kind_of(item).compile(connection.dialect)
            link = f' REFERENCES "rec_{item.ref}" (id)' if item.ref else ""
            connection.exec_driver_sql(f'ALTER TABLE "{name}" ADD COLUMN "{item.column}" {kind}{link}')


def columns(connection: Connection, name: str) -> frozenset[str]:
    """The columns of all lists, in sight or not, whose tables the definition called `name` has."""
    starts = tuple(f"{prefix}{name}__" for prefix in PREFIXES)
    tables = sa.inspect(connection).get_table_names()
    return frozenset(table[len(starts[0]) :] for table in tables if table.startswith(starts))


def filled(definition: Definition, field: Field, record_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the record of the enclosing SELECT has an entry in this list."""
    table = runtime_table(definition, field)
    found = sa.select(table.c._record).where(table.c._record == record_id)
    return sa.exists(found.correlate_except(table))


def fill(connection: Connection, definition: Definition, field: Field, records: Table, values: Sequence[Any]) -> None:
    """Give the choices `values` to every record that has none in this list."""
    table = runtime_table(definition, field)
    empty = sa.select(records.c.id).where(sa.not_(filled(definition, field, records.c.id)))
    ids = list(connection.execute(empty).scalars())
    rows = [{"_record": i, "_position": place, "value": value} for i in ids for place, value in enumerate(values)]
    if rows:
        connection.execute(table.insert(), rows)


Pair = tuple[int, Mapping[str, Any], dict[str, Any]]


def write(
    connection: Connection, tables: Mapping[str, Table], fields: Mapping[str, Field], pairs: Sequence[Pair]
) -> None:
    """Bring the lists of records from what they were to what they shall be; new rows get their ids into the values.

    Each pair is a record's id, its values before (empty for a new one) and its values now; a field that does not
    stand among the latter stays as it is.
    """
    for name, field in fields.items():
        moved = [(i, old.get(name), new) for i, old, new in pairs if name in new and old.get(name) != new[name]]
        if moved:
            (_write_rows if field.rows else _write_links)(connection, tables[name], field, moved)


Moved = tuple[int, Any, dict[str, Any]]


def _write_links(connection: Connection, table: Table, field: Field, moved: Sequence[Moved]) -> None:
    _delete(connection, table.c._record, [i for i, old, _new in moved if old])
    rows = [
        {"_record": i, "_position": place, "value": value}
        for i, _old, new in moved
        for place, value in enumerate(new[field.name] or ())
    ]
    if rows:
        connection.execute(table.insert(), rows)


def _write_rows(connection: Connection, table: Table, field: Field, moved: Sequence[Moved]) -> None:
    kept = {row["id"] for _i, _old, new in moved for row in new[field.name] or () if "id" in row}
    gone = [row["id"] for _i, old, _new in moved for row in old or () if row["id"] not in kept]
    _delete(connection, table.c.id, gone)
    changed, fresh = [], []
    for record_id, old, new in moved:
        stored = {row["id"]: (place, row) for place, row in enumerate(old or ())}
        new[field.name] = rows = tuple({**dict.fromkeys(field.rows), **row} for row in new[field.name] or ()) or None
        for place, row in enumerate(rows or ()):
            if row.get("id") not in stored:
                values = {name: row[name] for name in field.rows}
                fresh.append((row, {"_record": record_id, "_position": place, **values}))
            elif stored[row["id"]] != (place, row):
                changed.append({"key": row["id"], "place": place, **{f"v_{n}": row[n] for n in field.rows}})
    if changed:
        values = {"_position": sa.bindparam("place"), **{n: sa.bindparam(f"v_{n}") for n in field.rows}}
        connection.execute(table.update().where(table.c.id == sa.bindparam("key")).values(values), changed)
    if fresh:
        statement = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        ids = connection.execute(statement, [values for _row, values in fresh]).scalars()
        for (row, _values), row_id in zip(fresh, ids, strict=True):
            row["id"] = row_id


def _delete(connection: Connection, column: Column[Any], ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        connection.execute(column.table.delete().where(column.in_(ids[start : start + CHUNK])))
