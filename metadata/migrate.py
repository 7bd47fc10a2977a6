"""DDL for a publish: Alembic operations made from two definitions, inside the caller's transaction.

Nothing is dropped. A column keeps the name it was born with; one that is no longer in the definition
stays, nullable and out of sight. SQLite can't alter a column in place, so Alembic copies the table there
(foreign keys are unchecked meanwhile, see `engine.publishing`, and checked again by the publisher).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, Table

from metadata import fieldtypes, side_tables, tables
from metadata.model import Definition, Field
from metadata.names import constraint_name
from metadata.operations import create_check, on
from metadata.past import Past

if TYPE_CHECKING:
    from alembic.operations import BatchOperations, Operations


def create_tables(connection: Connection, definitions: Sequence[Definition]) -> None:
    """Create the tables of new definitions; references among them may go round in circles."""
    md = MetaData()
    made = [tables.ddl_table(d, md, connection.dialect.name) for d in definitions if d.stores_records]
    names = {table.name for table in made}
    inspector = sa.inspect(connection)
    existing = {name for name in inspector.get_table_names() if name.startswith("rec_")}
    for table in made:
        for link in list(table.foreign_keys):
            target = link.target_fullname.split(".")[0]
            if target not in names:  # SQLAlchemy wants to know the table that a foreign key names
                Table(target, md, sa.Column("id", sa.BigInteger, primary_key=True), extend_existing=True)
    md.create_all(connection, tables=[t for t in made if t.name not in existing])
    for definition in definitions:
        side_tables.create(connection, definition)


def alter_table(connection: Connection, old: Definition, new: Definition, past: Past, filling: Collection[str]) -> None:
    """Bring the columns of `old` to `new`: new ones first, then types, checks and what may be empty again.

    `past` knows the fields of columns out of sight, for those that return; the columns in `filling` are held to NOT
    NULL later, when their values are there, and unique indexes are made last of all (`reindex`).
    """
    operations = on(connection)
    held = {c["name"]: c for c in sa.inspect(connection).get_columns(new.table_name)}
    before = {f.column: f for f in old.columns.values()}
    for item in new.columns.values():
        if item.column not in held:
            _add_column(operations, connection, new, item)
        elif item.column not in before:  # it returns, or was filled ahead
            before[item.column] = replace(past.fields.get(item.column, item), required=False)
    fixed = {name for name, column in held.items() if not column["nullable"]}
    if connection.dialect.name != "sqlite":
        _alter_columns(operations, connection, before, new)
    elif _must_rebuild(connection, old, before, new, fixed):
        _rebuild_on_sqlite(operations, connection, new, filling)
    side_tables.bring(connection, old, new, {f.column: past.rows(f.column).fields for f in new.lists.values()})


def stage_column(connection: Connection, definition: Definition, item: Field, marker: str) -> None:
    """A column to be filled ahead, unless it is there, and beside it the one that says from which version."""
    operations = on(connection)
    present = {c["name"] for c in sa.inspect(connection).get_columns(definition.table_name)}
    if item.column not in present and connection.dialect.name == "sqlite":  # key and check come with the last copy
        operations.add_column(definition.table_name, sa.Column(item.column, fieldtypes.of(item).sql(item)))
    elif item.column not in present:
        _add_column(operations, connection, definition, item)
    if marker not in present:
        operations.add_column(definition.table_name, sa.Column(marker, sa.Integer))


def drop_columns(connection: Connection, table: str, columns: Sequence[str]) -> None:
    """Take away columns that no version of a definition ever had: markers, and what was filled ahead in vain."""
    present = {c["name"] for c in sa.inspect(connection).get_columns(table)}
    for column in columns:
        if column in present:
            connection.execute(sa.text(f'ALTER TABLE "{table}" DROP COLUMN "{column}"'))


def _must_rebuild(
    connection: Connection, old: Definition, before: Mapping[str, Field], new: Definition, fixed: Collection[str]
) -> bool:
    """Whether SQLite's table says of a column what is no longer so."""
    after = {f.column: f for f in new.columns.values()}
    there = {f.column for f in old.columns.values()}
    for column, item in before.items():
        now = after.get(column)
        if (now is None or not now.required) and column in fixed:
            return True
        if now is None:
            continue
        returns = column not in there and (now.ref or now.enum)  # its key and check went with an earlier rebuild
        if returns or _kind(connection, item) != _kind(connection, now) or _values(item) != _values(now):
            return True
    return False


def _kind(connection: Connection, item: Field) -> str:
    return str(fieldtypes.of(item).sql(item).compile(connection.dialect))


def _values(item: Field) -> list[str | int]:
    return [choice.value for choice in item.enum]


def _add_column(operations: Operations, connection: Connection, definition: Definition, item: Field) -> None:
    # Nullable at first: filled, then held to NOT NULL.
    if connection.dialect.name == "sqlite":
        _add_column_on_sqlite(connection, definition, item)
    else:
        kind = fieldtypes.of(item).sql(item)
        operations.add_column(definition.table_name, sa.Column(item.column, kind))
        if item.ref:
            name = constraint_name("fk", definition.table_name, item.column)
            operations.create_foreign_key(name, definition.table_name, f"rec_{item.ref}", [item.column], ["id"])
        if item.enum:
            _check(operations, definition, item)
    if item.ref:
        operations.create_index(
            constraint_name("ix", definition.table_name, item.column), definition.table_name, [item.column]
        )


