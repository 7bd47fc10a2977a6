"""Alembic's operations within the caller's transaction; Alembic is loaded at the first change of a table.

Called by migrate.py and side_tables.py, which know what is to be done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, TextClause

from metadata.deferred import Deferred

if TYPE_CHECKING:
    from alembic import migration, operations
else:
    migration, operations = Deferred("alembic.migration"), Deferred("alembic.operations")


def on(connection: Connection) -> operations.Operations:
    """The operations that this connection carries out."""
    return operations.Operations(migration.MigrationContext.configure(connection))


def create_check(
    where: operations.Operations | operations.BatchOperations, table: str, name: str, condition: TextClause
) -> None:
    """A check on `table`, alone or as a part of a table that SQLite copies."""
    if isinstance(where, operations.BatchOperations):
        where.create_check_constraint(name, condition)
    else:
        where.create_check_constraint(name, table, condition)
