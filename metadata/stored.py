"""The tables of records as they must stand in the database: those of withdrawn definitions and hidden columns too.

Called by backup and restore, which bring every row along, and by `doctor`, which compares with what is there. All
is derived from the published documents, so it holds on any database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Column, Connection, MetaData, Table, inspect, select
from sqlalchemy.orm import Session

from metadata import fieldtypes, migrate, purged, side_tables, store, tables
from metadata.model import Definition, Field, frozen
from metadata.parser import parse

PREFIX = "rec_"
PREFIXES = (PREFIX, *side_tables.PREFIXES)


@dataclass(frozen=True)
class Stored:
    """One definition as it was last, and the fields of earlier versions whose columns are out of sight."""

    definition: Definition
    hidden: tuple[Field, ...]
    lists: tuple[Field, ...] = ()

    @property
    def sides(self) -> list[Table]:
        """The tables of all lists that it ever had, rows with all columns that they ever had."""
        return [side_tables.runtime_table(self.definition, field) for field in self.lists]

    @property
    def table(self) -> Table:
        """All columns under the names that they have in the database."""
        shown = [Column(f.column, fieldtypes.of(f).sql(f)) for f in self.definition.columns.values()]
        old = [Column(f.column, fieldtypes.of(f).sql(f)) for f in self.hidden]
        return Table(self.definition.table_name, MetaData(), *tables.system_columns(), *shown, *old)


def every(session: Session) -> list[Stored]:
    """All that ever held records and still does, by name."""
    t = store.definition
    asked = select(t.c.name, t.c.document, t.c.catalog_version).order_by(t.c.name, t.c.catalog_version)
    last: dict[str, Definition] = {}
    columns: dict[str, dict[str, Field]] = {}
    lists: dict[str, dict[str, Field]] = {}
    used: dict[tuple[str, str], int] = {}
    for name, document, version in session.execute(asked).all():
        if document is None:
            continue
        definition = parse(document)
        if definition.stores_records:
            last[name] = definition
            columns.setdefault(name, {}).update({f.column: f for f in definition.columns.values()})
            _add_lists(lists.setdefault(name, {}), definition)
            used |= {(name, f.column): version for f in definition.fields.values()} | {(name, ""): version}
    gone = {key for key, one in purged.every(session).items() if one.version >= used.get(key, 0)}
    lost = {name: one.version for (name, column), one in purged.every(session).items() if not column}
    gone |= {key for key, version in used.items() if version <= lost.get(key[0], -1)}
    return [
        Stored(
            definition,
            tuple(f for c, f in columns[name].items() if c not in _columns(definition) and (name, c) not in gone),
            tuple(f for c, f in lists[name].items() if (name, c) not in gone),
        )
        for name, definition in last.items()
        if (name, "") not in gone
    ]


def _add_lists(known: dict[str, Field], definition: Definition) -> None:
    """Lists by their columns; the rows of one gain the columns of each version, called by those."""
    for field in definition.lists.values():
        before = known[field.column].rows if field.column in known else {}
        rows = {**before, **{f.column: replace(f, name=f.column) for f in field.rows.values()}}
        known[field.column] = replace(field, name=field.column, rows=frozen(rows))


def _columns(definition: Definition) -> set[str]:
    return {f.column for f in definition.columns.values()}


def create(connection: Connection, found: list[Stored]) -> None:
    """Make all these tables with keys, checks and indexes; columns out of sight stand nullable at the end."""
    migrate.create_tables(connection, [one.definition for one in found])
    for one in found:
        for item in one.hidden:
            kind = fieldtypes.of(item).sql(item).compile(connection.dialect)
            connection.exec_driver_sql(f'ALTER TABLE "{one.definition.table_name}" ADD COLUMN "{item.column}" {kind}')
        if one.lists:
            side_tables.create(connection, replace(one.definition, fields=frozen({f.name: f for f in one.lists})))


def disagreements(session: Session) -> list[str]:
    """Tables and columns that the definitions need and the database has not, as `rec_shift` or `rec_shift.day`."""
    connection = session.connection()
    inspector = inspect(connection)
    there = {name for name in inspector.get_table_names() if name.startswith(PREFIXES)}
    missing = []
    for table in (t for one in every(session) for t in (one.table, *one.sides)):
        if table.name not in there:
            missing.append(str(table.name))
            continue
        held = {column["name"] for column in inspector.get_columns(table.name)}
        missing += [f"{table.name}.{column.name}" for column in table.columns if column.name not in held]
    return missing
