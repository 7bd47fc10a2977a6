"""Many rows at once: found by their keys, added to a table, or written over rows that are there.

Called by the record door, the audit trail and the stores of workflows, for batches. PostgreSQL takes them by COPY,
which costs it and the driver a fraction of a statement for each row; SQLite, and a handful of rows, go one by one. Both
are part of the caller's transaction and mean the same. Every row of a call names the same columns; a default that
Python would fill in is not filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    TypeDecorator,
    any_,
    bindparam,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

Row = Mapping[str, Any]
FEW = 20  # below this a statement for each row is as good
_numbers = count(1)


def one_of(connection: Connection, column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a whole number is among these: on PostgreSQL one value, however many they are, not a value for each."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(numbers), postgresql.ARRAY(BigInteger)))
    return column.in_(numbers)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row], *, new_only: bool = False) -> None:
    """Add the rows; with `new_only` those whose key is there already are left out."""
    if not rows:
        return
    if not _copies(connection, rows):
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).on_conflict_do_nothing() if new_only else insert(table)
        connection.execute(statement, list(rows))
        return
    names = list(rows[0])
    if not new_only:
        _copy(connection, table, names, rows)
        return
    given = _given(connection, table, names, rows)
    adding = postgresql.insert(table).from_select(names, select(*(given.c[name] for name in names)))
    connection.execute(adding.on_conflict_do_nothing())
    given.drop(connection)


def update_rows(connection: Connection, table: Table, rows: Sequence[Row], same: Row) -> None:
    """Write each row over the stored one with its `id`; `same` has the values that all of them get."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "id"]
    if not _copies(connection, rows):
        new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        statement = table.update().where(table.c.id == bindparam("key_id")).values({**new, **same})
        values = [{f"new_{name}": row[name] for name in names} | {"key_id": row["id"]} for row in rows]
        connection.execute(statement, values)
        return
    given = _given(connection, table, ["id", *names], rows)
    values_of = {name: given.c[name] for name in names}
    connection.execute(table.update().where(table.c.id == given.c.id).values({**values_of, **same}))
    given.drop(connection)


def _copies(connection: Connection, rows: Sequence[Row]) -> bool:
    return connection.dialect.name == "postgresql" and len(rows) >= FEW


def _given(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> Table:
    """The rows in a table of their own, which goes with the transaction at the latest."""
    columns = [Column(table.c[name].name, table.c[name].type, key=name) for name in names]
    options: dict[str, Any] = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DROP"}
    given = Table(f"given_{next(_numbers)}", MetaData(), *columns, **options)
    connection.execute(CreateTable(given))
    _copy(connection, given, names, rows)
    return given


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.quote(table.c[name].name) for name in names)
    forms = [(name, _form(table.c[name], connection)) for name in names]
    statement = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    wrong: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] if form is None else form(row[name]) for name, form in forms])
    except wrong as error:  # callers know the errors of SQLAlchemy, which has not seen this one
        raise DBAPIError.instance(statement, None, error, wrong, dialect=connection.dialect) from error


def _form(column: Column[Any], connection: Connection) -> Callable[[Any], Any] | None:
    """How a value of this column is handed to the driver; None: as it is."""
    kind = column.type
    if isinstance(kind, JSON):
        return _json
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_bind_param(value, connection.dialect)
    return None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
