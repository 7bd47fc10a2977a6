"""Tables made from a definition: one for running statements, one for creating it.

`runtime_table` is a value of its own, without foreign keys, so that a changed definition never forces
others to be rebuilt; columns are keyed by today's field names and carry the names they were born with.
`ddl_table` adds what only the database needs: keys, checks, unique indexes.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    func,
    literal_column,
    text,
)
from sqlalchemy.sql.elements import ColumnElement, TextClause

from metadata import fieldtypes
from metadata.engine import UTCDateTime
from metadata.model import Definition, Field
from metadata.names import constraint_name
from metadata.store import Id

NULL_KEY = "''"  # stands for "no value" in SQLite's unique indexes


def system_columns() -> list[Column[object]]:
    """The columns that every table of records has."""
    return [
        Column("id", Id, primary_key=True),
        Column("_version", Integer, nullable=False, server_default="1"),
        Column("_created_at", UTCDateTime, nullable=False),
        Column("_created_by", String(200), nullable=False),
        Column("_changed_at", UTCDateTime, nullable=False),
        Column("_changed_by", String(200), nullable=False),
        Column("_removed_at", UTCDateTime),
        Column("_removed_by", String(200)),
    ]


def runtime_table(definition: Definition) -> Table:
    """The table that statements are made of; `table.c[<field name>]` is the field's column."""
    columns = [Column(f.column, fieldtypes.of(f).sql(f), key=f.name) for f in definition.columns.values()]
    return Table(definition.table_name, MetaData(), *system_columns(), *columns)


def ddl_table(definition: Definition, metadata: MetaData, dialect: str) -> Table:
    """The table as the database is to hold it, with its constraints and indexes, for `dialect`."""
    columns = [ddl_column(definition, field) for field in definition.columns.values()]
    table = Table(definition.table_name, metadata, *system_columns(), *columns)
    for field in definition.columns.values():
        check = enum_check(definition, field)
        if check is not None:
            table.append_constraint(check)
        if field.ref:
            Index(constraint_name("ix", definition.table_name, field.column), table.c[field.column])
    for position, names in enumerate(definition.unique):
        unique_index(definition, position, names, table, dialect)
    return table


def ddl_column(definition: Definition, field: Field) -> Column[object]:
    """The column of one field, with its foreign key."""
    links = []
    if field.ref:
        name = constraint_name("fk", definition.table_name, field.column)
        links.append(ForeignKey(f"rec_{field.ref}.id", name=name, use_alter=True))
    return Column(field.column, fieldtypes.of(field).sql(field), *links, nullable=not field.required)


def enum_check(definition: Definition, field: Field) -> CheckConstraint | None:
    """The constraint that holds an enum's column to its values, retired ones included."""
    if not field.enum:
        return None
    return CheckConstraint(enum_text(field), name=constraint_name("ck", definition.table_name, field.column))


def enum_text(field: Field) -> TextClause:
    """`enum_condition` for SQLAlchemy, which would take a colon in a value for the name of a parameter."""
    return text(enum_condition(field).replace(":", "\\:"))


def enum_condition(field: Field) -> str:
    """SQL that says which values the column of an enum may hold."""
    values = ", ".join(
        str(choice.value) if isinstance(choice.value, int) else "'" + choice.value.replace("'", "''") + "'"
        for choice in field.enum
    )
    return f'"{field.column}" IN ({values})'


def unique_index(definition: Definition, position: int, names: tuple[str, ...], table: Table, dialect: str) -> Index:
    """A unique index over records that are not in the recycle bin, in which empty equals empty."""
    columns = [table.c[definition.fields[name].column] for name in names]
    alive: ColumnElement[bool] = literal_column('"_removed_at" IS NULL')
    name = f"ux_{definition.table_name}_{position}"
    if dialect == "sqlite":
        keys: list[ColumnElement[object]] = [
            column
            if definition.fields[field].required or len(names) == 1
            else func.coalesce(column, literal_column(NULL_KEY))
            for field, column in zip(names, columns, strict=True)
        ]
        return Index(name, *keys, unique=True, sqlite_where=alive, _table=table)
    equal = len(names) > 1  # a single empty field is no key: many employees have no account
    return Index(name, *columns, unique=True, postgresql_where=alive, postgresql_nulls_not_distinct=equal, _table=table)