def _add_column_on_sqlite(connection: Connection, definition: Definition, item: Field) -> None:
    """The column with its constraints in one statement: SQLite takes none afterwards, and Alembic sends them so."""
    kind = fieldtypes.of(item).sql(item).compile(connection.dialect)
    link = f' REFERENCES "rec_{item.ref}" (id)' if item.ref else ""
    check = f" CHECK ({tables.enum_condition(item)})" if item.enum else ""
    connection.exec_driver_sql(f'ALTER TABLE "{definition.table_name}" ADD COLUMN "{item.column}" {kind}{link}{check}')


def _check(operations: Operations | BatchOperations, definition: Definition, item: Field) -> None:
    name, condition = constraint_name("ck", definition.table_name, item.column), tables.enum_text(item)
    create_check(operations, definition.table_name, name, condition)


def hold_to_required(connection: Connection, definition: Definition, columns: Sequence[str]) -> None:
    """NOT NULL for columns whose values have been filled; SQLite's door holds it without rebuilding the table."""
    if connection.dialect.name == "sqlite":
        return
    operations = on(connection)
    for column in columns:
        operations.alter_column(definition.table_name, column, nullable=False)


def _alter_columns(
    operations: Operations, connection: Connection, before: Mapping[str, Field], new: Definition
) -> None:
    after = {f.column: f for f in new.columns.values()}
    table = new.table_name
    for column, item in before.items():
        now = after.get(column)
        if item.required and (now is None or not now.required):
            operations.alter_column(table, column, nullable=True)
        if now is None:
            continue
        if _values(item) != _values(now):
            name = constraint_name("ck", table, column)
            operations.execute(sa.text(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"'))
        if _kind(connection, item) != _kind(connection, now):
            operations.alter_column(table, column, type_=fieldtypes.of(now).sql(now))
        if now.enum and _values(item) != _values(now):
            _check(operations, new, now)


def drop_column(connection: Connection, definition: Definition, column: str) -> None:
    """Take a column out of sight out of the table for good, with its values, keys and checks."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f'ALTER TABLE "{definition.table_name}" DROP COLUMN "{column}"')
        return
    operations = on(connection)
    _rebuild_on_sqlite(operations, connection, definition, (), without=column)
    reindex(connection, definition)


def drop_tables(connection: Connection, names: Sequence[str]) -> None:
    """Drop these tables for good, those of lists before the one that they belong to; some may not be there."""
    more = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in names:
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"{more}')


def _rebuild_on_sqlite(
    operations: Operations, connection: Connection, new: Definition, filling: Collection[str], without: str = ""
) -> None:
    """Copy the table into its new shape; columns out of sight come along, but not the one called `without`."""
    md = MetaData()
    wanted = tables.ddl_table(new, md, "sqlite")
    wanted.indexes -= {index for index in wanted.indexes if index.unique}
    for open_column in filling:
        wanted.c[open_column].nullable = True
    for link in list(wanted.foreign_keys):
        target = link.target_fullname.split(".")[0]
        if target != wanted.name and target not in md.tables:
            Table(target, md, sa.Column("id", sa.Integer, primary_key=True))
    known = {c.name for c in wanted.columns}
    held = {c["name"]: c for c in sa.inspect(connection).get_columns(new.table_name) if c["name"] != without}
    for name, column in held.items():
        if name not in known:
            wanted.append_column(sa.Column(name, column["type"]))
    listed = connection.execute(
        sa.text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :t AND sql IS NOT NULL"),
        {"t": new.table_name},
    )
    for index in list(listed.scalars()):
        connection.execute(sa.text(f'DROP INDEX "{index}"'))
    names = ", ".join(f'"{name}"' for name in held)
    spare = f"_old_{new.table_name}"
    connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")  # other tables keep pointing at the name
    operations.rename_table(new.table_name, spare)
    connection.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
    md.create_all(connection, tables=[wanted])
    operations.execute(sa.text(f'INSERT INTO "{new.table_name}" ({names}) SELECT {names} FROM "{spare}"'))
    operations.drop_table(spare)


def unindex(connection: Connection, old: Definition, new: Definition) -> None:
    """Take away unique indexes that the new definition has not, before values are filled in that they would refuse."""
    if _keys(old) != _keys(new):
        for name in _unique_indexes(connection, new):
            connection.execute(sa.text(f'DROP INDEX "{name}"'))


def reindex(connection: Connection, new: Definition) -> None:
    """Unique indexes as the new definition has them, once all values stand in their columns."""
    present = _unique_indexes(connection, new)
    table = tables.ddl_table(new, MetaData(), connection.dialect.name)
    for index in table.indexes:
        if index.unique and index.name not in present:
            index.create(connection)


def _keys(definition: Definition) -> list[list[tuple[str, bool]]]:
    """The columns of each unique, and whether one may be empty: SQLite's index is made accordingly."""
    fields = definition.fields
    return [[(fields[n].column, fields[n].required) for n in names] for names in definition.unique]


def _unique_indexes(connection: Connection, definition: Definition) -> list[str]:
    catalog = (
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :t"
        if connection.dialect.name == "sqlite"
        else "SELECT indexname FROM pg_indexes WHERE tablename = :t AND schemaname = current_schema()"
    )
    names = connection.execute(sa.text(catalog), {"t": definition.table_name}).scalars()
    return [name for name in names if name.startswith("ux_")]


def unchecked_links(connection: Connection) -> list[str]:
    """Foreign keys that a rebuild on SQLite would leave dangling; empty when all is well."""
    if connection.dialect.name != "sqlite":
        return []
    return [str(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()]
